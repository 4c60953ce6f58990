"""What is expected of the rules about the way from the API to its load balancer."""

from policies.pack.graph import tokens as t
from simulation.engine import UNKNOWN
from tests.policies.cases_api import (
    INTEGRATION,
    NO_DEFINITION,
    ORDERS,
    integration,
)
from tests.policies.cases_network import LISTENER, NLB, OTHER_ARN
from tests.policies.scene import (
    ABSENT,
    Addition,
    Body,
    Case,
    Change,
    Forgetting,
    Outcome,
    Removal,
    decided,
    irrelevant,
    passes,
    refuses,
    undecided,
    without,
)

PASSES, REFUSES = Outcome.PASSES, Outcome.REFUSES
STAGE, LINK = t.STAGE, t.VPC_LINK
HOST, LINK_ID = "variables.backendHost", "variables.vpcLinkId"
CANARY = "canarySettings"
OVERRIDES = f"{CANARY}.stageVariableOverrides"
URI, CONNECTION = (*ORDERS, INTEGRATION, "uri"), (*ORDERS, INTEGRATION, "connectionId")
VARIABLE = "${stageVariables.vpcLinkId}"
TO_LINK = "api-blue-link " + LINK
HALF_CANARY = Change(
    STAGE, CANARY, {"percentTraffic": 5, "stageVariableOverrides": {"vpcLinkId": "abc123"}}
)
WHOLE_CANARY = Change(
    STAGE, CANARY, {"stageVariableOverrides": {"vpcLinkId": "abc123", "backendHost": "host"}}
)

