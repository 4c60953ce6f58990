"""How long the parts take that need no engine: the definition, the pack's rules, a rehearsal."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial

from openapi.compiler import compile_routes
from openapi.routes import Route
from simulation import stack_file
from simulation.engine import Phase
from simulation.rehearsal import ROOT, run_stack
from tests.benchmarks import policies
from tests.benchmarks.table import Row

ROUNDS = 7


def definitions() -> Iterator[Row]:
    """Compiling routes into the one document, with its hash."""
    for count in (1, 30, 300):
        routes = [
            Route.model_validate(
                {"method": "GET", "path": f"/resource-{n}/{{id}}", "authorization": "iam"}
            )
            for n in range(count)
        ]
        took = _median(partial(_compile, routes))
        yield Row(f"definition of {count} routes", f"{took * 1000:.1f} ms")


def rules() -> Iterator[Row]:
    """The rules of the policy pack over stacks of growing size."""
    run = run_stack(stack_file.read(ROOT, "dev"), Phase.UPDATE)
    for size in policies.SIZES:
        stack = policies.grown(run, size)
        took = statistics.median(policies.seconds(stack) for _ in range(5))
        text = f"rules of the pack, {size:,} resources"
        yield Row(text, f"{took:.2f} s", f"{took / size * 1e6:.0f} µs each")


def rehearsals() -> Iterator[Row]:
    """`python -m operations rehearse`, as a person runs it."""
    for stack in ("dev", "prod"):
        command = [sys.executable, "-m", "operations", "rehearse", stack]
        took = _median(partial(subprocess.run, command, cwd=ROOT, check=True, capture_output=True))
        yield Row(f"`operations rehearse {stack}`", f"{took:.2f} s")


def _compile(routes: list[Route]) -> str:
    return compile_routes("bench", routes).json


def _median(action: Callable[[], object]) -> float:
    """Median seconds, after one run that does not count."""
    action()
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        action()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
