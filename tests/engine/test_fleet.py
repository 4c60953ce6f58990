"""Replacing the instances of a fleet by a new version."""

import pytest

from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.fake_provider.resource_types import FLEET
from tests.engine.stack import CommandFailed, Stack

pytestmark = pytest.mark.engine

NEW_VERSION = ("targets.blue.fleet.instanceType", "t4g.small")


def test_a_new_version_is_healthy_before_the_old_one_is_deleted(dev: Stack) -> None:
    dev.edit(NEW_VERSION)
    assert [str(step) for step in dev.preview()] == [
        "update LaunchTemplate blue-fleet",
        "replace Group blue-fleet",
    ]
    assert dev.up() == [
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
    ]
    assert dev.up() == []


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
    urns = [resource["urn"] for resource in dev.state() if resource["type"] == FLEET]
    dev.edit(NEW_VERSION)
    assert dev.up("--target", *urns) == []
    assert dev.up() == [
        "update LaunchTemplate blue-fleet",
        "create Group blue-fleet",
        "delete Group blue-fleet",
    ]
    assert dev.up() == []


@pytest.fixture
def stuck(dev: Stack) -> Stack:
    """A stack whose new fleet was created, but never became healthy."""
    dev.edit(NEW_VERSION)
    dev.aws.faults = [Fault("create", FLEET, saved=True)]
    with pytest.raises(CommandFailed, match=INJECTED):
        dev.up()
    return dev


def test_a_new_version_that_never_becomes_healthy_leaves_the_old_one(stuck: Stack) -> None:
    assert len(list(stuck.aws.account.of_type(FLEET))) == 2
    assert stuck.aws.changes()[-1].error


def test_a_rollback_waits_for_a_healthy_fleet(stuck: Stack) -> None:
    stuck.edit()
    changes = stuck.up()
    assert changes.index("create Group blue-fleet") < changes.index("delete Group blue-fleet")
    assert changes.count("delete Group blue-fleet") == 2
    assert stuck.up() == []


def test_a_corrected_version_is_waited_for(stuck: Stack) -> None:
    stuck.edit(("targets.blue.fleet.instanceType", "t4g.medium"))
    changes = stuck.up()
    assert changes.index("create Group blue-fleet") < changes.index("delete Group blue-fleet")
    assert changes.count("delete Group blue-fleet") == 2


def test_the_same_version_is_tried_again_with_replace(stuck: Stack) -> None:
    (urn,) = {call.urn for call in stuck.aws.changes() if call.error}
    assert stuck.up("--replace", urn) == [
        "create Group blue-fleet",
        "delete Group blue-fleet",
        "delete Group blue-fleet",
    ]


def test_a_plain_update_accepts_the_unhealthy_fleet(stuck: Stack) -> None:
    # The engine does so with every resource that was created in part; docs/operating.md warns.
    changes = stuck.up()
    assert "create Group blue-fleet" not in changes
    assert changes[-1] == "delete Group blue-fleet"
