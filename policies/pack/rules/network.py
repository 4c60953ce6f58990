"""Rules about the network: no way in, no way out that nobody meant, and a record of traffic."""

from collections.abc import Iterator

from pulumi_policy import Severity

from ..framework.rule import (
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    ResourceRule,
    StackRule,
    Undecided,
    Verdict,
)
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..graph.tokens import (
    DEFAULT_ROUTE_TABLE,
    DEFAULT_SECURITY_GROUP,
    DEFAULT_SUBNET,
    DEFAULT_VPC,
    FLEET,
    FLOW_LOG,
    INSTANCE,
    INTERNET_GATEWAY,
    LAUNCH_TEMPLATE,
    LOAD_BALANCERS,
    MAIN_ROUTE_TABLE,
    ROUTE,
    ROUTE_TABLE,
    ROUTE_TABLE_ASSOCIATION,
    SUBNET,
    VPC,
)
from ..graph.values import Unknown, items, same

_TABLES = (ROUTE_TABLE, DEFAULT_ROUTE_TABLE)
_NOT_PRIVATE = NotApplicable("holds no internal load balancer and no instance")


def _logs_flows(vpc: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    kinds = [log.peek("trafficType") for log in graph.leading_to(vpc, FLOW_LOG, by="vpcId")]
    if any(same(kind, "ALL") or same(kind, "REJECT") for kind in kinds):
        return
    if any(isinstance(kind, Unknown) for kind in kinds):
        yield Undecided(vpc, "trafficType of its flow log")
    else:
        yield Refusal(vpc, "has no flow log of rejected traffic.")


def _closes_default_group(vpc: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    groups = graph.leading_to(vpc, DEFAULT_SECURITY_GROUP, by="vpcId")
    if not groups:
        yield Refusal(vpc, "leaves its default security group open.")
    for group in groups:
        for prop in ("ingress", "egress"):
            rules = group.peek(prop)
            if isinstance(rules, Unknown):
                yield Undecided(group, prop)
            elif rules:
                yield Refusal(group, f"has {prop} rules, and resources get it by default.")


def private_subnets(graph: Graph) -> frozenset[str]:
    """Find the URNs of subnets that hold an internal load balancer, a fleet or an instance."""
    return graph.once("private subnets", lambda: frozenset(_private_subnets(graph)))


def _private_subnets(graph: Graph) -> Iterator[str]:
    for resource in graph.of_type(*LOAD_BALANCERS, FLEET, INSTANCE, LAUNCH_TEMPLATE):
        # A public balancer belongs into public subnets, and is the matter of another rule.
        if same(resource.peek("internal"), False):
            continue
        paths: list[tuple[str | int, ...]] = [("subnets",), ("vpcZoneIdentifiers",), ("subnetId",)]
        for prop in ("subnetMappings", "networkInterfaces"):
            entries = resource.peek(prop)
            paths += [(prop, i, "subnetId") for i in range(len(items(entries)))]
        for path in paths:
            for subnet in graph.follow(resource, *path, to=[SUBNET]).found:
                yield subnet.urn


def _gives_no_public_ip(subnet: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    public = subnet.peek("mapPublicIpOnLaunch")
    if subnet.urn not in private_subnets(graph):
        yield _NOT_PRIVATE
    elif isinstance(public, Unknown):
        yield Undecided(subnet, "mapPublicIpOnLaunch")
    elif public:
        yield Refusal(subnet, "gives every instance a public address.")


def _is_no_default(resource: Resource, _: Config) -> Iterator[Verdict]:
    yield Refusal(resource, "takes over a network whose subnets are public.")


def _leads_nowhere(subnet: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    if subnet.urn not in private_subnets(graph):
        yield _NOT_PRIVATE
        return
    for table in _tables(subnet, graph):
        routes = graph.leading_to(table, ROUTE, by="routeTableId")
        ways = [(route, ("gatewayId",)) for route in routes]
        inline = range(len(items(table.peek("routes"))))
        for holder, path in (*ways, *((table, ("routes", i, "gatewayId")) for i in inline)):
            gateway = graph.follow(holder, *path, to=[INTERNET_GATEWAY])
            if gateway.found or any(name.startswith("igw-") for name in gateway.elsewhere):
                text = f"has a way to the internet by '{holder.name}'."
                yield Refusal(subnet, text)
            elif gateway.is_open and not holder.sources.get(str(path[0])):
                yield Undecided(holder, "gatewayId")


def _tables(subnet: Resource, graph: Graph) -> list[Resource]:
    """Route tables of a subnet: its own, or else the main one of its VPC."""
    associations = graph.leading_to(subnet, ROUTE_TABLE_ASSOCIATION, by="subnetId")
    if associations:
        ends = [graph.follow(a, "routeTableId", to=_TABLES) for a in associations]
        return [table for end in ends for table in end.found]
    main: list[Resource] = []
    for vpc in graph.follow(subnet, "vpcId", to=[VPC]).found:
        for association in graph.leading_to(vpc, MAIN_ROUTE_TABLE, by="vpcId"):
            main += graph.follow(association, "routeTableId", to=_TABLES).found
        main += graph.leading_to(
            vpc, DEFAULT_ROUTE_TABLE, by="defaultRouteTableId", key="defaultRouteTableId"
        )
    return main


FLOW_LOGS = StackRule(
    name="vpc-flow-logs",
    title="Every VPC keeps a log of rejected traffic.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(VPC,),
    protects="Without flow logs nobody can tell who tried to reach what.",
    fix='add a FlowLog with traffic_type="ALL" or "REJECT".',
    controls=(
        "fsbp:EC2.6",
        "cdk-nag:VPC7",
        "checkov:CKV2_AWS_11",
        "prowler:vpc_flow_logs_enabled",
        "trivy:AWS-0178",
    ),
    judge=_logs_flows,
)
DEFAULT_GROUP = StackRule(
    name="vpc-default-group",
    title="The default security group of every VPC is empty.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(VPC,),
    protects="What is made without a security group gets this one, and may reach all its siblings.",
    fix="add a DefaultSecurityGroup with ingress=[] and egress=[].",
    controls=(
        "fsbp:EC2.2",
        "checkov:CKV2_AWS_12",
        "prowler:ec2_securitygroup_default_restrict_traffic",
        "trivy:AWS-0173",
    ),
    judge=_closes_default_group,
)
NO_PUBLIC_IP = StackRule(
    name="subnet-no-public-ip",
    title="Subnets of the service give no public addresses.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(SUBNET,),
    protects="A public address is one open rule away from the internet.",
    fix="set map_public_ip_on_launch=False.",
    controls=(
        "fsbp:EC2.15",
        "checkov:CKV_AWS_130",
        "prowler:vpc_subnet_no_public_ip_by_default",
        "trivy:AWS-0164",
    ),
    judge=_gives_no_public_ip,
)
NO_DEFAULT_VPC = ResourceRule(
    name="no-default-vpc",
    title="No stack uses the default VPC.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(DEFAULT_VPC, DEFAULT_SUBNET),
    protects="All subnets of a default VPC are public, and other things live in it.",
    fix="make a VPC of its own.",
    controls=("checkov:CKV_AWS_148", "trivy:AWS-0101"),
    judge=_is_no_default,
    needs_inputs=False,
)
PRIVATE_ROUTES = StackRule(
    name="subnet-private-routes",
    title="Subnets of the service have no route to an internet gateway.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(SUBNET,),
    protects="It is what makes a subnet private.",
    fix="drop the route, or send it to a NAT gateway.",
    controls=("checkov:CKV2_AWS_35", "prowler:vpc_subnet_separate_private_public"),
    judge=_leads_nowhere,
)

RULES = (
    FLOW_LOGS,
    DEFAULT_GROUP,
    NO_PUBLIC_IP,
    NO_DEFAULT_VPC,
    PRIVATE_ROUTES,
)
