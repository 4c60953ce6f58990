"""Whatever is edited, fails or is typed, in whatever order: what serves continues to serve."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.sequence import Sequence
from tests.engine.stack import Installation, Snapshot, Stack

pytestmark = pytest.mark.engine

SEEDS = range(9)
"""Of the sequences in each run of the tests; those that found something are added."""
SEARCH = hypothesis.settings(
    max_examples=2,  # the first one is always the simplest, in which nothing happens
    stateful_step_count=5,
    # Smaller variants of a failure are not searched: a command takes seconds, and a signal does not
    # hit the same moment twice.
    phases=[hypothesis.Phase.generate],
    suppress_health_check=[*hypothesis.HealthCheck],
    database=None,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        options = (metafunc.config.getoption(name) for name in ("--first-seed", "--sequences"))
        first, count = options
        metafunc.parametrize("seed", range(first, first + count) if count else SEEDS)


def test_what_serves_continues_to_serve(
    installation: Installation,
    shipped: Callable[[str], Snapshot],
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
) -> None:
    @contextmanager
    def start(existing_network: bool) -> Iterator[Stack]:
        snapshot = shipped("existing-network" if existing_network else "dev")
        folder = tmp_path_factory.mktemp("sequence") / "stack"
        with FakeProvider(copy.deepcopy(snapshot.account)) as aws:
            yield Stack.restore(snapshot, folder, aws, installation)

    @hypothesis.seed(seed)
    class Seeded(Sequence):
        def __init__(self) -> None:
            super().__init__(start)

    run_state_machine_as_test(Seeded, settings=SEARCH)
