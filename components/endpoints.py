"""The endpoints of a network, through which its instances reach services of AWS."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import iam
from components.layout import Layout


class EndpointsArgs(TypedDict):
    """What instances reach through endpoints, besides the packages of Amazon Linux."""

    s3_buckets: NotRequired[Sequence[str]]
    """Names of S3 buckets."""
    services: NotRequired[Sequence[str]]
    """Services with an interface endpoint, such as ecr.dkr. Plain, because each gets one."""


def s3_endpoint(layout: Layout, args: EndpointsArgs) -> aws.ec2.VpcEndpoint:
    """The gateway endpoint of S3, whose policy allows the packages, the buckets, and image layers.

    ECR keeps the layers of images in a bucket of its own, one in each region.
    Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    """
    vpc, name = layout.vpc, f"{layout.name}-s3"
    public = [f"al2023-repos-{layout.region}-de612dc2"]
    if "ecr.dkr" in args.get("services", ()):
        public.append(f"prod-{layout.region}-starport-layer-bucket")
    statements = [_reading(vpc, bucket) for bucket in public]
    if buckets := args.get("s3_buckets"):
        statements += _using(vpc, buckets)
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{layout.region}.s3",
        vpc_endpoint_type="Gateway",
        route_table_ids=[table.id for table in layout.route_tables.values()],
        policy=pulumi.Output.json_dumps(iam.allowing(*statements)),
        tags=layout.named(name),
        opts=layout.child,
    )


def interface_endpoints(
    layout: Layout, services: Sequence[str]
) -> tuple[aws.ec2.SecurityGroup, Sequence[aws.ec2.VpcEndpoint]]:
    """An endpoint for each service in every private subnet, and the group of all of them.

    The group admits nobody: each fleet adds the rule that admits it, which is tighter than the
    range of the network. Private DNS leads the usual names of the services to the endpoints.
    Source: https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    """
    name = f"{layout.name}-endpoints"
    group = aws.ec2.SecurityGroup(
        name,
        description="Interface endpoints: admit the fleets.",
        vpc_id=layout.vpc.id,
        tags=layout.named(name),
        opts=layout.child,
    )
    anything = {"Principal": "*", "Action": "*", "Resource": "*", **_of_account(layout.vpc)}
    return group, [interface_endpoint(layout, group, service, anything) for service in services]


def interface_endpoint(
    layout: Layout,
    group: aws.ec2.SecurityGroup,
    service: str,
    statement: dict[str, Any],
    *,
    private_dns: pulumi.Input[bool] = True,
) -> aws.ec2.VpcEndpoint:
    """An endpoint of a service in every private subnet, whose policy has one statement."""
    name = f"{layout.name}-{service.replace('.', '-')}"
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=layout.vpc.id,
        service_name=f"com.amazonaws.{layout.region}.{service}",
        vpc_endpoint_type="Interface",
        subnet_ids=[subnet.id for subnet in layout.subnets.values()],
        security_group_ids=[group.id],
        private_dns_enabled=private_dns,
        policy=pulumi.Output.json_dumps(iam.allowing(statement)),
        tags=layout.named(name),
        opts=layout.child,
    )


def _reading(vpc: aws.ec2.Vpc, bucket: str) -> dict[str, Any]:
    """Reading what AWS publishes, with any signature or none."""
    objects = pulumi.Output.concat("arn:", iam.partition(vpc.arn), f":s3:::{bucket}", "/*")
    return {"Principal": "*", "Action": "s3:GetObject", "Resource": objects}


def _using(vpc: aws.ec2.Vpc, buckets: Sequence[str]) -> list[dict[str, Any]]:
    """Everything that principals of this account may do with objects of the buckets."""
    arns = [pulumi.Output.concat("arn:", iam.partition(vpc.arn), f":s3:::{b}") for b in buckets]
    objects = [pulumi.Output.concat(arn, "/*") for arn in arns]
    allowed = {"Principal": "*", **_of_account(vpc)}
    return [
        {**allowed, "Action": ["s3:AbortMultipartUpload", "s3:*Object"], "Resource": objects},
        {**allowed, "Action": "s3:ListBucket", "Resource": arns},
    ]


def _of_account(vpc: aws.ec2.Vpc) -> dict[str, Any]:
    """Only principals of this account: nobody brings other credentials to take data out.

    Source: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
    """
    return {"Condition": {"StringEquals": {"aws:PrincipalAccount": vpc.owner_id}}}
