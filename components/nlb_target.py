"""An internal Network Load Balancer with the instances that answer behind it."""

import base64
import enum
import hashlib
import math
from collections.abc import Awaitable, Mapping, Sequence
from typing import NotRequired, TypedDict, cast

import pulumi
import pulumi_aws as aws

from components.tagging import named
from openapi.routes import SCHEME_PORTS


class Protocol(enum.StrEnum):
    """How the gateway and the service talk; the balancer passes TCP through in both cases."""

    HTTP = "http"
    HTTPS = "https"


class Architecture(enum.StrEnum):
    """Processor architecture, as the image's name spells it."""

    ARM64 = "arm64"
    X86_64 = "x86_64"


class FleetArgs(TypedDict):
    """Instances that an Auto Scaling group keeps alive."""

    instance_type: pulumi.Input[str]
    """EC2 instance type, such as t4g.micro."""
    architecture: Architecture
    """Architecture of that type. Plain, because the image is named by it."""
    min_size: pulumi.Input[int]
    """Instances at least; an update waits until as many answer."""
    max_size: pulumi.Input[int]
    """Instances at most."""
    user_data: str
    """Boot instructions, not encoded. Plain, because a change renews the fleet."""


class PlaceArgs(TypedDict):
    """The network that a target is in."""

    vpc_id: pulumi.Input[str]
    """VPC of the balancer and the instances."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets, one a zone."""
    s3_prefix_list_id: NotRequired[pulumi.Input[str]]
    """Prefix list of S3, when new instances may fetch packages through an endpoint."""


class NlbTargetArgs(PlaceArgs):
    """Inputs of `NlbTarget`; exactly one of `fleet` and `instance_ids`."""

    port: int
    """Port where the service listens. Plain, because the names of the rules carry it."""
    health_path: pulumi.Input[str]
    """Path that answers 200 to 399 when an instance is fit."""
    protocol: NotRequired[Protocol]
    """HTTP by default. Plain, because a change renews the target."""
    listener_port: NotRequired[int]
    """Port of the balancer, by default the protocol's own. Plain, because the host shows it."""
    server_name: NotRequired[pulumi.Input[str]]
    """Name on the service's certificate; it takes the balancer's place as host."""
    longest_request_seconds: NotRequired[float]
    """Longest answer that the gateway waits for; draining lasts longer. 29 by default."""
    fleet: NotRequired[FleetArgs]
    """New instances."""
    instance_ids: NotRequired[Sequence[str]]
    """Existing instances. Plain, because each gets one attachment."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child. Plain, because an Auto Scaling group wants a list."""


