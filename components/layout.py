"""The private part of a new network, for what is added to it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.tagging import named


@dataclass(frozen=True)
class Layout:
    """A VPC with its private subnets and their route tables, both by zone."""

    name: str
    """Begins the name of everything in the network."""
    vpc: aws.ec2.Vpc
    subnets: Mapping[str, aws.ec2.Subnet]
    route_tables: Mapping[str, aws.ec2.RouteTable]
    tags: Mapping[str, str] | None
    child: pulumi.ResourceOptions
    """Options of everything in the network."""

    @property
    def region(self) -> str:
        """The region of the zones."""
        return next(iter(self.subnets))[:-1]

    def named(self, name: str) -> dict[str, str]:
        """The tags, with the `Name` that EC2's lists show."""
        return named(name, self.tags)
