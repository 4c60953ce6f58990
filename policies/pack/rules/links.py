"""Rules about the request path from an API to its load balancer: variables, links, ports."""

import re
from collections.abc import Iterator

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.definition import sole_variable, substituted, variables
from ..graph.graph import Api, Graph
from ..graph.integrations import (
    Integration,
    VariableSet,
    link_references,
    private_integrations,
    variable_sets,
)
from ..graph.resource import Resource
from ..location.problems import link_elsewhere
from ..values import UNKNOWN, UnknownValue, as_port, as_text, is_known, is_set
from .topology import EXTERNAL_VPC_LINKS

AREA = Area("The request path from the API to the load balancer")


@AREA.stack_rule(
    name="stage-variables-complete",
    title="Every stage, and its canary, sets all stage variables that the API uses.",
    level="mandatory",
    severity="high",
    resource_types=[types.STAGE],
    rationale="A missing variable makes API Gateway answer 500, and nothing else reports it.",
    fix="set it in the stage's variables.",
)
def _sets_variables(stage: Resource, graph: Graph, _: Config) -> Verdicts:
    api = graph.api_of(stage)
    if api is None:
        yield NotApplicable("does not show which API it belongs to")
        return
    if graph.once(f"unknown users of {api.key}", lambda: _has_unknown_users(api, graph)):
        yield Unknown(stage, "used stage variables")
    used = graph.once(f"variables of {api.key}", lambda: _used_variables(api, graph))
    for variable_set in variable_sets(stage):
        missing = [name for name in sorted(used) if variable_set.find(name)[0] is None]
        if missing:
            noun = "stage variable" if len(missing) == 1 else "stage variables"
            canary = " for its canary" if variable_set.is_canary else ""
            yield Violation(stage, f"does not set the {noun} {', '.join(missing)}{canary}.")
        if variable_set.is_canary:
            yield from _overrides_together(variable_set, api, graph)


def _variable_users(api: Api, graph: Graph) -> list[Resource]:
    """Every part of an API that can use stage variables."""
    own = [api.resource] if api.resource else []
    return [*own, *graph.parts(api, *types.INTEGRATION_SOURCES, types.AUTHORIZER)]


def _values_with_variables(api: Api, graph: Graph) -> list[object]:
    integration = ("uri", "connectionId", "requestParameters", "requestTemplates", "credentials")
    names = (*integration, "body", "authorizerUri")
    return [user.peek(name) for user in _variable_users(api, graph) for name in names]


def _has_unknown_users(api: Api, graph: Graph) -> bool:
    return not all(is_known(value) for value in _values_with_variables(api, graph))


def _used_variables(api: Api, graph: Graph) -> frozenset[str]:
    return frozenset().union(*map(variables, _values_with_variables(api, graph)))


def _overrides_together(canary: VariableSet, api: Api, graph: Graph) -> Verdicts:
    """A canary with another link but the old host sends the old host's name to the new target."""
    overridden = canary.layers[0][2]
    if not isinstance(overridden, dict):
        return
    for integration in _private_integrations(api, graph):
        together = _link_and_host(integration)
        given = sorted(name for name in together if is_set(overridden.get(name)))
        left = sorted(together - set(given))
        if given and left:
            text = f"overrides {', '.join(given)} for its canary, but not {', '.join(left)}."
            yield Violation(canary.stage, text, "override the link and the host together.")


def _private_integrations(api: Api, graph: Graph) -> Iterator[Integration]:
    for source in _variable_users(api, graph):
        has_integrations = source.type in types.INTEGRATION_SOURCES
        if has_integrations and not isinstance(source.peek("body"), UnknownValue):
            yield from private_integrations(source, "connectionId", "uri")


