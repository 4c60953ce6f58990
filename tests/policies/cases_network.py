"""What is expected of the rules about balancers, network, instances, permissions and logs."""

import base64
import gzip
import json

from policies.pack.graph import tokens as t
from simulation.engine import UNKNOWN
from tests.policies.scene import (
    ABSENT,
    Addition,
    Case,
    Change,
    Forgetting,
    Outcome,
    Removal,
    Retype,
    decided,
    irrelevant,
    passes,
    refuses,
    undecided,
    without,
)

PASSES, REFUSES = Outcome.PASSES, Outcome.REFUSES
NOT_APPLICABLE = Outcome.NOT_APPLICABLE
NLB, LISTENER, TARGETS = t.LOAD_BALANCERS[0], t.LISTENERS[0], t.TARGET_GROUPS[0]
ALB = t.LOAD_BALANCERS[1]
KIND = "loadBalancerType"
OTHER_ARN = (
    "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/other/0123456789abcdef"
)
ALB_ARN = OTHER_ARN.replace("/net/", "/app/")
SUBNET_A = "core-private-us-east-2a"
ZONE_B = Change(t.SUBNET, "availabilityZone", "us-east-2a", "core-private-us-east-2b")

INTERNAL = [
    passes("nlb-internal"),
    refuses("nlb-internal", "around the API", Change(NLB, "internal", False)),
    refuses("nlb-internal", "around the API", Change(NLB, "internal", False), Retype(NLB, ALB)),
    undecided("nlb-internal", "internal", Change(NLB, "internal", UNKNOWN)),
    undecided("nlb-internal", KIND, Change(NLB, KIND, UNKNOWN), Change(NLB, "internal", False)),
    decided("nlb-internal", PASSES, Change(NLB, KIND, UNKNOWN)),
    without("nlb-internal", REFUSES, Change(NLB, "internal", ABSENT)),
    irrelevant("nlb-internal", Change(NLB, KIND, "gateway"), Change(NLB, "internal", False)),
    refuses(
        "nlb-internal",
        "around the API",
        Change(NLB, KIND, "application"),
        Change(NLB, "internal", False),
    ),
    irrelevant("nlb-internal", Removal(NLB)),
]
LINK_TARGET = [
    passes("vpclink-target-private"),
    passes("vpclink-target-private", Change(t.VPC_LINK, "targetArn", OTHER_ARN)),
    refuses(
        "vpclink-target-private",
        "no Network Load Balancer",
        Change(t.VPC_LINK, "targetArn", ALB_ARN),
    ),
    refuses(
        "vpclink-target-private",
        "no Network",
        Change(t.VPC_LINK, "targetArn", OTHER_ARN.replace("loadbalancer/", "listener/")),
    ),
    refuses(
        "vpclink-target-private",
        "'blue-nlb', which is no Network",
        Change(NLB, KIND, "application"),
    ),
    refuses("vpclink-target-private", "from the internet", Change(NLB, "internal", False)),
    undecided("vpclink-target-private", KIND, Change(NLB, "internal", UNKNOWN)),
    undecided("vpclink-target-private", KIND, Change(NLB, KIND, UNKNOWN)),
    undecided("vpclink-target-private", "targetArn", Removal(NLB)),
    without("vpclink-target-private", PASSES, Change(t.VPC_LINK, "targetArn", ABSENT)),
    without("vpclink-target-private", REFUSES, Change(NLB, "internal", ABSENT)),
    irrelevant("vpclink-target-private", Removal(t.VPC_LINK)),
]
ZONES = [
    passes("nlb-zones"),
    passes("nlb-zones", ZONE_B, minZones=1),
    passes("nlb-zones", Change(NLB, "subnets", ["subnet-1", "subnet-2"])),
    passes(
        "nlb-zones",
        Change(NLB, "subnets", ABSENT),
        Change(NLB, "subnetMappings", [{"subnetId": "subnet-1"}, {"subnetId": "subnet-2"}]),
    ),
    refuses("nlb-zones", "in 1 of the 2 zones", ZONE_B),
    refuses("nlb-zones", "in 2 of the 3 zones", minZones=3),
    refuses("nlb-zones", "in 1 of the 2 zones", Change(NLB, "subnets", ["subnet-1"])),
    refuses(
        "nlb-zones",
        "in 1 of",
        Change(NLB, "subnets", ABSENT),
        Change(NLB, "subnetMappings", [{"subnetId": "subnet-1"}]),
    ),
    undecided("nlb-zones", "zones", Change(t.SUBNET, "availabilityZone", UNKNOWN, SUBNET_A)),
    undecided("nlb-zones", "zones", Removal(t.SUBNET)),
    undecided(
        "nlb-zones",
        "zones",
        Change(NLB, "subnets", ["subnet-1"]),
        Change(NLB, "subnetMappings", [{"subnetId": UNKNOWN}]),
    ),
    decided("nlb-zones", PASSES),
    decided(
        "nlb-zones", PASSES, Change(t.SUBNET, "availabilityZone", UNKNOWN, SUBNET_A), minZones=1
    ),
    without("nlb-zones", REFUSES, Change(NLB, "subnets", ABSENT), words="in 0 of"),
    irrelevant("nlb-zones", Removal(NLB)),
]
CROSS = "enableCrossZoneLoadBalancing"
CROSS_ZONE = [
    passes("nlb-cross-zone"),
    refuses("nlb-cross-zone", "only from the zone", Change(NLB, CROSS, False)),
    undecided("nlb-cross-zone", CROSS, Change(NLB, CROSS, UNKNOWN)),
    without("nlb-cross-zone", REFUSES, Change(NLB, CROSS, ABSENT)),
    irrelevant("nlb-cross-zone", Change(NLB, KIND, "application"), Change(NLB, CROSS, False)),
]
OVER_TLS = Change(LISTENER, "protocol", "TLS")
MODERN = "ELBSecurityPolicy-TLS13-1-2-2021-06"
LISTENER_TLS = [
    passes("listener-tls-policy", OVER_TLS, Change(LISTENER, "sslPolicy", MODERN)),
    passes(
        "listener-tls-policy",
        OVER_TLS,
        Change(LISTENER, "sslPolicy", "ELBSecurityPolicy-FS-1-2-Res-2020-10"),
    ),
    refuses("listener-tls-policy", "an old default", OVER_TLS),
    refuses("listener-tls-policy", "an old default", Change(LISTENER, "protocol", "HTTPS")),
    refuses(
        "listener-tls-policy",
        "allows old versions",
        OVER_TLS,
        Change(LISTENER, "sslPolicy", "ELBSecurityPolicy-2016-08"),
    ),
    refuses(
        "listener-tls-policy",
        "allows old versions",
        OVER_TLS,
        Change(LISTENER, "sslPolicy", "ELBSecurityPolicy-TLS13-1-0-2021-06"),
    ),
    undecided("listener-tls-policy", "sslPolicy", OVER_TLS, Change(LISTENER, "sslPolicy", UNKNOWN)),
    undecided("listener-tls-policy", "protocol", Change(LISTENER, "protocol", UNKNOWN)),
    decided(
        "listener-tls-policy",
        PASSES,
        Change(LISTENER, "protocol", UNKNOWN),
        Change(LISTENER, "sslPolicy", MODERN),
    ),
    decided("listener-tls-policy", NOT_APPLICABLE, Change(LISTENER, "sslPolicy", UNKNOWN)),
    without("listener-tls-policy", NOT_APPLICABLE, Change(LISTENER, "protocol", ABSENT)),
    irrelevant("listener-tls-policy"),
]
CHECK = "healthCheck"
HEALTH = [
    passes("target-group-health-check"),
    passes("target-group-health-check", Change(TARGETS, f"{CHECK}.protocol", "HTTPS")),
    refuses(
        "target-group-health-check",
        "whether a port is open",
        Change(TARGETS, f"{CHECK}.protocol", "TCP"),
    ),
    refuses("target-group-health-check", "which path", Change(TARGETS, f"{CHECK}.path", "")),
    undecided("target-group-health-check", CHECK, Change(TARGETS, CHECK, UNKNOWN)),
    undecided("target-group-health-check", CHECK, Change(TARGETS, f"{CHECK}.path", UNKNOWN)),
    undecided("target-group-health-check", CHECK, Change(TARGETS, f"{CHECK}.protocol", UNKNOWN)),
    without(
        "target-group-health-check",
        REFUSES,
        Change(TARGETS, CHECK, ABSENT),
        words="default health check",
    ),
    without("target-group-health-check", REFUSES, Change(TARGETS, f"{CHECK}.path", ABSENT)),
    without("target-group-health-check", REFUSES, Change(TARGETS, f"{CHECK}.protocol", ABSENT)),
    irrelevant("target-group-health-check", Removal(TARGETS)),
]
ENFORCED = "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
ADMITS = [
    passes("nlb-admits-link"),
    refuses("nlb-admits-link", "by inbound", Change(NLB, ENFORCED, "on"), Forgetting(t.VPC_LINK)),
    refuses("nlb-admits-link", "by inbound rules", Change(NLB, ENFORCED, "on")),
    undecided("nlb-admits-link", ENFORCED, Change(NLB, ENFORCED, UNKNOWN)),
    decided(
        "nlb-admits-link",
        REFUSES,
        Change(NLB, ENFORCED, "on"),
        Change(NLB, "securityGroups", UNKNOWN),
    ),
    without("nlb-admits-link", REFUSES, Change(NLB, ENFORCED, ABSENT)),
    without("nlb-admits-link", NOT_APPLICABLE, Change(NLB, "securityGroups", ABSENT)),
    irrelevant("nlb-admits-link", Removal(t.VPC_LINK)),
    irrelevant("nlb-admits-link", Change(NLB, "securityGroups", [])),
]
NO_FLEET = Removal(t.FLEET)
TO_TARGETS = "blue-targets " + TARGETS
PENDING_LISTENER = Addition(
    LISTENER,
    "a-pending",
    {"loadBalancerArn": UNKNOWN, "defaultActions": UNKNOWN},
    {"loadBalancerArn": "blue-nlb " + NLB},
)
WIRED = [
    passes("nlb-wired"),
    passes("nlb-wired", Forgetting(LISTENER), Forgetting(t.FLEET)),
    refuses("nlb-wired", "no targets", NO_FLEET, PENDING_LISTENER),
    refuses("nlb-wired", "no targets", NO_FLEET, Forgetting(LISTENER)),
    passes(
        "nlb-wired",
        NO_FLEET,
        Addition(
            t.FLEET_ATTACHMENT, "a", {"lbTargetGroupArn": UNKNOWN}, {"lbTargetGroupArn": TO_TARGETS}
        ),
    ),
    passes(
        "nlb-wired",
        NO_FLEET,
        Addition(
            t.TARGET_ATTACHMENTS[0],
            "a",
            {"targetGroupArn": UNKNOWN},
            {"targetGroupArn": TO_TARGETS},
        ),
    ),
    passes("nlb-wired", Change(LISTENER, "defaultActions.0.targetGroupArn", OTHER_ARN)),
    refuses("nlb-wired", "'blue-targets', which has no targets", NO_FLEET),
    refuses("nlb-wired", "no targets", Change(t.FLEET, "targetGroupArns", [])),
    refuses("nlb-wired", "has no listener", Change(LISTENER, "loadBalancerArn", OTHER_ARN)),
    undecided("nlb-wired", "defaultActions", Change(LISTENER, "defaultActions", UNKNOWN)),
    decided("nlb-wired", PASSES),
    without("nlb-wired", REFUSES, Removal(LISTENER), words="has no listener"),
    without("nlb-wired", PASSES, Change(LISTENER, "defaultActions", ABSENT)),
    irrelevant("nlb-wired", Removal(NLB)),
]