INTEGRATIONS = [
    ("paths", path, verb, INTEGRATION)
    for path, verb in (
        ("/", "get"),
        ("/orders/{id}", "get"),
        ("/files/{proxy+}", "x-amazon-apigateway-any-method"),
    )
]
PATH_ONLY = [
    Body((*one, "uri"), "http://host/${stageVariables.backendHost}") for one in INTEGRATIONS
]
LITERAL_LINKS = [Body((*one, "connectionId"), "abc123") for one in INTEGRATIONS]
VARIABLES = [
    passes("stage-variables-complete"),
    passes("stage-variables-complete", Change(STAGE, CANARY, {"percentTraffic": 5})),
    passes("stage-variables-complete", WHOLE_CANARY),
    passes("stage-variables-complete", Change(STAGE, "variables.further", "x")),
    passes(
        "stage-variables-complete",
        Change(STAGE, HOST, ABSENT),
        Change(t.DEPLOYMENT, "variables", {"backendHost": "host"}),
    ),
    refuses(
        "stage-variables-complete", "lacks other.", Body(URI, "http://${stageVariables.other}/x")
    ),
    refuses(
        "stage-variables-complete",
        "lacks tenant.",
        Body((*ORDERS, INTEGRATION, "requestParameters"), {"a": "stageVariables.tenant"}),
    ),
    refuses(
        "stage-variables-complete",
        "lacks other.",
        integration(uri="http://${stageVariables.other}/", connectionId="abc"),
    ),
    refuses(
        "stage-variables-complete",
        "overrides vpcLinkId for its canary, but not backendHost",
        HALF_CANARY,
    ),
    refuses(
        "stage-variables-complete",
        "lacks other for its canary",
        Body(URI, "http://${stageVariables.other}/x"),
        WHOLE_CANARY,
    ),
    passes(
        "stage-variables-complete",
        Body(CONNECTION, "abc123"),
        Body(URI, "http://${stageVariables.backendHost}/"),
        Change(STAGE, f"{OVERRIDES}.further", "x"),
    ),
    passes("stage-variables-complete", *PATH_ONLY, Change(STAGE, f"{OVERRIDES}.vpcLinkId", "a")),
    passes(
        "stage-variables-complete", *LITERAL_LINKS, Change(STAGE, f"{OVERRIDES}.backendHost", "a")
    ),
    refuses(
        "stage-variables-complete",
        "but not other",
        Body(URI, "http://${stageVariables.other}/"),
        Change(STAGE, "variables.other", "x"),
        WHOLE_CANARY,
    ),
    refuses(
        "stage-variables-complete",
        "overrides otherLink for its canary, but not backendHost",
        Body(CONNECTION, "${stageVariables.otherLink}"),
        Change(STAGE, "variables.otherLink", "x"),
        Change(STAGE, f"{OVERRIDES}.otherLink", "y"),
    ),
    refuses(
        "stage-variables-complete",
        "lacks other.",
        Change(t.REST_API, "body", '{"x": "${stageVariables.other}"}'),
    ),
    refuses(
        "stage-variables-complete",
        "lacks other.",
        Addition(
            t.AUTHORIZER,
            "own",
            {"restApi": UNKNOWN, "authorizerUri": "arn:${stageVariables.other}"},
            {"restApi": "api-api " + t.REST_API},
        ),
    ),
    passes("stage-variables-complete", Removal(t.REST_API)),
    refuses(
        "stage-variables-complete",
        "lacks backendHost",
        Removal(t.REST_API),
        Change(STAGE, HOST, ABSENT),
    ),
    decided(
        "stage-variables-complete",
        Outcome.NOT_APPLICABLE,
        Change(STAGE, "restApi", UNKNOWN),
        Forgetting(STAGE),
    ),
    undecided(
        "stage-variables-complete",
        "variables that the API uses",
        integration(uri=UNKNOWN, connectionId=VARIABLE),
        WHOLE_CANARY,
    ),
    undecided(
        "stage-variables-complete",
        "variables that the API uses",
        integration(uri="http://${stageVariables.backendHost}/", connectionId=UNKNOWN),
        WHOLE_CANARY,
    ),
    undecided(
        "stage-variables-complete",
        "variables that the API uses",
        Change(t.REST_API_PUT, "body", UNKNOWN),
    ),
    decided("stage-variables-complete", PASSES),
    decided("stage-variables-complete", PASSES, Change(STAGE, "variables", UNKNOWN)),
    decided("stage-variables-complete", PASSES, Change(STAGE, CANARY, UNKNOWN)),
    without(
        "stage-variables-complete", REFUSES, Change(STAGE, HOST, ABSENT), words="lacks backendHost."
    ),
    without(
        "stage-variables-complete",
        REFUSES,
        Change(STAGE, "variables", ABSENT),
        words="lacks backendHost, vpcLinkId.",
    ),
    irrelevant("stage-variables-complete", Removal(STAGE)),
]
MANAGED = [
    passes("integration-link-managed"),
    passes("integration-link-managed", Body(CONNECTION, "abc123"), allowedLinks=["abc123"]),
    passes(
        "integration-link-managed",
        Addition(
            t.INTEGRATION,
            "own",
            {"connectionType": "VPC_LINK", "connectionId": "abc123"},
            {"connectionId": TO_LINK},
        ),
        Change(LINK, "id", ABSENT, only="outputs"),
    ),
    refuses(
        "integration-link-managed", "not made here for GET /orders/{id}", Body(CONNECTION, "abc123")
    ),
    refuses("integration-link-managed", "not made here.", integration(connectionId="abc123")),
    refuses("integration-link-managed", "not made here", Body(CONNECTION, "x-" + VARIABLE)),
    undecided("integration-link-managed", "body", Change(t.REST_API_PUT, "body", UNKNOWN)),
    undecided("integration-link-managed", "connectionId", integration(connectionId=UNKNOWN)),
    decided(
        "integration-link-managed",
        PASSES,
        Addition(
            t.INTEGRATION,
            "own",
            {"connectionType": "VPC_LINK", "connectionId": UNKNOWN},
            {"connectionId": TO_LINK},
        ),
    ),
    without(
        "integration-link-managed", REFUSES, Body(CONNECTION, ABSENT), words="names no VPC link"
    ),
    irrelevant("integration-link-managed", NO_DEFINITION),
    irrelevant("integration-link-managed", NO_DEFINITION, integration(connectionType="INTERNET")),
]
V2 = {"integrationTarget": UNKNOWN, "connectionId": "abc", "uri": "http://host:9000/"}
TO_NLB = {"integrationTarget": "blue-nlb " + NLB}
LINK_VALUE = "81b5f01142"  # the made-up ids follow from the URNs
NLB_VALUE = (
    "arn:aws:elasticloadbalancing:us-east-2:111122223333"
    ":loadbalancer/net/blue-nlb-5b8e6bd/51b639e57cac1a24"
)
SECOND_NLB = (
    Addition(NLB, "other", {"loadBalancerType": "network", "internal": True}),
    Addition(
        LISTENER,
        "other",
        {"port": 9000, "loadBalancerArn": UNKNOWN},
        {"loadBalancerArn": "other " + NLB},
    ),
    Addition(LINK, "other", {"targetArn": UNKNOWN}, {"targetArn": "other " + NLB}),
)


