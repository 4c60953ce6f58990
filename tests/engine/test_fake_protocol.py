"""The fake provider answers the protocol as the real one does. No CLI is needed."""

from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2, status_pb2
from pulumi.runtime.proto.provider_pb2_grpc import ResourceProviderStub

from settings import ConfigError, Settings
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.checks import name_problems
from tests.engine.fake_provider.journal import CANCELED, INJECTED, Fault
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.fake_provider.values import Props, received, secret, sent
from tests.stacks import config

WAITING = [token for token, resource_type in rt.TYPES.items() if resource_type.states]
NLB: Props = {"loadBalancerType": "network", "internal": True, "subnets": ["subnet-1"]}
ENFORCED = "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
GIVEN: dict[str, Props] = {
    rt.FLEET: {"minSize": 1, "maxSize": 2},
    rt.LOAD_BALANCER: NLB,
    rt.SUBNET: {"vpcId": "vpc-1", "cidrBlock": "10.0.0.0/24"},
    rt.VPC_LINK: {"targetArn": "arn"},
    rt.ROUTE_TABLE_ASSOCIATION: {"subnetId": "subnet-1"},
    rt.NAT_GATEWAY: {"subnetId": "subnet-1", "allocationId": "eipalloc-1"},
}
"""The least inputs with which a type that waits can be created."""


class Client:
    """The engine's side of the protocol."""

    def __init__(self, aws: FakeProvider) -> None:
        self.aws = aws
        channel = grpc.insecure_channel(aws.address.replace("aws", "127.0.0.1"))
        self.stub = ResourceProviderStub(channel)
        region = sent({"region": "us-east-2"})
        self.stub.Configure(provider_pb2.ConfigureRequest(args=region))

    def check(self, token: str, name: str = "x", olds: Props | None = None, **news: Any) -> Any:
        request = provider_pb2.CheckRequest(
            urn=urn(token, name),
            type=token,
            name=name,
            olds=sent(olds or {}),
            news=sent(news),
            randomSeed=b"\xab" * 32,
        )
        return self.stub.Check(request)

    def inputs(self, token: str, **news: Any) -> Props:
        return received(self.check(token, **news).inputs)

    def create(self, token: str, *, preview: bool = False, **news: Any) -> Props:
        request = provider_pb2.CreateRequest(
            urn=urn(token, "x"),
            type=token,
            name="x",
            preview=preview,
            properties=sent(self.inputs(token, **news)),
        )
        return received(self.stub.Create(request).properties)

    def update(self, resource: Resource, olds: Props, **news: Any) -> Props:
        request = provider_pb2.UpdateRequest(
            id=resource.id,
            urn=resource.urn,
            type=resource.type,
            name="x",
            olds=sent(olds),
            old_inputs=sent(resource.wrapped),
            news=sent(news),
        )
        return received(self.stub.Update(request).properties)

    def failing_create(self, token: str, fault: Fault, **news: Any) -> tuple[str, Props | None]:
        """Message, and what the state then has; None if nothing."""
        self.aws.faults = [fault]
        with pytest.raises(grpc.RpcError) as caught:
            self.create(token, **news)
        error = caught.value
        details = dict(error.trailing_metadata() or ())
        if "grpc-status-details-bin" not in details:
            return error.details(), None
        status = status_pb2.Status.FromString(details["grpc-status-details-bin"])
        saved = provider_pb2.ErrorResourceInitFailed()
        status.details[0].Unpack(saved)
        assert list(saved.reasons) == [error.details()]
        return error.details(), received(saved.properties)


def urn(token: str, name: str) -> str:
    return f"urn:pulumi:s::p::{token}::{name}"


@pytest.fixture
def client() -> Iterator[Client]:
    with FakeProvider() as aws:
        yield Client(aws)


def test_check_adds_the_region_the_defaults_the_tags_and_a_name(client: Client) -> None:
    assert client.inputs(rt.ROLE, tags={"a": "b"}) == {
        "__defaults": ["maxSessionDuration", "name", "path"],
        "maxSessionDuration": 3600,
        "name": "x-abababa",
        "path": "/",
        "tags": {"a": "b", "__defaults": []},
        "tagsAll": {"a": "b", "__defaults": []},
    }
    group = client.inputs(rt.TARGET_GROUP, healthCheck={"path": "/"})
    assert group["healthCheck"] == {"path": "/", "enabled": True, "__defaults": ["enabled"]}
    assert group["region"] == "us-east-2"
    assert client.inputs(rt.TARGET_GROUP, healthCheck={"enabled": False})["healthCheck"] == {
        "enabled": False,
        "__defaults": [],
    }


