"""What is wrong with the shared account and region, how certain it is, and in which words."""

import enum
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ..framework.rule import Violation
from ..graph.resource import Resource
from .location import Axis, Location, Relation, UnknownLocation, relation
from .locations import shown_id


class Proof(enum.Enum):
    """Why it is not proven that two things share an account and a region."""

    DISPROVED = enum.auto()
    """They do not."""
    PENDING = enum.auto()
    """The update may show it."""
    IMPOSSIBLE = enum.auto()
    """The update cannot show it either."""
    ELSEWHERE = enum.auto()
    """Another stack has to show it: the one that the stage is part of."""


class Problem(NamedTuple):
    """A violation of the shared account and region, with its certainty."""

    violation: Violation
    proof: Proof


def pending(resource: Resource, text: str, fix: str) -> Problem:
    """Report something that the update may show."""
    return Problem(Violation(resource, text, fix), Proof.PENDING)


def not_a_balancer(holder: Resource, prop: str) -> Violation:
    """Report a property that has to be a load balancer's ARN and is something else."""
    text = f"sets {prop} to something that is not the ARN of a load balancer."
    fix = "use the ARN of the load balancer, not of its listener or target group."
    return Violation(holder, text, fix)


def link_elsewhere(source: Resource, link_id: str, selected_by: str = "") -> Violation:
    """Report a VPC link of another stack; every rule that does writes the same."""
    selected = f" ({selected_by})" if selected_by else ""
    text = (
        f"uses VPC link '{shown_id(link_id)}'{selected}, which is not part of this stack, so the "
        "load balancer behind it cannot be checked."
    )
    fix = (
        "create the VPC link in this stack, or list it under externalVpcLinks of "
        "nlb-api-same-account-region in the configuration of the policies."
    )
    return Violation(source, text, fix)


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
            yield pending(resource, _unproven(locations, axis), _pin(locations, axis))


def one_of(resource: Resource, groups: Iterable[Iterable[Problem]]) -> Iterator[Problem]:
    """Combine the problems of several candidates, of which the update uses one.

    It is wrong only if all of them are: any may be meant while the value is unknown.
    """
    candidates = [list(group) for group in groups]
    final = {Proof.DISPROVED, Proof.IMPOSSIBLE}
    wrong = [group for group in candidates if any(p.proof in final for p in group)]
    if not wrong:
        yield from (problem for group in candidates for problem in group)
    elif len(wrong) == len(candidates):
        yield from wrong[0]
    else:
        texts = (p.violation.text for group in wrong for p in group if p.proof in final)
        text = f"may use one of {len(candidates)}, and not each will do. One of them {next(texts)}"
        yield pending(resource, text, "use only what is where the API is.")


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
