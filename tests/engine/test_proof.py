"""Nothing that serves is deleted, and no stage moves, before what replaces it was seen to work."""

import signal
from collections.abc import Callable

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import Fault
from tests.engine.stack import Change, CommandFailed, Stack
from tests.stacks import ABSENT

pytestmark = pytest.mark.engine

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
    (found,) = {r["urn"] for r in stack.state() if r["urn"].endswith(f"{token}::{name}")}
    return str(found)


def refresh(stack: Stack, *args: str) -> None:
    stack.run("refresh", "--yes", "--skip-preview", *args)


def interrupt(stack: Stack, number: signal.Signals) -> None:
    """Start an update, and send it a signal while a proof waits."""
    stack.aws.asked.clear()
    process = stack.start("up", "--yes", "--skip-preview")
    while not stack.aws.asked.wait(timeout=1):
        assert process.poll() is None, process.communicate()
    process.send_signal(number)
    output, _ = process.communicate()
    assert process.returncode != 0, output
    if number == signal.SIGKILL:
        stack.run("cancel", "--yes")


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


@pytest.mark.parametrize("before", ["nothing", "refresh"])
def test_an_update_of_the_fleet_alone_deletes_nothing(unhealthy: Stack, before: str) -> None:
    served = Served(unhealthy)
    if before == "refresh":
        refresh(unhealthy)
    fleet = urn(unhealthy, rt.FLEET, "blue-fleet")
    assert_refused(unhealthy, "not specified in --target list", "--target", fleet)
    assert_refused(unhealthy, UNHEALTHY, "--target", fleet, "--target-dependents")
    served.assert_still_serving(unhealthy)
    unhealthy.aws.account.unhealthy = set()
    unhealthy.up("--target", fleet, "--target-dependents")
    assert_settled(unhealthy)


def test_an_update_of_the_stage_alone_does_not_move_it_to_an_unproven_target(dev: Stack) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(*GREEN)
    assert_refused(dev, UNHEALTHY)
    stage = urn(dev, rt.STAGE, "api-dev-stage")
    assert_refused(dev, "not specified in --target list", "--target", stage)
    served.assert_still_serving(dev)


def test_an_update_of_the_stage_alone_does_not_move_it_to_an_unproven_renewal(dev: Stack) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(RENEW, SOON)
    assert_refused(dev, UNHEALTHY)
    stage = urn(dev, rt.STAGE, "api-dev-stage")
    assert_refused(dev, "leaves out api-blue-proof", "--target", stage)
    dev.edit(SOON)  # back, when the state has the new link and the old proof
    assert_refused(dev, "leaves out api-blue-proof", "--target", stage)
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
    assert_refused(stack, "not specified in --target list", "--target", link)
    served.assert_still_serving(stack)


@pytest.mark.parametrize(
    ("number", "then"),
    [
        (signal.SIGINT, "up"),
        (signal.SIGINT, "up --refresh"),
        (signal.SIGINT, "refresh"),
        (signal.SIGTERM, "up --refresh"),
        (signal.SIGKILL, "up"),
        (signal.SIGKILL, "refresh"),
    ],
)
def test_an_update_that_is_interrupted_while_it_waits_is_repeated(
    dev: Stack, number: signal.Signals, then: str
) -> None:
    served = Served(dev)
    dev.aws.account.unhealthy = {"*"}
    dev.edit(ROLL, LATER)
    interrupt(dev, number)
    served.assert_still_serving(dev)
    dev.edit(ROLL, SOON)
    if then == "refresh":
        refresh(dev, *(["--clear-pending-creates"] if number == signal.SIGKILL else []))
    arguments = ["--refresh"] if then == "up --refresh" else []
    assert_refused(dev, UNHEALTHY, *arguments)
    served.assert_still_serving(dev)
    dev.aws.account.unhealthy = set()
    dev.up(*arguments)
    assert_settled(dev)


