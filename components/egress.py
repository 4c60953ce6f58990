"""What the instances of a fleet may reach."""

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

HTTPS = 443


class DestinationArgs(TypedDict):
    """Where a fleet may send to: exactly one of `cidr`, `prefix_list` and `security_group`.

    All of it is plain, because it makes the name of the rule.
    """

    cidr: NotRequired[str]
    """IPv4 range."""
    prefix_list: NotRequired[str]
    """Id of a prefix list."""
    security_group: NotRequired[str]
    """Id of a security group."""
    protocol: str
    """tcp or udp."""
    ports: Sequence[int]
    """The first and the last port."""


class OutwardRules:
    """Makes the rules for the traffic that leaves the instances of a fleet."""

    def __init__(
        self,
        name: str,
        group: aws.ec2.SecurityGroup,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._name, self._group, self._tags, self._opts = name, group, tags, opts
        self._awaited: list[pulumi.Resource] = []

    @property
    def awaited(self) -> Sequence[pulumi.Resource]:
        """The rules that instances may need while they start."""
        return self._awaited

    def to_s3(self, prefix_list_id: pulumi.Input[str]) -> None:
        """Allow what the policy of the S3 endpoint lets pass."""
        text = "Package repositories, through the S3 endpoint."
        self._rule(f"{self._name}-to-s3", text, prefix_list_id=prefix_list_id)

    def to_destinations(self, destinations: Sequence[DestinationArgs]) -> None:
        """Allow each destination, in a rule that is named after it.

        So another order changes nothing, and a new destination is open before an old one closes.
        """
        for one in destinations:
            cidr, prefix_list = one.get("cidr"), one.get("prefix_list")
            group = one.get("security_group")
            first, last = one["ports"]
            where = str(cidr or prefix_list or group).replace("/", "-")
            ports = f"{first}-{last}" if last > first else f"{first}"
            rule = self._rule(
                f"{self._name}-to-{where}-{one['protocol']}-{ports}",
                "Configured egress of the fleet.",
                protocol=one["protocol"],
                ports=(first, last),
                cidr_ipv4=cidr,
                prefix_list_id=prefix_list,
                referenced_security_group_id=group,
            )
            self._awaited.append(rule)

    def to_endpoints(self, endpoints_group: pulumi.Input[str]) -> None:
        """Allow the network's interface endpoints, from both sides."""
        name = f"{self._name}-to-endpoints"
        self._awaited += [
            self._rule(
                name,
                "Interface endpoints of the network.",
                referenced_security_group_id=endpoints_group,
            ),
            aws.vpc.SecurityGroupIngressRule(
                name,
                description="A fleet.",
                security_group_id=endpoints_group,
                referenced_security_group_id=self._group.id,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                tags=self._tags,
                opts=self._opts,
            ),
        ]

    def _rule(
        self,
        name: str,
        description: str,
        *,
        protocol: str = "tcp",
        ports: tuple[int, int] = (HTTPS, HTTPS),
        **destination: pulumi.Input[str] | None,
    ) -> aws.vpc.SecurityGroupEgressRule:
        first, last = ports
        return aws.vpc.SecurityGroupEgressRule(
            name,
            description=description,
            security_group_id=self._group.id,
            ip_protocol=protocol,
            from_port=first,
            to_port=last,
            tags=self._tags,
            opts=self._opts,
            **destination,
        )
