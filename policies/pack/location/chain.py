"""The chain from a load balancer over a VPC link to an API, and what is wrong along it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ..framework.rule import Config
from ..graph.arn import parse
from ..graph.calls import CALLERS, LINKS, Call, Way, calls, distinct, ways
from ..graph.graph import Api, Graph
from ..graph.resource import Resource
from ..graph.tokens import LOAD_BALANCERS, VPC_LINK, VPC_LINK_V2
from ..graph.values import Unknown
from .location import Axis, Fact, Gap, Place, Relation, relation
from .places import place_of, place_of_api, place_of_arn, shown

Pair = tuple[Place, Place]

_REMEDY = {
    Axis.REGION: "put both in one region: drop the region argument, or use one provider for both.",
    Axis.ACCOUNT: "make both in one account: use one provider for both.",
}


@dataclass(frozen=True)
class Apart:
    """Two things that cannot be in one account and region."""

    subject: Resource
    text: str
    fix: str


@dataclass(frozen=True)
class Unproven:
    """Two things of which nothing shows that they are in one account and region."""

    subject: Resource
    text: str
    fix: str
    is_final: bool = False
    """Whether the update cannot show it either."""


Finding = Apart | Unproven


@dataclass(frozen=True)
class Chain:
    """The chains of one stack, judged under one configuration."""

    graph: Graph
    config: Config

    def concerns(self, subject: Resource) -> bool:
        """Whether this is a link, or belongs to an API that has a private integration."""
        if subject.type == VPC_LINK:
            return True
        api = self.graph.api_of(subject)
        if api is None:
            return _may_be_private(subject)
        return self.graph.once(f"private {api.key}", lambda: self._is_private(api))

    def _is_private(self, api: Api) -> bool:
        sources = [api.resource] if api.resource else []
        return any(map(_may_be_private, (*sources, *self.graph.parts(api, *CALLERS))))

    def findings(self, subject: Resource) -> Iterator[Finding]:
        """Tell all that is wrong with, or unknown about, what one resource connects."""
        if subject.type == VPC_LINK:
            balancers, problems = self._balancers(subject, "targetArn")
            yield from problems
            yield from compare(
                subject, [(balancer, self._place(subject)) for balancer in balancers]
            )
            return
        api = self.graph.api_of(subject)
        if api:
            # A part in another region would be looked for in an API that is not there.
            here = (self._place(subject), place_of_api(api, self.graph))
            yield from compare(subject, [here], [Axis.REGION])
        yield from self._of_calls(subject, api)

    def _of_calls(self, source: Resource, api: Api | None) -> Iterator[Finding]:
        found = distinct(source, "connectionId", "integrationTarget")
        if api is None:
            if isinstance(found, Unknown) or found:
                text = "does not show which REST API it belongs to."
                yield Unproven(source, text, "pass the id of the API itself.")
        elif isinstance(found, Unknown):
            links = self.graph.sources(source, "body", *LINKS)
            yield from self._of_links(source, links, api)
            if not links:
                text = "has a definition that is not known yet, so its links cannot be followed."
                yield Unproven(source, text, "name the links in it by stage variables.")
        else:
            known = [(call, way) for call in found for way in ways(call, api, self.graph)]
            foreign = defaultdict(set)
            for call, way in known:
                if way.external:
                    foreign[way.external].add(way.through)
                else:
                    yield from self._of_way(call, way, api)
            for link_id, through in foreign.items():
                yield from self._of_external(source, link_id, through, api)

    def _of_way(self, call: Call, way: Way, api: Api) -> Iterator[Finding]:
        if way.gap:
            place = f"{call.within()} ({way.through})" if way.through else call.within()
            text = f"cannot be followed to a load balancer{place}: {way.gap}."
            yield Unproven(call.source, text, "make the link and the stage in this stack.")
        elif call.peek("integrationTarget") is not None:
            balancers, problems = self._balancers(call.source, "integrationTarget", call)
            yield from problems
            yield from self._joined(
                call.source, balancers, [self._place(link) for link in way.links], api
            )
        else:
            yield from self._of_links(call.source, way.links, api)

    def _of_links(self, source: Resource, links: Iterable[Resource], api: Api) -> Iterator[Finding]:
        for link in links:
            if link.type == VPC_LINK_V2:
                text = f"uses VPC link '{link.name}', which does not say what it leads to."
                fix = "name the load balancer in integrationTarget."
                yield Unproven(source, text, fix, is_final=True)
            else:
                # What is wrong with the target itself is said of the link.
                balancers, _ = self._balancers(link, "targetArn")
                yield from self._joined(source, balancers, [self._place(link)], api)

    def _of_external(
        self, source: Resource, link_id: str, stages: set[str], api: Api
    ) -> Iterator[Finding]:
        link, names = shown(link_id), ", ".join(sorted(stages - {""}))
        through = f" ({names})" if names else ""
        vouched = self.config.get("externalVpcLinks", {}).get(link_id)
        if vouched is None:
            yield Unproven(
                source,
                f"uses VPC link '{link}'{through}, which this stack does not make, so that the "
                "load balancer behind it cannot be checked.",
                "make the link here, or vouch for it under externalVpcLinks in the configuration "
                "of this policy.",
                is_final=True,
            )
            return
        evidence = "externalVpcLinks in the policy's configuration"
        arn = parse(vouched["nlbArn"])
        if arn is None or not arn.load_balancer_type:
            text = f"uses VPC link '{link}', whose nlbArn in externalVpcLinks names no balancer."
            yield Apart(source, text, "write the ARN of the Network Load Balancer there.")
            return
        there = Place(
            f"VPC link '{link}'",
            Fact(vouched.get("region", arn.region), evidence),
            Fact(vouched.get("account", arn.account), evidence),
        )
        yield from self._joined(source, [place_of_arn(arn, evidence)], [there], api)

    def _joined(
        self, source: Resource, balancers: Iterable[Place], links: Iterable[Place], api: Api
    ) -> Iterator[Finding]:
        """Compare all that has to be together, the two ends first."""
        ends, there, demanded = list(balancers), place_of_api(api, self.graph), self._demanded()
        pairs = [(place, there) for place in (*ends, *links)]
        yield from compare(source, pairs)
        for axis, place in demanded.items():
            yield from compare(source, [(end, place) for end in (*ends, there)], [axis])

    def _place(self, resource: Resource) -> Place:
        return place_of(resource, self.graph)

    def _demanded(self) -> dict[Axis, Place]:
        """Read the account and the region that the configuration asks for."""
        evidence, free = "expected by the policy's configuration", Gap("")
        demanded = {}
        if region := self.config.get("expectedRegion"):
            demanded[Axis.REGION] = Place("the demand", Fact(region, evidence), free)
        if account := self.config.get("expectedAccountId"):
            demanded[Axis.ACCOUNT] = Place("the demand", free, Fact(account, evidence))
        return demanded

    def _balancers(
        self, holder: Resource, prop: str, call: Call | None = None
    ) -> tuple[list[Place], list[Finding]]:
        """Find the load balancers that a property may mean, and what is wrong with it."""
        value = call.peek(prop) if call else holder.peek(prop)
        if isinstance(value, Unknown):
            made = self.graph.sources(holder, prop, *LOAD_BALANCERS)
            if made:
                return [self._place(balancer) for balancer in made], []
            text = f"has a {prop} that is not known yet and comes from no load balancer here."
            fix = "make the load balancer in this stack, or give its ARN."
            return [], [Unproven(holder, text, fix)]
        arn = parse(value)
        if arn is None or not arn.load_balancer_type:
            return [], [not_a_balancer(holder, prop)]
        managed = self.graph.ends(value, holder, prop, *LOAD_BALANCERS, key="arn")
        return [self._place(balancer) for balancer in managed] or [place_of_arn(arn, prop)], []


def not_a_balancer(holder: Resource, prop: str) -> Apart:
    """Say that a property that has to hold a load balancer's ARN holds something else."""
    text = f"has a {prop} that is not the ARN of a load balancer."
    return Apart(
        holder, text, "give the ARN of the load balancer, not of its listener or target group."
    )


