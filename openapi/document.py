"""A user's own OpenAPI 3.0 document, completed into the one that API Gateway imports.

API Gateway reads `security` of operations only, path-level parameters in part, and references to
schemas only, so all of these are written into the operations.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from openapi.compiler import ANY_METHOD, Definition, compile_routes, fingerprinted
from openapi.paths import at
from openapi.routes import Route, path_parameters

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", ANY_METHOD)
"""Keys of a path item under which API Gateway reads an operation."""
_KEPT_COMPONENTS = ("schemas", "securitySchemes")


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what it inherits from the path and from the document."""

    path: str
    method: str
    """Key of the path item: a method in lower case, or the extension for ANY."""
    json_path: str
    spec: Mapping[str, Any]
    """The operation as it is in the document."""
    parameters: tuple[tuple[str, Mapping[str, Any]], ...]
    """JSON path and content of every parameter, its own first; references are followed."""
    security: Any
    """Its own security requirements, or those of the document; None without any."""

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names in the path, in order; the greedy one without its plus."""
        return path_parameters(self.path)


@dataclass(frozen=True)
class Document:
    """A document as it was read; the properties skip everything that is not well-formed."""

    content: Mapping[str, Any]

    def components(self, kind: str) -> Mapping[str, Any]:
        """The components of a kind, such as `schemas`, by name."""
        return mapping(mapping(self.content.get("components")).get(kind))

    def resolve(self, kind: str, path: str, value: Any) -> tuple[str, Any]:
        """Follow a reference to a component of a kind: JSON path and content of the component.

        Without a reference these are `path` and `value` themselves.
        """
        reference = mapping(value).get("$ref")
        prefix, components = f"#/components/{kind}/", self.components(kind)
        if isinstance(reference, str) and reference.startswith(prefix):
            name = reference.removeprefix(prefix)
            if name in components:
                return at("components", kind, name), components[name]
        return path, value

    @cached_property
    def paths(self) -> Mapping[str, Any]:
        """Path items by path, without extensions."""
        items = mapping(self.content.get("paths"))
        return {path: item for path, item in items.items() if path.startswith("/")}

    @cached_property
    def operations(self) -> list[Operation]:
        """Every operation that API Gateway reads."""
        operations = []
        for path, item in self.paths.items():
            shared = self._parameters(at("paths", path), item)
            for method, spec in mapping(item).items():
                if method in METHODS and isinstance(spec, Mapping):
                    json_path = at("paths", path, method)
                    own = self._parameters(json_path, spec)
                    overridden = {identity(parameter) for _, parameter in own}
                    inherited = [p for p in shared if identity(p[1]) not in overridden]
                    security = spec.get("security", self.content.get("security"))
                    parameters = (*own, *inherited)
                    operations.append(
                        Operation(path, method, json_path, spec, parameters, security)
                    )
        return operations

    def _parameters(self, path: str, holder: Any) -> list[tuple[str, Mapping[str, Any]]]:
        parameters = [
            self.resolve("parameters", at(path, "parameters", position), parameter)
            for position, parameter in enumerate(sequence(mapping(holder).get("parameters")))
        ]
        return [(path, mapping(parameter)) for path, parameter in parameters]


def operations_with_api_keys(document: Mapping[str, Any]) -> list[str]:
    """JSON paths of the operations that require an API key."""
    read = Document(document)
    keys = {n for n, scheme in read.components("securitySchemes").items() if is_api_key(scheme)}
    return [
        operation.json_path
        for operation in read.operations
        if any(keys & set(mapping(required)) for required in sequence(operation.security))
    ]


def is_api_key(scheme: Any) -> bool:
    """Whether a security scheme stands for API Gateway's own API keys."""
    spec = mapping(scheme)
    wanted = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    return wanted.items() <= spec.items() and not any(key.startswith("x-amazon-") for key in spec)


def compile_document(
    title: str,
    document: Mapping[str, Any],
    *,
    scheme: str = "http",
    verify_authority: bool = True,
    resource_policy: Mapping[str, Any] | None = None,
) -> Definition:
    """The definition of an API with a document in which `document_problems` finds nothing.

    Everything in the document is kept. The rest is that of a route with the same method and path.
    """
    read = Document(document)
    routes = compile_routes(
        title,
        [_route(operation) for operation in read.operations],
        scheme=scheme,
        verify_authority=verify_authority,
        resource_policy=resource_policy,
    ).document
    paths = {
        path: {key: value for key, value in item.items() if key not in (*METHODS, "parameters")}
        for path, item in read.paths.items()
    }
    for operation in read.operations:
        route = routes["paths"][operation.path][operation.method]
        paths[operation.path][operation.method] = _completed(read, operation, route)
    kept = {key: value for key, value in document.items() if key not in ("servers", "security")}
    if "components" in kept:
        kept["components"] = {k: v for k, v in kept["components"].items() if k in _KEPT_COMPONENTS}
    return fingerprinted(title, {**routes, **kept, "paths": paths})


def identity(parameter: Mapping[str, Any]) -> tuple[str, str]:
    """Location and name, which are unique among the parameters of an operation."""
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
    document: Document, operation: Operation, route: Mapping[str, Any]
) -> dict[str, Any]:
    completed = {**route, **operation.spec}
    declared = [parameter for _, parameter in operation.parameters]
    identities = {identity(parameter) for parameter in declared}
    missing = [p for p in route.get("parameters", ()) if identity(p) not in identities]
    if declared or missing:
        completed["parameters"] = [*declared, *missing]
    if operation.security is not None:
        completed["security"] = operation.security
    if "requestBody" in completed:
        completed["requestBody"] = document.resolve("requestBodies", "", completed["requestBody"])[
            1
        ]
    completed["responses"] = {
        status: response if status.startswith("x-") else _response(document, response)
        for status, response in completed["responses"].items()
    }
    return completed


def _response(document: Document, value: Mapping[str, Any]) -> Mapping[str, Any]:
    _, response = document.resolve("responses", "", value)
    if "headers" not in response:
        return dict(response)
    headers = {
        name: document.resolve("headers", "", header)[1]
        for name, header in response["headers"].items()
    }
    return {**response, "headers": headers}