def test_check_adds_no_tags_where_the_provider_has_none(client: Client) -> None:
    assert "tagsAll" in client.inputs(rt.LAUNCH_TEMPLATE, tags={"a": "b"})
    assert "tagsAll" not in client.inputs(rt.FLEET, tags=[{"key": "a", "value": "b"}])
    rule = {"tags": {"a": "b"}, "region": "us-east-2"}
    assert client.inputs(rt.INGRESS_RULE, tags={"a": "b"}) == rule


def test_another_tag_shows_in_both_properties(client: Client) -> None:
    olds = client.inputs(rt.VPC, cidrBlock="10.0.0.0/16", tags={"a": "b"})
    news = client.inputs(rt.VPC, cidrBlock="10.0.0.0/16", tags={"a": "c"})
    request = provider_pb2.DiffRequest(
        urn=urn(rt.VPC, "x"), type=rt.VPC, olds=sent(olds), old_inputs=sent(olds), news=sent(news)
    )
    diff = client.stub.Diff(request)
    assert (list(diff.diffs), list(diff.replaces)) == (["tags", "tagsAll"], [])
    assert sorted(diff.detailedDiff) == ["tags.a", "tagsAll.a"]


def test_check_keeps_a_generated_name(client: Client) -> None:
    olds = {"name": "x-1234567", "__defaults": ["name"]}
    assert client.check(rt.VPC_LINK, olds=olds).inputs["name"] == "x-1234567"
    assert client.check(rt.VPC_LINK, olds={"name": "own"}).inputs["name"] == "x-abababa"


@pytest.mark.parametrize(
    ("token", "name", "reason"),
    [
        (rt.LOAD_BALANCER, "a" * 24, ""),
        (rt.LOAD_BALANCER, "a" * 25, '"name" cannot be longer than 32 characters'),
        (rt.TARGET_GROUP, "a" * 24, ""),
        (rt.TARGET_GROUP, "a" * 25, "is longer than maximum length 32"),
        (rt.LOAD_BALANCER, "internal-nlb", '"name" cannot begin with "internal-"'),
        (rt.LOAD_BALANCER, "sg-nlb", ""),
        (rt.SECURITY_GROUP, "sg-nlb", "invalid value for name (cannot begin with sg-)"),
        (rt.SECURITY_GROUP, "internal-nlb", ""),
    ],
)
def test_check_refuses_a_name_and_never_cuts_it(
    client: Client, token: str, name: str, reason: str
) -> None:
    response = client.check(token, name)
    assert [failure.property for failure in response.failures] == ["name"] * bool(reason)
    assert reason in "".join(failure.reason for failure in response.failures)
    assert reason or response.inputs["name"] == f"{name}-abababa"


@pytest.mark.parametrize(
    "name", ["internal", "internal-a", "internals", "sg", "sg-a", "sgs", "a-sg-internal"]
)
def test_the_settings_refuse_the_targets_whose_names_the_provider_refuses(name: str) -> None:
    target = {"port": 80, "healthPath": "/", "fleet": {"instanceType": "t4g.micro"}}
    named = {rt.LOAD_BALANCER: "nlb", rt.SECURITY_GROUP: "fleet"}
    refused = [
        problem
        for token, suffix in named.items()
        for problem in name_problems(token, {"name": f"{name}-{suffix}-1234567"})
    ]
    if not refused:
        assert name in Settings.read(config((f"targets/{name}", target)), title="x").targets
        return
    with pytest.raises(ConfigError) as caught:
        Settings.read(config((f"targets/{name}", target)), title="x")
    assert [str(problem).partition(": ")[0] for problem in caught.value.problems] == [
        f"private-api:targets.{name}"
    ]


def test_a_name_that_the_provider_refuses_for_new_targets_is_free_for_existing_ones() -> None:
    link = {"vpcLinkId": "a1b2c3", "host": "x.elb.us-east-2.amazonaws.com"}
    settings = Settings.read(config(("targets/internal", link)), title="x")
    assert "internal" in settings.targets


