"""Stack configurations to test with, and the runs of the program with them."""

import dataclasses
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from simulation import stack_file
from simulation.engine import Phase, Run, run_program
from simulation.stack_file import StackFile
from tests.once import once

ROOT = Path(__file__).parent.parent
PROGRAM = ROOT / "__main__.py"
ABSENT = object()
"""In place of a value: remove the key."""


def config(*changes: tuple[str, Any], stack: str = "dev") -> dict[str, str]:
    """A stack's configuration as the CLI passes it on, changed at paths like `targets.blue.port`.

    A path that starts with `aws:` is a key of that namespace; others are below `private-api:`.
    """
    values = {key: parsed(text) for key, text in _read(stack).config.items()}
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
    return {key: _text(value) for key, value in values.items()}


def run_stack(*changes: tuple[str, Any], phase: Phase = Phase.UPDATE, stack: str = "dev") -> Run:
    """The program, run with a changed configuration; equal runs are one object, never to change.

    `stack` is a name, or a file such as `examples/cors.yaml`.
    """
    return run_file(dataclasses.replace(_read(stack), config=config(*changes, stack=stack)), phase)


def run_file(file: StackFile, phase: Phase) -> Run:
    """The program, run with a stack file; see `run_stack`."""
    values = dataclasses.asdict(file)
    key = hashlib.sha256(repr((phase, values)).encode()).hexdigest()
    return once(key, lambda: run_program(PROGRAM, phase=phase, **values))


@cache
def _read(stack: str) -> StackFile:
    return stack_file.read(ROOT, stack)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def parsed(text: str) -> Any:
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
