"""A random sequence of edits, faults, signals and commands, and what must hold after each step."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from hypothesis.strategies import booleans, randoms

from openapi.variables import HOST_VARIABLE, LINK_VARIABLE
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account, Resource
from tests.engine.fake_provider.journal import Fault
from tests.engine.recovery import after_a_kill, recover, unknown
from tests.engine.stack import Change, CommandFailed, Stack

INSTANCES = ("i-0123456789abcdef0", "i-123456789abcdef01")
SIZES = ("t4g.micro", "t4g.small", "t4g.medium")
PORTS = (8080, 9000)
NAMES = ("blue", "green", "red")
ZONES = ("us-east-2a", "us-east-2b", "us-east-2c")
WAITING = [token for token, resource_type in rt.TYPES.items() if resource_type.states]
PARTS = (rt.FLEET, rt.VPC_LINK, rt.LOAD_BALANCER, rt.STAGE)


@dataclass
class Wanted:
    """The stack file."""

    targets: dict[str, dict[str, Any]]
    target: str = "blue"
    canary: dict[str, Any] | None = None
    zones: int = 2
    existing_network: bool = False

    def changes(self) -> Iterator[Change]:
        if self.existing_network:
            subnets = ["subnet-01234567", "subnet-12345678"]
            yield "network", {"vpcId": "vpc-01234567", "subnetIds": subnets}
        else:
            yield "network.zones", list(ZONES[: self.zones])
        yield "targets", self.targets
        yield "stages.dev.target", self.target
        if self.canary:
            yield "stages.dev.canary", self.canary

    @property
    def used(self) -> set[str]:
        return {self.target} | ({self.canary["target"]} if self.canary else set())


def spec(kind: str = "fleet", port: int = PORTS[0], size: str = SIZES[0]) -> dict[str, Any]:
    """A target that is given up after a second."""
    behind: dict[str, Any] = (
        {"fleet": {"instanceType": size, "minSize": 2, "maxSize": 4}}
        if kind == "fleet"
        else {"instances": [*INSTANCES]}
    )
    return {"port": port, "healthPath": "/health", "healthTimeoutSeconds": 1, **behind}


class Sequence(RuleBasedStateMachine):
    """One stack that is up, and what a person and AWS do to it.

    One rule draws the whole step, because a step costs seconds: rules of their own for edits and
    faults would often be drawn without a command, and commands without an edit.
    """

    stack: Stack
    wanted: Wanted
    random: Random
    """Draws are Hypothesis's, so the seed of a search repeats them."""

    def __init__(self, start: Callable[[bool], AbstractContextManager[Stack]]) -> None:
        super().__init__()
        self._start = start
        self._open = ExitStack()
        self._holds = True
        self._settled = True
        self.log: list[str] = []
        self.proven: set[str] = set()
        """Ids of fleets and instances that were healthy once."""

    @property
    def account(self) -> Account:
        return self.stack.aws.account

    @initialize(existing_network=booleans())
    def start(self, existing_network: bool) -> None:
        self.stack = self._open.enter_context(self._start(existing_network))
        self.wanted = Wanted({"blue": spec()}, existing_network=existing_network)
        self._note_health()

    @rule(random=randoms(use_true_random=False))
    def step(self, random: Random) -> None:
        self.random = random
        actions = (*[None] * 2, *[self._edit] * 5, *[self._happen] * 4)
        for action in [self.random.choice(actions) for _ in range(2)]:
            if action:
                self._settled = False
                action()
        self._keep_serving(self._command)

    def teardown(self) -> None:
        """From wherever the sequence is, the guide's words lead to a stack without changes."""
        with self._open:
            try:
                if self._holds and not self._settled:
                    self._heal()
            finally:
                print(*self.log, sep="\n")

    def _heal(self) -> None:
        self.log.append("heal")
        self.account.unhealthy, self.stack.aws.faults = set(), []
        self._keep_serving(lambda: recover(self.stack))
        assert self.stack.preview() == []
        assert unknown(self.stack) == []
        assert serving(self.account, self.proven) >= {"dev"}, "does not serve"

    def _keep_serving(self, run: Callable[[], None]) -> None:
        """Run something; what served and is still asked for must serve afterwards."""
        self._holds = False
        self.stack.edit(*self.wanted.changes())
        before = serving(self.account, self.proven)
        run()
        self.account.settle()
        self._note_health()
        asked = {"dev", *(["dev's canary"] if self.wanted.canary else [])}
        lost = before & asked - serving(self.account, self.proven)
        assert not lost, f"{lost} served, but not any more"
        self._holds = True

    def _note_health(self) -> None:
        """Remember what is healthy, or would be if the test had not said otherwise."""
        for group in self.account.of_type(rt.TARGET_GROUP):
            for id, state in self.account.health(group.id).items():
                if state == "healthy":
                    self.proven.add(id)

    def _draw_one_of(self, count: int) -> bool:
        """Whether a thing happens that does once in so many times."""
        return self.random.choice(range(count)) == count - 1

    # Edits

    def _edit(self) -> None:
        wanted, name = self.wanted, self.random.choice([*self.wanted.targets])
        edits = [
            self._roll, self._roll, self._port, self._add, self._add, self._move, self._move,
            self._remove, self._rename, self._canary,
            self._kind if wanted.existing_network else self._zones,
        ]  # fmt: skip
        self.log.append(f"edit: {self.random.choice(edits)(name)}")
        if wanted.canary and wanted.canary["target"] == wanted.target:
            wanted.canary = None  # a stage and its canary must not have the same target

    def _roll(self, name: str) -> str:
        target = self.wanted.targets[name]
        if "fleet" not in target:
            return "nothing"
        size = self.random.choice(SIZES)
        self.wanted.targets[name] = spec("fleet", target["port"], size)
        return f"roll {name} to {size}"

    def _port(self, name: str) -> str:
        port = self.random.choice(PORTS)
        self.wanted.targets[name] = {**self.wanted.targets[name], "port": port}
        return f"port of {name} {port}"

    def _kind(self, name: str) -> str:
        target = self.wanted.targets[name]
        kind = "instances" if "fleet" in target else "fleet"
        self.wanted.targets[name] = spec(kind, target["port"])
        return f"kind of {name} {kind}"

    def _zones(self, _: str) -> str:
        self.wanted.zones = 5 - self.wanted.zones
        return f"zones {self.wanted.zones}"

    def _add(self, _: str) -> str:
        if not (free := [name for name in NAMES if name not in self.wanted.targets]):
            return "nothing"
        name = free[0]
        self.wanted.targets[name] = spec(size=self.random.choice(SIZES))
        if moved := self._draw_one_of(2):
            self.wanted.target = name
        return f"add {name}{' and move' if moved else ''}"

    def _move(self, name: str) -> str:
        self.wanted.target = name
        return f"move to {name}"

    def _remove(self, name: str) -> str:
        others = [other for other in self.wanted.targets if other != name]
        if not others:
            return "nothing"
        del self.wanted.targets[name]
        if self.wanted.target == name:
            self.wanted.target = others[0]
        if self.wanted.canary and self.wanted.canary["target"] == name:
            self.wanted.canary = None
        return f"remove {name}, target {self.wanted.target}"

    def _rename(self, name: str) -> str:
        free = [other for other in NAMES if other not in self.wanted.targets]
        if not free:
            return "nothing"
        self.wanted.targets[free[0]] = self.wanted.targets.pop(name)
        if self.wanted.target == name:
            self.wanted.target = free[0]
        if self.wanted.canary and self.wanted.canary["target"] == name:
            self.wanted.canary["target"] = free[0]
        return f"rename {name} to {free[0]}"

    def _canary(self, name: str) -> str:
        percent = self.random.choice((10, 50))
        off = self.wanted.canary is not None and self._draw_one_of(2)
        self.wanted.canary = None if off else {"target": name, "percent": percent}
        return f"canary {self.wanted.canary}"

    # What happens to AWS

    def _happen(self) -> None:
        choice = self.random.choice(
            ("fault", "fault", "unhealthy", "new unhealthy", "new unhealthy", "healthy")
        )
        aws = self.stack.aws
        if choice == "fault":
            fault = self._fault()
            aws.faults = [fault]
            self.log.append(f"fault: {fault}")
            return
        self.account.unhealthy = set() if choice == "healthy" else {"*"}
        self.account.healthy = {*self.proven} if choice == "new unhealthy" else set()
        self.log.append(choice)

    def _fault(self) -> Fault:
        token = self.random.choice([*PARTS, *PARTS, *rt.TYPES])
        kinds = [Fault("create", token), Fault("update", token), Fault("delete", token)]
        if token not in rt.NEVER_IN_PART:
            kinds.append(Fault("create", token, saved=True))
        if token in WAITING:
            kinds.append(Fault.canceled(token))
        if token in (rt.VPC_LINK, rt.LOAD_BALANCER):
            kinds.append(Fault.failed(token))
        return self.random.choice(kinds)

    # Commands

    def _command(self) -> None:
        if self._settled:
            return
        if self._draw_one_of(4):
            self._interrupted()
            return
        args = self.random.choice(
            [("up",), ("up",), ("up", "--refresh"), ("refresh",), *[self._with_option()] * 4]
        )
        self._run(*args)

    def _with_option(self) -> tuple[str, ...]:
        saved = self.stack.saved()
        urns = sorted({resource["urn"] for resource in saved if resource["type"] in PARTS})
        if not urns:
            return ("up",)
        urn = self.random.choice(urns)
        options = (
            ("--target", urn),
            ("--target", urn, "--target-dependents"),
            ("--replace", urn),
            ("--exclude", urn),
            ("--exclude", "**-proof"),
            ("--continue-on-error",),
        )
        return ("up", *self.random.choice(options))

    def _run(self, *args: str) -> None:
        self.log.append(f"run: {' '.join(args)}")
        try:
            self.stack.run(*args, "--yes", "--skip-preview")
        except CommandFailed as failure:
            self.log.append(f"  failed: {reasons(str(failure))}")

    def _interrupted(self) -> None:
        number = self.random.choice((signal.SIGINT, signal.SIGTERM, signal.SIGKILL))
        at = self.random.choice(("proof", *PARTS))
        self.log.append(f"run: up, {number.name} at {at}")
        provider = self.stack.aws
        with ExitStack() as until:
            if at == "proof":
                provider.asked.clear()
                reached: Callable[[], bool] = partial(provider.asked.wait, timeout=1)
            else:
                reached = until.enter_context(provider.paused(at))
            process = self.stack.start("up", "--yes", "--skip-preview")
            while not reached():
                if process.poll() is not None:
                    self.log.append("  not reached")
                    break
            else:
                process.send_signal(number)
            printed, errors = process.communicate()
        self.log.append(f"  ended: {reasons(printed + errors)}")
        if number is signal.SIGKILL and process.returncode < 0:
            self.stack.run("cancel", "--yes")
            if self._draw_one_of(2):
                self.log.append("  cleaned up")
                after_a_kill(self.stack)


