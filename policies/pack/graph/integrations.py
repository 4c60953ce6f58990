"""How an API calls its service: integrations, the stage variables in them, and their VPC links.

An integration is a resource of its own, or part of the OpenAPI document of an API. Both are read
into the same form here, for REST APIs as well as for HTTP and WebSocket APIs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import resource_types as types
from ..values import UNKNOWN, UnknownValue, is_set, peek
from .arn import parse
from .definition import sole_variable
from .graph import Api, Graph
from .resource import Resource


@dataclass(frozen=True)
class Integration:
    """One integration; its properties may be unknown, and have their names in the protocol."""

    source: Resource
    """The resource that defines it: an integration, or an API with its document."""
    route: str
    """"GET /orders" in a document; empty for a resource, which has its own name."""
    properties: Any
    """A mapping; `UNKNOWN` when a reference in the document leads nowhere."""

    def peek(self, path: str) -> Any:
        """Read the value at a dotted path; `None` also for empty text."""
        value = peek(self.properties, *path.split("."))
        return value if is_set(value) else None

    @property
    def target_property(self) -> str:
        """The property that names the load balancer, or the listener, next to the VPC link."""
        if self.source.type not in types.HTTP_SOURCES:
            return "integrationTarget"
        return "integrationUri" if self.source.type == types.HTTP_INTEGRATION else "uri"

    @property
    def target(self) -> Any:
        """ARN of what it calls, `UNKNOWN` if it may be one; `None` when only the link shows it."""
        value = self.peek(self.target_property)
        if self.source.type in types.HTTP_SOURCES and not isinstance(value, UnknownValue):
            # The same property holds the URL of a service that a link of version 1 leads to.
            return value if parse(value) else None
        return value

    @property
    def timeout_ms(self) -> Any:
        """How long API Gateway waits for the service, in milliseconds."""
        is_resource = self.source.type in (types.INTEGRATION, types.HTTP_INTEGRATION)
        return self.peek("timeoutMilliseconds" if is_resource else "timeoutInMillis")

    @property
    def is_private(self) -> bool:
        """Whether it uses a VPC link, or may use one while its type is unknown."""
        kind = self.peek("connectionType")
        if isinstance(kind, UnknownValue):
            return True
        return kind == "VPC_LINK" or self.peek("connectionId") is not None

    @property
    def for_route(self) -> str:
        """The route for a message, as " for GET /orders"; empty for a resource."""
        return for_routes([self.route])


def for_routes(routes: Iterable[str]) -> str:
    """Join routes for a message, as " for GET /a, GET /b"; empty for those of resources."""
    named = ", ".join(sorted(routes))
    return f" for {named}" if named else ""


def integrations(source: Resource) -> tuple[Integration, ...]:
    """Read the integrations of a resource; UnknownPropertyError when its document is unknown."""
    if source.type in (types.INTEGRATION, types.HTTP_INTEGRATION):
        return (Integration(source, "", source.props),)
    if source.type not in (*types.DEFINITIONS, types.HTTP_API):
        return ()
    found = []
    for operation in source.operations:
        if operation.is_open:
            found.append(Integration(source, operation.route, UNKNOWN))
        elif operation.integration:
            found.append(Integration(source, operation.route, _renamed(operation.integration)))
    return tuple(found)


def _renamed(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the target in a document the name that it has in a resource."""
    target = properties.get("integration-target")
    return {"integrationTarget": target, **properties} if target is not None else properties


def private_integrations(source: Resource, *names: str) -> tuple[Integration, ...]:
    """Private integrations that differ in the properties named: many routes share a few."""
    distinct: dict[tuple[str, ...], Integration] = {}
    for integration in integrations(source):
        if integration.is_private:
            key = tuple(repr(integration.peek(name)) for name in names)
            distinct.setdefault(key, integration)
    return tuple(distinct.values())


@dataclass(frozen=True)
class VariableSet:
    """The stage variables that some requests are served with: the stage's, or its canary's."""

    stage: Resource
    is_canary: bool
    layers: tuple[tuple[Resource, str, Any], ...]
    """Resource, property and variables; earlier layers override later ones."""

    @property
    def label(self) -> str:
        """Words for a message, as "the canary of stage 'dev'"."""
        return f"{'the canary of ' if self.is_canary else ''}stage '{self.stage.name}'"

    def find(self, name: str) -> tuple[Any, Resource, str]:
        """Look up a variable: its value, and the resource and the property that set it."""
        for resource, prop, variables in self.layers:
            value = peek(variables, name)
            if is_set(value):
                return value, resource, prop
        return None, self.stage, ""


def variable_sets(stage: Resource) -> tuple[VariableSet, ...]:
    """All variable sets of a stage; a canary inherits what it does not override.

    The variables of a deployment do not count: the provider creates it without a stage.
    Source: https://docs.aws.amazon.com/apigateway/latest/api/API_CanarySettings.html
    """
    prop = "variables" if stage.type == types.STAGE else "stageVariables"
    own = ((stage, prop, stage.peek(prop)),)
    stable = VariableSet(stage, False, own)
    if stage.peek("canarySettings") is None:
        return (stable,)
    overrides = stage.peek("canarySettings.stageVariableOverrides")
    return (stable, VariableSet(stage, True, ((stage, "canarySettings", overrides), *own)))


@dataclass(frozen=True)
class LinkReference:
    """The VPC link that an integration uses, as one stage or canary selects it."""

    selected_by: str
    """The stage or canary that selects the link; empty when the integration names it itself."""
    links: tuple[Resource, ...] = ()
    """Links of this stack. It is one of them when there are several and the value is unknown."""
    external_id: str = ""
    """Id of a link that is not part of this stack."""
    unresolved: str = ""
    """Why neither is known."""
    is_elsewhere: bool = False
    """Whether the stage that selects the link is not part of this stack."""


def link_references(
    integration: Integration, api: Api | None, graph: Graph
) -> Iterator[LinkReference]:
    """Every VPC link that a private integration may use."""
    link = integration.peek("connectionId")
    variable = sole_variable(link) if isinstance(link, str) else None
    if link is None:
        yield LinkReference("", unresolved="it does not name a VPC link")
    elif variable is None:
        yield link_reference("", link, integration.source, "connectionId", graph)
    else:
        stages = list(graph.parts(api, *types.STAGES)) if api else []
        if not stages:
            reason = f"no stage of this stack sets the stage variable {variable}"
            yield LinkReference("", unresolved=reason, is_elsewhere=True)
        for stage in stages:
            for variables in variable_sets(stage):
                value, holder, prop = variables.find(variable)
                if value is not None:  # stage-variables-complete reports a missing variable
                    yield link_reference(variables.label, value, holder, prop, graph)


def link_reference(
    selected_by: str, value: Any, holder: Resource, prop: str, graph: Graph
) -> LinkReference:
    """Follow the id of a VPC link in a property of `holder`."""
    links = graph.targets(value, holder, prop, *types.VPC_LINKS)
    if isinstance(value, UnknownValue):
        unresolved = "" if links else "its VPC link is not known yet"
        return LinkReference(selected_by, links, unresolved=unresolved)
    return LinkReference(selected_by, links, external_id="" if links else str(value))
