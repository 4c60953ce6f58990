"""A definition file completed: every operation calls the service through the link of the stage."""

from collections.abc import Mapping
from typing import Any

from openapi.compiler import (
    ANY_METHOD,
    BINARY_MEDIA_TYPES,
    INTEGRATION,
    INTEGRATION_TARGET,
    Definition,
    compile_routes,
    fingerprinted,
)
from openapi.document import Document, Operation, identity, mapping
from openapi.routes import Route
from openapi.variables import LINK_VARIABLE


def compile_document(
    title: str,
    document: Mapping[str, Any],
    *,
    scheme: str = "http",
    verify_authority: bool = True,
    resource_policy: Mapping[str, Any] | None = None,
    integration_target: str | None = None,
) -> Definition:
    """The definition of an API with a normalized document, see `openapi.importing`.

    Everything in the document is kept. The rest is that of a route with the same method and path,
    but for binary media types: they would change what mocks and mapping templates receive.
    `integration_target` also completes the document's own integrations that use the stage's link.
    """
    read = Document(document)
    routes = dict(
        compile_routes(
            title,
            [_route(operation) for operation in read.operations],
            scheme=scheme,
            verify_authority=verify_authority,
            resource_policy=resource_policy,
            integration_target=integration_target,
        ).document
    )
    del routes[BINARY_MEDIA_TYPES]
    paths: dict[str, dict[str, Any]] = {path: dict(item) for path, item in read.paths.items()}
    for operation in read.operations:
        route = routes["paths"][operation.path][operation.method]
        completed = _completed(operation, route)
        own = mapping(operation.spec.get(INTEGRATION))
        if integration_target and own.get("connectionId") == f"${{stageVariables.{LINK_VARIABLE}}}":
            completed[INTEGRATION] = {**own, INTEGRATION_TARGET: integration_target}
        paths[operation.path][operation.method] = completed
    info = {**routes["info"], **document["info"]}
    return fingerprinted(title, {**routes, **document, "info": info, "paths": paths})


def _route(operation: Operation) -> Route:
    method = "ANY" if operation.method == ANY_METHOD else operation.method.upper()
    return Route.model_validate({"method": method, "path": operation.path, "authorization": "none"})


def _completed(operation: Operation, route: Mapping[str, Any]) -> dict[str, Any]:
    completed = {**route, **operation.spec}
    declared = [parameter for _, parameter in operation.parameters]
    identities = {identity(parameter) for parameter in declared}
    missing = [p for p in route.get("parameters", ()) if identity(p) not in identities]
    if declared or missing:
        completed["parameters"] = [*declared, *missing]
    return completed
