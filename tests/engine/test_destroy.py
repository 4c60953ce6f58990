"""Destroying a stack, in an order that AWS accepts."""

from collections.abc import Callable

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.stack import CommandFailed, Stack

pytestmark = pytest.mark.engine


def test_no_delete_fails_and_nothing_remains(prod: Stack) -> None:
    prod.destroy()
    assert [str(call) for call in prod.aws.calls("delete") if call.error] == []
    assert prod.aws.account.resources == {}


def test_a_load_balancer_that_its_link_has_not_released_is_deleted_at_the_second_attempt(
    dev: Stack,
) -> None:
    dev.aws.account.releases_late = True
    with pytest.raises(CommandFailed, match="currently associated with another service"):
        dev.destroy()
    dev.destroy()
    assert rt.LOAD_BALANCER not in {found.type for found in dev.aws.account.resources.values()}


def test_the_role_for_logs_outlives_the_stack_and_is_not_created_twice(dev: Stack) -> None:
    dev.destroy()
    remaining = {found.type for found in dev.aws.account.resources.values()}
    assert remaining == {rt.ROLE, rt.ROLE_POLICY_ATTACHMENT, rt.API_ACCOUNT}
    roles = {role.id for role in dev.aws.account.of_type(rt.ROLE)}
    dev.edit(("api.accountLogging", "existing"))
    changes = dev.up()
    assert "create Stage api-dev-stage" in changes
    assert not any("account" in change for change in changes)
    assert {role.id for role in dev.aws.account.of_type(rt.ROLE)} > roles


def test_without_a_role_for_logs_a_stage_is_rejected(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack(("api.accountLogging", "existing"))
    stack.aws.account.has_log_role = False
    with pytest.raises(CommandFailed, match="role ARN must be set"):
        stack.up()
    stack.edit(("api.accountLogging", "off"))
    stack.up()
    assert "accessLogSettings" not in stack.aws.account.one(rt.STAGE).inputs
