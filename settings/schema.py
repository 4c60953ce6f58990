"""What `Pulumi.<stack>.yaml` may say: every key with its type, its limits and its meaning."""

import re
from ipaddress import IPv4Network
from typing import Annotated, Any, Literal, NoReturn

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from openapi.model import Model
from openapi.routes import Cors, ModelName, Route

_MONTHS_AND_LESS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180)
_YEARS = (365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653)
RETENTION_DAYS = frozenset((*_MONTHS_AND_LESS, *_YEARS))
"""Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html"""
BALANCER_ARN = re.compile(
    r"^arn:aws[a-z-]*:elasticloadbalancing:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):"
    r"loadbalancer/(?P<kind>net|app|gwy)/[^/]+/[0-9a-f]+$"
)
SCHEME_PORTS = {"http": 80, "https": 443}
_PRIVATE_RANGES = [IPv4Network(r) for r in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_GRAVITON = re.compile(r"^(a1|[a-z]+\d+g[a-z]*)\.")
_FIRST_HIGH_PORT = 1025


def _refuse(text: str) -> NoReturn:
    raise PydanticCustomError("refused", "{text}", {"text": text})


def _retention(days: int) -> int:
    if days not in RETENTION_DAYS:
        _refuse(f"is none of the periods that CloudWatch knows: {sorted(RETENTION_DAYS)}")
    return days


def _listener_port(port: int) -> int:
    if port not in (80, 443) and port < _FIRST_HIGH_PORT:
        _refuse("is not 80, 443 or above 1024, the ports that API Gateway reaches")
    return port


def _private_range(block: str) -> str:
    try:
        network = IPv4Network(block)
    except ValueError as error:
        _refuse(f"is no IPv4 range: {error}")
    if not any(network.subnet_of(private) for private in _PRIVATE_RANGES):
        _refuse("is not within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16")
    if not 16 <= network.prefixlen <= 24:  # noqa: PLR2004
        _refuse("is not between /16 and /24")
    return block


def _balancer_arn(arn: str) -> str:
    parts = BALANCER_ARN.fullmatch(arn)
    if not parts:
        _refuse("is no ARN of a load balancer")
    if parts["kind"] != "net":
        _refuse(
            "is the ARN of another kind of load balancer; a VPC link takes a network one (/net/)"
        )
    return arn


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        _refuse(f"names {', '.join(repeated)} more than once")
    return values


Port = Annotated[int, Field(ge=1, le=65_535)]
ListenerPort = Annotated[Port, AfterValidator(_listener_port)]
Retention = Annotated[int, AfterValidator(_retention)]
HostName = Annotated[
    str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$", max_length=253)
]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
VariableValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~:/?#&=,-]{1,512}$")]


class NewNetwork(Model):
    """A network of its own; told by `cidrBlock`."""

    cidr_block: Annotated[str, AfterValidator(_private_range)]
    """Private IPv4 range, /16 to /24, such as 10.20.0.0/16."""
    zones: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-h]$")], ...],
        Field(min_length=2, max_length=6),
        AfterValidator(_distinct),
    ]
    """Availability zones of the region, 2 to 6, such as [us-east-2a, us-east-2b]."""
    flow_log_retention_days: Retention = 30
    """How long flow logs are kept, in days."""


class ExistingNetwork(Model):
    """A network that is there already; told by `vpcId`."""

    vpc_id: Annotated[str, Field(pattern=r"^vpc-[0-9a-f]{8,17}$")]
    """Id of the VPC, such as vpc-0123456789abcdef0."""
    subnet_ids: Annotated[
        tuple[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]{8,17}$")], ...],
        Field(min_length=2, max_length=6),
        AfterValidator(_distinct),
    ]
    """Private subnets of that VPC, 2 to 6, each in a zone of its own."""


class Fleet(Model):
    """New instances, kept alive by an Auto Scaling group."""

    instance_type: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$")]
    """EC2 instance type, such as t4g.micro."""
    min_size: Annotated[int, Field(ge=1, le=100)] = 2
    """Instances at least, 1 to 100; an update waits until as many answer."""
    max_size: Annotated[int, Field(ge=1, le=100)] = 4
    """Instances at most, 1 to 100."""
    architecture: Literal["arm64", "x86_64"] | None = None
    """Architecture of the image, by default that of the instance type."""
    user_data_file: str | None = None
    """File with the instances' user data, relative to the project; by default the sample service
    is rendered."""


class Tls(Model):
    """How the gateway looks at the service's certificate."""

    verify_certificate_authority: bool = True
    """`false` accepts a certificate of a private authority; its name and dates still count."""


class _Target(Model):
    protocol: Literal["http", "https"] = "http"
    """How the service speaks; one protocol for all targets."""
    listener_port: ListenerPort | None = None
    """Port of the balancer: 80, 443 or above 1024; by default the protocol's own."""
    tls: Tls | None = None
    """With https: how the certificate is judged; the same for all targets."""

    @property
    def open_port(self) -> int:
        """Port of the balancer, as said or the protocol's own."""
        return self.listener_port or SCHEME_PORTS[self.protocol]


class _ServedTarget(_Target):
    port: Port
    """Port where the service listens, health check included, 1 to 65535."""
    health_path: Annotated[str, Field(pattern=r"^/[\x21-\x7e]*$", max_length=1024)]
    """Path that answers 200 to 399 when an instance is fit, such as /health."""
    server_name: HostName | None = None
    """With https: the name on the service's certificate, such as orders.example.com."""


