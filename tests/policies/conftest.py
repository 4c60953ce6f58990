"""Our own stacks, run once per session."""

import pytest

from simulation.engine import Phase, Run
from tests.stacks import run_stack

STACKS = ("dev", "prod")


@pytest.fixture(scope="session")
def runs() -> dict[tuple[str, Phase], Run]:
    """Both shipped stacks in both phases; runs are never changed in place."""
    return {
        (stack, phase): run_stack(stack=stack, phase=phase) for stack in STACKS for phase in Phase
    }