@pytest.mark.parametrize(
    "fault", [Fault.failed(rt.VPC_LINK), Fault.canceled(rt.VPC_LINK)], ids=["failed", "canceled"]
)
def test_a_link_that_is_not_available_is_not_used(dev: Stack, fault: Fault) -> None:
    served = Served(dev)
    dev.edit(RENEW, SOON)
    dev.aws.faults = [fault]
    assert_refused(dev, fault.message)
    if fault.ends == "begun":  # AWS ends it as failed, after the update was canceled
        for link in dev.aws.account.of_type(rt.VPC_LINK):
            link.status = "FAILED" if link.status == "PENDING" else link.status
    assert_refused(dev, "is FAILED")
    refresh(dev)
    assert_refused(dev, "not specified", "--target", urn(dev, rt.VPC_LINK, "api-blue-link"))
    assert_refused(dev, "is FAILED", "--refresh")
    served.assert_still_serving(dev)
    # The words of the error: delete the link, then `pulumi up --refresh`.
    (failed,) = (link for link in dev.aws.account.of_type(rt.VPC_LINK) if link.status == "FAILED")
    assert f"aws apigateway delete-vpc-link --vpc-link-id {failed.id}" in dev.output
    dev.aws.account.delete(rt.VPC_LINK, failed.id)
    dev.up("--refresh")
    assert_settled(dev)


def test_a_balancer_that_blocks_its_link_is_not_used(dev: Stack) -> None:
    served = Served(dev)
    dev.edit(RENEW, SOON)
    dev.aws.faults = [Fault("create", rt.LOAD_BALANCER, saved=True)]
    with pytest.raises(CommandFailed):
        dev.up()
    assert_refused(dev, "applies its security groups to the traffic of the VPC link")
    served.assert_still_serving(dev)
    dev.up("--refresh")
    assert_settled(dev)


NETWORK: Change = (
    "network",
    {"vpcId": "vpc-01234567", "subnetIds": ["subnet-01234567", "subnet-12345678"]},
)
INSTANCE = "i-0123456789abcdef0"
INSTANCES = {
    "port": 8080,
    "healthPath": "/health",
    "healthTimeoutSeconds": 1,
    "instances": [INSTANCE],
}


@pytest.fixture
def in_existing_network(new_stack: Callable[..., Stack]) -> Stack:
    """A stack whose fleet serves in an existing network; the existing instance is not healthy."""
    stack = new_stack(NETWORK)
    stack.up()
    stack.aws.account.unhealthy = {INSTANCE}
    return stack


def test_a_target_of_another_kind_is_a_new_target(in_existing_network: Stack) -> None:
    stack, served = in_existing_network, Served(in_existing_network)
    stack.edit(NETWORK, ("targets.blue", INSTANCES))
    assert_refused(stack, "0 of 1 instances are healthy")
    served.assert_still_serving(stack)
    stack.aws.account.unhealthy = set()
    changes = stack.up()
    assert changes.index("update Stage api-dev-stage") < changes.index("delete Group blue-fleet")
    assert stack.preview() == []


def test_existing_instances_are_examined_once_a_stage_uses_them(in_existing_network: Stack) -> None:
    stack, green = in_existing_network, ("targets.green", INSTANCES)
    stack.edit(NETWORK, green)
    stack.up()
    stack.edit(NETWORK, green, ("stages.dev.target", "green"))
    assert_refused(stack, "0 of 1 instances are healthy")
    stage = urn(stack, rt.STAGE, "api-dev-stage")
    assert_refused(stack, "leaves out api-green-proof", "--target", stage)
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
    stack.edit(NETWORK, green, ("stages.dev.target", "green"))
    stack.up()
    links = {link.urn.rpartition("::")[2]: link for link in stack.aws.account.of_type(rt.VPC_LINK)}
    links["api-green-link"].status = "FAILED"
    stack.edit(NETWORK, green)
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
