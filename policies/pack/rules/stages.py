"""Rules about the stages of a REST API: logs, limits, secrets, the web application firewall."""

import re
from typing import Any

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdict, Verdicts, Violation
from ..graph.arn import parse
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..graph.secrets import holds_secret, names_secret
from ..values import (
    UnknownValue,
    as_boolean,
    as_number,
    as_text,
    equals,
    is_set,
    items,
    parsed,
    peek,
)

AREA = Area("Stages")


def _settings_of(stage: Resource, graph: Graph) -> list[Resource]:
    """Find the method settings of a stage, for all of its methods or for some."""
    api = graph.api_of(stage)
    parts = graph.parts(api, types.METHOD_SETTINGS) if api else ()
    return [settings for settings in parts if _belongs_to(settings, stage, graph)]


def _belongs_to(settings: Resource, stage: Resource, graph: Graph) -> bool:
    names = settings.peek("stageName"), stage.peek("stageName")
    if any(isinstance(name, UnknownValue) for name in names):
        return stage in graph.sources(settings, "stageName", types.STAGE)
    return equals(*names)


def _for_all_methods(stage: Resource, graph: Graph) -> list[Resource]:
    return [s for s in _settings_of(stage, graph) if equals(s.peek("methodPath"), "*/*")]


def _no_settings(stage: Resource, graph: Graph, text: str) -> Verdict:
    """Report that no settings apply to all methods, unless an unknown path may be `*/*`."""
    paths = [settings.peek("methodPath") for settings in _settings_of(stage, graph)]
    if any(isinstance(path, UnknownValue) for path in paths):
        return Unknown(stage, "methodPath of the settings")
    return Violation(stage, text)


@AREA.stack_rule(
    name="stage-execution-logs",
    title="Every stage logs failed executions.",
    level="mandatory",
    severity="medium",
    resource_types=[types.STAGE, types.API_ACCOUNT],
    rationale="Without execution logs, nothing shows why API Gateway returned an error.",
    fix='add MethodSettings for "*/*" with logging_level="ERROR".',
    controls=(
        "fsbp:APIGateway.1 cdk-nag:APIG6 checkov:CKV2_AWS_4 "
        "prowler:apigateway_restapi_logging_enabled"
    ),
)
def _logs_executions(resource: Resource, graph: Graph, _: Config) -> Verdicts:
    if resource.type == types.API_ACCOUNT:
        if not is_set(resource.peek("cloudwatchRoleArn")):
            text = "does not give API Gateway a role for its logs."
            yield Violation(resource, text, "set cloudwatch_role_arn.")
        return
    general = _for_all_methods(resource, graph)
    if not general:
        yield _no_settings(resource, graph, "has no method settings for */*, so it logs nothing.")
    for settings in _settings_of(resource, graph):
        level = settings.peek("settings.loggingLevel")
        if isinstance(level, UnknownValue):
            yield Unknown(settings, "settings.loggingLevel")
        elif level not in ("ERROR", "INFO") and (is_set(level) or settings in general):
            yield Violation(
                resource, f"does not log the methods that '{settings.name}' configures."
            )


@AREA.resource_rule(
    name="stage-access-log",
    title="Every stage writes an access log with one JSON object per request.",
    level="mandatory",
    severity="medium",
    resource_types=[types.STAGE],
    rationale="Without an access log, nothing shows who called what, and how long it took.",
    fix="set access_log_settings with a destination_arn and a JSON format.",
    controls="cdk-nag:APIG1 checkov:CKV_AWS_76 trivy:AWS-0001",
)
def _logs_access(stage: Resource, _: Config) -> Verdicts:
    stage.known("accessLogSettings")
    destination = stage.peek("accessLogSettings.destinationArn")
    if not isinstance(destination, UnknownValue) and not parse(destination):
        yield Violation(stage, "does not write an access log.")
        return
    log_format = stage.text("accessLogSettings.format")
    if not _is_json_object(log_format):
        yield Violation(stage, "writes an access log that is not one JSON object per request.")
    elif not _CONTEXT_VARIABLE.search(log_format):
        yield Violation(stage, "writes an access log that says nothing about the request.")


