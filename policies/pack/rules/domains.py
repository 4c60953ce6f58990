"""Rules about the domain names of an API: their certificates, and the ways beside them."""

from collections.abc import Iterator

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.arn import parse
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..values import UnknownValue, as_boolean, equals, is_set

AREA = Area("Domain names")
_EDGE_REGION = "us-east-1"
_LEADS_ELSEWHERE = NotApplicable("leads to no API of this stack")


def _mapped(domain: Resource, graph: Graph) -> Iterator[Resource]:
    """The APIs of this stack that a domain leads to."""
    for mapping in graph.referring_to(
        domain, types.BASE_PATH_MAPPING, by="domainName", key="domainName"
    ):
        api = graph.api_of(mapping)
        if api and api.resource and api.resource.type == types.REST_API:
            yield api.resource


def _is_closed(api: Resource) -> bool:
    # Unknown only while the API is new and the program does not say it: then AWS leaves it open.
    closed = api.peek("disableExecuteApiEndpoint")
    return not isinstance(closed, UnknownValue) and as_boolean(closed) is True


@AREA.stack_rule(
    name="api-mutual-tls-only",
    title="An API that requires certificates of its clients has no other endpoint.",
    level="mandatory",
    severity="high",
    resource_types=[types.DOMAIN_NAME],
    rationale=(
        "Mutual TLS belongs to the domain name. At the API's own endpoint, whose URL is easily "
        "found, clients need no certificate."
    ),
    fix=(
        "set disable_execute_api_endpoint=True, and disableExecuteApiEndpoint in an imported "
        "definition."
    ),
)
def _has_no_way_around(domain: Resource, graph: Graph, _: Config) -> Verdicts:
    # Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mutual-tls.html
    mutual = domain.peek("mutualTlsAuthentication")
    if isinstance(mutual, UnknownValue):
        yield Unknown(domain, "mutualTlsAuthentication")
        return
    if not is_set(mutual):
        yield NotApplicable("does not require certificates of clients")
        return
    apis = list(_mapped(domain, graph))
    if not apis:
        yield _LEADS_ELSEWHERE
    for api in apis:
        if not _is_closed(api):
            text = f"is open to clients without a certificate, beside domain '{domain.name}'."
            yield Violation(api, text)


@AREA.stack_rule(
    name="api-domain-only",
    title="An API that has a domain name closes its own endpoint.",
    level="advisory",
    severity="low",
    resource_types=[types.DOMAIN_NAME],
    rationale=(
        "Clients that use the API's own URL cannot be moved to another API, and go around what "
        "is in front of the domain."
    ),
    fix=(
        "set disable_execute_api_endpoint=True, and disableExecuteApiEndpoint in an imported "
        "definition."
    ),
)
def _closes_the_endpoint(domain: Resource, graph: Graph, _: Config) -> Verdicts:
    apis = list(_mapped(domain, graph))
    if not apis:
        yield _LEADS_ELSEWHERE
    for api in apis:
        if not _is_closed(api):
            yield Violation(api, f"is open beside domain '{domain.name}'.")


@AREA.resource_rule(
    name="domain-certificate-region",
    title="The certificate of a domain name is where its endpoint needs it.",
    level="mandatory",
    severity="low",
    resource_types=[types.DOMAIN_NAME],
    rationale="AWS refuses the domain name, after everything before it was created.",
    fix="use a certificate in us-east-1 for an edge endpoint, or else in the region of the domain.",
)
def _has_its_certificate_near(domain: Resource, _: Config) -> Verdicts:
    kinds = domain.elements("endpointConfiguration.types")
    is_edge = any(equals(kind, "EDGE") for kind in kinds)
    key = "certificateArn" if is_edge else "regionalCertificateArn"
    text = domain.text(key)
    arn, region = parse(text), _EDGE_REGION if is_edge else domain.text("region")
    if not text:
        yield NotApplicable("names no certificate of ACM")
    elif arn is None:
        yield Violation(domain, f"has {key} that is not the ARN of a certificate.")
    elif region and arn.region != region:
        yield Violation(domain, f"has a certificate in {arn.region}, and needs one in {region}.")
