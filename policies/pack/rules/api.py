"""Rules about the API itself: how it is imported, replaced and reached."""

from collections.abc import Iterator

from pulumi_policy import Severity

from ..framework.rule import (
    ADVISORY,
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    ResourceRule,
    Undecided,
    Verdict,
)
from ..graph.resource import Resource
from ..graph.tokens import DEPLOYMENT, DOMAIN_NAME, REST_API, REST_API_PUT
from ..graph.values import Unknown

_NATIVE = (
    "aws-native:apigateway:Deployment",
    "aws-native:apigateway:Method",
    "aws-native:apigateway:RestApi",
    "aws-native:apigateway:Stage",
    "aws-native:apigateway:VpcLink",
    "aws-native:elasticloadbalancingv2:LoadBalancer",
)


def _fails_on_warnings(resource: Resource, _: Config) -> Iterator[Verdict]:
    if resource.peek("body") is None:
        yield NotApplicable("imports no definition")
        return
    fails = resource.peek("failOnWarnings")
    if isinstance(fails, Unknown):
        yield Undecided(resource, "failOnWarnings")
    elif fails is not True:
        yield Refusal(resource, "imports a definition whatever AWS finds wrong with it.")


def _is_created_first(deployment: Resource, _: Config) -> Iterator[Verdict]:
    if deployment.delete_before_replace:
        yield Refusal(deployment, "is deleted before it is replaced, while a stage points at it.")


def _has_modern_tls(resource: Resource, _: Config) -> Iterator[Verdict]:
    policy = resource.peek("securityPolicy")
    if isinstance(policy, Unknown):
        yield Undecided(resource, "securityPolicy")
    elif policy is None and resource.type == REST_API:
        yield NotApplicable("leaves the choice to AWS")
    elif policy is None:
        yield Refusal(resource, "does not say which TLS version it takes.")
    elif policy != "TLS_1_2" and not policy.startswith(_MODERN):
        yield Refusal(resource, "takes connections under a policy that allows old versions.")


_MODERN = ("SecurityPolicy_TLS12", "SecurityPolicy_TLS13")


def _is_not_read(resource: Resource, _: Config) -> Iterator[Verdict]:
    yield Refusal(resource, "is made by aws-native, whose resources no policy of this pack reads.")


IMPORT_STRICT = ResourceRule(
    name="api-import-strict",
    title="A definition is imported only when AWS has nothing to say against it.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(REST_API, REST_API_PUT),
    protects="Otherwise a wrong integration is imported as none at all, and the update is green.",
    fix="set fail_on_warnings=True.",
    judge=_fails_on_warnings,
)
DEPLOYMENT_FIRST = ResourceRule(
    name="deployment-create-first",
    title="A deployment is replaced create-first.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(DEPLOYMENT,),
    protects="AWS refuses to delete a deployment that a stage points at, and the update fails.",
    fix="drop delete_before_replace.",
    controls=("checkov:CKV_AWS_217",),
    judge=_is_created_first,
)
TLS_POLICY = ResourceRule(
    name="api-tls-policy",
    title="Domain names and APIs take TLS 1.2 at least.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(DOMAIN_NAME, REST_API),
    protects="TLS 1.0 and 1.1 are broken, and some clients still agree to them.",
    fix='set security_policy="TLS_1_2" or a SecurityPolicy_TLS13 one.',
    controls=(
        "fsbp:APIGateway.11",
        "checkov:CKV_AWS_206",
        "prowler:apigateway_domain_name_pqc_tls_enabled",
        "trivy:AWS-0005",
    ),
    judge=_has_modern_tls,
)
NOT_COVERED = ResourceRule(
    name="resource-not-covered",
    title="API Gateway and load balancers are made by the classic aws provider.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=_NATIVE,
    protects="Policies that do not know a resource do not judge it, and that reads as passed.",
    fix="use the aws package for these resources.",
    judge=_is_not_read,
)

RULES = (IMPORT_STRICT, DEPLOYMENT_FIRST, TLS_POLICY, NOT_COVERED)
