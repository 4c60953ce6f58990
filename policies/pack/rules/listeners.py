"""Rules about listeners that end TLS: what calls them, and the certificate that they show."""

from collections.abc import Iterator

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.arn import parse
from ..graph.graph import Api, Graph
from ..graph.integrations import Integration, VariableSet, private_integrations
from ..graph.resource import Resource
from ..location.location import Axis, Location, Relation, locate, relation
from ..location.locations import location_of
from ..values import UnknownValue, as_port, as_text
from .links import balancers_reached, called_port, used_variable_sets

AREA = Area("Listeners that end TLS")
_WITH_TLS = ("TLS", "HTTPS")


@AREA.stack_rule(
    name="integration-scheme",
    title="An integration calls https:// exactly where the listener ends TLS.",
    level="mandatory",
    severity="high",
    resource_types=types.INTEGRATION_SOURCES,
    rationale=(
        "The scheme of the URI decides whether API Gateway speaks TLS, and the listener whether it "
        "is understood; otherwise every request fails. A TCP listener passes both through."
    ),
    fix="call https:// with the name on the certificate, or change the listener's protocol.",
)
def _speaks_as_the_listener(source: Resource, graph: Graph, _: Config) -> Verdicts:
    found = private_integrations(source, "connectionId", "uri", "integrationTarget")
    if not found:
        yield NotApplicable("has no private integration")
    api = graph.api_of(source)
    for integration in found:
        for variable_set in used_variable_sets(integration, api, graph):
            yield from _check_scheme(integration, variable_set, api, graph)


def _check_scheme(
    integration: Integration, variable_set: VariableSet | None, api: Api | None, graph: Graph
) -> Verdicts:
    listeners = list(_listeners(integration, variable_set, api, graph))
    if not listeners:
        return
    scheme = as_text(integration.peek("uri")).partition("://")[0].lower()
    if scheme not in ("http", "https"):
        yield Unknown(integration.source, "scheme")
        return
    for listener in listeners:
        protocol = listener.text("protocol").upper()
        speaks = "https" if protocol in _WITH_TLS else "http" if protocol == "HTTP" else scheme
        if speaks != scheme:
            through = f" through {variable_set.label}" if variable_set else ""
            yield Violation(
                integration.source,
                f"calls {scheme}://{integration.for_route}{through}, but listener "
                f"'{listener.name}' speaks {protocol}.",
            )


def _listeners(
    integration: Integration, variable_set: VariableSet | None, api: Api | None, graph: Graph
) -> Iterator[Resource]:
    """The listeners that may be called; `integration-port` reports a wrong or malformed port."""
    try:
        port = called_port(integration, variable_set)
    except ValueError:
        return
    for balancer in balancers_reached(integration, variable_set, api, graph):
        for listener in graph.referring_to(
            balancer, *types.LISTENERS, by="loadBalancerArn", key="arn"
        ):
            own = as_port(listener.peek("port"))
            if isinstance(port, UnknownValue) or isinstance(own, UnknownValue) or own == port:
                yield listener


@AREA.resource_rule(
    name="listener-certificate-location",
    title="A listener is created where its certificate is.",
    level="mandatory",
    severity="high",
    resource_types=types.LISTENERS,
    rationale="AWS finds a certificate only in the account and region of the load balancer.",
    fix="use a certificate of the account and region of the load balancer.",
)
def _has_a_certificate_of_its_place(listener: Resource, _: Config) -> Verdicts:
    given = listener.peek("certificateArn")
    if isinstance(given, UnknownValue):
        yield Unknown(listener, "certificateArn")
        return
    if given is None and listener.text("protocol").upper() not in _WITH_TLS:
        yield NotApplicable("does not end TLS")
        return
    arn = parse(given)
    if arn is None or arn.service not in ("acm", "iam"):
        yield Violation(listener, "has no certificate.", "set certificate_arn.")
        return
    certificate = locate("its certificate", None, arns=[(arn, "certificateArn")])
    yield from _apart(listener, certificate, location_of(listener))


def _apart(listener: Resource, certificate: Location, own: Location) -> Verdicts:
    for axis in Axis:
        if relation(certificate, own, axis) is Relation.DIFFERENT:
            there, here = (getattr(side.on(axis), "shown", "") for side in (certificate, own))
            text = f"is in {axis} {here}, and its certificate is in {there}."
            yield Violation(listener, text)
