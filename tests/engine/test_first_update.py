"""The first update, and updates that change nothing."""

import json
from collections.abc import Callable

import pytest

from simulation.sdk import SIGNATURE
from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.resource_types import (
    API_KEY,
    METHOD_SETTINGS,
    STAGE,
    USAGE_PLAN_KEY,
    VPC_LINK,
)
from tests.engine.stack import CommandFailed, Stack

pytestmark = pytest.mark.engine


def test_a_preview_changes_nothing_and_predicts_the_update(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack()
    steps = [step for step in stack.preview() if step.type.startswith("aws:")]
    assert stack.aws.changes() == []
    assert sorted(stack.up()) == sorted(map(str, steps))
    assert {step.op for step in steps} == {"create"}
    outputs = json.loads(stack.run("stack", "output", "--json"))
    assert outputs["invoke_urls"]["dev"].startswith("https://")


def test_an_update_without_a_change_makes_no_call(dev: Stack) -> None:
    assert dev.preview() == []
    assert dev.up() == []
    assert dev.up("--refresh") == []
    assert dev.aws.calls("read") != []


def test_a_resource_that_was_deleted_by_hand_is_created_again(dev: Stack) -> None:
    settings = dev.aws.account.one(METHOD_SETTINGS)
    dev.aws.account.delete(settings.type, settings.id)
    assert dev.up("--refresh") == ["create MethodSettings api-dev-methods"]


def test_a_resource_that_was_changed_by_hand_is_corrected(dev: Stack) -> None:
    dev.aws.account.one(METHOD_SETTINGS).wrapped["settings"]["throttlingRateLimit"] = 1
    assert dev.up("--refresh") == ["update MethodSettings api-dev-methods"]


def test_a_change_by_hand_shows_once_an_update_has_read_it(dev: Stack) -> None:
    dev.aws.account.one(STAGE).wrapped["xrayTracingEnabled"] = False
    assert dev.up() == []
    dev.edit(("stages.dev.variables", {"more": "x"}))
    assert dev.up() == ["update Stage api-dev-stage"]
    assert dev.aws.account.one(STAGE).inputs["xrayTracingEnabled"] is False
    assert dev.up() == ["update Stage api-dev-stage"]
    assert dev.aws.account.one(STAGE).inputs["xrayTracingEnabled"] is True


def test_an_invalid_configuration_fails_before_the_first_resource(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack(("stages.dev.target", "bleu"))
    with pytest.raises(CommandFailed, match=r"private-api:stages\.dev\.target") as failed:
        stack.up()
    assert "Traceback" not in str(failed.value)
    assert stack.aws.changes() == []


def test_the_state_holds_no_api_key_in_plain_text(new_stack: Callable[..., Stack]) -> None:
    throttle = {"rateLimit": 5, "burstLimit": 5}
    stack = new_stack(("stages.dev.apiKeys", {"names": ["ci"], "throttle": throttle}))
    stack.up()
    values = {
        resource["type"]: resource["outputs"]["value"]
        for resource in json.loads(stack.run("stack", "export"))["deployment"]["resources"]
        if resource["type"] in (API_KEY, USAGE_PLAN_KEY)
    }
    assert {token: sorted(value.keys() - {SIGNATURE}) for token, value in values.items()} == {
        API_KEY: ["ciphertext"],
        USAGE_PLAN_KEY: ["ciphertext"],
    }


def test_existing_targets_get_links_and_nothing_else(new_stack: Callable[..., Stack]) -> None:
    balancer = (
        "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/old/0123456789abcdef"
    )
    host = "old-0123456789abcdef.elb.us-east-2.amazonaws.com"
    targets = {
        "mine": {"loadBalancerArn": balancer, "host": host},
        "theirs": {"vpcLinkId": "a1b2c3", "host": host},
    }
    stack = new_stack(("network", {}), ("targets", targets), ("stages.dev.target", "theirs"))
    with pytest.raises(CommandFailed, match="VPC link a1b2c3 does not exist in this account"):
        stack.up("--continue-on-error")
    assert not list(stack.aws.account.of_type(STAGE))
    stack.aws.account.add(Resource(VPC_LINK, "a1b2c3", "", {"targetArn": ""}, {}))
    stack.up()
    changes = [str(call) for call in stack.aws.changes()]
    assert [change for change in changes if "VpcLink" in change] == ["create VpcLink api-mine-link"]
    assert stack.aws.account.one(STAGE).inputs["variables"]["vpcLinkId"] == "a1b2c3"
    assert not any("LoadBalancer" in change or "Vpc " in change for change in changes)
