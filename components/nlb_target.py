"""An internal Network Load Balancer with the instances behind it."""

import enum
import math
from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.egress import DestinationArgs, OutwardRules
from components.launch_template import FleetArgs, instance_role, launch_template, version
from components.scaling import scaling_policy, size_metrics
from components.tagging import named
from openapi.routes import SCHEME_PORTS

DRAIN_SECONDS = 150
"""The least time that a deregistered instance keeps its connections, in seconds.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html
"""


class Protocol(enum.StrEnum):
    """Protocol of the service; the balancer passes TCP through, unless it ends TLS itself."""

    HTTP = "http"
    HTTPS = "https"


class PlacementArgs(TypedDict):
    """The network that a target is in."""

    vpc_id: pulumi.Input[str]
    """VPC of the balancer and the instances."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets, one in each zone."""
    instance_subnet_ids: NotRequired[pulumi.Input[Sequence[pulumi.Input[str]]]]
    """The same subnets, once everything exists that new instances reach from there."""
    s3_prefix_list_id: NotRequired[pulumi.Input[str]]
    """Prefix list of S3, if new instances can download packages through an endpoint."""
    endpoints_security_group_id: NotRequired[pulumi.Input[str]]
    """Group of the network's interface endpoints, which gets a rule that admits new instances."""


class TlsArgs(TypedDict):
    """TLS that ends at the balancer, which sends plain HTTP to the service."""

    certificate_arn: pulumi.Input[str]
    """Certificate for `server_name`, in the balancer's account and region."""
    policy: pulumi.Input[str]
    """Security policy: the versions and ciphers."""


class SharedBalancerArgs(TypedDict):
    """The balancer of another target."""

    load_balancer_arn: pulumi.Input[str]
    """Its ARN."""
    dns_name: pulumi.Input[str]
    """Its DNS name."""
    security_group_id: pulumi.Input[str]
    """Its group."""


class NlbTargetArgs(PlacementArgs):
    """Inputs of `NlbTarget`; exactly one of `fleet` and `instance_ids`."""

    port: int
    """Port where the service listens. Plain, because it is part of the names of the rules."""
    balancer: NotRequired[SharedBalancerArgs]
    """The balancer of another target, on which this one has a listener of its own; by default a new
    one."""
    health_path: pulumi.Input[str]
    """Path where a healthy instance returns 200 to 399."""
    protocol: NotRequired[Protocol]
    """HTTP by default. Plain, because a change replaces the target."""
    listener_port: NotRequired[int]
    """Port of the balancer, by default the protocol's own. Plain, because it is part of `host`."""
    listener_tls: NotRequired[TlsArgs]
    """Ends TLS at the balancer. Its presence is plain, because the scheme follows from it."""
    server_name: NotRequired[pulumi.Input[str]]
    """Name on the certificate; it is the host instead of the balancer's name."""
    host_header: NotRequired[pulumi.Input[str]]
    """With http: the host instead of the balancer's name."""
    longest_request_seconds: NotRequired[float]
    """The longest integration timeout; draining takes longer, at least 150 seconds. 29 by
    default."""
    fleet: NotRequired[FleetArgs]
    """New instances."""
    egress: NotRequired[Sequence[DestinationArgs]]
    """What the new instances reach, besides the endpoints of the network."""
    instance_ids: NotRequired[Sequence[str]]
    """Existing instances. Plain, because each gets one attachment."""
    release: NotRequired[pulumi.ErrorHook]
    """Called when the deletion of the balancer fails: `components.release.balancer_release`."""
    conflict: NotRequired[pulumi.ErrorHook]
    """Called when the port of the listener is in use: `components.release.listener_conflict`."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child. Plain, because an Auto Scaling group needs a list."""


