"""A definition file completed: every operation calls the service through the link of the stage."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from openapi.compiler import (
    ANY_METHOD,
    BINARY_MEDIA_TYPES,
    INTEGRATION,
    INTEGRATION_TARGET,
    Backend,
    Definition,
    compile_routes,
    fingerprinted,
)
from openapi.document import Document, Operation, identity, mapping
from openapi.routes import Route
from openapi.variables import SERVICE, Pair


def compile_document(
    title: str,
    document: Mapping[str, Any],
    *,
    backends: Mapping[str, Backend] = MappingProxyType({}),
    resource_policy: Mapping[str, Any] | None = None,
) -> Definition:
    """The definition of an API with a normalized document, see `openapi.importing`.

    Everything in the document is kept. The rest is that of a route with the same method and path,
    but for binary media types: they would change what mocks and mapping templates receive.
    With a VPC link V2, the document's own integrations that use the link of a service are
    completed, too.
    """
    read = Document(document)
    routes = dict(
        compile_routes(
            title,
            [_route(operation) for operation in read.operations],
            backends=backends,
            resource_policy=resource_policy,
        ).document
    )
    del routes[BINARY_MEDIA_TYPES]
    balancers = {
        f"${{stageVariables.{Pair(service).link}}}": backend.integration_target
        for service, backend in backends.items()
        if backend.integration_target
    }
    paths: dict[str, dict[str, Any]] = {path: dict(item) for path, item in read.paths.items()}
    for operation in read.operations:
        route = routes["paths"][operation.path][operation.method]
        completed = _completed(operation, route)
        own = mapping(operation.spec.get(INTEGRATION))
        if (link := own.get("connectionId")) in balancers:
            completed[INTEGRATION] = {**own, INTEGRATION_TARGET: balancers[link]}
        paths[operation.path][operation.method] = completed
    info = {**routes["info"], **document["info"]}
    return fingerprinted(title, {**routes, **document, "info": info, "paths": paths})


def _route(operation: Operation) -> Route:
    method = "ANY" if operation.method == ANY_METHOD else operation.method.upper()
    return Route.model_validate(
        {
            "method": method,
            "path": operation.path,
            "authorization": "none",
            "service": operation.service or None,
        }
    )


def _completed(operation: Operation, route: Mapping[str, Any]) -> dict[str, Any]:
    completed = {**route, **operation.spec}
    completed.pop(SERVICE, None)
    declared = [parameter for _, parameter in operation.parameters]
    identities = {identity(parameter) for parameter in declared}
    missing = [p for p in route.get("parameters", ()) if identity(p) not in identities]
    if declared or missing:
        completed["parameters"] = [*declared, *missing]
    return completed
