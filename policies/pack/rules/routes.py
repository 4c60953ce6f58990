"""Rules about the methods of an API: who may call them, how long they wait, whom they trust."""

from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from ..framework.rule import (
    ADVISORY,
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    ResourceRule,
    StackRule,
    Undecided,
    Verdict,
)
from ..graph.calls import CALLERS, DEFINITIONS, calls, listed, operations_of
from ..graph.definition import Operation
from ..graph.graph import API_REFERENCE, Api, Graph
from ..graph.resource import Resource
from ..graph.tokens import METHOD, PATH, REST_API, USAGE_PLAN
from ..graph.values import UNKNOWN, Unknown, items, peek, same

EDGE_LIMIT_MS = 29_000
"""An edge-optimized API waits no longer, whatever the quota."""


def _is_authorized(subject: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    allowed = config["openRoutes"]
    if subject.type != METHOD:
        yield from _are_authorized(subject, allowed)
        return
    verb, path = subject.peek("httpMethod"), _path(subject, graph)
    demands = [subject.peek("authorization"), subject.peek("apiKeyRequired")]
    if same(verb, "OPTIONS") or _demands(*demands):
        return
    if any(isinstance(value, Unknown) for value in (*demands, verb, path)):
        yield Undecided(subject, "authorization, apiKeyRequired or path")
    elif f"{verb} {path}" not in allowed:
        yield Refusal(subject, f"lets everybody call {verb} {path}.")


def _demands(authorization: Any, key: Any) -> bool:
    """Whether it is known that a signature, an authorizer or an API key is asked for."""
    is_named = isinstance(authorization, str) and authorization != "NONE"
    return is_named or same(key, True)


def _are_authorized(source: Resource, allowed: list[str]) -> Iterator[Verdict]:
    if isinstance(source.operations, Unknown):
        yield Undecided(source, "body")
    elif not source.operations:
        yield NotApplicable("has no definition")
    is_open = [
        operation.route
        for operation in operations_of(source)
        if not (operation.authorized or operation.keyed or _is_preflight(operation))
        and operation.route not in allowed
    ]
    if is_open:
        yield Refusal(source, f"lets everybody call {', '.join(sorted(is_open))}.")


def _is_preflight(operation: Operation) -> bool:
    """Whether the gateway itself answers what browsers ask without credentials."""
    kind = (operation.integration or {}).get("type")
    return operation.verb == "OPTIONS" and str(kind).lower() in ("mock", "none")


def _path(method: Resource, graph: Graph) -> Any:
    """Put together the path of a method; `UNKNOWN` when one of its parts is."""
    return _path_of(method, "resourceId", graph, "")


def _path_of(child: Resource, prop: str, graph: Graph, below: str) -> Any:
    """Put the path of the resource that `prop` leads to before `below`."""
    api = graph.api_of(child)
    root = api.resource.peek("rootResourceId") if api and api.resource else None
    if same(child.peek(prop), root) or graph.sources(child, prop, REST_API):
        return below or "/"
    above = graph.follow(child, prop, to=[PATH])
    if len(above.found) != 1:
        # Known, but made elsewhere: nothing here can tell what it is called.
        return f"…{below}" if above.elsewhere else UNKNOWN
    part = above.found[0].peek("pathPart")
    if isinstance(part, Unknown):
        return UNKNOWN
    return _path_of(above.found[0], "parentId", graph, f"/{part}{below}")


def _is_metered(subject: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    if subject.type == USAGE_PLAN:
        limits = [subject.peek("throttleSettings"), subject.peek("quotaSettings")]
        if all(limit is None for limit in limits):
            yield Refusal(subject, "limits nobody: it has neither a throttle nor a quota.")
        return
    keyed = [o.route for o in operations_of(subject) if o.keyed]
    if subject.type == METHOD:
        keyed = [subject.name] if same(subject.peek("apiKeyRequired"), True) else []
    if not keyed:
        yield NotApplicable("asks for no API key")
        return
    api = graph.api_of(subject)
    if not any(_opens(plan, api, graph) for plan in graph.of_type(USAGE_PLAN)):
        text = "asks for API keys, but no usage plan of this stack lets a key in."
        yield Refusal(subject, text, "add a UsagePlan with the API's stage, and throttle settings.")


def _opens(plan: Resource, api: Api | None, graph: Graph) -> bool:
    """Whether a usage plan holds a stage of the API, or may hold it once everything is known."""
    stages = plan.peek("apiStages")
    own = [UNKNOWN if isinstance(s, Unknown) else peek(s, "apiId") for s in items(stages)]
    ends = [end for value in own for end in graph.ends(value, plan, "apiStages", REST_API)]
    # Made from another part of the API, as `stage.rest_api` is.
    through = map(graph.api_of, graph.sources(plan, "apiStages", *API_REFERENCE))
    return (
        api is None
        or api.resource in ends
        or any(same(value, api.key) for value in own)
        or any(found == api for found in through)
    )


def _answers_in_time(source: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    api = graph.api_of(source)
    types = api.resource.peek("endpointConfiguration", "types") if api and api.resource else None
    is_edge = any(same(kind, "EDGE") for kind in items(types))
    limit = min(config["maxTimeoutMs"], EDGE_LIMIT_MS) if is_edge else config["maxTimeoutMs"]
    found = calls(source)
    if isinstance(found, Unknown):
        yield Undecided(source, "body")
        return
    waits = [(call.timeout_ms, call) for call in found]
    if any(isinstance(wait, Unknown) for wait, _ in waits):
        yield Undecided(source, "timeoutMilliseconds")
    slow = [call.route for wait, call in waits if isinstance(wait, int) and wait > limit]
    if slow:
        yield Refusal(source, f"waits longer than {limit:.0f} ms{listed(slow)}.")


def _verifies_tls(source: Resource, _: Config) -> Iterator[Verdict]:
    found = calls(source)
    if isinstance(found, Unknown):
        yield Undecided(source, "body")
        return
    if not found:
        yield NotApplicable("has no integration")
    skips = [(call.peek("tlsConfig", "insecureSkipVerification"), call) for call in found]
    if any(isinstance(skip, Unknown) for skip, _ in skips):
        yield Undecided(source, "tlsConfig.insecureSkipVerification")
    if routes := [call.route for skip, call in skips if same(skip, True)]:
        yield Refusal(source, f"accepts any certificate{listed(routes)}.")


AUTHORIZATION = StackRule(
    name="route-authorization",
    title="Every route asks for a signature, an authorizer or an API key, or is listed as open.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(METHOD, *DEFINITIONS),
    protects="A route without authorization shows a private service to the whole internet.",
    fix='ask for authorization, or list the route under openRoutes, as "GET /health".',
    controls=(
        "cdk-nag:APIG4",
        "checkov:CKV_AWS_59",
        "checkov:CKV2_AWS_70",
        "prowler:apigateway_restapi_authorizers_enabled",
        "trivy:AWS-0004",
    ),
    config={
        "openRoutes": {
            "type": "array",
            "items": {"type": "string", "pattern": "^(ANY|[A-Z]+) /"},
            "default": [],
            "description": 'Routes that everybody may call, exactly as "GET /health".',
        }
    },
    judge=_is_authorized,
)
KEYS_METERED = StackRule(
    name="api-keys-metered",
    title="API keys come with a usage plan, and usage plans with limits.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=(METHOD, *DEFINITIONS, USAGE_PLAN),
    protects="Without a plan a key opens nothing; a plan without limits lets one key take it all.",
    fix="set throttle_settings or quota_settings in the UsagePlan.",
    judge=_is_metered,
)
TIMEOUT = StackRule(
    name="integration-timeout",
    title="No integration waits longer than the account allows.",
    level=MANDATORY,
    severity=Severity.LOW,
    subjects=CALLERS,
    protects=(
        "AWS refuses a longer wait in the middle of an update. More than 29 000 ms needs a raised "
        "quota, and an edge-optimized API can never have it."
    ),
    fix="shorten the timeout, or raise the quota and then maxTimeoutMs.",
    config={
        "maxTimeoutMs": {
            "type": "integer",
            "minimum": 50,
            "maximum": 900_000,
            "default": EDGE_LIMIT_MS,
            "description": "What the quota of the account allows, in milliseconds.",
        }
    },
    judge=_answers_in_time,
)
TLS_VERIFIED = ResourceRule(
    name="integration-tls-verified",
    title="Integrations check the certificate of the service.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=CALLERS,
    protects="A certificate that nobody checks does not show who answers.",
    fix="drop insecureSkipVerification and use a certificate of a public authority.",
    judge=_verifies_tls,
)

RULES = (AUTHORIZATION, KEYS_METERED, TIMEOUT, TLS_VERIFIED)
