"""The rows of the table in `docs/performance.md`, and how their figures are taken."""

import statistics
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

ROUNDS = 7


class Row(NamedTuple):
    """One measurement."""

    what: str
    took: str
    """With its unit."""
    ratio: str = ""
    """To the first row of the same kind."""

    def __str__(self) -> str:
        return f"| {self.what} | {self.took} | {self.ratio} |"


def medians(actions: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of each, taken in turns after one round that does not count."""
    taken: dict[str, list[float]] = {what: [] for what in actions}
    for _ in range(ROUNDS + 1):
        for what, action in actions.items():
            started = time.perf_counter()
            action()
            taken[what].append(time.perf_counter() - started)
    return {what: statistics.median(seconds[1:]) for what, seconds in taken.items()}