class NlbTarget(pulumi.ComponentResource):
    """The target of a VPC link: balancer, listener, target group, and a fleet or instances.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-nlb-for-vpclink-using-console.html
    """

    load_balancer_arn: pulumi.Output[str]
    """ARN of the balancer, for the VPC link."""
    target_group_arn: pulumi.Output[str]
    """ARN of the target group."""
    host: pulumi.Output[str]
    """Host for the integration, with the port unless it is the scheme's own."""
    balancer: SharedBalancerArgs
    """What targets behind the same balancer need."""
    balancer_security_group_id: pulumi.Output[str]
    """Group of the balancer, which existing instances have to admit on the service port."""
    fleet_security_group_id: pulumi.Output[str] | None = None
    """Group of the new instances, which their destinations may have to admit."""

    def __init__(
        self, name: str, args: NlbTargetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:NlbTarget", name, {}, opts)
        if ("fleet" in args) == ("instance_ids" in args):
            raise ValueError(f"{name}: set either fleet or instance_ids")
        self._prefix, self._args, self._tags = name, args, args.get("tags", {})
        self._child = pulumi.ResourceOptions(parent=self)
        protocol, tls = args.get("protocol", Protocol.HTTP), args.get("listener_tls")
        own_port = SCHEME_PORTS[Protocol.HTTPS if tls else protocol]
        listener_port = args.get("listener_port", own_port)

        ending = ":tls" if tls else ""
        contract = self._contract(f"{protocol}:{args['port']}:{listener_port}{ending}")
        balancer, is_shared = args.get("balancer"), "balancer" in args
        if balancer is None:
            balancer = self._balancer(contract)
        arn = pulumi.Output.from_input(balancer["load_balancer_arn"])
        renewed = pulumi.Output.concat(arn, " ", contract) if is_shared else arn
        group = balancer["security_group_id"]
        targets = self._target_group(renewed, protocol)
        listener = aws.lb.Listener(
            f"{name}-listener",
            load_balancer_arn=arn,
            port=listener_port,
            protocol="TLS" if tls else "TCP",
            certificate_arn=tls["certificate_arn"] if tls else None,
            ssl_policy=tls["policy"] if tls else None,
            default_actions=[{"type": "forward", "target_group_arn": targets.arn}],
            tags=self._tags,
            # On a balancer of its own, it is replaced with it. On another one, it stays beside the
            # new one, on another port, until nothing uses it.
            opts=pulumi.ResourceOptions(
                parent=self,
                replacement_trigger=renewed if is_shared else None,
                hooks=pulumi.ResourceHookBinding(on_error=[args["conflict"]])
                if "conflict" in args
                else None,
            ),
        )
        self._evidence: dict[str, pulumi.Input[Any]] = {"target_group_arn": targets.arn}
        if "fleet" in args:
            fleet = self._fleet(args["fleet"], group, targets, listener)
            self._evidence |= {"fleet": fleet.name, "min_size": args["fleet"]["min_size"]}
        else:
            attached = self._attachments(args["instance_ids"], group, targets, listener)
            self._evidence |= {"instance_ids": pulumi.Output.all(*(a.target_id for a in attached))}

        self.load_balancer_arn, self.balancer = arn, balancer
        self.target_group_arn = targets.arn
        self.balancer_security_group_id = pulumi.Output.from_input(group)
        host = pulumi.Output.from_input(
            args.get("server_name", args.get("host_header", balancer["dns_name"]))
        )
        if listener_port != own_port:
            host = pulumi.Output.concat(host, f":{listener_port}")
        self.host = host
        self.register_outputs(
            {
                "load_balancer_arn": self.load_balancer_arn,
                "target_group_arn": self.target_group_arn,
                "balancer_security_group_id": self.balancer_security_group_id,
                "host": self.host,
            }
        )

    def evidence(self, *, in_use: bool) -> dict[str, pulumi.Input[Any]]:
        """What has to work before a stage uses the target: see `components.health.Evidence`.

        Existing instances are examined only once a stage uses them, because their owner has to
        admit a balancer that has to exist first.
        """
        balancer = {"load_balancer_arn": self.load_balancer_arn}
        return balancer | (self._evidence if in_use or "fleet" in self._args else {})

    def _security_group(self, name: str, description: str) -> aws.ec2.SecurityGroup:
        return aws.ec2.SecurityGroup(
            name,
            description=description,
            vpc_id=self._args["vpc_id"],
            tags=named(name, self._tags),
            opts=self._child,
        )

    def _contract(self, ports: str) -> pulumi.Output[str]:
        """What the balancer and the instances agree on; another one replaces both."""
        path, server_name = self._args["health_path"], self._args.get("server_name", "")
        kind = "" if "fleet" in self._args else ":instances"
        return pulumi.Output.concat(ports, ":", path, ":", server_name, kind)

    def _balancer(self, contract: pulumi.Output[str]) -> SharedBalancerArgs:
        group = self._security_group(
            f"{self._prefix}-nlb",
            "Balancer: reaches the service, admits nobody but the VPC link.",
        )
        made = aws.lb.LoadBalancer(
            f"{self._prefix}-nlb",
            load_balancer_type="network",
            internal=True,
            subnets=self._args["subnet_ids"],
            security_groups=[group.id],
            # The source address of a VPC link is not in the VPC, so no inbound rule can match it.
            enforce_security_group_inbound_rules_on_private_link_traffic="off",
            enable_cross_zone_load_balancing=True,
            tags=self._tags,
            # Another port replaces the balancer, with everything behind it, before the old one is
            # deleted: AWS allows a target group on one balancer only, and the port of a listener
            # in use cannot change. So does another server name, because one balancer would mix old
            # and new certificates, and a health path that the old instances may not answer; and
            # so do existing instances in place of a fleet, which would be attached unexamined.
            opts=pulumi.ResourceOptions(
                parent=self,
                replacement_trigger=contract,
                hooks=pulumi.ResourceHookBinding(on_error=[self._args["release"]])
                if "release" in self._args
                else None,
            ),
        )
        return {
            "load_balancer_arn": made.arn,
            "dns_name": made.dns_name,
            "security_group_id": group.id,
        }

    def _target_group(self, renewed: pulumi.Output[str], protocol: Protocol) -> aws.lb.TargetGroup:
        longest = math.ceil(self._args.get("longest_request_seconds", 29))
        return aws.lb.TargetGroup(
            f"{self._prefix}-targets",
            vpc_id=self._args["vpc_id"],
            port=self._args["port"],
            protocol="TCP",
            target_type="instance",
            # The client of a VPC link is API Gateway itself, whose address would need more rules.
            preserve_client_ip="false",
            # A balancer may send new connections for some two minutes after a deregistration, and
            # cutting them at the end of the delay would lose the requests on them.
            connection_termination=False,
            deregistration_delay=max(DRAIN_SECONDS, longest + 1),
            health_check={
                "protocol": protocol.upper(),
                "port": "traffic-port",
                "path": self._args["health_path"],
                "matcher": "200-399",
                "interval": 10,
                "timeout": 6,
                "healthy_threshold": 2,
                "unhealthy_threshold": 2,
            },
            tags=self._tags,
            # A trigger is saved in the state: after an update that failed halfway, the next one
            # still replaces the group with its balancer. `replace_with` would be forgotten.
            opts=pulumi.ResourceOptions(parent=self, replacement_trigger=renewed),
        )

    def _attachments(
        self,
        instance_ids: Sequence[str],
        balancer_group: pulumi.Input[str],
        targets: aws.lb.TargetGroup,
        listener: aws.lb.Listener,
    ) -> Sequence[aws.lb.TargetGroupAttachment]:
        """Existing instances in the target group; their owner adds a rule to their own groups."""
        port = self._args["port"]
        rule = aws.vpc.SecurityGroupEgressRule(
            f"{self._prefix}-nlb-to-instances-{port}",
            description="The service port of the instances.",
            security_group_id=balancer_group,
            cidr_ipv4="0.0.0.0/0",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=self._tags,
            opts=self._child,
        )
        return [
            aws.lb.TargetGroupAttachment(
                f"{self._prefix}-{instance}",
                target_group_arn=targets.arn,
                target_id=instance,
                port=port,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[listener, rule]),
            )
            for instance in instance_ids
        ]

    def _fleet(
        self,
        fleet: FleetArgs,
        balancer_group: pulumi.Input[str],
        targets: aws.lb.TargetGroup,
        listener: aws.lb.Listener,
    ) -> aws.autoscaling.Group:
        """New instances.

        Their proof waits for them, not the group: an update that is interrupted meanwhile leaves
        nothing half made.
        """
        name = f"{self._prefix}-fleet"
        group = self._security_group(name, "Instances: admit their balancer.")
        self.fleet_security_group_id = group.id
        rules = self._fleet_rules(balancer_group, group)
        role = instance_role(name, fleet, self._tags, self._child)
        template = launch_template(name, fleet, role, group, self._tags, self._child)
        scaling = fleet.get("scaling")
        scaled = aws.autoscaling.Group(
            name,
            launch_template={
                "id": template.id,
                # Never "$Latest": with a number, a preview shows that the template changes.
                "version": template.latest_version.apply(str),
            },
            vpc_zone_identifiers=self._args.get("instance_subnet_ids", self._args["subnet_ids"]),
            min_size=fleet["min_size"],
            max_size=fleet["max_size"],
            enabled_metrics=size_metrics(scaling),
            target_group_arns=[targets.arn],
            health_check_type="ELB",
            health_check_grace_period=300,
            wait_for_capacity_timeout="0",
            # An instance that is replaced stays until its successor is healthy.
            instance_maintenance_policy={
                "min_healthy_percentage": 100,
                "max_healthy_percentage": 200,
            },
            # Thirty days, in seconds: no instance runs an older image for longer.
            max_instance_lifetime=2_592_000,
            tags=[
                {"key": key, "value": value, "propagate_at_launch": False}
                for key, value in sorted(self._tags.items())
            ],
            opts=pulumi.ResourceOptions(
                parent=self,
                # The old fleet keeps its role until it is deleted.
                depends_on=[listener, *rules, *([role] if role else [])],
                # A new version is a new fleet, and has to be proven before the old one goes.
                replacement_trigger=[*version(template, fleet), targets.arn],
            ),
        )
        if scaling:
            scaling_policy(name, scaled, scaling, self._child)
        return scaled

    def _fleet_rules(
        self, balancer_group: pulumi.Input[str], group: aws.ec2.SecurityGroup
    ) -> Sequence[pulumi.Resource]:
        """What the fleet may reach, and the rules between it and its balancer.

        The names of these contain the port, so that a new port is open before the old one closes.
        """
        port = self._args["port"]
        outward = OutwardRules(f"{self._prefix}-fleet", group, self._tags, self._child)
        if "s3_prefix_list_id" in self._args:
            outward.to_s3(self._args["s3_prefix_list_id"])
        if "endpoints_security_group_id" in self._args:
            outward.to_endpoints(self._args["endpoints_security_group_id"])
        outward.to_destinations(self._args.get("egress", ()))
        return [
            *outward.awaited,
            aws.vpc.SecurityGroupEgressRule(
                f"{self._prefix}-nlb-to-fleet-{port}",
                description="The service port of the fleet.",
                security_group_id=balancer_group,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self._tags,
                opts=self._child,
            ),
            aws.vpc.SecurityGroupIngressRule(
                f"{self._prefix}-fleet-from-nlb-{port}",
                description="The balancer, health checks included.",
                security_group_id=group.id,
                referenced_security_group_id=balancer_group,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self._tags,
                opts=self._child,
            ),
        ]
