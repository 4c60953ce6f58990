"""The commands, without running the program again for a stack that another test has run."""

import pytest

from tests.stacks import run_file


@pytest.fixture
def _shared_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simulation.rehearsal.run_stack", run_file)
    monkeypatch.setattr("operations.gateway.published.run_stack", run_file)
