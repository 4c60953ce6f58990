"""The VPC link V2, through which an API reaches every load balancer of a network."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.tagging import named


class ListenerArgs(TypedDict):
    """A listener that the link has to reach."""

    port: int
    """Port of the load balancer. Plain, because it is part of the names of the rules."""
    security_group_id: NotRequired[pulumi.Input[str]]
    """Group of a load balancer of this program, which gets a rule that admits the link. An
    existing load balancer keeps its groups: its owner admits the link."""


class VpcLinkV2Args(TypedDict):
    """Inputs of `VpcLinkV2`."""

    vpc_id: pulumi.Input[str]
    """VPC of the load balancers."""
    subnet_ids: pulumi.Input[Sequence[pulumi.Input[str]]]
    """Private subnets of the link, one in each zone; others replace the link."""
    listeners: Mapping[str, ListenerArgs]
    """What the link has to reach, by the name of the target. Plain, because each gets rules."""
    tags: NotRequired[Mapping[str, str]]
    """Tags for every taggable child. Plain, because a name is added to some."""


class VpcLinkV2(pulumi.ComponentResource):
    """A VPC link V2 with its security group, and the rules between it and the load balancers.

    Its traffic comes from network interfaces in the subnets, so it is judged by security groups
    like any other. Its subnets and its groups cannot change.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html
    """

    vpc_link_id: pulumi.Output[str]
    """Id of the link."""
    security_group_id: pulumi.Output[str]
    """Group of the link, which the load balancers have to admit on the ports of their listeners."""

    def __init__(
        self, name: str, args: VpcLinkV2Args, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:VpcLinkV2", name, {}, opts)
        self._prefix, self._tags = name, args.get("tags")
        self._child = pulumi.ResourceOptions(parent=self)
        group = aws.ec2.SecurityGroup(
            f"{name}-link",
            description="VPC link: reaches the load balancers.",
            vpc_id=args["vpc_id"],
            tags=named(f"{name}-link", self._tags),
            opts=self._child,
        )
        link = aws.apigatewayv2.VpcLink(
            f"{name}-link",
            subnet_ids=args["subnet_ids"],
            security_group_ids=[group.id],
            tags=self._tags,
            # So that whatever waits for the link also waits until it reaches the listeners.
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._rules(group, args)),
        )
        self.vpc_link_id = link.id
        self.security_group_id = group.id
        self.register_outputs(
            {"vpc_link_id": self.vpc_link_id, "security_group_id": self.security_group_id}
        )

    def _rules(self, group: aws.ec2.SecurityGroup, args: VpcLinkV2Args) -> list[pulumi.Resource]:
        """The rules of every listener.

        Their names contain the port, so that a new port is open before the old one closes.
        """
        rules: list[pulumi.Resource] = []
        for target, listener in args["listeners"].items():
            if "security_group_id" in listener:
                rules += self._rules_between(group, target, listener)
        ports = {
            one["port"] for one in args["listeners"].values() if "security_group_id" not in one
        }
        rules += [self._egress(group, f"{self._prefix}-out-{port}", port) for port in sorted(ports)]
        return rules

    def _rules_between(
        self, group: aws.ec2.SecurityGroup, target: str, listener: ListenerArgs
    ) -> list[pulumi.Resource]:
        port, balancer_group = listener["port"], listener["security_group_id"]
        name = f"{self._prefix}-to-{target}-{port}"
        return [
            self._egress(group, name, port, balancer_group),
            aws.vpc.SecurityGroupIngressRule(
                name,
                description="The VPC link V2.",
                security_group_id=balancer_group,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=self._tags,
                opts=self._child,
            ),
        ]

    def _egress(
        self,
        group: aws.ec2.SecurityGroup,
        name: str,
        port: int,
        balancer_group: pulumi.Input[str] | None = None,
    ) -> pulumi.Resource:
        """Lets the link reach a port: of one group, or of existing load balancers anywhere."""
        return aws.vpc.SecurityGroupEgressRule(
            name,
            description="The listener port of load balancers.",
            security_group_id=group.id,
            referenced_security_group_id=balancer_group,
            cidr_ipv4=None if balancer_group else "0.0.0.0/0",
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            tags=self._tags,
            opts=self._child,
        )
