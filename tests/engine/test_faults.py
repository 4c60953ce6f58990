"""Every create fails once, in both ways that a create can fail, and is healed as the guide says.

Whatever happened, the state and the cloud then equal those of an update without a fault.
"""

import json
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .stack import Change, Failed, Stack, interruptible
from .standin import kinds as k
from .standin.journal import Fault, Op
from .standin.provider import Standin

pytestmark = pytest.mark.engine

CONFIGURATIONS: dict[str, list[Change]] = {
    "fleet": [
        ("stages.dev.apiKeys", {"names": ["ci"], "throttle": {"rateLimit": 5, "burstLimit": 5}}),
    ],
    "instances": [
        ("network", {"vpcId": "vpc-01234567", "subnetIds": ["subnet-01234567", "subnet-12345678"]}),
        ("targets.blue", {"port": 8080, "healthPath": "/", "instances": ["i-0123456789abcdef0"]}),
    ],
}
"""Stacks that together have every type that the program can register."""
RANDOM = re.compile(r"(?<=-)[0-9a-f]{7}(?![0-9a-f])|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Ends of made-up names, and ids of providers."""


@dataclass(frozen=True)
class Outcome:
    """What an update leaves, without what differs from run to run."""

    state: dict[str, str]
    """Resources by URN."""
    cloud: dict[str, str]
    """Things in the cloud by type and id; an orphan would be one more."""

    def unlike(self, other: "Outcome") -> set[str]:
        """Where the two differ."""
        mine, others = ({**o.state, **o.cloud}.items() for o in (self, other))
        return {key for key, _ in mine ^ others}


def outcome(stack: Stack) -> Outcome:
    things = stack.aws.cloud.things.values()
    return Outcome(
        {resource["urn"]: _lasting(resource) for resource in stack.state()},
        {
            _comparable([thing.kind, thing.id]): _comparable([thing.inputs, thing.outputs])
            for thing in things
        },
    )


def _lasting(resource: dict[str, Any]) -> str:
    incidental = {"created", "modified", "sourcePosition", "stackTrace"}
    kept = {key: value for key, value in resource.items() if key not in incidental}
    kept["dependencies"] = sorted(kept.get("dependencies", ()))
    named = kept.get("propertyDependencies", {})
    kept["propertyDependencies"] = {key: sorted(urns) for key, urns in named.items()}
    return _comparable(kept)


def _comparable(value: object) -> str:
    return RANDOM.sub("*", json.dumps(value, sort_keys=True))


class Trial(NamedTuple):
    """A stack that is not up yet, and what it should become."""

    stack: Stack
    flawless: Outcome


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Trial]:
    """Each configuration's stack, and the outcome of its update when nothing fails."""
    known: dict[str, Trial] = {}

    def get(name: str) -> Trial:
        if name not in known:
            folder = tmp_path_factory.mktemp("prepared")
            with Standin() as aws:
                blank = Stack.create(folder / "blank", aws, *CONFIGURATIONS[name])
                flawless = blank.fork(folder / "flawless", aws)
                flawless.up()
                known[name] = Trial(blank, outcome(flawless))
        return known[name]

    return get


@pytest.fixture
def trial(prepared: Callable[[str], Trial], tmp_path: Path) -> Iterator[Callable[[str], Trial]]:
    """Starts a trial of a stack that makes things of a type."""
    with ExitStack() as providers:

        def start(kind: str) -> Trial:
            blank = prepared("instances" if kind == k.ATTACHMENT else "fleet")
            aws = providers.enter_context(Standin())
            return Trial(blank.stack.fork(tmp_path / "stack", aws), blank.flawless)

        yield start


def test_the_stacks_of_this_file_make_every_type(prepared: Callable[[str], Trial]) -> None:
    urns = [urn for name in CONFIGURATIONS for urn in prepared(name).flawless.state]
    made = {urn.split("::")[2].rpartition("$")[2] for urn in urns}
    assert {kind for kind in made if kind.startswith("aws:")} == set(k.KINDS)


@pytest.mark.parametrize("kind", k.KINDS)
def test_a_create_that_never_happened_is_made_up_for(
    trial: Callable[[str], Trial], kind: str
) -> None:
    stack, flawless = trial(kind)
    stack.aws.faults = [Fault("create", kind)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        stack.up()
    stack.up("--refresh")
    assert outcome(stack).unlike(flawless) == set()
    assert stack.aws.calls("update", "delete") == []


@pytest.mark.parametrize("kind", [kind for kind in k.KINDS if kind not in k.NEVER_HALF_MADE])
def test_a_create_that_happened_in_part_is_completed(
    trial: Callable[[str], Trial], kind: str
) -> None:
    stack, flawless = trial(kind)
    stack.aws.faults = [Fault("create", kind, saved=True)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        stack.up()
    stack.up("--refresh")
    assert outcome(stack).unlike(flawless) == set()
    assert {call.kind for call in stack.aws.calls("update", "delete")} <= {kind}


def test_a_cancelled_update_is_completed_by_the_next(trial: Callable[[str], Trial]) -> None:
    stack, flawless = trial(k.VPC_LINK)
    process = _under_way(stack, k.VPC_LINK, seconds=600)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode != 0, output
    stack.aws.latency.clear()
    stack.up("--refresh")
    assert outcome(stack).unlike(flawless) == set()


def test_a_killed_update_is_completed_once_what_it_left_is_imported(
    trial: Callable[[str], Trial],
) -> None:
    stack, flawless = trial(k.VPC_LINK)
    stack.aws.faults = [Fault("create", k.VPC_LINK)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        stack.up("--continue-on-error")  # so that the link alone is under way when the CLI dies
    process = _under_way(stack, k.VPC_LINK, seconds=2)
    process.kill()
    process.communicate(timeout=60)
    stack.aws.settle()
    stack.aws.latency.clear()
    with pytest.raises(Failed, match="currently locked"):
        stack.up()
    stack.run("cancel", "--yes", "--stack", stack.name)
    with pytest.raises(Failed, match="NLB is already associated"):
        stack.up("--refresh")
    stack.run(
        *("refresh", "--clear-pending-creates", "--yes", "--skip-preview"),
        *("--stack", stack.name),
    )
    (parent,) = {urn for urn in flawless.state if urn.endswith("PrivateApi::api")}
    link = stack.aws.cloud.one(k.VPC_LINK)
    stack.run(
        *("import", k.VPC_LINK, "api-blue-link", link.id, "--parent", f"api={parent}"),
        *("--protect=false", "--generate-code=false", "--yes", "--skip-preview"),
        *("--stack", stack.name),
    )
    stack.up()
    assert outcome(stack).unlike(flawless) == set()


def _under_way(stack: Stack, kind: str, seconds: float) -> "subprocess.Popen[str]":
    """An update that is waiting for AWS to make a thing of that type."""
    began = threading.Event()

    def watch(_: Op, changing: str) -> None:
        if changing == kind:
            began.set()

    stack.aws.on_change = watch
    stack.aws.latency = {kind: seconds}
    process = interruptible(stack, "up", "--yes", "--skip-preview")
    assert began.wait(60)
    return process
