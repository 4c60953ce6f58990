"""The tables of docs/operating.md about failed updates: every row is run as it is printed."""

import hashlib
import re
import shlex
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import NamedTuple

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import Fault
from tests.engine.outcome import Outcome
from tests.engine.recovery import aws, unknown
from tests.engine.serving import (
    RENEW,
    ROLL,
    SOON,
    UNHEALTHY,
    Served,
    assert_refused,
    interrupt,
    kill_while_creating,
    urn,
)
from tests.engine.stack import CommandFailed, Snapshot, Stack
from tests.once import once
from tests.stacks import ROOT

pytestmark = pytest.mark.engine

GUIDE = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
SECTION = GUIDE.partition("## After a failed update")[2].partition("\n## ")[0]
CODE = re.compile(r"`([^`]+)`")
PROOF = "pulumi:index:Stash"


def table(first_heading: str) -> list[list[str]]:
    """The rows of the table that begins with a heading, each a list of cells."""
    _, _, rest = SECTION.partition(f"| {first_heading} |")
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class Row(NamedTuple):
    happened: str
    seen: list[str]
    commands: list[str]

    @classmethod
    def all(cls) -> "list[Row]":
        rows = table("what happened")
        assert rows
        commands = re.compile(r"^(?:pulumi|aws) ")
        return [
            cls(first, CODE.findall(seen), [c for c in CODE.findall(run) if commands.match(c)])
            for first, seen, run in rows
        ]


Event = Callable[[Stack], Iterator[str]]
"""Lets something happen to a stack, yields the id that the row's commands need, or an empty string,
and corrects the cause."""


def an_unhealthy_fleet(stack: Stack) -> Iterator[str]:
    stack.aws.account.unhealthy = {"*"}
    stack.edit(ROLL, SOON)
    assert_refused(stack, UNHEALTHY)
    yield ""
    stack.aws.account.unhealthy = set()


def ended_as_failed(token: str) -> Event:
    def event(stack: Stack) -> Iterator[str]:
        stack.edit(RENEW, SOON)
        served = {resource.id for resource in stack.aws.account.of_type(token)}
        stack.aws.faults = [Fault.failed(token)]
        assert_refused(stack, "injected failure")
        if token == rt.VPC_LINK:
            assert_refused(stack, "is FAILED")
        (failed,) = {resource.id for resource in stack.aws.account.of_type(token)} - served
        yield failed

    return event


def a_blocking_balancer(stack: Stack) -> Iterator[str]:
    stack.edit(RENEW, SOON)
    stack.aws.faults = [Fault("create", rt.LOAD_BALANCER, saved=True)]
    assert_refused(stack, "injected failure")
    assert_refused(stack, "traffic of the VPC link")
    yield ""


def a_signal(stack: Stack) -> Iterator[str]:
    stack.aws.account.unhealthy = {"*"}
    stack.edit(ROLL)
    interrupt(stack, signal.SIGINT)
    yield ""
    stack.aws.account.unhealthy = set()


def a_late_release(stack: Stack) -> Iterator[str]:
    stack.aws.account.releases_late = True
    with pytest.raises(CommandFailed):
        stack.destroy()
    yield ""


def an_update_without_proof(stack: Stack) -> Iterator[str]:
    stack.aws.account.unhealthy = {"*"}
    stack.edit(RENEW, SOON)
    assert_refused(stack, UNHEALTHY)
    proof, stage = urn(stack, PROOF, "api-blue-proof"), urn(stack, rt.STAGE, "api-dev-stage")
    for option in (["--target", stage], ["--exclude", proof], ["--continue-on-error"]):
        assert_refused(stack, "has not seen it work", *option)
    yield ""
    stack.aws.account.unhealthy = set()


def a_stage_that_stays(stack: Stack) -> Iterator[str]:
    stack.edit(RENEW)
    stage = urn(stack, rt.STAGE, "api-dev-stage")
    assert_refused(stack, "has not moved it", "--exclude", stage)
    yield ""


def another_fault(stack: Stack) -> Iterator[str]:
    stack.edit(RENEW)
    stack.aws.faults = [Fault("create", rt.LISTENER)]
    assert_refused(stack, "injected failure")
    yield ""


def a_kill(stack: Stack) -> Iterator[str]:
    stack.aws.account.unhealthy = {"*"}
    stack.edit(ROLL)
    interrupt(stack, signal.SIGKILL)
    assert_refused(stack, "currently locked")
    yield ""
    stack.aws.account.unhealthy = set()


def a_kill_while_creating(token: str) -> Event:
    def event(stack: Stack) -> Iterator[str]:
        stack.edit(RENEW)
        kill_while_creating(stack, token)
        (orphan,) = unknown(stack)
        stack.run("cancel", "--yes")
        stack.aws.account.unhealthy = {"*"}
        stack.edit(RENEW, SOON)
        assert_refused(stack, "interrupted while creating")
        yield orphan.id
        stack.aws.account.unhealthy = set()

    return event