_CONTEXT_VARIABLE = re.compile(r"\$context\.[\w.]+")


def _is_json_object(log_format: str) -> bool:
    try:
        # A variable may be quoted or, for a number, unquoted.
        return isinstance(parsed(_CONTEXT_VARIABLE.sub("0", log_format)), dict)
    except ValueError:
        return False


@AREA.resource_rule(
    name="stage-data-trace",
    title="No stage logs whole requests and responses.",
    level="mandatory",
    severity="high",
    resource_types=[types.METHOD_SETTINGS],
    rationale="A data trace copies bodies and headers into logs, including passwords and tokens.",
    fix="set data_trace_enabled=False.",
    controls="checkov:CKV_AWS_276",
)
def _traces_no_data(settings: Resource, _: Config) -> Verdicts:
    if settings.boolean("settings.dataTraceEnabled"):
        yield Violation(settings, "logs whole requests and responses.")


@AREA.resource_rule(
    name="stage-tracing",
    title="Every stage is traced with X-Ray.",
    level="advisory",
    severity="low",
    resource_types=[types.STAGE],
    rationale="A trace shows API Gateway's share of a slow response. It ends at the VPC link.",
    fix="set xray_tracing_enabled=True.",
    controls=(
        "fsbp:APIGateway.3 checkov:CKV_AWS_73 prowler:apigateway_restapi_tracing_enabled "
        "trivy:AWS-0003"
    ),
)
def _is_traced(stage: Resource, _: Config) -> Verdicts:
    if not stage.boolean("xrayTracingEnabled"):
        yield Violation(stage, "is not traced.")


@AREA.stack_rule(
    name="stage-web-acl",
    title="Every stage that the internet can reach has a web ACL.",
    level="advisory",
    severity="medium",
    resource_types=[types.STAGE],
    rationale="A Network Load Balancer cannot have a web ACL: the stage is the only place for it.",
    fix="add a wafv2 WebAclAssociation for the stage's ARN.",
    controls=(
        "fsbp:APIGateway.4 cdk-nag:APIG3 checkov:CKV2_AWS_29 checkov:CKV2_AWS_77 "
        "prowler:apigateway_restapi_waf_acl_attached"
    ),
)
def _has_web_acl(stage: Resource, graph: Graph, _: Config) -> Verdicts:
    api = graph.api_of(stage)
    endpoints = api.resource.each("endpointConfiguration.types") if api and api.resource else []
    if [kind for kind in endpoints if not isinstance(kind, UnknownValue)] == ["PRIVATE"]:
        yield NotApplicable("the API is private")
        return
    if graph.referring_to(stage, types.WEB_ACL_ASSOCIATION, by="resourceArn", key="arn"):
        return
    # Unknown only while the stage is new, when nothing else can have attached a web ACL.
    if not isinstance(stage.peek("webAclArn"), str) or not stage.peek("webAclArn"):
        yield Violation(stage, "has no web ACL.")


@AREA.resource_rule(
    name="web-acl-rules",
    title="Every web ACL has a rule that can block.",
    level="advisory",
    severity="medium",
    resource_types=[types.WEB_ACL],
    rationale=(
        "A web ACL that allows by default looks like protection, and is none without a rule, or "
        "if its rules only count."
    ),
    fix="add rules, such as a managed rule group of AWS, and let them block.",
    controls="fsbp:WAF.10 checkov:CKV_AWS_175 prowler:wafv2_webacl_with_rules",
)
def _has_rules(acl: Resource, _: Config) -> Verdicts:
    if is_set(acl.peek("ruleJson")) or isinstance(acl.peek("defaultAction.block"), dict):
        return
    # Rules may also be resources of their own, of which this one knows nothing.
    rules = acl.known("rules")
    acl.elements("rules.name")
    if not rules:
        yield Violation(acl, "has no rule of its own.")
    elif all(map(_only_counts, items(rules))):
        yield Violation(acl, "blocks nothing: each of its rules only counts or allows.")


