"""Checks that several rules share."""

from collections.abc import Callable, Iterable
from typing import Any

from .. import resource_types as types
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..values import UnknownValue
from .rule import Schemas, Unknown, Verdicts, Violation

MIN_ZONES: Schemas = {
    "minZones": {
        "type": "integer",
        "minimum": 1,
        "default": 2,
        "description": "Minimum number of Availability Zones.",
    }
}


def check_values(
    resource: Resource,
    name: str,
    values: Iterable[Any],
    is_wrong: Callable[[Any], object],
    text: str,
) -> Verdicts:
    """Report a violation if one of several values is wrong, else if one of them is unknown."""
    values = list(values)
    if any(is_wrong(value) for value in values if not isinstance(value, UnknownValue)):
        yield Violation(resource, text)
    elif any(isinstance(value, UnknownValue) for value in values):
        yield Unknown(resource, name)


def check_zones(resource: Resource, graph: Graph, minimum: float, *paths: str) -> Verdicts:
    """Report a resource whose subnets, at `paths`, are in too few Availability Zones.

    A subnet that is not part of this stack counts as a zone of its own.
    """
    references = [graph.follow(resource, path, to=[types.SUBNET]) for path in paths]
    subnets = {subnet.urn: subnet for reference in references for subnet in reference.found}
    zones = [subnet.peek("availabilityZone") for subnet in subnets.values()]
    known = {zone for zone in zones if isinstance(zone, str)}
    others = [subnet for reference in references for subnet in reference.elsewhere]
    known.update(subnet for subnet in others if subnet.startswith("subnet-"))
    if len(known) >= minimum:
        return
    is_open = any(reference.is_open for reference in references)
    if is_open or any(isinstance(zone, UnknownValue) for zone in zones):
        yield Unknown(resource, "Availability Zones")
    else:
        yield Violation(resource, too_few_zones(len(known), minimum))


def too_few_zones(number: int, minimum: float) -> str:
    """Text of a violation."""
    return f"spans too few Availability Zones: {number} of {minimum:.0f}."
