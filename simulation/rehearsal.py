"""A rehearsal: the program and the policy pack run in this process, before anything reaches AWS."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation import analyzer, stack_file
from simulation.analyzer import Finding
from simulation.engine import Phase, Run, run_program
from simulation.pack_config import read_config
from simulation.stack_file import StackFile

ROOT = Path(__file__).parent.parent
PROGRAM = "__main__.py"
PACK = Path("policies")
STRICTEST = "config.ci.json"


@dataclass(frozen=True)
class Rehearsal:
    """The runs of one program in both phases, and what the policies report about each."""

    runs: Mapping[Phase, Run]
    findings: Mapping[Phase, tuple[Finding, ...]]
    pack_config: Mapping[str, Any]
    """The configuration of the policies that was used."""
    exceptions: Path
    """The file that takes exceptions from the policies, which may not exist yet."""

    @property
    def passed(self) -> bool:
        """Whether no mandatory policy is violated in either phase."""
        return not any(f.is_mandatory for found in self.findings.values() for f in found)


def rehearse(stack: str, pack_config: Path | None = None, root: Path = ROOT) -> Rehearsal:
    """Run a stack's program at preview, with unknown values, and at update, with a fake AWS.

    Raises StackFileError, ConfigError or PackConfigError for mistakes in the configuration.
    """
    file = stack_file.read(root, stack)
    config = read_config(pack_config) if pack_config else config_of(stack, root)
    runs = {phase: run_stack(file, phase) for phase in Phase}
    findings = {phase: analyzer.findings_of(run, config) for phase, run in runs.items()}
    return Rehearsal(runs, findings, config, pack_config or exceptions_of(stack, root))


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
    """The configuration of the policies for a stack: its own file, or else the strictest one.

    Exceptions in a file next to the stack file, such as `https.policies.json`, override it.
    """
    own = _own_config(stack, root)
    config = read_config(own if own.is_file() else root / PACK / STRICTEST)
    separate = _separate_file(stack, root)
    return {**config, **(read_config(separate) if separate.is_file() else {})}


def exceptions_of(stack: str, root: Path = ROOT) -> Path:
    """The file for a stack's exceptions: its own configuration, or one next to its stack file."""
    own, separate = _own_config(stack, root), _separate_file(stack, root)
    return own if own.is_file() and not separate.is_file() else separate


def _own_config(stack: str, root: Path) -> Path:
    return root / PACK / f"config.{stack}.json"


def _separate_file(stack: str, root: Path) -> Path:
    return stack_file.path_of(root, stack).with_suffix(".policies.json")
