"""The stage variables that select the target of a service: one pair for each service."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

from pydantic import Field

LINK_VARIABLE = "vpcLinkId"
"""Stage variable with the id of the VPC link, where a stage has one service."""
HOST_VARIABLE = "backendHost"
"""Stage variable with the host of the service, or host:port, where a stage has one service."""
SERVICE_NAME = (
    "Use up to 16 lower-case letters, digits and dashes; start with a letter and do not end with a "
    "dash."
)
ServiceName = Annotated[
    str, Field(pattern=r"^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", description=SERVICE_NAME)
]
SERVICE = "x-private-api-service"
"""Extension of a definition file with the name of the service that answers."""
_PAIRED = re.compile(
    rf"(?:{LINK_VARIABLE}|{HOST_VARIABLE})(?:_([a-z](?:[a-z0-9_]{{0,14}}[a-z0-9])?))?"
)
"""With an ending that is not the name of a service, it is a variable like any other."""


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
