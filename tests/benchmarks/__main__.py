"""Measure everything and write `docs/performance.md`: `python -m tests.benchmarks`."""

import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator

from tests.benchmarks import engine, local
from tests.benchmarks.table import ROUNDS, Row
from tests.stacks import ROOT
from tests.tools import missing_tools

PAGE = ROOT / "docs" / "performance.md"
STACKS = ("dev", "prod")
_TEXT = """# Performance

`python -m tests.benchmarks` measures this and writes this page. The engine is the real one, the
AWS provider is a fake: the figures show what the program adds, not how long AWS takes.

| what | takes | ratio |
| --- | --- | --- |
{rows}

Medians of {rounds} runs, taken in turns (of five for the rules); Pulumi {pulumi}, Python {python},
{cores} cores.

- The flat program is one file with a statement for each resource, generated from a run of this
  program: the same types, names, inputs and options, without components, settings or checks.
- For `pulumi up` the fake provider takes as long as AWS is documented to take, scaled down; the
  table shows seconds at AWS's pace. The critical path is the longest chain of resources that wait
  for each other.
- The last column is the ratio to the first row of its kind. Goals: a preview within 1.3 of the flat
  program, within 1.7 with the pack; an update within 1.05 of the critical path.
- What this program adds to a preview is mostly the import of its settings' models. The pack is a
  second Python process, which the engine starts as well.
- A preview takes about two seconds more where Python cannot write byte code
  (`PYTHONDONTWRITEBYTECODE`), and the first time after an installation: the SDK for AWS is then
  compiled when it is imported.
"""


def rows() -> Iterator[Row]:
    """Every row of the table, as it is measured."""
    yield from local.definitions()
    yield from local.rules()
    yield from local.rehearsals()
    for stack in STACKS:
        yield from engine.previews(stack)
    yield from engine.updates("prod")


def page(rows: Iterable[Row], pulumi: str, python: str, cores: int | None) -> str:
    """The whole page, around the figures."""
    lines = "\n".join(map(str, rows))
    return _TEXT.format(rows=lines, rounds=ROUNDS, pulumi=pulumi, python=python, cores=cores)


def main() -> None:
    """Measure, print each row, and write the page at the end."""
    if reason := missing_tools():
        sys.exit(f"The benchmarks need the Pulumi CLI: {reason}.")
    measured = []
    for row in rows():
        measured.append(row)
        print(row, flush=True)
    version = subprocess.run(["pulumi", "version"], check=True, capture_output=True, text=True)
    text = page(measured, version.stdout.strip(), platform.python_version(), os.cpu_count())
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
