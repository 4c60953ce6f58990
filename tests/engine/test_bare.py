"""The flat program that the benchmarks compare with registers what this program does."""

from pathlib import Path

import pytest

from simulation import stack_file
from simulation.engine import Phase, Registered, Run, run_program
from simulation.rehearsal import ROOT, run_stack
from tests.benchmarks.bare import bare_program


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_flat_program_registers_the_same_resources(stack: str, tmp_path: Path) -> None:
    file = stack_file.read(ROOT, stack)
    ours = run_stack(file, Phase.UPDATE)
    flat = tmp_path / "__main__.py"
    flat.write_text(bare_program(ours), encoding="utf-8")
    theirs = run_program(
        flat, phase=Phase.UPDATE, project=file.project, stack=stack, config=file.config
    )
    assert _registered(theirs) == _registered(ours)


def _registered(run: Run) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    cloud = [r for r in run.resources if r.type.startswith("aws:")]
    return {(r.type, r.name): (set(r.inputs), _names(r)) for r in cloud}


def _names(resource: Registered) -> set[str]:
    return {":".join(urn.split("$")[-1].split(":")[-4:]) for urn in resource.dependencies}
