"""The endpoint of a network through which a private API is called."""

from collections.abc import Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import iam
from components.egress import HTTPS
from components.endpoints import interface_endpoint
from components.layout import Layout


class ApiEndpointArgs(TypedDict):
    """Who calls private APIs through the network."""

    callers: Sequence[str]
    """IPv4 ranges. Plain, because each gets a rule."""
    private_dns: NotRequired[pulumi.Input[bool]]
    """Whether the usual names of APIs lead to the endpoint; true by default."""


def api_endpoint(layout: Layout, args: ApiEndpointArgs) -> aws.ec2.VpcEndpoint:
    """An interface endpoint in every private subnet, which leads to APIs of this account only.

    It is not one of `interface_endpoints`: these admit the fleets, and this one the callers.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-endpoint-policies.html
    """
    name, vpc = f"{layout.name}-execute-api", layout.vpc
    group = aws.ec2.SecurityGroup(
        name,
        description="Private API: admits its callers.",
        vpc_id=vpc.id,
        tags=layout.named(name),
        opts=layout.child,
    )
    for block in args["callers"]:
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-from-{block.replace('/', '-')}",
            description="Callers of the private API.",
            security_group_id=group.id,
            cidr_ipv4=block,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            tags=layout.tags,
            opts=layout.child,
        )
    apis = pulumi.Output.concat(
        "arn:", iam.partition(vpc.arn), f":execute-api:{layout.region}:", vpc.owner_id, ":*"
    )
    calling = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": apis}
    return interface_endpoint(
        layout, group, "execute-api", calling, private_dns=args.get("private_dns", True)
    )
