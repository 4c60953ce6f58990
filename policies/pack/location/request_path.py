"""The request path from an API over its VPC links to load balancers, and what is wrong with it."""

import enum
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .. import resource_types as types
from ..framework.rule import Config, Violation
from ..graph.arn import parse
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
from .location import Axis, Fact, Location, Relation, UnknownLocation, relation
from .locations import location_of, location_of_api, location_of_arn, shown_id

_LINK_PROPERTIES = ("connectionId", "integrationTarget")


class Proof(enum.Enum):
    """Why it is not proven that two things share an account and a region."""

    DISPROVED = enum.auto()
    """They do not."""
    PENDING = enum.auto()
    """The update may show it."""
    IMPOSSIBLE = enum.auto()
    """The update cannot show it either."""


class Problem(NamedTuple):
    """A violation of the shared account and region, with its certainty."""

    violation: Violation
    proof: Proof


@dataclass(frozen=True)
class RequestPath:
    """The request paths of one stack, under one configuration."""

    graph: Graph
    config: Config

    def includes(self, resource: Resource) -> bool:
        """Whether this is a VPC link, or part of an API that has a private integration."""
        if resource.type == types.VPC_LINK:
            return True
        api = self.graph.api_of(resource)
        if api is None:
            return _may_be_private(resource)
        return self.graph.once(f"private {api.key}", lambda: self._is_private(api))

    def _is_private(self, api: Api) -> bool:
        sources = [api.resource] if api.resource else []
        return any(
            map(_may_be_private, (*sources, *self.graph.parts(api, *types.INTEGRATION_SOURCES)))
        )

    def problems(self, resource: Resource) -> Iterator[Problem]:
        """Report everything that is wrong with, or unproven about, what a resource connects."""
        if resource.type == types.VPC_LINK:
            balancers, problems = self._balancers(resource, "targetArn")
            yield from problems
            link = self._location(resource)
            yield from compare(resource, [(balancer, link) for balancer in balancers])
            return
        api = self.graph.api_of(resource)
        if api:
            # A part in another region would belong to an API that does not exist there.
            pair = (self._location(resource), location_of_api(api, self.graph))
            yield from compare(resource, [pair], [Axis.REGION])
        yield from self._problems_of_integrations(resource, api)

    def _problems_of_integrations(self, source: Resource, api: Api | None) -> Iterator[Problem]:
        if api is None:
            if _may_be_private(source):
                text = "does not show which REST API it belongs to."
                yield _pending(source, text, "pass the id of the REST API itself.")
        elif _has_unknown_body(source):
            links = self.graph.sources(source, "body", *types.VPC_LINKS)
            yield from self._problems_of_links(source, links, api)
            if not links:
                text = "has a definition that is not known yet, so its VPC links cannot be checked."
                yield _pending(source, text, "select the VPC links in it by stage variables.")
        else:
            external = defaultdict(set)
            for integration in private_integrations(source, *_LINK_PROPERTIES):
                for reference in link_references(integration, api, self.graph):
                    if reference.external_id:
                        external[reference.external_id].add(reference.selected_by)
                    else:
                        yield from self._problems_of_reference(integration, reference, api)
            for link_id, selected_by in external.items():
                yield from self._problems_of_external_link(source, link_id, selected_by, api)

    def _problems_of_reference(
        self, integration: Integration, reference: LinkReference, api: Api
    ) -> Iterator[Problem]:
        source = integration.source
        if reference.unresolved:
            selected = f" ({reference.selected_by})" if reference.selected_by else ""
            text = (
                f"cannot be followed to a load balancer{integration.for_route}{selected}: "
                f"{reference.unresolved}."
            )
            yield _pending(source, text, "create the VPC link and the stage in this stack.")
        elif integration.peek("integrationTarget") is not None:
            balancers, problems = self._balancers(source, "integrationTarget", integration)
            yield from problems
            links = [self._location(link) for link in reference.links]
            yield from self._compare_all(source, balancers, links, api)
        else:
            yield from self._problems_of_links(source, reference.links, api)

    def _problems_of_links(
        self, source: Resource, links: Iterable[Resource], api: Api
    ) -> Iterator[Problem]:
        for link in links:
            if link.type == types.VPC_LINK_V2:
                text = f"uses VPC link '{link.name}', which does not name its load balancer."
                fix = "set integrationTarget to the ARN of the load balancer."
                yield Problem(Violation(source, text, fix), Proof.IMPOSSIBLE)
            else:
                # A wrong target is reported for the link itself.
                balancers, _ = self._balancers(link, "targetArn")
                yield from self._compare_all(source, balancers, [self._location(link)], api)

    def _problems_of_external_link(
        self, source: Resource, link_id: str, stages: set[str], api: Api
    ) -> Iterator[Problem]:
        link, names = shown_id(link_id), ", ".join(sorted(stages - {""}))
        selected = f" ({names})" if names else ""
        declared = self.config.get("externalVpcLinks", {}).get(link_id)
        if declared is None:
            text = (
                f"uses VPC link '{link}'{selected}, which is not part of this stack, so the load "
                "balancer behind it cannot be checked."
            )
            fix = (
                "create the VPC link in this stack, or list it under externalVpcLinks in the "
                "configuration of this policy."
            )
            yield Problem(Violation(source, text, fix), Proof.IMPOSSIBLE)
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

    def _compare_all(
        self, source: Resource, balancers: list[Location], links: list[Location], api: Api
    ) -> Iterator[Problem]:
        """Compare everything with the API, then the load balancers and the API as configured."""
        location = location_of_api(api, self.graph)
        yield from compare(source, [(other, location) for other in (*balancers, *links)])
        for axis, expected in self._expected().items():
            yield from compare(source, [(o, expected) for o in (*balancers, location)], [axis])

    def _expected(self) -> dict[Axis, Location]:
        """The region and the account that the configuration requires."""
        expected = {}
        for axis, name in ((Axis.REGION, "expectedRegion"), (Axis.ACCOUNT, "expectedAccountId")):
            if value := self.config.get(name):
                fact = Fact(value, f"{name} in the policy's configuration")
                expected[axis] = Location("the expected location", fact, fact)
        return expected

    def _location(self, resource: Resource) -> Location:
        return location_of(resource, self.graph)

    def _balancers(
        self, holder: Resource, prop: str, integration: Integration | None = None
    ) -> tuple[list[Location], list[Problem]]:
        """Locate the load balancers that a property may refer to, and report what is wrong."""
        value = integration.peek(prop) if integration else holder.peek(prop)
        if isinstance(value, UnknownValue):
            balancers = self.graph.sources(holder, prop, *types.LOAD_BALANCERS)
            if balancers:
                return [self._location(balancer) for balancer in balancers], []
            text = (
                f"has a {prop} that is not known yet and does not come from a load balancer of "
                "this stack."
            )
            fix = "create the load balancer in this stack, or use its ARN."
            return [], [_pending(holder, text, fix)]
        arn = parse(value)
        if arn is None or not arn.load_balancer_type:
            return [], [Problem(not_a_balancer(holder, prop), Proof.DISPROVED)]
        managed = self.graph.targets(value, holder, prop, *types.LOAD_BALANCERS, key="arn")
        return [self._location(balancer) for balancer in managed] or [
            location_of_arn(arn, prop)
        ], []


