"""Cases of the rules about security groups."""

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import absent, at_preview, ignores, of_rule, passes, unknown, violates
from tests.policies.changes import ABSENT, Change, Part, added

ANYWHERE, ANYWHERE_V6 = "0.0.0.0/0", "::/0"
FROM_ANYWHERE = our.RULE.set("cidrBlocks", [ANYWHERE])
AS_GROUP_RULE = our.RULE.becomes(types.SECURITY_GROUP_RULE)
FROM = "referencedSecurityGroupId"
FROM_RANGES = our.RULE.unset(FROM)
WITHIN_VPC = our.RULE.set("cidrIpv4", "10.20.1.0/24")
FLEET_GROUP_ID, NLB_GROUP_ID = "sg-0f8da41c519ebb778", "sg-0089a23ca4a003729"  # from the URNs
FROM_NLB: dict[str, object] = {"sourceSecurityGroupId": NLB_GROUP_ID}


def group_rule(kind: object, props: dict[str, object]) -> list[Change]:
    """The fleet's rule as a SecurityGroupRule, which has a type."""
    given = {FROM: ABSENT, "type": kind, **props}
    return [*(our.RULE.set(path, value) for path, value in given.items()), AS_GROUP_RULE]


def inline(**entry: object) -> Change:
    """An inline rule of the fleet's group."""
    ports = {"fromPort": 8080, "toPort": 8080}
    return Part(types.SECURITY_GROUP, "blue-fleet").set("ingress", [{**ports, **entry}])


CASES = [
    *of_rule(
        "no-open-ingress",
        passes(),
        passes(our.RULE.set("cidrIpv4", "10.0.0.0/8")),
        violates("admits everyone", our.RULE.set("cidrIpv4", ANYWHERE)),
        violates("admits everyone", our.RULE.set("cidrIpv6", ANYWHERE_V6)),
        violates(
            "admits everyone",
            our.NLB_GROUP.set(
                "ingress", [{"cidrBlocks": ["10.0.0.0/8"]}, {"cidrBlocks": [ANYWHERE]}]
            ),
        ),
        violates(
            "admits everyone", our.NLB_GROUP.set("ingress", [{"ipv6CidrBlocks": [ANYWHERE_V6]}])
        ),
        violates("admits everyone", our.DEFAULT_GROUP.set("ingress", [{"cidrBlocks": [ANYWHERE]}])),
        violates("admits everyone", our.RULE.set("type", "ingress"), FROM_ANYWHERE, AS_GROUP_RULE),
        unknown("admitted sources", our.RULE.unknown("cidrIpv4")),
        unknown("admitted sources", our.NLB_GROUP.unknown("ingress")),
        at_preview(
            violates("", our.NLB_GROUP.set("ingress", [UNKNOWN, {"cidrBlocks": [ANYWHERE]}]))
        ),
        at_preview(violates("", our.RULE.unknown("type"), FROM_ANYWHERE, AS_GROUP_RULE)),
        absent(passes(our.RULE.unset("referencedSecurityGroupId"))),
        ignores(
            Part(types.SECURITY_GROUP).removed(),
            our.DEFAULT_GROUP.removed(),
            our.RULE.set("type", "egress"),
            FROM_ANYWHERE,
            AS_GROUP_RULE,
        ),
    ),
    *of_rule(
        "instance-ingress",
        passes(),
        passes(FROM_RANGES, WITHIN_VPC),
        passes(
            our.TEMPLATE.unset("networkInterfaces"),
            our.TEMPLATE.set("vpcSecurityGroupIds", [FLEET_GROUP_ID]),
        ),
        violates("other than the load balancer", our.RULE.set(FROM, "sg-other")),
        violates(
            "other than the load balancer", FROM_RANGES, our.RULE.set("cidrIpv4", "10.99.0.0/16")
        ),
        violates(
            "other than the load balancer", FROM_RANGES, our.RULE.set("cidrIpv4", "not a range")
        ),
        violates("other than", FROM_RANGES, our.RULE.set("cidrIpv6", "fd00::/8")),
        passes(added(types.VPC, "other", {"cidrBlock": "10.99.0.0/16"}), FROM_RANGES, WITHIN_VPC),
        at_preview(
            passes(added(types.VPC, "other", {"cidrBlock": UNKNOWN}), FROM_RANGES, WITHIN_VPC)
        ),
        violates("other than", our.NLB.set("securityGroups", ["sg-other"])),
        violates("more than the service port", our.RULE.set("toPort", 9000)),
        violates(
            "more than the service port", our.RULE.set("fromPort", 22), our.RULE.set("toPort", 22)
        ),
        passes(*group_rule("ingress", FROM_NLB)),
        passes(*group_rule("egress", {"cidrBlocks": ["10.99.0.0/16"]})),
        passes(inline(securityGroups=[NLB_GROUP_ID])),
        passes(inline(cidrBlocks=["10.20.1.0/24"])),
        violates("other than", *group_rule("ingress", {"cidrBlocks": ["10.99.0.0/16"]})),
        violates("other than", *group_rule("ingress", {"ipv6CidrBlocks": ["fd00::/8"]})),
        violates("other than", *group_rule("ingress", FROM_NLB | {"cidrBlocks": ["x"]})),
        violates("other than", inline(self=True)),
        violates("other than", inline(securityGroups=[NLB_GROUP_ID, "sg-other"])),
        violates("other than", inline(securityGroups=[FLEET_GROUP_ID])),
        violates("on more than", inline(securityGroups=[NLB_GROUP_ID], toPort=9000)),
        unknown("admitted sources", inline(securityGroups=[UNKNOWN])),
        unknown("admitted sources", *group_rule(UNKNOWN, {"cidrBlocks": UNKNOWN})),
        unknown("admitted sources", our.RULE.unknown("fromPort")),
        unknown("admitted sources", our.RULE.unknown("cidrIpv4")),
        unknown("admitted sources", our.TARGET_GROUP.unknown("port")),
        at_preview(passes()),
        absent(violates("", FROM_RANGES)),
        absent(passes(our.RULE.removed())),
        ignores(our.TEMPLATE.removed()),
        ignores(our.TEMPLATE.removed(), our.RULE.set(FROM, "sg-other")),
    ),
]
