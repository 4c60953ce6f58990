"""A user's own OpenAPI 3.0 document, completed into the one that API Gateway imports.

API Gateway reads `security` at operations only, path-level parameters in part, and references to
schemas alone, so all of these are written out where they count.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError

from openapi.compiler import ANY_METHOD, Definition, compile_routes, finish
from openapi.paths import at
from openapi.routes import Route

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", ANY_METHOD)
"""Keys of a path item under which API Gateway reads an operation."""
Found = Iterator[tuple[str, str]]
"""Problems, as (JSON path, message)."""
_KEPT_COMPONENTS = ("schemas", "securitySchemes")


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what it inherits from the path and from the document."""

    path: str
    method: str
    """Key of the path item: a method in lower case, or the extension for ANY."""
    place: str
    """JSON path of the operation."""
    said: Mapping[str, Any]
    """The operation as it stands in the document."""
    parameters: tuple[tuple[str, Mapping[str, Any]], ...]
    """JSON path and content of every parameter, its own first; references are followed."""
    security: Any
    """Its own requirements, or the document's; None without any."""

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names in the path, in order; the greedy one without its plus."""
        return tuple(re.findall(r"\{([^{}+]*)\+?\}", self.path))


def parse(text: str) -> dict[str, Any]:
    """A document in JSON or YAML 1.2, as JSON has it: every key is text, and no value is a date.

    Raises ValueError with what is wrong.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _WithoutDates
    try:
        try:
            value = json.loads(text, object_pairs_hook=_distinct)
        except json.JSONDecodeError:
            value = yaml.load(text)
        document = _plain(value)
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("it is nested without end") from None
    if not isinstance(document, dict):
        raise ValueError("it holds no mapping")
    return document


def parse_json(text: str) -> Any:
    """A JSON value that can be written as JSON again; raises ValueError with what is wrong."""
    try:
        return _plain(json.loads(text, object_pairs_hook=_distinct))
    except RecursionError:
        raise ValueError("it is nested without end") from None


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation that API Gateway reads, as far as the document is well-formed."""
    for path, item in mapping(document.get("paths")).items():
        if not path.startswith("/"):
            continue
        shared = list(_parameters(document, at("paths", path), item))
        for method, said in mapping(item).items():
            if method in METHODS and isinstance(said, Mapping):
                place = at("paths", path, method)
                own = list(_parameters(document, place, said))
                named = {identity(parameter) for _, parameter in own}
                inherited = [p for p in shared if identity(p[1]) not in named]
                security = said.get("security", document.get("security"))
                yield Operation(path, method, place, said, (*own, *inherited), security)


def places_with_api_keys(document: Mapping[str, Any]) -> list[str]:
    """JSON paths of the operations that ask for an API key."""
    schemes = mapping(mapping(document.get("components")).get("securitySchemes"))
    keys = {name for name, scheme in schemes.items() if is_api_key(scheme)}
    return [
        operation.place
        for operation in operations(document)
        if any(keys & set(mapping(demanded)) for demanded in sequence(operation.security))
    ]


def is_api_key(scheme: Any) -> bool:
    """Whether a security scheme stands for API Gateway's own keys."""
    said = mapping(scheme)
    wanted = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    return wanted.items() <= said.items() and not any(key.startswith("x-amazon-") for key in said)


def compile_document(
    title: str,
    document: Mapping[str, Any],
    *,
    scheme: str = "http",
    verify_authority: bool = True,
    resource_policy: Mapping[str, Any] | None = None,
) -> Definition:
    """One document for a file that `document_problems` has nothing to say about.

    What the file leaves out is that of a route with the same method and path; what it has is kept.
    """
    found = list(operations(document))
    routes = compile_routes(
        title,
        [_route(operation) for operation in found],
        scheme=scheme,
        verify_authority=verify_authority,
        resource_policy=resource_policy,
    ).document
    paths = {
        path: {key: value for key, value in item.items() if key not in (*METHODS, "parameters")}
        for path, item in document["paths"].items()
        if path.startswith("/")
    }
    for operation in found:
        route = routes["paths"][operation.path][operation.method]
        paths[operation.path][operation.method] = _completed(document, operation, route)
    kept = {key: value for key, value in document.items() if key not in ("servers", "security")}
    if "components" in kept:
        parts = kept["components"].items()
        kept["components"] = {key: value for key, value in parts if key in _KEPT_COMPONENTS}
    info = {**document["info"], "title": title}
    return finish({**routes, **kept, "info": info, "paths": paths})