def compare(
    subject: Resource, pairs: Iterable[Pair], axes: Iterable[Axis] = tuple(Axis)
) -> Iterator[Finding]:
    """Compare places: contradictions first, then for each axis a difference, or a lack of proof."""
    pairs = list(pairs)
    for place in dict.fromkeys(place for pair in pairs for place in pair):
        for text in place.contradictions:
            yield Apart(subject, f"cannot work: {text}.", "correct the one that is wrong.")
    for axis in axes:
        related = [(relation(*pair, axis), pair) for pair in pairs]
        different = [pair for how, pair in related if how is Relation.DIFFERENT]
        unproven = [pair for how, pair in related if how is Relation.UNPROVEN]
        if different:
            a, b = different[0]
            text = (
                f"cannot work: {_described(a, axis)}, but {_described(b, axis)}. API Gateway "
                "wants load balancer, VPC link and API in one account and region."
            )
            yield Apart(subject, text, _REMEDY[axis])
        elif unproven:
            places = list(dict.fromkeys(place for pair in unproven for place in pair))
            yield Unproven(subject, _lack(places, axis), _pin(places, axis))


def _may_be_private(source: Resource) -> bool:
    found = calls(source)
    return isinstance(found, Unknown) or any(call.is_private for call in found)


def _described(place: Place, axis: Axis) -> str:
    side = place.on(axis)
    if isinstance(side, Gap):
        return side.reason
    return f"{place.label} is in {axis} {side.shown} ({side.evidence})"


def _lack(places: Iterable[Place], axis: Axis) -> str:
    labels = " and ".join(place.label for place in places)
    reasons = "; ".join(_described(place, axis) for place in places)
    return f"does not show that {labels} share one {axis}: {reasons}."


def _pin(places: Iterable[Place], axis: Axis) -> str:
    """Write the lines that pin an account or a region, for each provider that leaves it open."""
    gaps = (place for place in places if isinstance(place.on(axis), Gap))
    names = sorted({place.identity.provider.rpartition("::")[2] for place in gaps} - {""})
    lines = dict.fromkeys(
        _DEFAULT_PIN[axis] if name.startswith("default") else _PIN[axis].format(name)
        for name in names
    )
    return f"{', and '.join(lines) or 'use one provider for both'}."


_PIN = {
    Axis.REGION: 'write aws.Provider("{}", region="<region>", ...)',
    Axis.ACCOUNT: 'write aws.Provider("{}", allowed_account_ids=["<account id>"], ...)',
}
_DEFAULT_PIN = {
    Axis.REGION: "run `pulumi config set aws:region <region>`",
    Axis.ACCOUNT: "run `pulumi config set --path 'aws:allowedAccountIds[0]' "
    "--type string <account id>`",
}