FLOWS = [
    passes("vpc-flow-logs"),
    passes("vpc-flow-logs", Change(t.FLOW_LOG, "trafficType", "REJECT")),
    refuses("vpc-flow-logs", "no flow log", Change(t.FLOW_LOG, "trafficType", "ACCEPT")),
    refuses("vpc-flow-logs", "no flow log", Change(t.FLOW_LOG, "vpcId", "vpc-other")),
    undecided("vpc-flow-logs", "trafficType", Change(t.FLOW_LOG, "trafficType", UNKNOWN)),
    decided("vpc-flow-logs", PASSES, Change(t.FLOW_LOG, "vpcId", UNKNOWN)),
    without("vpc-flow-logs", REFUSES, Removal(t.FLOW_LOG)),
    irrelevant("vpc-flow-logs", Removal(t.VPC)),
]
OPEN_RULE = [{"protocol": "-1", "self": True}]
DEFAULT_GROUP = [
    passes("vpc-default-group"),
    refuses(
        "vpc-default-group",
        "has ingress rules",
        Change(t.DEFAULT_SECURITY_GROUP, "ingress", OPEN_RULE),
    ),
    refuses(
        "vpc-default-group",
        "has egress rules",
        Change(t.DEFAULT_SECURITY_GROUP, "egress", OPEN_RULE),
    ),
    refuses(
        "vpc-default-group",
        "leaves its default",
        Change(t.DEFAULT_SECURITY_GROUP, "vpcId", "vpc-other"),
    ),
    undecided("vpc-default-group", "ingress", Change(t.DEFAULT_SECURITY_GROUP, "ingress", UNKNOWN)),
    undecided("vpc-default-group", "egress", Change(t.DEFAULT_SECURITY_GROUP, "egress", UNKNOWN)),
    without(
        "vpc-default-group", REFUSES, Removal(t.DEFAULT_SECURITY_GROUP), words="leaves its default"
    ),
    without("vpc-default-group", PASSES, Change(t.DEFAULT_SECURITY_GROUP, "ingress", ABSENT)),
    irrelevant("vpc-default-group", Removal(t.VPC)),
]
SUBNET_ID = "subnet-09aadcf275b64629c"  # the made-up ids follow from the URNs
PUBLIC = Change(t.SUBNET, "mapPublicIpOnLaunch", True, SUBNET_A)
ELSEWHERE = (
    Change(NLB, "subnets", ["subnet-1", "subnet-2"]),
    Change(t.FLEET, "vpcZoneIdentifiers", ["subnet-1", "subnet-2"]),
)
NO_PUBLIC_SUBNET = [
    passes("subnet-no-public-ip"),
    refuses("subnet-no-public-ip", "public address", PUBLIC),
    refuses("subnet-no-public-ip", "public address", PUBLIC, ELSEWHERE[0]),
    refuses("subnet-no-public-ip", "public address", PUBLIC, ELSEWHERE[1]),
    refuses(
        "subnet-no-public-ip",
        "public address",
        PUBLIC,
        Addition(NLB, "a-public-one", {"internal": False}),
    ),
    refuses(
        "subnet-no-public-ip",
        "public address",
        PUBLIC,
        *ELSEWHERE,
        Change(t.LAUNCH_TEMPLATE, "subnetId", SUBNET_ID),
        Retype(t.LAUNCH_TEMPLATE, t.INSTANCE),
    ),
    refuses(
        "subnet-no-public-ip",
        "public address",
        PUBLIC,
        *ELSEWHERE,
        Change(t.LAUNCH_TEMPLATE, "networkInterfaces", [{"subnetId": SUBNET_ID}]),
    ),
    refuses(
        "subnet-no-public-ip",
        "public address",
        PUBLIC,
        *ELSEWHERE,
        Change(NLB, "subnetMappings", [{"subnetId": SUBNET_ID}]),
    ),
    undecided(
        "subnet-no-public-ip",
        "mapPublicIpOnLaunch",
        Change(t.SUBNET, "mapPublicIpOnLaunch", UNKNOWN, SUBNET_A),
    ),
    decided("subnet-no-public-ip", REFUSES, PUBLIC),
    without(
        "subnet-no-public-ip", PASSES, Change(t.SUBNET, "mapPublicIpOnLaunch", ABSENT, SUBNET_A)
    ),
    irrelevant("subnet-no-public-ip", PUBLIC, *ELSEWHERE),
    irrelevant("subnet-no-public-ip", PUBLIC, Change(NLB, "internal", False), ELSEWHERE[1]),
]
DEFAULT_VPC = [
    refuses("no-default-vpc", "takes over", Retype(t.VPC, t.DEFAULT_VPC)),
    refuses("no-default-vpc", "takes over", Retype(t.SUBNET, t.DEFAULT_SUBNET, SUBNET_A)),
    decided(
        "no-default-vpc", REFUSES, Change(t.VPC, "cidrBlock", UNKNOWN), Retype(t.VPC, t.DEFAULT_VPC)
    ),
    without("no-default-vpc", REFUSES, Addition(t.DEFAULT_VPC, "default", {})),
    irrelevant("no-default-vpc"),
]
GATEWAY = Addition(
    t.INTERNET_GATEWAY, "gateway", {"vpcId": UNKNOWN}, {"vpcId": "core-vpc " + t.VPC}
)
TABLE_A = f"{SUBNET_A} {t.ROUTE_TABLE}"


