"""What a stack file may contain: every key with its type, its limits and its meaning."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Tag

from openapi.authorizers import AuthorizerName, CognitoAuthorizer, LambdaAuthorizer
from openapi.endpoint import Endpoint
from openapi.limits import Throttle
from openapi.model import Model
from openapi.private_endpoint import PLACEHOLDER
from openapi.routes import SCHEME_PORTS, Cors, ModelName, Route
from openapi.variables import ServiceName

from .domain import Domain
from .egress import Egress
from .endpoint_tls import EndpointTls, endpoint_of
from .fleet import Fleet
from .listener import Listener
from .network import Network
from .values import DISTINCT, Retention, reject, selected_by
from .vpc_endpoints import VpcEndpoints
from .web_acl import WebAcl

NAMESPACE = "private-api"
"""Namespace of the project's own keys."""
MAX_VARIABLES = 100
"""Variables of one stage.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""
MAX_NAMES = 10
"""Targets, and stages, of one stack."""
CACHE_SIZES_GB = (0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237)
"""Sizes of the cache of a stage.

Source: https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html
"""
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


def _cache_size(size: float) -> float:
    if size not in CACHE_SIZES_GB:
        reject("is not a size of a cache")
    return size


Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
AccountIds = tuple[Annotated[str, Field(pattern=r"^[0-9]{12}$")], ...]
InstanceId = Annotated[str, Field(pattern=r"^i-[0-9a-f]{8,17}$")]
KeyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
Port = Annotated[int, Field(ge=1, le=65_535)]
ListenerPort = Annotated[Port, AfterValidator(_listener_port)]
_LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HostName = Annotated[str, Field(pattern=rf"^{_LABEL}(\.{_LABEL})*$", max_length=253)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
VariableValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~:/?#&=,-]{1,512}$")]
TargetName = Annotated[
    str,
    Field(
        pattern=r"^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$",
        description="Use up to 16 lower-case letters, digits and dashes; start with a letter and "
        "do not end with a dash.",
    ),
]
StageName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9_-]{1,128}$",
        description="Use up to 128 letters, digits, dashes and underscores.",
    ),
]
CacheSize = Annotated[
    float, AfterValidator(_cache_size), Field(json_schema_extra={"enum": [*CACHE_SIZES_GB]})
]
# The largest number is checked by itself: pydantic counts only what is otherwise valid.
_NAMED = Field(
    min_length=1, json_schema_extra={"maxProperties": MAX_NAMES, "additionalProperties": False}
)


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


Services = Annotated[dict[ServiceName, str], Field(max_length=10)]


def _by_service(target: str | None, services: Mapping[str, str]) -> dict[str, str]:
    return {**({"": target} if target is not None else {}), **services}


class Quota(Model):
    """How many requests one API key allows in a period."""

    limit: Annotated[int, Field(ge=1)]
    """Requests in the period, 1 or more."""
    period: Literal["DAY", "WEEK", "MONTH"]
    """Length of the period: DAY, WEEK or MONTH."""


class ApiKeys(Model):
    """API keys of one stage, for routes with `authorization: apiKey`."""

    names: Annotated[tuple[KeyName, ...], Field(min_length=1, max_length=100), DISTINCT]
    """Holders of a key, one key for each: up to 31 lower-case letters, digits and dashes."""
    throttle: Throttle
    """Limits of each key."""
    quota: Quota | None = None
    """Requests that each key allows in a period; unlimited by default."""


class Canary(Model):
    """A share of a stage's requests, sent to other targets."""

    target: str | None = None
    """Name of the other target, one of `targets`."""
    services: Services = {}
    """Other targets of some `services` of the stage; the others keep theirs."""
    percent: Annotated[float, Field(ge=0, le=100)]
    """Share of the requests, 0 to 100 percent."""

    @property
    def targets(self) -> dict[str, str]:
        """The other targets by service; `target` is that of an empty name."""
        return _by_service(self.target, self.services)


class Stage(Model):
    """A published stage of the API."""

    target: str | None = None
    """Name of the target that receives the requests, one of `targets`; those of routes with a
    `service` go to the target of the service."""
    services: Services = {}
    """Names of the targets of services, up to 10, such as {orders: orders-blue, users: users}. A
    route names its `service`."""
    canary: Canary | None = None
    """A share of the requests, sent to other targets."""
    throttle: Throttle = Throttle.model_validate({"rateLimit": 50, "burstLimit": 100})
    """Limits of each method; by default 50 requests per second and bursts of 100."""
    log_retention_days: Retention = 30
    """Retention of the stage's logs, a number of days."""
    cache_size_gb: CacheSize | None = None
    """Size of a cache of its own, for the routes with `cache`: 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118
    or 237 GB; none by default. It costs some 14.60 USD a month for 0.5 GB, and 2774 for 237. A
    change of the size empties it."""
    logs: Literal["delete", "keep"] = "delete"
    """What an update that removes the stage, or a destroy, does with its log groups: `delete`, or
    `keep` for the days above. Update with `keep` before you remove the stage; import kept groups if
    the stage is created again (docs/operating.md)."""
    variables: Annotated[dict[VariableName, VariableValue], Field(max_length=98)] = {}
    """Additional stage variables that the definition uses, up to 98; AWS allows 100 per stage, and
    each service takes two."""
    api_keys: ApiKeys | None = None
    """API keys of the stage; routes with `authorization: apiKey` need them."""

    @property
    def targets(self) -> dict[str, str]:
        """Names of the targets by service; `target` is that of an empty name."""
        return _by_service(self.target, self.services)

    @property
    def shares(self) -> dict[str, float]:
        """The share of the requests of its services that each target gets, 0 to 1, by its name."""
        percent = self.canary.percent / 100 if self.canary else 0.0
        others = self.canary.targets if self.canary else {}
        shares: dict[str, float] = {}
        for service, target in self.targets.items():
            shares[target] = 1 - percent if service in others else 1.0
            if service in others:
                shares[others[service]] = percent
        return shares


