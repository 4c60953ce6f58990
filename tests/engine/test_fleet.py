"""Replacing the instances of a fleet by a new version."""

import pytest

from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.resource_types import FLEET, SCALING_POLICY
from tests.engine.serving import GREEN, LATER, SOON, assert_refused, assert_settled, urn
from tests.engine.stack import Change, Stack

pytestmark = pytest.mark.engine

NEW_VERSION = ("targets.blue.fleet.instanceType", "t4g.small")


def test_a_new_version_is_healthy_before_the_old_one_is_deleted(dev: Stack) -> None:
    dev.edit(NEW_VERSION)
    assert [str(step) for step in dev.preview()] == [
        "update LaunchTemplate blue-fleet",
        "replace Group blue-fleet",
        "update Stash api-blue-proof",
    ]
    assert dev.up() == [
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
    ]
    assert dev.up() == []


def test_a_role_has_its_permissions_before_the_new_fleet_gets_it(dev: Stack) -> None:
    statement = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::orders/*"]}
    role = ("targets.blue.fleet.instanceProfile", {"statements": [statement]})
    dev.edit(role)
    assert dev.up() == [
        "create Role blue-fleet",
        "create RolePolicy blue-fleet",
        "create InstanceProfile blue-fleet",
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
    ]
    assert dev.up() == []
    more = {"statements": [statement, {**statement, "actions": ["s3:PutObject"]}]}
    dev.edit(("targets.blue.fleet.instanceProfile", more))
    assert dev.up() == ["create RolePolicy blue-fleet", "delete RolePolicy blue-fleet"]
    dev.edit()
    assert dev.up() == [
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
        "delete InstanceProfile blue-fleet",
        "delete RolePolicy blue-fleet",
        "delete Role blue-fleet",
    ]


def test_an_old_fleet_keeps_what_its_role_may_do_until_it_is_deleted(dev: Stack) -> None:
    profile = "targets.blue.fleet.instanceProfile"
    old, new = (
        {"statements": [{"actions": ["s3:GetObject"], "resources": [f"arn:aws:s3:::{name}/*"]}]}
        for name in ("old", "new")
    )
    dev.edit((profile, old))
    dev.up()
    dev.edit((profile, new), NEW_VERSION)
    assert dev.up() == [
        "create RolePolicy blue-fleet",
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
        "delete RolePolicy blue-fleet",
    ]


def test_a_new_size_is_an_update_in_place(dev: Stack) -> None:
    dev.edit(("targets.blue.fleet.maxSize", 6))
    assert dev.up() == ["update Group blue-fleet"]


def test_a_new_tag_updates_the_fleet_in_place(dev: Stack) -> None:
    dev.edit(("owner", "orders"))
    fleet = [change for change in dev.up() if change.endswith("blue-fleet")]
    assert "update LaunchTemplate blue-fleet" in fleet
    assert "update Group blue-fleet" in fleet
    assert "create Group blue-fleet" not in fleet


def test_a_fleet_that_is_updated_without_its_template_is_still_rolled_later(dev: Stack) -> None:
    urns = [resource["urn"] for resource in dev.saved() if resource["type"] == FLEET]
    dev.edit(NEW_VERSION)
    assert dev.up("--target", *urns) == []
    assert dev.up() == [
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
    ]
    assert dev.up() == []


SCALING: list[Change] = [
    ("targets.blue.fleet.maxSize", 8),
    ("targets.blue.fleet.scaling", {"cpuPercent": 60}),
]


@pytest.fixture
def scaled(dev: Stack) -> Stack:
    """A stack whose fleet has been scaled from 2 to 5 instances."""
    dev.edit(*SCALING)
    assert sorted(dev.up()) == ["create Policy blue-fleet", "update Group blue-fleet"]
    dev.aws.account.resize(fleet(dev), 5)
    return dev


def fleet(stack: Stack) -> Resource:
    return stack.aws.account.one(FLEET)


def size(one: Resource) -> int:
    return int(one.outputs["desiredCapacity"])


def test_neither_an_update_nor_a_refresh_changes_the_size_of_a_scaled_fleet(scaled: Stack) -> None:
    assert scaled.up("--refresh") == []
    assert size(fleet(scaled)) == 5
    assert scaled.preview() == []


def test_a_new_fleet_takes_over_the_size_of_the_old_one(scaled: Stack) -> None:
    old = fleet(scaled)
    scaled.edit(*SCALING, NEW_VERSION)
    changes = scaled.up()
    assert size(fleet(scaled)) == 5
    assert fleet(scaled).id != old.id
    assert changes.index("create Policy blue-fleet") < changes.index("delete Group blue-fleet")
    policy = scaled.aws.account.one(SCALING_POLICY)
    assert policy.inputs["autoscalingGroupName"] == fleet(scaled).id
    assert_settled(scaled)


def test_the_old_fleet_stays_until_as_many_new_instances_are_healthy(scaled: Stack) -> None:
    old = fleet(scaled)
    scaled.aws.account.unhealthy = {"*"}
    scaled.edit(*SCALING, NEW_VERSION, SOON)
    assert_refused(scaled, "0 of 5 instances are healthy")
    sizes = {one.id: size(one) for one in scaled.aws.account.of_type(FLEET)}
    assert sizes.pop(old.id) == 5
    assert [*sizes.values()] == [5]


def test_a_new_fleet_takes_over_no_more_than_its_maximum(scaled: Stack) -> None:
    scaled.edit(("targets.blue.fleet.maxSize", 3), SCALING[1], NEW_VERSION)
    scaled.up()
    assert size(fleet(scaled)) == 3
    assert_settled(scaled)


@pytest.mark.parametrize(("minimum", "expected"), [(1, 5), (3, 5), (6, 6)])
def test_a_new_minimum_is_reached_whatever_the_size_is(
    scaled: Stack, minimum: int, expected: int
) -> None:
    scaled.edit(*SCALING, ("targets.blue.fleet.minSize", minimum))
    assert scaled.up() == ["update Group blue-fleet"]
    assert size(fleet(scaled)) == expected
    assert_settled(scaled)


def test_nobody_waits_for_a_minimum_that_the_fleet_did_not_get(dev: Stack) -> None:
    minimum = ("targets.blue.fleet.minSize", 4)
    dev.edit(minimum, LATER)
    assert_refused(dev, "is to have 2 instances", "--exclude", urn(dev, FLEET, "blue-fleet"))
    dev.edit(minimum)
    assert dev.up() == ["update Group blue-fleet"]


def test_a_stage_that_moves_takes_its_requests_to_the_policy_of_the_other_fleet(dev: Stack) -> None:
    (name, green), moved = GREEN
    by_requests = {**green["fleet"], "scaling": {"requestsPerInstance": 600}}
    targets: list[Change] = [
        ("targets.blue.fleet", by_requests),
        (name, {**green, "fleet": by_requests}),
    ]
    dev.edit(*targets)
    dev.up()
    dev.edit(*targets, moved)
    assert sorted(dev.up()) == [
        "update Policy blue-fleet",
        "update Policy green-fleet",
        "update Stage api-dev-stage",
    ]
    assert dev.preview() == []
