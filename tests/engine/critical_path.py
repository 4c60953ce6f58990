"""The longest way through a resource graph, and how long AWS takes for each step of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from .standin import kinds as k

_QUICK = 1.0
LATENCY: Mapping[str, float] = {
    **dict.fromkeys(k.KINDS, _QUICK),
    k.VPC: 12.0,
    k.SUBNET: 2.0,
    k.VPC_ENDPOINT: 6.0,
    k.LOAD_BALANCER: 150.0,
    k.FLEET: 120.0,
    k.VPC_LINK: 180.0,
}
"""Seconds that AWS takes to create one, in round numbers.

A VPC link typically takes two to four minutes, a balancer two to three, a fleet as long as its
instances take to boot and pass two health checks; most other things are one quick call.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-api-with-vpclink-cli.html
"""


@dataclass(frozen=True)
class Path:
    """A chain of resources, each waiting for the one before."""

    urns: tuple[str, ...]
    seconds: float

    @property
    def kinds(self) -> list[str]:
        """Type tokens along the chain."""
        return [urn.rpartition("$")[2].rpartition("::")[0] for urn in self.urns]

    def __str__(self) -> str:
        return " → ".join(kind.rpartition(":")[2] for kind in self.kinds)


def graph(state: list[dict[str, Any]]) -> dict[str, set[str]]:
    """What each resource depends on, by URN."""
    return {resource["urn"]: set(resource.get("dependencies", ())) for resource in state}


def critical_path(waits: Mapping[str, set[str]], seconds: Mapping[str, float]) -> Path:
    """The chain that takes longest; what has no latency takes no time."""

    @cache
    def longest(urn: str) -> Path:
        before = max((longest(u) for u in waits[urn]), key=lambda p: p.seconds, default=Path((), 0))
        return Path((*before.urns, urn), before.seconds + seconds.get(urn, 0))

    return max((longest(urn) for urn in waits), key=lambda path: path.seconds)