def reasons(output: str) -> list[str]:
    """The errors in the output of a command."""
    return [line.strip()[:300] for line in output.splitlines() if "error:" in line][:4]


def serving(account: Account, proven: set[str]) -> set[str]:
    """The stages, and canaries, that reach an instance which was healthy once."""
    found = set()
    for stage in account.of_type(rt.STAGE):
        inputs = stage.inputs
        name, variables = inputs["stageName"], inputs["variables"]
        if _reaches(account, variables, proven):
            found.add(name)
        if canary := inputs.get("canarySettings"):
            overrides = {**variables, **canary.get("stageVariableOverrides", {})}
            if _reaches(account, overrides, proven):
                found.add(f"{name}'s canary")
    return found


def _reaches(account: Account, variables: dict[str, str], proven: set[str]) -> bool:
    link = account.resources.get((rt.VPC_LINK, variables[LINK_VARIABLE]))
    if link is None or link.status != "AVAILABLE":
        return False
    balancer = account.resources.get((rt.LOAD_BALANCER, link.inputs["targetArn"]))
    if balancer is None:
        return False
    port = int(variables[HOST_VARIABLE].partition(":")[2] or 80)
    enforced = balancer.inputs["enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"]
    return enforced == "off" and any(
        listener.inputs["loadBalancerArn"] == balancer.id
        and listener.inputs["port"] == port
        and _healthy(account, listener, balancer, proven)
        for listener in account.of_type(rt.LISTENER)
    )


def _healthy(account: Account, listener: Resource, balancer: Resource, proven: set[str]) -> bool:
    group = listener.inputs["defaultActions"][0]["targetGroupArn"]
    found = account.resources.get((rt.TARGET_GROUP, group))
    if found is None or proven.isdisjoint(account.health(group)):
        return False
    (source,) = balancer.inputs["securityGroups"]
    return any(
        rule.inputs["securityGroupId"] == source and rule.inputs["fromPort"] == found.inputs["port"]
        for rule in account.of_type(rt.EGRESS_RULE)
    )