ApiAuthorizer = Annotated[
    Annotated[CognitoAuthorizer, Tag("cognito")] | Annotated[LambdaAuthorizer, Tag("lambda")],
    selected_by("cognito", "lambda"),
]


class Api(Model):
    """The REST API."""

    endpoint_type: Literal["regional", "edge", "private"] = "regional"
    """Type of the endpoint: `regional`, `edge` for clients all over the world, or `private` for
    callers in VPCs alone. AWS does not change a private API into an edge one."""
    vpc_endpoints: VpcEndpoints | None = None
    """With `endpointType: private`: the VPC endpoints through which the API is called; by default a
    new one in the new network."""
    tls: EndpointTls | None = None
    """TLS versions and ciphers that callers may use; by default 1.2 and 1.3."""
    default_endpoint: Literal["open", "disabled"] | None = None
    """Whether clients may use the API's own endpoint, whose URL AWS chooses: `open`, the default,
    or `disabled`, so that only a domain name reaches the API. With `mutualTls` it has to be said:
    clients without a certificate could use it."""
    domain: Domain | None = None
    """The domain name under which clients reach the API."""
    account_logging: Literal["create", "existing", "off"] = "existing"
    """The account's role for logs: `existing` relies on the role that the account has, `create`
    creates it (in one stack per account and region) and keeps it on destroy, `off` disables
    logs."""
    cors: Cors | None = None
    """Which pages of other origins may call the API from a browser."""
    authorizers: Annotated[dict[AuthorizerName, ApiAuthorizer], Field(max_length=10)] = {}
    """Who may call, by a name for `authorization` of a route, up to 10: each with the user pools of
    `cognito`, or with a function (`lambda`). With `definitionFile`, by the name of a security
    scheme of the file (docs/authorizers.md)."""
    resource_policy_file: str | None = None
    """JSON file with the resource policy of the API, relative to the project."""
    web_acl: WebAcl | None = None
    """Web ACL of AWS WAF in front of every stage: `managed` for a new one, or the `arn` of an
    existing one; none by default."""
    revision: Annotated[int, Field(ge=1)] = 1
    """Increase it to import and deploy an unchanged definition again."""
    models: dict[ModelName, dict[str, Any]] = {}
    """JSON schemas that routes refer to in `body`."""
    routes: Annotated[tuple[Route, ...], Field(min_length=1)] | None = None
    """The routes; set either these or `definitionFile`."""
    definition_file: str | None = None
    """OpenAPI 3.0 or 3.1 or Swagger 2.0 file, JSON or YAML, relative to the project, instead of
    `routes`. Missing integrations are filled in. What API Gateway does not take is left out if
    callers do not notice, and refused by its JSON path if they would (docs/definition-file.md)."""
    base_path: Literal["ignore", "prepend"] = "ignore"
    """With `definitionFile`: `prepend` puts the path of the file's server, such as /api/v3, before
    every path, at the API and at the service."""

    @property
    def endpoint(self) -> Endpoint:
        """The API's own endpoint."""
        return endpoint_of(
            self.tls, self.endpoint_type, disabled=self.default_endpoint == "disabled"
        )

    @property
    def is_private(self) -> bool:
        """Whether it is called through VPC endpoints only."""
        return self.endpoint_type == "private"

    @property
    def makes_endpoint(self) -> bool:
        """Whether the new network gets an endpoint for the callers."""
        return self.is_private and not (self.vpc_endpoints and self.vpc_endpoints.ids)

    @property
    def endpoint_ids(self) -> tuple[str, ...]:
        """Ids of the endpoints of a private API, or what stands for that of a new one."""
        return (
            self.vpc_endpoints.ids
            if self.vpc_endpoints and self.vpc_endpoints.ids
            else (PLACEHOLDER,)
        )


class Aws(Model, extra="ignore"):
    """Keys of the AWS provider that this project reads."""

    region: Region
    """Region of all resources. Set it: `pulumi config set aws:region us-east-2`"""
    allowed_account_ids: AccountIds = ()
    """Accounts that the stack may be deployed to: a list of 12-digit IDs in quotes, such as
    ["111122223333"]. With one ID, the account is known at preview."""


class Project(Model):
    """The project's own keys."""

    owner: Annotated[str, Field(pattern=r"^[\w .:/=+@-]+$", max_length=256)]
    """Owning team, for the tags: up to 256 letters, digits, spaces and `_.:/=+@-`. Set it:
    `pulumi config set owner platform`"""
    permissions_boundary: Annotated[
        str, Field(pattern=r"^(arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[0-9A-Za-z_+=,.@/-]+)?$")
    ] = ""
    """ARN of an IAM policy that limits every role of the stack, such as
    arn:aws:iam::111122223333:policy/boundary; none by default. Roles that deploy from GitHub
    require one (docs/continuous-delivery.md)."""
    network: Network | None = None
    """The network of new targets, and of the VPC link V2: a `cidrBlock` and `zones` for a new one,
    or a `vpcId` and `subnetIds` for an existing one."""
    targets: Annotated[dict[TargetName, Target], _NAMED]
    """Targets by name, 1 to 10, such as blue, each with its port, healthPath and fleet."""
    api: Api
    """The REST API, with routes such as {method: GET, path: /, authorization: none}."""
    stages: Annotated[dict[StageName, Stage], _NAMED]
    """Published stages by name, 1 to 10, such as dev, each with its target."""


class StackConfig(Model):
    """The configuration of a stack, by namespace."""

    aws: Aws
    project: Annotated[Project, Field(alias=NAMESPACE)]
