"""Cases of the rules about routes."""

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import (
    absent,
    at_preview,
    ignores,
    ill_typed,
    of_rule,
    passes,
    unknown,
    violates,
)
from tests.policies.changes import ABSENT, Change, Part, added, definition

OPEN = {"openRoutes": ["GET /"]}
SECURITY, AUTH = (*our.ROOT, "security"), (*our.ROOT, "x-amazon-apigateway-auth")
PREFLIGHT = ("paths", "/", "options")
FILES = ("paths", "/files/{proxy+}", "x-amazon-apigateway-any-method")
SCHEMES = ("components", "securitySchemes")
KEY = {"type": "apiKey", "name": "x-api-key", "in": "header"}
KEYED = (definition((*SCHEMES, "k"), KEY), definition(SECURITY, [{"k": []}]))
CUSTOM = {"type": "apiKey", "x-amazon-apigateway-authorizer": {}}
PLAN = added(
    types.USAGE_PLAN,
    "plan",
    {"apiStages": [{"apiId": UNKNOWN, "stage": "dev"}], "throttleSettings": {"rateLimit": 1}},
    {"apiStages": our.API},
)
USAGE_PLAN = Part(types.USAGE_PLAN)
WAIT = (*our.ORDERS, our.INTEGRATION, "timeoutInMillis")
EDGE = our.API.set("endpointConfiguration.types", "EDGE")
TLS_CONFIG = (*our.ORDERS, our.INTEGRATION, "tlsConfig")
SKIPS = {"insecureSkipVerification": True}

OPTIONS = our.method(authorization="NONE", httpMethod="OPTIONS")


def answered(
    kind: object, name: str = "answer", resource: Part = our.API, **props: object
) -> Change:
    """An integration for OPTIONS, by default of the API's root."""
    given = {"restApi": UNKNOWN, "resourceId": UNKNOWN, "httpMethod": "OPTIONS", "type": kind}
    sources = {"restApi": our.API, "resourceId": resource}
    return added(types.INTEGRATION, name, {**given, **props}, sources)


OTHER_PREFLIGHT = (
    added(types.PATH, "orders", {"restApi": UNKNOWN, "pathPart": "orders"}, {"restApi": our.API}),
    answered("HTTP_PROXY", "other", Part(types.PATH)),
)
"""An integration for OPTIONS of another resource, which calls the service."""


