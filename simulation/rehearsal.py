"""The whole program and the policy pack, run in this process before anything meets AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation import analyzer, stack_file
from simulation.analyzer import Finding
from simulation.engine import Phase, Run, run_program
from simulation.stack_file import StackFile

ROOT = Path(__file__).parent.parent
PROGRAM = "__main__.py"
PACK = Path("policies")
STRICTEST = "config.ci.json"


@dataclass(frozen=True)
class Rehearsal:
    """One program run in both phases, with what the policies say of each."""

    runs: dict[Phase, Run]
    findings: dict[Phase, tuple[Finding, ...]]

    @property
    def passed(self) -> bool:
        """Whether no mandatory policy is violated in either phase."""
        return not any(f.is_mandatory for found in self.findings.values() for f in found)


def rehearse(stack: str, pack_config: Path | None = None, root: Path = ROOT) -> Rehearsal:
    """Run a stack's program at preview, with unknowns, and at update, with AWS-like answers.

    Raises StackFileError, ConfigError or PackConfigError for what a person has to correct.
    """
    file = stack_file.read(root, stack)
    config = analyzer.read_config(pack_config) if pack_config else config_of(stack, root)
    return rehearse_file(file, config)


def rehearse_file(file: StackFile, pack_config: Mapping[str, Any]) -> Rehearsal:
    """Rehearse a stack file that is read already."""
    runs = {phase: run_stack(file, phase) for phase in Phase}
    findings = {phase: analyzer.findings_of(r, pack_config) for phase, r in runs.items()}
    return Rehearsal(runs, findings)


def run_stack(file: StackFile, phase: Phase) -> Run:
    """Run the program of this project with one stack's configuration, in one phase."""
    return run_program(
        ROOT / PROGRAM,
        phase=phase,
        project=file.project,
        stack=file.stack,
        config=file.config,
        secret_keys=file.secret_keys,
    )


def config_of(stack: str, root: Path = ROOT) -> dict[str, Any]:
    """The pack's configuration for a stack: its own levels, or else the strictest ones.

    Exceptions in a file beside the stack file, such as `https.policies.json`, come on top.
    """
    own = root / PACK / f"config.{stack}.json"
    config = analyzer.read_config(own if own.is_file() else root / PACK / STRICTEST)
    exceptions = stack_file.path_of(root, stack).with_suffix(".policies.json")
    return {**config, **(analyzer.read_config(exceptions) if exceptions.is_file() else {})}
