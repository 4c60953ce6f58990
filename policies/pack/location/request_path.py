"""The request path from an API over its VPC links to load balancers, and what is wrong with it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .. import resource_types as types
from ..framework.rule import Config, Violation
from ..graph.arn import parse
from ..graph.definition import sole_variable
from ..graph.graph import Api, Graph
from ..graph.integrations import (
    Integration,
    LinkReference,
    integrations,
    link_references,
    private_integrations,
)
from ..graph.resource import Resource
from ..values import UnknownValue
from .location import Axis, Fact, Location
from .locations import location_of, location_of_api, location_of_arn, shown_id
from .problems import Problem, Proof, compare, link_elsewhere, not_a_balancer, one_of, pending
from .selections import Selection, Traces, selections

_LINK_PROPERTIES = ("connectionId", "integrationTarget", "integrationUri", "uri")
_SOURCES = (*types.INTEGRATION_SOURCES, *types.HTTP_SOURCES)
_HTTP_TARGETS = (*types.LISTENERS, *types.LOAD_BALANCERS, types.CLOUD_MAP_SERVICE)


@dataclass(frozen=True)
class RequestPath:
    """The request paths of one stack, under one configuration."""

    graph: Graph
    config: Config

    def includes(self, resource: Resource) -> bool:
        """Whether this is a VPC link, or part of an API that uses one."""
        if resource.type == types.VPC_LINK:
            return True
        if resource.type in types.STAGES and any(self._selections(resource)):
            return True
        api = self.graph.api_of(resource)
        if api is None:
            return _may_be_private(resource)
        return self.graph.once(f"private {api.key}", lambda: self._is_private(api))

    def _is_private(self, api: Api) -> bool:
        return any(map(_may_be_private, self._sources(api)))

    @property
    def _all_sources(self) -> list[Resource]:
        return self.graph.of_type(*_SOURCES)

    def _sources(self, api: Api) -> list[Resource]:
        """Resources of this stack that define the integrations of an API."""
        own = [api.resource] if api.resource else []
        return [*own, *self.graph.parts(api, *_SOURCES)]

    def problems(self, resource: Resource) -> Iterator[Problem]:
        """Report everything that is wrong with, or unproven about, what a resource connects."""
        if resource.type == types.VPC_LINK:
            balancers, problems = self._balancers(resource, "targetArn")
            yield from problems
            link = self._location(resource)
            yield from one_of(resource, (compare(resource, [(one, link)]) for one in balancers))
            return
        api = self.graph.api_of(resource)
        if api:
            yield from self._problems_of_part(resource, api)
        if resource.type in types.STAGES:
            yield from self._problems_of_stage(resource, api)
        elif resource.type in _SOURCES:
            yield from self._problems_of_integrations(resource, api)

    def _problems_of_part(self, part: Resource, api: Api) -> Iterator[Problem]:
        """Compare a part with its API: in another place, it would belong to one that is not there.

        Of parts that name no link, nothing shows the account after the update, and AWS itself
        refuses to create them.
        """
        pair = (self._location(part), location_of_api(api, self.graph))
        yield from compare(part, [pair], [Axis.REGION])
        for problem in compare(part, [pair], [Axis.ACCOUNT]):
            is_on_path = part.type in (*types.STAGES, *_SOURCES)
            is_final = problem.proof is Proof.DISPROVED or is_on_path
            yield problem if is_final else problem._replace(proof=Proof.ELSEWHERE)

    def _problems_of_integrations(self, source: Resource, api: Api | None) -> Iterator[Problem]:
        if api is None and _may_be_private(source):
            text = "does not show which API it belongs to."
            yield pending(source, text, "pass the id of the API itself.")
        if _has_unknown_body(source):
            yield from self._problems_of_unknown_body(source, api)
            return
        external: dict[tuple[str, str], list[tuple[str, Integration]]] = defaultdict(list)
        for integration in private_integrations(source, *_LINK_PROPERTIES):
            for reference in link_references(integration, api, self.graph):
                if reference.external_id:
                    key = (reference.external_id, repr(integration.target))
                    external[key].append((reference.selected_by, integration))
                else:
                    yield from self._problems_of_reference(integration, reference, api)
        for (link_id, _), users in external.items():
            stages = {stage for stage, _ in users}
            yield from self._problems_of_external_link(users[0][1], link_id, stages, api)

    def _problems_of_unknown_body(self, source: Resource, api: Api | None) -> Iterator[Problem]:
        """Follow what the document is made from, or else what the stages select for it."""
        links = self.graph.sources(source, "body", *types.VPC_LINKS)
        if not links and api:
            stages = self.graph.parts(api, *types.STAGES)
            found = (each.links for stage in stages for each in self._selections(stage))
            links = tuple(dict.fromkeys(link for one in found for link in one))
        if not links:
            text = "has a definition that is not known yet, so its VPC links cannot be checked."
            yield pending(source, text, "select the VPC links in it by stage variables.")
            return
        yield from one_of(source, (self._compare_link(source, link, api) for link in links))
        if any(link.type == types.VPC_LINK_V2 for link in links):
            targets = self.graph.sources(source, "body", *_HTTP_TARGETS)
            if not targets:
                text = "does not show yet which load balancer its VPC link leads to."
                yield pending(source, text, "create the load balancer in this stack.")
            located = [self._location(target) for target in targets]
            yield from self._compare_all(source, located, [], api)

    def _problems_of_reference(
        self, integration: Integration, reference: LinkReference, api: Api | None
    ) -> Iterator[Problem]:
        source = integration.source
        targets, problems = self._targets(integration)
        if reference.unresolved and not targets:
            selected = f" ({reference.selected_by})" if reference.selected_by else ""
            text = (
                f"cannot be followed to a load balancer{integration.for_route}{selected}: "
                f"{reference.unresolved}."
            )
            fix = "create the VPC link and the stage in this stack."
            how = Proof.ELSEWHERE if reference.is_elsewhere else Proof.PENDING
            yield Problem(Violation(source, text, fix), how)
        if reference.is_elsewhere:
            yield from self._problems_of_unused_links(source, api)
        yield from problems
        yield from self._compare_all(source, targets, [], api)
        compared = (self._compare_link(source, link, api) for link in reference.links)
        yield from one_of(source, compared)
        if integration.target is None:
            for link in reference.links:
                if link.type == types.VPC_LINK_V2:
                    text = f"uses VPC link '{link.name}', which does not name its load balancer."
                    fix = f"set {integration.target_property} to the ARN of what it leads to."
                    yield Problem(Violation(source, text, fix), Proof.IMPOSSIBLE)

    def _problems_of_unused_links(self, source: Resource, api: Api | None) -> Iterator[Problem]:
        """The stage of another stack can only select a link that is where the API is."""
        links = self.graph.once("unused links", self._unused_links)
        for problem in one_of(source, (self._compare_link(source, x, api) for x in links)):
            is_wrong = problem.proof is Proof.DISPROVED
            yield problem if is_wrong else problem._replace(proof=Proof.ELSEWHERE)

    def _unused_links(self) -> list[Resource]:
        """VPC links of this stack that neither an integration nor a stage of it uses."""
        used: dict[object, None] = {}
        for stage in self.graph.of_type(*types.STAGES):
            for selection in selections(stage, self.graph, Traces()):
                used |= dict.fromkeys(selection.links)
        for source in self._all_sources:
            used |= dict.fromkeys(self.graph.sources(source, "body", *types.VPC_LINKS))
            if not _has_unknown_body(source):
                for one in integrations(source):
                    value = one.peek("connectionId")
                    found = self.graph.targets(value, source, "connectionId", *types.VPC_LINKS)
                    used |= dict.fromkeys(found)
        return [link for link in self.graph.of_type(*types.VPC_LINKS) if link not in used]

    def _problems_of_stage(self, stage: Resource, api: Api | None) -> Iterator[Problem]:
        """Compare a stage with the links that it selects for integrations of other stacks."""
        is_known = api is not None and not any(map(_has_unknown_body, self._sources(api)))
        for selection in self._selections(stage):
            compared = (self._compare_link(stage, link, api) for link in selection.links)
            yield from one_of(stage, compared)
            for name in selection.unknown:
                text = f"selects a VPC link by {name} that is not known yet."
                yield pending(stage, text, "create the VPC link in this stack.")
            for name in selection.possible:
                text = (
                    f"sets {name} to what may be the id of a VPC link of another stack, for "
                    "integrations of another stack."
                )
                fix = "if it is one, list it under externalVpcLinks."
                yield Problem(Violation(stage, text, fix), Proof.ELSEWHERE)
            caller = Integration(stage, "", {})
            for link_id in selection.external_ids:
                for problem in self._problems_of_external_link(caller, link_id, set(), api):
                    # While the integrations are unknown, so is whether they use the link.
                    is_final = is_known or problem.proof is Proof.DISPROVED
                    yield problem if is_final else problem._replace(proof=Proof.PENDING)

    def _selections(self, stage: Resource) -> Iterator[Selection]:
        """The links that a stage selects, without those that are followed from an integration."""
        api = self.graph.api_of(stage)
        listed = frozenset(self.config.get("externalVpcLinks", {}))
        names, ids = self.graph.once("used for links", lambda: _used_for_links(self._all_sources))
        traces = Traces(link_ids=ids | listed, names=names)
        if api:
            key = f"link variables of {api.key}"
            traces = self.graph.once(key, lambda: self._traces_in(api, traces))
        return selections(stage, self.graph, traces)

    def _traces_in(self, api: Api, others: Traces) -> Traces:
        """What the integrations of an API show, as far as they are known."""
        sources = self._sources(api)
        known = [source for source in sources if not _has_unknown_body(source)]
        return replace(
            others,
            followed=_used_for_links(known)[0],
            has_integrations=len(known) < len(sources) or any(map(integrations, known)),
            has_private=any(one.is_private for source in known for one in integrations(source)),
        )

    def _problems_of_external_link(
        self, integration: Integration, link_id: str, stages: set[str], api: Api | None
    ) -> Iterator[Problem]:
        source, link = integration.source, shown_id(link_id)
        targets, problems = self._targets(integration)
        declared = self.config.get("externalVpcLinks", {}).get(link_id)
        yield from problems
        yield from self._compare_all(source, targets, [], api)
        if declared is None:
            if not targets and not problems:
                names = ", ".join(sorted(stages - {""}))
                yield Problem(link_elsewhere(source, link_id, names), Proof.IMPOSSIBLE)
            return
        evidence = "externalVpcLinks in the policy's configuration"
        arn = parse(declared["nlbArn"])
        if arn is None or not arn.load_balancer_type:
            text = f"uses VPC link '{link}', whose nlbArn is not the ARN of a load balancer."
            fix = "correct nlbArn under externalVpcLinks in the policy's configuration."
            yield Problem(Violation(source, text, fix), Proof.DISPROVED)
            return
        location = Location(
            f"VPC link '{link}'",
            Fact(declared.get("region", arn.region), evidence),
            Fact(declared.get("account", arn.account), evidence),
        )
        yield from self._compare_all(source, [location_of_arn(arn, evidence)], [location], api)

    def _compare_link(self, source: Resource, link: Resource, api: Api | None) -> Iterator[Problem]:
        """Compare an API with a link and, for version 1, with its load balancer."""
        balancers: list[Location] = []
        if link.type == types.VPC_LINK:
            balancers, _ = self._balancers(link, "targetArn")  # reported for the link itself
        yield from self._compare_all(source, balancers, [self._location(link)], api)

    def _compare_all(
        self,
        source: Resource,
        balancers: Sequence[Location],
        links: Sequence[Location],
        api: Api | None,
    ) -> Iterator[Problem]:
        """Compare everything with the API, then the load balancers and the API as configured.

        If there are several load balancers, the API reaches one of them.
        """
        location = location_of_api(api, self.graph) if api else self._location(source)
        pairs = [(link, location) for link in links]
        if len(balancers) == 1:
            pairs = [(balancers[0], location), *pairs]
        yield from compare(source, pairs)
        if len(balancers) > 1:
            yield from one_of(source, (compare(source, [(one, location)]) for one in balancers))
        for axis, expected in self._expected().items():
            if balancers or links:
                yield from compare(source, [(location, expected)], [axis])
            yield from one_of(
                source, (compare(source, [(one, expected)], [axis]) for one in balancers)
            )

    def _expected(self) -> dict[Axis, Location]:
        """The region and the account that the configuration requires."""
        expected = {}
        for axis, name in ((Axis.REGION, "expectedRegion"), (Axis.ACCOUNT, "expectedAccountId")):
            if value := self.config.get(name):
                fact = Fact(value, f"{name} in the policy's configuration")
                expected[axis] = Location("the expected location", fact, fact)
        return expected

    def _location(self, resource: Resource) -> Location:
        key = f"location of {resource.urn}"
        return self.graph.once(key, lambda: location_of(resource, self.graph))

    def _targets(self, integration: Integration) -> tuple[list[Location], list[Problem]]:
        """Locate what an integration names next to its link; nothing if it names nothing."""
        if integration.target is None:
            return [], []
        source, prop = integration.source, integration.target_property
        if isinstance(integration.target, UnknownValue) and integration.route:
            return [], []  # hidden by a reference in a document, as is the link
        return self._located(source, prop, integration.target, is_http=_is_http(source))

    def _balancers(self, holder: Resource, prop: str) -> tuple[list[Location], list[Problem]]:
        """Locate the load balancers that a property may refer to, and report what is wrong."""
        return self._located(holder, prop, holder.peek(prop))

    def _located(
        self, holder: Resource, prop: str, value: Any, *, is_http: bool = False
    ) -> tuple[list[Location], list[Problem]]:
        tokens = _HTTP_TARGETS if is_http else types.LOAD_BALANCERS
        if isinstance(value, UnknownValue):
            found = self.graph.sources(holder, prop, *tokens)
            if found:
                return [self._location(target) for target in found], []
            text = (
                f"sets {prop} to a value that is not known yet and does not come from a load "
                "balancer of this stack."
            )
            fix = "create the load balancer in this stack, or use its ARN."
            return [], [pending(holder, text, fix)]
        arn = parse(value)
        if arn is None or not (is_http or arn.load_balancer_type):
            return [], [Problem(not_a_balancer(holder, prop), Proof.DISPROVED)]
        managed = self.graph.targets(value, holder, prop, *tokens, key="arn")
        located = [self._location(target) for target in managed]
        return located or [location_of_arn(arn, prop, holder, self.graph)], []


def _used_for_links(sources: Iterable[Resource]) -> tuple[frozenset[str], frozenset[str]]:
    """Stage variables that integrations use for links, and literal ids of links."""
    known = (source for source in sources if not _has_unknown_body(source))
    found = [one.peek("connectionId") for source in known for one in integrations(source)]
    links = {link: sole_variable(link) for link in found if isinstance(link, str)}
    names = frozenset(name for name in links.values() if name)
    return names, frozenset(link for link, name in links.items() if not name)


def _is_http(source: Resource) -> bool:
    return source.type in types.HTTP_SOURCES


def _may_be_private(source: Resource) -> bool:
    return _has_unknown_body(source) or any(i.is_private for i in integrations(source))


def _has_unknown_body(source: Resource) -> bool:
    return isinstance(source.peek("body"), UnknownValue)