class NlbTarget(pulumi.ComponentResource):
    """What a VPC link points at: balancer, listener, target group, and a fleet or instances.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-nlb-for-vpclink-using-console.html
    """

    load_balancer_arn: pulumi.Output[str]
    """ARN of the balancer, for the VPC link."""
    target_group_arn: pulumi.Output[str]
    """ARN of the target group."""
    host: pulumi.Output[str]
    """Host for the integration, with the port where it is not the scheme's own. It depends on the
    fleet, so that whoever uses it waits until the fleet answers; existing instances are only
    attached."""
    balancer_security_group_id: pulumi.Output[str]
    """Group of the balancer: existing instances have to admit it on the service port."""

    def __init__(
        self, name: str, args: NlbTargetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:NlbTarget", name, {}, opts)
        if ("fleet" in args) == ("instance_ids" in args):
            raise ValueError(f"{name}: give either fleet or instance_ids")
        child = pulumi.ResourceOptions(parent=self)
        protocol = args.get("protocol", Protocol.HTTP)
        port, tags = args["port"], args.get("tags", {})
        listener_port = args.get("listener_port", SCHEME_PORTS[protocol])

        group = aws.ec2.SecurityGroup(
            f"{name}-nlb",
            description="Balancer: reaches the service, admits nobody but the VPC link.",
            vpc_id=args["vpc_id"],
            tags=named(f"{name}-nlb", tags),
            opts=child,
        )
        balancer = aws.lb.LoadBalancer(
            f"{name}-nlb",
            load_balancer_type="network",
            internal=True,
            subnets=args["subnet_ids"],
            security_groups=[group.id],
            # Traffic of a VPC link comes from no address of the VPC, so no inbound rule fits it.
            enforce_security_group_inbound_rules_on_private_link_traffic="off",
            enable_cross_zone_load_balancing=True,
            tags=tags,
            # Under a new port everything is renewed before the old goes: AWS takes a target
            # group on one balancer only, and a listener's port cannot change under traffic. So it
            # is under a new name, since one balancer would mix old and new certificates, and under
            # a new health path, which the instances that serve may not answer.
            opts=pulumi.ResourceOptions(
                parent=self,
                replacement_trigger=pulumi.Output.concat(
                    f"{protocol}:{port}:{listener_port}:",
                    args["health_path"],
                    ":",
                    args.get("server_name", ""),
                ),
            ),
        )
        targets = aws.lb.TargetGroup(
            f"{name}-targets",
            vpc_id=args["vpc_id"],
            port=port,
            protocol="TCP",
            target_type="instance",
            # The gateway's address says nothing, and a preserved one would need rules of its own.
            preserve_client_ip="false",
            connection_termination=True,
            deregistration_delay=max(30, math.ceil(args.get("longest_request_seconds", 29)) + 1),
            health_check={
                "protocol": protocol.upper(),
                "port": "traffic-port",
                "path": args["health_path"],
                "matcher": "200-399",
                "interval": 10,
                "timeout": 6,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            tags=tags,
            # A trigger stays in the state: after an update that failed midway the next one knows
            # that the group still has to follow its balancer. `replace_with` would be forgotten.
            opts=pulumi.ResourceOptions(parent=self, replacement_trigger=balancer.arn),
        )
        listener = aws.lb.Listener(
            f"{name}-listener",
            load_balancer_arn=balancer.arn,
            port=listener_port,
            protocol="TCP",
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            tags=tags,
            opts=child,
        )
        ready = self._serve(name, args, group, targets, listener)

        self.load_balancer_arn = balancer.arn
        self.target_group_arn = targets.arn
        self.balancer_security_group_id = group.id
        host = pulumi.Output.from_input(args.get("server_name", balancer.dns_name))
        if listener_port != SCHEME_PORTS[protocol]:
            host = pulumi.Output.concat(host, f":{listener_port}")
        self.host = _available_after(host, ready)
        self.register_outputs(
            {
                "load_balancer_arn": self.load_balancer_arn,
                "target_group_arn": self.target_group_arn,
                "balancer_security_group_id": self.balancer_security_group_id,
                "host": self.host,
            }
        )

    def _serve(
        self,
        name: str,
        args: NlbTargetArgs,
        balancer_group: aws.ec2.SecurityGroup,
        targets: aws.lb.TargetGroup,
        listener: aws.lb.Listener,
    ) -> list[pulumi.Resource]:
        """Put instances behind the target group.

        A fleet that is returned answers; existing instances are only attached.
        """
        port, tags = args["port"], args.get("tags", {})
        fleet = args.get("fleet")
        if fleet is None:
            # Instances of others keep their groups: what they must admit is an output.
            within = aws.vpc.SecurityGroupEgressRule(
                f"{name}-nlb-to-instances-{port}",
                description="The service port of the instances.",
                security_group_id=balancer_group.id,
                cidr_ipv4="0.0.0.0/0",
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            attachments: list[pulumi.Resource] = [
                aws.lb.TargetGroupAttachment(
                    f"{name}-{instance}",
                    target_group_arn=targets.arn,
                    target_id=instance,
                    port=port,
                    opts=pulumi.ResourceOptions(parent=self, depends_on=[listener, within]),
                )
                for instance in args.get("instance_ids", ())
            ]
            return attachments
        group = aws.ec2.SecurityGroup(
            f"{name}-fleet",
            description="Instances: admit their balancer.",
            vpc_id=args["vpc_id"],
            tags=named(f"{name}-fleet", tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        rules = self._admit(name, args, balancer_group, group)
        return [self._launch(name, args, fleet, group, targets, [listener, *rules])]

    def _admit(
        self,
        name: str,
        args: NlbTargetArgs,
        balancer_group: aws.ec2.SecurityGroup,
        group: aws.ec2.SecurityGroup,
    ) -> list[pulumi.Resource]:
        port, tags = args["port"], args.get("tags", {})
        child = pulumi.ResourceOptions(parent=self)
        # The names carry the port, so that a changed port is open before the old one closes.
        rules: list[pulumi.Resource] = [
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-nlb-to-fleet-{port}",
                description="The service port of the fleet.",
                security_group_id=balancer_group.id,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=tags,
                opts=child,
            ),
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-fleet-from-nlb-{port}",
                description="The balancer, health checks included.",
                security_group_id=group.id,
                referenced_security_group_id=balancer_group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=tags,
                opts=child,
            ),
        ]
        if "s3_prefix_list_id" in args:
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-fleet-to-s3",
                description="Package repositories, through the S3 endpoint.",
                security_group_id=group.id,
                prefix_list_id=args["s3_prefix_list_id"],
                ip_protocol="tcp",
                from_port=443,
                to_port=443,
                tags=tags,
                opts=child,
            )
        return rules

    def _launch(
        self,
        name: str,
        args: NlbTargetArgs,
        fleet: FleetArgs,
        group: aws.ec2.SecurityGroup,
        targets: aws.lb.TargetGroup,
        requisites: Sequence[pulumi.Resource],
    ) -> aws.autoscaling.Group:
        tags = args.get("tags", {})
        image = (
            "resolve:ssm:/aws/service/ami-amazon-linux-latest/"
            f"al2023-ami-kernel-default-{fleet['architecture']}"
        )
        template = aws.ec2.LaunchTemplate(
            f"{name}-fleet",
            image_id=image,
            instance_type=fleet["instance_type"],
            user_data=base64.b64encode(fleet["user_data"].encode()).decode(),
            metadata_options={
                "http_endpoint": "enabled",
                "http_tokens": "required",
                "http_put_response_hop_limit": 1,
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
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "encrypted": "true",
                        "volume_type": "gp3",
                        "delete_on_termination": "true",
                    },
                }
            ],
            tag_specifications=[
                {"resource_type": kind, "tags": named(f"{name}-fleet", tags)}
                for kind in ("instance", "volume")
            ],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        return aws.autoscaling.Group(
            f"{name}-fleet",
            launch_template={
                "id": template.id,
                # Never "$Latest": a number makes every roll a change that preview shows.
                "version": template.latest_version.apply(str),
            },
            vpc_zone_identifiers=args["subnet_ids"],
            min_size=fleet["min_size"],
            max_size=fleet["max_size"],
            target_group_arns=[targets.arn],
            health_check_type="ELB",
            health_check_grace_period=300,
            # At least so many healthy in the balancer, or the update fails.
            min_elb_capacity=fleet["min_size"],
            wait_for_capacity_timeout="15m",
            # Thirty days, in seconds: no instance runs an older image for longer.
            max_instance_lifetime=2_592_000,
            tags=[
                {"key": key, "value": value, "propagate_at_launch": False}
                for key, value in sorted(tags.items())
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=requisites,
                # A new fleet has to answer before the old one goes: a version that does not
                # fails the update and takes no traffic.
                replacement_trigger=[
                    hashlib.sha256(fleet["user_data"].encode()).hexdigest(),
                    fleet["instance_type"],
                    image,
                    targets.arn,
                ],
            ),
        )


def _available_after(
    value: pulumi.Output[str], resources: Sequence[pulumi.Resource]
) -> pulumi.Output[str]:
    """The value, with a dependency on the resources but not on whether they are known.

    `Output.all(value, group.id)` would turn unknown at the preview of every fleet roll, and show
    each stage as changed.
    """

    async def dependencies() -> set[pulumi.Resource]:
        return {*await value.resources(), *resources}

    future = cast(Awaitable[str], value.future())  # None where unknown, which is_known tells
    return pulumi.Output(dependencies(), future, value.is_known(), value.is_secret())
