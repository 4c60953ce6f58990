"""The domain name under which clients reach the API."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from openapi.endpoint import Endpoint
from openapi.model import Model

from .endpoint_tls import EndpointTls, endpoint_of
from .values import reject

CERTIFICATE_ARN = re.compile(
    r"^arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):certificate/[0-9a-f-]{36}$"
)
EDGE_REGION = "us-east-1"
"""Where the certificate of an edge endpoint is.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-edge-optimized-custom-domain-name.html
"""
REQUEST = "request"


def _certificate_arn(arn: str) -> str:
    if not CERTIFICATE_ARN.fullmatch(arn):
        reject("is not a valid ARN of a certificate of ACM")
    return arn


def _certificate(given: str) -> str:
    return given if given == REQUEST else _certificate_arn(given)


_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
DomainName = Annotated[str, Field(pattern=rf"^({_LABEL}\.)+{_LABEL}$", max_length=253)]
CertificateArn = Annotated[str, AfterValidator(_certificate_arn)]
Path = Annotated[
    str,
    Field(
        pattern=r"^/[A-Za-z0-9._-]*$",
        max_length=129,
        description="Use / for the root, or one segment such as /orders: letters, digits, dots, "
        "dashes and underscores.",
    ),
]


class MutualTls(Model):
    """Clients have to present a certificate; for a regional endpoint."""

    truststore: Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/\S+$")]
    """File in S3 with the certificates of the authorities that are trusted, such as
    s3://acme-trust/clients.pem. Whoever deploys must be allowed to read it."""
    version: Annotated[str, Field(min_length=1, max_length=1024)] | None = None
    """Version of the file, in a bucket with versions. Without it, AWS reads the file when the
    domain is created, and not when the file changes."""
    ownership_certificate: CertificateArn | None = None
    """ARN of a public certificate of ACM for the same name, which proves its ownership. AWS asks
    for it if `certificate` was imported or is of a private authority."""


class Domain(Model):
    """A domain name of the API.

    It costs nothing, nor does a public certificate; a hosted zone costs 0.50 USD a month.
    """

    name: DomainName
    """Name in lower case, such as api.example.com, and not a wildcard."""
    certificate: Annotated[str, AfterValidator(_certificate)]
    """`request` for a public certificate of ACM that is validated through `hostedZoneId`, or the
    ARN of an existing one: in the region of the stack, or in us-east-1 for an edge endpoint."""
    hosted_zone_id: Annotated[str, Field(pattern=r"^Z[A-Z0-9]{1,31}$")] | None = None
    """ID of the public hosted zone of Route 53 that gets the record of the name, such as
    Z0123456789ABCDEFGHIJ. Without it, add the record where the name is hosted: the output
    `domain_must_point_to` has its target."""
    paths: Annotated[dict[Path, str], Field(min_length=1)] | None = None
    """Stage by base path, such as {/: live, /next: next}. With one stage, / by default."""
    rest_api_id: Annotated[str, Field(pattern=r"^[a-z0-9]{4,20}$")] | None = None
    """ID of the API that the paths lead to, with its stages; by default that of this stack. It
    moves the domain to the API of another stack, and back, in one update of each path."""
    tls: EndpointTls | None = None
    """TLS versions and ciphers that callers may use; by default as `api.tls`, or with `mutualTls`
    TLS_1_2, the only policy that AWS accepts there."""
    mutual_tls: MutualTls | None = None
    """Clients have to present a certificate."""

    @property
    def certificate_arn(self) -> str | None:
        """ARN of an existing certificate."""
        return None if self.certificate == REQUEST else self.certificate

    def endpoint(self, api_tls: EndpointTls | None, endpoint_type: str) -> Endpoint:
        """The endpoint of the domain, with the defaults for its type."""
        if self.tls is None and self.mutual_tls:
            return Endpoint("TLS_1_2", None)
        return endpoint_of(self.tls or api_tls, endpoint_type)

    def mappings(self, stages: tuple[str, ...]) -> dict[str, str]:
        """The stage of each base path."""
        return self.paths or ({"/": stages[0]} if len(stages) == 1 else {})

    def urls(self, stages: tuple[str, ...]) -> dict[str, str]:
        """The stage of this API that each URL leads to."""
        own = {} if self.rest_api_id else self.mappings(stages)
        return {f"https://{self.name}{path.rstrip('/')}": stage for path, stage in own.items()}
