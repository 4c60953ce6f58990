"""Cases of the rules about security groups."""

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


WIDE = ["0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/7", " 0.0.0.0/0"]
HALVES = ["0.0.0.0/1", "128.0.0.0/1"]
IN_PARTS = [HALVES, [f"{n}.0.0.0/8" for n in range(256)], ["10.0.0.0/8", "11.0.0.0/8"]]
LIST_ID, TEXT = "id-of-list", {"entries": "text"}
FROM_LIST = our.RULE.set("prefixListId", LIST_ID)


def prefix_list(*ranges: object) -> Change:
    """A prefix list of this stack."""
    return added(types.PREFIX_LIST, "list", {"entries": [{"cidr": cidr} for cidr in ranges]})


def entry(cidr: object, prefix_list: str = LIST_ID) -> Change:
    """An entry of a prefix list, as a separate resource."""
    props = {"cidr": cidr, "prefixListId": prefix_list}
    return added(types.PREFIX_LIST_ENTRY, "entry", props)


def to_range(cidr: str) -> Change:
    """The fleet's rule for S3, with another destination."""
    return our.EGRESS.set("cidrIpv4", cidr)


def other_range(cidr: str) -> Change:
    """One more rule of the fleet."""
    props = {"securityGroupId": FLEET_GROUP_ID, "cidrIpv4": cidr, "fromPort": 1, "toPort": 1}
    return added(types.EGRESS_RULE, "other", props)


def outward_rule(props: dict[str, object]) -> list[Change]:
    """The fleet's rule for S3 as a SecurityGroupRule."""
    given = {"type": "egress", "prefixListId": ABSENT, **props}
    rule = our.EGRESS.becomes(types.SECURITY_GROUP_RULE)
    return [*(our.EGRESS.set(path, value) for path, value in given.items()), rule]


def inline_egress(**entry: object) -> Change:
    """An inline rule of the fleet's group, for what leaves."""
    return our.FLEET_GROUP.set("egress", [{"fromPort": 443, "toPort": 443, **entry}])


TO_LIST = our.EGRESS.set("prefixListId", LIST_ID)
NO_INLINE = our.FLEET_GROUP.set("egress", [])


