"""The fleet: a launch template and an Auto Scaling group."""

from .grants import Grant, Permissions, Scope, both
from .roles import create_service_linked_role
from .services import auto_scaling, ec2, load_balancing

SCALING_GROUP = "autoScalingGroup:*:autoScalingGroupName"
IMAGE_PARAMETER = "parameter/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-*"
"""Where AWS publishes the newest Amazon Linux 2023."""


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What a fleet needs, by resource type."""
    scaling, service = auto_scaling(scope), ec2(scope)
    # AWS owns the parameter, so its ARN may contain no account.
    image = Grant(("ssm:GetParameters",), scope.arns("ssm", IMAGE_PARAMETER, account="*"))
    versioned = {"Bool": {"autoscaling:LaunchTemplateVersionSpecified": "true"}}
    return {
        "aws:ec2/launchTemplate:LaunchTemplate": Permissions(
            read=(service.describe("DescribeLaunchTemplateVersions DescribeLaunchTemplates"),),
            write=(
                *service.create("CreateLaunchTemplate", "launch-template"),
                service.change(
                    "launch-template", "CreateLaunchTemplateVersion DeleteLaunchTemplate"
                ),
                image,
            ),
        ),
        "aws:autoscaling/group:Group": Permissions(
            read=(scaling.describe("DescribeAutoScalingGroups"),),
            write=(
                scaling.describe("DescribeLoadBalancerTargetGroups DescribeScalingActivities"),
                load_balancing(scope).describe("DescribeTargetHealth"),
                scaling.allow(
                    "CreateAutoScalingGroup", SCALING_GROUP, when=both(scope.creates, versioned)
                ),
                scaling.change(
                    SCALING_GROUP,
                    "AttachLoadBalancerTargetGroups DeleteAutoScalingGroup "
                    "DetachLoadBalancerTargetGroups UpdateAutoScalingGroup",
                ),
                *_launch(scope),
                image,
                create_service_linked_role(scope, "autoscaling.amazonaws.com"),
            ),
        ),
    }


def _launch(scope: Scope) -> tuple[Grant, ...]:
    """What Auto Scaling tries on the caller's behalf before it accepts a launch template.

    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-launch-template-permissions.html
    """
    service = ec2(scope)
    run, images = "RunInstances", scope.arns("ec2", "image/*", account="")
    return (
        service.describe(
            "DescribeAvailabilityZones DescribeInstanceTypes DescribeLaunchTemplateVersions "
            "DescribeSubnets DescribeVpcs"
        ),
        service.allow("GetSecurityGroupsForVpc", "vpc"),
        # Subnets of an existing network have other tags.
        service.allow(run, "network-interface", "subnet"),
        Grant((f"ec2:{run}",), images, {"StringEquals": {"ec2:Owner": "amazon"}}),
        service.allow(run, "launch-template", "security-group", when=scope.owns),
        *service.create(run, "instance"),
        *service.create(run, "volume"),
    )
