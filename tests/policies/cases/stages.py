"""Cases of the rules about stages."""

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
from tests.policies.changes import Change, Part, added

LEVEL, TRACE = "settings.loggingLevel", "settings.dataTraceEnabled"
RATE, BURST = "settings.throttlingRateLimit", "settings.throttlingBurstLimit"
CACHED, ENCRYPTED = "settings.cachingEnabled", "settings.cacheDataEncrypted"
LOG, TRACING = "accessLogSettings", "xrayTracingEnabled"
CANARY = "canarySettings.stageVariableOverrides"
ENDPOINT = "endpointConfiguration.types"
SECRET_KEY = "AKIA" + "ABCDEFGHIJKLMNOP"
WEB_ACL_ARN = "arn:aws:wafv2:us-east-2:111122223333:regional/webacl/a/b"


def settings(name: str, **values: object) -> Change:
    """Method settings for one method."""
    props = {"restApi": UNKNOWN, "stageName": "dev", "methodPath": "a/GET", "settings": values}
    return added(our.SETTINGS.type, name, props, {"restApi": our.API})


ASSOCIATION = Part(types.WEB_ACL_ASSOCIATION)


def associated() -> Change:
    """The association of a web ACL with our stage."""
    return added(
        types.WEB_ACL_ASSOCIATION, "acl", {"resourceArn": UNKNOWN}, {"resourceArn": our.STAGE}
    )


def acl(**props: object) -> Change:
    """A web ACL, which allows by default."""
    return added(types.WEB_ACL, "acl", {"defaultAction": {"allow": {}}, **props})


COUNTING = {"name": "counting", "action": {"count": {}}}

