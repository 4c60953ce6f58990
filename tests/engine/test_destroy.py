"""Taking a stack down, in an order that AWS accepts."""

from collections.abc import Callable

import pytest

from .stack import Failed, Stack
from .standin import kinds as k

pytestmark = pytest.mark.engine


def test_nothing_is_refused_and_nothing_is_left(prod: Stack) -> None:
    prod.destroy()
    assert [str(call) for call in prod.aws.calls("delete") if call.error] == []
    assert prod.aws.cloud.things == {}


def test_a_balancer_that_its_link_still_holds_goes_the_second_time(dev: Stack) -> None:
    dev.aws.cloud.releases_slowly = True
    with pytest.raises(Failed, match="currently associated with another service"):
        dev.destroy()
    dev.destroy()
    assert k.LOAD_BALANCER not in {thing.kind for thing in dev.aws.cloud.things.values()}


def test_the_role_for_logs_outlives_the_stack_and_is_not_made_twice(
    dev: Stack,
) -> None:
    kept = {k.ROLE, k.ROLE_POLICY_ATTACHMENT, k.API_ACCOUNT}
    dev.destroy()
    assert {thing.kind for thing in dev.aws.cloud.things.values()} == kept
    roles = {role.id for role in dev.aws.cloud.of(k.ROLE)}
    dev.edit(("api.accountLogging", "existing"))
    changes = dev.up()
    assert "create Stage api-dev-stage" in changes
    assert not any("account" in change for change in changes)
    assert {role.id for role in dev.aws.cloud.of(k.ROLE)} > roles


def test_without_a_role_for_logs_a_stage_is_refused(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack(("api.accountLogging", "existing"))
    stack.aws.cloud.may_log = False
    with pytest.raises(Failed, match="role ARN must be set"):
        stack.up()
    stack.edit(("api.accountLogging", "off"))
    stack.up()
    assert "accessLogSettings" not in stack.aws.cloud.one(k.STAGE).given