def route(gateway: object, **sources: str) -> Addition:
    """A default route of the first subnet's table."""
    props = {"routeTableId": UNKNOWN, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway}
    return Addition(t.ROUTE, "way-out", props, {"routeTableId": TABLE_A, **sources})


IN_TABLE = Change(
    t.ROUTE_TABLE, "routes", [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}], SUBNET_A
)
MAIN = (
    Removal(t.ROUTE_TABLE_ASSOCIATION, SUBNET_A),
    Addition(
        t.MAIN_ROUTE_TABLE,
        "main",
        {"vpcId": UNKNOWN, "routeTableId": UNKNOWN},
        {"vpcId": "core-vpc " + t.VPC, "routeTableId": TABLE_A},
    ),
)
DEFAULT_TABLE = (
    Removal(t.ROUTE_TABLE_ASSOCIATION, SUBNET_A),
    Addition(
        t.DEFAULT_ROUTE_TABLE,
        "default",
        {"defaultRouteTableId": UNKNOWN, "routes": [{"gatewayId": "igw-1"}]},
        {"defaultRouteTableId": "core-vpc " + t.VPC},
    ),
)
ROUTES = [
    passes("subnet-private-routes"),
    passes("subnet-private-routes", route("vgw-1")),
    passes("subnet-private-routes", route(None)),
    refuses("subnet-private-routes", "by 'way-out'", route("igw-1")),
    refuses(
        "subnet-private-routes",
        "by 'way-out'",
        GATEWAY,
        route(UNKNOWN, gatewayId="gateway " + t.INTERNET_GATEWAY),
    ),
    refuses("subnet-private-routes", f"by '{SUBNET_A}'", IN_TABLE),
    refuses("subnet-private-routes", "by 'way-out'", *MAIN, route("igw-1")),
    refuses("subnet-private-routes", "by 'default'", *DEFAULT_TABLE),
    refuses(
        "subnet-private-routes",
        "by 'default'",
        Removal(t.ROUTE_TABLE_ASSOCIATION, SUBNET_A),
        Change(t.VPC, "defaultRouteTableId", "rtb-main"),
        Addition(
            t.DEFAULT_ROUTE_TABLE,
            "default",
            {"defaultRouteTableId": "rtb-main", "routes": [{"gatewayId": "igw-1"}]},
        ),
    ),
    undecided("subnet-private-routes", "gatewayId of 'way-out'", route(UNKNOWN)),
    decided("subnet-private-routes", PASSES, route(UNKNOWN, gatewayId="core-vpc " + t.VPC)),
    without("subnet-private-routes", PASSES, Removal(t.ROUTE_TABLE_ASSOCIATION)),
    without("subnet-private-routes", PASSES, Removal(t.VPC), Removal(t.ROUTE_TABLE_ASSOCIATION)),
    irrelevant("subnet-private-routes", *ELSEWHERE, route("igw-1")),
]
RULE = t.INGRESS_RULE
EVERYBODY, EVERYBODY_V6 = "0.0.0.0/0", "::/0"
GROUP_RULE = Retype(RULE, t.SECURITY_GROUP_RULE)
OPEN_INGRESS = [
    passes("no-open-ingress"),
    passes("no-open-ingress", Change(RULE, "cidrIpv4", "10.0.0.0/8")),
    refuses("no-open-ingress", "admits everybody", Change(RULE, "cidrIpv4", EVERYBODY)),
    refuses("no-open-ingress", "admits everybody", Change(RULE, "cidrIpv6", EVERYBODY_V6)),
    refuses(
        "no-open-ingress",
        "admits everybody",
        Change(
            t.SECURITY_GROUP,
            "ingress",
            [{"cidrBlocks": ["10.0.0.0/8"]}, {"cidrBlocks": [EVERYBODY]}],
            "blue-nlb",
        ),
    ),
    refuses(
        "no-open-ingress",
        "admits everybody",
        Change(t.SECURITY_GROUP, "ingress", [{"ipv6CidrBlocks": [EVERYBODY_V6]}], "blue-nlb"),
    ),
    refuses(
        "no-open-ingress",
        "admits everybody",
        Change(t.DEFAULT_SECURITY_GROUP, "ingress", [{"cidrBlocks": [EVERYBODY]}]),
    ),
    refuses(
        "no-open-ingress",
        "admits everybody",
        Change(RULE, "type", "ingress"),
        Change(RULE, "cidrBlocks", [EVERYBODY]),
        GROUP_RULE,
    ),
    undecided("no-open-ingress", "who is admitted", Change(RULE, "cidrIpv4", UNKNOWN)),
    undecided(
        "no-open-ingress",
        "who is admitted",
        Change(t.SECURITY_GROUP, "ingress", UNKNOWN, "blue-nlb"),
    ),
    decided(
        "no-open-ingress",
        REFUSES,
        Change(t.SECURITY_GROUP, "ingress", [UNKNOWN, {"cidrBlocks": [EVERYBODY]}], "blue-nlb"),
    ),
    decided(
        "no-open-ingress",
        REFUSES,
        Change(RULE, "type", UNKNOWN),
        Change(RULE, "cidrBlocks", [EVERYBODY]),
        GROUP_RULE,
    ),
    without("no-open-ingress", PASSES, Change(RULE, "referencedSecurityGroupId", ABSENT)),
    irrelevant(
        "no-open-ingress",
        Removal(t.SECURITY_GROUP),
        Removal(t.DEFAULT_SECURITY_GROUP),
        Change(RULE, "type", "egress"),
        Change(RULE, "cidrBlocks", [EVERYBODY]),
        GROUP_RULE,
    ),
]
FROM = "referencedSecurityGroupId"
FLEET_GROUP = "sg-0f8da41c519ebb778"  # the made-up id follows from the URN
NLB_GROUP = "sg-0089a23ca4a003729"
FROM_NLB: dict[str, object] = {"sourceSecurityGroupId": NLB_GROUP}


