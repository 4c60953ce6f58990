"""The address ranges of the subnets."""

import ipaddress
from collections.abc import Iterable

SLOT_LETTERS = "abcdefgh"
"""The last letters of zone names, one for each slot: no region has a zone beyond h."""


def subnet_cidr(cidr_block: str, zone: str) -> str:
    """The private subnet of one zone, such as 10.20.0.0/19 for us-east-2a in 10.20.0.0/16.

    The range has eight equal slots, and the last letter of the zone's name selects one. So a subnet
    depends on its own zone only, and never moves when another zone is added or removed. Raises
    ValueError for a letter beyond h, or a range that is too small.
    """
    letter = zone[-1:]
    if letter not in SLOT_LETTERS or not letter:
        raise ValueError(f"zone {zone!r} must end in a letter from a to h")
    slots = list(ipaddress.IPv4Network(cidr_block).subnets(prefixlen_diff=3))
    return str(slots[SLOT_LETTERS.index(letter)])


def public_cidr(cidr_block: str, zone: str) -> str:
    """The public subnet of one zone, such as 10.20.255.128/28 for us-east-2a in 10.20.0.0/16.

    It has 16 addresses, enough for a NAT gateway. All eight are in the last 128 of the range: in
    that of zone h if it is /22 or larger, so that no private subnet has to move for them.
    """
    slot = SLOT_LETTERS.index(zone[-1])
    end = ipaddress.IPv4Network(cidr_block).broadcast_address + 1
    return f"{end - 128 + 16 * slot}/28"


def subnet_cidrs(cidr_block: str, zones: Iterable[str]) -> dict[str, str]:
    """The private subnet of every zone, by zone name."""
    return {zone: subnet_cidr(cidr_block, zone) for zone in zones}
