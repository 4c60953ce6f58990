"""What the instances of a fleet may reach."""

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_aws as aws

HTTPS = 443


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
        aws.vpc.SecurityGroupEgressRule(
            f"{self._name}-to-s3",
            description="Package repositories, through the S3 endpoint.",
            security_group_id=self._group.id,
            prefix_list_id=prefix_list_id,
            ip_protocol="tcp",
            from_port=HTTPS,
            to_port=HTTPS,
            tags=self._tags,
            opts=self._opts,
        )

    def to_endpoints(self, endpoints_group: pulumi.Input[str]) -> None:
        """Allow the network's interface endpoints, from both sides."""
        name = f"{self._name}-to-endpoints"
        self._awaited += [
            aws.vpc.SecurityGroupEgressRule(
                name,
                description="Interface endpoints of the network.",
                security_group_id=self._group.id,
                referenced_security_group_id=endpoints_group,
                ip_protocol="tcp",
                from_port=HTTPS,
                to_port=HTTPS,
                tags=self._tags,
                opts=self._opts,
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