def old_rule(kind: object, props: dict[str, object]) -> tuple[Change | Retype, ...]:
    """The fleet's rule in the older form, which is told by a type."""
    given = {FROM: ABSENT, "type": kind, **props}
    return (*(Change(RULE, path, value) for path, value in given.items()), GROUP_RULE)


def inline(**entry: object) -> Change:
    """An entry of the fleet's group itself."""
    ports = {"fromPort": 8080, "toPort": 8080}
    return Change(t.SECURITY_GROUP, "ingress", [{**ports, **entry}], "blue-fleet")


INGRESS = [
    passes("instance-ingress"),
    passes(
        "instance-ingress", Change(RULE, FROM, ABSENT), Change(RULE, "cidrIpv4", "10.20.1.0/24")
    ),
    passes(
        "instance-ingress",
        Change(t.LAUNCH_TEMPLATE, "networkInterfaces", ABSENT),
        Change(t.LAUNCH_TEMPLATE, "vpcSecurityGroupIds", [FLEET_GROUP]),
    ),
    refuses("instance-ingress", "others than the load balancer", Change(RULE, FROM, "sg-other")),
    refuses(
        "instance-ingress",
        "others than the load balancer",
        Change(RULE, FROM, ABSENT),
        Change(RULE, "cidrIpv4", "10.99.0.0/16"),
    ),
    refuses(
        "instance-ingress",
        "others than the load balancer",
        Change(RULE, FROM, ABSENT),
        Change(RULE, "cidrIpv4", "not a range"),
    ),
    refuses(
        "instance-ingress",
        "others than",
        Change(RULE, FROM, ABSENT),
        Change(RULE, "cidrIpv6", "fd00::/8"),
    ),
    passes(
        "instance-ingress",
        Addition(t.VPC, "other", {"cidrBlock": "10.99.0.0/16"}),
        Change(RULE, FROM, ABSENT),
        Change(RULE, "cidrIpv4", "10.20.1.0/24"),
    ),
    decided(
        "instance-ingress",
        PASSES,
        Addition(t.VPC, "other", {"cidrBlock": UNKNOWN}),
        Change(RULE, FROM, ABSENT),
        Change(RULE, "cidrIpv4", "10.20.1.0/24"),
    ),
    refuses("instance-ingress", "others than", Change(NLB, "securityGroups", ["sg-other"])),
    refuses("instance-ingress", "more than the service port", Change(RULE, "toPort", 9000)),
    refuses(
        "instance-ingress",
        "more than the service port",
        Change(RULE, "fromPort", 22),
        Change(RULE, "toPort", 22),
    ),
    passes("instance-ingress", *old_rule("ingress", FROM_NLB)),
    passes("instance-ingress", *old_rule("egress", {"cidrBlocks": ["10.99.0.0/16"]})),
    passes("instance-ingress", inline(securityGroups=[NLB_GROUP])),
    passes("instance-ingress", inline(cidrBlocks=["10.20.1.0/24"])),
    refuses("instance-ingress", "others", *old_rule("ingress", {"cidrBlocks": ["10.99.0.0/16"]})),
    refuses("instance-ingress", "others", *old_rule("ingress", {"ipv6CidrBlocks": ["fd00::/8"]})),
    refuses("instance-ingress", "others", *old_rule("ingress", FROM_NLB | {"cidrBlocks": ["x"]})),
    refuses("instance-ingress", "others than", inline(self=True)),
    refuses("instance-ingress", "others than", inline(securityGroups=[NLB_GROUP, "sg-other"])),
    refuses("instance-ingress", "others than", inline(securityGroups=[FLEET_GROUP])),
    refuses("instance-ingress", "more than", inline(securityGroups=[NLB_GROUP], toPort=9000)),
    undecided("instance-ingress", "who is admitted", inline(securityGroups=[UNKNOWN])),
    undecided("instance-ingress", "who is admitted", *old_rule(UNKNOWN, {"cidrBlocks": UNKNOWN})),
    undecided("instance-ingress", "who is admitted", Change(RULE, "fromPort", UNKNOWN)),
    undecided("instance-ingress", "who is admitted", Change(RULE, "cidrIpv4", UNKNOWN)),
    undecided("instance-ingress", "who is admitted", Change(TARGETS, "port", UNKNOWN)),
    decided("instance-ingress", PASSES),
    without("instance-ingress", REFUSES, Change(RULE, FROM, ABSENT)),
    without("instance-ingress", PASSES, Removal(RULE)),
    irrelevant("instance-ingress", Removal(t.LAUNCH_TEMPLATE)),
    irrelevant("instance-ingress", Removal(t.LAUNCH_TEMPLATE), Change(RULE, FROM, "sg-other")),
]

