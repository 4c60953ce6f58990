"""What the instances of a fleet can reach, as far as the configuration shows it."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from .egress import AnyDestination, EgressPrefixList, EgressRange
from .network import ExistingNetwork, NewNetwork, is_private
from .targets import FleetTarget


@dataclass(frozen=True)
class Reach:
    """What a fleet may reach."""

    packages: bool
    """The repositories of Amazon Linux."""
    internet: bool
    """Any other host, perhaps: the configuration does not show what an existing network has."""
    what: str
    """The same in words."""
    way_out: str
    """How to reach the internet."""
    services: AbstractSet[str] = field(default_factory=frozenset)
    """Services that have interface endpoints."""

    def way_to(self, service: str) -> str:
        """How to reach a service, as a sentence."""
        if service and self.packages:
            return f"Add {service} to `network.endpoints.interfaces`, or {self.way_out}."
        return f"{self.way_out[0].upper()}{self.way_out[1:]}."


def reach(network: NewNetwork | ExistingNetwork | None, target: FleetTarget) -> Reach:
    """What a fleet in a network reaches."""
    egress = bool(target.egress)
    if not isinstance(network, NewNetwork):
        way_out = "add `egress` to the target, for what the network leads to"
        return Reach(egress, egress, "nothing", way_out)
    nat = network.nat != "none"
    services = frozenset(network.endpoints.interfaces)
    what = "only the package repositories of Amazon Linux"
    if services:
        what += f" and the endpoints of {', '.join(sorted(services))}"
    way_out = (
        "add a public range to the target's `egress`"
        if nat
        else "set `network.nat` and the target's `egress`"
    )
    internet = nat and any(map(_may_be_public, target.egress or ()))
    return Reach(True, internet, what, way_out, services)


def _may_be_public(destination: AnyDestination) -> bool:
    if isinstance(destination, EgressRange):
        return not is_private(destination.cidr)
    return isinstance(destination, EgressPrefixList)