CASES = [
    *of_rule(
        "route-authorization",
        passes(**OPEN),
        passes(definition(SECURITY, [{"sigv4": []}])),
        passes(*KEYED),
        passes(definition((*SCHEMES, "own"), CUSTOM), definition(SECURITY, [{"own": []}])),
        passes(definition(AUTH, {"type": "AWS_IAM"})),
        passes(definition(PREFLIGHT, {our.INTEGRATION: {"type": "MOCK"}}), **OPEN),
        violates("OPTIONS /", definition(PREFLIGHT, {}), **OPEN),
        ill_typed(violates("OPTIONS /", definition(PREFLIGHT, {our.INTEGRATION: [1]}), **OPEN)),
        ill_typed(
            violates("OPTIONS /", definition(PREFLIGHT, {our.INTEGRATION: {"type": 5}}), **OPEN)
        ),
        passes(definition(PREFLIGHT, {our.INTEGRATION: {"type": "mock"}}), **OPEN),
        violates(
            "OPTIONS /", definition(PREFLIGHT, {our.INTEGRATION: {"type": "http_proxy"}}), **OPEN
        ),
        passes(our.method(authorization="AWS_IAM"), **OPEN),
        passes(our.method(authorization="NONE", apiKeyRequired=True), **OPEN),
        passes(our.method(authorization="NONE"), **OPEN),
        passes(our.method(authorization="NONE", apiKeyRequired="true", httpMethod="POST"), **OPEN),
        violates("POST /", our.method(authorization="", httpMethod="POST"), **OPEN),
        ill_typed(violates("POST /", our.method(authorization=[1], httpMethod="POST"), **OPEN)),
        passes(OPTIONS, answered("MOCK"), **OPEN),
        passes(OPTIONS, answered("MOCK"), *OTHER_PREFLIGHT, **OPEN),
        violates("OPTIONS /", OPTIONS, **OPEN),
        violates("OPTIONS /", OPTIONS, answered("HTTP_PROXY"), **OPEN),
        violates("OPTIONS /", OPTIONS, answered("MOCK", httpMethod="GET"), **OPEN),
        violates("OPTIONS /", OPTIONS, answered("MOCK", "first"), answered("HTTP"), **OPEN),
        ill_typed(violates("OPTIONS /", OPTIONS, answered(["MOCK"]), **OPEN)),
        unknown("type of its integration", OPTIONS, answered(UNKNOWN), **OPEN),
        at_preview(passes(OPTIONS, answered("MOCK"), **OPEN)),
        at_preview(violates("OPTIONS /", OPTIONS, answered("HTTP_PROXY"), **OPEN)),
        violates("lets anyone call GET /.", definition(SECURITY, [])),
        violates("GET /.", definition(SECURITY, [{"sigv4": []}, {}])),
        violates("GET /.", definition(SECURITY, [{"undefined": []}])),
        violates("GET /.", definition(("security",), [{"sigv4": []}])),
        violates("GET /.", definition(AUTH, {"type": "NONE"})),
        violates("GET /, GET /orders/{id}.", definition((*our.ORDERS, "security"), [])),
        violates("ANY /files/{proxy+}", definition((*FILES, "security"), []), **OPEN),
        violates("call POST /.", our.method(authorization="NONE", httpMethod="POST"), **OPEN),
        violates("cannot be read", our.DEFINITION.set("body", "a: [")),
        violates("cannot be read", our.DEFINITION.set("body", "plain text")),
        unknown("body of", our.DEFINITION.unknown("body")),
        unknown("authorization", our.method(authorization=UNKNOWN), **OPEN),
        unknown("path", our.method(authorization="NONE", httpMethod=UNKNOWN), **OPEN),
        at_preview(passes(our.method(authorization=UNKNOWN, apiKeyRequired=True), **OPEN)),
        absent(violates("/orders/{id}", definition(SCHEMES, {}))),
        absent(violates("call GET /", our.method(), openRoutes=["GET /x"])),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "api-keys-metered",
        passes(*KEYED, PLAN),
        passes(
            *KEYED,
            PLAN,
            USAGE_PLAN.unset("throttleSettings"),
            USAGE_PLAN.set("quotaSettings", {"limit": 5}),
        ),
        passes(our.method(apiKeyRequired=True), PLAN),
        violates("no usage plan of this stack", *KEYED),
        violates("no usage plan of this stack", our.method(apiKeyRequired=True)),
        violates("no usage plan", *KEYED, PLAN, USAGE_PLAN.set("apiStages", [{"apiId": "other0"}])),
        violates(
            "neither throttle settings nor a quota", PLAN, USAGE_PLAN.unset("throttleSettings")
        ),
        ill_typed(violates("neither", PLAN, USAGE_PLAN.set("throttleSettings", "fast"))),
        ill_typed(violates("neither", PLAN, USAGE_PLAN.set("throttleSettings", {}))),
        at_preview(passes(*KEYED, PLAN, USAGE_PLAN.unknown("apiStages"))),
        at_preview(passes(PLAN, USAGE_PLAN.unknown("throttleSettings"))),
        at_preview(ignores(our.DEFINITION.unknown("body"))),
        absent(violates("", *KEYED, PLAN, USAGE_PLAN.unset("apiStages"))),
        ignores(),
    ),
    *of_rule(
        "integration-timeout",
        passes(),
        passes(definition(WAIT, 29000)),
        passes(definition(WAIT, "29000")),
        violates("longer than 29000", definition(WAIT, "29001")),
        ill_typed(violates("longer than 29000", definition(WAIT, [5]))),
        ill_typed(violates("longer than 29000", our.integration(timeoutMilliseconds=True))),
        passes(definition(WAIT, 60000), maxTimeoutMs=60000),
        passes(EDGE, definition(WAIT, 29000), maxTimeoutMs=60000),
        violates("longer than 29000 ms for GET /orders/{id}.", definition(WAIT, 29001)),
        violates("longer than 29000", EDGE, definition(WAIT, 29001), maxTimeoutMs=60000),
        violates("waits longer than 29000 ms.", our.integration(timeoutMilliseconds=40000)),
        unknown("body", our.DEFINITION.unknown("body")),
        unknown("timeoutMilliseconds", our.integration(timeoutMilliseconds=UNKNOWN)),
        absent(passes(definition(WAIT, ABSENT))),
        absent(passes(our.integration())),
        ignores(our.NO_DEFINITION, our.API.removed()),
    ),
    *of_rule(
        "integration-tls-verified",
        passes(),
        passes(definition(TLS_CONFIG, {"insecureSkipVerification": False})),
        violates("any certificate for GET /orders/{id}", definition(TLS_CONFIG, SKIPS)),
        violates("accepts any certificate.", our.integration(tlsConfig=SKIPS)),
        *(
            violates("accepts any", definition(TLS_CONFIG, {"insecureSkipVerification": text}))
            for text in ("true", "True", "yes", 1)
        ),
        passes(definition(TLS_CONFIG, {"insecureSkipVerification": "false"})),
        ill_typed(violates("accepts any", definition(TLS_CONFIG, [SKIPS]))),
        ill_typed(violates("accepts any", our.integration(tlsConfig="text"))),
        unknown("body", our.DEFINITION.unknown("body")),
        unknown("tlsConfig", our.integration(tlsConfig=UNKNOWN)),
        absent(passes(definition(TLS_CONFIG, {}))),
        ignores(our.NO_DEFINITION),
    ),
]
