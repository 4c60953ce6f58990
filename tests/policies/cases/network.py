"""Cases of the rules about the network."""

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

OPEN_RULE = [{"protocol": "-1", "self": True}]
MAP_PUBLIC, MAPPINGS = "mapPublicIpOnLaunch", "subnetMappings"
PUBLIC = our.SUBNET_A.set(MAP_PUBLIC, True)
SUBNET_ID = "subnet-09aadcf275b64629c"  # the fake ids depend on the URNs
OTHERS = ["subnet-1", "subnet-2"]
NLB_ELSEWHERE = our.NLB.set("subnets", OTHERS)
FLEET_ELSEWHERE = our.FLEET.set("vpcZoneIdentifiers", OTHERS)
ELSEWHERE = (NLB_ELSEWHERE, FLEET_ELSEWHERE)
NLB_PUBLIC = our.NLB.set("internal", False)
GATEWAY = added(types.INTERNET_GATEWAY, "gateway", {"vpcId": UNKNOWN}, {"vpcId": our.VPC})


def route(gateway: object, **sources: Part) -> Change:
    """A default route of the first subnet's table."""
    props = {"routeTableId": UNKNOWN, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway}
    return added(
        types.ROUTE, "default-route", props, {"routeTableId": our.ROUTE_TABLE_A, **sources}
    )


def to_nat(gateway: object, **sources: Part) -> Change:
    """A default route of the first subnet's table, to a NAT gateway."""
    props = {
        "routeTableId": UNKNOWN,
        "destinationCidrBlock": "0.0.0.0/0",
        "natGatewayId": gateway,
    }
    return added(
        types.ROUTE, "default-route", props, {"routeTableId": our.ROUTE_TABLE_A, **sources}
    )