def to_second(host: str) -> Change:
    """A canary at the second balancer."""
    overrides = {"vpcLinkId": "id-of-other", "backendHost": host}
    return Change(STAGE, CANARY, {"stageVariableOverrides": overrides})


PORT = [
    passes("integration-port"),
    passes("integration-port", Change(STAGE, HOST, "host:8080"), Change(LISTENER, "port", 8080)),
    passes("integration-port", Body(URI, "ftp://${stageVariables.backendHost}/x")),
    passes("integration-port", Change(STAGE, HOST, "host:http")),
    refuses("integration-port", "calls port 80 for", Change(LISTENER, "port", 8080)),
    refuses("integration-port", "calls port 8080 for", Change(STAGE, HOST, "host:8080")),
    refuses(
        "integration-port",
        "calls port 443 for GET /orders/{id} through stage",
        Body(URI, "https://${stageVariables.backendHost}/x"),
    ),
    refuses(
        "integration-port",
        "port 81 for GET /orders/{id} through",
        Body(URI, "http://${stageVariables.backendHost}:81/x"),
    ),
    refuses(
        "integration-port",
        "through the canary of stage 'api-dev-stage', where 'blue-nlb' does",
        Change(STAGE, f"{OVERRIDES}.backendHost", "host:9000"),
    ),
    refuses(
        "integration-port",
        "calls port 9000, where 'blue-nlb'",
        Addition(t.INTEGRATION, "own", V2, TO_NLB),
    ),
    refuses(
        "integration-port",
        "port 9000 for GET /orders/{id},",
        Body(URI, "http://host:9000/"),
        Body(CONNECTION, LINK_VALUE),
    ),
    refuses(
        "integration-port",
        "port 81 for GET /orders/{id} through",
        Body(URI, "http://${stageVariables.backendHost}:81/"),
        Body(CONNECTION, LINK_VALUE),
    ),
    refuses(
        "integration-port",
        "port 9000 for GET /orders/{id} through",
        Body(URI, "http://host:9000/"),
    ),
    refuses(
        "integration-port",
        "calls port 9000 for GET /orders/{id}",
        Body((*INTEGRATIONS[0], "uri"), "http://host:9000/"),
        Body((*INTEGRATIONS[0], "connectionId"), "abc123"),
        Body(URI, "http://host:9000/"),
        Body(CONNECTION, LINK_VALUE),
    ),
    refuses(
        "integration-port",
        "calls port 9000 for GET /orders/{id}",
        Body((*INTEGRATIONS[0], "uri"), "http://host:9000/"),
        Body((*INTEGRATIONS[0], "integrationTarget"), OTHER_ARN),
        Body(URI, "http://host:9000/"),
        Body((*ORDERS, INTEGRATION, "integrationTarget"), NLB_VALUE),
    ),
    refuses("integration-port", "through the canary", *SECOND_NLB, to_second("host:80")),
    passes("integration-port", *SECOND_NLB, to_second("host:9000")),
    refuses(
        "integration-port",
        "calls port 80",
        Change(LISTENER, "port", 8080),
        Forgetting(LISTENER),
        Forgetting(LINK),
        Forgetting(STAGE),
    ),
    refuses(
        "integration-port",
        "calls port 9000",
        Addition(t.INTEGRATION, "own", {**V2, "integrationTarget": NLB_VALUE}),
    ),
    undecided(
        "integration-port",
        "the port",
        Addition(t.INTEGRATION, "own", {**V2, "uri": UNKNOWN}, TO_NLB),
        Change(STAGE, HOST, "host"),
    ),
    decided(
        "integration-port",
        PASSES,
        Body(URI, "http://${stageVariables.backendHost}/${stageVariables.base}"),
        Change(STAGE, HOST, "host"),
        Change(STAGE, "variables.base", UNKNOWN),
    ),
    decided(
        "integration-port",
        PASSES,
        NO_DEFINITION,
        Addition(
            t.INTEGRATION,
            "own",
            {"restApi": UNKNOWN, "connectionId": VARIABLE, "uri": "http://h:9/"},
        ),
    ),
    passes(
        "integration-port",
        NO_DEFINITION,
        Addition(t.INTEGRATION, "own", {**V2, "uri": None}, TO_NLB),
    ),
    undecided("integration-port", "the port", Change(STAGE, HOST, UNKNOWN)),
    undecided(
        "integration-port",
        "the port",
        Change(STAGE, HOST, "host"),
        Change(LISTENER, "port", UNKNOWN),
    ),
    undecided("integration-port", "body", Change(t.REST_API_PUT, "body", UNKNOWN)),
    decided("integration-port", REFUSES, Change(STAGE, HOST, "host:9000")),
    decided("integration-port", PASSES, Change(STAGE, HOST, "host")),
    without("integration-port", PASSES, Removal(LISTENER)),
    without("integration-port", PASSES, Removal(NLB)),
    without("integration-port", PASSES, Change(STAGE, HOST, ABSENT)),
    irrelevant("integration-port", NO_DEFINITION),
]
SECOND = Addition(LINK, "second", {"targetArn": UNKNOWN}, {"targetArn": "blue-nlb " + NLB})
ONE_LINK = [
    passes("nlb-one-link"),
    passes("nlb-one-link", Addition(LINK, "second", {"targetArn": OTHER_ARN})),
    refuses("nlb-one-link", "is a second link to the load balancer of", SECOND),
    refuses(
        "nlb-one-link",
        "is a second link",
        Addition(LINK, "second", {"targetArn": OTHER_ARN}),
        Addition(LINK, "third", {"targetArn": OTHER_ARN}),
    ),
    refuses("nlb-one-link", "is a second link", Addition(LINK, "second", {"targetArn": NLB_VALUE})),
    undecided("nlb-one-link", "targetArn", Removal(NLB)),
    decided("nlb-one-link", REFUSES, SECOND),
    without("nlb-one-link", PASSES, Change(LINK, "targetArn", ABSENT)),
    irrelevant("nlb-one-link", Removal(LINK)),
]

