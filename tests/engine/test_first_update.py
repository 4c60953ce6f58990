"""The first update, and the ones that change nothing."""

from collections.abc import Callable

import pytest

from .stack import Failed, Stack
from .standin import kinds as k

pytestmark = pytest.mark.engine


def test_a_preview_changes_nothing_and_foretells_the_update(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack()
    foretold = [step for step in stack.preview() if step.kind.startswith("aws:")]
    assert stack.aws.changes() == []
    assert sorted(stack.up()) == sorted(map(str, foretold))
    assert {step.op for step in foretold} == {"create"}
    assert stack.outputs()["invoke_urls"]["dev"].startswith("https://")


def test_an_update_without_a_change_makes_no_call(dev: Stack) -> None:
    assert dev.preview() == []
    assert dev.up() == []
    assert dev.up("--refresh") == []
    assert dev.aws.calls("read") != []


def test_what_was_deleted_by_hand_is_made_again(dev: Stack) -> None:
    settings = dev.aws.cloud.one(k.METHOD_SETTINGS)
    dev.aws.cloud.drop(settings.kind, settings.id)
    assert dev.up("--refresh") == ["create MethodSettings api-dev-methods"]


def test_what_was_changed_by_hand_is_set_right(dev: Stack) -> None:
    dev.aws.cloud.one(k.METHOD_SETTINGS).inputs["settings"]["throttlingRateLimit"] = 1
    assert dev.up("--refresh") == ["update MethodSettings api-dev-methods"]


def test_a_bad_configuration_is_refused_before_the_first_resource(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack(("stages.dev.target", "bleu"))
    with pytest.raises(Failed, match=r"private-api:stages\.dev\.target") as failed:
        stack.up()
    assert "Traceback" not in str(failed.value)
    assert stack.aws.changes() == []


def test_existing_targets_get_links_and_nothing_else(new_stack: Callable[..., Stack]) -> None:
    balancer = (
        "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/old/0123456789abcdef"
    )
    host = "old-0123456789abcdef.elb.us-east-2.amazonaws.com"
    stack = new_stack(
        ("network", {}),
        (
            "targets",
            {
                "mine": {"loadBalancerArn": balancer, "host": host},
                "theirs": {"vpcLinkId": "a1b2c3", "host": host},
            },
        ),
        ("stages.dev.target", "theirs"),
    )
    changes = stack.up()
    assert [change for change in changes if "VpcLink" in change] == ["create VpcLink api-mine-link"]
    assert stack.aws.cloud.one(k.STAGE).given["variables"]["vpcLinkId"] == "a1b2c3"
    assert not any("LoadBalancer" in change or "Vpc " in change for change in changes)
