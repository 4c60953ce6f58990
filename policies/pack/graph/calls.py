"""How an API calls its service: integrations, the stage variables in them, and their VPC links.

An integration is a resource of its own, or stands in the OpenAPI document of a `RestApi` or a
`RestApiPut`. Both are read into one form here.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .definition import Operation, sole_variable
from .graph import Api, Graph
from .resource import Resource
from .tokens import DEPLOYMENT, INTEGRATION, REST_API, REST_API_PUT, STAGE, VPC_LINK, VPC_LINK_V2
from .values import UNKNOWN, Unknown, peek

LINKS = (VPC_LINK, VPC_LINK_V2)
DEFINITIONS = (REST_API, REST_API_PUT)
"""What carries an OpenAPI document in `body`."""
CALLERS = (INTEGRATION, *DEFINITIONS)
"""What integrations are read from."""


@dataclass(frozen=True)
class Call:
    """One integration; its properties are in three values and have the names of the wire."""

    source: Resource
    """The `Integration`, `RestApi` or `RestApiPut` that says it."""
    route: str
    """"GET /orders" in a document; empty for a resource, which has a name of its own."""
    integration: Mapping[str, Any]

    def peek(self, *path: str | int) -> Any:
        """Read the value at `path` of the integration."""
        return peek(self.integration, *path)

    @property
    def timeout_ms(self) -> Any:
        """How long the gateway waits for the service, in milliseconds."""
        name = "timeoutMilliseconds" if self.source.type == INTEGRATION else "timeoutInMillis"
        return self.peek(name)

    @property
    def is_private(self) -> bool:
        """Whether it goes through a VPC link, as far as anybody can tell yet."""
        kind = self.peek("connectionType")
        if isinstance(kind, Unknown):
            return True
        return kind == "VPC_LINK" or self.peek("connectionId") is not None

    def within(self) -> str:
        """Where in its source it stands, for a message: " for GET /orders", or nothing."""
        return listed([self.route])


def listed(routes: Iterable[str]) -> str:
    """Routes for a message, as " for GET /a, GET /b"; nothing when none has a name."""
    named = ", ".join(sorted(routes))
    return f" for {named}" if named else ""


def calls(source: Resource) -> tuple[Call, ...] | Unknown:
    """Read the integrations of a resource; `UNKNOWN` when its document is unknown."""
    if source.type == INTEGRATION:
        return (Call(source, "", source.props),)
    operations = source.operations
    if isinstance(operations, Unknown):
        return UNKNOWN
    return tuple(Call(source, o.route, o.integration) for o in operations if o.integration)


def distinct(source: Resource, *names: str) -> tuple[Call, ...] | Unknown:
    """Private calls that differ in the properties named: hundreds of routes share a few."""
    found = calls(source)
    if isinstance(found, Unknown):
        return UNKNOWN
    seen: dict[tuple[str, ...], Call] = {}
    for call in found:
        if call.is_private:
            seen.setdefault(tuple(repr(call.peek(name)) for name in names), call)
    return tuple(seen.values())


def operations_of(source: Resource) -> tuple[Operation, ...]:
    """Operations of a document that is known; none otherwise."""
    found = source.operations
    return () if isinstance(found, Unknown) else found


@dataclass(frozen=True)
class Slot:
    """The stage variables that some requests are served with: a stage's own, or its canary's."""

    stage: Resource
    is_canary: bool
    layers: tuple[tuple[Resource, str, Any], ...]
    """Resource, property and variables, the strongest first."""

    @property
    def label(self) -> str:
        """Words for a message, as "the canary of stage 'dev'"."""
        return f"{'the canary of ' if self.is_canary else ''}stage '{self.stage.name}'"

    def find(self, name: str) -> tuple[Any, Resource, str]:
        """Look a variable up: its value, and the resource and the property that it comes from."""
        for resource, prop, variables in self.layers:
            value = peek(variables, name)
            if value is not None:
                return value, resource, prop
        return None, self.stage, ""


def slots(stage: Resource, graph: Graph) -> tuple[Slot, ...]:
    """All that a stage serves requests with; a canary inherits what it does not override.

    Source: https://docs.aws.amazon.com/apigateway/latest/api/API_CanarySettings.html
    """
    deployed = tuple(
        (deployment, "variables", deployment.peek("variables"))
        for deployment in graph.follow(stage, "deployment", to=[DEPLOYMENT]).found
    )
    own = ((stage, "variables", stage.peek("variables")), *deployed)
    overrides = stage.peek("canarySettings", "stageVariableOverrides")
    stable = Slot(stage, False, own)
    if stage.peek("canarySettings") is None:
        return (stable,)
    return (stable, Slot(stage, True, ((stage, "canarySettings", overrides), *own)))


@dataclass(frozen=True)
class Way:
    """One way from an integration to a VPC link."""

    through: str
    """The stage or canary that picks the link; empty when the integration names it itself."""
    links: tuple[Resource, ...] = ()
    """Links of this stack. Several while the value is unknown: it is one of them."""
    external: str = ""
    """Id of a link that this stack does not make."""
    gap: str = ""
    """Why there is neither."""


def ways(call: Call, api: Api | None, graph: Graph) -> Iterator[Way]:
    """Every way from a private integration to a link."""
    named = call.peek("connectionId")
    variable = sole_variable(named) if isinstance(named, str) else None
    if named is None:
        yield Way("", gap="it names no VPC link")
    elif variable is None:
        yield _way("", named, call.source, "connectionId", graph)
    else:
        stages = list(graph.parts(api, STAGE)) if api else []
        if not stages:
            yield Way("", gap=f"no stage in this stack sets its stage variable {variable}")
        for stage in stages:
            for slot in slots(stage, graph):
                value, holder, prop = slot.find(variable)
                if value is not None:  # a missing one is the matter of another rule
                    yield _way(slot.label, value, holder, prop, graph)


def _way(through: str, value: Any, holder: Resource, prop: str, graph: Graph) -> Way:
    links = graph.ends(value, holder, prop, *LINKS)
    if isinstance(value, Unknown):
        return Way(through, links, gap="" if links else "its VPC link is not known yet")
    return Way(through, links, external="" if links else str(value))
