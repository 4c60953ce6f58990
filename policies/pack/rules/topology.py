"""The load balancer, the VPC link and the API in one account and one region.

API Gateway requires this for private integrations, of REST as well as of HTTP and WebSocket APIs,
and fails late: the VPC link stays pending for minutes and then fails, or requests are answered
with errors. Three rules share one analysis: a
stack rule decides at preview and after the update, another reports what is not proven yet, and a
resource rule stops an update before the VPC link is created.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/private-integration.html
"""

import pulumi

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Schemas, Verdicts
from ..graph.arn import parse
from ..graph.graph import API_REFERENCE, Graph
from ..graph.integrations import private_integrations
from ..graph.resource import Resource
from ..location.locations import location_of, location_of_arn
from ..location.problems import Proof, compare, not_a_balancer
from ..location.request_path import RequestPath
from ..values import UNKNOWN, UnknownValue

AREA = Area("Account and region")

_ON_THE_PATH = (types.VPC_LINK, *types.APIS, *API_REFERENCE)
_ACCOUNT_ID = {"type": "string", "pattern": "^[0-9]{12}$"}
_REGION = {"type": "string", "pattern": "^[a-z]+(-[a-z]+)+-[0-9]$"}
EXTERNAL_VPC_LINKS: Schemas = {
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
        "description": "VPC links of other stacks, by id, each with the ARN of its load balancer. "
        "One list is enough: it counts for every policy that has this property.",
    },
}
_LOCATION_PROPERTIES: Schemas = {
    "expectedRegion": {
        **_REGION,
        "description": "The region that the load balancer and the API must be in.",
    },
    "expectedAccountId": {
        **_ACCOUNT_ID,
        "description": "The account that the load balancer and the API must be in.",
    },
    **EXTERNAL_VPC_LINKS,
}
_NO_PRIVATE_INTEGRATION = NotApplicable("no API of this stack has a private integration")


@AREA.stack_rule(
    name="nlb-api-same-account-region",
    title="The load balancer, the VPC link and the API are in one account and region.",
    level="mandatory",
    severity="critical",
    resource_types=_ON_THE_PATH,
    rationale=(
        "A private integration works only within one account and region. A VPC link to another "
        "place stays pending for minutes and then fails, or the API answers with errors. What is "
        "still unproven after an update counts as a violation. So does, at once, a VPC link of "
        "another stack that externalVpcLinks does not list."
    ),
    fix="use one provider and one region for the load balancer and the API.",
    config={
        **_LOCATION_PROPERTIES,
        "unprovenAtUpdate": {
            "type": "string",
            "enum": ["fail", "warn"],
            "default": "fail",
            "description": "`warn` leaves what is unproven to `nlb-api-location-proven`.",
        },
    },
)
def _shares_location(resource: Resource, graph: Graph, config: Config) -> Verdicts:
    path = RequestPath(graph, config)
    if not path.includes(resource):
        yield _NO_PRIVATE_INTEGRATION
        return
    failing = {Proof.DISPROVED}
    if config["unprovenAtUpdate"] == "fail":
        failing.add(Proof.IMPOSSIBLE)
        if not pulumi.runtime.is_dry_run():
            failing.add(Proof.PENDING)
    yield from (p.violation for p in path.problems(resource) if p.proof in failing)


@AREA.stack_rule(
    name="nlb-api-location-proven",
    title="The preview proves that the load balancer and the API share account and region.",
    level="advisory",
    severity="medium",
    resource_types=_ON_THE_PATH,
    rationale=(
        "Without proof at preview, only the update reveals that a stack spans two accounts, when "
        "half of it exists. One provider for the load balancer and the API is proof enough. If "
        "there are several, each has to pin its account."
    ),
    fix="pin the account of each provider with allowedAccountIds.",
    config=_LOCATION_PROPERTIES,
)
def _proves_location(resource: Resource, graph: Graph, config: Config) -> Verdicts:
    path = RequestPath(graph, config)
    if not path.includes(resource):
        yield _NO_PRIVATE_INTEGRATION
        return
    problems = path.problems(resource)
    yield from (p.violation for p in problems if p.proof is not Proof.DISPROVED)


@AREA.resource_rule(
    name="vpclink-target-location",
    title="A VPC link or an integration is created where the load balancer that it names is.",
    level="mandatory",
    severity="critical",
    resource_types=[types.VPC_LINK, *types.INTEGRATION_SOURCES, *types.HTTP_SOURCES],
    rationale=(
        "It stops an update before a VPC link or an integration that cannot work is created, also "
        "under `pulumi up --skip-preview`, where the stack policies run only afterwards."
    ),
    fix="use one provider and one region for the VPC link, the integration and the load balancer.",
)
def _targets_own_location(resource: Resource, _: Config) -> Verdicts:
    targets = _targets(resource)
    if not targets:
        yield NotApplicable("does not name a load balancer itself")
    elif all(isinstance(value, UnknownValue) for _, value in targets):
        yield NotApplicable("the load balancer is not known yet: the stack policies decide")
    for prop, value in targets:
        arn = parse(value)
        if isinstance(value, UnknownValue):
            continue
        if arn is None or not (arn.load_balancer_type or resource.type in types.HTTP_SOURCES):
            yield not_a_balancer(resource, prop)
        else:
            problems = compare(resource, [(location_of_arn(arn, prop), location_of(resource))])
            yield from (p.violation for p in problems if p.proof is Proof.DISPROVED)


def _targets(resource: Resource) -> list[tuple[str, object]]:
    """What a VPC link, an integration or the integrations of a document name, and how."""
    if resource.type == types.VPC_LINK:
        target = resource.peek("targetArn")
        return [] if target is None else [("targetArn", target)]
    if isinstance(resource.peek("body"), UnknownValue):
        return [("body", UNKNOWN)]
    found = private_integrations(resource, "integrationTarget", "integrationUri", "uri")
    return [(one.target_property, one.target) for one in found if one.target is not None]
