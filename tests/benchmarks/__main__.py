"""Measure all of it and write `docs/performance.md`: `python -m benchmarks`."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator

from tests.benchmarks import engine, local
from tests.benchmarks.table import Row
from tests.engine.stack import ROOT, missing

PAGE = ROOT / "docs" / "performance.md"
STACKS = ("dev", "prod")
_PAGE = """# Performance

`python -m benchmarks` measures this on the machine at hand and writes this page. The engine is the
real one, AWS is a stand-in: what is compared is what the program adds, not what AWS takes.

| what | takes | ratio |
| --- | --- | --- |
{rows}

Medians of {rounds} runs, taken in turns (of five for the rules); Pulumi {pulumi}, Python {python},
{cores} cores.

- The flat program is one file with a statement for each resource, made from a run of this
  one: the same types, names, inputs and options, without components, settings or checks.
- For `pulumi up` the stand-in takes as long as AWS is documented to take, scaled down; the table
  shows seconds at AWS's pace. The critical path is the longest chain of resources that wait for
  each other.
- The last column is the ratio to the first row of its kind. Goals: a preview within 1.3 of the flat
  program, within 1.7 with the pack; an update within 1.05 of the critical path.
- What this program adds to a preview is mostly the import of its settings' models. The pack is a
  second Python process, which the engine starts beside the program.
- A preview takes about two seconds more where Python may not keep byte code
  (`PYTHONDONTWRITEBYTECODE`), and the first time after an installation: the SDK for AWS is then
  compiled as it is imported.
"""


def rows() -> Iterator[Row]:
    """Every row of the table, as it is measured."""
    parts: list[Callable[[], Iterable[Row]]] = [local.definitions, local.rules, local.rehearsals]
    for part in parts:
        yield from part()
    for stack in STACKS:
        yield from engine.previews(stack)
    yield from engine.updates("prod")


def main() -> None:
    """Measure, print each row, and write the page at the end."""
    if reason := missing():
        sys.exit(f"The benchmarks need the Pulumi CLI: {reason}.")
    lines = []
    for row in rows():
        lines.append(f"| {row.what} | {row.took} | {row.ratio} |")
        print(lines[-1], flush=True)
    version = subprocess.run(["pulumi", "version"], check=True, capture_output=True, text=True)
    page = _PAGE.format(
        rows="\n".join(lines),
        rounds=engine.ROUNDS,
        pulumi=version.stdout.strip(),
        python=platform.python_version(),
        cores=os.cpu_count(),
    )
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
