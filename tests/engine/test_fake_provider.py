"""The fake provider itself: what it rejects, replaces and compares. No CLI is needed."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.example import Example, calling
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.rejections import create_error, delete_error, error
from tests.engine.fake_provider.values import changes


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("link", "Cannot delete vpc link"),
        ("balancer", "currently associated with another service"),
        ("group", "currently in use by a listener"),
        ("deployment", "Active stages pointing"),
    ],
)
def test_a_resource_in_use_cannot_be_deleted(example: Example, name: str, message: str) -> None:
    resource: Resource = getattr(example, name)
    assert message in str(delete_error(example.account, resource.type, resource.id))


def test_an_unused_resource_can_be_deleted(example: Example) -> None:
    for resource in (
        example.stage,
        example.deployment,
        example.link,
        example.balancer,
        example.group,
    ):
        assert delete_error(example.account, resource.type, resource.id) is None
        example.account.delete(resource.type, resource.id)
    assert example.listener not in example.account.resources.values()


def test_a_load_balancer_is_released_late_after_its_link_was_deleted(example: Example) -> None:
    example.account.releases_late = True
    example.account.delete(rt.STAGE, example.stage.id)
    example.account.delete(rt.VPC_LINK, example.link.id)
    assert "a moment ago" in str(
        delete_error(example.account, rt.LOAD_BALANCER, example.balancer.id)
    )
    assert delete_error(example.account, rt.LOAD_BALANCER, example.balancer.id) is None


def test_a_link_that_only_a_canary_uses_cannot_be_deleted(example: Example) -> None:
    other = example.add(rt.VPC_LINK, targetArn="arn:other", name="other")
    assert delete_error(example.account, rt.VPC_LINK, other.id) is None
    overrides = {"stageVariableOverrides": {"vpcLinkId": other.id}}
    example.stage.wrapped["canarySettings"] = overrides
    assert "referenced" in str(delete_error(example.account, rt.VPC_LINK, other.id))


SUBNETS: dict[str, Any] = {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}


def with_v2(example: Example, definition: str) -> tuple[Resource, Resource]:
    """A link V2, and a stage that selects it for this definition."""
    link = example.add(rt.VPC_LINK_V2, name="v2", **SUBNETS)
    example.add(rt.REST_API_PUT, restApiId=example.api.id, body=definition)
    deployment = example.add(rt.DEPLOYMENT, restApi=example.api.id)
    variables = {"vpcLinkId": link.id, "backendHost": "host"}
    published = example.published(variables=variables, stageName="v2", deployment=deployment.id)
    return link, example.build(rt.STAGE, **published)


def test_a_stage_of_a_link_v2_needs_an_integration_target(example: Example) -> None:
    _, stage = with_v2(example, calling())
    assert "IntegrationTarget is required" in str(create_error(example.account, stage))


def test_what_a_stage_reaches_through_a_link_v2_cannot_be_deleted(example: Example) -> None:
    balancer = example.add(rt.LOAD_BALANCER, name="second")
    link, stage = with_v2(example, calling(**{"integration-target": balancer.id}))
    assert create_error(example.account, stage) is None
    assert delete_error(example.account, balancer.type, balancer.id) is None
    assert delete_error(example.account, link.type, link.id) is None
    example.account.add(stage)
    assert "integration target of" in str(delete_error(example.account, balancer.type, balancer.id))
    assert "Cannot delete vpc link" in str(delete_error(example.account, link.type, link.id))


def test_a_stage_of_a_link_v1_has_no_integration_target(example: Example) -> None:
    _, stage = with_v2(example, calling(**{"integration-target": example.balancer.id}))
    stage.wrapped["variables"]["vpcLinkId"] = example.link.id
    assert "IntegrationTarget is for" in str(create_error(example.account, stage))


def test_an_integration_target_is_a_load_balancer_and_no_listener(example: Example) -> None:
    body = calling(**{"integration-target": example.listener.id})
    definition = example.build(rt.REST_API_PUT, restApiId=example.api.id, body=body)
    assert "is not a valid ALB or NLB arn" in str(create_error(example.account, definition))


@pytest.mark.parametrize("key", SUBNETS)
def test_subnets_and_groups_of_a_link_v2_are_changed_by_replacing_it(
    example: Example, key: str
) -> None:
    link = example.add(rt.VPC_LINK_V2, name="v2", **SUBNETS)
    changed = example.build(rt.VPC_LINK_V2, name="v2", **{**SUBNETS, key: ["other"]})
    changed.id = link.id
    assert f"{key} of a VPC link cannot be changed" in str(error(example.account, changed))
    old, new = link.inputs, changed.inputs
    assert rt.forced(rt.VPC_LINK_V2, old, new, set(changes(old, new))) == {key}
    turned = {**SUBNETS, "subnetIds": SUBNETS["subnetIds"][::-1]}
    assert changes(SUBNETS, turned) == {}


def test_a_load_balancer_has_at_most_one_link(example: Example) -> None:
    second = example.build(rt.VPC_LINK, targetArn=example.balancer.id, name="second")
    assert "already associated" in str(create_error(example.account, second))


def test_a_target_group_belongs_to_one_load_balancer(example: Example) -> None:
    other = example.add(rt.LOAD_BALANCER, name="other")
    second = example.build(rt.LISTENER, **example.listening(other, 80))
    assert "TargetGroupAssociationLimit" in str(create_error(example.account, second))
    same_port = example.build(rt.LISTENER, **example.listening(example.balancer, 80))
    assert "DuplicateListener" in str(create_error(example.account, same_port))


@pytest.mark.parametrize(
    ("certificate", "message"),
    [(None, "certificate must be specified"), ("arn:aws:acm:eu-west-1:1:x", "CertificateNotFound")],
)
def test_a_listener_that_ends_tls_has_a_certificate_of_its_region(
    example: Example, certificate: str | None, message: str
) -> None:
    given = {**example.listening(example.balancer, 443), "protocol": "TLS"}
    wrong = example.build(rt.LISTENER, **given, certificateArn=certificate)
    assert message in str(create_error(example.account, wrong))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"variables": {"vpcLinkId": "x"}}, "backendHost"),
        ({"variables": {"vpcLinkId": "x", "backendHost": "y"}}, "None"),
        ({"deployment": "gone"}, "does not exist"),
        ({"canarySettings": {"deploymentId": "gone"}}, "does not exist"),
    ],
)
def test_a_stage_needs_a_deployment_and_its_variables(
    example: Example, inputs: Mapping[str, Any], message: str
) -> None:
    variables = {"vpcLinkId": "x", "backendHost": "y"}
    stage = example.build(rt.STAGE, **example.published(**{"variables": variables, **inputs}))
    assert message in str(error(example.account, stage))


def test_logs_need_the_role_of_the_account(example: Example) -> None:
    example.stage.wrapped["accessLogSettings"] = {"destinationArn": "arn"}
    assert error(example.account, example.stage) is None
    example.account.has_log_role = False
    assert "role ARN must be set" in str(error(example.account, example.stage))
    example.add(rt.API_ACCOUNT, cloudwatchRoleArn="arn")
    assert error(example.account, example.stage) is None


def test_a_name_is_used_once(example: Example) -> None:
    example.add(rt.LOG_GROUP, name="group")
    second = example.build(rt.LOG_GROUP, name="group")
    assert "already exists" in str(create_error(example.account, second))


def test_the_ranges_of_subnets_must_not_overlap(example: Example) -> None:
    example.add(rt.SUBNET, vpcId="vpc", cidrBlock="10.0.0.0/24")
    within = example.build(rt.SUBNET, vpcId="vpc", cidrBlock="10.0.0.128/25")
    assert "conflicts" in str(create_error(example.account, within))
    example.add(rt.SUBNET, vpcId="vpc", cidrBlock="10.0.1.0/24")


def test_every_target_is_healthy_unless_a_pattern_says_otherwise(example: Example) -> None:
    group = example.group.id
    fleet = example.add(rt.FLEET, name="fleet-a", minSize=2, targetGroupArns=[group])
    example.add(rt.FLEET, name="fleet-b", minSize=3, targetGroupArns=["arn:other"])
    example.add(rt.ATTACHMENT, targetGroupArn=group, targetId="i-1", port=80)
    first, second = example.account.instances(fleet)
    healthy = dict.fromkeys([first, second, "i-1"], "healthy")
    assert example.account.health(group) == healthy
    example.account.unhealthy = {"fleet-a"}
    assert example.account.health(group) == {**healthy, first: "unhealthy", second: "unhealthy"}
    example.account.unhealthy = {first, "i-?"}
    assert example.account.health(group) == {
        first: "unhealthy",
        second: "healthy",
        "i-1": "unhealthy",
    }


def test_a_resource_has_been_made_unless_it_was_canceled_or_failed(example: Example) -> None:
    begun = example.add(rt.VPC_LINK, status="PENDING", targetArn="a", name="begun")
    failed = example.add(rt.VPC_LINK, status="FAILED", targetArn="b", name="failed")
    assert [link.status for link in (example.link, begun, failed)] == [
        "AVAILABLE",
        "PENDING",
        "FAILED",
    ]
    example.account.settle()
    assert [begun.status, failed.status] == ["AVAILABLE", "FAILED"]


def test_removing_a_zone_replaces_the_load_balancer() -> None:
    two, three = {"subnets": ["a", "b"]}, {"subnets": ["c", "b", "a"]}
    assert rt.forced(rt.LOAD_BALANCER, three, two, {"subnets"}) == {"subnets"}
    assert rt.forced(rt.LOAD_BALANCER, two, three, {"subnets"}) == set()


def test_an_equivalent_value_is_no_change() -> None:
    old = {"subnets": ["a", "b"], "policy": '{"a": 1, "b": 2}', "tags": {"x": "1"}}
    new = {"subnets": ["b", "a"], "policy": '{"b":2,"a":1}', "tags": {"x": "2", "y": "3"}}
    assert changes(old, new) == {"tags": ("~tags.x", "+tags.y")}
