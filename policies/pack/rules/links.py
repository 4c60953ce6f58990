"""Rules about the way from an API to its load balancer: variables, links, ports."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from pulumi_policy import Severity

from ..framework.rule import (
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    StackRule,
    Undecided,
    Verdict,
)
from ..graph.calls import CALLERS, LINKS, Call, Slot, distinct, slots, ways
from ..graph.definition import sole_variable, substituted, variables
from ..graph.graph import Api, Graph
from ..graph.resource import Resource
from ..graph.tokens import (
    AUTHORIZER,
    LISTENERS,
    LOAD_BALANCERS,
    STAGE,
    VPC_LINK,
)
from ..graph.values import Unknown, knows

_SCHEME_PORTS = {"http": 80, "https": 443}
_SAYING = ("uri", "connectionId", "requestParameters", "requestTemplates", "credentials")


def _sets_variables(stage: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    api = graph.api_of(stage)
    if api is None:
        yield NotApplicable("does not show which API it belongs to")
        return
    if graph.once(f"variables of {api.key} pending", lambda: _is_pending(api, graph)):
        yield Undecided(stage, "the variables that the API uses")
    used = graph.once(f"variables of {api.key}", lambda: _used(api, graph))
    for slot in slots(stage, graph):
        missing = [name for name in sorted(used) if slot.find(name)[0] is None]
        if missing:
            yield Refusal(stage, f"lacks {', '.join(missing)}{_of_canary(slot)}.")
        yield from _overrides_together(slot, api, graph)


def _of_canary(slot: Slot) -> str:
    return " for its canary" if slot.is_canary else ""


def _speakers(api: Api, graph: Graph) -> list[Resource]:
    """Everything of an API that can mention stage variables."""
    own = [api.resource] if api.resource else []
    return [*own, *graph.parts(api, *CALLERS, AUTHORIZER)]


def _said(speaker: Resource) -> list[object]:
    return [speaker.peek(name) for name in (*_SAYING, "body", "authorizerUri")]


def _is_pending(api: Api, graph: Graph) -> bool:
    return not all(knows(value) for speaker in _speakers(api, graph) for value in _said(speaker))


def _used(api: Api, graph: Graph) -> frozenset[str]:
    said = (value for speaker in _speakers(api, graph) for value in _said(speaker))
    return frozenset().union(*map(variables, said))


def _overrides_together(slot: Slot, api: Api, graph: Graph) -> Iterator[Verdict]:
    """A canary that takes another link but keeps the old host asks the new target for the old."""
    if not slot.is_canary:
        return
    overridden = slot.layers[0][2]
    if isinstance(overridden, Unknown) or not overridden:
        return
    for call in _private_calls(api, graph):
        together = _link_and_host(call)
        given = sorted(name for name in together if name in overridden)
        left = sorted(together - set(given))
        if given and left:
            text = f"overrides {', '.join(given)} for its canary, but not {', '.join(left)}."
            yield Refusal(slot.stage, text, "override the link and the host together.")


def _private_calls(api: Api, graph: Graph) -> Iterator[Call]:
    for source in _speakers(api, graph):
        if source.type in CALLERS:
            found = distinct(source, "connectionId", "uri")
            yield from () if isinstance(found, Unknown) else found


def _link_and_host(call: Call) -> frozenset[str]:
    """Names of the stage variables that pick the link and the host, when both do."""
    link, uri = call.peek("connectionId"), call.peek("uri")
    if not isinstance(link, str) or not isinstance(uri, str):
        return frozenset()
    hosts = variables(uri.partition("://")[2].partition("/")[0])
    picked = sole_variable(link)
    return hosts | {picked} if picked and hosts else frozenset()


def _names_a_link(source: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    found = distinct(source, "connectionId")
    if isinstance(found, Unknown):
        yield Undecided(source, "body")
        return
    if not found:
        yield NotApplicable("has no private integration")
    for call in found:
        named = call.peek("connectionId")
        if isinstance(named, Unknown):
            if not graph.sources(source, "connectionId", *LINKS):
                yield Undecided(source, "connectionId")
        elif named is None:
            yield Refusal(source, f"names no VPC link{call.within()}.")
        elif not (
            sole_variable(named)
            or graph.ends(named, source, "connectionId", *LINKS)
            or named in config["allowedLinks"]
        ):
            yield Refusal(source, f"names a VPC link that is not made here{call.within()}.")


def _meets_a_listener(source: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    found = distinct(source, "connectionId", "uri", "integrationTarget")
    if isinstance(found, Unknown):
        yield Undecided(source, "body")
        return
    if not found:
        yield NotApplicable("has no private integration")
    api = graph.api_of(source)
    for call in found:
        for slot in _slots(call, api, graph):
            yield from _meets(call, slot, api, graph)


def _slots(call: Call, api: Api | None, graph: Graph) -> Iterator[Slot | None]:
    """Everything that the call is made with: no slot at all when it uses no stage variable."""
    if not variables([call.peek("uri"), call.peek("connectionId")]):
        yield None
    elif api:
        for stage in graph.parts(api, STAGE):
            yield from slots(stage, graph)


def _meets(call: Call, slot: Slot | None, api: Api | None, graph: Graph) -> Iterator[Verdict]:
    balancers = list(_balancers(call, slot, api, graph))
    listened = [listener for balancer in balancers for listener in _listeners(balancer, graph)]
    if not listened:  # made elsewhere, or missing, which is the matter of another rule
        return
    port, ports = _port(call, slot), [listener.peek("port") for listener in listened]
    if isinstance(port, Unknown) or not knows(ports):
        yield Undecided(call.source, "the port of the integration")
    elif port is not None and port not in ports:
        through = f" through {slot.label}" if slot else ""
        names = ", ".join(sorted({balancer.name for balancer in balancers}))
        text = f"calls port {port}{call.within()}{through}, where '{names}' does not listen."
        yield Refusal(call.source, text)


def _balancers(call: Call, slot: Slot | None, api: Api | None, graph: Graph) -> Iterator[Resource]:
    """Load balancers of this stack that the call ends at."""
    target = call.peek("integrationTarget")
    if target is not None:
        yield from graph.ends(target, call.source, "integrationTarget", *LOAD_BALANCERS, key="arn")
        return
    for way in ways(call, api, graph):
        if slot is None or way.through in ("", slot.label):
            for link in way.links:
                yield from graph.follow(link, "targetArn", to=LOAD_BALANCERS, key="arn").found


def _listeners(balancer: Resource, graph: Graph) -> tuple[Resource, ...]:
    return graph.leading_to(balancer, *LISTENERS, by="loadBalancerArn", key="arn")


def _port(call: Call, slot: Slot | None) -> object:
    """Read the port of the URI; `None` when the URI has none that could be read."""
    uri = call.peek("uri")
    if isinstance(uri, Unknown) or uri is None:
        return uri
    scheme, _, rest = uri.partition("://")
    host = rest.partition("/")[0]
    values = {name: slot.find(name)[0] for name in variables(host)} if slot else {}
    for value in values.values():
        if isinstance(value, Unknown):
            return value
    try:
        split = urlsplit(f"{scheme}://{substituted(host, values)}")
        return split.port or _SCHEME_PORTS.get(scheme)
    except ValueError:
        return None


def _is_sole_link(link: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    end = _end(link, graph)
    if end is None:
        yield Undecided(link, "targetArn")
        return
    first = graph.once("links by their ends", lambda: _first_links(graph))[end]
    if first is not link:
        yield Refusal(link, f"is a second link to the load balancer of '{first.name}'.")


def _end(link: Resource, graph: Graph) -> str | None:
    """Name what a link ends at, by URN or by ARN; `None` while it may be one of several."""
    made = graph.follow(link, "targetArn", to=LOAD_BALANCERS, key="arn").found
    if len(made) == 1:
        return made[0].urn
    target = link.peek("targetArn")
    return None if isinstance(target, Unknown) else str(target)


def _first_links(graph: Graph) -> dict[str, Resource]:
    first: dict[str, Resource] = {}
    for link in graph.of_type(VPC_LINK):
        if (end := _end(link, graph)) is not None:
            first.setdefault(end, link)
    return first


VARIABLES_COMPLETE = StackRule(
    name="stage-variables-complete",
    title="Every stage, and its canary, sets all stage variables that the API uses.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(STAGE,),
    protects="A variable that is not set makes the gateway answer 500, and nothing else shows it.",
    fix="set it in variables.",
    judge=_sets_variables,
)
LINK_MANAGED = StackRule(
    name="integration-link-managed",
    title="A private integration names its link by a stage variable, or a link of this stack.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=CALLERS,
    protects=(
        "An id that is written down is frozen in the deployment: the link cannot be deleted while "
        "it lives, and nobody knows where a foreign one leads."
    ),
    fix='write "${stageVariables.vpcLinkId}", or list the id under allowedLinks.',
    config={
        "allowedLinks": {
            "type": "array",
            "items": {"type": "string", "pattern": "^[a-z0-9]+$"},
            "default": [],
            "description": "Ids of links made elsewhere that integrations may name.",
        }
    },
    judge=_names_a_link,
)
PORT_LISTENED = StackRule(
    name="integration-port",
    title="The load balancer listens where the integration calls it.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=CALLERS,
    protects="With VPC links the URI's port picks the listener: without one, every call times out.",
    fix="call the listener's port, or add a listener.",
    judge=_meets_a_listener,
)
ONE_LINK = StackRule(
    name="nlb-one-link",
    title="A load balancer carries one VPC link.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(VPC_LINK,),
    protects="AWS makes a second link fail, minutes later.",
    fix="share the first link, or make a second load balancer.",
    judge=_is_sole_link,
)

RULES = (VARIABLES_COMPLETE, LINK_MANAGED, PORT_LISTENED, ONE_LINK)
