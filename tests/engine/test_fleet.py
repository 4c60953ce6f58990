"""Rolling the instances over to a new version."""

import pytest

from .stack import Failed, Stack
from .standin import kinds as k
from .standin.journal import Fault

pytestmark = pytest.mark.engine

ROLLED = ("targets.blue.fleet.instanceType", "t4g.small")


def test_a_new_version_answers_before_the_old_one_goes(dev: Stack) -> None:
    dev.edit(ROLLED)
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


def test_a_new_size_is_set_in_place(dev: Stack) -> None:
    dev.edit(("targets.blue.fleet.maxSize", 6))
    assert dev.up() == ["update Group blue-fleet"]


@pytest.fixture
def stuck(dev: Stack) -> Stack:
    """A stack whose new fleet was made, but never answered."""
    dev.edit(ROLLED)
    dev.aws.faults = [Fault("create", k.FLEET, saved=True)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        dev.up()
    return dev


def test_a_new_version_that_never_answers_leaves_the_old_one_serving(stuck: Stack) -> None:
    assert len(list(stuck.aws.cloud.of(k.FLEET))) == 2
    assert stuck.aws.changes()[-1].error


def test_going_back_waits_for_a_fleet_that_answers(stuck: Stack) -> None:
    stuck.edit()
    changes = stuck.up()
    assert changes.index("create Group blue-fleet") < changes.index("delete Group blue-fleet")
    assert changes.count("delete Group blue-fleet") == 2
    assert stuck.up() == []


def test_going_on_with_a_corrected_version_waits_for_it(stuck: Stack) -> None:
    stuck.edit(("targets.blue.fleet.instanceType", "t4g.medium"))
    changes = stuck.up()
    assert changes.index("create Group blue-fleet") < changes.index("delete Group blue-fleet")
    assert changes.count("delete Group blue-fleet") == 2


def test_trying_the_same_version_again_takes_a_named_replacement(stuck: Stack) -> None:
    (urn,) = {call.urn for call in stuck.aws.changes() if call.error}
    assert stuck.up("--replace", urn) == [
        "create Group blue-fleet",
        "delete Group blue-fleet",
        "delete Group blue-fleet",
    ]


def test_a_bare_update_takes_the_silent_fleet_for_good(stuck: Stack) -> None:
    # The engine's own way with a resource that was made in part; the operating guide warns of it.
    changes = stuck.up()
    assert "create Group blue-fleet" not in changes
    assert changes[-1] == "delete Group blue-fleet"
