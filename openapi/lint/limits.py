"""What API Gateway refuses in an OpenAPI 3.0 document, or would leave out without a word.

Documented at
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html are path
characters, model names, security schemes, security at the root, attributes of parameters, most of
the schema keywords, `deprecated`, references to other files, and responses that are primitives.
The rest is believed, and refused to be on the safe side: cookies, callbacks, links, `encoding`,
`default` responses, media ranges, alternatives of security, inline models for validators,
repeated operation ids, names that cannot be mapped.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from openapi.compiler import ANY_METHOD, INTEGRATION
from openapi.document import (
    Found,
    Operation,
    compile_document,
    identity,
    is_api_key,
    mapping,
    operations,
    resolve,
    sequence,
)
from openapi.hints import nearest
from openapi.lint.integrations import integration_problems
from openapi.lint.schemas import (
    IN_WORDS,
    TO_THE_SERVICE,
    UNSUPPORTED,
    model_problems,
    schema_problems,
    unsupported,
)
from openapi.paths import at
from openapi.routes import Route, route_problems

MAX_BYTES = 6_000_000
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
POLICY = "x-amazon-apigateway-policy"

_PREFIX = "x-amazon-apigateway-"
_VALIDATOR = "x-amazon-apigateway-request-validator"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_AUTHTYPE = "x-amazon-apigateway-authtype"
_ROOT_EXTENSIONS = (
    "x-amazon-apigateway-api-key-source",
    "x-amazon-apigateway-binary-media-types",
    "x-amazon-apigateway-documentation",
    "x-amazon-apigateway-endpoint-access-mode",
    "x-amazon-apigateway-gateway-responses",
    "x-amazon-apigateway-minimum-compression-size",
    POLICY,
    _VALIDATOR,
    f"{_VALIDATOR}s",
    "x-amazon-apigateway-security-policy",
)
_ELSEWHERE = {
    "x-amazon-apigateway-endpoint-configuration": "belongs to the stack: set `endpointType` there",
    "x-amazon-apigateway-cors": "is for HTTP APIs; give OPTIONS operations with a mock integration",
}
_IGNORED_ATTRIBUTES = (
    "allowEmptyValue",
    "allowReserved",
    "content",
    "deprecated",
    "example",
    "examples",
    "explode",
    "style",
)
_PARAMETER_NAME = r"[A-Za-z0-9._$-]+"
_HEADER_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"


@dataclass(frozen=True)
class _Case:
    document: Mapping[str, Any]
    scheme: str | None
    endpoint_type: str

    @property
    def components(self) -> Mapping[str, Any]:
        return mapping(self.document.get("components"))

    @property
    def schemes(self) -> Mapping[str, Any]:
        return mapping(self.components.get("securitySchemes"))


def document_problems(
    document: Mapping[str, Any], *, scheme: str | None = None, endpoint_type: str = "regional"
) -> Found:
    """What is wrong with a document, as (JSON path, message), all at once.

    `scheme` is that of the targets, if it is known; `endpoint_type` is regional or edge.
    """
    version = document.get("openapi", document.get("swagger"))
    if not re.fullmatch(r"3\.0\.\d+", str(version)) or "swagger" in document:
        yield (
            "swagger" if "swagger" in document else "openapi",
            f"{version!r} is no version that API Gateway imports as OpenAPI 3.0. Convert the "
            "document, and set `openapi: 3.0.3`.",
        )
        return
    case = _Case(document, scheme, endpoint_type)
    # An inherited parameter is seen once for each operation.
    found = dict.fromkeys(problem for check in _CHECKS for problem in check(case))
    yield from found
    if not found:
        size = len(compile_document("", document).json.encode())
        if size > MAX_BYTES:
            yield (
                "paths",
                f"make a definition of {size} bytes, above the {MAX_BYTES} that API Gateway "
                "takes. Make another API for some of them.",
            )


def _structure(case: _Case) -> Found:
    """The document judged by the schema of OpenAPI 3.0 itself."""
    # It takes a third of a second to import, which stacks with routes should not pay.
    from openapi_spec_validator.schemas import openapi_v30_schema_validator  # noqa: PLC0415

    for error in openapi_v30_schema_validator.iter_errors(_standard(case.document)):
        steps, reason = _cause(error)
        if steps[:1] == ["paths"] and steps[2:3] == ["trace"]:
            steps[2] = ANY_METHOD
        yield at("", *steps) or "the document", f"is no OpenAPI 3.0: {reason}. Correct it."


def _standard(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with ANY as a standard method, so that it is looked into; TRACE is free."""
    if not isinstance(document.get("paths"), Mapping):
        return document
    paths = {
        path: {"trace" if key == ANY_METHOD else key: value for key, value in item.items()}
        if isinstance(item, Mapping)
        else item
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _cause(error: Any) -> tuple[list[str | int], str]:
    """Where and why a value is wrong, read in the form that it was probably meant to have.

    Forms differ by a word, such as the `in` of a parameter, so one with another word was not meant.
    """
    while error.context:
        inner = [cause for cause in error.context if cause.validator_value != ["$ref"]]
        wrong_words = [cause for cause in inner if cause.validator == "enum"]
        others = {cause.relative_schema_path[0] for cause in wrong_words}
        meant = [cause for cause in inner if cause.relative_schema_path[0] not in others]
        if not meant:
            words = ", ".join(str(word) for cause in wrong_words for word in cause.validator_value)
            place = list(wrong_words[0].absolute_path)
            return place, f"{wrong_words[0].instance!r} is none of {words}"
        error = max(meant, key=lambda cause: len(cause.absolute_path))
    reason = error.message
    if error.validator == "additionalProperties":
        reason = f"{reason.split(' ')[0]} is not known here"
    return list(error.absolute_path), reason


def _references(case: _Case) -> Found:
    def walk(place: str, value: Any) -> Found:
        if isinstance(value, Mapping):
            if isinstance(value.get("$ref"), str):
                yield from _reference(case, at(place, "$ref"), value["$ref"])
            for key, content in value.items():
                yield from walk(at(place, key), content)
        else:
            for position, content in enumerate(sequence(value)):
                yield from walk(at(place, position), content)

    yield from walk("", case.document)


def _reference(case: _Case, place: str, reference: str) -> Found:
    parts = re.fullmatch(r"#/components/([^/]+)/([^/]+)", reference)
    if not reference.startswith("#"):
        yield (
            place,
            f"{reference!r} is outside the document, and API Gateway reads one file. Move what "
            "it names under `components`, and refer to that.",
        )
    elif not parts or parts[2] not in mapping(case.components.get(parts[1])):
        yield (
            place,
            f"{reference!r} names nothing in this document. Refer to #/components/<kind>/<name>.",
        )
    elif parts[1] != "schemas" and "$ref" in mapping(case.components[parts[1]][parts[2]]):
        yield place, f"{reference!r} names a reference. Refer to what that one names."


def _extensions(case: _Case) -> Found:
    """API Gateway passes over a misspelled extension, be it the one that closes a route."""
    places: list[tuple[str, Any, tuple[str, ...]]] = [("", case.document, _ROOT_EXTENSIONS)]
    places += [
        (at("paths", path), item, (ANY_METHOD,))
        for path, item in mapping(case.document.get("paths")).items()
    ]
    read = (INTEGRATION, _VALIDATOR, "x-amazon-apigateway-auth")
    places += [(operation.place, operation.said, read) for operation in operations(case.document)]
    places += [
        (at("components.securitySchemes", name), scheme, (_AUTHORIZER, _AUTHTYPE))
        for name, scheme in case.schemes.items()
    ]
    for place, holder, known in places:
        for key in mapping(holder):
            if key in _ELSEWHERE:
                yield at(place, key), f"{_ELSEWHERE[key]}. Remove it."
            elif key.startswith(_PREFIX) and key not in known:
                endings = [extension.removeprefix(_PREFIX) for extension in known]
                near = nearest(key.removeprefix(_PREFIX), endings)
                hint = f"; did you mean {_PREFIX}{near}?" if near else "."
                yield (
                    at(place, key),
                    f"is not read here by a REST API{hint} Correct or remove it.",
                )


def _whole(case: _Case) -> Found:
    for position, server in enumerate(sequence(case.document.get("servers"))):
        url = str(mapping(server).get("url", "/"))
        path = re.sub(r"^[a-z]+://[^/]*", "", url).strip("/")
        if ".execute-api." not in url and path:
            yield (
                at("servers", position, "url"),
                f"{url!r} has a path or variables, and API Gateway would leave them out: calls "
                "begin with the stage's URL. Put the path in front of every path, or remove "
                "`servers`.",
            )
    source = case.document.get("x-amazon-apigateway-api-key-source", "HEADER")
    if source not in ("HEADER", "AUTHORIZER"):
        yield (
            "x-amazon-apigateway-api-key-source",
            f"{source!r} is no place for keys. Write HEADER or AUTHORIZER.",
        )
    statements = mapping(case.document.get(POLICY)).get("Statement", [])
    statements = [statements] if isinstance(statements, Mapping) else sequence(statements)
    if POLICY in case.document and not any(
        mapping(statement).get("Effect") == "Allow" for statement in statements
    ):
        yield (
            POLICY,
            "allows nothing, so it denies everybody. Add a statement with Effect Allow.",
        )
    paths = case.document.get("paths")
    if isinstance(paths, Mapping) and next(operations(case.document), None) is None:
        yield "paths", "have no operation, and an API without one cannot be deployed. Add one."


def _paths(case: _Case) -> Found:
    """Paths are judged as those of routes are."""
    items = mapping(case.document.get("paths"))
    paths = [path for path in items if path.startswith("/")]
    routes = {
        position: Route.model_validate({"method": "GET", "path": path})
        for position, path in enumerate(paths)
    }
    for place, message in route_problems(routes, (), None):
        yield _named(paths, place.removesuffix(".path")), _named(paths, message)
    for path, item in items.items():
        for key, advice in {
            "trace": "is no method of API Gateway. Remove it.",
            "servers": "is left out by API Gateway. Remove it: stages pick their target.",
            "$ref": "is not followed here. Write the operations in its place.",
        }.items():
            if key in mapping(item):
                yield at("paths", path, key), advice


def _named(paths: list[str], text: str) -> str:
    return re.sub(r"routes\[(\d+)\]", lambda found: at("paths", paths[int(found[1])]), text)


def _operations(case: _Case) -> Found:
    taken: dict[str, str] = {}
    validators = mapping(case.document.get(f"{_VALIDATOR}s"))
    for operation in operations(case.document):
        name = operation.said.get("operationId")
        if isinstance(name, str):
            first = taken.setdefault(name, operation.place)
            if first != operation.place:
                yield (
                    at(operation.place, "operationId"),
                    f"{name!r} is that of {first} too. Give each operation its own.",
                )
        for key, advice in {
            "callbacks": "is left out by API Gateway. Remove it.",
            "servers": "is left out by API Gateway. Remove it: stages pick their target.",
        }.items():
            if key in operation.said:
                yield at(operation.place, key), advice
        if operation.said.get("deprecated"):
            yield at(operation.place, "deprecated"), f"is left out by API Gateway. {IN_WORDS}"
        yield from _validator(validators, operation.place, operation.said)
        checked = operation.said.get(_VALIDATOR, case.document.get(_VALIDATOR))
        checks_body = mapping(validators.get(str(checked))).get("validateRequestBody") is True
        yield from _parameters(operation)
        yield from _body(case, operation, checks_body)
        yield from _responses(case, operation)
    yield from _validator(validators, "", case.document)


def _validator(validators: Mapping[str, Any], place: str, holder: Mapping[str, Any]) -> Found:
    name = holder.get(_VALIDATOR)
    if name is not None and str(name) not in validators:
        known = ", ".join(validators) or "none is defined"
        yield (
            at(place, _VALIDATOR),
            f"{name!r} is not in {_VALIDATOR}s ({known}). Define it there.",
        )


def _parameters(operation: Operation) -> Found:
    seen: set[tuple[str, str]] = set()
    for place, parameter in operation.parameters:
        name, location = parameter.get("name"), parameter.get("in")
        if location == "cookie":
            yield (
                at(place, "in"),
                "API Gateway does not read cookies. Remove it; the service gets them as they are.",
            )
            continue
        pattern = _HEADER_NAME if location == "header" else _PARAMETER_NAME
        if isinstance(name, str) and not re.fullmatch(pattern, name):
            yield (
                at(place, "name"),
                f"{name!r} cannot be mapped by API Gateway. Use letters, digits and . _ $ -",
            )
        if location == "path" and name not in operation.path_parameters:
            listed = ", ".join(operation.path_parameters) or "none"
            yield (
                at(place, "name"),
                f"{name!r} is no parameter of {operation.path} ({listed}). Correct or remove it.",
            )
        if identity(parameter) in seen:
            yield place, f"{name!r} stands twice in {operation.place}. Remove one of them."
        seen.add(identity(parameter))
        yield from _parameter_attributes(place, parameter)


def _parameter_attributes(place: str, parameter: Mapping[str, Any]) -> Found:
    """API Gateway knows the name, the place, the type, and whether it must be there."""
    for key in parameter:
        if key in _IGNORED_ATTRIBUTES:
            yield (
                at(place, key),
                f"is ignored by API Gateway. {UNSUPPORTED.get(key, TO_THE_SERVICE)}",
            )
    for key in mapping(parameter.get("schema")):
        if key == "$ref":
            yield at(place, "schema", key), "is not followed here. Write the type in its place."
        elif key != "type" and not key.startswith("x-"):
            yield at(place, "schema", key), f"is ignored by API Gateway. {TO_THE_SERVICE}"


def _body(case: _Case, operation: Operation, is_checked: bool) -> Found:
    stands = at(operation.place, "requestBody")
    place, body = resolve(case.document, "requestBodies", stands, operation.said.get("requestBody"))
    yield from _content(place, body)
    for media_type, media in mapping(mapping(body).get("content")).items():
        if is_checked and "$ref" not in mapping(mapping(media).get("schema")):
            yield (
                at(place, "content", media_type, "schema"),
                "is checked by a request validator, which needs a named model. Move it to "
                "components.schemas, and refer to it.",
            )


def _responses(case: _Case, operation: Operation) -> Found:
    for status, value in mapping(operation.said.get("responses")).items():
        stands = at(operation.place, "responses", status)
        if status.startswith("x-"):
            continue
        if not re.fullmatch(r"[1-5]\d\d", status):
            yield (
                stands,
                f"{status!r} is no status that API Gateway declares. List statuses, such as 404.",
            )
        place, response = resolve(case.document, "responses", stands, value)
        response = mapping(response)
        if "links" in response:
            yield at(place, "links"), f"is left out by API Gateway. {IN_WORDS}"
        yield from _content(place, response)
        for media_type, media in mapping(response.get("content")).items():
            schema = mapping(mapping(media).get("schema"))
            if "$ref" not in schema and schema.get("type", "object") != "object":
                yield (
                    at(place, "content", media_type, "schema"),
                    "is no object, which API Gateway wants of a response. Move it to "
                    "components.schemas, and refer to it.",
                )
        for name, header in mapping(response.get("headers")).items():
            where, said = resolve(case.document, "headers", at(place, "headers", name), header)
            yield from unsupported(where, said)
            yield from schema_problems(at(where, "schema"), mapping(said).get("schema"))


def _content(place: str, holder: Any) -> Found:
    for media_type, media in mapping(mapping(holder).get("content")).items():
        where = at(place, "content", media_type)
        if "*" in media_type:
            yield where, f"{media_type!r} is a range. Name media types, such as application/json."
        if "encoding" in mapping(media):
            yield at(where, "encoding"), f"is left out by API Gateway. {TO_THE_SERVICE}"
        yield from unsupported(where, media)
        yield from schema_problems(at(where, "schema"), mapping(media).get("schema"))


def _models(case: _Case) -> Found:
    yield from model_problems(mapping(case.components.get("schemas")))


def _security(case: _Case) -> Found:
    for name, scheme in case.schemes.items():
        yield from _scheme(at("components.securitySchemes", name), mapping(scheme))
    for place, holder in [
        ("", case.document),
        *((operation.place, operation.said) for operation in operations(case.document)),
    ]:
        demanded = sequence(holder.get("security"))
        where = at(place, "security")
        if len(demanded) > 1:
            yield (
                where,
                "has alternatives, which API Gateway does not know. Demand one, or all at "
                "once in one item, such as {sigv4: [], api_key: []}.",
            )
        for position, names in enumerate(demanded):
            unknown = [name for name in mapping(names) if name not in case.schemes]
            for name in unknown:
                known = ", ".join(case.schemes) or "none is defined"
                yield (
                    at(where, position, name),
                    f"is not in components.securitySchemes ({known}). Define it there.",
                )
            callers = [
                name
                for name in mapping(names)
                if name not in unknown and not is_api_key(case.schemes[name])
            ]
            if len(callers) > 1:
                yield (
                    at(where, position),
                    f"{' and '.join(callers)} are too many: a method has one authorizer, and "
                    "an API key besides. Keep one.",
                )


def _scheme(place: str, scheme: Mapping[str, Any]) -> Found:
    authorizer, authtype = scheme.get(_AUTHORIZER), str(scheme.get(_AUTHTYPE, ""))
    if scheme.get("type") != "apiKey":
        yield (
            at(place, "type"),
            f"{scheme.get('type')!r} is not taken by API Gateway, which writes every scheme as "
            f"apiKey. Use apiKey with {_AUTHTYPE} or {_AUTHORIZER}.",
        )
    elif authorizer is not None:
        kind = mapping(authorizer).get("type")
        if kind not in ("token", "request", "cognito_user_pools"):
            yield (
                at(place, _AUTHORIZER, "type"),
                f"{kind!r} is no authorizer of a REST API. Use token, request or "
                "cognito_user_pools.",
            )
    elif authtype.lower() != "awssigv4" and not is_api_key(scheme):
        yield (
            place,
            "is neither IAM, nor an authorizer, nor an API key, so that API Gateway would let "
            f"everybody in. Add {_AUTHTYPE}: awsSigv4, or {_AUTHORIZER}, or use the header "
            "x-api-key.",
        )


def _integrations(case: _Case) -> Found:
    for operation in operations(case.document):
        yield from integration_problems(
            case.document, operation, scheme=case.scheme, endpoint_type=case.endpoint_type
        )


_CHECKS: tuple[Callable[[_Case], Found], ...] = (
    _structure,
    _references,
    _extensions,
    _whole,
    _paths,
    _operations,
    _models,
    _security,
    _integrations,
)