EVENTS: dict[str, Event] = {
    "a new fleet is not healthy": an_unhealthy_fleet,
    "a VPC link failed": ended_as_failed(rt.VPC_LINK),
    "AWS says that something else failed": ended_as_failed(rt.LOAD_BALANCER),
    "a balancer blocks its link": a_blocking_balancer,
    "Ctrl-C or SIGTERM": a_signal,
    "a balancer could not be deleted": a_late_release,
    "`--target`, `--exclude` or `--continue-on-error` left out a proof": an_update_without_proof,
    "`--exclude` or `--continue-on-error` left a stage where it was": a_stage_that_stays,
    "an update failed for another reason": another_fault,
    "the CLI was killed": a_kill,
    "the CLI was killed while it created a link": a_kill_while_creating(rt.VPC_LINK),
    "the CLI was killed while it created a fleet": a_kill_while_creating(rt.FLEET),
}


def test_every_row_has_an_event() -> None:
    assert [row.happened for row in Row.all()] == [*EVENTS]


@pytest.fixture
def without_the_event(
    restore: Callable[[Snapshot], Stack], shipped: Callable[[str], Snapshot]
) -> Callable[[Stack], Outcome]:
    """The outcome of a stack's present file when nothing happens."""

    def outcome(stack: Stack) -> Outcome:
        other = restore(shipped("dev"))
        shutil.copy(stack.file, other.file)
        other.up()
        return Outcome.of(other)

    def known(stack: Stack) -> Outcome:
        name = hashlib.sha256(stack.file.read_bytes()).hexdigest()
        return once(f"outcome-{name}", lambda: outcome(stack))

    return known


@pytest.mark.parametrize("row", Row.all(), ids=lambda row: row.happened.replace("`", ""))
def test_the_commands_of_the_row_recover_the_stack(
    dev: Stack, row: Row, without_the_event: Callable[[Stack], Outcome]
) -> None:
    served = Served(dev)
    happening = EVENTS[row.happened](dev)
    id = next(happening)
    patterns = [re.escape(text).replace("…", ".*") for text in row.seen]
    assert any(re.search(pattern, dev.output) for pattern in patterns), dev.output
    destroyed = "pulumi destroy" in row.commands
    if not destroyed:
        served.assert_still_serving(dev)
    assert next(happening, None) is None
    assert row.commands
    for command in row.commands:
        run(dev, command.replace("<id>", id))
    if destroyed:
        assert list(dev.aws.account.of_type(rt.LOAD_BALANCER)) == []
    else:
        assert dev.preview() == []
        assert Outcome.of(dev).differences(without_the_event(dev)) == set()


IMPORT = "pulumi import aws:apigateway/vpcLink:VpcLink api-blue-link <id> --parent api=<urn>"
TRIED = {
    IMPORT: [("privateapi:index:PrivateApi", "api")],
    "pulumi up --target <urn>": [(rt.FLEET, "blue-fleet"), (rt.STAGE, "api-dev-stage")],
    "pulumi up --exclude <urn>": [(PROOF, "api-blue-proof"), (rt.FLEET, "blue-fleet")],
    "pulumi up --replace <urn>": [
        (rt.FLEET, "blue-fleet"),
        (rt.VPC_LINK, "api-blue-link"),
        (rt.LOAD_BALANCER, "blue-nlb"),
    ],
    "pulumi state delete <urn>": [(PROOF, "api-blue-proof")],
}
"""The resources with which a command is tried; the fleet, unless it is here."""


def test_no_command_loses_what_serves_unless_its_row_says_so(dev: Stack) -> None:
    served = Served(dev)
    next(an_unhealthy_fleet(dev))
    rows = table("command")
    assert rows
    for cell, effect in rows:
        (command,) = CODE.findall(cell)
        for part in TRIED.get(command, [(rt.FLEET, "blue-fleet")]):
            filled = command.replace("<id>", next(dev.aws.account.of_type(rt.VPC_LINK)).id)
            if "<urn>" in command:
                filled = filled.replace("<urn>", f"'{urn(dev, *part)}'")
            with pytest.raises(CommandFailed) if _is_refused(filled, effect) else nullcontext():
                run(dev, filled)
            if "**deletes what serves**" not in effect:
                served.assert_still_serving(dev)
    assert list(dev.aws.account.of_type(rt.STAGE)) == []


def _is_refused(command: str, effect: str) -> bool:
    """An update is, because the fleet is not healthy; anything else if its row says so."""
    return command.startswith("pulumi up") or "is refused" in effect


def run(stack: Stack, command: str) -> None:
    """Run a command as it is printed in the guide, without the questions it would ask."""
    program, verb, *rest = shlex.split(command)
    if program == "aws":
        aws(stack, command)
        return
    unasked = {"preview": ["--json"], "cancel": ["--yes"], "state": ["--yes"]}
    stack.run(verb, *rest, *unasked.get(verb, ["--yes", "--skip-preview"]))