def _link_and_host(integration: Integration) -> frozenset[str]:
    """Names of the stage variables that select the link and the host, if both are variables."""
    link, uri = integration.peek("connectionId"), integration.peek("uri")
    if not isinstance(link, str) or not isinstance(uri, str):
        return frozenset()
    hosts = variables(uri.partition("://")[2].partition("/")[0])
    selecting = sole_variable(link)
    return hosts | {selecting} if selecting and hosts else frozenset()


@AREA.stack_rule(
    name="integration-link-managed",
    title="A private integration uses a stage variable for its VPC link, or a link of this stack.",
    level="mandatory",
    severity="medium",
    resource_types=types.INTEGRATION_SOURCES,
    rationale=(
        "A literal id is frozen in the deployment: the link cannot be deleted while the deployment "
        "exists, and nothing shows where a link of another stack leads."
    ),
    fix='write "${stageVariables.vpcLinkId}", or list the link under externalVpcLinks.',
    config={
        "allowedLinks": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[a-z0-9]+$"},
            "default": [],
            "description": "Ids of VPC links of other stacks that integrations may use, although "
            "only `externalVpcLinks` shows where they lead.",
        },
        **EXTERNAL_VPC_LINKS,
    },
)
def _uses_managed_link(source: Resource, graph: Graph, config: Config) -> Verdicts:
    found = private_integrations(source, "connectionId", "integrationTarget")
    if not found:
        yield NotApplicable("has no private integration")
    for integration in found:
        link = integration.peek("connectionId")
        if isinstance(link, UnknownValue):
            if not graph.sources(source, "connectionId", *types.VPC_LINKS):
                yield Unknown(source, "connectionId")
        elif link is None:
            yield Violation(source, f"does not name a VPC link{integration.for_route}.")
        elif not (
            sole_variable(as_text(link))
            or graph.targets(link, source, "connectionId", *types.VPC_LINKS)
            or link in config["allowedLinks"]
            or str(link) in config.get("externalVpcLinks", {})
            or integration.target is not None  # shows where the link leads
        ):
            yield link_elsewhere(source, str(link))


@AREA.stack_rule(
    name="integration-port",
    title="The load balancer listens on the port that the integration calls.",
    level="mandatory",
    severity="high",
    resource_types=types.INTEGRATION_SOURCES,
    rationale="The port of the URI selects the listener. Without one, every request times out.",
    fix="call the listener's port, or add a listener.",
)
def _calls_a_listener(source: Resource, graph: Graph, _: Config) -> Verdicts:
    found = private_integrations(source, "connectionId", "uri", "integrationTarget")
    if not found:
        yield NotApplicable("has no private integration")
    api = graph.api_of(source)
    for integration in found:
        used_with = list(used_variable_sets(integration, api, graph))
        if not used_with and _needs_a_stage(integration, graph):
            yield Unknown(source, "port, without a stage of this stack")
        for variable_set in used_with:
            yield from _check_port(integration, variable_set, api, graph)


def used_variable_sets(
    integration: Integration, api: Api | None, graph: Graph
) -> Iterator[VariableSet | None]:
    """Every variable set that the integration is used with: `None` when it uses no variable."""
    if not variables([integration.peek("uri"), integration.peek("connectionId")]):
        yield None
    elif api:
        for stage in graph.parts(api, types.STAGE):
            yield from variable_sets(stage)


def _needs_a_stage(integration: Integration, graph: Graph) -> bool:
    """Whether the port, or the listeners, depend on variables of a stage."""
    used = variables([integration.peek("uri"), integration.peek("connectionId")])
    return bool(used) and bool(graph.of_type(*types.LISTENERS))


