"""The private network: subnets without a way to the internet."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.addressing import subnet_cidrs
from components.tagging import named


class NetworkArgs(TypedDict):
    """Inputs of `Network`."""

    cidr_block: str
    """Private IPv4 range, /16 to /24. Plain, because the subnets are cut from it."""
    zones: Sequence[str]
    """Availability zones, such as us-east-2a. Plain, because each gets one subnet."""
    flow_log_retention_days: NotRequired[pulumi.Input[int]]
    """How long flow logs are kept, in days; 30 by default."""
    permissions_boundary: NotRequired[pulumi.Input[str] | None]
    """ARN of a policy that limits the role of the flow logs."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child. Plain, because a name is added to some."""


class Network(pulumi.ComponentResource):
    """A VPC with one private subnet a zone, flow logs, and an S3 endpoint for package repositories.

    There is no internet gateway, no NAT and no public address; the default security group is
    emptied. Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-best-practices.html
    """

    vpc_id: pulumi.Output[str]
    """Id of the VPC."""
    subnet_ids: pulumi.Output[list[str]]
    """Ids of the private subnets, in the order of the zones."""
    s3_prefix_list_id: pulumi.Output[str]
    """Id of the prefix list that stands for S3 in security group rules."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:Network", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        tags = args.get("tags")

        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args["cidr_block"],
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags=named(f"{name}-vpc", tags),
            opts=child,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-default-group",
            vpc_id=vpc.id,
            ingress=[],
            egress=[],
            tags=named(f"{name}-default-group", tags),
            opts=child,
        )
        subnets, tables = [], []
        for zone, cidr_block in subnet_cidrs(args["cidr_block"], args["zones"]).items():
            private = f"{name}-private-{zone}"
            subnet = aws.ec2.Subnet(
                private,
                vpc_id=vpc.id,
                cidr_block=cidr_block,
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=named(private, tags),
                opts=child,
            )
            table = aws.ec2.RouteTable(
                private, vpc_id=vpc.id, tags=named(private, tags), opts=child
            )
            aws.ec2.RouteTableAssociation(
                private, subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            subnets.append(subnet)
            tables.append(table)

        region = args["zones"][0][:-1]
        endpoint = aws.ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            policy=pulumi.Output.json_dumps(_package_repositories(vpc.arn, region)),
            tags=named(f"{name}-s3", tags),
            opts=child,
        )
        self._log_flows(name, args, vpc)

        self.vpc_id = vpc.id
        self.subnet_ids = pulumi.Output.all(*(subnet.id for subnet in subnets))
        self.s3_prefix_list_id = endpoint.prefix_list_id
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.subnet_ids,
                "s3_prefix_list_id": self.s3_prefix_list_id,
            }
        )

    def _log_flows(self, name: str, args: NetworkArgs, vpc: aws.ec2.Vpc) -> None:
        child, tags = pulumi.ResourceOptions(parent=self), args.get("tags")
        group = aws.cloudwatch.LogGroup(
            f"{name}-flows",
            retention_in_days=args.get("flow_log_retention_days", 30),
            tags=tags,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-flows",
            description="Lets VPC flow logs write to their log group.",
            assume_role_policy=pulumi.Output.json_dumps(_flow_log_trust(vpc)),
            permissions_boundary=args.get("permissions_boundary"),
            tags=tags,
            opts=child,
        )
        writing = aws.iam.RolePolicy(
            f"{name}-flows",
            role=role.name,
            policy=pulumi.Output.json_dumps(_log_writing(group.arn)),
            opts=child,
        )
        aws.ec2.FlowLog(
            f"{name}-flows",
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            tags=named(f"{name}-flows", tags),
            # A role without its policy makes a flow log that silently delivers nothing.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[writing]),
        )


def _partition(arn: pulumi.Output[str]) -> pulumi.Output[str]:
    return arn.apply(lambda value: value.split(":")[1])


def _package_repositories(arn: pulumi.Output[str], region: str) -> dict[str, object]:
    """Reading Amazon Linux 2023 packages, and nothing else that S3 has."""
    bucket = pulumi.Output.concat("arn:", _partition(arn), f":s3:::al2023-repos-{region}-de612dc2")
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": pulumi.Output.concat(bucket, "/*"),
            }
        ],
    }


def _flow_log_trust(vpc: aws.ec2.Vpc) -> dict[str, object]:
    """Only flow logs of this account and region may take the role.

    Source: https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    """
    flow_logs = pulumi.Output.concat(
        "arn:", _partition(vpc.arn), ":ec2:", vpc.region, ":", vpc.owner_id, ":vpc-flow-log/*"
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": vpc.owner_id},
                    "ArnLike": {"aws:SourceArn": flow_logs},
                },
            }
        ],
    }


def _log_writing(group_arn: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": [
                    "logs:CreateLogStream",
                    "logs:DescribeLogStreams",
                    "logs:PutLogEvents",
                ],
                "Resource": pulumi.Output.concat(group_arn, ":*"),
            },
            # Listing groups has no narrower resource.
            {"Effect": "Allow", "Action": "logs:DescribeLogGroups", "Resource": "*"},
        ],
    }
