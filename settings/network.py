"""The models of the network that new targets are in."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Tag

from openapi.model import Model

from .values import DISTINCT, Retention, reject, selected_by

_PRIVATE_RANGES = [IPv4Network(r) for r in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]


def is_private(block: str) -> bool:
    """Whether an IPv4 range is within the private ones."""
    return any(IPv4Network(block).subnet_of(private) for private in _PRIVATE_RANGES)


def _private_range(block: str) -> str:
    try:
        network = IPv4Network(block)
    except ValueError as error:
        reject(f"is not a valid IPv4 range: {error}")
    if not is_private(block):
        reject("is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    if not 16 <= network.prefixlen <= 24:  # noqa: PLR2004
        reject("is not between /16 and /24")
    return block


Zone = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9][a-h]$")]
SubnetId = Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")]


# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
BucketName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
Service = Literal["ecr", "logs", "secretsmanager", "ssm"]
_ENDPOINTS: dict[Service, tuple[str, ...]] = {
    # Source: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
    "ecr": ("ecr.api", "ecr.dkr"),
    # The agent falls back to ec2messages only where ssmmessages is not allowed.
    # Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
    "ssm": ("ssm", "ssmmessages"),
}


class Endpoints(Model):
    """AWS services that the instances of fleets reach without the internet."""

    s3_buckets: Annotated[tuple[BucketName, ...], Field(max_length=20), DISTINCT] = ()
    """Names of S3 buckets, up to 20, beside those of Amazon Linux's packages. Principals of this
    account reach their objects through the network's S3 endpoint, which is free, as far as their
    own role allows."""
    interfaces: Annotated[tuple[Service, ...], DISTINCT] = ()
    """Services with interface endpoints: `ecr` (two endpoints), `logs`, `secretsmanager`, and `ssm`
    (two, for Session Manager and Parameter Store). An endpoint costs some 7.30 USD a month in each
    zone, and 0.01 USD for each GB."""

    @property
    def services(self) -> tuple[str, ...]:
        """The services as AWS names them in interface endpoints, such as ecr.dkr."""
        return tuple(n for service in self.interfaces for n in _ENDPOINTS.get(service, (service,)))


class NewNetwork(Model):
    """A new network, selected by `cidrBlock`."""

    cidr_block: Annotated[str, AfterValidator(_private_range)]
    """Private IPv4 range, /16 to /24, such as 10.20.0.0/16."""
    zones: Annotated[tuple[Zone, ...], Field(min_length=2, max_length=6), DISTINCT]
    """Availability zones of the region, 2 to 6, such as [us-east-2a, us-east-2b]."""
    flow_log_retention_days: Retention = 30
    """Retention of the flow logs, a number of days."""
    endpoints: Endpoints = Endpoints()
    """AWS services that instances reach without the internet; by default only the packages of
    Amazon Linux."""
    nat: Literal["none", "one", "zones"] = "none"
    """NAT gateways, through which fleets with `egress` reach the internet: `none`, `one` in the
    first of the zones, or one in each of the `zones`, so that the failure of a zone cuts off no
    other one. A gateway costs some 37 USD a month, and 0.045 USD for each GB; with `one`, traffic
    between zones costs extra."""


class ExistingNetwork(Model):
    """An existing network, selected by `vpcId`."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    """ID of the VPC, such as vpc-0123456789abcdef0."""
    subnet_ids: Annotated[tuple[SubnetId, ...], Field(min_length=2, max_length=6), DISTINCT]
    """Private subnets of the VPC, 2 to 6, each in a different availability zone."""


Network = Annotated[
    Annotated[NewNetwork, Tag("cidrBlock")] | Annotated[ExistingNetwork, Tag("vpcId")],
    selected_by("cidrBlock", "vpcId"),
]
