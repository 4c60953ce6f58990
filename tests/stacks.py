"""Stack configurations to test with: a shipped one, with some values changed."""

import json
from pathlib import Path
from typing import Any

from simulation import stack_file
from simulation.engine import Phase, Run, run_program

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "__main__.py"
ABSENT = object()
"""In place of a value: take the key away."""


def config(*changes: tuple[str, Any], stack: str = "dev") -> dict[str, str]:
    """A stack's configuration as the CLI hands it over, changed at paths like `targets.blue.port`.

    A path that starts with `aws:` is a key of that namespace; others are below `private-api:`.
    """
    values = {key: _parsed(text) for key, text in stack_file.read(ROOT, stack).config.items()}
    for path, value in changes:
        key, *steps = path.split("/") if "/" in path else path.split(".")
        full = key if ":" in key else f"private-api:{key}"
        if not steps:
            _put(values, full, value)
            continue
        inner = values[full]
        for step in steps[:-1]:
            inner = inner[int(step)] if isinstance(inner, list) else inner[step]
        _put(inner, steps[-1], value)
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in values.items()}


def run_stack(*changes: tuple[str, Any], phase: Phase = Phase.UPDATE, stack: str = "dev") -> Run:
    """The real program, run with a changed configuration."""
    return run_program(PROGRAM, phase=phase, stack=stack, config=config(*changes, stack=stack))


def _parsed(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text


def _put(holder: Any, step: str, value: Any) -> None:
    if isinstance(holder, list):
        if value is ABSENT:
            del holder[int(step)]
        elif int(step) == len(holder):
            holder.append(value)
        else:
            holder[int(step)] = value
    elif value is ABSENT:
        del holder[step]
    else:
        holder[step] = value
