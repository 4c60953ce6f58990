"""Cases of the rules about the request path from the API to the load balancer."""

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
    undecided,
    unknown,
    violates,
)
from tests.policies.changes import ABSENT, Change, Part, added, definition

HOST = "variables.backendHost"
CANARY = "canarySettings"
OVERRIDES = f"{CANARY}.stageVariableOverrides"
ORDERS = (*our.ORDERS, our.INTEGRATION)
URI, CONNECTION = (*ORDERS, "uri"), (*ORDERS, "connectionId")
VARIABLE = "${stageVariables.vpcLinkId}"
WITH_HOST, OTHER = "http://${stageVariables.backendHost}", "http://${stageVariables.other}/"


def canary(**overrides: str) -> Change:
    return our.STAGE.set(CANARY, {"stageVariableOverrides": overrides})


HALF_CANARY = canary(vpcLinkId="abc123")
WHOLE_CANARY = canary(vpcLinkId="abc123", backendHost="host")
INTEGRATIONS = [
    ("paths", path, verb, our.INTEGRATION)
    for path, verb in (
        ("/", "get"),
        ("/orders/{id}", "get"),
        ("/files/{proxy+}", "x-amazon-apigateway-any-method"),
    )
]
PATH_ONLY = [
    definition((*one, "uri"), "http://host/${stageVariables.backendHost}") for one in INTEGRATIONS
]
LITERAL_LINKS = [definition((*one, "connectionId"), "abc123") for one in INTEGRATIONS]
ROOT_URI = definition((*INTEGRATIONS[0], "uri"), "http://host:9000/")
PORT_9000 = definition(URI, "http://host:9000/")
V2 = {"integrationTarget": UNKNOWN, "connectionId": "abc", "uri": "http://host:9000/"}
TO_NLB = {"integrationTarget": our.NLB}
LINK_VALUE = "81b5f01142"  # the fake ids depend on the URNs
LITERAL_LINK, OUR_LINK = (definition(CONNECTION, "abc123"), definition(CONNECTION, LINK_VALUE))
NLB_VALUE = (
    "arn:aws:elasticloadbalancing:us-east-2:111122223333"
    ":loadbalancer/net/blue-nlb-5b8e6bd/51b639e57cac1a24"
)
UNREADABLE = ["host:http", "host:8080:8080", "a@host:80", "host:", "[::1", "host:99999", "a b"]
TWO_PORTS, CARRIES_PORT = definition(URI, WITH_HOST + ":80/"), our.STAGE.set(HOST, "host:80")
KNOWN = {"vpcLinkId": LINK_VALUE, "backendHost": "host"}
EXISTS = our.LINK.set("id", LINK_VALUE, "outputs")
UNKNOWN_PORT = (our.STAGE.set(HOST, "h"), our.STAGE.unknown("variables.port"))
OTHER_NLB = Part(our.NLB.type, "other")
SECOND_NLB = (
    added(our.NLB.type, "other", {"loadBalancerType": "network", "internal": True}),
    added(
        our.LISTENER.type,
        "other",
        {"port": 9000, "loadBalancerArn": UNKNOWN},
        {"loadBalancerArn": OTHER_NLB},
    ),
    added(our.LINK.type, "other", {"targetArn": UNKNOWN}, {"targetArn": OTHER_NLB}),
)
SECOND = added(our.LINK.type, "second", {"targetArn": UNKNOWN}, {"targetArn": our.NLB})


USERS = ("${stageVariables.vpcLinkId_users}", "http://${stageVariables.backendHost_users}/x")
TWO_SERVICES = (definition(CONNECTION, USERS[0]), definition(URI, USERS[1]))
"""GET /orders/{id} is of a second service, whose variables are not set yet."""


def users(link: str = "id-of-other", host: str = "host:9000") -> tuple[Change, Change]:
    """The variables of the second service."""
    return (
        our.STAGE.set("variables.vpcLinkId_users", link),
        our.STAGE.set("variables.backendHost_users", host),
    )


