"""Nothing that serves is deleted, and no stage moves, before what replaces it was seen to work."""

import signal
from collections.abc import Callable

import pytest

from tests.engine.conftest import EXISTING_NETWORK
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import Fault
from tests.engine.serving import (
    GREEN,
    LATER,
    RENEW,
    ROLL,
    SOON,
    UNHEALTHY,
    Served,
    assert_refused,
    assert_settled,
    interrupt,
    refresh,
    urn,
)
from tests.engine.stack import Change, Snapshot, Stack
from tests.stacks import ABSENT

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param([ROLL, SOON], id="roll"),
        pytest.param(GREEN, id="new target and move"),
        pytest.param([RENEW, SOON], id="renewal"),
    ],
)
def test_a_fleet_that_is_never_healthy_takes_no_traffic_whatever_is_typed(
    dev: Stack, changes: list[Change]
) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(*changes)
    assert_refused(dev, UNHEALTHY)
    served.assert_still_serving(dev)
    assert_refused(dev, UNHEALTHY)
    refresh(dev)
    assert_refused(dev, UNHEALTHY)
    assert_refused(dev, UNHEALTHY, "--refresh")
    served.assert_still_serving(dev)
    dev.aws.account.unhealthy = set()
    dev.up()
    assert dev.preview() == []
    assert Served(dev).variables["vpcLinkId"] in {
        link.id for link in dev.aws.account.of_type(rt.VPC_LINK)
    }


@pytest.fixture
def unhealthy(dev: Stack) -> Stack:
    """A stack whose new fleet is not healthy; the old one serves."""
    dev.aws.account.unhealthy = {"*"}
    dev.edit(ROLL, SOON)
    assert_refused(dev, UNHEALTHY)
    return dev


def test_the_error_says_which_instances_are_not_healthy(unhealthy: Stack) -> None:
    fleets = list(unhealthy.aws.account.of_type(rt.FLEET))
    (new,) = (fleet for fleet in fleets if fleet.inputs["launchTemplate"]["version"] == "2")
    for instance in unhealthy.aws.account.instances(new):
        assert f"{instance} is unhealthy" in unhealthy.output


def test_a_rollback_is_proven_too(unhealthy: Stack) -> None:
    unhealthy.edit(SOON)
    assert_refused(unhealthy, UNHEALTHY)
    unhealthy.aws.account.unhealthy = set()
    unhealthy.up()
    assert_settled(unhealthy)


def test_a_corrected_version_replaces_both(unhealthy: Stack) -> None:
    unhealthy.aws.account.unhealthy = set()
    unhealthy.edit(("targets.blue.fleet.instanceType", "t4g.medium"), SOON)
    changes = unhealthy.up()
    assert changes.index("create Group blue-fleet") < changes.index("delete Group blue-fleet")
    assert changes.count("delete Group blue-fleet") == 2
    assert_settled(unhealthy)


def test_a_fleet_is_updated_alone_with_what_depends_on_it(unhealthy: Stack) -> None:
    refresh(unhealthy)
    unhealthy.aws.account.unhealthy = set()
    unhealthy.up("--target", urn(unhealthy, rt.FLEET, "blue-fleet"), "--target-dependents")
    assert_settled(unhealthy)


def test_a_stage_does_not_move_to_a_new_target_without_its_proof(dev: Stack) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(*GREEN)
    assert_refused(dev, UNHEALTHY)
    stage = urn(dev, rt.STAGE, "api-dev-stage")
    for option in (["--target", stage], ["--exclude", "**-proof"], ["--continue-on-error"]):
        assert_refused(dev, "has not seen it work", *option)
    served.assert_still_serving(dev)
    dev.aws.account.unhealthy = set()
    dev.up()
    assert dev.preview() == []


def test_what_a_stage_uses_is_kept_until_the_stage_has_moved(dev: Stack) -> None:
    served = Served(dev)
    dev.edit(RENEW)
    stage = urn(dev, rt.STAGE, "api-dev-stage")
    assert_refused(dev, "has not moved it", "--exclude", stage)
    for _ in range(2):
        dev.aws.faults = [Fault("update", rt.STAGE)]
        assert_refused(dev, "has not moved it", "--continue-on-error")
    served.assert_still_serving(dev)
    dev.up()
    assert_settled(dev)


def test_an_update_of_the_stage_alone_does_not_move_it_to_an_unproven_renewal(dev: Stack) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(RENEW, SOON)
    assert_refused(dev, UNHEALTHY)
    stage = urn(dev, rt.STAGE, "api-dev-stage")
    assert_refused(dev, "has not seen it work", "--target", stage)
    dev.edit(SOON)  # back, when the state has the new link and the old proof
    assert_refused(dev, "has not seen it work", "--target", stage)
    served.assert_still_serving(dev)


def test_an_update_of_the_stage_alone_moves_it_to_a_proven_target(prod: Stack) -> None:
    prod.edit(("stages.live.target", "green"), ("targets.green.healthTimeoutSeconds", 1))
    moved = prod.up("--target", urn(prod, rt.STAGE, "api-live-stage"))
    assert moved == ["update Stage api-live-stage"]


