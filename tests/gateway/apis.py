"""APIs to publish in tests, and requests to them as any client sends them."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from openapi.authorizers import Authorizer
from openapi.compiler import Backend, compile_routes
from openapi.routes import Cors, Route
from openapi.variables import pair_with, pairs_of
from operations.gateway.local_api import LocalApi
from operations.gateway.promises import (
    Promise,
    PromisedRelease,
    canary_name,
    promised_routes,
)
from operations.gateway.proxy import Request, Response, Upstream, forward
from operations.gateway.published import PublishedApi, PublishedStage

BLUE = {"vpcLinkId": "abc", "backendHost": "blue.example"}
GREEN = {"vpcLinkId": "def", "backendHost": "green.example:8080"}


def of(service: str, variables: Mapping[str, str]) -> dict[str, str]:
    """The stage variables of a service."""
    return {f"{name}_{service}": value for name, value in variables.items()}


TWO_SERVICES = {**of("orders", BLUE), **of("users", GREEN)}
HOSTS = {"blue": "blue.example", "green": "green.example:8080"}
ORIGIN = "https://app.example.com"
MODEL = {
    "type": "object",
    "required": ["id", "count"],
    "properties": {"id": {"type": "string", "minLength": 12}, "count": {"type": "integer"}},
}
FUNCTION = "arn:aws:lambda:us-east-2:111122223333:function:callers"
POOL = "arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_a1B2c3D4e"
SOURCES = ["header.X-Tenant", "querystring.t"]
TENANTS = {"function": FUNCTION, "type": "request", "identitySources": SOURCES, "cacheSeconds": 60}
AUTHORIZERS: Mapping[str, Authorizer] = TypeAdapter(dict[str, Authorizer]).validate_json(
    json.dumps(
        {
            "users": {"cognito": {"userPools": [POOL]}},
            "partners": {"lambda": {"function": FUNCTION}},
            "tenants": {"lambda": TENANTS},
        }
    )
)
ROOT_ROUTE = {"method": "GET", "path": "/"}


def published(
    *routes: dict[str, Any],
    stages: dict[str, PublishedStage] | None = None,
    scheme: str = "http",
    cors: bool = False,
    **more: Any,
) -> PublishedApi:
    """An API with these routes, or one to `/`, and a stage `dev` that leads to blue."""
    chosen = [
        Route.model_validate_json(json.dumps({"authorization": "none", **route}))
        for route in routes or [ROOT_ROUTE]
    ]
    allowed = Cors.model_validate({"allowOrigin": ORIGIN}) if cors else None
    models = {"Order": MODEL} if any(route.body for route in chosen) else {}
    authorizers = AUTHORIZERS if any(route.authorization in AUTHORIZERS for route in chosen) else {}
    backends = {route.pair.service: Backend(scheme) for route in chosen}
    compiled = compile_routes(
        "test", chosen, backends=backends, cors=allowed, models=models, authorizers=authorizers
    )
    schemes = dict.fromkeys(backends, scheme)
    stages = stages or {"dev": PublishedStage(BLUE)}
    given: dict[str, Any] = {
        "stages": stages,
        "hosts": HOSTS,
        "https": frozenset(HOSTS if scheme == "https" else ()),
        "promise": Promise(
            promised_routes(chosen, schemes, allowed, models, authorizers), promised(stages)
        ),
        "links": {"blue": BLUE["vpcLinkId"], "green": GREEN["vpcLinkId"]},
        "allow_origin": ORIGIN if cors else "",
    }
    return PublishedApi(compiled.json, **given | more)


def promised(stages: dict[str, PublishedStage]) -> dict[str, dict[str, PromisedRelease]]:
    """The releases of stages, as the configuration of these stages promises them."""

    def release(variables: Mapping[str, str]) -> PromisedRelease:
        own = {name: value for name, value in variables.items() if not pair_with(name)}
        names = {host: name for name, host in HOSTS.items()}
        pairs = pairs_of(variables)
        return PromisedRelease({p: names.get(variables[p.host], "?") for p in pairs}, own)

    return {
        name: {
            name: release(stage.variables),
            **(
                {canary_name(name): release({**stage.variables, **stage.canary.overrides})}
                if stage.canary
                else {}
            ),
        }
        for name, stage in stages.items()
    }


def ask(api: LocalApi, path: str = "/", stage: str = "dev", method: str = "GET") -> Response:
    """The response at the invoke URL."""
    port = int(api.url(stage).split(":")[2].partition("/")[0])
    return forward(Request(method, f"/{stage}{path}", ()), Upstream(port))


def reached(api: LocalApi, stage: str = "dev") -> str:
    """The target that responds."""
    return str(json.loads(ask(api, stage=stage).body)["service"])
