"""Cases of the rules about load balancers."""

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
from tests.policies.changes import Change, Part, added

KIND = "loadBalancerType"
ALB_ARN = our.OTHER_ARN.replace("/net/", "/app/")
LISTENER_ARN = our.OTHER_ARN.replace("loadbalancer/", "listener/")
NLB_PUBLIC = our.NLB.set("internal", False)
MAPPINGS = "subnetMappings"
CROSS = "enableCrossZoneLoadBalancing"
OVER_TLS = our.LISTENER.set("protocol", "TLS")
POLICY = "sslPolicy"
MODERN = "ELBSecurityPolicy-TLS13-1-2-2021-06"
CHECK = "healthCheck"
ENFORCED = "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
NO_FLEET = our.FLEET.removed()
PENDING_LISTENER = added(
    our.LISTENER.type,
    "a-pending",
    {"loadBalancerArn": UNKNOWN, "defaultActions": UNKNOWN},
    {"loadBalancerArn": our.NLB},
)


def attached(token: str, prop: str) -> Change:
    """An attachment to our target group."""
    return added(token, "a", {prop: UNKNOWN}, {prop: our.TARGET_GROUP})


CASES = [
    *of_rule(
        "nlb-internal",
        passes(),
        violates("bypassing the API", NLB_PUBLIC),
        violates("bypassing the API", NLB_PUBLIC, our.NLB.becomes(types.LOAD_BALANCERS[1])),
        violates("bypassing the API", added(types.CLASSIC_BALANCER, "classic", {"name": "x"})),
        violates(
            "bypassing the API", added(types.CLASSIC_BALANCER, "classic", {"internal": False})
        ),
        passes(added(types.CLASSIC_BALANCER, "classic", {"internal": True})),
        passes(our.NLB.set("internal", "true")),
        violates("bypassing the API", our.NLB.set("internal", "false")),
        violates("bypassing the API", our.NLB.set("internal", "")),
        ill_typed(violates("wrong type in internal", our.NLB.set("internal", 1))),
        unknown("internal", our.NLB.unknown("internal")),
        unknown(KIND, our.NLB.unknown(KIND), NLB_PUBLIC),
        at_preview(passes(our.NLB.unknown(KIND))),
        absent(violates("", our.NLB.unset("internal"))),
        ignores(our.NLB.set(KIND, "gateway"), NLB_PUBLIC),
        violates("bypassing the API", our.NLB.set(KIND, "application"), NLB_PUBLIC),
        ignores(our.NLB.removed()),
    ),
    *of_rule(
        "vpclink-target-private",
        ill_typed(violates("not a Network Load", our.LINK.set("targetArn", ["x"]))),
        passes(),
        passes(our.LINK.set("targetArn", our.OTHER_ARN)),
        violates("not a Network Load Balancer", our.LINK.set("targetArn", ALB_ARN)),
        violates("not a Network", our.LINK.set("targetArn", LISTENER_ARN)),
        violates("'blue-nlb', which is not a Network", our.NLB.set(KIND, "application")),
        violates("from the internet", NLB_PUBLIC),
        unknown(KIND, our.NLB.unknown("internal")),
        unknown(KIND, our.NLB.unknown(KIND)),
        unknown("targetArn", our.NLB.removed()),
        absent(passes(our.LINK.unset("targetArn"))),
        absent(violates("", our.NLB.unset("internal"))),
        ignores(our.LINK.removed()),
    ),
    *of_rule(
        "nlb-zones",
        ill_typed(violates("0 of 2", our.NLB.set("subnets", [5, {"a": 1}]))),
        passes(),
        passes(our.ZONE_B, minZones=1),
        passes(our.NLB.set("subnets", ["subnet-1", "subnet-2"])),
        passes(
            our.NLB.unset("subnets"),
            our.NLB.set(MAPPINGS, [{"subnetId": "subnet-1"}, {"subnetId": "subnet-2"}]),
        ),
        violates("1 of 2", our.ZONE_B),
        violates("2 of 3", minZones=3),
        violates("1 of 2", our.NLB.set("subnets", ["subnet-1"])),
        violates(
            "1 of", our.NLB.unset("subnets"), our.NLB.set(MAPPINGS, [{"subnetId": "subnet-1"}])
        ),
        unknown("Availability Zones", our.SUBNET_A.unknown("availabilityZone")),
        unknown("Availability Zones", Part(types.SUBNET).removed()),
        unknown(
            "Availability Zones",
            our.NLB.set("subnets", ["subnet-1"]),
            our.NLB.set(MAPPINGS, [{"subnetId": UNKNOWN}]),
        ),
        at_preview(passes()),
        at_preview(passes(our.SUBNET_A.unknown("availabilityZone"), minZones=1)),
        absent(violates("0 of", our.NLB.unset("subnets"))),
        ignores(our.NLB.removed()),
    ),
    *of_rule(
        "nlb-cross-zone",
        ill_typed(violates("wrong type", our.NLB.set(CROSS, "maybe"))),
        violates("routes only to", our.NLB.set(CROSS, "false")),
        passes(),
        violates("only to targets in the zone", our.NLB.set(CROSS, False)),
        unknown(CROSS, our.NLB.unknown(CROSS)),
        absent(violates("", our.NLB.unset(CROSS))),
        ignores(our.NLB.set(KIND, "application"), our.NLB.set(CROSS, False)),
    ),
    *of_rule(
        "listener-tls-policy",
        ill_typed(violates("wrong type", OVER_TLS, our.LISTENER.set(POLICY, [MODERN]))),
        ill_typed(violates("wrong type in protocol", our.LISTENER.set("protocol", ["TLS"]))),
        passes(OVER_TLS, our.LISTENER.set(POLICY, MODERN)),
        passes(OVER_TLS, our.LISTENER.set(POLICY, "ELBSecurityPolicy-FS-1-2-Res-2020-10")),
        violates("default policy", OVER_TLS),
        violates("default policy", our.LISTENER.set("protocol", "HTTPS")),
        violates("older than 1.2", OVER_TLS, our.LISTENER.set(POLICY, "ELBSecurityPolicy-2016-08")),
        violates(
            "older than 1.2",
            OVER_TLS,
            our.LISTENER.set(POLICY, "ELBSecurityPolicy-TLS13-1-0-2021-06"),
        ),
        unknown(POLICY, OVER_TLS, our.LISTENER.unknown(POLICY)),
        unknown("protocol", our.LISTENER.unknown("protocol")),
        at_preview(passes(our.LISTENER.unknown("protocol"), our.LISTENER.set(POLICY, MODERN))),
        at_preview(ignores(our.LISTENER.unknown(POLICY))),
        absent(ignores(our.LISTENER.unset("protocol"))),
        ignores(),
    ),
    *of_rule(
        "target-group-health-check",
        ill_typed(violates("wrong type", our.TARGET_GROUP.set(CHECK, "HTTP"))),
        passes(),
        passes(our.TARGET_GROUP.set(f"{CHECK}.protocol", "HTTPS")),
        violates("whether a port is open", our.TARGET_GROUP.set(f"{CHECK}.protocol", "TCP")),
        violates("does not set the path", our.TARGET_GROUP.set(f"{CHECK}.path", "")),
        unknown(CHECK, our.TARGET_GROUP.unknown(CHECK)),
        unknown(CHECK, our.TARGET_GROUP.unknown(f"{CHECK}.path")),
        unknown(CHECK, our.TARGET_GROUP.unknown(f"{CHECK}.protocol")),
        absent(violates("default health check", our.TARGET_GROUP.unset(CHECK))),
        absent(violates("", our.TARGET_GROUP.unset(f"{CHECK}.path"))),
        absent(violates("", our.TARGET_GROUP.unset(f"{CHECK}.protocol"))),
        ignores(our.TARGET_GROUP.removed()),
    ),
    *of_rule(
        "nlb-admits-link",
        ill_typed(violates("applies inbound rules", our.NLB.set(ENFORCED, ["off"]))),
        passes(),
        violates("applies inbound rules", our.NLB.set(ENFORCED, "on"), our.LINK.without_sources()),
        violates("applies inbound rules", our.NLB.set(ENFORCED, "on")),
        unknown(ENFORCED, our.NLB.unknown(ENFORCED)),
        at_preview(violates("", our.NLB.set(ENFORCED, "on"), our.NLB.unknown("securityGroups"))),
        absent(violates("", our.NLB.unset(ENFORCED))),
        absent(ignores(our.NLB.unset("securityGroups"))),
        ignores(our.LINK.removed()),
        ignores(our.NLB.set("securityGroups", [])),
    ),
    *of_rule(
        "nlb-wired",
        ill_typed(violates("wrong type", our.LISTENER.set("defaultActions", "forward"))),
        passes(),
        passes(our.LISTENER.without_sources(), our.FLEET.without_sources()),
        violates("no targets", NO_FLEET, PENDING_LISTENER),
        violates("no targets", NO_FLEET, our.LISTENER.without_sources()),
        passes(NO_FLEET, attached(types.FLEET_ATTACHMENT, "lbTargetGroupArn")),
        passes(NO_FLEET, attached(types.TARGET_ATTACHMENTS[0], "targetGroupArn")),
        passes(our.LISTENER.set("defaultActions.0.targetGroupArn", our.OTHER_ARN)),
        violates("'blue-targets', which has no targets", NO_FLEET),
        violates("no targets", our.FLEET.set("targetGroupArns", [])),
        violates("has no listener", our.LISTENER.set("loadBalancerArn", our.OTHER_ARN)),
        unknown("defaultActions", our.LISTENER.unknown("defaultActions")),
        at_preview(passes()),
        absent(violates("has no listener", our.LISTENER.removed())),
        absent(passes(our.LISTENER.unset("defaultActions"))),
        ignores(our.NLB.removed()),
    ),
]