TEMPLATE = t.LAUNCH_TEMPLATE
INSTANCE = Retype(TEMPLATE, t.INSTANCE)
FROM_TEMPLATE = Change(TEMPLATE, "launchTemplate", {"id": "lt-1"})
META = "metadataOptions"
IMDS = [
    passes("instance-imdsv2"),
    passes("instance-imdsv2", INSTANCE),
    passes("instance-imdsv2", Change(TEMPLATE, META, {"httpEndpoint": "disabled"})),
    refuses(
        "instance-imdsv2", "without a token", Change(TEMPLATE, f"{META}.httpTokens", "optional")
    ),
    refuses(
        "instance-imdsv2",
        "without a token",
        FROM_TEMPLATE,
        Change(TEMPLATE, META, {"httpTokens": "optional"}),
        INSTANCE,
    ),
    undecided(
        "instance-imdsv2", f"{META}.httpTokens", Change(TEMPLATE, f"{META}.httpTokens", UNKNOWN)
    ),
    undecided("instance-imdsv2", f"{META}.httpTokens", Change(TEMPLATE, META, UNKNOWN)),
    without("instance-imdsv2", REFUSES, Change(TEMPLATE, META, ABSENT)),
    without("instance-imdsv2", REFUSES, Change(TEMPLATE, META, ABSENT), INSTANCE),
    irrelevant("instance-imdsv2", Change(TEMPLATE, META, ABSENT), FROM_TEMPLATE, INSTANCE),
]
HOPS = f"{META}.httpPutResponseHopLimit"
HOP = [
    passes("instance-hop-limit"),
    passes("instance-hop-limit", Change(TEMPLATE, HOPS, 2), maxHops=2),
    refuses("instance-hop-limit", "over 2 hops", Change(TEMPLATE, HOPS, 2)),
    undecided("instance-hop-limit", HOPS, Change(TEMPLATE, HOPS, UNKNOWN)),
    without("instance-hop-limit", PASSES, Change(TEMPLATE, HOPS, ABSENT)),
    irrelevant("instance-hop-limit", Removal(TEMPLATE)),
]
PUBLIC_IP = "associatePublicIpAddress"
CARD = "networkInterfaces"
NO_PUBLIC_IP = [
    passes("instance-no-public-ip"),
    refuses(
        "instance-no-public-ip", "public address", Change(TEMPLATE, f"{CARD}.0.{PUBLIC_IP}", "true")
    ),
    refuses("instance-no-public-ip", "public address", Change(TEMPLATE, PUBLIC_IP, True), INSTANCE),
    undecided(
        "instance-no-public-ip", PUBLIC_IP, Change(TEMPLATE, f"{CARD}.0.{PUBLIC_IP}", UNKNOWN)
    ),
    undecided("instance-no-public-ip", PUBLIC_IP, Change(TEMPLATE, CARD, UNKNOWN)),
    decided(
        "instance-no-public-ip", REFUSES, Change(TEMPLATE, CARD, [UNKNOWN, {PUBLIC_IP: "true"}])
    ),
    without("instance-no-public-ip", PASSES, Change(TEMPLATE, f"{CARD}.0.{PUBLIC_IP}", ABSENT)),
    irrelevant("instance-no-public-ip", Removal(TEMPLATE)),
]
DISKS = "blockDeviceMappings"
ROOT = "rootBlockDevice"
ENCRYPTED = [
    passes("volume-encrypted"),
    passes(
        "volume-encrypted",
        Change(TEMPLATE, DISKS, [{"ebs": {"encrypted": "true"}}, {"virtualName": "ephemeral0"}]),
    ),
    passes("volume-encrypted", Change(TEMPLATE, ROOT, {"encrypted": True}), INSTANCE),
    passes("volume-encrypted", Addition(t.VOLUME, "disk", {"encrypted": True})),
    refuses(
        "volume-encrypted", "not encrypted", Change(TEMPLATE, f"{DISKS}.0.ebs.encrypted", "false")
    ),
    refuses("volume-encrypted", "not encrypted", Addition(t.VOLUME, "disk", {"encrypted": False})),
    refuses("volume-encrypted", "not encrypted", INSTANCE),
    refuses(
        "volume-encrypted",
        "not encrypted",
        Change(TEMPLATE, ROOT, {"encrypted": True}),
        Change(TEMPLATE, "ebsBlockDevices", [{"encrypted": False}]),
        INSTANCE,
    ),
    undecided(
        "volume-encrypted", "encryption", Change(TEMPLATE, f"{DISKS}.0.ebs.encrypted", UNKNOWN)
    ),
    undecided("volume-encrypted", "encryption", Change(TEMPLATE, DISKS, UNKNOWN)),
    undecided(
        "volume-encrypted",
        "encryption",
        Change(TEMPLATE, DISKS, [UNKNOWN, {"ebs": {"encrypted": "true"}}]),
    ),
    passes(
        "volume-encrypted",
        FROM_TEMPLATE,
        Change(TEMPLATE, "ebsBlockDevices", [{"encrypted": True}]),
        INSTANCE,
    ),
    decided("volume-encrypted", REFUSES, Change(TEMPLATE, DISKS, [UNKNOWN, {"ebs": {}}])),
    without("volume-encrypted", REFUSES, Change(TEMPLATE, DISKS, ABSENT)),
    without("volume-encrypted", REFUSES, Change(TEMPLATE, f"{DISKS}.0.ebs.encrypted", ABSENT)),
    irrelevant("volume-encrypted", Change(TEMPLATE, DISKS, ABSENT), accountEncryptsByDefault=True),
    irrelevant("volume-encrypted", Removal(TEMPLATE)),
]
PROFILE = [
    passes(
        "instance-profile",
        Change(
            TEMPLATE, "iamInstanceProfile", {"arn": "arn:aws:iam::111122223333:instance-profile/x"}
        ),
    ),
    refuses("instance-profile", "no role of its own", Change(TEMPLATE, "keyName", "x")),
    passes(
        "instance-profile", FROM_TEMPLATE, Change(TEMPLATE, "iamInstanceProfile", "own"), INSTANCE
    ),
    decided("instance-profile", PASSES, Change(TEMPLATE, "iamInstanceProfile", UNKNOWN)),
    without("instance-profile", REFUSES),
    irrelevant("instance-profile", FROM_TEMPLATE, INSTANCE),
]


