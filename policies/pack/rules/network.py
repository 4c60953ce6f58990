"""Rules about the network: no public access, no unintended routes, and logs of traffic."""

from collections.abc import Iterator

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..values import UnknownValue, equals, is_set

AREA = Area("Network")


@AREA.stack_rule(
    name="vpc-flow-logs",
    title="Every VPC logs rejected traffic.",
    level="mandatory",
    severity="medium",
    resource_types=[types.VPC],
    rationale="Without flow logs, nothing shows who tried to reach what.",
    fix='add a FlowLog with traffic_type="ALL" or "REJECT".',
    controls=(
        "fsbp:EC2.6 cdk-nag:VPC7 checkov:CKV2_AWS_11 prowler:vpc_flow_logs_enabled trivy:AWS-0178"
    ),
)
def _logs_flows(vpc: Resource, graph: Graph, _: Config) -> Verdicts:
    logs = graph.referring_to(vpc, types.FLOW_LOG, by="vpcId")
    kinds = [log.peek("trafficType") for log in logs if is_set(log.peek("logDestination"))]
    if any(equals(kind, "ALL") or equals(kind, "REJECT") for kind in kinds):
        return
    if any(isinstance(kind, UnknownValue) for kind in kinds):
        yield Unknown(vpc, "trafficType of the flow log")
    else:
        yield Violation(vpc, "has no flow log of rejected traffic.")


@AREA.stack_rule(
    name="vpc-default-group",
    title="The default security group of every VPC is empty.",
    level="mandatory",
    severity="medium",
    resource_types=[types.VPC],
    rationale="Resources without a security group get this one, and can then reach each other.",
    fix="add a DefaultSecurityGroup with ingress=[] and egress=[].",
    controls=(
        "fsbp:EC2.2 checkov:CKV2_AWS_12 prowler:ec2_securitygroup_default_restrict_traffic "
        "trivy:AWS-0173"
    ),
)
def _closes_default_group(vpc: Resource, graph: Graph, _: Config) -> Verdicts:
    groups = graph.referring_to(vpc, types.DEFAULT_SECURITY_GROUP, by="vpcId")
    if not groups:
        yield Violation(vpc, "leaves its default security group open.")
    for group in groups:
        for prop in ("ingress", "egress"):
            if isinstance(rules := group.peek(prop), UnknownValue):
                yield Unknown(group, prop)
            elif rules:
                yield Violation(group, f"has {prop} rules, and resources get it by default.")


@AREA.stack_rule(
    name="subnet-no-public-ip",
    title="Subnets of the service do not assign public addresses.",
    level="mandatory",
    severity="high",
    resource_types=[types.SUBNET],
    rationale="A public address is one open rule away from the internet.",
    fix="set map_public_ip_on_launch=False.",
    controls=(
        "fsbp:EC2.15 checkov:CKV_AWS_130 prowler:vpc_subnet_no_public_ip_by_default trivy:AWS-0164"
    ),
)
def _assigns_no_public_ip(subnet: Resource, graph: Graph, _: Config) -> Verdicts:
    if subnet.urn not in private_subnets(graph):
        yield _NOT_PRIVATE
    elif subnet.boolean("mapPublicIpOnLaunch"):
        yield Violation(subnet, "assigns a public address to every instance.")


_NOT_PRIVATE = NotApplicable("contains no part of a service")


def private_subnets(graph: Graph) -> frozenset[str]:
    """Find the URNs of subnets with a part of a service; a public one has only NAT gateways."""
    return graph.once("private subnets", lambda: frozenset(_private_subnets(graph)))


