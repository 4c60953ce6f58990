"""IP ranges, and whether they admit the whole internet."""

import ipaddress
from collections.abc import Iterable
from typing import Any

from ..values import as_text

_WIDEST_PREFIX = {4: 8, 6: 16}


def network(cidr: Any) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Read an IP range; `None` for anything else."""
    try:
        return ipaddress.ip_network(as_text(cidr).strip(), strict=False)
    except ValueError:
        return None


def admit_everyone(ranges: Iterable[Any]) -> bool:
    """Whether IP ranges together cover a large part of the internet.

    Two halves cover all addresses, and so do many small parts, so testing each range for /0 would
    be easy to bypass. Values that are unknown or not IP ranges do not count.
    """
    networks = [found for cidr in ranges if (found := network(cidr))]
    v4 = [one for one in networks if isinstance(one, ipaddress.IPv4Network)]
    v6 = [one for one in networks if isinstance(one, ipaddress.IPv6Network)]
    prefixes = [(4, one.prefixlen) for one in ipaddress.collapse_addresses(v4)]
    prefixes += [(6, one.prefixlen) for one in ipaddress.collapse_addresses(v6)]
    return any(length < _WIDEST_PREFIX[version] for version, length in prefixes)
