"""Every shipped stack with the real AWS plugin, in Moto."""

import pytest

from tests.bootstrap.documents import DEPLOY, actions
from tests.once import once
from tests.provider.lives import NAMES, Life, live
from tests.provider.stack import Call

pytestmark = pytest.mark.provider
GRANTED = {action for document in DEPLOY for action in actions(document)}
WITHOUT_PERMISSION = {"sts:GetCallerIdentity"}
"""Calls that AWS allows everybody."""


@pytest.fixture
def lived(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Life:
    name: str = request.param
    life = once(f"life-{name}", lambda: live(name, tmp_path_factory.mktemp(name)))
    if life.failure:
        pytest.fail(life.failure)
    return life


every = pytest.mark.parametrize("lived", NAMES, indirect=True)


@every
def test_a_second_preview_shows_no_change(lived: Life) -> None:
    assert lived.preview == ""


@every
def test_a_refresh_finds_no_change(lived: Life) -> None:
    assert lived.refresh == ""


@every
def test_the_policies_report_what_the_rehearsal_reports(lived: Life) -> None:
    assert lived.findings == lived.rehearsed


@every
def test_destroying_leaves_nothing(lived: Life) -> None:
    assert lived.left == []


@every
def test_the_deployer_may_make_every_call(lived: Life) -> None:
    made = {call.permission for calls in (*lived.calls.values(), lived.others) for call in calls}
    assert made
    assert made - GRANTED - WITHOUT_PERMISSION == set()


def changing(calls: list[Call]) -> list[str]:
    """What changes something, in order; of API Gateway, with the first part of the path."""
    return [
        f"{call.action} {call.path.split('/')[1]}" if call.service == "apigateway" else call.action
        for call in calls
        if not call.action.startswith(("Describe", "Get", "List", "GET"))
    ]


@pytest.mark.parametrize("lived", ["prod"], indirect=True)
def test_a_switch_is_one_call(lived: Life) -> None:
    assert changing(lived.calls["switch"]) == ["PATCH restapis"]


@pytest.mark.parametrize("lived", ["dev"], indirect=True)
def test_a_roll_makes_the_new_fleet_first_and_leaves_the_stage_alone(lived: Life) -> None:
    made = changing(lived.calls["roll"])
    assert made.index("CreateAutoScalingGroup") < made.index("DeleteAutoScalingGroup")
    assert not [call for call in made if "restapis" in call]
