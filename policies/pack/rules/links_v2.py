"""Rules about VPC links V2, which reach a load balancer from network interfaces in a VPC.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-private-integration.html
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.graph import Graph, Reference
from ..graph.integrations import Integration, link_references, private_integrations
from ..graph.resource import Resource
from ..values import UnknownValue, as_text
from .links import called_port, used_variable_sets
from .security_groups import traffic

AREA = Area("VPC links V2")


@AREA.stack_rule(
    name="integration-v2-complete",
    title="An integration through a VPC link V2 names its load balancer and a path.",
    level="mandatory",
    severity="high",
    resource_types=types.INTEGRATION_SOURCES,
    rationale=(
        "A link V2 reaches many load balancers: without the ARN of one, requests fail. Without a "
        "path in the URI, the service gets a path that begins with the name of the stage."
    ),
    fix="set integration-target to the ARN of the load balancer, and end the URI with a path.",
)
def _is_complete(source: Resource, graph: Graph, _: Config) -> Verdicts:
    found = [
        one
        for one in private_integrations(source, "connectionId", "uri", "integrationTarget")
        if _uses_v2(one, graph)
    ]
    if not found:
        yield NotApplicable("has no integration through a VPC link V2")
    for integration in found:
        uri = integration.peek("uri")
        if integration.target is None:
            yield Violation(source, f"does not name a load balancer{integration.for_route}.")
        if isinstance(uri, UnknownValue):
            yield Unknown(source, "uri")
        elif not re.match(r"[^:]*://[^/?#]*/", as_text(uri)):
            yield Violation(source, f"calls a URI without a path{integration.for_route}.")


def _uses_v2(integration: Integration, graph: Graph) -> bool:
    references = link_references(integration, graph.api_of(integration.source), graph)
    links = [link for reference in references for link in reference.links]
    return integration.target is not None or any(x.type == types.VPC_LINK_V2 for x in links)


class _Call(NamedTuple):
    """A load balancer that requests reach through a link V2, on a port that may be unknown."""

    balancer: Resource
    port: object


@AREA.stack_rule(
    name="vpclink-v2-security-groups",
    title="The security groups of a VPC link V2 and of its load balancers let the requests pass.",
    level="mandatory",
    severity="high",
    resource_types=[types.VPC_LINK_V2],
    rationale="Otherwise every request times out, and API Gateway answers 504.",
    fix="let the link's group out to the load balancer's, and admit it there, on that port.",
)
def _passes_groups(link: Resource, graph: Graph, _: Config) -> Verdicts:
    found = _calls(link, graph)
    calls = {(call.balancer.urn, repr(call.port)): call for call in found}.values()
    if not calls:
        yield NotApplicable("no integration of this stack leads through it to one of its balancers")
    for balancer, port in calls:
        out = graph.follow(link, "securityGroupIds", to=[types.SECURITY_GROUP])
        into = graph.follow(balancer, "securityGroups", to=[types.SECURITY_GROUP])
        if not (into.found or into.elsewhere or into.is_open):
            continue  # a load balancer without security groups admits everyone
        if isinstance(port, UnknownValue):
            yield Unknown(link, "port")
            continue
        yield from _check(link, balancer, port, _allows(out, into, "egress", port, graph), "reach")
        yield from _check(link, balancer, port, _allows(into, out, "ingress", port, graph), "enter")


def _check(
    link: Resource, balancer: Resource, port: object, allowed: bool | None, verb: str
) -> Verdicts:
    if allowed is None:
        yield Unknown(link, "security groups")
    elif not allowed:
        whose = "its own security groups" if verb == "reach" else "the load balancer's"
        yield Violation(link, f"may not {verb} '{balancer.name}' on port {port}, by {whose}.")


def _calls(link: Resource, graph: Graph) -> Iterator[_Call]:
    for source in graph.of_type(*types.INTEGRATION_SOURCES):
        api = graph.api_of(source)
        for one in private_integrations(source, "connectionId", "uri", "integrationTarget"):
            if one.target is None:
                continue
            target = "body" if one.route else "integrationTarget"
            balancers = graph.targets(one.target, source, target, *types.LOAD_BALANCERS, key="arn")
            references = list(link_references(one, api, graph)) if balancers else []
            for variable_set in used_variable_sets(one, api, graph):
                label = variable_set.label if variable_set else ""
                chosen = [r for r in references if r.selected_by in ("", label)]
                if any(link in reference.links for reference in chosen):
                    try:
                        port = called_port(one, variable_set)
                    except ValueError:  # integration-port reports it
                        continue
                    yield from (_Call(balancer, port) for balancer in balancers)


def _allows(
    groups: Reference, peers: Reference, direction: str, port: object, graph: Graph
) -> bool | None:
    """Whether groups allow traffic with others on a port; None if that is not shown here.

    A range or a prefix list counts as one that includes the others.
    """
    is_open = groups.is_open or bool(groups.elsewhere) or peers.is_open or bool(peers.elsewhere)
    wanted = {peer.urn for peer in peers.found}
    for group in groups.found:
        for rule in traffic(group, graph, direction):
            named = {peer.urn for peer in rule.groups.found}
            if named & wanted or rule.ranges or rule.includes_others or rule.groups.is_open:
                if not rule.is_known:
                    is_open = True
                elif rule.is_any_protocol or _includes(rule.ports, port):
                    return True
    return None if is_open else False


def _includes(ports: tuple[object, object], port: object) -> bool:
    first, last = ports
    return all(isinstance(one, int | float) for one in (first, last, port)) and (
        first <= port <= last  # type: ignore[operator]
    )
