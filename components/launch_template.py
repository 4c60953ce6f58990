"""What the instances of a fleet are: their image, their role, their disk and their first boot."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.instance_role import InstanceRole, InstanceRoleArgs, StatementArgs
from components.scaling import ScalingArgs
from components.tagging import named


class LogsArgs(TypedDict):
    """A log group."""

    name: pulumi.Input[str]
    """Its name, which the user data contains."""
    retention_days: pulumi.Input[int]
    """How long it keeps logs, in days."""


class FleetArgs(TypedDict):
    """Instances of an Auto Scaling group."""

    instance_type: pulumi.Input[str]
    """EC2 instance type, such as t4g.micro."""
    image_id: pulumi.Input[str]
    """Image for that type: the id of an AMI, or `resolve:ssm:` with the name of a parameter."""
    root_device: NotRequired[pulumi.Input[str]]
    """Name of the image's root volume, /dev/xvda by default."""
    min_size: pulumi.Input[int]
    """Minimum instances; this many have to be healthy before a stage uses the target."""
    max_size: pulumi.Input[int]
    """Maximum instances."""
    scaling: NotRequired[ScalingArgs]
    """What raises and lowers the size; by default nothing."""
    role: NotRequired[InstanceRoleArgs]
    """What the instances may do in AWS. Set either this or `profile_name`, or neither."""
    profile_name: NotRequired[pulumi.Input[str]]
    """Name of an existing instance profile."""
    hop_limit: NotRequired[pulumi.Input[int]]
    """How far the metadata reaches: 1 by default, 2 for containers that have the role."""
    logs: NotRequired[LogsArgs]
    """The log group that the role may write to."""
    user_data: str
    """User data, not encoded. Plain, because a change replaces the fleet."""


def instance_role(
    name: str, fleet: FleetArgs, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> InstanceRole | None:
    """The role of the instances with their log group, if they have any."""
    statements: list[StatementArgs] = []
    if "logs" in fleet:
        logs = aws.cloudwatch.LogGroup(
            name,
            name=fleet["logs"]["name"],
            retention_in_days=fleet["logs"]["retention_days"],
            tags=tags,
            opts=opts,
        )
        statements.append({"actions": _WRITE_LOGS, "resources": [logs.arn.apply(_streams)]})
    if "role" not in fleet:
        return None
    given = fleet["role"]
    role: InstanceRoleArgs = {
        **given,
        "statements": [*given.get("statements", ()), *statements],
    }
    return InstanceRole(name, role, opts)


def launch_template(
    name: str,
    fleet: FleetArgs,
    role: InstanceRole | None,
    group: aws.ec2.SecurityGroup,
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> aws.ec2.LaunchTemplate:
    """The template of the instances, which are in one security group."""
    profile = role.profile_name if role else fleet.get("profile_name")
    return aws.ec2.LaunchTemplate(
        name,
        image_id=fleet["image_id"],
        instance_type=fleet["instance_type"],
        iam_instance_profile=None if profile is None else {"name": profile},
        user_data=base64.b64encode(fleet["user_data"].encode()).decode(),
        metadata_options={
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": fleet.get("hop_limit", 1),
        },
        network_interfaces=[
            {
                "device_index": 0,
                "associate_public_ip_address": "false",
                "security_groups": [group.id],
            }
        ],
        block_device_mappings=[
            {
                "device_name": fleet.get("root_device", "/dev/xvda"),
                "ebs": {
                    "encrypted": "true",
                    "volume_type": "gp3",
                    "delete_on_termination": "true",
                },
            }
        ],
        tag_specifications=[
            {"resource_type": kind, "tags": named(name, tags)} for kind in ("instance", "volume")
        ],
        tags=tags,
        opts=opts,
    )


_WRITE_LOGS = ("logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents")


def _streams(group_arn: str) -> str:
    return f"{group_arn}:*"


def version(template: aws.ec2.LaunchTemplate, fleet: FleetArgs) -> Sequence[pulumi.Output[Any]]:
    """What makes a new fleet when it changes.

    The values come from the template: an update that leaves it out (`--target`) must not be
    remembered as a roll.
    """
    has_profile = "role" in fleet or "profile_name" in fleet
    profile = [template.iam_instance_profile.apply(_profile_name)] if has_profile else []
    return [
        template.user_data.apply(_digest),
        template.instance_type,
        template.image_id,
        *profile,
    ]


def _profile_name(profile: aws.ec2.outputs.LaunchTemplateIamInstanceProfile | None) -> str:
    return (profile and profile.name) or ""


def _digest(user_data: str | None) -> str:
    """Hash of user data that is encoded as base64."""
    return hashlib.sha256(base64.b64decode(user_data or "")).hexdigest()
