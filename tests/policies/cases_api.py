"""What is expected of the rules about the API, its stages and its routes."""

from policies.pack.graph import tokens as t
from simulation.engine import UNKNOWN
from tests.policies.scene import (
    ABSENT,
    Addition,
    Body,
    Case,
    Change,
    Option,
    Outcome,
    Removal,
    Retype,
    decided,
    irrelevant,
    passes,
    refuses,
    undecided,
    without,
)

PASSES, REFUSES = Outcome.PASSES, Outcome.REFUSES
API = "api-api " + t.REST_API
NO_DEFINITION = Removal(t.REST_API_PUT)
OPEN = {"openRoutes": ["GET /"]}
INTEGRATION = "x-amazon-apigateway-integration"
KEY = {"type": "apiKey", "name": "x-api-key", "in": "header"}
ROOT = ("paths", "/", "get")
ORDERS = ("paths", "/orders/{id}", "get")


def method(**props: object) -> Addition:
    """A method of the API's root, as a resource of its own."""
    given = {"restApi": UNKNOWN, "resourceId": UNKNOWN, "httpMethod": "GET", **props}
    return Addition(t.METHOD, "root", given, {"restApi": API, "resourceId": API})


def integration(**props: object) -> Addition:
    """An integration as a resource of its own."""
    given = {"restApi": UNKNOWN, "connectionType": "VPC_LINK", **props}
    return Addition(t.INTEGRATION, "own", given, {"restApi": API})


IMPORT = [
    passes("api-import-strict"),
    refuses(
        "api-import-strict", "whatever AWS finds", Change(t.REST_API_PUT, "failOnWarnings", False)
    ),
    refuses(
        "api-import-strict",
        "whatever AWS finds",
        Change(t.REST_API, "body", "{}"),
    ),
    undecided(
        "api-import-strict", "failOnWarnings", Change(t.REST_API_PUT, "failOnWarnings", UNKNOWN)
    ),
    decided("api-import-strict", PASSES, Change(t.REST_API_PUT, "body", UNKNOWN)),
    without("api-import-strict", REFUSES, Change(t.REST_API_PUT, "failOnWarnings", ABSENT)),
    irrelevant("api-import-strict", NO_DEFINITION),
]
DEPLOYMENT = [
    passes("deployment-create-first"),
    passes("deployment-create-first", Option(t.DEPLOYMENT, "deleteBeforeReplace", False)),
    refuses(
        "deployment-create-first",
        "deleted before",
        Option(t.DEPLOYMENT, "deleteBeforeReplace", True),
    ),
    decided("deployment-create-first", PASSES, Change(t.DEPLOYMENT, "restApi", UNKNOWN)),
    without("deployment-create-first", PASSES, Change(t.DEPLOYMENT, "triggers", ABSENT)),
    irrelevant("deployment-create-first", Removal(t.DEPLOYMENT)),
]
TLS = [
    passes("api-tls-policy", Change(t.REST_API, "securityPolicy", "TLS_1_2")),
    passes(
        "api-tls-policy", Change(t.REST_API, "securityPolicy", "SecurityPolicy_TLS13_1_3_2025_09")
    ),
    passes(
        "api-tls-policy", Change(t.REST_API, "securityPolicy", "SecurityPolicy_TLS12_PFS_2025_EDGE")
    ),
    refuses(
        "api-tls-policy", "allows old versions", Change(t.REST_API, "securityPolicy", "TLS_1_0")
    ),
    refuses("api-tls-policy", "does not say which", Retype(t.REST_API, t.DOMAIN_NAME)),
    undecided("api-tls-policy", "securityPolicy", Change(t.REST_API, "securityPolicy", UNKNOWN)),
    without("api-tls-policy", Outcome.NOT_APPLICABLE, Change(t.REST_API, "securityPolicy", ABSENT)),
    irrelevant("api-tls-policy"),
]
NATIVE = "aws-native:apigateway:RestApi"
COVERED = [
    refuses("resource-not-covered", "no policy of this pack reads", Retype(t.REST_API, NATIVE)),
    decided(
        "resource-not-covered",
        REFUSES,
        Change(t.REST_API, "name", UNKNOWN),
        Retype(t.REST_API, NATIVE),
    ),
    without(
        "resource-not-covered",
        REFUSES,
        Change(t.REST_API, "name", ABSENT),
        Retype(t.REST_API, NATIVE),
    ),
    irrelevant("resource-not-covered"),
]

