"""The flat program of the benchmarks registers the same resources as this program."""

from pathlib import Path

import pytest

from simulation.engine import Phase, Run, run_program
from tests.benchmarks.bare import bare_program
from tests.stacks import config, run_stack


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_flat_program_registers_the_same_resources(stack: str, tmp_path: Path) -> None:
    program = run_stack(stack=stack)
    file = tmp_path / "__main__.py"
    file.write_text(bare_program(program), encoding="utf-8")
    flat = run_program(file, phase=Phase.UPDATE, stack=stack, config=config(stack=stack))
    assert _registered(flat) == _registered(program)


def _registered(run: Run) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    """Inputs and dependencies, by type and name; the flat program proves nothing."""
    return {
        (r.type, r.name): (
            set(r.inputs),
            {
                ":".join(urn.split("$")[-1].split(":")[-4:])
                for urn in r.dependencies
                if "aws:" in urn
            },
        )
        for r in run.resources
        if r.type.startswith("aws:")
    }
