"""What a stack file may contain: every key with its type, its limits and its meaning."""

from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from openapi.authorizers import AuthorizerName, CognitoAuthorizer, LambdaAuthorizer
from openapi.endpoint import Endpoint
from openapi.model import Model
from openapi.private_endpoint import PLACEHOLDER
from openapi.routes import Cors, ModelName, Route

from .domain import Domain
from .endpoint_tls import EndpointTls, endpoint_of
from .network import Network
from .stages import Stage
from .targets import Target
from .values import selected_by
from .vpc_endpoints import VpcEndpoints
from .web_acl import WebAcl

NAMESPACE = "private-api"
"""Namespace of the project's own keys."""
MAX_NAMES = 10
"""Targets, and stages, of one stack."""
Region = Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
AccountIds = tuple[Annotated[str, Field(pattern=r"^[0-9]{12}$")], ...]
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
# The largest number is checked by itself: pydantic counts only what is otherwise valid.
_NAMED = Field(
    min_length=1, json_schema_extra={"maxProperties": MAX_NAMES, "additionalProperties": False}
)


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
