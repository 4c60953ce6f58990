"""The load balancer, the VPC link and the API in one account and one region.

API Gateway demands it for private integrations, and finds out late: the link stays pending for
minutes and fails, or requests are answered with errors. Three policies share one analysis. One
stack rule decides at preview and after the update; another one names what cannot be proven yet;
a resource rule stops an update before the link is made.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html
"""

from collections.abc import Iterator

import pulumi
from pulumi_policy import Severity

from ..framework.rule import (
    ADVISORY,
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    ResourceRule,
    Schemas,
    StackRule,
    Verdict,
)
from ..graph.arn import parse
from ..graph.graph import API_REFERENCE, Graph
from ..graph.resource import Resource
from ..graph.tokens import INTEGRATION, REST_API, VPC_LINK
from ..graph.values import Unknown
from ..location.chain import Apart, Chain, Unproven, compare, not_a_balancer
from ..location.places import place_of, place_of_arn

_SUBJECTS = (VPC_LINK, REST_API, *API_REFERENCE)
_ACCOUNT_ID = {"type": "string", "pattern": "^[0-9]{12}$"}
_REGION = {"type": "string", "pattern": "^[a-z]+(-[a-z]+)+-[0-9]$"}
_PLACES: Schemas = {
    "expectedRegion": {**_REGION, "description": "Both halves have to be in this region."},
    "expectedAccountId": {**_ACCOUNT_ID, "description": "Both halves have to be in this account."},
    "externalVpcLinks": {
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "properties": {
                "account": _ACCOUNT_ID,
                "region": _REGION,
                "nlbArn": {"type": "string", "pattern": "^arn:"},
            },
            "required": ["nlbArn"],
            "additionalProperties": False,
        },
        "description": "VPC links made elsewhere, by id: the ARN of the load balancer behind each.",
    },
}
_NO_PRIVATE_INTEGRATION = NotApplicable("no API here has a private integration")


def _must_agree(subject: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    chain = Chain(graph, config)
    if not chain.concerns(subject):
        yield _NO_PRIVATE_INTEGRATION
        return
    waits = pulumi.runtime.is_dry_run()
    tolerates = config["unprovenAtUpdate"] == "warn"
    for finding in chain.findings(subject):
        match finding:
            case Apart(resource, text, fix):
                yield Refusal(resource, text, fix)
            case Unproven(resource, text, fix, is_final) if not tolerates:
                if is_final or not waits:
                    yield Refusal(resource, text, fix)


def _should_be_proven(subject: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    chain = Chain(graph, config)
    if not chain.concerns(subject):
        yield _NO_PRIVATE_INTEGRATION
        return
    for finding in chain.findings(subject):
        if isinstance(finding, Unproven):
            yield Refusal(finding.subject, finding.text, finding.fix)


def _target_is_here(resource: Resource, _: Config) -> Iterator[Verdict]:
    prop = "targetArn" if resource.type == VPC_LINK else "integrationTarget"
    value = resource.peek(prop)
    if value is None:
        yield NotApplicable("names no load balancer itself")
    elif isinstance(value, Unknown):
        yield NotApplicable("the load balancer is not known yet: the stack policies decide")
    elif (arn := parse(value)) is None or not arn.load_balancer_type:
        wrong = not_a_balancer(resource, prop)
        yield Refusal(resource, wrong.text, wrong.fix)
    else:
        for finding in compare(resource, [(place_of_arn(arn, prop), place_of(resource))]):
            if isinstance(finding, Apart):
                yield Refusal(resource, finding.text, finding.fix)


SAME_ACCOUNT_REGION = StackRule(
    name="nlb-api-same-account-region",
    title="The load balancer, the VPC link and the API are in one account and region.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=_SUBJECTS,
    protects=(
        "A private integration works only within one account and region. A link to anything else "
        "stays pending for minutes and fails, or the API answers with errors. What is still "
        "unproven when an update is done counts as broken, and so does at once a link that is "
        "made elsewhere and that the configuration does not vouch for."
    ),
    fix="use one provider and one region for both halves.",
    config={
        **_PLACES,
        "unprovenAtUpdate": {
            "type": "string",
            "enum": ["fail", "warn"],
            "default": "fail",
            "description": "`warn` leaves a missing proof to `nlb-api-location-proven`.",
        },
    },
    judge=_must_agree,
)
LOCATION_PROVEN = StackRule(
    name="nlb-api-location-proven",
    title="The stack shows before the update that load balancer and API share account and region.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=_SUBJECTS,
    protects=(
        "Without proof at preview, a stack that spans two accounts is found out only by the "
        "update, when half of it exists. One provider for both halves is proof enough; with "
        "several, each has to pin its account."
    ),
    fix="pin the account of each provider by allowedAccountIds.",
    config=_PLACES,
    judge=_should_be_proven,
)
TARGET_LOCATION = ResourceRule(
    name="vpclink-target-location",
    title="A VPC link is made in the account and region of its load balancer.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(VPC_LINK, INTEGRATION),
    protects=(
        "It stops an update before a link that cannot work is made, also under "
        "`pulumi up --skip-preview`, where the stack policies speak only afterwards."
    ),
    fix="use one provider and one region for the link and its load balancer.",
    judge=_target_is_here,
)

RULES = (SAME_ACCOUNT_REGION, LOCATION_PROVEN, TARGET_LOCATION)
