"""Replacing the instances of a fleet by a new version."""

import pytest

from tests.engine.fake_provider.resource_types import FLEET
from tests.engine.stack import Stack

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
