"""The models of the targets, which are what stages can send requests to."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Tag

from openapi.model import Model
from openapi.routes import SCHEME_PORTS

from .egress import Egress
from .fleet import Fleet
from .listener import Listener
from .values import DISTINCT, reject, selected_by

BALANCER_ARN = re.compile(
    r"^arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
    r"loadbalancer/(?P<type>net|app|gwy)/[^/]+/[0-9a-f]+$"
)


def _listener_port(port: int) -> int:
    if port not in SCHEME_PORTS.values() and port <= 1024:  # noqa: PLR2004
        reject("is not 80, 443 or above 1024, the ports that API Gateway calls")
    return port


def _balancer_arn(arn: str) -> str:
    parts = BALANCER_ARN.fullmatch(arn)
    if not parts:
        reject("is not a valid ARN of a load balancer")
    if parts["type"] == "gwy":
        reject("is a Gateway Load Balancer, which no VPC link reaches")
    return arn


InstanceId = Annotated[str, Field(pattern=r"^i-[0-9a-f]{8,17}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
ListenerPort = Annotated[Port, AfterValidator(_listener_port)]
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HostName = Annotated[str, Field(pattern=rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]


class Tls(Model):
    """How API Gateway verifies the certificate of the service."""

    verify_certificate_authority: bool = True
    """`false` accepts a certificate of a private authority; its name and dates are still
    verified."""


class _Target(Model):
    protocol: Literal["http", "https"] = "http"
    """Protocol of the service, the same for all targets."""
    listener_port: ListenerPort | None = None
    """Port of the load balancer: 80, 443 or above 1024; by default that of the protocol, and 443 if
    the load balancer ends TLS."""
    tls: Tls | None = None
    """With https, or if the load balancer ends TLS: how the certificate is verified, the same for
    all targets."""

    @property
    def scheme(self) -> Literal["http", "https"]:
        """What API Gateway calls the target with."""
        return self.protocol

    @property
    def open_port(self) -> int:
        """Port of the load balancer, or else that of the scheme."""
        return self.listener_port or SCHEME_PORTS[self.scheme]

    @property
    def uses_v2(self) -> bool:
        """Whether it is reached through a VPC link V2."""
        return False


class _LinkedTarget(_Target):
    link: Literal["v1", "v2"] = "v1"
    """VPC link to the load balancer: `v1`, one for each load balancer, or `v2`, one in `network`
    for all targets that have `v2` (docs/decisions/vpc-link-v2.md)."""

    @property
    def uses_v2(self) -> bool:
        """Whether it is reached through a VPC link V2."""
        return self.link == "v2"


class _ServedTarget(_LinkedTarget):
    port: Port
    """Port that the service listens on, health check included, 1 to 65535."""
    behind: str | None = None
    """Name of another new target, whose load balancer and link this one shares, on a `listenerPort`
    of its own; by default it has its own load balancer, some 16 USD a month."""
    health_path: Annotated[str, Field(pattern=r"^/[\x21-\x7e]*$", max_length=1024)]
    """Path of the health check, such as /health; a healthy instance returns 200 to 399."""
    health_timeout_seconds: Annotated[int, Field(ge=1, le=7200)] = 900
    """Seconds that an update waits for healthy instances, 1 to 7200."""
    server_name: HostName | None = None
    """With https, or if the load balancer ends TLS: the name on the certificate, such as
    orders.example.com."""
    host_header: HostName | None = None
    """With http: what the service sees as `Host`, a name such as orders.example.com; by default the
    DNS name of the load balancer. With https it is `serverName`. The port follows by itself, unless
    it is that of the protocol."""
    listener: Listener | None = None
    """What the load balancer does with TLS: `{tls: {certificateArn: ...}}` ends it there. By
    default it passes every connection through."""

    @property
    def scheme(self) -> Literal["http", "https"]:
        """What API Gateway calls the target with."""
        return "https" if self.listener else self.protocol

    @property
    def host(self) -> str | None:
        """The name in the URI, which the service sees as `Host`; None is the balancer's own."""
        return self.server_name or self.host_header


class FleetTarget(_ServedTarget):
    """A new load balancer with new instances, selected by `fleet`."""

    fleet: Fleet
    """The instances."""
    egress: Egress | None = None
    """What the instances reach, besides the endpoints of a new network; by default nothing. Each
    entry has a `cidr`, a `prefixList` or a `securityGroup`, and `ports`. Their own network decides
    whether there is a way: a new one has none to the internet without `nat`."""


class InstancesTarget(_ServedTarget):
    """A new load balancer with existing instances, selected by `instances`."""

    instances: Annotated[tuple[InstanceId, ...], Field(min_length=1, max_length=100), DISTINCT]
    """IDs of the instances, 1 to 100, such as [i-0123456789abcdef0]."""


class _NamedTarget(_Target):
    host: HostName
    """DNS name of the load balancer; with https, the name on the certificate of the service. With
    http it can be any other name that the service expects as `Host`: the link leads to the load
    balancer, whatever the name."""

    @property
    def address(self) -> str:
        """Host, with the port unless it is that of the protocol."""
        default = self.open_port == SCHEME_PORTS[self.scheme]
        return self.host if default else f"{self.host}:{self.open_port}"


class BalancerTarget(_NamedTarget, _LinkedTarget):
    """An existing load balancer with a new VPC link, selected by `loadBalancerArn`."""

    load_balancer_arn: Annotated[str, AfterValidator(_balancer_arn)]
    """ARN of an internal Network Load Balancer, or with `link: v2` also of an internal Application
    Load Balancer, in the account and region of the stack."""


class LinkTarget(_NamedTarget):
    """An existing VPC link, selected by `vpcLinkId`."""

    vpc_link_id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,20}$")]
    """ID of the VPC link, such as a1b2c3."""


NewTarget = FleetTarget | InstancesTarget
Target = Annotated[
    Annotated[FleetTarget, Tag("fleet")]
    | Annotated[InstancesTarget, Tag("instances")]
    | Annotated[BalancerTarget, Tag("loadBalancerArn")]
    | Annotated[LinkTarget, Tag("vpcLinkId")],
    selected_by("fleet", "instances", "loadBalancerArn", "vpcLinkId"),
]
