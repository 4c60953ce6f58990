"""Rules about the methods of an API: who may call them, how long they wait, whom they trust."""

from typing import Any

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.definition import Operation
from ..graph.graph import API_REFERENCE, Api, Graph
from ..graph.integrations import Integration, for_routes, integrations
from ..graph.resource import Resource
from ..values import (
    UNKNOWN,
    UnknownValue,
    as_boolean,
    as_number,
    as_text,
    each,
    equals,
    fits,
    is_known,
    is_set,
)

AREA = Area("Routes")


@AREA.stack_rule(
    name="route-authorization",
    title="Every route requires a signature, an authorizer or an API key, or is listed as open.",
    level="mandatory",
    severity="high",
    resource_types=[types.METHOD, *types.DEFINITIONS],
    rationale="A route without authorization exposes a private service to the whole internet.",
    fix=(
        "require authorization (`authorization` of a route: iam, apiKey or one of `authorizers`), "
        'or list the route under openRoutes, as "GET /health".'
    ),
    controls=(
        "cdk-nag:APIG4 checkov:CKV_AWS_59 checkov:CKV2_AWS_70 "
        "prowler:apigateway_restapi_authorizers_enabled trivy:AWS-0004"
    ),
    config={
        "openRoutes": {
            "type": "array",
            "items": {"type": "string", "pattern": "^(ANY|[A-Z]+) /"},
            "default": [],
            "description": 'Routes that anyone may call, written exactly as "GET /health".',
        }
    },
)
def _requires_authorization(resource: Resource, graph: Graph, config: Config) -> Verdicts:
    if resource.type != types.METHOD:
        yield from _definition_requires_authorization(resource, config["openRoutes"])
        return
    verb, path = resource.peek("httpMethod"), method_path(resource, graph)
    authorization, key = resource.peek("authorization"), resource.peek("apiKeyRequired")
    is_authorized = any(equals(authorization, kind) for kind in _AUTHORIZATIONS)
    if is_authorized or as_boolean(key):
        return
    if equals(verb, "OPTIONS"):
        kinds = [integration.peek("type") for integration in integrations_of(resource, graph)]
        if kinds and all(isinstance(kind, UnknownValue) or kind == "MOCK" for kind in kinds):
            if not is_known(kinds):
                yield Unknown(resource, "type of its integration")
            return
    if any(isinstance(value, UnknownValue) for value in (authorization, key, verb, path)):
        yield Unknown(resource, "authorization, apiKeyRequired or path")
    elif f"{verb} {path}" not in config["openRoutes"]:
        yield Violation(resource, f"lets anyone call {verb} {path}.")


_AUTHORIZATIONS = ("AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS")


def integrations_of(method: Resource, graph: Graph) -> list[Resource]:
    """Integrations that a method has, or may have while a value is unknown."""
    api = graph.api_of(method)
    return [
        integration
        for integration in (graph.parts(api, types.INTEGRATION) if api else ())
        if _is_same(method, integration, "httpMethod", graph, types.METHOD)
        and _is_same(method, integration, "resourceId", graph, types.PATH, types.REST_API)
    ]


def _is_same(a: Resource, b: Resource, prop: str, graph: Graph, *origins: str) -> bool:
    """Whether two resources may have the same value, or have it from the same resource."""
    values = a.peek(prop), b.peek(prop)
    if not any(isinstance(value, UnknownValue) for value in values):
        return equals(*values)
    made_from = [{one.urn for one in graph.sources(r, prop, *origins)} for r in (a, b)]
    return not all(made_from) or made_from[0] == made_from[1] or a.urn in made_from[1]


def _definition_requires_authorization(source: Resource, allowed: list[str]) -> Verdicts:
    if not source.operations:
        yield NotApplicable("has no definition")
    is_open = [
        operation.route
        for operation in source.operations
        if not (operation.authorized or operation.keyed or _is_preflight(operation))
        and operation.route not in allowed
    ]
    if is_open:
        yield Violation(source, f"lets anyone call {', '.join(sorted(is_open))}.")


def _is_preflight(operation: Operation) -> bool:
    """Whether API Gateway itself answers what browsers ask without credentials."""
    kind = (operation.integration or {}).get("type")
    return operation.verb == "OPTIONS" and as_text(kind).lower() == "mock"


def method_path(method: Resource, graph: Graph) -> Any:
    """Compose the path of a method; `UNKNOWN` when one of its parts is."""
    return _path_of(method, "resourceId", graph, "")


def _path_of(child: Resource, prop: str, graph: Graph, below: str) -> Any:
    """Put the path of the resource that `prop` refers to in front of `below`."""
    api = graph.api_of(child)
    root = api.resource.peek("rootResourceId") if api and api.resource else None
    if equals(child.peek(prop), root) or graph.sources(child, prop, types.REST_API):
        return below or "/"
    above = graph.follow(child, prop, to=[types.PATH])
    if len(above.found) != 1:
        # A known resource that is not part of this stack: its path cannot be found here.
        return f"…{below}" if above.elsewhere else UNKNOWN
    part = above.found[0].peek("pathPart")
    if isinstance(part, UnknownValue):
        return UNKNOWN
    return _path_of(above.found[0], "parentId", graph, f"/{part}{below}")


