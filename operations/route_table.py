"""The routes of a rehearsed API: who may call each, and where each stage sends it."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from operations.gateway.definition import operations
from simulation.engine import Run

_GATEWAY = "the gateway itself"
_DEFAULT_TIMEOUT_MS = 29_000
_HEAD = ["method", "path", "authorization", "timeout"]


class RouteTable(NamedTuple):
    """The rows under their head, and the names of the routes that anyone may call."""

    rows: list[list[str]]
    open_routes: list[str]


def route_table(run: Run, targets: Mapping[str, str]) -> RouteTable:
    """The routes of a program that was run at update; `targets` are their names by host."""
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
            reached = [
                _reached(str(integration.get("uri")), stage, targets) for stage in stages.values()
            ]
        required = operation.authorization
        rows.append([operation.method, operation.path, required, timeout, *reached])
        if required == "none" and (operation.method, kind) != ("OPTIONS", "mock"):
            open_routes.append(f"{operation.method} {operation.path}")
    columns = list(stages)
    if all(len(set(row[len(_HEAD) :])) == 1 for row in rows):
        columns, rows = ["target"], [row[: len(_HEAD) + 1] for row in rows]
    return RouteTable(
        [["method", "path", "authorization", "timeout", *columns], *rows], open_routes
    )


def _reached(uri: str, stage: Mapping[str, Any], targets: Mapping[str, str]) -> str:
    """Names of the targets that a stage sends a route to, with the canary's share."""
    variables, canary = stage["variables"], stage.get("canarySettings")
    if not canary:
        return _name(uri, variables, targets)
    other = _name(uri, {**variables, **canary.get("stageVariableOverrides", {})}, targets)
    return f"{_name(uri, variables, targets)}, {canary.get('percentTraffic', 0):g} % {other}"


def _name(uri: str, variables: Mapping[str, str], targets: Mapping[str, str]) -> str:
    variable = r"\$\{stageVariables\.(\w+)\}"
    host = urlsplit(re.sub(variable, lambda found: variables.get(found[1], found[0]), uri)).netloc
    return targets.get(host, host)
