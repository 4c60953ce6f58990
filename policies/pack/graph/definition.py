"""Reading an OpenAPI document as API Gateway does: routes, authorization and integrations.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import yaml  # type: ignore[import-untyped]

from ..values import MAX_DEPTH, parsed

try:  # a hundred times faster, and not in every build of the library
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader

_PREFIX = "x-amazon-apigateway-"
INTEGRATION = f"{_PREFIX}integration"
_AUTHORIZER = "x-amazon-apigateway-authorizer"
_FUNCTION = re.compile(r"arn:[^:]+:apigateway:[^:]*:lambda:path/[^/]+/functions/(.+)/invocations")
_ANY = "x-amazon-apigateway-any-method"
_VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
# In JSON text a backslash may precede the quote.
_VARIABLE = re.compile(r"stageVariables(?:\.get\(|\[)\\?['\"](\w+)|stageVariables\.(?!get\()(\w+)")
_ONE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


class UnreadableError(Exception):
    """The text is not an OpenAPI document; the message never quotes it."""


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    verb: str
    """In upper case; ANY for the catch-all method."""
    path: str
    authorized: bool
    """Whether a signature or an authorizer is required."""
    keyed: bool
    """Whether an API key is required."""
    integration: Mapping[str, Any] | None
    """How API Gateway calls the service; `None` when the operation does not define it."""
    is_open: bool = False
    """Whether it depends on a reference that leads nowhere, so that its integration is unknown."""
    credentials: frozenset[str] = frozenset()
    """Headers with the credentials of its callers."""
    declared: frozenset[str] = frozenset()
    """Its parameters, as a mapping names them."""

    @property
    def route(self) -> str:
        """Verb and path, as in "GET /orders"."""
        return f"{self.verb} {self.path}"


def read(text: str) -> Mapping[str, Any]:
    """Parse JSON or YAML text; `UnreadableError` if it is not a mapping."""
    try:
        document = parsed(text)
    except ValueError:
        document = _yaml(text)
    if not isinstance(document, dict):
        raise UnreadableError("it is not a mapping")
    return document


def _yaml(text: str) -> Any:
    try:
        return parsed(text, _load_yaml)
    except (yaml.YAMLError, ValueError):
        raise UnreadableError("it is neither JSON nor YAML, or nested too deeply") from None


def _load_yaml(text: str) -> Any:
    # The loader calls itself for each level, without a limit: it would end the process.
    depth = 0
    for event in yaml.parse(text, Loader=SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise ValueError("it is nested too deeply")
    return yaml.load(text, Loader=SafeLoader)


def endpoint_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a document says about the API's own endpoint, by the properties of a RestApi.

    OpenAPI 3 has a part of it in its servers, Swagger 2.0 at its root.
    """
    servers = document.get("servers")
    holders = [document, *(servers if isinstance(servers, list) else [])]
    configured: dict[str, Any] = {}
    for holder in holders:
        configured |= _mapping(_mapping(holder).get(f"{_PREFIX}endpoint-configuration"))
    return {
        "securityPolicy": document.get(f"{_PREFIX}security-policy"),
        "endpointAccessMode": document.get(f"{_PREFIX}endpoint-access-mode"),
        "disableExecuteApiEndpoint": configured.get("disableExecuteApiEndpoint"),
        "vpcEndpointIds": configured.get("vpcEndpointIds"),
    }


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of a document, in document order.

    What a reference hides that leads nowhere is one operation whose integration is unknown.
    """
    schemes = _schemes(document)
    paths = _resolved(document, document.get("paths"))
    if paths is _NOWHERE:
        yield Operation("ANY", "(unknown path)", False, False, None, is_open=True)
    for path, value in _mapping(paths).items():
        item = _resolved(document, value)
        if item is _NOWHERE:
            yield Operation("ANY", str(path), False, False, None, is_open=True)
        for key, operation in _mapping(item).items():
            if key in (*_VERBS, _ANY):
                verb = "ANY" if key == _ANY else key.upper()
                shared = item.get("parameters")
                yield from _operation(document, schemes, verb, str(path), operation, shared)


def _operation(
    document: Mapping[str, Any],
    schemes: Mapping[str, Any],
    verb: str,
    path: str,
    value: Any,
    shared: Any,
) -> Iterator[Operation]:
    operation = _resolved(document, value)
    if operation is _NOWHERE:
        yield Operation(verb, path, False, False, None, is_open=True)
    if not isinstance(operation, dict):
        return
    # API Gateway does not always honor `security` at the root: only the operation's counts.
    requirements = _requirements(operation.get("security"))
    kinds = [
        {_kind(_resolved(document, schemes.get(name))) for name in names} for names in requirements
    ]
    extension = _mapping(operation.get("x-amazon-apigateway-auth")).get("type") or "NONE"
    signed = str(extension).upper() != "NONE"
    required = {name for names in requirements for name in names}
    headers = {
        str(scheme.get("name"))
        for scheme in (_mapping(_resolved(document, schemes.get(name))) for name in required)
        if _kind(scheme) and scheme.get("in") == "header"
    }
    integration = _resolved(document, operation.get(INTEGRATION))
    yield Operation(
        verb=verb,
        path=path,
        authorized=_always("authorizer", kinds) or signed,
        keyed=_always("key", kinds),
        integration=integration if isinstance(integration, dict) else None,
        is_open=integration is _NOWHERE,
        credentials=frozenset({*headers, *(["Authorization"] if signed else [])}),
        declared=frozenset(_declared(document, shared, operation.get("parameters"))),
    )


def _declared(document: Mapping[str, Any], *lists: Any) -> Iterator[str]:
    for given in lists:
        for one in given if isinstance(given, list) else ():
            parameter = _mapping(_resolved(document, one))
            if kind := _LOCATIONS.get(str(parameter.get("in"))):
                yield f"method.request.{kind}.{parameter.get('name')}"


_LOCATIONS = {"path": "path", "query": "querystring", "header": "header"}


def asked_functions(document: Mapping[str, Any]) -> dict[str, str]:
    """The functions that authorizers call without a role, by the name of their scheme."""
    asked = {}
    for name, scheme in _schemes(document).items():
        spec = _mapping(_mapping(_resolved(document, scheme)).get(_AUTHORIZER))
        function = function_of(str(spec.get("authorizerUri")))
        if function and not spec.get("authorizerCredentials"):
            asked[str(name)] = function
    return asked


def function_of(uri: str) -> str:
    """The ARN of the function that an authorizer calls; empty if it calls none."""
    found = _FUNCTION.fullmatch(uri)
    return found[1] if found else ""


def kept_decisions(document: Mapping[str, Any]) -> dict[str, str]:
    """The identity sources of authorizers that keep decisions about whole requests, by scheme."""
    kept = {}
    for name, scheme in _schemes(document).items():
        spec = _mapping(_mapping(_resolved(document, scheme)).get(_AUTHORIZER))
        seconds = spec.get("authorizerResultTtlInSeconds")
        # API Gateway reads a number that is text, and keeps them for 300 seconds by default.
        if str(spec.get("type")).lower() == "request" and str(seconds) not in ("0", "0.0"):
            kept[str(name)] = str(spec.get("identitySource") or "")
    return kept


def variables(value: Any) -> frozenset[str]:
    """Names of the stage variables that a value refers to, at any depth."""
    if isinstance(value, str):
        return frozenset(a or b for a, b in _VARIABLE.findall(value))
    children = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list | tuple):
        return frozenset().union(*(variables(child) for child in children))
    return frozenset()


def sole_variable(text: str) -> str | None:
    """Name the stage variable of a text like "${stageVariables.name}"; `None` for any other."""
    match = _ONE_VARIABLE.fullmatch(text)
    return match[1] if match else None


def substituted(text: str, values: Mapping[str, str | None]) -> str:
    """Replace the stage variables that have a value."""
    return _ONE_VARIABLE.sub(lambda match: values.get(match[1]) or match[0], text)


def _schemes(document: Mapping[str, Any]) -> Mapping[str, Any]:
    components = _mapping(document.get("components"))
    return {
        **_mapping(document.get("securityDefinitions")),
        **_mapping(components.get("securitySchemes")),
    }


def _requirements(security: Any) -> list[list[str]]:
    """Alternatives, each a list of scheme names; an empty one admits everyone."""
    if not isinstance(security, list):
        return []
    return [list(_mapping(requirement)) for requirement in security]


def _always(kind: str, alternatives: list[set[str]]) -> bool:
    """Whether every alternative requires it: satisfying one alternative is enough."""
    return bool(alternatives) and all(kind in required for required in alternatives)


def _kind(scheme: Any) -> str:
    """Classify a scheme as API Gateway does: "authorizer", "key", or "" if ignored.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
    """
    scheme = _mapping(scheme)
    if scheme.get("type") != "apiKey":
        return ""
    is_signed = str(scheme.get("x-amazon-apigateway-authtype")).lower() == "awssigv4"
    if is_signed or isinstance(scheme.get(_AUTHORIZER), dict):
        return "authorizer"
    return "key" if str(scheme.get("name")).lower() == "x-api-key" else ""


_NOWHERE = object()
"""The target of a reference that does not exist, or is in another document."""


def _resolved(document: Mapping[str, Any], value: Any) -> Any:
    """Follow the references of a value within the document; `_NOWHERE` when one leads nowhere.

    A reference to something else than a mapping, or one whose target differs from what is written
    beside it, leads nowhere as well: tools do not agree on what it means.
    Source: https://datatracker.ietf.org/doc/html/rfc6901
    """
    followed = set()
    beside: dict[str, Any] = {}
    while isinstance(value, dict) and "$ref" in value:
        pointer = value["$ref"]
        if not isinstance(pointer, str) or pointer in followed:
            return _NOWHERE
        followed.add(pointer)
        beside |= {key: item for key, item in value.items() if key != "$ref"}
        value = _target(document, pointer)
        if not isinstance(value, dict) or any(value.get(k, v) != v for k, v in beside.items()):
            return _NOWHERE
    return {**value, **beside} if beside else value


def _target(document: Mapping[str, Any], pointer: str) -> Any:
    if pointer != "#" and not pointer.startswith("#/"):
        return _NOWHERE
    value: Any = document
    for step in unquote(pointer).split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            return _NOWHERE
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