def resolve(document: Mapping[str, Any], kind: str, place: str, value: Any) -> tuple[str, Any]:
    """Follow a reference to a component of a kind: where its target stands, and the target."""
    reference = mapping(value).get("$ref")
    components = mapping(mapping(document.get("components")).get(kind))
    if isinstance(reference, str) and reference.startswith(f"#/components/{kind}/"):
        name = reference.rpartition("/")[2]
        if name in components:
            return at("components", kind, name), components[name]
    return place, value


def identity(parameter: Mapping[str, Any]) -> tuple[str, str]:
    """Location and name, of which an operation has each pair once."""
    return str(parameter.get("in")), str(parameter.get("name"))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, or else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """The value if it is a list, or else an empty one."""
    return value if isinstance(value, list) else []


def _route(operation: Operation) -> Route:
    method = "ANY" if operation.method == ANY_METHOD else operation.method.upper()
    return Route.model_validate({"method": method, "path": operation.path, "authorization": "none"})


def _completed(
    document: Mapping[str, Any], operation: Operation, route: Mapping[str, Any]
) -> dict[str, Any]:
    said = operation.said
    completed = {**route, **said}
    declared = [parameter for _, parameter in operation.parameters]
    names = {identity(parameter) for parameter in declared}
    missing = [p for p in route.get("parameters", ()) if identity(p) not in names]
    if declared or missing:
        completed["parameters"] = [*declared, *missing]
    if operation.security is not None:
        completed["security"] = operation.security
    if "requestBody" in said:
        completed["requestBody"] = resolve(document, "requestBodies", "", said["requestBody"])[1]
    completed["responses"] = {
        status: response if status.startswith("x-") else _response(document, response)
        for status, response in said["responses"].items()
    }
    return completed


def _response(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    _, response = resolve(document, "responses", "", value)
    if "headers" not in response:
        return dict(response)
    headers = {
        name: resolve(document, "headers", "", header)[1]
        for name, header in response["headers"].items()
    }
    return {**response, "headers": headers}


def _parameters(
    document: Mapping[str, Any], place: str, holder: Any
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for position, parameter in enumerate(sequence(mapping(holder).get("parameters"))):
        where, resolved = resolve(
            document, "parameters", at(place, "parameters", position), parameter
        )
        yield where, mapping(resolved)


class _WithoutDates(SafeConstructor):
    """JSON has no dates, so that `version: 2026-01-31` is text."""

    yaml_constructors = {
        **SafeConstructor.yaml_constructors,
        "tag:yaml.org,2002:timestamp": SafeConstructor.construct_yaml_str,
    }


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    distinct = dict(pairs)
    if len(distinct) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} stands twice in one object")
    return distinct


def _plain(value: Any) -> Any:
    """A value as JSON has it: YAML reads the status 200 as a number, also where it is a key."""
    if isinstance(value, dict):
        return _distinct([(_key(key), _plain(content)) for key, content in value.items()])
    if isinstance(value, list):
        return [_plain(content) for content in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is no number that JSON has")
    if isinstance(value, str) and not value.isascii():
        _encodable(value)
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(f"a {type(value).__name__} is no value that JSON has")


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it has half of a surrogate pair, such as \\ud800") from None
    return text


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _encodable(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise ValueError(f"the key {key!r} is no text; put it in quotes")
