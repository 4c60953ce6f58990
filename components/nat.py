"""The way from a network to the internet: NAT gateways, each in a public subnet of its own."""

import enum
from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.addressing import public_cidr
from components.layout import Layout

EVERYWHERE = "0.0.0.0/0"


class Nat(enum.StrEnum):
    """How many NAT gateways a network has."""

    NONE = "none"
    ONE = "one"
    ZONES = "zones"


def nat_routes(layout: Layout, cidr_block: str, nat: Nat) -> Sequence[aws.ec2.Route]:
    """The route of every private subnet to a NAT gateway, which exists by then.

    A gateway lets nobody in, and nothing else is in a public subnet.
    Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-nat-gateway.html
    """
    if nat == Nat.NONE:
        return []
    zones = list(layout.subnets)
    first, *_ = zones
    way = _to_the_internet(layout)
    gateways = {
        zone: _gateway(layout, cidr_block, zone, way)
        for zone in (zones if nat == Nat.ZONES else [first])
    }
    return [
        aws.ec2.Route(
            f"{layout.name}-nat-{zone}",
            route_table_id=table.id,
            destination_cidr_block=EVERYWHERE,
            nat_gateway_id=gateways.get(zone, gateways[first]).id,
            opts=layout.child,
        )
        for zone, table in layout.route_tables.items()
    ]


def _to_the_internet(layout: Layout) -> aws.ec2.Route:
    """The route of the public subnets, in a route table that all of them share."""
    name = f"{layout.name}-public"
    gateway = aws.ec2.InternetGateway(
        name, vpc_id=layout.vpc.id, tags=layout.named(name), opts=layout.child
    )
    table = aws.ec2.RouteTable(
        name, vpc_id=layout.vpc.id, tags=layout.named(name), opts=layout.child
    )
    return aws.ec2.Route(
        name,
        route_table_id=table.id,
        destination_cidr_block=EVERYWHERE,
        gateway_id=gateway.id,
        opts=layout.child,
    )


def _gateway(layout: Layout, cidr_block: str, zone: str, way: aws.ec2.Route) -> aws.ec2.NatGateway:
    public, name = f"{layout.name}-public-{zone}", f"{layout.name}-nat-{zone}"
    subnet = aws.ec2.Subnet(
        public,
        vpc_id=layout.vpc.id,
        cidr_block=public_cidr(cidr_block, zone),
        availability_zone=zone,
        map_public_ip_on_launch=False,
        tags=layout.named(public),
        opts=layout.child,
    )
    association = aws.ec2.RouteTableAssociation(
        public, subnet_id=subnet.id, route_table_id=way.route_table_id, opts=layout.child
    )
    # AWS wants the internet gateway to exist before the address and the NAT gateway.
    after = pulumi.ResourceOptions.merge(
        layout.child, pulumi.ResourceOptions(depends_on=[way, association])
    )
    address = aws.ec2.Eip(name, domain="vpc", tags=layout.named(name), opts=after)
    return aws.ec2.NatGateway(
        name,
        allocation_id=address.id,
        subnet_id=subnet.id,
        tags=layout.named(name),
        opts=after,
    )
