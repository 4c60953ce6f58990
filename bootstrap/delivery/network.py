"""The network: VPC, subnets, route tables, the S3 endpoint, flow logs."""

from .ec2 import kept, look, made
from .grants import Grant, Needs, Scope
from .roles import FLOW_LOG_ROLE, handing_over


def needs(scope: Scope) -> dict[str, Needs]:
    """What a network takes, by resource type."""
    return {
        "aws:ec2/vpc:Vpc": Needs(
            read=(
                look(
                    scope,
                    "DescribeNetworkAcls",
                    "DescribeRouteTables",
                    "DescribeSecurityGroups",
                    "DescribeVpcs",
                ),
                Grant(("ec2:DescribeVpcAttribute",), scope.ec2("vpc")),
            ),
            write=(
                *made(scope, "CreateVpc", "vpc"),
                kept(scope, "vpc", "DeleteVpc", "ModifyVpcAttribute"),
            ),
        ),
        "aws:ec2/subnet:Subnet": Needs(
            read=(look(scope, "DescribeSubnets"),),
            write=(
                look(scope, "DescribeNetworkInterfaces"),
                *made(scope, "CreateSubnet", "subnet", within=("vpc",)),
                kept(scope, "subnet", "DeleteSubnet", "ModifySubnetAttribute"),
            ),
        ),
        "aws:ec2/routeTable:RouteTable": Needs(
            read=(look(scope, "DescribeRouteTables"),),
            write=(
                *made(scope, "CreateRouteTable", "route-table", within=("vpc",)),
                kept(scope, "route-table", "DeleteRouteTable"),
            ),
        ),
        "aws:ec2/routeTableAssociation:RouteTableAssociation": Needs(
            read=(look(scope, "DescribeRouteTables"),),
            write=(
                Grant(
                    (
                        "ec2:AssociateRouteTable",
                        "ec2:DisassociateRouteTable",
                        "ec2:ReplaceRouteTableAssociation",
                    ),
                    scope.ec2("route-table", "subnet"),
                    scope.ours,
                ),
            ),
        ),
        "aws:ec2/vpcEndpoint:VpcEndpoint": Needs(
            read=(look(scope, "DescribePrefixLists", "DescribeVpcEndpoints"),),
            write=(
                *made(scope, "CreateVpcEndpoint", "vpc-endpoint", within=("route-table", "vpc")),
                kept(scope, "vpc-endpoint", "DeleteVpcEndpoints"),
                Grant(
                    ("ec2:ModifyVpcEndpoint",),
                    scope.ec2("route-table", "vpc-endpoint"),
                    scope.ours,
                ),
            ),
        ),
        "aws:ec2/flowLog:FlowLog": Needs(
            read=(look(scope, "DescribeFlowLogs"),),
            write=(
                *made(scope, "CreateFlowLogs", "vpc-flow-log", within=("vpc",)),
                kept(scope, "vpc-flow-log", "DeleteFlowLogs"),
                handing_over(scope, FLOW_LOG_ROLE, "vpc-flow-logs.amazonaws.com"),
            ),
        ),
    }
