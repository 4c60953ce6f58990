"""Several services in one API: each has its own stage variables, and moves by itself."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.serving import UNHEALTHY, Served, assert_refused, urn
from tests.engine.stack import Change, Installation, Snapshot, Stack
from tests.once import once
from tests.stacks import ABSENT

pytestmark = pytest.mark.engine

FLEET = {"port": 8080, "healthPath": "/health", "fleet": {"instanceType": "t4g.micro"}}
TARGETS = {name: {**FLEET} for name in ("blue", "green", "users")}
ROUTES = [{"method": "GET", "path": f"/{name}", "service": name} for name in ("orders", "users")]


def two(orders: str = "blue", users: str = "users", **more: Any) -> list[Change]:
    """Two services of the dev stage."""
    stage = {"services": {"orders": orders, "users": users}, **more}
    return [("targets", copy.deepcopy(TARGETS)), ("api.routes", ROUTES), ("stages.dev", stage)]


BEHIND: list[Change] = [
    (f"targets.{name}.{key}", value)
    for name, port in (("green", 8081), ("users", 8082))
    for key, value in (("behind", "blue"), ("listenerPort", port))
]


@pytest.fixture
def up(
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
    restore: Callable[[Snapshot], Stack],
) -> Callable[..., Stack]:
    """Two services on two of three targets, up; each brought up once in a test run."""

    def bring_up(name: str, *changes: Change) -> Snapshot:
        folder: Path = tmp_path_factory.mktemp(name) / "stack"
        with FakeProvider() as aws:
            made = Stack.create(folder, aws, *two(), *changes, installation=installation)
            made.up()
            return made.snapshot()

    return lambda name, *changes: restore(once(name, lambda: bring_up(name, *changes)))


@pytest.fixture
def stack(up: Callable[..., Stack]) -> Stack:
    """Each target has a load balancer of its own."""
    return up("services")


@pytest.fixture
def shared(up: Callable[..., Stack]) -> Stack:
    """All targets are behind the load balancer of one."""
    return up("shared", *BEHIND)


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


@pytest.mark.parametrize("name", ["stack", "shared"])
def test_a_service_does_not_move_to_a_target_that_never_worked(
    name: str, request: pytest.FixtureRequest
) -> None:
    stack: Stack = request.getfixturevalue(name)
    served = Served(stack)
    stack.aws.account.unhealthy = {"*"}
    own = [*BEHIND, ("targets.users.listenerPort", 8083)] if name == "shared" else []
    renewed = ("targets.users.port", 9090)
    soon = ("targets.users.healthTimeoutSeconds", 1)
    stack.edit(*two(), *own, renewed, soon)
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


def ids(stack: Stack, *tokens: str) -> set[str]:
    return {one.id for token in tokens for one in stack.aws.account.of_type(token)}


def test_targets_behind_one_balancer_have_one_link_and_move_by_port(shared: Stack) -> None:
    assert len(ids(shared, rt.LOAD_BALANCER)) == len(ids(shared, rt.VPC_LINK)) == 1
    assert len(ids(shared, rt.LISTENER)) == len(ids(shared, rt.TARGET_GROUP)) == 3
    shared.edit(*two(orders="green"), *BEHIND)
    (step,) = shared.preview()
    assert {*step.changed} == {"variables.backendHost_orders"}
    assert shared.up() == ["update Stage api-dev-stage"]
    assert variables(shared)["backendHost_orders"].endswith(":8081")


def test_a_target_behind_another_is_renewed_on_another_port(shared: Stack) -> None:
    balancer = ids(shared, rt.LOAD_BALANCER, rt.VPC_LINK)
    shared.edit(*two(), *BEHIND, ("targets.users.port", 9090), ("targets.users.listenerPort", 8083))
    changes = shared.up()
    order = [
        "create TargetGroup users-targets",
        "create Listener users-listener",
        "create Group users-fleet",
        "update Stage api-dev-stage",
        "delete Group users-fleet",
        "delete Listener users-listener",
        "delete TargetGroup users-targets",
    ]
    assert sorted(order, key=changes.index) == order
    assert not [change for change in changes if "blue" in change or "green" in change]
    assert ids(shared, rt.LOAD_BALANCER, rt.VPC_LINK) == balancer
    assert variables(shared)["backendHost_users"].endswith(":8083")
    assert shared.preview() == []


def test_renewing_it_on_the_same_port_fails_with_the_way_out(shared: Stack) -> None:
    served, listeners = Served(shared), ids(shared, rt.LISTENER)
    renewed = ("targets.users.port", 9090)
    shared.edit(*two(), *BEHIND, renewed)
    assert_refused(shared, "DuplicateListener")
    assert "Change the `listenerPort` of the target in the same update" in shared.output
    served.assert_still_serving(shared)
    assert ids(shared, rt.LISTENER) >= listeners
    shared.edit(*two(), *BEHIND, renewed, ("targets.users.listenerPort", 8083))
    shared.up()
    assert shared.preview() == []
    assert len(ids(shared, rt.LISTENER)) == len(ids(shared, rt.TARGET_GROUP)) == 3


def test_two_targets_do_not_exchange_their_ports(shared: Stack) -> None:
    served = Served(shared)
    swap = [("targets.green.listenerPort", 8082), ("targets.users.listenerPort", 8081)]
    shared.edit(*two(), *BEHIND, *swap)
    assert_refused(shared, "DuplicateListener")
    assert "or that of another target that leaves the port" in shared.output
    served.assert_still_serving(shared)


def test_a_renewal_that_failed_is_given_up_on_a_third_port(shared: Stack) -> None:
    served = Served(shared)
    shared.aws.account.unhealthy = {"*"}
    renewed = [("targets.users.port", 9090), ("targets.users.listenerPort", 8083)]
    shared.edit(*two(), *BEHIND, *renewed, ("targets.users.healthTimeoutSeconds", 1))
    assert_refused(shared, UNHEALTHY)
    shared.aws.account.unhealthy = set()
    shared.edit(*two(), *BEHIND)
    assert_refused(shared, "DuplicateListener")
    assert "or was to replace in an update that failed" in shared.output
    served.assert_still_serving(shared)
    shared.edit(*two(), *BEHIND, ("targets.users.listenerPort", 8084))
    shared.up()
    assert shared.preview() == []
    assert variables(shared)["backendHost_users"].endswith(":8084")
    assert len(ids(shared, rt.LISTENER)) == len(ids(shared, rt.TARGET_GROUP)) == 3


def test_all_targets_are_renewed_with_the_one_that_has_the_balancer(shared: Stack) -> None:
    shared.edit(*two(), *BEHIND, ("targets.blue.port", 9090))
    changes = shared.up()
    stage = changes.index("update Stage api-dev-stage")
    for name in ("blue", "green", "users"):
        assert changes.index(f"create Group {name}-fleet") < stage
        assert stage < changes.index(f"delete Group {name}-fleet")
        assert stage < changes.index(f"delete Listener {name}-listener")
    assert changes.index("delete VpcLink api-blue-link") > stage
    assert len(ids(shared, rt.LOAD_BALANCER)) == len(ids(shared, rt.VPC_LINK)) == 1
    assert shared.preview() == []


def test_a_listener_of_a_shared_balancer_is_kept_until_the_stage_has_moved(shared: Stack) -> None:
    served, listeners = Served(shared), ids(shared, rt.LISTENER)
    changes = (("targets.users.port", 9090), ("targets.users.listenerPort", 8083))
    shared.edit(*two(), *BEHIND, *changes)
    shared.aws.faults = [Fault("update", rt.STAGE)]
    assert_refused(shared, "has not moved it", "--continue-on-error")
    shared.edit(*two(users="green"), *BEHIND, ("targets.users", ABSENT))
    assert_refused(shared, "has not moved it", "--exclude", urn(shared, rt.STAGE, "api-dev-stage"))
    served.assert_still_serving(shared)
    assert ids(shared, rt.LISTENER) >= listeners
    shared.up()
    assert len(ids(shared, rt.LISTENER)) == 2
    assert shared.preview() == []


def test_a_target_is_added_behind_one_that_serves(dev: Stack) -> None:
    before = ids(dev, rt.LOAD_BALANCER, rt.VPC_LINK, rt.LISTENER, rt.FLEET)
    users = {**FLEET, "behind": "blue", "listenerPort": 8081}
    dev.edit(
        ("targets.users", users),
        ("stages.dev.services", {"users": "users"}),
        ("api.routes.3", ROUTES[1]),
    )
    dev.up()
    after = ids(dev, rt.LOAD_BALANCER, rt.VPC_LINK, rt.LISTENER, rt.FLEET)
    assert before < after
    assert len(ids(dev, rt.LOAD_BALANCER, rt.VPC_LINK)) == 2
    links = {variables(dev)[name] for name in ("vpcLinkId", "vpcLinkId_users")}
    assert links == ids(dev, rt.VPC_LINK)
    dev.edit()
    dev.up()
    assert ids(dev, rt.LOAD_BALANCER, rt.VPC_LINK, rt.LISTENER, rt.FLEET) == before


@pytest.mark.parametrize("token", [rt.LISTENER, rt.TARGET_GROUP, rt.FLEET])
def test_a_failure_behind_a_shared_balancer_is_repaired_by_the_next_update(
    shared: Stack, token: str
) -> None:
    served = Served(shared)
    changes = (("targets.users.port", 9090), ("targets.users.listenerPort", 8083))
    shared.edit(*two(), *BEHIND, *changes)
    shared.aws.faults = [Fault("create", token)]
    assert_refused(shared, INJECTED)
    served.assert_still_serving(shared)
    shared.up()
    assert shared.preview() == []
