"""Rules about the stages of a REST API: logs, limits, secrets, the web application firewall."""

import json
import re
from collections.abc import Iterator

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
from ..graph.graph import Api, Graph
from ..graph.resource import Resource
from ..graph.secrets import holds_secret, names_secret
from ..graph.tokens import API_ACCOUNT, METHOD_SETTINGS, STAGE, WEB_ACL_ASSOCIATION
from ..graph.values import Unknown, items, same

_LOGGING = ("ERROR", "INFO")
_CONTEXT = re.compile(r"\$context\.[\w.]+")


def settings_of(stage: Resource, graph: Graph) -> list[Resource]:
    """Find the method settings of a stage, for all of its methods or for some."""
    api = graph.api_of(stage)
    parts = graph.parts(api, METHOD_SETTINGS) if api else ()
    return [settings for settings in parts if _is_of(settings, stage, graph)]


def _is_of(settings: Resource, stage: Resource, graph: Graph) -> bool:
    wanted, own = settings.peek("stageName"), stage.peek("stageName")
    if isinstance(wanted, Unknown) or isinstance(own, Unknown):
        return stage in graph.sources(settings, "stageName", STAGE)
    return bool(wanted == own)


def _for_all_methods(stage: Resource, graph: Graph) -> list[Resource]:
    return [s for s in settings_of(stage, graph) if same(s.peek("methodPath"), "*/*")]


def _lack(stage: Resource, graph: Graph, text: str) -> Verdict:
    """Say that a stage has no settings for all methods, unless a pending path may be just that."""
    paths = [settings.peek("methodPath") for settings in settings_of(stage, graph)]
    is_pending = any(isinstance(path, Unknown) for path in paths)
    return Undecided(stage, "methodPath of the settings") if is_pending else Refusal(stage, text)


