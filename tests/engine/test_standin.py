"""The stand-in itself: what it refuses, replaces and compares. No CLI is needed."""

from collections.abc import Mapping
from typing import Any

import pytest

from .standin import kinds as k
from .standin.cloud import Cloud, Thing
from .standin.rules import refuses, refuses_create, refuses_delete
from .standin.values import changes

REGION = "us-east-2"
DEFINITION = "${stageVariables.vpcLinkId} ${stageVariables.backendHost}"


class World:
    """A cloud with NLB, target group, listener, link, API, deployment and stage."""

    def __init__(self) -> None:
        self.cloud = Cloud()
        self.balancer = self.add(k.LOAD_BALANCER, name="nlb")
        self.group = self.add(k.TARGET_GROUP, name="group")
        self.listener = self.add(k.LISTENER, **self.listening(self.balancer, 80))
        self.link = self.add(k.VPC_LINK, targetArn=self.balancer.id, name="link")
        self.api = self.add(k.REST_API, name="api")
        self.definition = self.add(k.REST_API_PUT, restApiId=self.api.id, body=DEFINITION)
        self.deployment = self.add(k.DEPLOYMENT, restApi=self.api.id)
        variables = {"vpcLinkId": self.link.id, "backendHost": "host"}
        self.stage = self.add(k.STAGE, **self.published(variables=variables))

    def would_be(self, kind: str, /, **inputs: Any) -> Thing:
        urn = f"urn:pulumi:s::p::{kind}::{len(self.cloud.things)}"
        return self.cloud.make(kind, urn, inputs, REGION)

    def add(self, kind: str, /, **inputs: Any) -> Thing:
        thing = self.would_be(kind, **inputs)
        assert refuses_create(self.cloud, thing) is None
        self.cloud.store(thing)
        return thing

    def listening(self, balancer: Thing, port: int) -> dict[str, Any]:
        forward = [{"targetGroupArn": self.group.id}]
        return {"loadBalancerArn": balancer.id, "port": port, "defaultActions": forward}

    def published(self, **inputs: Any) -> dict[str, Any]:
        base = {"restApi": self.api.id, "stageName": "dev", "deployment": self.deployment.id}
        return {**base, **inputs}


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("link", "Cannot delete vpc link"),
        ("balancer", "currently associated with another service"),
        ("group", "currently in use by a listener"),
        ("deployment", "Active stages pointing"),
    ],
)
def test_what_is_in_use_stays(world: World, name: str, said: str) -> None:
    thing: Thing = getattr(world, name)
    assert said in str(refuses_delete(world.cloud, thing.kind, thing.id))


def test_what_nobody_uses_goes(world: World) -> None:
    for thing in (world.stage, world.deployment, world.link, world.balancer, world.group):
        assert refuses_delete(world.cloud, thing.kind, thing.id) is None
        world.cloud.drop(thing.kind, thing.id)
    assert world.listener not in world.cloud.things.values()


def test_a_balancer_is_held_for_one_delete_after_its_link_went(world: World) -> None:
    world.cloud.releases_slowly = True
    world.cloud.drop(k.STAGE, world.stage.id)
    world.cloud.drop(k.VPC_LINK, world.link.id)
    assert "a moment ago" in str(refuses_delete(world.cloud, k.LOAD_BALANCER, world.balancer.id))
    assert refuses_delete(world.cloud, k.LOAD_BALANCER, world.balancer.id) is None


def test_a_link_that_only_a_canary_names_stays(world: World) -> None:
    other = world.add(k.VPC_LINK, targetArn="arn:other", name="other")
    assert refuses_delete(world.cloud, k.VPC_LINK, other.id) is None
    overrides = {"stageVariableOverrides": {"vpcLinkId": other.id}}
    world.stage.inputs["canarySettings"] = overrides
    assert "referenced" in str(refuses_delete(world.cloud, k.VPC_LINK, other.id))


def test_a_balancer_takes_one_link(world: World) -> None:
    second = world.would_be(k.VPC_LINK, targetArn=world.balancer.id, name="second")
    assert "already associated" in str(refuses_create(world.cloud, second))


def test_a_target_group_is_under_one_balancer(world: World) -> None:
    other = world.add(k.LOAD_BALANCER, name="other")
    second = world.would_be(k.LISTENER, **world.listening(other, 80))
    assert "TargetGroupAssociationLimit" in str(refuses_create(world.cloud, second))
    same_port = world.would_be(k.LISTENER, **world.listening(world.balancer, 80))
    assert "DuplicateListener" in str(refuses_create(world.cloud, same_port))


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"variables": {"vpcLinkId": "x"}}, "backendHost"),
        ({"variables": {"vpcLinkId": "x", "backendHost": "y"}}, "None"),
        ({"deployment": "gone"}, "does not exist"),
        ({"canarySettings": {"deploymentId": "gone"}}, "does not exist"),
    ],
)
def test_a_stage_fits_its_deployment(world: World, inputs: Mapping[str, Any], said: str) -> None:
    variables = {"vpcLinkId": "x", "backendHost": "y"}
    stage = world.would_be(k.STAGE, **world.published(**{"variables": variables, **inputs}))
    assert said in str(refuses(world.cloud, stage))


def test_logs_need_the_role_of_the_account(world: World) -> None:
    world.stage.inputs["accessLogSettings"] = {"destinationArn": "arn"}
    assert refuses(world.cloud, world.stage) is None
    world.cloud.may_log = False
    assert "role ARN must be set" in str(refuses(world.cloud, world.stage))
    world.add(k.API_ACCOUNT, cloudwatchRoleArn="arn")
    assert refuses(world.cloud, world.stage) is None


def test_a_name_is_taken_once(world: World) -> None:
    world.add(k.LOG_GROUP, name="group")
    second = world.would_be(k.LOG_GROUP, name="group")
    assert "already exists" in str(refuses_create(world.cloud, second))


def test_ranges_of_subnets_do_not_overlap(world: World) -> None:
    world.add(k.SUBNET, vpcId="vpc", cidrBlock="10.0.0.0/24")
    within = world.would_be(k.SUBNET, vpcId="vpc", cidrBlock="10.0.0.128/25")
    assert "conflicts" in str(refuses_create(world.cloud, within))
    world.add(k.SUBNET, vpcId="vpc", cidrBlock="10.0.1.0/24")


def test_a_balancer_loses_no_zone_in_place() -> None:
    two, three = {"subnets": ["a", "b"]}, {"subnets": ["c", "b", "a"]}
    assert k.forced(k.LOAD_BALANCER, three, two, {"subnets"}) == {"subnets"}
    assert k.forced(k.LOAD_BALANCER, two, three, {"subnets"}) == set()


def test_what_means_the_same_is_no_change() -> None:
    old = {"subnets": ["a", "b"], "policy": '{"a": 1, "b": 2}', "tags": {"x": "1"}}
    new = {"subnets": ["b", "a"], "policy": '{"b":2,"a":1}', "tags": {"x": "2", "y": "3"}}
    assert changes(old, new) == {"tags": ("~tags.x", "+tags.y")}
