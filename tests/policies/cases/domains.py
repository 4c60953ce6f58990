"""Cases of the rules about domain names."""

from typing import Any

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import (
    absent,
    at_preview,
    ignores,
    ill_typed,
    of_rule,
    passes,
    unknown,
    violates,
)
from tests.policies.changes import Change, Part, added

CLOSED = our.API.set("disableExecuteApiEndpoint", True)
NAME = "api.example.com"
DOMAIN = Part(types.DOMAIN_NAME, "public")
CERTIFICATE = "arn:aws:acm:{}:111122223333:certificate/12345678-1234-1234-1234-123456789012"
TRUSTED = {"truststoreUri": "s3://acme-trust/clients.pem"}


def domain(**props: Any) -> Change:
    """A domain name."""
    given = {"domainName": NAME, "endpointConfiguration": {"types": "REGIONAL"}, **props}
    return added(types.DOMAIN_NAME, "public", {"region": "us-east-2", **given})


def mapping(**props: Any) -> Change:
    """A base path of it that leads to our API."""
    given = {"domainName": NAME, "restApi": UNKNOWN, **props}
    return added(types.BASE_PATH_MAPPING, "root", given, {"restApi": our.API})


MUTUAL = (domain(mutualTlsAuthentication=TRUSTED), mapping())
PLAIN = (domain(), mapping())
EDGE = {"endpointConfiguration": {"types": "EDGE"}}

CASES = [
    *of_rule(
        "api-mutual-tls-only",
        passes(*MUTUAL, CLOSED),
        violates("'api-api' is open to clients without a certificate, beside", *MUTUAL),
        violates("", *MUTUAL, our.API.set("disableExecuteApiEndpoint", False)),
        violates("", domain(mutualTlsAuthentication=[TRUSTED]), mapping()),
        at_preview(violates("", *MUTUAL, our.API.unknown("disableExecuteApiEndpoint"))),
        unknown("mutualTlsAuthentication", *PLAIN, DOMAIN.unknown("mutualTlsAuthentication")),
        absent(violates("", *MUTUAL, our.API.unset("disableExecuteApiEndpoint"))),
        ill_typed(violates("", *MUTUAL, our.API.set("disableExecuteApiEndpoint", [1]))),
        ignores(domain(mutualTlsAuthentication=TRUSTED), mapping(restApi="a1b2c3")),
        ignores(domain(mutualTlsAuthentication=TRUSTED)),
        ignores(*PLAIN),
        ignores(),
    ),
    *of_rule(
        "api-domain-only",
        passes(*PLAIN, CLOSED),
        violates("'api-api' is open beside domain 'public'", *PLAIN),
        at_preview(violates("", *PLAIN, our.API.unknown("disableExecuteApiEndpoint"))),
        absent(violates("", *PLAIN, our.API.unset("disableExecuteApiEndpoint"))),
        ill_typed(violates("", *PLAIN, our.API.set("disableExecuteApiEndpoint", "yes"))),
        ignores(domain(), mapping(restApi="a1b2c3")),
        ignores(domain(), mapping(domainName="other.example.com")),
        ignores(),
    ),
    *of_rule(
        "domain-certificate-region",
        passes(domain(regionalCertificateArn=CERTIFICATE.format("us-east-2"))),
        passes(domain(certificateArn=CERTIFICATE.format("us-east-1"), **EDGE)),
        violates(
            "in us-east-1, and needs one in us-east-2",
            domain(regionalCertificateArn=CERTIFICATE.format("us-east-1")),
        ),
        violates(
            "in us-east-2, and needs one in us-east-1",
            domain(certificateArn=CERTIFICATE.format("us-east-2"), **EDGE),
        ),
        violates("is not the ARN", domain(regionalCertificateArn="api.example.com")),
        unknown("regionalCertificateArn", domain(), DOMAIN.unknown("regionalCertificateArn")),
        absent(ignores(domain())),
        ill_typed(violates("wrong type in", domain(regionalCertificateArn=["x"]))),
        ignores(),
    ),
]
