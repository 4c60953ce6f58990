"""Which subnet goes where in the network's address range."""

import ipaddress
from collections.abc import Iterable

SLOT_LETTERS = "abcdefgh"
"""One slot a zone letter: no region has a zone letter beyond h."""


def subnet_cidr(cidr_block: str, zone: str) -> str:
    """The private subnet of one zone, such as 10.20.0.0/19 for us-east-2a in 10.20.0.0/16.

    The range is cut into eight equal slots and the last letter of the zone's name picks one.
    So a zone's subnet depends on nothing but that zone, and adding or removing another one
    never moves it. Raises ValueError for a letter beyond h, or a range that has no such cut.
    """
    letter = zone[-1:]
    if letter not in SLOT_LETTERS or not letter:
        raise ValueError(f"zone {zone!r} must end in a letter from a to h")
    slots = list(ipaddress.IPv4Network(cidr_block).subnets(prefixlen_diff=3))
    return str(slots[SLOT_LETTERS.index(letter)])


def subnet_cidrs(cidr_block: str, zones: Iterable[str]) -> dict[str, str]:
    """The private subnet of every zone, by zone name."""
    return {zone: subnet_cidr(cidr_block, zone) for zone in zones}
