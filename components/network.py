"""The private network: subnets that the internet cannot reach."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import iam
from components.addressing import subnet_cidrs
from components.api_endpoint import ApiEndpointArgs, api_endpoint
from components.endpoints import EndpointsArgs, interface_endpoints, s3_endpoint
from components.layout import Layout
from components.nat import Nat, nat_routes
from components.tagging import named


class NetworkArgs(TypedDict):
    """Inputs of `Network`."""

    cidr_block: str
    """Private IPv4 range, /16 to /24. Plain, because the subnets are cut from it."""
    zones: Sequence[str]
    """Availability zones, such as us-east-2a. Plain, because each gets one subnet."""
    flow_log_retention_days: NotRequired[pulumi.Input[int]]
    """How long flow logs are kept, in days; 30 by default."""
    endpoints: NotRequired[EndpointsArgs]
    """AWS services that instances reach, besides the packages of Amazon Linux."""
    api_endpoint: NotRequired[ApiEndpointArgs]
    """Who calls private APIs through the network; by default nobody."""
    nat: NotRequired[Nat]
    """How many NAT gateways lead to the internet; none by default."""
    permissions_boundary: NotRequired[pulumi.Input[str] | None]
    """ARN of a policy that limits the role of the flow logs."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child. Plain, because a name is added to some."""


class Network(pulumi.ComponentResource):
    """A VPC with a private subnet in each zone, flow logs, and an S3 endpoint for packages.

    Unless NAT gateways are asked for, there is no internet gateway and no public address. The
    default security group has no rules. Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-best-practices.html
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """Ids of the private subnets, in the order of the zones."""
    instance_subnet_ids: pulumi.Output[list[str]]
    """The same ids, once everything exists that instances reach from there."""
    s3_prefix_list_id: pulumi.Output[str]
    """Id of the prefix list that stands for S3 in security group rules."""
    endpoints_security_group_id: pulumi.Output[str] | None
    """Group of the interface endpoints, which has to admit instances; None without endpoints."""
    api_endpoint_id: pulumi.Output[str] | None
    """Id of the endpoint through which private APIs are called; None without one."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:Network", name, {}, opts)
        self._child, self._tags = pulumi.ResourceOptions(parent=self), args.get("tags")
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["cidr_block"],
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=named(f"{name}-vpc", self._tags),
            opts=self._child,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=named(f"{name}-default-group", self._tags),
            opts=self._child,
        )
        subnets, route_tables = {}, {}
        for zone, cidr_block in subnet_cidrs(args["cidr_block"], args["zones"]).items():
            private = f"{name}-private-{zone}"
            tags = named(private, self._tags)
            subnet = aws.ec2.Subnet(
                private,
                vpc_id=vpc.id,
                cidr_block=cidr_block,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=tags,
                opts=self._child,
            )
            table = aws.ec2.RouteTable(private, vpc_id=vpc.id, tags=tags, opts=self._child)
            aws.ec2.RouteTableAssociation(
                private, subnet_id=subnet.id, route_table_id=table.id, opts=self._child
            )
            subnets[zone], route_tables[zone] = subnet, table
        layout = Layout(name, vpc, subnets, route_tables, self._tags, self._child)
        reached = args.get("endpoints", EndpointsArgs())
        endpoint = s3_endpoint(layout, reached)
        ways: list[pulumi.Resource] = [
            *nat_routes(layout, args["cidr_block"], args.get("nat", Nat.NONE))
        ]
        self.endpoints_security_group_id = None
        if services := reached.get("services"):
            group, interfaces = interface_endpoints(layout, services)
            self.endpoints_security_group_id = group.id
            ways += interfaces
        callers = args.get("api_endpoint")
        self.api_endpoint_id = api_endpoint(layout, callers).id if callers else None
        self._flow_log(f"{name}-flows", vpc, args)

        self.vpc_id = vpc.id
        self.subnet_ids = pulumi.Output.all(*(subnet.id for subnet in subnets.values()))
        self.instance_subnet_ids = _once_they_exist(ways, self.subnet_ids)
        self.s3_prefix_list_id = endpoint.prefix_list_id
        outputs: dict[str, pulumi.Input[Any]] = {
            "vpc_id": self.vpc_id,
            "subnet_ids": self.subnet_ids,
            "s3_prefix_list_id": self.s3_prefix_list_id,
        }
        if self.endpoints_security_group_id is not None:
            outputs["endpoints_security_group_id"] = self.endpoints_security_group_id
        if self.api_endpoint_id is not None:
            outputs["api_endpoint_id"] = self.api_endpoint_id
        self.register_outputs(outputs)

    def _flow_log(self, name: str, vpc: aws.ec2.Vpc, args: NetworkArgs) -> None:
        """The log of all traffic, its log group, and the role that writes to it."""
        group = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=args.get("flow_log_retention_days", 30),
            tags=self._tags,
            opts=self._child,
        )
        role = aws.iam.Role(
            name,
            description="Lets VPC flow logs write to their log group.",
            assume_role_policy=pulumi.Output.json_dumps(_flow_log_trust(vpc)),
            permissions_boundary=args.get("permissions_boundary"),
            tags=self._tags,
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=pulumi.Output.json_dumps(_write_logs(group.arn)),
            opts=self._child,
        )
        aws.ec2.FlowLog(
            name,
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=named(name, self._tags),
            # Without the policy in place, a flow log silently delivers nothing.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


def _once_they_exist(
    resources: Sequence[pulumi.Resource], value: pulumi.Output[list[str]]
) -> pulumi.Output[list[str]]:
    """The value, for what must wait for the resources.

    Their URNs are known at preview; with their ids, what waits would show as replaced.
    """
    return pulumi.Output.all(value, *(one.urn for one in resources)).apply(lambda both: both[0])


def _flow_log_trust(vpc: aws.ec2.Vpc) -> dict[str, Any]:
    """Only flow logs of this account and region can assume the role.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    flow_logs = pulumi.Output.concat(
        "arn:", iam.partition(vpc.arn), ":ec2:", vpc.region, ":", vpc.owner_id, ":vpc-flow-log/*"
    )
    return iam.allowing(
        {
            "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": {"aws:SourceAccount": vpc.owner_id},
                "ArnLike": {"aws:SourceArn": flow_logs},
            },
        }
    )


def _write_logs(group_arn: pulumi.Output[str]) -> dict[str, Any]:
    """Allows writing to one log group."""
    return iam.allowing(
        {
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": pulumi.Output.concat(group_arn, ":*"),
        },
        # This action cannot be limited to a log group.
        {"Action": "logs:DescribeLogGroups", "Resource": "*"},
    )
