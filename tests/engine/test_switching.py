"""Moving a stage from one target to another, at once or step by step."""

from typing import Any

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.stack import Change, CommandFailed, Stack
from tests.stacks import ABSENT

pytestmark = pytest.mark.engine

MOVED = ("stages.live.target", "green")
WITHOUT_BLUE = ("targets.blue", ABSENT)
CANARY = ("stages.live.canary", {"target": "green", "percent": 10})


CERTIFICATE = "arn:aws:acm:us-east-2:111122223333:certificate/12345678-90ab-cdef-1234-567890abcdef"
ENDS_TLS: list[Change] = [
    ("targets.blue.listener", {"tls": {"certificateArn": CERTIFICATE}}),
    ("targets.blue.serverName", "orders.example.com"),
]


def stages(stack: Stack) -> dict[str, dict[str, Any]]:
    """The inputs of each stage, by its name."""
    return {s.inputs["stageName"]: s.inputs for s in stack.aws.account.of_type(rt.STAGE)}


def link_of(stack: Stack, stage: str = "dev") -> str:
    """The link that a stage uses."""
    return str(stages(stack)[stage]["variables"]["vpcLinkId"])


def test_a_moved_stage_is_one_update(prod: Stack) -> None:
    prod.edit(MOVED)
    (step,) = prod.preview()
    assert str(step) == "update Stage api-live-stage"
    assert set(step.changed) == {"variables.backendHost", "variables.vpcLinkId"}
    assert prod.up() == ["update Stage api-live-stage"]
    links = {
        link.urn.rpartition("::")[2]: link.id for link in prod.aws.account.of_type(rt.VPC_LINK)
    }
    assert link_of(prod, "live") == links["api-green-link"]


def test_a_failed_move_is_repeated_by_the_next_update(prod: Stack) -> None:
    prod.edit(MOVED)
    prod.aws.faults = [Fault("update", rt.STAGE)]
    with pytest.raises(CommandFailed, match=INJECTED):
        prod.up()
    assert prod.up() == ["update Stage api-live-stage"]


def test_a_failed_move_that_the_state_records_needs_a_refresh(prod: Stack) -> None:
    prod.edit(MOVED)
    prod.aws.faults = [Fault("update", rt.STAGE, saved=True)]
    with pytest.raises(CommandFailed, match=INJECTED):
        prod.up()
    assert prod.up("--refresh") == ["update Stage api-live-stage"]
    assert prod.up("--refresh") == []


def test_an_unused_target_is_deleted_link_first(prod: Stack) -> None:
    prod.edit(MOVED)
    prod.up()
    prod.edit(MOVED, WITHOUT_BLUE)
    changes = prod.up()
    assert {change.split()[0] for change in changes} == {"delete"}
    assert all("blue" in change for change in changes)
    link = changes.index("delete VpcLink api-blue-link")
    assert link < changes.index("delete LoadBalancer blue-nlb")


def test_the_stage_moves_before_its_old_target_is_deleted_in_the_same_update(prod: Stack) -> None:
    prod.edit(MOVED, WITHOUT_BLUE)
    changes = prod.up()
    assert changes[0] == "update Stage api-live-stage"
    assert changes.index("delete VpcLink api-blue-link") > 0


def test_a_stage_waits_for_the_fleet_of_its_new_target(dev: Stack) -> None:
    blue = dev.aws.account.one(rt.VPC_LINK).id
    green = {"port": 8080, "healthPath": "/health", "fleet": {"instanceType": "t4g.micro"}}
    dev.edit(("targets.green", green), ("stages.dev.target", "green"))
    dev.aws.faults = [Fault("create", rt.FLEET)]
    with pytest.raises(CommandFailed, match=INJECTED):
        dev.up()
    assert link_of(dev) == blue
    assert dev.up()[-1] == "update Stage api-dev-stage"
    assert link_of(dev) != blue


def test_a_canary_is_added_and_removed_by_one_update_of_the_stage_each(prod: Stack) -> None:
    prod.edit(CANARY)
    (step,) = prod.preview()
    assert (str(step), set(step.changed)) == ("update Stage api-live-stage", {"canarySettings"})
    assert prod.up() == ["update Stage api-live-stage"]
    prod.edit(MOVED)  # promoted: all requests, and no canary
    assert prod.up() == ["update Stage api-live-stage"]
    prod.edit(MOVED, ("stages.live.canary", {"target": "blue", "percent": 50}))
    assert prod.up() == ["update Stage api-live-stage"]
    prod.edit(MOVED)
    assert prod.up() == ["update Stage api-live-stage"]