def own(props: dict[str, object], sources: dict[str, Part] | None = None) -> Change:
    return added(types.INTEGRATION, "own", props, sources)


def second_link(target: str, name: str = "second") -> Change:
    return added(our.LINK.type, name, {"targetArn": target})


def to_second(host: str) -> Change:
    return canary(vpcLinkId="id-of-other", backendHost=host)


CASES = [
    *of_rule(
        "stage-variables-complete",
        passes(),
        passes(our.STAGE.set(CANARY, {"percentTraffic": 5})),
        passes(WHOLE_CANARY),
        passes(our.STAGE.set("variables.further", "x")),
        passes(*TWO_SERVICES, *users()),
        passes(*TWO_SERVICES, *users(), canary(vpcLinkId_users="a1", backendHost_users="h")),
        violates(
            "does not set the stage variables backendHost_users, vpcLinkId_users.", *TWO_SERVICES
        ),
        violates(
            "overrides vpcLinkId_users for its canary, but not backendHost_users.",
            *TWO_SERVICES,
            *users(),
            canary(vpcLinkId_users="a1", backendHost="h", vpcLinkId="a2"),
        ),
        violates(
            "does not set the stage variable backendHost.",
            our.STAGE.unset(HOST),
            our.DEPLOYMENT.set("variables", {"backendHost": "host"}),
        ),
        violates("does not set the stage variable other.", definition(URI, OTHER)),
        ill_typed(violates("does not set the stage variables", our.STAGE.set("variables", "x"))),
        ill_typed(passes(our.STAGE.set(OVERRIDES, [1]))),
        violates(
            "does not set the stage variable tenant.",
            definition((*ORDERS, "requestParameters"), {"a": "stageVariables.tenant"}),
        ),
        violates(
            "does not set the stage variable other.", our.integration(uri=OTHER, connectionId="abc")
        ),
        violates("overrides vpcLinkId for its canary, but not backendHost", HALF_CANARY),
        violates(
            "does not set the stage variable other for its canary",
            definition(URI, OTHER),
            WHOLE_CANARY,
        ),
        passes(
            LITERAL_LINK,
            definition(URI, WITH_HOST + "/"),
            our.STAGE.set(f"{OVERRIDES}.further", "x"),
        ),
        passes(*PATH_ONLY, our.STAGE.set(f"{OVERRIDES}.vpcLinkId", "a")),
        passes(*LITERAL_LINKS, our.STAGE.set(f"{OVERRIDES}.backendHost", "a")),
        violates(
            "but not other",
            definition(URI, OTHER),
            our.STAGE.set("variables.other", "x"),
            WHOLE_CANARY,
        ),
        violates(
            "overrides otherLink for its canary, but not backendHost",
            definition(CONNECTION, "${stageVariables.otherLink}"),
            our.STAGE.set("variables.otherLink", "x"),
            our.STAGE.set(f"{OVERRIDES}.otherLink", "y"),
        ),
        violates(
            "does not set the stage variable other.",
            our.API.set("body", '{"x": "${stageVariables.other}"}'),
        ),
        violates(
            "does not set the stage variable other.",
            added(
                types.AUTHORIZER,
                "own",
                {"restApi": UNKNOWN, "authorizerUri": "arn:${stageVariables.other}"},
                {"restApi": our.API},
            ),
        ),
        passes(our.API.removed()),
        violates(
            "does not set the stage variable backendHost", our.API.removed(), our.STAGE.unset(HOST)
        ),
        at_preview(ignores(our.STAGE.unknown("restApi"), our.STAGE.without_sources())),
        unknown(
            "used stage variables",
            our.integration(uri=UNKNOWN, connectionId=VARIABLE),
            WHOLE_CANARY,
        ),
        unknown(
            "used stage variables",
            our.integration(uri=WITH_HOST + "/", connectionId=UNKNOWN),
            WHOLE_CANARY,
        ),
        unknown("used stage variables", our.DEFINITION.unknown("body")),
        at_preview(passes()),
        at_preview(passes(our.STAGE.unknown("variables"))),
        at_preview(passes(our.STAGE.unknown(CANARY))),
        absent(violates("does not set the stage variable backendHost.", our.STAGE.unset(HOST))),
        absent(
            violates(
                "does not set the stage variables backendHost, vpcLinkId.",
                our.STAGE.unset("variables"),
            )
        ),
        ignores(our.STAGE.removed()),
    ),
    *of_rule(
        "integration-link-managed",
        passes(),
        passes(LITERAL_LINK, allowedLinks=["abc123"]),
        passes(LITERAL_LINK, externalVpcLinks={"abc123": {"nlbArn": our.OTHER_ARN}}),
        violates("'abc123'", LITERAL_LINK, externalVpcLinks={"abc": {"nlbArn": our.OTHER_ARN}}),
        passes(our.integration(connectionId="abc123", integrationTarget=our.OTHER_ARN)),
        violates(
            "uses VPC link 'abc123'",
            definition((*INTEGRATIONS[0], "connectionId"), "abc123"),
            definition((*INTEGRATIONS[0], "integrationTarget"), our.OTHER_ARN),
            LITERAL_LINK,
        ),
        passes(
            own(
                {"connectionType": "VPC_LINK", "connectionId": "abc123"}, {"connectionId": our.LINK}
            ),
            our.LINK.unset("id", "outputs"),
        ),
        violates("uses VPC link 'abc123', which is not part of this stack", LITERAL_LINK),
        violates("not part of this stack", our.integration(connectionId="abc123")),
        ill_typed(violates("not part of this stack", our.integration(connectionId=["abc123"]))),
        violates("not part of this stack", definition(CONNECTION, "x-" + VARIABLE)),
        unknown("body", our.DEFINITION.unknown("body")),
        unknown("connectionId", our.integration(connectionId=UNKNOWN)),
        at_preview(
            passes(
                own(
                    {"connectionType": "VPC_LINK", "connectionId": UNKNOWN},
                    {"connectionId": our.LINK},
                )
            )
        ),
        absent(violates("does not name a VPC link", definition(CONNECTION, ABSENT))),
        ignores(our.NO_DEFINITION),
        ignores(our.NO_DEFINITION, our.integration(connectionType="INTERNET")),
    ),
    *of_rule(
        "integration-port",
        passes(),
        passes(our.STAGE.set(HOST, "host:8080"), our.LISTENER.set("port", 8080)),
        undecided("port of", definition(URI, "ftp://${stageVariables.backendHost}/x")),
        undecided("port of", definition(URI, "${stageVariables.backendHost}")),
        undecided("port of", definition(URI, [1])),
        undecided("port of", our.STAGE.set(HOST, {"a": 1})),
        undecided("port of", our.LISTENER.set("port", UNKNOWN), our.STAGE.set(HOST, "host")),
        undecided("without a stage", our.STAGE.removed()),
        ill_typed(violates("calls port 80", our.LISTENER.set("port", [80]))),
        passes(our.LISTENER.set("port", "80")),
        passes(our.STAGE.set(HOST, "host:80/base")),
        passes(definition(URI, "HTTP://${stageVariables.backendHost}?q=1")),
        *(violates("host and port cannot be read", our.STAGE.set(HOST, h)) for h in UNREADABLE),
        violates("cannot be read for GET /orders/{id} through", TWO_PORTS, CARRIES_PORT),
        unknown("port of", definition(URI, WITH_HOST + ":${stageVariables.port}/"), *UNKNOWN_PORT),
        violates("calls port 80 for", our.LISTENER.set("port", 8080)),
        violates("calls port 8080 for", our.STAGE.set(HOST, "host:8080")),
        violates(
            "calls port 443 for GET /orders/{id} through stage",
            definition(URI, "https://${stageVariables.backendHost}/x"),
        ),
        violates("port 81 for GET /orders/{id} through", definition(URI, WITH_HOST + ":81/x")),
        violates(
            "through the canary of stage 'api-dev-stage', but 'blue-nlb' does",
            our.STAGE.set(f"{OVERRIDES}.backendHost", "host:9000"),
        ),
        violates("calls port 9000, but 'blue-nlb'", own(V2, TO_NLB)),
        violates("port 9000 for GET /orders/{id},", PORT_9000, OUR_LINK),
        violates(
            "port 81 for GET /orders/{id} through", definition(URI, WITH_HOST + ":81/"), OUR_LINK
        ),
        violates("port 9000 for GET /orders/{id} through", PORT_9000),
        violates(
            "calls port 9000 for GET /orders/{id}",
            ROOT_URI,
            definition((*INTEGRATIONS[0], "connectionId"), "abc123"),
            PORT_9000,
            OUR_LINK,
        ),
        violates(
            "calls port 9000 for GET /orders/{id}",
            ROOT_URI,
            definition((*INTEGRATIONS[0], "integrationTarget"), our.OTHER_ARN),
            PORT_9000,
            definition((*ORDERS, "integrationTarget"), NLB_VALUE),
        ),
        violates("through the canary", *SECOND_NLB, to_second("host:80")),
        passes(*SECOND_NLB, *TWO_SERVICES, *users()),
        violates(
            "calls port 80 for GET /orders/{id} through stage 'api-dev-stage', but 'other' does",
            *SECOND_NLB,
            *TWO_SERVICES,
            *users(host="host:80"),
        ),
        violates(
            "calls port 9000 for GET /orders/{id} through stage 'api-dev-stage', but 'blue-nlb'",
            EXISTS,
            *SECOND_NLB,
            *TWO_SERVICES,
            *users(link=LINK_VALUE),
        ),
        passes(*SECOND_NLB, to_second("host:9000")),
        violates(
            "calls port 80",
            our.LISTENER.set("port", 8080),
            our.LISTENER.without_sources(),
            our.LINK.without_sources(),
            our.STAGE.without_sources(),
        ),
        violates("calls port 9000", own({**V2, "integrationTarget": NLB_VALUE})),
        unknown("port of", own({**V2, "uri": UNKNOWN}, TO_NLB), our.STAGE.set(HOST, "host")),
        at_preview(
            passes(
                definition(URI, WITH_HOST + "/${stageVariables.base}"),
                our.STAGE.set("variables", {**KNOWN, "base": UNKNOWN}),
            )
        ),
        unknown(
            "without a stage",
            our.NO_DEFINITION,
            own({"restApi": UNKNOWN, "connectionId": VARIABLE, "uri": "http://h:9/"}),
        ),
        undecided("port of", our.NO_DEFINITION, own({**V2, "uri": None}, TO_NLB)),
        unknown("port of", our.STAGE.unknown(HOST)),
        unknown("port of", our.STAGE.set(HOST, "host"), our.LISTENER.unknown("port")),
        unknown("body", our.DEFINITION.unknown("body")),
        unknown("port of"),
        at_preview(
            violates("", EXISTS, our.STAGE.set("variables", {**KNOWN, "backendHost": "host:9000"}))
        ),
        at_preview(passes(EXISTS, our.STAGE.set("variables", KNOWN))),
        absent(passes(our.LISTENER.removed())),
        absent(passes(our.NLB.removed())),
        absent(undecided("port of", our.STAGE.unset(HOST))),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "nlb-one-link",
        ill_typed(passes(our.LINK.set("targetArn", [1]))),  # vpclink-target-private refuses it
        passes(),
        passes(second_link(our.OTHER_ARN)),
        violates("is a second VPC link to the load balancer of", SECOND),
        violates(
            "is a second VPC link", second_link(our.OTHER_ARN), second_link(our.OTHER_ARN, "third")
        ),
        violates("is a second VPC link", second_link(NLB_VALUE)),
        unknown("targetArn", our.NLB.removed()),
        at_preview(violates("", SECOND)),
        absent(passes(our.LINK.unset("targetArn"))),
        ignores(our.LINK.removed()),
    ),
]
