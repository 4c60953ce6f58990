"""Cases of the rules about VPC links V2, on our stack with one in place of its link."""

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
from tests.policies.cases.links import INTEGRATIONS, NLB_VALUE, URI, own
from tests.policies.cases.security_groups import NLB_GROUP_ID
from tests.policies.changes import ABSENT, Change, Part, added, definition

LINK, GROUP = Part(types.VPC_LINK_V2, "v2"), Part(types.SECURITY_GROUP, "v2-group")
EGRESS, INGRESS = Part(types.EGRESS_RULE, "v2-out"), Part(types.INGRESS_RULE, "v2-in")
GROUP_ID, LINK_ID, PEER = "id-of-v2-group", "id-of-v2", "referencedSecurityGroupId"
HOST, WITHOUT_PATH = "variables.backendHost", "http://${stageVariables.backendHost}"
TARGETS = [(*one, "integration-target") for one in INTEGRATIONS]


def rule(part: Part, group: str, peer: str) -> Change:
    ports = {"ipProtocol": "tcp", "fromPort": 80, "toPort": 80}
    return added(part.type, str(part.name), {"securityGroupId": group, PEER: peer, **ports})


VARIABLES = {"vpcLinkId": LINK_ID, "backendHost": "host"}
PORT_9000 = our.STAGE.set("variables", {**VARIABLES, "backendHost": "host:9000"})
SELECTED = (
    added(GROUP.type, str(GROUP.name), {}),
    added(LINK.type, str(LINK.name), {"securityGroupIds": [GROUP_ID]}),
    our.STAGE.set("variables", VARIABLES),
)
OUT, INTO = rule(EGRESS, GROUP_ID, NLB_GROUP_ID), rule(INGRESS, NLB_GROUP_ID, GROUP_ID)
NAMED = tuple(definition(target, NLB_VALUE) for target in TARGETS)
WORKS = (*SELECTED, *NAMED, OUT, INTO)
EXISTS = (our.NLB.set("arn", NLB_VALUE), our.NLB_GROUP.set("id", NLB_GROUP_ID, "outputs"))
ELSEWHERE = tuple(definition(target, our.OTHER_ARN) for target in TARGETS)
V2_INTEGRATION: dict[str, object] = {
    "connectionType": "VPC_LINK",
    "connectionId": LINK_ID,
    "uri": "http://host/",
}

CASES = [
    *of_rule(
        "integration-v2-complete",
        passes(*WORKS),
        passes(*SELECTED, *ELSEWHERE),
        passes(*WORKS, definition(URI, WITHOUT_PATH + "/?q=1")),
        passes(*SELECTED, *NAMED, own({**V2_INTEGRATION, "integrationTarget": NLB_VALUE})),
        violates(
            "does not name a load balancer for GET /.", *WORKS, definition(TARGETS[0], ABSENT)
        ),
        violates("does not name a load balancer", *WORKS, definition(TARGETS[1], "")),
        violates("does not name a load balancer.", *WORKS, own(V2_INTEGRATION)),
        violates("without a path for GET /orders/{id}", *WORKS, definition(URI, WITHOUT_PATH)),
        violates("a URI without a path", *WORKS, definition(URI, WITHOUT_PATH + "?a=/b")),
        ill_typed(violates("a URI without a path", *WORKS, definition(URI, [1]))),
        unknown("body", our.DEFINITION.unknown("body")),
        unknown(
            "uri",
            our.NO_DEFINITION,
            own({**V2_INTEGRATION, "integrationTarget": NLB_VALUE, "uri": UNKNOWN}),
        ),
        at_preview(violates("without a path", *WORKS, definition(URI, WITHOUT_PATH))),
        absent(violates("a URI without a path", *WORKS, definition(URI, ABSENT))),
        ignores(),
        ignores(our.NO_DEFINITION),
    ),
    *of_rule(
        "vpclink-v2-security-groups",
        passes(*WORKS),
        passes(*WORKS, EGRESS.set("ipProtocol", "-1"), EGRESS.unset("fromPort")),
        passes(*WORKS, EGRESS.unset(PEER), EGRESS.set("cidrIpv4", "10.0.0.0/8")),
        passes(*WORKS, INGRESS.set("fromPort", 1), INGRESS.set("toPort", 65535)),
        passes(*SELECTED, *NAMED, our.NLB.unset("securityGroups")),
        violates("may not reach 'blue-nlb' on port 80", *SELECTED, *NAMED, INTO),
        violates("may not enter 'blue-nlb' on port 80", *SELECTED, *NAMED, OUT),
        violates("may not enter", *WORKS, INGRESS.set(PEER, NLB_GROUP_ID)),
        violates("may not reach", *WORKS, EGRESS.set("toPort", 79)),
        violates("on port 9000", *WORKS, PORT_9000),
        ill_typed(violates("may not reach", *WORKS, EGRESS.set("fromPort", [80]))),
        ill_typed(passes(*WORKS, INGRESS.set("fromPort", "80"))),
        unknown("body", *WORKS, our.DEFINITION.unknown("body")),
        unknown("security groups", *WORKS, *EXISTS, EGRESS.unknown("toPort")),
        unknown("port", *WORKS, *EXISTS, our.STAGE.unknown(HOST)),
        absent(violates("may not reach", *WORKS, EGRESS.unset("fromPort"))),
        absent(violates("may not reach", *WORKS, LINK.unset("securityGroupIds"))),
        ignores(),
        ignores(*SELECTED, *ELSEWHERE),
        ignores(*SELECTED),
    ),
]
