"""Whatever is edited, fails or is typed, in whatever order: what serves continues to serve."""

from collections.abc import Callable

import pytest

from tests.engine.sequence import Sequence
from tests.engine.stack import Snapshot, Stack

pytestmark = pytest.mark.engine

STEPS = 7
SEEDS = (1, 2, 3)
"""Of the sequences in each run of the tests; those that found something are added."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        options = (metafunc.config.getoption(name) for name in ("--first-seed", "--sequences"))
        first, count = options
        metafunc.parametrize("seed", range(first, first + count) if count else SEEDS)


def test_what_serves_continues_to_serve(
    restore: Callable[[Snapshot], Stack], shipped: Callable[..., Snapshot], seed: int
) -> None:
    existing = seed % 3 == 0
    stack = restore(shipped("existing-network" if existing else "dev"))
    sequence = Sequence(stack, seed, existing)
    try:
        sequence.run(STEPS)
    finally:
        print(*sequence.log, stack.output, sep="\n")
