"""The models of what a new load balancer does with the connections of the link."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from openapi.model import Model

from .values import reject

CERTIFICATE_ARN = re.compile(
    r"^arn:aws[a-z-]*:acm:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):certificate/[0-9a-f-]{36}$"
)


def _certificate_arn(arn: str) -> str:
    if not CERTIFICATE_ARN.fullmatch(arn):
        reject("is not a valid ARN of a certificate in AWS Certificate Manager")
    return arn


class TlsListener(Model):
    """TLS that ends at the load balancer, which passes plain HTTP on to the service.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/network/create-tls-listener.html
    """

    certificate_arn: Annotated[str, AfterValidator(_certificate_arn)]
    """ARN of the certificate for `serverName`, in AWS Certificate Manager, in the account and
    region of the stack, such as
    arn:aws:acm:us-east-2:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef."""
    policy: Annotated[str, Field(pattern=r"^ELBSecurityPolicy-TLS13-1-2-[A-Za-z0-9-]+$")] = (
        "ELBSecurityPolicy-TLS13-1-2-2021-06"
    )
    """Security policy: the versions and ciphers that the load balancer offers, one that begins with
    ELBSecurityPolicy-TLS13-1-2-, for TLS 1.2 and 1.3. AWS does not say that API Gateway calls
    services with TLS 1.3, so those for 1.3 alone are refused."""


class Listener(Model):
    """The listener of a new load balancer; by default it passes connections through as they are."""

    tls: TlsListener
    """Ends TLS at the load balancer. API Gateway then calls https://, and `serverName` is the name
    on the certificate; the service itself has `protocol: http`."""