def test_a_canary_and_its_stage_get_a_new_deployment_together(prod: Stack) -> None:
    prod.edit(CANARY)
    prod.up()
    prod.edit(CANARY, ("api.revision", 2))
    prod.up()
    deployment = prod.aws.account.one(rt.DEPLOYMENT).id
    assert stages(prod)["live"]["deployment"] == deployment
    assert stages(prod)["live"]["canarySettings"]["deploymentId"] == deployment


def test_a_stage_is_added_and_removed_without_changing_the_others(prod: Stack) -> None:
    trial = {"target": "green", "throttle": {"rateLimit": 5, "burstLimit": 5}}
    prod.edit(("stages.trial", trial))
    assert {change.split()[0] for change in prod.up()} == {"create"}
    prod.edit()
    assert {change.split()[0] for change in prod.up()} == {"delete"}


@pytest.mark.parametrize(
    "changes",
    [
        [("targets.blue.port", 9090)],
        [("targets.blue.listenerPort", 8081)],
        [("targets.blue.healthPath", "/other")],
        [("targets.blue.protocol", "https"), ("targets.blue.serverName", "orders.example.com")],
        [("targets.blue.listenerPort", 80), *ENDS_TLS],
    ],
    ids=["port", "listener port", "health path", "protocol", "TLS"],
)
def test_a_replaced_target_serves_before_the_old_one_is_deleted(
    dev: Stack, changes: list[Change]
) -> None:
    dev.edit(*changes)
    assert "replace LoadBalancer blue-nlb" in [str(step) for step in dev.preview()]
    made = dev.up()
    order = [
        "create LoadBalancer blue-nlb",
        "create VpcLink api-blue-link",
        "create Group blue-fleet",
        "update Stage api-dev-stage",
        "delete Group blue-fleet",
        "delete Listener blue-listener",
        "delete LoadBalancer blue-nlb",
    ]
    assert sorted(order, key=made.index) == order
    link = made.index("delete VpcLink api-blue-link")
    assert made.index(order[3]) < link < made.index(order[-1])
    assert dev.up() == []


def test_another_certificate_and_another_host_header_are_one_update_in_place(dev: Stack) -> None:
    dev.edit(*ENDS_TLS)
    dev.up()
    arn = CERTIFICATE.replace("12345678", "87654321")
    dev.edit(ENDS_TLS[1], ("targets.blue.listener", {"tls": {"certificateArn": arn}}))
    assert dev.up() == ["update Listener blue-listener"]
    dev.edit()
    dev.up()
    dev.edit(("targets.blue.hostHeader", "orders.example.com"))
    assert dev.up() == ["update Stage api-dev-stage"]
    assert stages(dev)["dev"]["variables"]["backendHost"] == "orders.example.com"


@pytest.mark.parametrize(
    ("token", "saved"),
    [
        (rt.LOAD_BALANCER, False),
        (rt.LOAD_BALANCER, True),
        (rt.TARGET_GROUP, False),
        (rt.LISTENER, False),
        (rt.VPC_LINK, False),
        (rt.FLEET, False),
    ],
)
def test_a_replacement_that_failed_is_completed_in_the_same_order(
    dev: Stack, token: str, saved: bool
) -> None:
    parts = (rt.LOAD_BALANCER, rt.TARGET_GROUP, rt.LISTENER, rt.VPC_LINK, rt.FLEET)
    before = {part: dev.aws.account.one(part).id for part in parts}
    dev.edit(("targets.blue.listenerPort", 8081))
    dev.aws.faults = [Fault("create", token, saved=saved)]
    with pytest.raises(CommandFailed, match=INJECTED):
        dev.up()
    changes = dev.up("--refresh")
    moved = changes.index("update Stage api-dev-stage")
    assert moved < changes.index("delete Group blue-fleet")
    after = {part: dev.aws.account.one(part).id for part in parts}
    assert not before.items() & after.items()
    assert link_of(dev) == after[rt.VPC_LINK]