class FleetTarget(_ServedTarget):
    """A new balancer with new instances; told by `fleet`."""

    fleet: Fleet
    """The instances."""

    @property
    def architecture(self) -> Literal["arm64", "x86_64"]:
        """As said, or that of the instance type."""
        natural = "arm64" if _GRAVITON.match(self.fleet.instance_type) else "x86_64"
        return self.fleet.architecture or natural  # type: ignore[return-value]


class InstancesTarget(_ServedTarget):
    """A new balancer with existing instances; told by `instances`."""

    instances: Annotated[
        tuple[Annotated[str, Field(pattern=r"^i-[0-9a-f]{8,17}$")], ...],
        Field(min_length=1, max_length=100),
        AfterValidator(_distinct),
    ]
    """Ids of the instances, such as [i-0123456789abcdef0]."""


class _NamedTarget(_Target):
    host: HostName
    """DNS name of the balancer, or with https the name on the service's certificate."""

    @property
    def address(self) -> str:
        """Host, with the port where it is not the protocol's own."""
        own = self.open_port == SCHEME_PORTS[self.protocol]
        return self.host if own else f"{self.host}:{self.open_port}"


class BalancerTarget(_NamedTarget):
    """An existing Network Load Balancer, which gets a new link; told by `loadBalancerArn`."""

    load_balancer_arn: Annotated[str, AfterValidator(_balancer_arn)]
    """ARN of an internal Network Load Balancer of this account and region."""


class LinkTarget(_NamedTarget):
    """An existing VPC link; told by `vpcLinkId`."""

    vpc_link_id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,20}$")]
    """Id of the link, such as a1b2c3."""


NewTarget = FleetTarget | InstancesTarget
Target = FleetTarget | InstancesTarget | BalancerTarget | LinkTarget
Network = NewNetwork | ExistingNetwork
NETWORK_SHAPES: dict[str, type[NewNetwork | ExistingNetwork]] = {
    "cidrBlock": NewNetwork,
    "vpcId": ExistingNetwork,
}
"""The key that decides what kind of network it is."""
TARGET_SHAPES: dict[str, type[Target]] = {
    "fleet": FleetTarget,
    "instances": InstancesTarget,
    "loadBalancerArn": BalancerTarget,
    "vpcLinkId": LinkTarget,
}
"""The key that decides what kind of target it is."""


class Throttle(Model):
    """How much traffic is let through; the rest is answered 429."""

    rate_limit: Annotated[float, Field(gt=0, le=100_000)]
    """Requests a second on average, above 0; the account's own limit stays above it."""
    burst_limit: Annotated[int, Field(ge=1, le=100_000)]
    """Requests at once, from 1."""


class Quota(Model):
    """Requests of one API key in a period."""

    limit: Annotated[int, Field(ge=1)]
    """Requests in the period, from 1."""
    period: Literal["DAY", "WEEK", "MONTH"]
    """Length of the period: DAY, WEEK or MONTH."""


class ApiKeys(Model):
    """Keys of one stage, for routes with `authorization: apiKey`."""

    names: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")], ...],
        Field(min_length=1, max_length=100),
        AfterValidator(_distinct),
    ]
    """Who holds a key: one key a name, in lower case with digits and dashes."""
    throttle: Throttle
    """Limits of one key."""
    quota: Quota | None = None
    """Requests of one key in a period; unlimited by default."""


class Canary(Model):
    """A share of a stage's traffic for another target."""

    target: str
    """Name of the other target, one of `targets`."""
    percent: Annotated[float, Field(ge=0, le=100)]
    """Share of the traffic, 0 to 100 percent."""


class Stage(Model):
    """A published stage of the API."""

    target: str
    """Name of the target that the stage sends to, one of `targets`."""
    canary: Canary | None = None
    """A share of the traffic for another target."""
    throttle: Throttle = Throttle.model_validate({"rateLimit": 50, "burstLimit": 100})
    """How much traffic every method lets through; 50 a second and 100 at once by default."""
    log_retention_days: Retention = 30
    """How long the stage's logs are kept, in days."""
    variables: Annotated[dict[VariableName, VariableValue], Field(max_length=98)] = {}
    """Further stage variables that the definition uses, 98 at most: AWS takes 100 a stage."""
    api_keys: ApiKeys | None = None
    """Keys of the stage; routes with `authorization: apiKey` need them."""


class Api(Model):
    """The REST API."""

    endpoint_type: Literal["regional", "edge"] = "regional"
    """Where the API is reached: `regional`, or `edge` for clients all over the world."""
    account_logging: Literal["create", "existing", "off"] = "existing"
    """The account's role for logs: `existing` trusts that the account has one, `create` makes it
    (for one stack an account and region) and keeps it on destroy, `off` logs nothing."""
    cors: Cors | None = None
    """Which pages of other origins may call the API from a browser."""
    resource_policy_file: str | None = None
    """JSON file with the API's resource policy, relative to the project."""
    revision: Annotated[int, Field(ge=1)] = 1
    """Raise it to import and deploy the same definition again."""
    models: dict[ModelName, dict[str, Any]] = {}
    """JSON schemas that routes name in `body`."""
    routes: Annotated[tuple[Route, ...], Field(min_length=1)] | None = None
    """The routes; either these or `definitionFile`."""
    definition_file: str | None = None
    """OpenAPI 3.0 file, JSON or YAML, relative to the project, instead of `routes`. Missing
    integrations are filled in; what API Gateway refuses or drops is refused by its path."""