def test_a_preview_knows_what_is_given_and_nothing_else(client: Client) -> None:
    group = client.create(rt.SECURITY_GROUP, preview=True, vpcId="vpc-1")
    assert group["vpcId"] == "vpc-1"
    assert {"arn", "ingress", "egress", "ownerId"} <= {
        key for key, value in group.items() if value == rpc.UNKNOWN
    }
    assert client.create(rt.SECURITY_GROUP, preview=True, ingress=[])["ingress"] == []


def test_a_preview_knows_all_of_a_set_or_a_map_or_nothing(client: Client) -> None:
    mixed = ["sg-1", rpc.UNKNOWN]
    unknown = client.create(rt.LOAD_BALANCER, preview=True, **NLB, securityGroups=mixed)
    assert (unknown["securityGroups"], unknown["subnets"]) == (rpc.UNKNOWN, ["subnet-1"])
    variables = {"host": "h", "link": rpc.UNKNOWN}
    assert client.create(rt.STAGE, preview=True, variables=variables)["variables"] == rpc.UNKNOWN


def test_outputs_are_what_aws_has_and_the_key_is_secret(client: Client) -> None:
    key = client.create(rt.API_KEY)
    assert key["value"] == secret(key["value"]["value"])
    assert key["description"] == "Managed by Pulumi"
    assert "__defaults" not in key
    assert client.create(rt.USAGE_PLAN_KEY, keyId="k", usagePlanId="p")["value"][0] == "0"
    assert client.create(rt.ROUTE_TABLE, vpcId="v")["routes"] == []


def test_an_update_reads_back_what_aws_has(client: Client) -> None:
    olds = client.create(rt.API_KEY, description="one", tags={"a": "b"})
    key = client.aws.account.one(rt.API_KEY)
    key.wrapped["tags"] = {"a": "by hand"}
    news = client.update(key, olds, description="two", tags={"a": "b"}, name=olds["name"])
    assert (news["description"], news["tags"]) == ("two", {"a": "by hand"})


@pytest.mark.parametrize("token", WAITING)
def test_a_canceled_create_leaves_what_aws_has_begun(client: Client, token: str) -> None:
    message, saved = client.failing_create(token, Fault.canceled(token), **GIVEN.get(token, {}))
    assert message == CANCELED
    assert saved is not None
    made = client.aws.account.one(token)
    states = rt.TYPES[token].states
    assert states
    assert made.status == states.begun


@pytest.mark.parametrize("token", [t for t in WAITING if t != rt.VPC])
def test_a_create_can_end_in_a_state_that_says_failed(client: Client, token: str) -> None:
    message, saved = client.failing_create(token, Fault.failed(token), **GIVEN.get(token, {}))
    assert message == INJECTED
    assert saved is not None
    made = client.aws.account.one(token)
    assert made.status.lower() in ("failed", "unhealthy")
    assert made.status_message == INJECTED


def test_the_last_call_for_a_balancer_can_be_lost(client: Client) -> None:
    lost = Fault("create", rt.LOAD_BALANCER, saved=True, step=-1)
    given = {**NLB, "enableCrossZoneLoadBalancing": True, ENFORCED: "off"}
    _, saved = client.failing_create(rt.LOAD_BALANCER, lost, **given)
    balancer = client.aws.account.one(rt.LOAD_BALANCER).inputs
    assert saved
    assert (balancer[ENFORCED], saved[ENFORCED]) == ("on", "off")
    assert balancer["enableCrossZoneLoadBalancing"] is True


def test_the_default_group_is_tagged_before_it_is_emptied(client: Client) -> None:
    lost = Fault("create", rt.DEFAULT_SECURITY_GROUP, saved=True)
    given: Props = {"vpcId": "vpc-1", "tags": {"a": "b"}, "ingress": [], "egress": []}
    _, saved = client.failing_create(rt.DEFAULT_SECURITY_GROUP, lost, **given)
    group = client.aws.account.one(rt.DEFAULT_SECURITY_GROUP).inputs
    assert saved
    assert (group["tags"], saved["ingress"], saved["egress"]) == ({"a": "b"}, [], [])
    assert [len(group[side]) for side in ("ingress", "egress")] == [1, 1]
