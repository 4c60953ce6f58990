"""A row of the table in `docs/performance.md`."""

from typing import NamedTuple


class Row(NamedTuple):
    """One measurement."""

    what: str
    took: str
    """With its unit."""
    ratio: str = ""
    """To the first row of the same kind."""
