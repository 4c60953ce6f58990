"""How long the parts take that need no engine: the definition, the pack's rules, a rehearsal."""

import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import partial

from openapi.compiler import compile_routes
from openapi.routes import Route
from simulation.engine import Phase
from tests import stacks
from tests.benchmarks import policies
from tests.benchmarks.table import Row, medians


def definitions() -> Iterator[Row]:
    """Compiling routes into the definition, with its hash."""
    for count in (1, 30, 300):
        paths = [f"/resource-{number}/{{id}}" for number in range(count)]
        routes = [
            Route.model_validate({"method": "GET", "path": path, "authorization": "iam"})
            for path in paths
        ]
        (took,) = medians({"": partial(_compile, routes)}).values()
        yield Row(f"the definition, routes: {count}", f"{took * 1000:.1f} ms")


def rules() -> Iterator[Row]:
    """The rules of the policy pack over stacks of growing size."""
    run = stacks.run_stack(phase=Phase.UPDATE)
    for size in policies.SIZES:
        stack = policies.grown(run, size)
        took = statistics.median(policies.seconds(stack) for _ in range(5))
        text = f"the pack's rules, resources: {size:,}"
        yield Row(text, f"{took:.2f} s", f"{took / size * 1e6:.0f} µs each")


def rehearsals() -> Iterator[Row]:
    """`python -m operations rehearse`, as a person runs it."""
    for stack in ("dev", "prod"):
        command = [sys.executable, "-m", "operations", "rehearse", stack]
        run = partial(subprocess.run, command, cwd=stacks.ROOT, check=True, capture_output=True)
        (took,) = medians({"": run}).values()
        yield Row(f"`operations rehearse {stack}`", f"{took:.2f} s")


def _compile(routes: list[Route]) -> str:
    return compile_routes("bench", routes).json