SETTINGS = t.METHOD_SETTINGS
EXECUTION_LOGS = [
    passes("stage-execution-logs"),
    passes("stage-execution-logs", Change(SETTINGS, "settings.loggingLevel", "INFO")),
    refuses(
        "stage-execution-logs", "logs nothing", Change(SETTINGS, "settings.loggingLevel", "OFF")
    ),
    refuses(
        "stage-execution-logs",
        "no method settings for */*",
        Change(SETTINGS, "methodPath", "a/GET"),
    ),
    refuses("stage-execution-logs", "no method settings", Change(SETTINGS, "stageName", "other")),
    refuses(
        "stage-execution-logs",
        "gives API Gateway no role",
        Change(t.API_ACCOUNT, "cloudwatchRoleArn", ABSENT),
    ),
    refuses(
        "stage-execution-logs",
        "logs nothing of what 'quiet'",
        Addition(
            SETTINGS,
            "quiet",
            {
                "restApi": UNKNOWN,
                "stageName": "dev",
                "methodPath": "a/GET",
                "settings": {"loggingLevel": "OFF"},
            },
            {"restApi": API},
        ),
    ),
    passes(
        "stage-execution-logs",
        Addition(
            SETTINGS,
            "narrow",
            {"restApi": UNKNOWN, "stageName": "dev", "methodPath": "a/GET", "settings": {}},
            {"restApi": API},
        ),
    ),
    undecided(
        "stage-execution-logs",
        "settings.loggingLevel",
        Change(SETTINGS, "settings.loggingLevel", UNKNOWN),
    ),
    undecided("stage-execution-logs", "methodPath", Change(SETTINGS, "methodPath", UNKNOWN)),
    decided("stage-execution-logs", PASSES, Change(SETTINGS, "stageName", UNKNOWN)),
    decided("stage-execution-logs", PASSES, Change(t.STAGE, "stageName", UNKNOWN)),
    without("stage-execution-logs", REFUSES, Change(SETTINGS, "settings.loggingLevel", ABSENT)),
    without("stage-execution-logs", REFUSES, Removal(SETTINGS), words="no method settings"),
    without("stage-execution-logs", PASSES, Removal(t.API_ACCOUNT)),
    irrelevant("stage-execution-logs", Removal(t.STAGE), Removal(t.API_ACCOUNT)),
]
LOG = "accessLogSettings"
ACCESS_LOG = [
    passes("stage-access-log"),
    passes(
        "stage-access-log",
        Change(t.STAGE, f"{LOG}.format", '{"status": $context.status, "id": "$context.requestId"}'),
    ),
    refuses(
        "stage-access-log",
        "not one JSON object",
        Change(t.STAGE, f"{LOG}.format", "$context.requestId"),
    ),
    refuses(
        "stage-access-log",
        "not one JSON object",
        Change(t.STAGE, f"{LOG}.format", '["$context.requestId"]'),
    ),
    refuses("stage-access-log", "not one JSON object", Change(t.STAGE, f"{LOG}.format", ABSENT)),
    undecided("stage-access-log", "accessLogSettings of", Change(t.STAGE, LOG, UNKNOWN)),
    undecided("stage-access-log", f"{LOG}.format", Change(t.STAGE, f"{LOG}.format", UNKNOWN)),
    decided("stage-access-log", PASSES, Change(t.STAGE, f"{LOG}.destinationArn", UNKNOWN)),
    without("stage-access-log", REFUSES, Change(t.STAGE, LOG, ABSENT), words="no access log"),
    without(
        "stage-access-log",
        REFUSES,
        Change(t.STAGE, f"{LOG}.destinationArn", ABSENT),
        words="no access log",
    ),
    irrelevant("stage-access-log", Removal(t.STAGE)),
]
TRACE = "settings.dataTraceEnabled"
DATA_TRACE = [
    passes("stage-data-trace"),
    refuses("stage-data-trace", "whole requests", Change(SETTINGS, TRACE, True)),
    undecided("stage-data-trace", TRACE, Change(SETTINGS, TRACE, UNKNOWN)),
    undecided("stage-data-trace", TRACE, Change(SETTINGS, "settings", UNKNOWN)),
    without("stage-data-trace", PASSES, Change(SETTINGS, TRACE, ABSENT)),
    irrelevant("stage-data-trace", Removal(SETTINGS)),
]
TRACING = [
    passes("stage-tracing"),
    refuses("stage-tracing", "is not traced", Change(t.STAGE, "xrayTracingEnabled", False)),
    undecided(
        "stage-tracing", "xrayTracingEnabled", Change(t.STAGE, "xrayTracingEnabled", UNKNOWN)
    ),
    without("stage-tracing", REFUSES, Change(t.STAGE, "xrayTracingEnabled", ABSENT)),
    irrelevant("stage-tracing", Removal(t.STAGE)),
]
WEB_ACL = [
    passes(
        "stage-web-acl",
        Addition(
            t.WEB_ACL_ASSOCIATION,
            "acl",
            {"resourceArn": UNKNOWN},
            {"resourceArn": "api-dev-stage " + t.STAGE},
        ),
    ),
    passes(
        "stage-web-acl",
        Change(t.STAGE, "webAclArn", "arn:aws:wafv2:us-east-2:111122223333:regional/webacl/a/b"),
    ),
    refuses("stage-web-acl", "no web ACL", Change(t.STAGE, "webAclArn", "")),
    refuses(
        "stage-web-acl", "no web ACL", Change(t.REST_API, "endpointConfiguration.types", "EDGE")
    ),
    decided("stage-web-acl", REFUSES, Change(t.STAGE, "webAclArn", UNKNOWN)),
    without("stage-web-acl", REFUSES),
    without("stage-web-acl", REFUSES, Removal(t.REST_API)),
    irrelevant("stage-web-acl", Change(t.REST_API, "endpointConfiguration.types", "PRIVATE")),
    irrelevant("stage-web-acl", Removal(t.STAGE)),
]
CACHED, ENCRYPTED = "settings.cachingEnabled", "settings.cacheDataEncrypted"
CACHE = [
    passes(
        "stage-cache-encrypted", Change(SETTINGS, CACHED, True), Change(SETTINGS, ENCRYPTED, True)
    ),
    refuses(
        "stage-cache-encrypted",
        "not encrypted",
        Change(SETTINGS, CACHED, True),
        Change(SETTINGS, ENCRYPTED, False),
    ),
    undecided("stage-cache-encrypted", CACHED, Change(SETTINGS, CACHED, UNKNOWN)),
    undecided(
        "stage-cache-encrypted",
        CACHED,
        Change(SETTINGS, CACHED, UNKNOWN),
        Change(SETTINGS, ENCRYPTED, UNKNOWN),
    ),
    undecided(
        "stage-cache-encrypted",
        ENCRYPTED,
        Change(SETTINGS, CACHED, True),
        Change(SETTINGS, ENCRYPTED, UNKNOWN),
    ),
    decided(
        "stage-cache-encrypted",
        PASSES,
        Change(SETTINGS, CACHED, UNKNOWN),
        Change(SETTINGS, ENCRYPTED, True),
    ),
    without("stage-cache-encrypted", REFUSES, Change(SETTINGS, CACHED, True)),
    irrelevant("stage-cache-encrypted"),
    irrelevant("stage-cache-encrypted", Change(SETTINGS, CACHED, False)),
]
THROTTLED = [
    passes("stage-throttled"),
    passes("stage-throttled", Change(SETTINGS, "settings.throttlingRateLimit", 0)),
    refuses(
        "stage-throttled",
        "sets no throttlingRateLimit",
        Change(SETTINGS, "settings.throttlingRateLimit", -1),
    ),
    refuses(
        "stage-throttled",
        "sets no throttlingBurstLimit",
        Change(SETTINGS, "settings.throttlingBurstLimit", -1),
    ),
    undecided(
        "stage-throttled",
        "settings.throttlingRateLimit",
        Change(SETTINGS, "settings.throttlingRateLimit", UNKNOWN),
    ),
    undecided("stage-throttled", "methodPath", Change(SETTINGS, "methodPath", UNKNOWN)),
    without("stage-throttled", REFUSES, Change(SETTINGS, "settings.throttlingBurstLimit", ABSENT)),
    without("stage-throttled", REFUSES, Removal(SETTINGS), words="no method settings"),
    irrelevant("stage-throttled", Removal(t.STAGE)),
]
SECRET_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
CANARY = "canarySettings.stageVariableOverrides"
VARIABLE_SECRETS = [
    passes("stage-variable-secrets"),
    refuses(
        "stage-variable-secrets",
        "stage variable dbPassword",
        Change(t.STAGE, "variables.dbPassword", "hunter2"),
    ),
    refuses(
        "stage-variable-secrets",
        "stage variable plain",
        Change(t.STAGE, "variables.plain", SECRET_KEY),
    ),
    refuses(
        "stage-variable-secrets",
        "stage variable api_key",
        Change(t.STAGE, f"{CANARY}.api_key", "x"),
    ),
    undecided(
        "stage-variable-secrets",
        "variables.backendHost",
        Change(t.STAGE, "variables.backendHost", UNKNOWN),
    ),
    undecided("stage-variable-secrets", "variables of", Change(t.STAGE, "variables", UNKNOWN)),
    undecided("stage-variable-secrets", f"{CANARY} of", Change(t.STAGE, "canarySettings", UNKNOWN)),
    decided("stage-variable-secrets", REFUSES, Change(t.STAGE, "variables.dbPassword", UNKNOWN)),
    without("stage-variable-secrets", PASSES, Change(t.STAGE, "variables", ABSENT)),
    irrelevant("stage-variable-secrets", Removal(t.STAGE)),
]

