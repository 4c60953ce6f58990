"""The longest path through a resource graph, and how long AWS takes for each resource."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.engine.fake_provider import resource_types as rt

LATENCY: Mapping[str, float] = {
    **dict.fromkeys(rt.TYPES, 1.0),
    rt.VPC: 12.0,
    rt.SUBNET: 2.0,
    rt.VPC_ENDPOINT: 6.0,
    rt.LOAD_BALANCER: 150.0,
    rt.FLEET: 120.0,
    rt.VPC_LINK: 180.0,
}
"""Seconds that AWS takes to create one, in round numbers.

A VPC link typically takes two to four minutes, a load balancer two to three, a fleet as long as its
instances take to boot and pass two health checks; most other resources are one quick call.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-api-with-vpclink-cli.html
"""


@dataclass(frozen=True)
class Path:
    """A chain of resources, each waiting for the one before."""

    urns: tuple[str, ...]
    seconds: float

    @property
    def types(self) -> list[str]:
        """Type tokens along the chain."""
        return [urn.rpartition("$")[2].rpartition("::")[0] for urn in self.urns]

    def __str__(self) -> str:
        return " → ".join(token.rpartition(":")[2] for token in self.types)


def graph(state: list[dict[str, Any]]) -> dict[str, set[str]]:
    """The dependencies of each resource, by URN."""
    return {resource["urn"]: set(resource.get("dependencies", ())) for resource in state}


def critical_path(dependencies: Mapping[str, set[str]], seconds: Mapping[str, float]) -> Path:
    """The chain that takes longest; a resource without a latency takes no time."""

    @cache
    def longest(urn: str) -> Path:
        paths = map(longest, dependencies[urn])
        before = max(paths, key=lambda path: path.seconds, default=Path((), 0))
        return Path((*before.urns, urn), before.seconds + seconds.get(urn, 0))

    return max(map(longest, dependencies), key=lambda path: path.seconds)
