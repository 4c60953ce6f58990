"""How an API calls its service: integrations, the stage variables in them, and their VPC links.

An integration is a resource of its own, or part of the OpenAPI document of a `RestApi` or a
`RestApiPut`. Both are read into the same form here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .. import resource_types as types
from ..values import UnknownValue, peek
from .definition import sole_variable
from .graph import Api, Graph
from .resource import Resource


@dataclass(frozen=True)
class Integration:
    """One integration; its properties may be unknown, and have their names in the protocol."""

    source: Resource
    """The `Integration`, `RestApi` or `RestApiPut` that defines it."""
    route: str
    """"GET /orders" in a document; empty for a resource, which has its own name."""
    properties: Mapping[str, Any]

    def peek(self, path: str) -> Any:
        """Read the value at a dotted path."""
        return peek(self.properties, *path.split("."))

    @property
    def timeout_ms(self) -> Any:
        """How long API Gateway waits for the service, in milliseconds."""
        is_resource = self.source.type == types.INTEGRATION
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
    if source.type == types.INTEGRATION:
        return (Integration(source, "", source.props),)
    found = ((operation.route, operation.integration) for operation in source.operations)
    return tuple(
        Integration(source, route, properties) for route, properties in found if properties
    )


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
            if value is not None:
                return value, resource, prop
        return None, self.stage, ""


def variable_sets(stage: Resource, graph: Graph) -> tuple[VariableSet, ...]:
    """All variable sets of a stage; a canary inherits what it does not override.

    Source: https://docs.aws.amazon.com/apigateway/latest/api/API_CanarySettings.html
    """
    deployed = tuple(
        (deployment, "variables", deployment.peek("variables"))
        for deployment in graph.follow(stage, "deployment", to=[types.DEPLOYMENT]).found
    )
    own = ((stage, "variables", stage.peek("variables")), *deployed)
    overrides = stage.peek("canarySettings.stageVariableOverrides")
    stable = VariableSet(stage, False, own)
    if stage.peek("canarySettings") is None:
        return (stable,)
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


def link_references(
    integration: Integration, api: Api | None, graph: Graph
) -> Iterator[LinkReference]:
    """Every VPC link that a private integration may use."""
    link = integration.peek("connectionId")
    variable = sole_variable(link) if isinstance(link, str) else None
    if link is None:
        yield LinkReference("", unresolved="it does not name a VPC link")
    elif variable is None:
        yield _link_reference("", link, integration.source, "connectionId", graph)
    else:
        stages = list(graph.parts(api, types.STAGE)) if api else []
        if not stages:
            reason = f"no stage of this stack sets the stage variable {variable}"
            yield LinkReference("", unresolved=reason)
        for stage in stages:
            for variables in variable_sets(stage, graph):
                value, holder, prop = variables.find(variable)
                if value is not None:  # stage-variables-complete reports a missing variable
                    yield _link_reference(variables.label, value, holder, prop, graph)


def _link_reference(
    selected_by: str, value: Any, holder: Resource, prop: str, graph: Graph
) -> LinkReference:
    links = graph.targets(value, holder, prop, *types.VPC_LINKS)
    if isinstance(value, UnknownValue):
        unresolved = "" if links else "its VPC link is not known yet"
        return LinkReference(selected_by, links, unresolved=unresolved)
    return LinkReference(selected_by, links, external_id="" if links else str(value))
