"""What serves, and what a person does to it: for the tests of failed updates."""

import signal
from collections.abc import Callable
from subprocess import Popen

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import Fault
from tests.engine.stack import Change, CommandFailed, Stack

SOON: Change = ("targets.blue.healthTimeoutSeconds", 1)
LATER: Change = ("targets.blue.healthTimeoutSeconds", 900)
ROLL: Change = ("targets.blue.fleet.instanceType", "t4g.small")
GREEN: list[Change] = [
    (
        "targets.green",
        {
            "port": 8080,
            "healthPath": "/health",
            "healthTimeoutSeconds": 1,
            "fleet": {"instanceType": "t4g.micro", "minSize": 2, "maxSize": 4},
        },
    ),
    ("stages.dev.target", "green"),
]
RENEW: Change = ("targets.blue.port", 9000)
UNHEALTHY = "0 of 2 instances are healthy"


class Served:
    """What serves at some moment, which must outlast every failure."""

    def __init__(self, stack: Stack) -> None:
        account = stack.aws.account
        self.variables = account.one(rt.STAGE).inputs["variables"]
        self.resources = {
            resource.id
            for token in (rt.FLEET, rt.VPC_LINK, rt.LOAD_BALANCER)
            for resource in account.of_type(token)
        }

    def assert_still_serving(self, stack: Stack) -> None:
        now = Served(stack)
        assert now.variables == self.variables
        assert now.resources >= self.resources


def assert_settled(stack: Stack) -> None:
    """There is one of each, and an update has nothing to do."""
    for token in (rt.FLEET, rt.VPC_LINK, rt.LOAD_BALANCER):
        assert len(list(stack.aws.account.of_type(token))) == 1, token
    assert stack.preview() == []


def assert_refused(stack: Stack, reason: str, *args: str) -> None:
    with pytest.raises(CommandFailed, match=reason):
        stack.up(*args)


def urn(stack: Stack, token: str, name: str) -> str:
    (found,) = {r["urn"] for r in stack.saved() if r["urn"].endswith(f"{token}::{name}")}
    return str(found)


def refresh(stack: Stack, *args: str) -> None:
    stack.run("refresh", "--yes", "--skip-preview", *args)


def interrupt(stack: Stack, number: signal.Signals) -> None:
    """Start an update, and send it a signal while a proof waits."""
    stack.aws.asked.clear()
    process = _updating(stack, lambda: stack.aws.asked.wait(timeout=1))
    process.send_signal(number)
    printed, errors = process.communicate()
    stack.output = printed + errors
    assert process.returncode != 0, stack.output


def kill_while_creating(stack: Stack, token: str) -> None:
    """Kill the CLI while it creates a resource, and nothing else."""
    stack.aws.faults = [Fault("create", token)]
    assert_refused(stack, "injected failure", "--continue-on-error")  # it creates all the rest
    with stack.aws.paused(token) as begun:
        process = _updating(stack, begun)
        process.kill()
        process.communicate()


def _updating(stack: Stack, reached: Callable[[], bool]) -> "Popen[str]":
    """An update that has come to some point."""
    process = stack.start("up", "--yes", "--skip-preview")
    while not reached():
        assert process.poll() is None, process.communicate()
    return process