def encoded(text: str) -> str:
    """User data as the wire has them."""
    return base64.b64encode(text.encode()).decode()


PASSWORD = "#!/bin/sh\nexport DB_PASSWORD=correct-horse-battery\n"
USER_DATA = [
    passes("user-data-secrets"),
    passes(
        "user-data-secrets", Change(TEMPLATE, "userData", encoded("export DB_PASSWORD=$(fetch)"))
    ),
    passes("user-data-secrets", Change(TEMPLATE, "userData", encoded("TOKEN=$TOKEN_FILE"))),
    refuses(
        "user-data-secrets",
        "seems to carry a secret",
        Change(TEMPLATE, "userData", encoded(PASSWORD)),
    ),
    refuses(
        "user-data-secrets",
        "seems to carry",
        Change(TEMPLATE, "userData", encoded("key AKIA" + "ABCDEFGHIJKLMNOP")),
    ),
    refuses(
        "user-data-secrets",
        "seems to carry",
        Change(
            TEMPLATE,
            "userData",
            base64.b64encode(gzip.compress(PASSWORD.encode(), mtime=0)).decode(),
        ),
    ),
    refuses(
        "user-data-secrets", "seems to carry", Change(TEMPLATE, "userData", PASSWORD), INSTANCE
    ),
    refuses(
        "user-data-secrets",
        "seems to carry",
        Change(TEMPLATE, "userDataBase64", encoded(PASSWORD)),
        INSTANCE,
    ),
    undecided("user-data-secrets", "userData", Change(TEMPLATE, "userData", UNKNOWN)),
    decided(
        "user-data-secrets",
        REFUSES,
        Change(TEMPLATE, "userData", UNKNOWN),
        Change(TEMPLATE, "userDataBase64", encoded(PASSWORD)),
    ),
    without("user-data-secrets", PASSES, Change(TEMPLATE, "userData", ABSENT)),
    irrelevant("user-data-secrets", Removal(TEMPLATE)),
]
FLEET = t.FLEET
FLEETS = [
    passes("fleet-launch-template"),
    passes(
        "fleet-launch-template",
        Change(FLEET, "launchTemplate", ABSENT),
        Change(FLEET, "mixedInstancesPolicy", {}),
    ),
    refuses(
        "fleet-launch-template",
        "not made from",
        Change(FLEET, "launchTemplate", ABSENT),
        Change(FLEET, "launchConfiguration", "old"),
    ),
    decided("fleet-launch-template", PASSES, Change(FLEET, "launchTemplate", UNKNOWN)),
    without("fleet-launch-template", REFUSES, Change(FLEET, "launchTemplate", ABSENT)),
    irrelevant("fleet-launch-template", Removal(FLEET)),
    passes("fleet-elb-health"),
    refuses("fleet-elb-health", "given up", Change(FLEET, "healthCheckType", "EC2")),
    undecided("fleet-elb-health", "healthCheckType", Change(FLEET, "healthCheckType", UNKNOWN)),
    decided(
        "fleet-elb-health",
        REFUSES,
        Change(FLEET, "healthCheckType", "EC2"),
        Change(FLEET, "targetGroupArns", UNKNOWN),
    ),
    without("fleet-elb-health", REFUSES, Change(FLEET, "healthCheckType", ABSENT)),
    irrelevant(
        "fleet-elb-health",
        Change(FLEET, "targetGroupArns", []),
        Change(FLEET, "healthCheckType", "EC2"),
    ),
    passes("fleet-zones"),
    passes(
        "fleet-zones",
        Change(FLEET, "vpcZoneIdentifiers", ABSENT),
        Change(FLEET, "availabilityZones", ["a", "b"]),
    ),
    refuses("fleet-zones", "1 of the 2 zones", ZONE_B),
    refuses("fleet-zones", "1 of the 2 zones", Change(FLEET, "vpcZoneIdentifiers", ["subnet-1"])),
    refuses(
        "fleet-zones",
        "stands in 1 zone.",
        Change(FLEET, "vpcZoneIdentifiers", ABSENT),
        Change(FLEET, "availabilityZones", ["a"]),
    ),
    passes("fleet-zones", Change(FLEET, "availabilityZones", ["a"])),
    undecided("fleet-zones", "zones", Change(t.SUBNET, "availabilityZone", UNKNOWN, SUBNET_A)),
    decided("fleet-zones", PASSES),
    without("fleet-zones", REFUSES, Change(FLEET, "vpcZoneIdentifiers", ABSENT)),
    irrelevant("fleet-zones", Removal(FLEET)),
]

