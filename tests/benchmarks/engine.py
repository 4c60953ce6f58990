"""How long `pulumi preview` and `pulumi up` take, on the real engine with a fake AWS provider."""

import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simulation.engine import Phase
from tests import stacks
from tests.benchmarks.bare import bare_program
from tests.benchmarks.table import ROUNDS, Row, medians
from tests.engine.critical_path import LATENCY, critical_path, graph
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.stack import PROGRAM, Stack

SCALE = 1 / 20
"""The time that the fake provider takes, relative to AWS."""
_PACK = ("--policy-pack", "policies", "--policy-pack-config", "policies/config.{}.json")


def previews(name: str) -> Iterator[Row]:
    """`pulumi preview` of a stack, and of a flat program that registers the same resources."""
    with _new_stack(name) as program, _new_stack(name) as bare:
        _flatten(bare)
        commands = {
            "a flat program": lambda: bare.run("preview", "--stack", name),
            "this program": lambda: program.run("preview", "--stack", name),
            "this program, with the pack": lambda: program.run(
                "preview", "--stack", name, *(part.format(name) for part in _PACK)
            ),
        }
        seconds = medians(commands)
    least = seconds["a flat program"]
    for what, took in seconds.items():
        yield Row(f"`pulumi preview`, {name}: {what}", f"{took:.2f} s", f"{took / least:.2f}")


def updates(name: str) -> Iterator[Row]:
    """The first `pulumi up` of a stack, its critical path and the sum of its steps."""
    spans = []
    for _ in range(ROUNDS):
        with _new_stack(name) as stack:
            stack.aws.latency = {kind: seconds * SCALE for kind, seconds in LATENCY.items()}
            stack.up()
            calls = stack.aws.calls("create")
            span = max(call.end for call in calls) - min(call.start for call in calls)
            spans.append(span / SCALE)
            state = stack.saved()
    latency = {call.urn: LATENCY[call.type] for call in calls}
    path = critical_path(graph(state), latency)
    for what, seconds in (
        (f"the critical path ({path})", path.seconds),
        ("the update", statistics.median(spans)),
        ("all steps one after the other", sum(latency.values())),
    ):
        text = f"`pulumi up`, {name}: {what}"
        yield Row(text, f"{seconds:.0f} s", f"{seconds / path.seconds:.2f}")


@contextmanager
def _new_stack(name: str) -> Iterator[Stack]:
    with tempfile.TemporaryDirectory() as folder, FakeProvider() as aws:
        yield Stack.create(Path(folder), aws, name=name)


def _flatten(stack: Stack) -> None:
    """Replace the program by the flat one."""
    run = stacks.run_stack(phase=Phase.UPDATE, stack=stack.name)
    for part in PROGRAM:
        path = stack.program / part
        if path.is_dir():
            path.rename(stack.folder / part)
    (stack.program / "__main__.py").write_text(bare_program(run), encoding="utf-8")