def _check_port(
    integration: Integration, variable_set: VariableSet | None, api: Api | None, graph: Graph
) -> Verdicts:
    balancers = list(balancers_reached(integration, variable_set, api, graph))
    listeners = [
        listener
        for balancer in balancers
        for listener in graph.referring_to(
            balancer, *types.LISTENERS, by="loadBalancerArn", key="arn"
        )
    ]
    if not listeners:  # not part of this stack, or missing, which nlb-wired reports
        return
    through = f" through {variable_set.label}" if variable_set else ""
    ports = [as_port(listener.peek("port")) for listener in listeners]
    try:
        port = called_port(integration, variable_set)
    except ValueError:
        text = f"calls a URI whose host and port cannot be read{integration.for_route}{through}."
        yield Violation(integration.source, text, 'write it as "http://host:port/path".')
        return
    if isinstance(port, UnknownValue) or not is_known(ports):
        yield Unknown(integration.source, "port")
    elif port not in ports:
        names = ", ".join(sorted({balancer.name for balancer in balancers}))
        text = f"calls port {port}{integration.for_route}{through}, but '{names}' does not listen."
        yield Violation(integration.source, text)


def balancers_reached(
    integration: Integration, variable_set: VariableSet | None, api: Api | None, graph: Graph
) -> Iterator[Resource]:
    """Load balancers of this stack that the integration reaches."""
    target, source = integration.peek("integrationTarget"), integration.source
    if target is not None:
        yield from graph.targets(
            target, source, "integrationTarget", *types.LOAD_BALANCERS, key="arn"
        )
        return
    for reference in link_references(integration, api, graph):
        if variable_set is None or reference.selected_by in ("", variable_set.label):
            for link in reference.links:
                yield from graph.follow(link, "targetArn", to=types.LOAD_BALANCERS, key="arn").found


_AUTHORITY = re.compile(r"(?:[^\s:@\[\]]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HIGHEST_PORT = 65535


def called_port(integration: Integration, variable_set: VariableSet | None) -> object:
    """Read the port of the URI; `UNKNOWN` while it is not known, or for a URI that is not HTTP.

    ValueError when host and port are known, but malformed.
    """
    uri = integration.peek("uri")
    scheme, separator, rest = as_text(uri).partition("://")
    scheme = scheme.lower()
    authority = re.split(r"[/?#]", rest)[0]
    values = {n: variable_set.find(n)[0] for n in variables(authority)} if variable_set else {}
    if not separator or scheme not in _DEFAULT_PORTS or not all(map(_is_text, values.values())):
        return UNKNOWN
    # The value of a variable may contain a port and a path.
    authority = re.split(r"[/?#]", substituted(authority, values))[0]
    found = _AUTHORITY.fullmatch(authority)
    if found is None or variables(authority) or int(found[1] or 0) > _HIGHEST_PORT:
        raise ValueError(authority)
    return int(found[1]) if found[1] else _DEFAULT_PORTS[scheme]


def _is_text(value: object) -> bool:
    return isinstance(value, str)


@AREA.stack_rule(
    name="nlb-one-link",
    title="A load balancer has one VPC link.",
    level="mandatory",
    severity="high",
    resource_types=[types.VPC_LINK],
    rationale="The creation of a second VPC link fails after several minutes.",
    fix="share the first VPC link, or create a second load balancer.",
)
def _is_only_link(link: Resource, graph: Graph, _: Config) -> Verdicts:
    target = _target_of(link, graph)
    if target is None:
        yield Unknown(link, "targetArn")
        return
    first = graph.once("links by their targets", lambda: _first_links(graph))[target]
    if first is not link:
        yield Violation(link, f"is a second VPC link to the load balancer of '{first.name}'.")


def _target_of(link: Resource, graph: Graph) -> str | None:
    """URN or ARN of the load balancer of a link; `None` while it may be one of several."""
    balancers = graph.follow(link, "targetArn", to=types.LOAD_BALANCERS, key="arn").found
    if len(balancers) == 1:
        return balancers[0].urn
    target = link.peek("targetArn")
    return None if isinstance(target, UnknownValue) else str(target)


def _first_links(graph: Graph) -> dict[str, Resource]:
    first: dict[str, Resource] = {}
    for link in graph.of_type(types.VPC_LINK):
        if (target := _target_of(link, graph)) is not None:
            first.setdefault(target, link)
    return first