def test_an_update_of_the_link_alone_does_not_delete_the_old_one(
    new_stack: Callable[..., Stack],
) -> None:
    def on(balancer: str) -> Change:
        arn = f"arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/{balancer}"
        return "targets.blue", {"loadBalancerArn": f"{arn}/50dc6c495c0c9188", "host": "a.example"}

    stack = new_stack(on("old"))
    stack.up()
    served = Served(stack)
    stack.edit(on("new"))
    link = urn(stack, rt.VPC_LINK, "api-blue-link")
    assert_refused(stack, "has not seen it work", "--target", link)
    served.assert_still_serving(stack)


@pytest.mark.parametrize(
    ("number", "then"),
    [
        (signal.SIGINT, "refresh"),
        (signal.SIGTERM, "up --refresh"),
        (signal.SIGKILL, "up"),
    ],
)
def test_an_update_that_is_interrupted_while_it_waits_is_repeated(
    dev: Stack, number: signal.Signals, then: str
) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(ROLL, LATER)
    interrupt(dev, number)
    if number == signal.SIGKILL:
        dev.run("cancel", "--yes")
    served.assert_still_serving(dev)
    dev.edit(ROLL, SOON)
    if then == "refresh":
        refresh(dev)
    arguments = ["--refresh"] if then == "up --refresh" else []
    assert_refused(dev, UNHEALTHY, *arguments)
    served.assert_still_serving(dev)
    dev.aws.account.unhealthy = set()
    dev.up(*arguments)
    assert_settled(dev)


def test_a_link_whose_creation_was_canceled_is_not_used_until_it_is_available(dev: Stack) -> None:
    served = Served(dev)
    dev.edit(RENEW, SOON)
    dev.aws.faults = [Fault.canceled(rt.VPC_LINK)]
    assert_refused(dev, "context canceled")
    assert_refused(dev, "is pending")
    refresh(dev)
    assert_refused(dev, "is pending")
    served.assert_still_serving(dev)
    dev.aws.account.settle()
    dev.up()
    assert_settled(dev)


INSTANCE = "i-0123456789abcdef0"
INSTANCES = {
    "port": 8080,
    "healthPath": "/health",
    "healthTimeoutSeconds": 1,
    "instances": [INSTANCE],
}


@pytest.fixture
def in_existing_network(
    restore: Callable[[Snapshot], Stack], shipped: Callable[[str], Snapshot]
) -> Stack:
    """A stack whose fleet serves in an existing network; the existing instance is not healthy."""
    stack = restore(shipped("existing-network"))
    stack.aws.account.unhealthy = {INSTANCE}
    return stack


def test_a_target_of_another_kind_is_a_new_target(in_existing_network: Stack) -> None:
    stack, served = in_existing_network, Served(in_existing_network)
    stack.edit(EXISTING_NETWORK, ("targets.blue", INSTANCES))
    assert_refused(stack, "0 of 1 instances are healthy")
    served.assert_still_serving(stack)
    stack.aws.account.unhealthy = set()
    changes = stack.up()
    assert changes.index("update Stage api-dev-stage") < changes.index("delete Group blue-fleet")
    assert stack.preview() == []


def test_existing_instances_are_examined_once_a_stage_uses_them(in_existing_network: Stack) -> None:
    stack, green = in_existing_network, ("targets.green", INSTANCES)
    stack.edit(EXISTING_NETWORK, green)
    stack.up()
    stack.edit(EXISTING_NETWORK, green, ("stages.dev.target", "green"))
    assert_refused(stack, "0 of 1 instances are healthy")
    stage = urn(stack, rt.STAGE, "api-dev-stage")
    assert_refused(stack, "has not seen it work", "--target", stage)
    stack.aws.account.unhealthy = set()
    assert stack.up() == ["update Stage api-dev-stage"]


def test_only_an_update_with_something_to_prove_asks(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack()
    stack.up()
    assert stack.aws.asked.is_set()
    stack.aws.asked.clear()
    stack.edit(("targets.blue.healthTimeoutSeconds", 60))
    assert stack.up() == []
    assert stack.preview() == []
    assert not stack.aws.asked.is_set()


def test_a_stage_leaves_a_target_that_does_not_work(in_existing_network: Stack) -> None:
    stack, green = in_existing_network, ("targets.green", INSTANCES)
    stack.aws.account.unhealthy = set()
    stack.edit(EXISTING_NETWORK, green, ("stages.dev.target", "green"))
    stack.up()
    links = {link.urn.rpartition("::")[2]: link for link in stack.aws.account.of_type(rt.VPC_LINK)}
    links["api-green-link"].status = "FAILED"
    stack.edit(EXISTING_NETWORK, green)
    assert "update Stage api-dev-stage" in stack.up()


def test_a_balancer_that_is_released_late_is_deleted_in_the_same_update(dev: Stack) -> None:
    dev.aws.account.releases_late = True
    dev.edit(RENEW)
    changes = dev.up()
    assert changes.index("delete LoadBalancer blue-nlb FAILED") < changes.index(
        "delete LoadBalancer blue-nlb"
    )
    assert_settled(dev)


def test_a_target_that_is_removed_is_deleted_in_the_same_update(prod: Stack) -> None:
    moved: list[Change] = [("stages.live.target", "green")]
    prod.edit(*moved)
    prod.up()
    prod.aws.account.releases_late = True
    prod.edit(*moved, ("targets.blue", ABSENT))
    assert "delete LoadBalancer blue-nlb" in prod.up()
    assert prod.preview() == []
