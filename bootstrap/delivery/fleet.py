"""The fleet: a launch template and an Auto Scaling group."""

from .ec2 import kept, look, made
from .grants import Grant, Needs, Scope, both
from .roles import service_linked_role

SCALING_GROUP = "autoScalingGroup:*:autoScalingGroupName/*"
IMAGE_PARAMETER = "parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-*"
"""Where AWS publishes the newest Amazon Linux 2023."""


def needs(scope: Scope) -> dict[str, Needs]:
    """What a fleet takes, by resource type."""
    # AWS owns the parameter, so its ARN may name no account.
    image = Grant(("ssm:GetParameters",), scope.arns("ssm", IMAGE_PARAMETER, owner="*"))
    groups = scope.arns("autoscaling", SCALING_GROUP)
    return {
        "aws:ec2/launchTemplate:LaunchTemplate": Needs(
            read=(look(scope, "DescribeLaunchTemplateVersions", "DescribeLaunchTemplates"),),
            write=(
                *made(scope, "CreateLaunchTemplate", "launch-template"),
                kept(
                    scope,
                    "launch-template",
                    "CreateLaunchTemplateVersion",
                    "DeleteLaunchTemplate",
                ),
                image,
            ),
        ),
        "aws:autoscaling/group:Group": Needs(
            read=(Grant(("autoscaling:DescribeAutoScalingGroups",), ("*",), scope.in_region),),
            write=(
                Grant(
                    (
                        "autoscaling:DescribeScalingActivities",
                        "elasticloadbalancing:DescribeTargetHealth",
                    ),
                    ("*",),
                    scope.in_region,
                ),
                Grant(
                    ("autoscaling:CreateAutoScalingGroup",),
                    groups,
                    both(
                        scope.made,
                        {"Bool": {"autoscaling:LaunchTemplateVersionSpecified": "true"}},
                    ),
                ),
                Grant(
                    (
                        "autoscaling:AttachLoadBalancerTargetGroups",
                        "autoscaling:CreateOrUpdateTags",
                        "autoscaling:DeleteAutoScalingGroup",
                        "autoscaling:DeleteTags",
                        "autoscaling:DetachLoadBalancerTargetGroups",
                        "autoscaling:UpdateAutoScalingGroup",
                    ),
                    groups,
                    scope.ours,
                ),
                *_launching(scope),
                image,
                service_linked_role(scope, "autoscaling.amazonaws.com"),
            ),
        ),
    }


def _launching(scope: Scope) -> tuple[Grant, ...]:
    """What Auto Scaling tries in the caller's name before it takes a launch template.

    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """
    run = ("ec2:RunInstances",)
    return (
        look(
            scope,
            "DescribeAvailabilityZones",
            "DescribeInstanceTypes",
            "DescribeLaunchTemplateVersions",
            "DescribeSubnets",
            "DescribeVpcs",
        ),
        Grant(("ec2:GetSecurityGroupsForVpc",), scope.ec2("vpc")),
        # Subnets of an existing network carry the tags of others.
        Grant(run, scope.ec2("network-interface", "subnet")),
        Grant(
            run,
            scope.arns("ec2", "image/*", owner=""),
            {"StringEquals": {"ec2:Owner": "amazon"}},
        ),
        Grant(run, scope.ec2("launch-template", "security-group"), scope.ours),
        *made(scope, "RunInstances", "instance"),
        *made(scope, "RunInstances", "volume"),
    )
