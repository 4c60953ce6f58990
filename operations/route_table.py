"""The routes of a rehearsed API: who may call each, and where each stage sends it."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from operations.gateway.authorizers import StubAuthorizer
from operations.gateway.definition import operations
from simulation.engine import Run

Called = Callable[[Mapping[str, Any], Mapping[str, str]], str]
"""Returns the name of the target that an integration calls with stage variables."""
_GATEWAY = "the gateway itself"
_DEFAULT_TIMEOUT_MS = 29_000
_HEAD = ["method", "path", "authorization", "timeout"]


class RouteTable(NamedTuple):
    """The rows under their head, and the names of the routes that anyone may call."""

    rows: list[list[str]]
    open_routes: list[str]


def route_table(run: Run, called: Called) -> RouteTable:
    """The routes of a program that was run at update."""
    document = json.loads(run.one("aws:apigateway/restApiPut:RestApiPut").inputs["body"])
    inputs = [stage.inputs for stage in run.of_type("aws:apigateway/stage:Stage")]
    stages = {stage["stageName"]: stage for stage in sorted(inputs, key=lambda s: s["stageName"])}
    rows, open_routes = [], []
    for operation in operations(document):
        integration, timeout = operation.integration, ""
        kind = str(integration.get("type", "none")).lower()
        reached = [_GATEWAY if kind == "mock" else kind] * len(stages)
        if kind.startswith("http"):
            timeout = f"{integration.get('timeoutInMillis', _DEFAULT_TIMEOUT_MS) / 1000:g} s"
            reached = [_reached(integration, stage, called) for stage in stages.values()]
        required = operation.authorization
        stub = StubAuthorizer.of(operation)
        callers = stub.described if stub else required
        rows.append([operation.method, operation.path, callers, timeout, *reached])
        if required == "none" and (operation.method, kind) != ("OPTIONS", "mock"):
            open_routes.append(f"{operation.method} {operation.path}")
    columns = list(stages)
    if all(len(set(row[len(_HEAD) :])) == 1 for row in rows):
        columns, rows = ["target"], [row[: len(_HEAD) + 1] for row in rows]
    return RouteTable(
        [["method", "path", "authorization", "timeout", *columns], *rows], open_routes
    )


def _reached(integration: Mapping[str, Any], stage: Mapping[str, Any], called: Called) -> str:
    """Names of the targets that a stage sends a route to, with the canary's share."""
    variables, canary = stage["variables"], stage.get("canarySettings")
    target = called(integration, variables)
    if not canary:
        return target
    other = called(integration, {**variables, **canary.get("stageVariableOverrides", {})})
    if other == target:  # the canary is of another service
        return target
    return f"{target}, {canary.get('percentTraffic', 0):g} % {other}"