def _only_counts(rule: Any) -> bool:
    """Whether a rule is known to block nothing; AWS writes an action as an object without keys."""
    kinds = (("overrideAction", "count"), ("action", "count"), ("action", "allow"))
    return any(isinstance(peek(rule, *kind), dict) for kind in kinds)


@AREA.resource_rule(
    name="web-acl-delete-first",
    title="The association of a web ACL is deleted before its replacement is created.",
    level="advisory",
    severity="high",
    resource_types=[types.WEB_ACL_ASSOCIATION],
    rationale=(
        "Its deletion takes away whatever web ACL the stage has then. After the replacement, that "
        "is the new one, and the stage has none although the update succeeds."
    ),
    fix="set delete_before_replace=True.",
)
def _is_deleted_first(association: Resource, _: Config) -> Verdicts:
    if not association.delete_before_replace:
        yield Violation(association, "is deleted after its replacement is created.")


@AREA.resource_rule(
    name="stage-cache-encrypted",
    title="A stage that caches responses encrypts them.",
    level="mandatory",
    severity="medium",
    resource_types=[types.METHOD_SETTINGS],
    rationale="Otherwise AWS stores responses of a private service unencrypted.",
    fix="set cache_data_encrypted=True.",
    controls=(
        "fsbp:APIGateway.5 checkov:CKV_AWS_308 prowler:apigateway_restapi_cache_encrypted "
        "trivy:AWS-0002"
    ),
)
def _encrypts_cache(settings: Resource, _: Config) -> Verdicts:
    is_encrypted = as_boolean(settings.peek("settings.cacheDataEncrypted"))
    if is_encrypted and isinstance(settings.peek("settings.cachingEnabled"), UnknownValue):
        return
    if not settings.boolean("settings.cachingEnabled"):
        yield NotApplicable("does not cache responses")
    elif not settings.boolean("settings.cacheDataEncrypted"):
        yield Violation(settings, "caches responses without encryption.")


@AREA.stack_rule(
    name="stage-throttled",
    title="Every stage limits its request rate.",
    level="advisory",
    severity="medium",
    resource_types=[types.STAGE],
    rationale="A stage without limits can use up the request rate of the whole account.",
    fix="set throttling_rate_limit and throttling_burst_limit in MethodSettings for */*.",
    controls="cdk-nag:APIGWDefaultThrottling",
)
def _is_throttled(stage: Resource, graph: Graph, _: Config) -> Verdicts:
    general = _for_all_methods(stage, graph)
    if not general:
        yield _no_settings(stage, graph, "has no method settings for */*, so it has no limits.")
    for settings in general:
        for name in ("throttlingRateLimit", "throttlingBurstLimit"):
            limit = settings.peek(f"settings.{name}")
            if isinstance(limit, UnknownValue):
                yield Unknown(settings, f"settings.{name}")
            elif (number := as_number(limit)) is None or number < 0:
                yield Violation(stage, f"does not set {name} for */*.")


@AREA.resource_rule(
    name="stage-variable-secrets",
    title="Stage variables do not contain secrets.",
    level="mandatory",
    severity="high",
    resource_types=[types.STAGE],
    rationale="Stage variables are visible in logs, and to everyone who can read the API.",
    fix="let the service read the secret from Secrets Manager.",
    controls="prowler:apigateway_restapi_no_secrets_in_stage_variables",
)
def _contains_no_secrets(stage: Resource, _: Config) -> Verdicts:
    for path in ("variables", "canarySettings.stageVariableOverrides"):
        variables = stage.peek(path)
        if isinstance(variables, UnknownValue):
            yield Unknown(stage, path)
            continue
        for name, value in stage.mapping(path).items():
            if names_secret(name) or holds_secret(as_text(value)):
                yield Violation(stage, f"seems to contain a secret in stage variable {name}.")
            elif isinstance(value, UnknownValue):
                yield Unknown(stage, f"{path}.{name}")