def _logs_executions(subject: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    if subject.type == API_ACCOUNT:
        if subject.peek("cloudwatchRoleArn") is None:
            text = "gives API Gateway no role to log with."
            yield Refusal(subject, text, "set cloudwatch_role_arn.")
        return
    general = _for_all_methods(subject, graph)
    if not general:
        yield _lack(subject, graph, "has no method settings for */*, so nothing is logged.")
    for settings in settings_of(subject, graph):
        level = settings.peek("settings", "loggingLevel")
        if isinstance(level, Unknown):
            yield Undecided(settings, "settings.loggingLevel")
        elif level not in _LOGGING and (level is not None or settings in general):
            yield Refusal(subject, f"logs nothing of what '{settings.name}' is set for.")


def _logs_access(stage: Resource, _: Config) -> Iterator[Verdict]:
    settings = stage.peek("accessLogSettings")
    if isinstance(settings, Unknown):
        yield Undecided(stage, "accessLogSettings")
        return
    if stage.peek("accessLogSettings", "destinationArn") is None:
        yield Refusal(stage, "writes no access log.")
        return
    line = stage.peek("accessLogSettings", "format")
    if isinstance(line, Unknown):
        yield Undecided(stage, "accessLogSettings.format")
    elif not _is_json_object(line):
        yield Refusal(stage, "writes an access log that is not one JSON object a request.")


def _is_json_object(line: object) -> bool:
    try:
        # A variable may stand between quotes or, for a number, without them.
        return isinstance(json.loads(_CONTEXT.sub("0", str(line))), dict)
    except ValueError:
        return False


def _traces_no_data(settings: Resource, _: Config) -> Iterator[Verdict]:
    traced = settings.peek("settings", "dataTraceEnabled")
    if isinstance(traced, Unknown):
        yield Undecided(settings, "settings.dataTraceEnabled")
    elif traced:
        yield Refusal(settings, "writes whole requests and responses into the log.")


def _is_traced(stage: Resource, _: Config) -> Iterator[Verdict]:
    traced = stage.peek("xrayTracingEnabled")
    if isinstance(traced, Unknown):
        yield Undecided(stage, "xrayTracingEnabled")
    elif not traced:
        yield Refusal(stage, "is not traced.")


def _encrypts_cache(settings: Resource, _: Config) -> Iterator[Verdict]:
    cached = settings.peek("settings", "cachingEnabled")
    encrypted = settings.peek("settings", "cacheDataEncrypted")
    if isinstance(cached, Unknown):
        if isinstance(encrypted, Unknown) or not encrypted:
            yield Undecided(settings, "settings.cachingEnabled")
    elif not cached:
        yield NotApplicable("caches nothing")
    elif isinstance(encrypted, Unknown):
        yield Undecided(settings, "settings.cacheDataEncrypted")
    elif not encrypted:
        yield Refusal(settings, "keeps responses in a cache that is not encrypted.")


def _has_web_acl(stage: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    api = graph.api_of(stage)
    types = _endpoint_types(api)
    if types == ["PRIVATE"]:
        yield NotApplicable("the API is private")
        return
    if graph.leading_to(stage, WEB_ACL_ASSOCIATION, by="resourceArn", key="arn"):
        return
    # Unknown only while the stage is new, and then nobody else has put one on it.
    if not isinstance(stage.peek("webAclArn"), str) or not stage.peek("webAclArn"):
        yield Refusal(stage, "has no web ACL in front of it.")


def _endpoint_types(api: Api | None) -> list[str]:
    known = api.resource.peek("endpointConfiguration", "types") if api and api.resource else None
    return [str(kind) for kind in items(known) if not isinstance(kind, Unknown)]


def _is_throttled(stage: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    general = _for_all_methods(stage, graph)
    if not general:
        yield _lack(stage, graph, "has no method settings for */*, so it has no limits.")
    for settings in general:
        for name in ("throttlingRateLimit", "throttlingBurstLimit"):
            limit = settings.peek("settings", name)
            if isinstance(limit, Unknown):
                yield Undecided(settings, f"settings.{name}")
            elif limit is None or limit < 0:
                yield Refusal(stage, f"sets no {name} for */*.")


def _keeps_no_secrets(stage: Resource, _: Config) -> Iterator[Verdict]:
    for path in (("variables",), ("canarySettings", "stageVariableOverrides")):
        variables = stage.peek(*path)
        if isinstance(variables, Unknown):
            yield Undecided(stage, ".".join(path))
            continue
        for name, value in (variables or {}).items():
            if names_secret(name) or (isinstance(value, str) and holds_secret(value)):
                yield Refusal(stage, f"seems to keep a secret in stage variable {name}.")
            elif isinstance(value, Unknown):
                yield Undecided(stage, f"{'.'.join(path)}.{name}")


EXECUTION_LOGS = StackRule(
    name="stage-execution-logs",
    title="Every stage logs the executions that fail.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(STAGE, API_ACCOUNT),
    protects="Without execution logs nobody can tell why the gateway answered with an error.",
    fix='add MethodSettings for "*/*" with logging_level="ERROR".',
    controls=(
        "fsbp:APIGateway.1",
        "cdk-nag:APIG6",
        "checkov:CKV2_AWS_4",
        "prowler:apigateway_restapi_logging_enabled",
    ),
    judge=_logs_executions,
)
ACCESS_LOG = ResourceRule(
    name="stage-access-log",
    title="Every stage writes an access log, one JSON object a request.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(STAGE,),
    protects="Without an access log nobody can tell who called what, and how long it took.",
    fix="set access_log_settings with a destination_arn and a JSON format.",
    controls=("cdk-nag:APIG1", "checkov:CKV_AWS_76", "trivy:AWS-0001"),
    judge=_logs_access,
)
DATA_TRACE = ResourceRule(
    name="stage-data-trace",
    title="No stage writes whole requests and responses into its log.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(METHOD_SETTINGS,),
    protects="A data trace copies bodies and headers, passwords and tokens among them, into logs.",
    fix="set data_trace_enabled=False.",
    controls=("checkov:CKV_AWS_276",),
    judge=_traces_no_data,
)
TRACING = ResourceRule(
    name="stage-tracing",
    title="Every stage is traced with X-Ray.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=(STAGE,),
    protects="A trace shows how much of a slow answer is the gateway's own; it ends at the link.",
    fix="set xray_tracing_enabled=True.",
    controls=(
        "fsbp:APIGateway.3",
        "checkov:CKV_AWS_73",
        "prowler:apigateway_restapi_tracing_enabled",
        "trivy:AWS-0003",
    ),
    judge=_is_traced,
)
WEB_ACL = StackRule(
    name="stage-web-acl",
    title="Every stage that the internet can reach has a web ACL.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=(STAGE,),
    protects=(
        "A Network Load Balancer cannot carry a web application firewall, so the stage is the "
        "only place for one."
    ),
    fix="add a wafv2 WebAclAssociation for the stage's ARN.",
    controls=(
        "fsbp:APIGateway.4",
        "cdk-nag:APIG3",
        "checkov:CKV2_AWS_29",
        "checkov:CKV2_AWS_77",
        "prowler:apigateway_restapi_waf_acl_attached",
    ),
    judge=_has_web_acl,
)
CACHE_ENCRYPTED = ResourceRule(
    name="stage-cache-encrypted",
    title="A stage that caches responses encrypts them.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(METHOD_SETTINGS,),
    protects="Cached responses of a private service would lie on AWS's disks unencrypted.",
    fix="set cache_data_encrypted=True.",
    controls=(
        "fsbp:APIGateway.5",
        "checkov:CKV_AWS_308",
        "prowler:apigateway_restapi_cache_encrypted",
        "trivy:AWS-0002",
    ),
    judge=_encrypts_cache,
)
THROTTLED = StackRule(
    name="stage-throttled",
    title="Every stage limits its requests.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=(STAGE,),
    protects="Without limits of its own, a stage lets through as much as the whole account may.",
    fix="set throttling_rate_limit and throttling_burst_limit in MethodSettings for */*.",
    controls=("cdk-nag:APIGWDefaultThrottling",),
    judge=_is_throttled,
)
VARIABLE_SECRETS = ResourceRule(
    name="stage-variable-secrets",
    title="No stage variable holds a secret.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(STAGE,),
    protects="Stage variables are readable for everybody who may look at the API, and are logged.",
    fix="let the service fetch the secret itself, from Secrets Manager.",
    controls=("prowler:apigateway_restapi_no_secrets_in_stage_variables",),
    judge=_keeps_no_secrets,
)

RULES = (
    EXECUTION_LOGS,
    ACCESS_LOG,
    DATA_TRACE,
    TRACING,
    WEB_ACL,
    CACHE_ENCRYPTED,
    THROTTLED,
    VARIABLE_SECRETS,
)
