"""Several services in one API: each has its own stage variables, and moves by itself."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import Fault
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.serving import UNHEALTHY, Served, assert_refused, urn
from tests.engine.stack import Change, Installation, Snapshot, Stack
from tests.once import once

pytestmark = pytest.mark.engine

FLEET = {"port": 8080, "healthPath": "/health", "fleet": {"instanceType": "t4g.micro"}}
TARGETS = {name: {**FLEET} for name in ("blue", "green", "users")}
ROUTES = [{"method": "GET", "path": f"/{name}", "service": name} for name in ("orders", "users")]


def two(orders: str = "blue", users: str = "users", **more: Any) -> list[Change]:
    """Two services of the dev stage."""
    stage = {"services": {"orders": orders, "users": users}, **more}
    return [("targets", TARGETS), ("api.routes", ROUTES), ("stages.dev", stage)]


@pytest.fixture
def stack(
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
    restore: Callable[[Snapshot], Stack],
) -> Stack:
    """Two services on two of three targets, up; brought up once in a test run."""

    def bring_up() -> Snapshot:
        folder: Path = tmp_path_factory.mktemp("services") / "stack"
        with FakeProvider() as aws:
            made = Stack.create(folder, aws, *two(), installation=installation)
            made.up()
            return made.snapshot()

    return restore(once("services", bring_up))


def variables(stack: Stack) -> dict[str, str]:
    return stack.aws.account.one(rt.STAGE).inputs["variables"]  # type: ignore[no-any-return]


def link(stack: Stack, target: str) -> str:
    (id,) = [
        one.id
        for one in stack.aws.account.of_type(rt.VPC_LINK)
        if one.urn.endswith(f"::api-{target}-link")
    ]
    return id


def test_one_service_of_a_stage_moves_by_one_update_in_place(stack: Stack) -> None:
    assert variables(stack)["vpcLinkId_orders"] == link(stack, "blue")
    users = {name: value for name, value in variables(stack).items() if name.endswith("users")}
    assert users["vpcLinkId_users"] == link(stack, "users")
    stack.edit(*two(orders="green"))
    (step,) = stack.preview()
    assert str(step) == "update Stage api-dev-stage"
    assert {*step.changed} == {"variables.backendHost_orders", "variables.vpcLinkId_orders"}
    assert stack.up() == ["update Stage api-dev-stage"]
    assert variables(stack)["vpcLinkId_orders"] == link(stack, "green")
    assert users.items() <= variables(stack).items()
    assert stack.up() == []


def test_a_canary_of_one_service_leaves_the_other_alone(stack: Stack) -> None:
    stack.edit(*two(canary={"services": {"orders": "green"}, "percent": 10}))
    assert stack.up() == ["update Stage api-dev-stage"]
    canary = stack.aws.account.one(rt.STAGE).inputs["canarySettings"]
    overrides = canary["stageVariableOverrides"]
    assert {*overrides} == {"backendHost_orders", "vpcLinkId_orders"}
    assert overrides["vpcLinkId_orders"] == link(stack, "green")


def test_a_service_does_not_move_to_a_target_that_never_worked(stack: Stack) -> None:
    served = Served(stack)
    stack.aws.account.unhealthy = {"*"}
    renewed = ("targets.users.port", 9090)
    soon = ("targets.users.healthTimeoutSeconds", 1)
    stack.edit(*two(), renewed, soon)
    assert_refused(stack, UNHEALTHY)
    served.assert_still_serving(stack)
    stack.aws.account.unhealthy = set()
    stack.up()
    assert stack.preview() == []


def test_the_link_of_a_service_is_kept_until_the_stage_has_moved(stack: Stack) -> None:
    served = Served(stack)
    stack.edit(*two(), ("targets.users.port", 9090))
    stage = urn(stack, rt.STAGE, "api-dev-stage")
    assert_refused(stack, "has not moved it", "--exclude", stage)
    stack.aws.faults = [Fault("update", rt.STAGE)]
    assert_refused(stack, "has not moved it", "--continue-on-error")
    served.assert_still_serving(stack)
    changes = stack.up()
    assert "delete VpcLink api-users-link" in changes
    assert stack.preview() == []


def test_a_second_service_is_added_to_a_stack_with_one(dev: Stack) -> None:
    before = variables(dev)
    own = [("targets.users", FLEET), ("stages.dev.services", {"users": "users"})]
    dev.edit(*own, ("api.routes.3", ROUTES[1]))
    changes = dev.up()
    assert "create VpcLink api-users-link" in changes
    assert not [change for change in changes if change.split()[0] == "delete" and "Link" in change]
    assert variables(dev).items() >= before.items()
    dev.edit()
    dev.up()
    assert variables(dev) == before
    assert dev.preview() == []
