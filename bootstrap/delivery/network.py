"""The network: VPC, subnets, route tables, the S3 endpoint, flow logs."""

from .grants import Permissions, Scope
from .roles import FLOW_LOG_ROLE, pass_role
from .services import ec2


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What a network needs, by resource type."""
    service = ec2(scope)
    return {
        "aws:ec2/vpc:Vpc": Permissions(
            read=(
                service.describe(
                    "DescribeNetworkAcls DescribeRouteTables DescribeSecurityGroups DescribeVpcs"
                ),
                service.allow("DescribeVpcAttribute", "vpc"),
            ),
            write=(
                *service.create("CreateVpc", "vpc"),
                service.change("vpc", "DeleteVpc ModifyVpcAttribute"),
            ),
        ),
        "aws:ec2/subnet:Subnet": Permissions(
            read=(service.describe("DescribeSubnets"),),
            write=(
                service.describe("DescribeNetworkInterfaces"),
                *service.create("CreateSubnet", "subnet", "vpc"),
                service.change("subnet", "DeleteSubnet ModifySubnetAttribute"),
            ),
        ),
        "aws:ec2/routeTable:RouteTable": Permissions(
            read=(service.describe("DescribeRouteTables"),),
            write=(
                *service.create("CreateRouteTable", "route-table", "vpc"),
                service.change("route-table", "DeleteRouteTable"),
            ),
        ),
        "aws:ec2/routeTableAssociation:RouteTableAssociation": Permissions(
            read=(service.describe("DescribeRouteTables"),),
            write=(
                service.allow(
                    "AssociateRouteTable DisassociateRouteTable ReplaceRouteTableAssociation",
                    "route-table",
                    "subnet",
                    when=scope.owns,
                ),
            ),
        ),
        "aws:ec2/vpcEndpoint:VpcEndpoint": Permissions(
            read=(service.describe("DescribePrefixLists DescribeVpcEndpoints"),),
            write=(
                *service.create("CreateVpcEndpoint", "vpc-endpoint", "route-table", "vpc"),
                service.change("vpc-endpoint", "DeleteVpcEndpoints"),
                service.allow("ModifyVpcEndpoint", "route-table", "vpc-endpoint", when=scope.owns),
            ),
        ),
        "aws:ec2/flowLog:FlowLog": Permissions(
            read=(service.describe("DescribeFlowLogs"),),
            write=(
                *service.create("CreateFlowLogs", "vpc-flow-log", "vpc"),
                service.change("vpc-flow-log", "DeleteFlowLogs"),
                pass_role(scope, FLOW_LOG_ROLE, "vpc-flow-logs.amazonaws.com"),
            ),
        ),
    }