def _private_subnets(graph: Graph) -> Iterator[str]:
    instances = (types.INSTANCE, types.SPOT_INSTANCE, types.LAUNCH_TEMPLATE)
    entries = (*types.LOAD_BALANCERS, types.CLASSIC_BALANCER, types.VPC_ENDPOINT, types.VPC_LINK_V2)
    tokens = (*entries, types.FLEET, *instances)
    paths = ("subnets", "vpcZoneIdentifiers", "subnetId", "subnetIds")
    nested = ("subnetMappings.subnetId", "networkInterfaces.subnetId")
    for resource in graph.of_type(*tokens):
        # A public load balancer belongs in public subnets; nlb-internal reports it.
        if not equals(resource.peek("internal"), False):
            for path in (*paths, *nested):
                for subnet in graph.follow(resource, path, to=[types.SUBNET]).found:
                    yield subnet.urn


@AREA.resource_rule(
    name="no-default-vpc",
    title="No stack uses the default VPC.",
    level="mandatory",
    severity="medium",
    resource_types=[types.DEFAULT_VPC, types.DEFAULT_SUBNET],
    rationale="All subnets of a default VPC are public, and other applications share it.",
    fix="create a VPC for the stack.",
    controls="checkov:CKV_AWS_148 trivy:AWS-0101",
    needs_inputs=False,
)
def _uses_own_vpc(resource: Resource, _: Config) -> Verdicts:
    yield Violation(resource, "adopts the default network, whose subnets are public.")


@AREA.stack_rule(
    name="subnet-private-routes",
    title="Subnets of the service have no route to an internet gateway.",
    level="mandatory",
    severity="high",
    resource_types=[types.SUBNET],
    rationale="A route to an internet gateway makes a subnet public.",
    fix="remove the route, or send it to a NAT gateway.",
    controls="checkov:CKV2_AWS_35 prowler:vpc_subnet_separate_private_public",
)
def _has_private_routes(subnet: Resource, graph: Graph, _: Config) -> Verdicts:
    if subnet.urn not in private_subnets(graph):
        yield _NOT_PRIVATE
        return
    for holder, path in _routes(subnet, graph):
        gateways = graph.follow(holder, path, to=_GATEWAYS)
        if gateways.found or any(name.startswith("igw-") for name in gateways.elsewhere):
            yield Violation(subnet, f"has a route to the internet through '{holder.name}'.")
        if gateways.is_open and not holder.sources.get(path.partition(".")[0]):
            yield Unknown(holder, "gatewayId")


_GATEWAYS = (types.INTERNET_GATEWAY, types.INTERNET_GATEWAY_ATTACHMENT)
_TABLES = (types.ROUTE_TABLE, types.DEFAULT_ROUTE_TABLE)


def _routes(subnet: Resource, graph: Graph) -> Iterator[tuple[Resource, str]]:
    """Every route of a subnet: its resource, and the path to its gateways.

    A subnet has the route table that it is associated with, or else the main one of its VPC.
    """
    associations = graph.referring_to(subnet, types.ROUTE_TABLE_ASSOCIATION, by="subnetId")
    vpcs = () if associations else graph.follow(subnet, "vpcId", to=[types.VPC]).found
    for vpc in vpcs:
        chosen = graph.referring_to(vpc, types.MAIN_ROUTE_TABLE, by="vpcId")
        associations = (*associations, *chosen)
        # The default route table is the main one, unless an association chooses another.
        for key in () if chosen else ("defaultRouteTableId", "mainRouteTableId"):
            for table in graph.referring_to(
                vpc, types.DEFAULT_ROUTE_TABLE, by="defaultRouteTableId", key=key
            ):
                yield from _routes_of(table, graph)
            for route in graph.referring_to(vpc, types.ROUTE, by="routeTableId", key=key):
                yield route, "gatewayId"
    for association in associations:
        reference = graph.follow(association, "routeTableId", to=_TABLES)
        for table in reference.found:
            yield from _routes_of(table, graph)
        for route in graph.of_type(types.ROUTE) if reference.elsewhere else ():
            if any(equals(route.peek("routeTableId"), name) for name in reference.elsewhere):
                yield route, "gatewayId"


def _routes_of(table: Resource, graph: Graph) -> Iterator[tuple[Resource, str]]:
    yield table, "routes.gatewayId"
    for route in graph.referring_to(table, types.ROUTE, by="routeTableId"):
        yield route, "gatewayId"
