"""Zones that come and go, and tags that change."""

import pytest

from .stack import Stack
from .standin import kinds as k

pytestmark = pytest.mark.engine

TWO = ["us-east-2a", "us-east-2b"]
THREE = [*TWO, "us-east-2c"]


def test_an_added_zone_moves_no_subnet(dev: Stack) -> None:
    before = {subnet.id for subnet in dev.aws.cloud.of(k.SUBNET)}
    dev.edit(("network.zones", THREE))
    changes = dev.up()
    after = {subnet.id for subnet in dev.aws.cloud.of(k.SUBNET)}
    assert len(after - before) == 1
    assert before < after
    assert "update LoadBalancer blue-nlb" in changes
    assert not any(change.startswith("delete") for change in changes)
    assert dev.up() == []


def test_a_removed_zone_renews_the_targets_before_its_subnet_goes(prod: Stack) -> None:
    before = {subnet.id for subnet in prod.aws.cloud.of(k.SUBNET)}
    prod.edit(("network.zones", TWO))
    changes = prod.up()
    assert {subnet.id for subnet in prod.aws.cloud.of(k.SUBNET)} < before
    for target in ("blue", "green"):
        order = [f"{op} LoadBalancer {target}-nlb" for op in ("create", "delete")]
        assert changes.index(order[0]) < changes.index(order[1])
        assert changes.index(order[1]) < changes.index("delete Subnet core-private-us-east-2c")
    assert not [call for call in prod.aws.changes() if call.error]
    assert prod.up() == []


def test_changed_tags_are_updates_and_nothing_else(dev: Stack) -> None:
    dev.edit(("owner", "payments"))
    steps = dev.preview()
    assert {step.op for step in steps} == {"update"}
    tags = ("tags", "tagSpecifications", "launchTemplate")
    assert all(path.startswith(tags) for step in steps for path in step.changed)
    assert len(dev.up()) == len(steps)
    assert dev.up() == []
