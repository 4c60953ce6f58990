"""Our own stacks, recorded once."""

import pytest

from operations.recording import Phase, Recording
from tests.stacks import run

STACKS = ("dev", "prod")


@pytest.fixture(scope="session")
def recordings() -> dict[tuple[str, Phase], Recording]:
    """Both shipped stacks in both phases; recordings are never changed in place."""
    return {(stack, phase): run(stack=stack, phase=phase) for stack in STACKS for phase in Phase}
