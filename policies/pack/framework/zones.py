"""How many availability zones something stands in."""

from collections.abc import Iterator

from ..graph.graph import Graph
from ..graph.resource import Resource
from ..graph.tokens import SUBNET
from ..graph.values import Unknown
from .rule import Refusal, Schemas, Undecided, Verdict

MIN_ZONES: Schemas = {
    "minZones": {"type": "integer", "minimum": 1, "default": 2, "description": "Zones at least."}
}


def judge_zones(
    resource: Resource, graph: Graph, wanted: float, *paths: tuple[str | int, ...]
) -> Iterator[Verdict]:
    """Refuse a resource whose subnets, at `paths`, lie in fewer zones than wanted.

    A subnet that is not made here counts as a zone of its own.
    """
    ends = [graph.follow(resource, *path, to=[SUBNET]) for path in paths]
    subnets = {subnet.urn: subnet for end in ends for subnet in end.found}
    zones = [subnet.peek("availabilityZone") for subnet in subnets.values()]
    known = {zone for zone in zones if isinstance(zone, str)}
    known.update(subnet for end in ends for subnet in end.elsewhere)
    if len(known) >= wanted:
        return
    if any(isinstance(zone, Unknown) for zone in zones) or any(end.is_open for end in ends):
        yield Undecided(resource, "its zones")
    else:
        yield Refusal(resource, f"stands in {len(known)} of the {wanted:.0f} zones it needs.")