CASES = [
    *of_rule(
        "stage-execution-logs",
        passes(),
        passes(our.SETTINGS.set(LEVEL, "INFO")),
        violates("does not log", our.SETTINGS.set(LEVEL, "OFF")),
        violates("no method settings for */*", our.SETTINGS.set("methodPath", "a/GET")),
        violates("no method settings", our.SETTINGS.set("stageName", "other")),
        violates("does not give API Gateway a role", our.ACCOUNT.unset("cloudwatchRoleArn")),
        violates("does not give API Gateway a role", our.ACCOUNT.set("cloudwatchRoleArn", "")),
        ill_typed(violates("does not log", our.SETTINGS.set(LEVEL, ["INFO"]))),
        ill_typed(violates("does not log", our.SETTINGS.set("settings", "INFO"))),
        violates("does not log the methods that 'quiet'", settings("quiet", loggingLevel="OFF")),
        passes(settings("narrow")),
        unknown(LEVEL, our.SETTINGS.unknown(LEVEL)),
        unknown("methodPath", our.SETTINGS.unknown("methodPath")),
        at_preview(passes(our.SETTINGS.unknown("stageName"))),
        at_preview(passes(our.STAGE.unknown("stageName"))),
        absent(violates("", our.SETTINGS.unset(LEVEL))),
        absent(violates("no method settings", our.SETTINGS.removed())),
        absent(passes(our.ACCOUNT.removed())),
        ignores(our.STAGE.removed(), our.ACCOUNT.removed()),
    ),
    *of_rule(
        "stage-access-log",
        passes(),
        passes(
            our.STAGE.set(
                f"{LOG}.format", '{"status": $context.status, "id": "$context.requestId"}'
            )
        ),
        violates("not one JSON object", our.STAGE.set(f"{LOG}.format", "$context.requestId")),
        violates("not one JSON object", our.STAGE.set(f"{LOG}.format", '["$context.requestId"]')),
        violates("not one JSON object", our.STAGE.unset(f"{LOG}.format")),
        violates("says nothing", our.STAGE.set(f"{LOG}.format", "{}")),
        violates("says nothing", our.STAGE.set(f"{LOG}.format", '{"a": "b"}')),
        violates("does not write", our.STAGE.set(f"{LOG}.destinationArn", "")),
        violates("does not write", our.STAGE.set(f"{LOG}.destinationArn", "no ARN")),
        ill_typed(violates("does not write", our.STAGE.set(f"{LOG}.destinationArn", [1]))),
        ill_typed(violates("wrong type", our.STAGE.set(f"{LOG}.format", {"a": "$context.x"}))),
        ill_typed(violates("does not write", our.STAGE.set(LOG, "text"))),
        unknown("accessLogSettings of", our.STAGE.unknown(LOG)),
        unknown(f"{LOG}.format", our.STAGE.unknown(f"{LOG}.format")),
        at_preview(passes(our.STAGE.unknown(f"{LOG}.destinationArn"))),
        absent(violates("does not write an access log", our.STAGE.unset(LOG))),
        absent(violates("does not write an access log", our.STAGE.unset(f"{LOG}.destinationArn"))),
        ignores(our.STAGE.removed()),
    ),
    *of_rule(
        "stage-data-trace",
        passes(),
        violates("logs whole requests", our.SETTINGS.set(TRACE, True)),
        violates("logs whole requests", our.SETTINGS.set(TRACE, "true")),
        passes(our.SETTINGS.set(TRACE, "false")),
        ill_typed(violates("wrong type in settings", our.SETTINGS.set(TRACE, "maybe"))),
        ill_typed(violates("wrong type in settings", our.SETTINGS.set("settings", [5]))),
        unknown(TRACE, our.SETTINGS.unknown(TRACE)),
        unknown(TRACE, our.SETTINGS.unknown("settings")),
        absent(passes(our.SETTINGS.unset(TRACE))),
        ignores(our.SETTINGS.removed()),
    ),
    *of_rule(
        "stage-tracing",
        passes(),
        violates("is not traced", our.STAGE.set(TRACING, False)),
        violates("is not traced", our.STAGE.set(TRACING, "false")),
        ill_typed(violates("wrong type", our.STAGE.set(TRACING, {"a": 1}))),
        unknown(TRACING, our.STAGE.unknown(TRACING)),
        absent(violates("", our.STAGE.unset(TRACING))),
        ignores(our.STAGE.removed()),
    ),
    *of_rule(
        "stage-web-acl",
        passes(associated()),
        passes(our.STAGE.set("webAclArn", WEB_ACL_ARN)),
        violates("no web ACL", our.STAGE.set("webAclArn", "")),
        ill_typed(violates("no web ACL", our.STAGE.set("webAclArn", [1]))),
        violates("no web ACL", our.API.set(ENDPOINT, "EDGE")),
        at_preview(violates("", our.STAGE.unknown("webAclArn"))),
        absent(violates("")),
        absent(violates("", our.API.removed())),
        ignores(our.API.set(ENDPOINT, "PRIVATE")),
        ignores(our.STAGE.removed()),
    ),
    *of_rule(
        "web-acl-rules",
        passes(acl(rules=[{"name": "common"}])),
        passes(acl(ruleJson="[]")),
        passes(acl(defaultAction={"block": {}})),
        passes(acl(rules=[COUNTING, {"name": "b", "action": {"block": {}}}])),
        passes(acl(rules=[{"name": "group", "overrideAction": {"none": {}}}])),
        violates("no rule", acl(rules=[])),
        violates("only counts", acl(rules=[COUNTING, {"name": "a", "action": {"allow": {}}}])),
        violates("only counts", acl(rules=[{"name": "group", "overrideAction": {"count": {}}}])),
        at_preview(passes(acl(rules=[COUNTING, {"name": "new", "action": UNKNOWN}]))),
        at_preview(passes(acl(rules=[COUNTING, UNKNOWN]))),
        ill_typed(violates("wrong type", acl(rules=["common"]))),
        unknown("rules", acl(rules=UNKNOWN)),
        at_preview(passes(acl(rules=[{"name": "allow", "statement": UNKNOWN}]))),
        absent(violates("no rule", acl())),
        ignores(),
    ),
    *of_rule(
        "web-acl-delete-first",
        passes(associated(), ASSOCIATION.option("deleteBeforeReplace", True)),
        violates("after its replacement", associated()),
        violates(
            "after its replacement",
            associated(),
            ASSOCIATION.option("deleteBeforeReplace", False),
        ),
        at_preview(violates("after its replacement", associated())),
        absent(violates("after its replacement", associated())),
        ignores(),
    ),
    *of_rule(
        "stage-cache-encrypted",
        passes(our.SETTINGS.set(CACHED, True), our.SETTINGS.set(ENCRYPTED, True)),
        violates(
            "without encryption", our.SETTINGS.set(CACHED, True), our.SETTINGS.set(ENCRYPTED, False)
        ),
        violates(
            "without encryption",
            our.SETTINGS.set(CACHED, "true"),
            our.SETTINGS.set(ENCRYPTED, "false"),
        ),
        ill_typed(violates("wrong type", our.SETTINGS.set(CACHED, 5))),
        unknown(CACHED, our.SETTINGS.unknown(CACHED)),
        unknown(CACHED, our.SETTINGS.unknown(CACHED), our.SETTINGS.unknown(ENCRYPTED)),
        unknown(ENCRYPTED, our.SETTINGS.set(CACHED, True), our.SETTINGS.unknown(ENCRYPTED)),
        at_preview(passes(our.SETTINGS.unknown(CACHED), our.SETTINGS.set(ENCRYPTED, True))),
        absent(violates("", our.SETTINGS.set(CACHED, True))),
        ignores(),
        ignores(our.SETTINGS.set(CACHED, False)),
    ),
    *of_rule(
        "stage-throttled",
        passes(),
        passes(our.SETTINGS.set(RATE, 0)),
        violates("does not set throttlingRateLimit", our.SETTINGS.set(RATE, -1)),
        violates("does not set throttlingRateLimit", our.SETTINGS.set(RATE, "-1")),
        passes(our.SETTINGS.set(RATE, "10")),
        ill_typed(violates("does not set throttlingRateLimit", our.SETTINGS.set(RATE, "fast"))),
        ill_typed(violates("does not set throttlingRateLimit", our.SETTINGS.set(RATE, {"a": 1}))),
        violates("does not set throttlingBurstLimit", our.SETTINGS.set(BURST, -1)),
        unknown(RATE, our.SETTINGS.unknown(RATE)),
        unknown("methodPath", our.SETTINGS.unknown("methodPath")),
        absent(violates("", our.SETTINGS.unset(BURST))),
        absent(violates("no method settings", our.SETTINGS.removed())),
        ignores(our.STAGE.removed()),
    ),
    *of_rule(
        "stage-variable-secrets",
        passes(),
        violates("stage variable dbPassword", our.STAGE.set("variables.dbPassword", "hunter2")),
        violates("stage variable plain", our.STAGE.set("variables.plain", SECRET_KEY)),
        violates("stage variable plain", our.STAGE.set("variables.plain", "password=hunter2")),
        ill_typed(violates("wrong type in variables", our.STAGE.set("variables", ["x"]))),
        ill_typed(violates("wrong type in variables", our.STAGE.set("variables", "x"))),
        ill_typed(violates("wrong type in", our.STAGE.set("canarySettings", "x"))),
        violates("stage variable api_key", our.STAGE.set(f"{CANARY}.api_key", "x")),
        unknown("variables.backendHost", our.STAGE.unknown("variables.backendHost")),
        unknown("variables of", our.STAGE.unknown("variables")),
        unknown(f"{CANARY} of", our.STAGE.unknown("canarySettings")),
        at_preview(violates("", our.STAGE.unknown("variables.dbPassword"))),
        absent(passes(our.STAGE.unset("variables"))),
        ignores(our.STAGE.removed()),
    ),
]
