"""Moving a stage from one target to another, at once or by and by."""

import pytest

from tests.stacks import ABSENT

from .stack import Change, Failed, Stack
from .standin import kinds as k
from .standin.journal import Fault

pytestmark = pytest.mark.engine

MOVED = ("stages.live.target", "green")
WITHOUT_BLUE = ("targets.blue", ABSENT)


def test_a_moved_stage_is_one_update(prod: Stack) -> None:
    prod.edit(MOVED)
    (step,) = prod.preview()
    assert str(step) == "update Stage api-live-stage"
    assert set(step.changed) == {"variables.backendHost", "variables.vpcLinkId"}
    assert prod.up() == ["update Stage api-live-stage"]
    links = {link.urn.rpartition("::")[2]: link.id for link in prod.aws.cloud.of(k.VPC_LINK)}
    stages = {stage.given["stageName"]: stage.given for stage in prod.aws.cloud.of(k.STAGE)}
    assert stages["live"]["variables"]["vpcLinkId"] == links["api-green-link"]


def test_a_move_that_failed_is_made_by_the_next_update(prod: Stack) -> None:
    prod.edit(MOVED)
    prod.aws.faults = [Fault("update", k.STAGE)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        prod.up()
    assert prod.up() == ["update Stage api-live-stage"]


def test_a_move_that_was_saved_but_not_made_needs_a_refresh(prod: Stack) -> None:
    prod.edit(MOVED)
    prod.aws.faults = [Fault("update", k.STAGE, saved=True)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        prod.up()
    assert prod.up("--refresh") == ["update Stage api-live-stage"]
    assert prod.up("--refresh") == []


def test_a_target_that_nobody_uses_goes_link_first(prod: Stack) -> None:
    prod.edit(MOVED)
    prod.up()
    prod.edit(MOVED, WITHOUT_BLUE)
    changes = prod.up()
    assert {change.split()[0] for change in changes} == {"delete"}
    assert all("blue" in change for change in changes)
    link = changes.index("delete VpcLink api-blue-link")
    assert link < changes.index("delete LoadBalancer blue-nlb")


def test_a_target_that_is_left_and_removed_at_once_is_left_first(prod: Stack) -> None:
    prod.edit(MOVED, WITHOUT_BLUE)
    changes = prod.up()
    assert changes[0] == "update Stage api-live-stage"
    assert changes.index("delete VpcLink api-blue-link") > 0


def test_a_stage_waits_for_the_fleet_of_its_new_target(dev: Stack) -> None:
    green = {"port": 8080, "healthPath": "/health", "fleet": {"instanceType": "t4g.micro"}}
    dev.edit(("targets.green", green), ("stages.dev.target", "green"))
    dev.aws.faults = [Fault("create", k.FLEET)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        dev.up()
    blue = next(iter(dev.aws.cloud.of(k.VPC_LINK)))
    assert dev.aws.cloud.one(k.STAGE).given["variables"]["vpcLinkId"] == blue.id
    assert dev.up()[-1] == "update Stage api-dev-stage"
    assert dev.aws.cloud.one(k.STAGE).given["variables"]["vpcLinkId"] != blue.id


def test_a_canary_comes_and_goes_with_one_update_each(prod: Stack) -> None:
    canary = ("stages.live.canary", {"target": "green", "percent": 10})
    prod.edit(canary)
    (step,) = prod.preview()
    assert (str(step), set(step.changed)) == ("update Stage api-live-stage", {"canarySettings"})
    assert prod.up() == ["update Stage api-live-stage"]
    prod.edit(MOVED)  # promoted: all the traffic, and no canary
    assert prod.up() == ["update Stage api-live-stage"]
    prod.edit(MOVED, ("stages.live.canary", {"target": "blue", "percent": 50}))
    assert prod.up() == ["update Stage api-live-stage"]
    prod.edit(MOVED)
    assert prod.up() == ["update Stage api-live-stage"]


def test_a_canary_gets_a_new_deployment_with_its_stage(prod: Stack) -> None:
    canary = ("stages.live.canary", {"target": "green", "percent": 10})
    prod.edit(canary)
    prod.up()
    prod.edit(canary, ("api.revision", 2))
    prod.up()
    deployment = prod.aws.cloud.one(k.DEPLOYMENT).id
    stages = {stage.given["stageName"]: stage.given for stage in prod.aws.cloud.of(k.STAGE)}
    assert stages["live"]["deployment"] == deployment
    assert stages["live"]["canarySettings"]["deploymentId"] == deployment


def test_a_stage_comes_and_goes_without_touching_the_others(prod: Stack) -> None:
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
    ],
    ids=["port", "listener port", "health path", "protocol"],
)
def test_a_renewed_target_serves_before_the_old_one_goes(dev: Stack, changes: list[Change]) -> None:
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
    places = [made.index(change) for change in order]
    assert places == sorted(places)
    moved, gone = made.index(order[3]), made.index("delete VpcLink api-blue-link")
    assert moved < gone < made.index("delete LoadBalancer blue-nlb")
    assert dev.up() == []


@pytest.mark.parametrize(
    ("kind", "saved"),
    [
        (k.LOAD_BALANCER, False),
        (k.LOAD_BALANCER, True),
        (k.TARGET_GROUP, False),
        (k.LISTENER, False),
        (k.VPC_LINK, False),
        (k.FLEET, False),
    ],
)
def test_a_renewal_that_failed_half_way_is_finished_in_the_same_order(
    dev: Stack, kind: str, saved: bool
) -> None:
    parts = (k.LOAD_BALANCER, k.TARGET_GROUP, k.LISTENER, k.VPC_LINK, k.FLEET)
    before = {part: dev.aws.cloud.one(part).id for part in parts}
    dev.edit(("targets.blue.listenerPort", 8081))
    dev.aws.faults = [Fault("create", kind, saved=saved)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        dev.up()
    changes = dev.up("--refresh")
    moved = changes.index("update Stage api-dev-stage")
    assert moved < changes.index("delete Group blue-fleet")
    after = {part: dev.aws.cloud.one(part).id for part in parts}
    assert not before.items() & after.items()
    assert dev.aws.cloud.one(k.STAGE).given["variables"]["vpcLinkId"] == after[k.VPC_LINK]
