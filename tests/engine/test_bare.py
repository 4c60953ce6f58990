"""The flat program that the benchmarks compare with registers what this program does."""

from pathlib import Path

import pytest

from benchmarks.bare import bare_program
from operations import stack_file
from operations.recording import Phase, Recorded, Recording, record
from operations.rehearse import ROOT, run


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_flat_program_registers_the_same_resources(stack: str, tmp_path: Path) -> None:
    file = stack_file.read(ROOT, stack)
    ours = run(file, Phase.UPDATE)
    flat = tmp_path / "__main__.py"
    flat.write_text(bare_program(ours), encoding="utf-8")
    theirs = record(flat, phase=Phase.UPDATE, project=file.project, stack=stack, config=file.config)
    assert _registered(theirs) == _registered(ours)


def _registered(recording: Recording) -> dict[tuple[str, str], tuple[set[str], set[str]]]:
    cloud = [r for r in recording.resources if r.type.startswith("aws:")]
    return {(r.type, r.name): (set(r.inputs), _names(r)) for r in cloud}


def _names(resource: Recorded) -> set[str]:
    return {":".join(urn.split("$")[-1].split(":")[-4:]) for urn in resource.dependencies}
