"""What the instances of a fleet can reach at their first boot."""

from dataclasses import dataclass

from .network import ExistingNetwork, NewNetwork


@dataclass(frozen=True)
class Reach:
    """What a fleet reaches, as far as the configuration shows it."""

    packages: bool
    """The repositories of Amazon Linux."""
    internet: bool
    """Any other host."""
    what: str
    """The same in words."""
    way_out: str
    """How to reach more."""


def reach(network: NewNetwork | ExistingNetwork | None) -> Reach:
    """What a fleet in a network reaches."""
    way_out = "Put it into an `image`."
    if isinstance(network, NewNetwork):
        return Reach(True, False, "only the package repositories of Amazon Linux", way_out)
    return Reach(False, False, "nothing", way_out)