AGREE, PROVEN, TARGET = (
    "nlb-api-same-account-region",
    "nlb-api-location-proven",
    "vpclink-target-location",
)
ELSEWHERE_ARN = OTHER_ARN.replace("us-east-2", "eu-west-1")
LISTENER_ARN = OTHER_ARN.replace("loadbalancer", "listener")
FOREIGN_ARN = OTHER_ARN.replace("111122223333", "444455556666")
EXTERNAL = Change(STAGE, LINK_ID, "abc123")
VOUCHED = {"externalVpcLinks": {"abc123": {"nlbArn": OTHER_ARN}}}
NO_PRIVATE = (Removal(LINK), NO_DEFINITION)
TOPOLOGY = [
    passes(AGREE),
    passes(AGREE, Change(LINK, "targetArn", OTHER_ARN)),
    passes(AGREE, EXTERNAL, **VOUCHED),
    passes(AGREE, EXTERNAL, unprovenAtUpdate="warn"),
    passes(AGREE, expectedRegion="us-east-2", expectedAccountId="111122223333"),
    refuses(
        AGREE,
        "(its arn) and eu-west-1 (its region argument) at once",
        Change(t.REST_API, "region", "eu-west-1"),
    ),
    refuses(AGREE, "is in region eu-west-1 (targetArn)", Change(LINK, "targetArn", ELSEWHERE_ARN)),
    refuses(
        AGREE, "is in account 444455556666 (targetArn)", Change(LINK, "targetArn", FOREIGN_ARN)
    ),
    refuses(
        AGREE,
        "is in region eu-west-1 (its region argument)",
        Change(t.DEPLOYMENT, "region", "eu-west-1"),
    ),
    refuses(AGREE, "uses VPC link 'abc123' (stage 'api-dev-stage')", EXTERNAL),
    refuses(AGREE, "not the ARN of a load balancer", Change(LINK, "targetArn", "no ARN")),
    refuses(AGREE, "(expected by", expectedRegion="eu-west-1"),
    refuses(AGREE, "(expected by", expectedAccountId="444455556666"),
    decided(AGREE, REFUSES, Change(NLB, "region", "eu-west-1")),
    decided(AGREE, REFUSES, Change(t.DEPLOYMENT, "region", "eu-west-1")),
    decided(AGREE, PASSES, Change(t.REST_API_PUT, "body", UNKNOWN)),
    decided(AGREE, REFUSES, EXTERNAL),
    without(AGREE, PASSES, Change(NLB, "region", ABSENT), Change(t.REST_API, "region", ABSENT)),
    without(AGREE, REFUSES, Removal(STAGE), words="no stage in this stack sets"),
    irrelevant(AGREE, *NO_PRIVATE),
    passes(PROVEN),
    passes(PROVEN, EXTERNAL, **VOUCHED),
    refuses(PROVEN, "so that the load balancer behind it cannot be checked", EXTERNAL),
    decided(PROVEN, PASSES),
    decided(PROVEN, REFUSES, Change(t.REST_API_PUT, "body", UNKNOWN)),
    decided(PROVEN, REFUSES, Change(LINK, "targetArn", OTHER_ARN)),
    without(PROVEN, REFUSES, Removal(STAGE)),
    irrelevant(PROVEN, *NO_PRIVATE),
    passes(TARGET),
    passes(TARGET, integration(integrationTarget=OTHER_ARN)),
    refuses(TARGET, "is in region eu-west-1 (targetArn)", Change(LINK, "targetArn", ELSEWHERE_ARN)),
    refuses(TARGET, "not the ARN of a load balancer", Change(LINK, "targetArn", "no ARN")),
    refuses(
        TARGET,
        "not the ARN",
        Change(LINK, "targetArn", LISTENER_ARN),
    ),
    refuses(
        TARGET,
        "region eu-west-1 (integrationTarget)",
        integration(integrationTarget=ELSEWHERE_ARN, region="us-east-2"),
    ),
    decided(TARGET, Outcome.NOT_APPLICABLE),
    decided(
        TARGET, PASSES, Change(LINK, "region", UNKNOWN), Change(LINK, "targetArn", ELSEWHERE_ARN)
    ),
    decided(TARGET, REFUSES, Change(LINK, "targetArn", ELSEWHERE_ARN)),
    without(TARGET, Outcome.NOT_APPLICABLE, Change(LINK, "targetArn", ABSENT)),
    irrelevant(TARGET, Removal(LINK), integration()),
]
CASES: list[Case] = [*VARIABLES, *MANAGED, *PORT, *ONE_LINK, *TOPOLOGY]
