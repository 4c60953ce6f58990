"""Security groups and their rules."""

from .ec2 import kept, look, made
from .grants import Grant, Needs, Scope

GROUP, RULE = "security-group", "security-group-rule"


def needs(scope: Scope) -> dict[str, Needs]:
    """What security groups take, by resource type."""
    return {
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Needs(
            read=(look(scope, "DescribeSecurityGroups"),),
            write=(
                look(scope, "DescribeSecurityGroupRules"),
                # It comes with the VPC and without tags, so it is claimed first.
                Grant(("ec2:CreateTags",), scope.ec2(GROUP), scope.claimed),
                kept(scope, GROUP, "RevokeSecurityGroupEgress", "RevokeSecurityGroupIngress"),
            ),
        ),
        "aws:ec2/securityGroup:SecurityGroup": Needs(
            read=(look(scope, "DescribeSecurityGroups"),),
            write=(
                look(scope, "DescribeNetworkInterfaces"),
                *made(scope, "CreateSecurityGroup", GROUP),
                # An existing network carries the tags of others.
                Grant(("ec2:CreateSecurityGroup",), scope.ec2("vpc")),
                kept(scope, GROUP, "DeleteSecurityGroup", "RevokeSecurityGroupEgress"),
            ),
        ),
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _rule(scope, "Ingress"),
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _rule(scope, "Egress"),
    }


def _rule(scope: Scope, direction: str) -> Needs:
    return Needs(
        read=(look(scope, "DescribeSecurityGroupRules"),),
        write=(
            *made(scope, f"AuthorizeSecurityGroup{direction}", RULE, within=(GROUP,)),
            kept(scope, RULE, "ModifySecurityGroupRules"),
            kept(scope, GROUP, "ModifySecurityGroupRules", f"RevokeSecurityGroup{direction}"),
            # AWS owns the prefix list of S3, and its ARN says so in place of an account.
            Grant(
                ("ec2:ModifySecurityGroupRules",),
                scope.arns("ec2", "prefix-list/*", owner="*"),
            ),
        ),
    )