@AREA.stack_rule(
    name="api-keys-metered",
    title="API keys have a usage plan, and usage plans have limits.",
    level="advisory",
    severity="low",
    resource_types=[types.METHOD, *types.DEFINITIONS, types.USAGE_PLAN],
    rationale="Without a plan, a key opens nothing. Without limits, one key can use all capacity.",
    fix="set throttle_settings or quota_settings in the UsagePlan.",
)
def _limits_keys(resource: Resource, graph: Graph, _: Config) -> Verdicts:
    if resource.type == types.USAGE_PLAN:
        limits = [resource.peek("throttleSettings"), resource.peek("quotaSettings")]
        if not any(isinstance(limit, UnknownValue) or _is_object(limit) for limit in limits):
            yield Violation(resource, "has neither throttle settings nor a quota.")
        return
    if not _requires_key(resource):
        yield NotApplicable("does not require an API key")
        return
    api = graph.api_of(resource)
    if not any(_covers(plan, api, graph) for plan in graph.of_type(types.USAGE_PLAN)):
        text = "requires API keys, but no usage plan of this stack accepts them."
        fix = "add a UsagePlan with a stage of the API, and throttle settings."
        yield Violation(resource, text, fix)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and bool(value)


def _requires_key(resource: Resource) -> bool:
    if resource.type == types.METHOD:
        return as_boolean(resource.peek("apiKeyRequired")) is True
    has_known_body = isinstance(resource.peek("body"), str)
    return has_known_body and any(operation.keyed for operation in resource.operations)


def _covers(plan: Resource, api: Api | None, graph: Graph) -> bool:
    """Whether a usage plan contains a stage of the API, or may once everything is known."""
    ids = plan.each("apiStages.apiId")
    found = [api for i in ids for api in graph.targets(i, plan, "apiStages", types.REST_API)]
    # Made from another part of the API, as `stage.rest_api` is.
    parts = map(graph.api_of, graph.sources(plan, "apiStages", *API_REFERENCE))
    return (
        api is None
        or api.resource in found
        or any(equals(value, api.key) for value in ids)
        or any(other == api for other in parts)
    )


_EDGE_LIMIT_MS = 29_000
"""The longest timeout of an edge-optimized API, whatever the quota."""


@AREA.stack_rule(
    name="integration-timeout",
    title="No integration waits longer than the account allows.",
    level="mandatory",
    severity="low",
    resource_types=types.INTEGRATION_SOURCES,
    rationale=(
        "AWS rejects a longer timeout in the middle of an update. More than 29,000 ms requires a "
        "higher quota, and an edge-optimized API can never have it."
    ),
    fix="shorten the timeout, or raise the quota and then maxTimeoutMs.",
    config={
        "maxTimeoutMs": {
            "type": "integer",
            "minimum": 50,
            "maximum": 900_000,
            "default": _EDGE_LIMIT_MS,
            "description": "The longest timeout that the account's quota allows, in milliseconds.",
        }
    },
)
def _times_out_early(source: Resource, graph: Graph, config: Config) -> Verdicts:
    api = graph.api_of(source)
    endpoints = api.resource.each("endpointConfiguration.types") if api and api.resource else []
    limit = config["maxTimeoutMs"]
    if any(equals(kind, "EDGE") for kind in endpoints):
        limit = min(limit, _EDGE_LIMIT_MS)
    timeouts = [(integration.timeout_ms, integration.route) for integration in integrations(source)]
    if any(isinstance(timeout, UnknownValue) for timeout, _ in timeouts):
        yield Unknown(source, "timeoutMilliseconds")
    slow = [route for timeout, route in timeouts if _is_longer(timeout, limit)]
    if slow:
        yield Violation(source, f"waits longer than {limit:.0f} ms{for_routes(slow)}.")


def _is_longer(timeout: Any, limit: float) -> bool:
    """Whether a timeout is known and longer, or cannot be read."""
    if isinstance(timeout, UnknownValue) or not is_set(timeout):
        return False
    milliseconds = as_number(timeout)
    return milliseconds is None or milliseconds > limit


@AREA.resource_rule(
    name="integration-tls-verified",
    title="Integrations verify the certificate of the service.",
    level="mandatory",
    severity="high",
    resource_types=types.INTEGRATION_SOURCES,
    rationale="A certificate that is not verified does not prove who answers.",
    fix="remove insecureSkipVerification, and use a certificate of a public authority.",
)
def _verifies_tls(source: Resource, _: Config) -> Verdicts:
    found = integrations(source)
    if not found:
        yield NotApplicable("has no integration")
    skips = [(skip, one.route) for one in found for skip in _skipped_verification(one)]
    if any(isinstance(skip, UnknownValue) for skip, _ in skips):
        yield Unknown(source, "tlsConfig.insecureSkipVerification")
    known = [(skip, route) for skip, route in skips if not isinstance(skip, UnknownValue)]
    if routes := [route for skip, route in known if as_boolean(skip) is not False]:
        yield Violation(source, f"accepts any certificate{for_routes(routes)}.")


def _skipped_verification(integration: Integration) -> list[Any]:
    """What an integration sets insecureSkipVerification to; a config of the wrong type is one."""
    config = integration.peek("tlsConfig")
    if fits(config, "insecureSkipVerification"):
        values = each(config, "insecureSkipVerification")
        return [value for value in values if is_set(value)]
    return [config]