def _pending(resource: Resource, text: str, fix: str) -> Problem:
    return Problem(Violation(resource, text, fix), Proof.PENDING)


def not_a_balancer(holder: Resource, prop: str) -> Violation:
    """Report a property that has to be a load balancer's ARN and is something else."""
    text = f"has a {prop} that is not the ARN of a load balancer."
    fix = "use the ARN of the load balancer, not of its listener or target group."
    return Violation(holder, text, fix)


def compare(
    resource: Resource,
    pairs: Iterable[tuple[Location, Location]],
    axes: Iterable[Axis] = tuple(Axis),
) -> Iterator[Problem]:
    """Report contradictions first, then for each axis a difference or a lack of proof."""
    pairs = list(pairs)
    for location in dict.fromkeys(location for pair in pairs for location in pair):
        for text in location.contradictions:
            wrong = Violation(resource, f"cannot work: {text}.", "correct the one that is wrong.")
            yield Problem(wrong, Proof.DISPROVED)
    for axis in axes:
        related = [(relation(*pair, axis), pair) for pair in pairs]
        different = [pair for how, pair in related if how is Relation.DIFFERENT]
        unproven = [pair for how, pair in related if how is Relation.UNPROVEN]
        if different:
            a, b = different[0]
            text = (
                f"cannot work: {_described(a, axis)}, but {_described(b, axis)}. API Gateway "
                "requires the load balancer, the VPC link and the API in one account and region."
            )
            yield Problem(Violation(resource, text, _UNITE[axis]), Proof.DISPROVED)
        elif unproven:
            locations = list(dict.fromkeys(location for pair in unproven for location in pair))
            yield _pending(resource, _unproven(locations, axis), _pin(locations, axis))


def _may_be_private(source: Resource) -> bool:
    return _has_unknown_body(source) or any(i.is_private for i in integrations(source))


def _has_unknown_body(source: Resource) -> bool:
    return isinstance(source.peek("body"), UnknownValue)


def _described(location: Location, axis: Axis) -> str:
    side = location.on(axis)
    if isinstance(side, UnknownLocation):
        return side.reason
    return f"{location.label} is in {axis} {side.shown} ({side.evidence})"


def _unproven(locations: Iterable[Location], axis: Axis) -> str:
    labels = " and ".join(location.label for location in locations)
    reasons = "; ".join(_described(location, axis) for location in locations)
    return f"does not show that {labels} share one {axis}: {reasons}."


def _pin(locations: Iterable[Location], axis: Axis) -> str:
    """Write the lines that pin an account or a region, for each provider that leaves it open."""
    unknown = (one for one in locations if isinstance(one.on(axis), UnknownLocation))
    names = sorted({one.identity.provider.rpartition("::")[2] for one in unknown} - {""})
    lines = dict.fromkeys(
        _PIN_DEFAULT[axis] if name.startswith("default") else _PIN[axis].format(name)
        for name in names
    )
    return f"{', and '.join(lines) or 'use one provider for both'}."


_UNITE = {
    Axis.REGION: "use one region: remove the region argument, or use one provider for both.",
    Axis.ACCOUNT: "use one account: use one provider for both.",
}
_PIN = {
    Axis.REGION: 'write aws.Provider("{}", region="<region>", ...)',
    Axis.ACCOUNT: 'write aws.Provider("{}", allowed_account_ids=["<account id>"], ...)',
}
_PIN_DEFAULT = {
    Axis.REGION: "run `pulumi config set aws:region <region>`",
    Axis.ACCOUNT: "run `pulumi config set --path 'aws:allowedAccountIds[0]' "
    "--type string <account id>`",
}