CASES = [
    *of_rule(
        "no-open-ingress",
        passes(),
        passes(our.RULE.set("cidrIpv4", "10.0.0.0/8")),
        violates("admits everyone", our.RULE.set("cidrIpv4", ANYWHERE)),
        violates("admits everyone", our.RULE.set("cidrIpv6", ANYWHERE_V6)),
        *(violates("admits everyone", our.RULE.set("cidrIpv4", wide)) for wide in WIDE),
        violates("admits everyone", our.RULE.set("cidrIpv6", "2000::/3")),
        *(violates("admits everyone", inline(cidrBlocks=parts)) for parts in IN_PARTS),
        passes(inline(cidrBlocks=["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"])),
        passes(inline(cidrBlocks=[f"{n}.0.0.0/8" for n in range(1, 256, 2)])),
        violates("not a valid IP range", our.RULE.set("cidrIpv4", "0.0.0.0/99")),
        passes(our.RULE.set("cidrIpv4", "")),
        ill_typed(violates("not a valid IP range", our.RULE.set("cidrIpv4", 5))),
        ill_typed(violates("wrong type in ingress", our.NLB_GROUP.set("ingress", "everyone"))),
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
        "no-open-prefix-list",
        passes(FROM_LIST, prefix_list("10.0.0.0/8")),
        passes(FROM_LIST, prefix_list("10.0.0.0/8"), entry("192.0.2.0/24")),
        passes(our.RULE.set("prefixListId", "pl-other"), prefix_list(ANYWHERE)),
        violates("through the prefix list 'list'", FROM_LIST, prefix_list(ANYWHERE)),
        violates("through the prefix list 'list'", FROM_LIST, prefix_list(ANYWHERE_V6)),
        violates("through the prefix list 'list'", FROM_LIST, prefix_list(*HALVES)),
        violates("through the prefix list 'list'", FROM_LIST, prefix_list(), entry(ANYWHERE)),
        violates(
            "through the prefix list 'list'",
            FROM_LIST,
            prefix_list(HALVES[0]),
            entry(HALVES[1]),
        ),
        violates(
            "through entries of a prefix list",
            our.RULE.set("prefixListId", "pl-other"),
            entry(ANYWHERE, "pl-other"),
        ),
        violates("prefix list 'list'", inline(prefixListIds=[LIST_ID]), prefix_list(ANYWHERE)),
        violates(
            "prefix list 'list'",
            *group_rule("ingress", {"prefixListIds": [LIST_ID]}),
            prefix_list(ANYWHERE),
        ),
        unknown("admitted prefix lists", our.RULE.unknown("prefixListId")),
        unknown("entries of 'list'", FROM_LIST, prefix_list(UNKNOWN)),
        at_preview(violates("prefix list 'list'", FROM_LIST, prefix_list(UNKNOWN, ANYWHERE))),
        absent(ignores(our.RULE.unset("prefixListId"))),
        ill_typed(passes(our.RULE.set("prefixListId", 5))),
        ill_typed(violates("wrong type in ingress", our.NLB_GROUP.set("ingress", "everyone"))),
        ill_typed(
            violates("wrong type in entries", FROM_LIST, added(types.PREFIX_LIST, "list", TEXT))
        ),
        ignores(*group_rule("egress", {"prefixListIds": [LIST_ID]}), prefix_list(ANYWHERE)),
        ignores(prefix_list(ANYWHERE)),
    ),
    *of_rule(
        "no-open-egress",
        passes(),
        passes(to_range("10.0.0.0/8")),
        passes(to_range("192.0.2.0/24"), our.EGRESS.set("fromPort", 1)),
        violates("reach every address", to_range(ANYWHERE)),
        violates("reach every address", our.EGRESS.set("cidrIpv6", ANYWHERE_V6)),
        violates("reach every address", to_range(HALVES[0]), other_range(HALVES[1])),
        violates("reach every address", *outward_rule({"cidrBlocks": [ANYWHERE]})),
        violates("reach every address", inline_egress(cidrBlocks=[ANYWHERE])),
        passes(to_range(ANYWHERE), allowedPorts=[80, 443]),
        violates("reach every address", to_range(ANYWHERE), allowedPorts=[80]),
        violates(
            "reach every address",
            to_range(ANYWHERE),
            our.EGRESS.set("ipProtocol", "-1"),
            allowedPorts=[443],
        ),
        violates(
            "reach every address",
            to_range(ANYWHERE),
            our.EGRESS.set("toPort", 444),
            allowedPorts=[443, 444],
        ),
        violates("everyone, through the prefix list 'list'", TO_LIST, prefix_list(ANYWHERE)),
        violates(
            "everyone, through the prefix list 'list'",
            inline_egress(prefixListIds=[LIST_ID]),
            prefix_list(ANYWHERE),
        ),
        passes(TO_LIST, prefix_list("10.0.0.0/8")),
        unknown("allowed destinations", our.EGRESS.unknown("cidrIpv4")),
        unknown("entries of 'list'", TO_LIST, prefix_list(UNKNOWN), NO_INLINE),
        at_preview(violates("reach every address", to_range(ANYWHERE))),
        unknown("allowed destinations", our.FLEET_GROUP.unknown("egress")),
        unknown("allowed destinations", inline_egress(cidrBlocks=[UNKNOWN])),
        at_preview(passes()),
        absent(passes(our.EGRESS.removed())),
        ill_typed(violates("not a valid IP range", to_range("everywhere"))),
        ignores(our.TEMPLATE.removed(), to_range(ANYWHERE)),
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
            passes(
                added(types.VPC, "other", {"cidrBlock": UNKNOWN}),
                FROM_RANGES,
                WITHIN_VPC,
                our.FLEET_GROUP.set("ingress", []),
            )
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
        violates("other than", inline(securityGroups=[NLB_GROUP_ID], self=True)),
        violates("other than", inline(securityGroups=[NLB_GROUP_ID], prefixListIds=["pl-1"])),
        passes(inline(securityGroups=[NLB_GROUP_ID], fromPort="8080", toPort="8080")),
        ill_typed(violates("more than", inline(securityGroups=[NLB_GROUP_ID], toPort=[8080]))),
        violates("other than", inline(securityGroups=[NLB_GROUP_ID, "sg-other"])),
        violates("other than", inline(securityGroups=[FLEET_GROUP_ID])),
        violates("on more than", inline(securityGroups=[NLB_GROUP_ID], toPort=9000)),
        unknown("admitted sources", inline(securityGroups=[UNKNOWN])),
        unknown("admitted sources", *group_rule(UNKNOWN, {"cidrBlocks": UNKNOWN})),
        unknown("admitted sources", our.RULE.unknown("fromPort")),
        unknown("admitted sources", our.RULE.unknown("cidrIpv4")),
        unknown("admitted sources", our.TARGET_GROUP.unknown("port")),
        unknown("admitted sources of 'blue-fleet'"),
        at_preview(passes(our.FLEET_GROUP.set("ingress", []))),
        absent(violates("", FROM_RANGES)),
        absent(passes(our.RULE.removed())),
        ignores(our.TEMPLATE.removed()),
        ignores(our.TEMPLATE.removed(), our.RULE.set(FROM, "sg-other")),
    ),
]
