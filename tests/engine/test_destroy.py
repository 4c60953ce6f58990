"""Destroying a stack, in an order that AWS accepts."""

from collections.abc import Callable

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.stack import CommandFailed, Stack
from tests.stacks import ABSENT

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


NEXT_LOGS = (
    "api-next-access",
    "api-next-access-canary",
    "api-next-execution",
    "api-next-execution-canary",
)
KEEP = ("stages.next.logs", "keep")


def log_groups(stack: Stack) -> set[str]:
    return {group.id for group in stack.aws.account.of_type(rt.LOG_GROUP) if "/next" in group.id}


def test_the_logs_of_a_removed_stage_are_deleted_unless_they_are_kept(prod: Stack) -> None:
    assert len(log_groups(prod)) == 4
    prod.edit(KEEP)
    prod.up()
    prod.edit(("stages.next", ABSENT))
    deleted = prod.up()
    assert "delete Stage api-next-stage" in deleted
    assert len(log_groups(prod)) == 4
    prod.destroy()
    assert {group.id for group in prod.aws.account.of_type(rt.LOG_GROUP)} == log_groups(prod)


def test_kept_logs_are_imported_before_the_stage_is_created_again(prod: Stack) -> None:
    names = {r["urn"].split("::")[-1]: r["id"] for r in prod.saved() if r["type"] == rt.LOG_GROUP}
    (api,) = [r["urn"] for r in prod.saved() if r["urn"].endswith("PrivateApi::api")]
    prod.edit(KEEP)
    prod.up()
    prod.edit(("stages.next", ABSENT))
    prod.up()
    prod.edit(KEEP)
    with pytest.raises(CommandFailed, match="ResourceAlreadyExistsException"):
        prod.up()
    for name in NEXT_LOGS:
        prod.run(
            *("import", rt.LOG_GROUP, name, names[name], "--parent", f"api={api}"),
            *("--protect=false", "--generate-code=false", "--yes", "--skip-preview"),
        )
    created = prod.up()
    assert "create Stage api-next-stage" in created
    assert not any("LogGroup" in change for change in created)
    assert prod.up() == []


def test_a_role_for_logs_that_is_created_again_is_a_second_one(dev: Stack) -> None:
    # Both are kept, so the guide says how to delete the first.
    for value in ("existing", "create"):
        dev.edit(("api.accountLogging", value))
        dev.up()
    (used,) = (a.inputs["cloudwatchRoleArn"] for a in dev.aws.account.of_type(rt.API_ACCOUNT))
    roles = {role.outputs["arn"] for role in dev.aws.account.of_type(rt.ROLE)}
    assert len({arn for arn in roles if "account-logs" in arn}) == 2
    assert used in roles


def test_without_a_role_for_logs_a_stage_is_rejected(new_stack: Callable[..., Stack]) -> None:
    stack = new_stack(("api.accountLogging", "existing"))
    stack.aws.account.has_log_role = False
    with pytest.raises(CommandFailed, match="role ARN must be set"):
        stack.up()
    stack.edit(("api.accountLogging", "off"))
    stack.up()
    assert "accessLogSettings" not in stack.aws.account.one(rt.STAGE).inputs