POLICY = t.ROLE_POLICY


def statement(**parts: object) -> str:
    """A policy document of one statement."""
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", **parts}]})


STAR_STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*"}
INLINE = "inlinePolicies"
LOGS_ROLE = "api-account-logs"
STAR = [
    passes("iam-no-star"),
    passes("iam-no-star", Change(POLICY, "policy", statement(Action="s3:*"))),
    passes("iam-no-star", Change(POLICY, "policy", statement(Effect="Deny"))),
    passes("iam-no-star", Change(POLICY, "policy", statement(Resource="arn:aws:s3:::x"))),
    refuses("iam-no-star", "every action", Change(POLICY, "policy", statement())),
    refuses(
        "iam-no-star", "every action", Change(POLICY, "policy", statement(Action=["s3:Get", "*:*"]))
    ),
    refuses(
        "iam-no-star",
        "every action",
        Change(
            POLICY,
            "policy",
            json.dumps({"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": ["*"]}}),
        ),
    ),
    refuses(
        "iam-no-star",
        "every action",
        Change(POLICY, "policy", statement()),
        Retype(POLICY, t.IAM_POLICY),
    ),
    refuses(
        "iam-no-star",
        "every action",
        Change(
            t.ROLE,
            INLINE,
            [{"policy": statement(Action="s3:*")}, {"policy": statement()}],
            LOGS_ROLE,
        ),
    ),
    refuses("iam-no-star", "cannot be read", Change(POLICY, "policy", "no JSON")),
    refuses("iam-no-star", "cannot be read", Change(POLICY, "policy", '{"Statement": ["text"]}')),
    refuses(
        "iam-no-star",
        "cannot be read",
        Change(POLICY, "policy", json.dumps({"Statement": [STAR_STATEMENT, "text"]})),
    ),
    refuses(
        "iam-no-star",
        "every action",
        Change(
            POLICY,
            "policy",
            json.dumps({"Statement": [{**STAR_STATEMENT, "Action": "s3:Get"}, STAR_STATEMENT]}),
        ),
    ),
    passes("iam-no-star", Change(t.ROLE, INLINE, [{"policy": statement(Action="x")}], LOGS_ROLE)),
    undecided("iam-no-star", "policy of 'core-flows'", Change(POLICY, "policy", UNKNOWN)),
    undecided(
        "iam-no-star",
        "'api-account-logs'",
        Change(t.ROLE, INLINE, UNKNOWN, LOGS_ROLE),
        Removal(POLICY),
    ),
    decided(
        "iam-no-star",
        REFUSES,
        Change(t.ROLE, INLINE, [UNKNOWN, {"policy": statement()}], LOGS_ROLE),
    ),
    without("iam-no-star", REFUSES, Change(POLICY, "policy", ABSENT), words="cannot be read"),
    irrelevant("iam-no-star", Removal(POLICY), Removal(t.ROLE)),
]
ATTACHED = t.ROLE_POLICY_ATTACHMENT
MANAGED = "managedPolicyArns"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
ADMINISTRATOR = [
    passes("iam-no-administrator"),
    passes(
        "iam-no-administrator",
        Change(ATTACHED, "policyArn", "arn:aws:iam::111122223333:policy/AdministratorAccess"),
    ),
    refuses("iam-no-administrator", "administrator", Change(ATTACHED, "policyArn", ADMIN)),
    refuses(
        "iam-no-administrator",
        "administrator",
        Change(ATTACHED, "policyArn", "arn:aws-cn:iam::aws:policy/IAMFullAccess"),
    ),
    refuses(
        "iam-no-administrator",
        "administrator",
        Change(t.ROLE, MANAGED, ["arn:aws:iam::aws:policy/ReadOnlyAccess", ADMIN], LOGS_ROLE),
    ),
    undecided(
        "iam-no-administrator",
        "managedPolicyArns",
        Change(t.ROLE, MANAGED, [UNKNOWN, "arn:aws:iam::aws:policy/ReadOnlyAccess"], LOGS_ROLE),
        Removal(ATTACHED),
    ),
    undecided("iam-no-administrator", "policyArn", Change(ATTACHED, "policyArn", UNKNOWN)),
    decided("iam-no-administrator", REFUSES, Change(t.ROLE, MANAGED, [UNKNOWN, ADMIN], LOGS_ROLE)),
    without("iam-no-administrator", PASSES, Change(ATTACHED, "policyArn", ABSENT)),
    irrelevant("iam-no-administrator", Removal(ATTACHED), Removal(t.ROLE)),
]


