"""The stage variables that select the target of a service: one pair for each service."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

LINK_VARIABLE = "vpcLinkId"
"""Stage variable with the id of the VPC link, where a stage has one service."""
HOST_VARIABLE = "backendHost"
"""Stage variable with the host of the service, or host:port, where a stage has one service."""
_PAIRED = re.compile(f"(?:{LINK_VARIABLE}|{HOST_VARIABLE})(?:_([a-z0-9_]+))?")


class Pair(NamedTuple):
    """The two variables of a service, whose name has no underscore; the unnamed one has none."""

    service: str = ""

    @property
    def link(self) -> str:
        """Variable with the id of the VPC link."""
        return LINK_VARIABLE + self._suffix

    @property
    def host(self) -> str:
        """Variable with the host, or host:port."""
        return HOST_VARIABLE + self._suffix

    @property
    def _suffix(self) -> str:
        # Names of stage variables have no dashes.
        return f"_{self.service.replace('-', '_')}" if self.service else ""


def pair_with(variable: str) -> Pair | None:
    """The pair that a variable belongs to, if its name says so."""
    found = _PAIRED.fullmatch(variable)
    return Pair((found[1] or "").replace("_", "-")) if found else None


def pairs_of(variables: Iterable[str]) -> Iterator[Pair]:
    """Every pair of which at least one variable is among these."""
    yield from sorted({pair for name in variables if (pair := pair_with(name))})
