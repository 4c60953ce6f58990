"""The web ACL in front of the stages: what it adds, how it changes, and the way back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.stack import Change, Installation, Snapshot, Stack
from tests.once import once

pytestmark = pytest.mark.engine

OTHER = "arn:aws:wafv2:us-east-2:111122223333:regional/webacl/orders/9f0c6f0e"
LISTS = {"allow": ["203.0.113.0/24", "2001:db8::/32"], "block": ["203.0.113.66/32"]}
NEXT: Change = ("stages.next", {"target": "blue"})
CREATED = [
    "create IpSet web-allow-ipv4",
    "create IpSet web-allow-ipv6",
    "create IpSet web-block-ipv4",
    "create WebAcl web-acl",
    "create WebAclAssociation web-dev",
]


def managed(**rules: object) -> Change:
    return ("api.webAcl", {"managed": rules})


@pytest.fixture
def protected(
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
    restore: Callable[[Snapshot], Stack],
) -> Stack:
    """The dev stack with a web ACL and lists, brought up once in a test run."""

    def bring_up() -> Snapshot:
        folder: Path = tmp_path_factory.mktemp("web-acl") / "stack"
        with FakeProvider() as aws:
            stack = Stack.create(folder, aws, managed(**LISTS), installation=installation)
            stack.up()
            return stack.snapshot()

    return restore(once("web-acl", bring_up))


def in_front(stack: Stack) -> dict[str, str]:
    """The web ACL of each stage."""
    acls = {
        one.inputs["resourceArn"]: one.inputs["webAclArn"]
        for one in stack.aws.account.of_type(rt.WEB_ACL_ASSOCIATION)
    }
    stages = stack.aws.account.of_type(rt.STAGE)
    return {one.inputs["stageName"]: acls.get(one.outputs["arn"], "none") for one in stages}


def own_acl(stack: Stack) -> str:
    return str(stack.aws.account.one(rt.WEB_ACL).outputs["arn"])


def test_a_preview_predicts_the_first_update_and_the_second_makes_no_call(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack(managed(**LISTS))
    steps = [step for step in stack.preview() if step.type.startswith("aws:")]
    assert sorted(stack.up()) == sorted(map(str, steps))
    assert in_front(stack) == {"dev": own_acl(stack)}
    assert stack.preview() == []
    assert stack.up() == []
    assert stack.up("--refresh") == []


def test_a_stack_gets_a_web_acl_and_loses_it_without_another_change(dev: Stack) -> None:
    dev.edit(managed(**LISTS))
    changes = dev.up()
    assert sorted(changes) == CREATED
    assert changes[-2:] == CREATED[-2:]
    dev.edit()
    changes = dev.up()
    assert sorted(changes) == [line.replace("create", "delete") for line in CREATED]
    assert changes[:2] == ["delete WebAclAssociation web-dev", "delete WebAcl web-acl"]


def test_a_list_is_deleted_after_the_rule_that_names_it(protected: Stack) -> None:
    protected.edit(managed(block=LISTS["block"], rateLimit=2000))
    first, *others = protected.up()
    assert first == "update WebAcl web-acl"
    assert sorted(others) == [f"delete IpSet web-allow-ipv{version}" for version in (4, 6)]


def test_addresses_change_in_place(protected: Stack) -> None:
    protected.edit(managed(**{**LISTS, "block": ["203.0.113.67/32"]}))
    assert protected.up() == ["update IpSet web-block-ipv4"]


def test_another_web_acl_takes_over_and_stays(protected: Stack) -> None:
    own = own_acl(protected)
    protected.edit(("api.webAcl", {"arn": OTHER}))
    changes = protected.up()
    assert changes[:2] == [
        "delete WebAclAssociation web-dev",
        "create WebAclAssociation web-dev",
    ]
    assert changes[2] == "delete WebAcl web-acl"
    assert in_front(protected) == {"dev": OTHER}
    assert own != OTHER
    assert protected.up("--refresh") == []


def test_every_stage_gets_the_web_acl_and_a_removed_one_takes_its_association_along(
    protected: Stack,
) -> None:
    protected.edit(managed(**LISTS), NEXT)
    changes = protected.up()
    assert changes.index("create Stage api-next-stage") < changes.index(
        "create WebAclAssociation web-next"
    )
    assert in_front(protected) == dict.fromkeys(("dev", "next"), own_acl(protected))
    protected.edit(managed(**LISTS))
    changes = protected.up()
    assert changes.index("delete WebAclAssociation web-next") < changes.index(
        "delete Stage api-next-stage"
    )
    assert in_front(protected) == {"dev": own_acl(protected)}


def test_a_destroyed_stack_leaves_no_web_acl(protected: Stack) -> None:
    protected.destroy()
    tokens = (rt.WEB_ACL, rt.IP_SET, rt.WEB_ACL_ASSOCIATION)
    assert not [one for token in tokens for one in protected.aws.account.of_type(token)]