AUTHORIZATION = [
    passes("route-authorization", **OPEN),
    passes("route-authorization", Body((*ROOT, "security"), [{"sigv4": []}])),
    passes(
        "route-authorization",
        Body(("components", "securitySchemes", "k"), KEY),
        Body((*ROOT, "security"), [{"k": []}]),
    ),
    passes(
        "route-authorization",
        Body(
            ("components", "securitySchemes", "own"),
            {"type": "apiKey", "x-amazon-apigateway-authorizer": {}},
        ),
        Body((*ROOT, "security"), [{"own": []}]),
    ),
    passes("route-authorization", Body((*ROOT, "x-amazon-apigateway-auth"), {"type": "AWS_IAM"})),
    passes("route-authorization", Body(("paths", "/", "options"), {}), **OPEN),
    passes(
        "route-authorization",
        Body(("paths", "/", "options"), {INTEGRATION: {"type": "mock"}}),
        **OPEN,
    ),
    refuses(
        "route-authorization",
        "OPTIONS /",
        Body(("paths", "/", "options"), {INTEGRATION: {"type": "http_proxy"}}),
        **OPEN,
    ),
    passes("route-authorization", method(authorization="AWS_IAM"), **OPEN),
    passes("route-authorization", method(authorization="NONE", apiKeyRequired=True), **OPEN),
    passes("route-authorization", method(authorization="NONE"), **OPEN),
    passes("route-authorization", method(authorization="NONE", httpMethod="OPTIONS"), **OPEN),
    refuses("route-authorization", "everybody call GET /.", Body((*ROOT, "security"), [])),
    refuses("route-authorization", "GET /.", Body((*ROOT, "security"), [{"sigv4": []}, {}])),
    refuses("route-authorization", "GET /.", Body((*ROOT, "security"), [{"unheard": []}])),
    refuses("route-authorization", "GET /.", Body(("security",), [{"sigv4": []}])),
    refuses(
        "route-authorization", "GET /.", Body((*ROOT, "x-amazon-apigateway-auth"), {"type": "NONE"})
    ),
    refuses("route-authorization", "GET /, GET /orders/{id}.", Body((*ORDERS, "security"), [])),
    refuses(
        "route-authorization",
        "ANY /files/{proxy+}",
        Body(("paths", "/files/{proxy+}", "x-amazon-apigateway-any-method", "security"), []),
        **OPEN,
    ),
    refuses(
        "route-authorization",
        "call POST /.",
        method(authorization="NONE", httpMethod="POST"),
        **OPEN,
    ),
    refuses("route-authorization", "cannot be read", Change(t.REST_API_PUT, "body", "a: [")),
    refuses("route-authorization", "cannot be read", Change(t.REST_API_PUT, "body", "plain text")),
    undecided("route-authorization", "body of", Change(t.REST_API_PUT, "body", UNKNOWN)),
    undecided("route-authorization", "authorization", method(authorization=UNKNOWN), **OPEN),
    undecided(
        "route-authorization", "path", method(authorization="NONE", httpMethod=UNKNOWN), **OPEN
    ),
    decided(
        "route-authorization", PASSES, method(authorization=UNKNOWN, apiKeyRequired=True), **OPEN
    ),
    without(
        "route-authorization",
        REFUSES,
        Body(("components", "securitySchemes"), {}),
        words="/orders/{id}",
    ),
    without("route-authorization", REFUSES, method(), words="call GET /", openRoutes=["GET /x"]),
    irrelevant("route-authorization", NO_DEFINITION),
]
PLAN = Addition(
    t.USAGE_PLAN,
    "plan",
    {"apiStages": [{"apiId": UNKNOWN, "stage": "dev"}], "throttleSettings": {"rateLimit": 1}},
    {"apiStages": API},
)
KEYED = (
    Body(("components", "securitySchemes", "k"), KEY),
    Body((*ROOT, "security"), [{"k": []}]),
)
METERED = [
    passes("api-keys-metered", *KEYED, PLAN),
    passes(
        "api-keys-metered",
        *KEYED,
        PLAN,
        Change(t.USAGE_PLAN, "throttleSettings", ABSENT),
        Change(t.USAGE_PLAN, "quotaSettings", {"limit": 5}),
    ),
    passes("api-keys-metered", method(apiKeyRequired=True), PLAN),
    refuses("api-keys-metered", "no usage plan of this stack", *KEYED),
    refuses("api-keys-metered", "no usage plan of this stack", method(apiKeyRequired=True)),
    refuses(
        "api-keys-metered",
        "no usage plan",
        *KEYED,
        PLAN,
        Change(t.USAGE_PLAN, "apiStages", [{"apiId": "other0"}]),
    ),
    refuses(
        "api-keys-metered", "limits nobody", PLAN, Change(t.USAGE_PLAN, "throttleSettings", ABSENT)
    ),
    decided("api-keys-metered", PASSES, *KEYED, PLAN, Change(t.USAGE_PLAN, "apiStages", UNKNOWN)),
    decided("api-keys-metered", PASSES, PLAN, Change(t.USAGE_PLAN, "throttleSettings", UNKNOWN)),
    decided("api-keys-metered", Outcome.NOT_APPLICABLE, Change(t.REST_API_PUT, "body", UNKNOWN)),
    without("api-keys-metered", REFUSES, *KEYED, PLAN, Change(t.USAGE_PLAN, "apiStages", ABSENT)),
    irrelevant("api-keys-metered"),
]
WAIT = (*ORDERS, INTEGRATION, "timeoutInMillis")
EDGE = Change(t.REST_API, "endpointConfiguration.types", "EDGE")
TIMEOUT = [
    passes("integration-timeout"),
    passes("integration-timeout", Body(WAIT, 29_000)),
    passes("integration-timeout", Body(WAIT, 60_000), maxTimeoutMs=60_000),
    passes("integration-timeout", EDGE, Body(WAIT, 29_000), maxTimeoutMs=60_000),
    refuses(
        "integration-timeout",
        "longer than 29000 ms for GET /orders/{id}.",
        Body(WAIT, 29_001),
    ),
    refuses(
        "integration-timeout", "longer than 29000", EDGE, Body(WAIT, 29_001), maxTimeoutMs=60_000
    ),
    refuses(
        "integration-timeout",
        "waits longer than 29000 ms.",
        integration(timeoutMilliseconds=40_000),
    ),
    undecided("integration-timeout", "body", Change(t.REST_API_PUT, "body", UNKNOWN)),
    undecided(
        "integration-timeout", "timeoutMilliseconds", integration(timeoutMilliseconds=UNKNOWN)
    ),
    without("integration-timeout", PASSES, Body(WAIT, ABSENT)),
    without("integration-timeout", PASSES, integration()),
    irrelevant("integration-timeout", NO_DEFINITION, Removal(t.REST_API)),
]
UNCHECKED = (*ORDERS, INTEGRATION, "tlsConfig")
VERIFIED = [
    passes("integration-tls-verified"),
    passes("integration-tls-verified", Body(UNCHECKED, {"insecureSkipVerification": False})),
    refuses(
        "integration-tls-verified",
        "any certificate for GET /orders/{id}",
        Body(UNCHECKED, {"insecureSkipVerification": True}),
    ),
    refuses(
        "integration-tls-verified",
        "accepts any certificate.",
        integration(tlsConfig={"insecureSkipVerification": True}),
    ),
    undecided("integration-tls-verified", "body", Change(t.REST_API_PUT, "body", UNKNOWN)),
    undecided("integration-tls-verified", "tlsConfig", integration(tlsConfig=UNKNOWN)),
    without("integration-tls-verified", PASSES, Body(UNCHECKED, {})),
    irrelevant("integration-tls-verified", NO_DEFINITION),
]

CASES: list[Case] = [
    *IMPORT,
    *DEPLOYMENT,
    *TLS,
    *COVERED,
    *EXECUTION_LOGS,
    *ACCESS_LOG,
    *DATA_TRACE,
    *TRACING,
    *WEB_ACL,
    *CACHE,
    *THROTTLED,
    *VARIABLE_SECRETS,
    *AUTHORIZATION,
    *METERED,
    *TIMEOUT,
    *VERIFIED,
]