NAT_GATEWAY = added(types.NAT_GATEWAY, "nat", {"subnetId": "subnet-public"})
NO_ROUTES_IN_TABLES = [
    Part(types.ROUTE_TABLE, f"core-private-us-east-2{zone}").set("routes", []) for zone in "ab"
]
TO_INTERNET = [{"gatewayId": "igw-1"}]
IN_TABLE = our.ROUTE_TABLE_A.set("routes", [{"cidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}])
NO_ASSOCIATION = our.ASSOCIATION_A.removed()
MAIN = (
    NO_ASSOCIATION,
    added(
        types.MAIN_ROUTE_TABLE,
        "main",
        {"vpcId": UNKNOWN, "routeTableId": UNKNOWN},
        {"vpcId": our.VPC, "routeTableId": our.ROUTE_TABLE_A},
    ),
)


def default_table(table_id: object, **sources: Part) -> Change:
    """The default route table of a VPC, with a route to the internet."""
    props = {"defaultRouteTableId": table_id, "routes": TO_INTERNET}
    return added(types.DEFAULT_ROUTE_TABLE, "default", props, sources)


DEFAULT_TABLE = (NO_ASSOCIATION, default_table(UNKNOWN, defaultRouteTableId=our.VPC))

ATTACHMENT = added(
    types.INTERNET_GATEWAY_ATTACHMENT, "attachment", {"vpcId": UNKNOWN}, {"vpcId": our.VPC}
)


def in_subnet(token: str, prop: str) -> Change:
    """A resource in the first subnet."""
    return added(token, "inside", {prop: SUBNET_ID, "internal": True})


def main_route(table: object, **sources: Part) -> Change:
    """A route to the internet in the main route table, which the stack does not create."""
    props = {"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"}
    return added(types.ROUTE, "main-route", props, sources)


CASES = [
    *of_rule(
        "vpc-flow-logs",
        passes(),
        passes(our.FLOW_LOG.set("trafficType", "REJECT")),
        violates("no flow log", our.FLOW_LOG.set("trafficType", "ACCEPT")),
        violates("no flow log", our.FLOW_LOG.set("vpcId", "vpc-other")),
        violates("no flow log", our.FLOW_LOG.set("logDestination", "")),
        violates("no flow log", our.FLOW_LOG.unset("logDestination")),
        ill_typed(violates("no flow log", our.FLOW_LOG.set("trafficType", ["ALL"]))),
        unknown("trafficType", our.FLOW_LOG.unknown("trafficType")),
        at_preview(passes(our.FLOW_LOG.unknown("vpcId"))),
        absent(violates("", our.FLOW_LOG.removed())),
        ignores(our.VPC.removed()),
    ),
    *of_rule(
        "vpc-default-group",
        passes(),
        violates("has ingress rules", our.DEFAULT_GROUP.set("ingress", OPEN_RULE)),
        ill_typed(violates("has ingress rules", our.DEFAULT_GROUP.set("ingress", "all"))),
        violates("has egress rules", our.DEFAULT_GROUP.set("egress", OPEN_RULE)),
        violates("leaves its default", our.DEFAULT_GROUP.set("vpcId", "vpc-other")),
        unknown("ingress", our.DEFAULT_GROUP.unknown("ingress")),
        unknown("egress", our.DEFAULT_GROUP.unknown("egress")),
        absent(violates("leaves its default", our.DEFAULT_GROUP.removed())),
        absent(passes(our.DEFAULT_GROUP.unset("ingress"))),
        ignores(our.VPC.removed()),
    ),
    *of_rule(
        "subnet-no-public-ip",
        passes(),
        violates("public address", PUBLIC),
        violates("public address", our.SUBNET_A.set(MAP_PUBLIC, "true")),
        passes(our.SUBNET_A.set(MAP_PUBLIC, "false")),
        violates(
            "public address", PUBLIC, *ELSEWHERE, in_subnet(types.CLASSIC_BALANCER, "subnets")
        ),
        violates("public address", PUBLIC, *ELSEWHERE, in_subnet(types.SPOT_INSTANCE, "subnetId")),
        ill_typed(violates("wrong type", our.SUBNET_A.set(MAP_PUBLIC, ["x"]))),
        violates("public address", PUBLIC, NLB_ELSEWHERE),
        violates("public address", PUBLIC, FLEET_ELSEWHERE),
        violates(
            "public address", PUBLIC, added(our.NLB.type, "a-public-one", {"internal": False})
        ),
        violates(
            "public address",
            PUBLIC,
            *ELSEWHERE,
            our.TEMPLATE.set("subnetId", SUBNET_ID),
            our.TEMPLATE.becomes(types.INSTANCE),
        ),
        violates(
            "public address",
            PUBLIC,
            *ELSEWHERE,
            our.TEMPLATE.set("networkInterfaces", [{"subnetId": SUBNET_ID}]),
        ),
        violates(
            "public address", PUBLIC, *ELSEWHERE, our.NLB.set(MAPPINGS, [{"subnetId": SUBNET_ID}])
        ),
        unknown(MAP_PUBLIC, our.SUBNET_A.unknown(MAP_PUBLIC)),
        at_preview(violates("", PUBLIC)),
        absent(passes(our.SUBNET_A.unset(MAP_PUBLIC))),
        ignores(PUBLIC, *ELSEWHERE),
        ignores(PUBLIC, NLB_PUBLIC, FLEET_ELSEWHERE),
    ),
    *of_rule(
        "no-default-vpc",
        violates("adopts the default network", our.VPC.becomes(types.DEFAULT_VPC)),
        violates("adopts the default network", our.SUBNET_A.becomes(types.DEFAULT_SUBNET)),
        at_preview(violates("", our.VPC.unknown("cidrBlock"), our.VPC.becomes(types.DEFAULT_VPC))),
        absent(violates("", added(types.DEFAULT_VPC, "default", {}))),
        ignores(),
    ),
    *of_rule(
        "subnet-private-routes",
        passes(),
        passes(route("vgw-1")),
        passes(route(None)),
        passes(to_nat("nat-1")),
        passes(NAT_GATEWAY, to_nat(UNKNOWN, natGatewayId=Part(types.NAT_GATEWAY))),
        at_preview(
            passes(
                NAT_GATEWAY,
                to_nat(UNKNOWN, natGatewayId=Part(types.NAT_GATEWAY)),
                *NO_ROUTES_IN_TABLES,
            )
        ),
        *(
            violates("through 'default-route'", *ELSEWHERE, inside, route("igw-1"))
            for inside in (
                in_subnet(types.VPC_ENDPOINT, "subnetIds"),
                in_subnet(types.VPC_LINK_V2, "subnetIds"),
            )
        ),
        violates("through 'default-route'", route("igw-1")),
        violates(
            "through 'default-route'",
            GATEWAY,
            route(UNKNOWN, gatewayId=Part(types.INTERNET_GATEWAY)),
        ),
        violates("through 'core-private-us-east-2a'", IN_TABLE),
        *(
            violates(
                "through 'main-route'",
                NO_ASSOCIATION,
                our.VPC.set(name, "rtb-main"),
                main_route("rtb-main"),
            )
            for name in ("mainRouteTableId", "defaultRouteTableId")
        ),
        violates("through 'main-route'", NO_ASSOCIATION, main_route(UNKNOWN, routeTableId=our.VPC)),
        at_preview(
            violates(
                "through 'main-route'", NO_ASSOCIATION, main_route(UNKNOWN, routeTableId=our.VPC)
            )
        ),
        passes(main_route(UNKNOWN, routeTableId=our.VPC)),
        passes(*MAIN, main_route(UNKNOWN, routeTableId=our.VPC)),
        violates(
            "through 'main-route'",
            our.ASSOCIATION_A.set("routeTableId", "rtb-1"),
            our.ASSOCIATION_A.without_sources(),
            main_route("rtb-1"),
        ),
        violates(
            "through 'default-route'",
            ATTACHMENT,
            route(UNKNOWN, gatewayId=Part(types.INTERNET_GATEWAY_ATTACHMENT)),
        ),
        ill_typed(passes(our.ROUTE_TABLE_A.set("routes", "text"))),
        violates("through 'default-route'", *MAIN, route("igw-1")),
        violates("through 'default'", *DEFAULT_TABLE),
        violates(
            "through 'default'",
            NO_ASSOCIATION,
            our.VPC.set("defaultRouteTableId", "rtb-main"),
            default_table("rtb-main"),
        ),
        unknown("gatewayId of 'default-route'", route(UNKNOWN)),
        unknown("gatewayId of 'core-private-us-east-2a'"),
        at_preview(
            passes(
                route(UNKNOWN, gatewayId=our.VPC),
                *NO_ROUTES_IN_TABLES,
            )
        ),
        absent(passes(Part(types.ROUTE_TABLE_ASSOCIATION).removed())),
        absent(passes(our.VPC.removed(), Part(types.ROUTE_TABLE_ASSOCIATION).removed())),
        ignores(*ELSEWHERE, route("igw-1")),
        ignores(*ELSEWHERE, in_subnet(types.NAT_GATEWAY, "subnetId"), route("igw-1")),
    ),
]
