"""Security groups and their rules."""

from .grants import Grant, Permissions, Scope
from .services import Service, ec2

GROUP, RULE = "security-group", "security-group-rule"


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What security groups need, by resource type."""
    service = ec2(scope)
    return {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Permissions(
            read=(service.describe("DescribeSecurityGroups"),),
            write=(
                service.describe("DescribeSecurityGroupRules"),
                # AWS creates it with the VPC and without tags, so it is claimed first.
                service.allow("CreateTags", GROUP, when=scope.claims),
                service.change(GROUP, "RevokeSecurityGroupEgress RevokeSecurityGroupIngress"),
            ),
        ),
        "aws:ec2/securityGroup:SecurityGroup": Permissions(
            read=(service.describe("DescribeSecurityGroups"),),
            write=(
                service.describe("DescribeNetworkInterfaces"),
                *service.create("CreateSecurityGroup", GROUP),
                # An existing network has other tags.
                service.allow("CreateSecurityGroup", "vpc"),
                service.change(GROUP, "DeleteSecurityGroup RevokeSecurityGroupEgress"),
            ),
        ),
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(service, "Ingress"),
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(service, "Egress"),
    }


def _rule(service: Service, direction: str) -> Permissions:
    modify = "ModifySecurityGroupRules"
    # AWS owns the prefix list of S3, so its ARN contains `aws` in place of the account.
    prefix_lists = service.scope.arns("ec2", "prefix-list/*", account="*")
    return Permissions(
        read=(service.describe("DescribeSecurityGroupRules"),),
        write=(
            *service.create(f"AuthorizeSecurityGroup{direction}", RULE, GROUP),
            service.change(RULE, modify),
            service.change(GROUP, f"{modify} RevokeSecurityGroup{direction}"),
            Grant((f"ec2:{modify}",), prefix_lists),
        ),
    )