def trust(**parts: object) -> Change:
    """The trust of the role that lets API Gateway log."""
    one = {"Effect": "Allow", "Action": "sts:AssumeRole", **parts}
    return Change(t.ROLE, "assumeRolePolicy", json.dumps({"Statement": [one]}), LOGS_ROLE)


BOTH = Change(
    t.ROLE,
    "assumeRolePolicy",
    json.dumps(
        {
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}},
                {"Effect": "Allow", "Principal": "*"},
            ]
        }
    ),
    LOGS_ROLE,
)
FLOW_SERVICE = {"Service": "vpc-flow-logs.amazonaws.com"}
ACCOUNT_ONLY = {"StringEquals": {"AWS:SourceAccount": "111122223333"}}
UNKNOWN_TRUST = Change(t.ROLE, "assumeRolePolicy", UNKNOWN, LOGS_ROLE)
TRUST = [
    passes("role-trust-closed"),
    passes("role-trust-closed", trust(Principal={"AWS": "arn:aws:iam::111122223333:root"})),
    passes(
        "role-trust-closed",
        trust(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    ),
    passes("role-trust-closed", trust(Effect="Deny", Principal="*")),
    refuses("role-trust-closed", "by everybody", trust(Principal="*")),
    refuses(
        "role-trust-closed",
        "by everybody",
        trust(Principal={"AWS": ["arn:aws:iam::111122223333:root", "*"]}),
    ),
    refuses("role-trust-closed", "by everybody", trust(NotPrincipal={"AWS": "x"})),
    refuses("role-trust-closed", "by everybody", BOTH),
    refuses(
        "role-trust-closed", "cannot be read", Change(t.ROLE, "assumeRolePolicy", "{", LOGS_ROLE)
    ),
    undecided("role-trust-closed", "'api-account-logs'", UNKNOWN_TRUST),
    without("role-trust-closed", REFUSES, Change(t.ROLE, "assumeRolePolicy", ABSENT, LOGS_ROLE)),
    irrelevant("role-trust-closed", Removal(t.ROLE)),
    passes("role-trust-source"),
    passes("role-trust-source", trust(Principal=FLOW_SERVICE, Condition=ACCOUNT_ONLY)),
    passes(
        "role-trust-source",
        trust(Principal=FLOW_SERVICE),
        exemptServices=["vpc-flow-logs.amazonaws.com", "apigateway.amazonaws.com"],
    ),
    passes("role-trust-source", trust(Effect="Deny", Principal=FLOW_SERVICE)),
    refuses(
        "role-trust-source",
        "lets vpc-flow-logs.amazonaws.com take it",
        trust(Principal=FLOW_SERVICE),
    ),
    refuses(
        "role-trust-source",
        "on behalf of any account",
        trust(Principal=FLOW_SERVICE, Condition={"StringEquals": {"aws:userid": "x"}}),
    ),
    refuses("role-trust-source", "lets apigateway.amazonaws.com", exemptServices=[]),
    refuses("role-trust-source", "lets a service take it", trust(Principal={"Service": "odd"})),
    undecided("role-trust-source", "'api-account-logs'", UNKNOWN_TRUST),
    without("role-trust-source", PASSES, Change(t.ROLE, "assumeRolePolicy", ABSENT, LOGS_ROLE)),
    irrelevant("role-trust-source", Removal(t.ROLE)),
]
ACCESS = "api-dev-access"
RETENTION = [
    passes("log-retention"),
    passes("log-retention", minDays=7),
    refuses("log-retention", "for ever", Change(t.LOG_GROUP, "retentionInDays", 0, ACCESS)),
    refuses("log-retention", "for 7 days, and 30 are wanted", minDays=30),
    undecided(
        "log-retention", "retentionInDays", Change(t.LOG_GROUP, "retentionInDays", UNKNOWN, ACCESS)
    ),
    without(
        "log-retention",
        REFUSES,
        Change(t.LOG_GROUP, "retentionInDays", ABSENT, ACCESS),
        words="for ever",
    ),
    irrelevant("log-retention", Removal(t.LOG_GROUP)),
]

CASES: list[Case] = [
    *INTERNAL,
    *LINK_TARGET,
    *ZONES,
    *CROSS_ZONE,
    *LISTENER_TLS,
    *HEALTH,
    *ADMITS,
    *WIRED,
    *FLOWS,
    *DEFAULT_GROUP,
    *NO_PUBLIC_SUBNET,
    *DEFAULT_VPC,
    *ROUTES,
    *OPEN_INGRESS,
    *INGRESS,
    *IMDS,
    *HOP,
    *NO_PUBLIC_IP,
    *ENCRYPTED,
    *PROFILE,
    *USER_DATA,
    *FLEETS,
    *STAR,
    *ADMINISTRATOR,
    *TRUST,
    *RETENTION,
]
