"""Targets behind a VPC link V2: moves in place, moves by redeploying, the way from V1 and back."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.recovery import aws
from tests.engine.stack import Change, CommandFailed, Installation, Snapshot, Stack
from tests.once import once
from tests.stacks import ABSENT

pytestmark = pytest.mark.engine

FLEET = {"port": 8080, "healthPath": "/health", "fleet": {"instanceType": "t4g.micro"}}
V2: Change = ("targets.blue.link", "v2")
GREEN: Change = ("targets.green", {**FLEET, "link": "v2"})
MOVED: Change = ("stages.dev.target", "green")
ALB = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/app/old/50dc6c495c0c9188"
LISTENERS = {
    name: {"link": "v2", "loadBalancerArn": ALB, "host": "old.example.com", "listenerPort": port}
    for name, port in (("blue", 8080), ("green", 8081))
}
EXISTING: list[Change] = [
    ("network", {"vpcId": "vpc-01234567", "subnetIds": ["subnet-01234567", "subnet-12345678"]}),
    ("targets", LISTENERS),
]
STACKS: dict[str, list[Change]] = {"blue": [V2], "both": [V2, GREEN], "listeners": EXISTING}
REDEPLOYED = ["create RestApiPut api-definition", "create Deployment api-deployment"]


@pytest.fixture
def up(
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
    restore: Callable[[Snapshot], Stack],
) -> Callable[[str], Stack]:
    """One of the stacks, up; brought up once in a test run."""

    def bring_up(name: str) -> Snapshot:
        folder: Path = tmp_path_factory.mktemp(name) / "stack"
        with FakeProvider() as aws:
            stack = Stack.create(folder, aws, *STACKS[name], installation=installation)
            stack.up()
            return stack.snapshot()

    return lambda name: restore(once(f"v2-{name}", lambda: bring_up(name)))


def stage(stack: Stack) -> dict[str, Any]:
    return stack.aws.account.one(rt.STAGE).inputs


def served(stack: Stack) -> set[str]:
    """The load balancers that the stage's deployment names."""
    deployment = stack.aws.account.resources[rt.DEPLOYMENT, stage(stack)["deployment"]]
    integrations = [
        operation["x-amazon-apigateway-integration"]
        for path in json.loads(deployment.definition)["paths"].values()
        for operation in path.values()
    ]
    return {one.get("integration-target", "none") for one in integrations if "uri" in one}


def balancer(stack: Stack, target: str) -> str:
    return made(stack, rt.LOAD_BALANCER, f"{target}-nlb")


def made(stack: Stack, token: str, name: str) -> str:
    (id,) = [r.id for r in stack.aws.account.of_type(token) if r.urn.endswith(f"::{name}")]
    return id


def assert_order(changes: list[str], *expected: str) -> None:
    assert sorted(expected, key=changes.index) == list(expected)


def test_a_preview_predicts_the_first_update_and_the_second_makes_no_call(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack(V2)
    steps = [step for step in stack.preview() if step.type.startswith("aws:")]
    assert sorted(stack.up()) == sorted(map(str, steps))
    assert served(stack) == {balancer(stack, "blue")}
    assert stage(stack)["variables"]["vpcLinkId"] == stack.aws.account.one(rt.VPC_LINK_V2).id
    assert not list(stack.aws.account.of_type(rt.VPC_LINK))
    assert stack.preview() == []
    assert stack.up() == []
    assert stack.up("--refresh") == []


def test_a_second_target_shares_the_link_and_leaves_the_api_as_it_is(
    up: Callable[[str], Stack],
) -> None:
    stack = up("blue")
    stack.edit(V2, GREEN)
    changes = stack.up()
    assert "create LoadBalancer green-nlb" in changes
    assert not [change for change in changes if "Link" in change or " api-" in change]
    group = stack.aws.account.one(rt.VPC_LINK_V2).inputs["securityGroupIds"][0]
    rules = stack.aws.account.of_type(rt.INGRESS_RULE)
    admitting = [r.inputs for r in rules if r.inputs["referencedSecurityGroupId"] == group]
    balancers = {
        one
        for found in stack.aws.account.of_type(rt.LOAD_BALANCER)
        for one in found.inputs["securityGroups"]
    }
    assert {rule["securityGroupId"] for rule in admitting} == balancers
    assert {(rule["fromPort"], rule["toPort"]) for rule in admitting} == {(80, 80)}


def test_a_stage_moves_to_another_balancer_by_redeploying(up: Callable[[str], Stack]) -> None:
    stack = up("both")
    stack.edit(V2, GREEN, MOVED)
    steps = {str(step) for step in stack.preview()}
    assert {"replace RestApiPut api-definition", "replace Deployment api-deployment"} <= steps
    assert "update Stage api-dev-stage" in steps
    assert "by redeploying the API" in stack.output
    changes = stack.up()
    assert_order(
        changes,
        *REDEPLOYED,
        "update Stage api-dev-stage",
        "delete Deployment api-deployment",
    )
    assert served(stack) == {balancer(stack, "green")}
    assert stack.up() == []


@pytest.mark.parametrize("token", [rt.REST_API_PUT, rt.DEPLOYMENT])
def test_a_redeployment_that_failed_is_completed_by_the_next_update(
    up: Callable[[str], Stack], token: str
) -> None:
    stack = up("both")
    stack.edit(V2, GREEN, MOVED)
    stack.aws.faults = [Fault("create", token)]
    with pytest.raises(CommandFailed, match=INJECTED):
        stack.up()
    assert served(stack) == {balancer(stack, "blue")}
    stack.up()
    assert served(stack) == {balancer(stack, "green")}


def test_a_target_is_removed_after_the_stage_has_moved_in_the_same_update(
    up: Callable[[str], Stack],
) -> None:
    stack = up("both")
    stack.edit(GREEN, MOVED, ("targets.blue", ABSENT))
    changes = stack.up()
    assert_order(
        changes,
        "update Stage api-dev-stage",
        "delete LoadBalancer blue-nlb",
        "delete SecurityGroup blue-nlb",
    )
    assert not [change for change in changes if "VpcLink" in change]
    assert stack.up() == []


def test_a_target_is_not_removed_while_a_stage_was_left_behind(up: Callable[[str], Stack]) -> None:
    stack = up("both")
    stack.edit(GREEN, MOVED, ("targets.blue", ABSENT))
    left = stack.aws.account.one(rt.STAGE).urn
    with pytest.raises(CommandFailed, match="this update has not moved it"):
        stack.up("--exclude", left)
    assert not [call for call in stack.aws.calls("delete") if "blue" in call.name]
    assert served(stack) == {balancer(stack, "blue")}
    stack.up()
    assert served(stack) == {balancer(stack, "green")}


def test_a_stage_moves_in_place_between_listeners_of_one_balancer(
    up: Callable[[str], Stack],
) -> None:
    stack = up("listeners")
    assert served(stack) == {ALB}
    stack.edit(*EXISTING, MOVED)
    (step,) = stack.preview()
    assert set(step.changed) == {"variables.backendHost"}
    assert stack.up() == ["update Stage api-dev-stage"]
    stack.edit(*EXISTING, MOVED, ("stages.dev.canary", {"target": "blue", "percent": 5}))
    assert stack.up() == ["update Stage api-dev-stage"]
    stack.edit(*EXISTING, MOVED)
    assert stack.up() == ["update Stage api-dev-stage"]


def test_the_owner_of_an_existing_balancer_learns_what_to_admit(up: Callable[[str], Stack]) -> None:
    stack = up("listeners")
    outputs = json.loads(stack.run("stack", "output", "--json"))
    group = made(stack, rt.SECURITY_GROUP, "v2-link")
    assert outputs["balancers_must_admit"] == {
        "blue": {"from": group, "port": 8080},
        "green": {"from": group, "port": 8081},
    }


def test_a_renewed_balancer_is_deployed_before_the_old_one_is_deleted(
    up: Callable[[str], Stack],
) -> None:
    stack = up("blue")
    link = stack.aws.account.one(rt.VPC_LINK_V2).id
    stack.edit(V2, ("targets.blue.listenerPort", 8081))
    changes = stack.up()
    assert_order(
        changes,
        "create LoadBalancer blue-nlb",
        *REDEPLOYED,
        "update Stage api-dev-stage",
        "delete LoadBalancer blue-nlb",
    )
    assert_order(
        changes,
        "create SecurityGroupIngressRule v2-to-blue-8081",
        "update Stage api-dev-stage",
        "delete SecurityGroupIngressRule v2-to-blue-80",
    )
    assert served(stack) == {balancer(stack, "blue")}
    assert stack.aws.account.one(rt.VPC_LINK_V2).id == link
    assert stack.up() == []


def test_a_rolled_fleet_leaves_link_and_api_alone(up: Callable[[str], Stack]) -> None:
    stack = up("blue")
    stack.edit(V2, ("targets.blue.fleet.instanceType", "t4g.small"))
    changes = stack.up()
    assert "create Group blue-fleet" in changes
    assert not [c for c in changes if "VpcLink" in c or " api-" in c]


def test_another_zone_makes_another_link_before_the_old_one_is_deleted(
    up: Callable[[str], Stack],
) -> None:
    stack = up("blue")
    stack.edit(V2, ("network.zones", ["us-east-2a", "us-east-2b", "us-east-2c"]))
    changes = stack.up()
    assert_order(
        changes,
        "create VpcLink v2-link",
        "update Stage api-dev-stage",
        "delete VpcLink v2-link",
    )
    assert stage(stack)["variables"]["vpcLinkId"] == stack.aws.account.one(rt.VPC_LINK_V2).id


@pytest.mark.parametrize("status", ["FAILED", "INACTIVE"])
def test_no_stage_is_published_on_a_link_that_does_not_work(
    new_stack: Callable[..., Stack], status: str
) -> None:
    stack = new_stack(V2)
    stack.aws.faults = [Fault.failed(rt.VPC_LINK_V2)]
    with pytest.raises(CommandFailed, match=INJECTED):
        stack.up()
    link = stack.aws.account.one(rt.VPC_LINK_V2)
    link.status = status
    with pytest.raises(CommandFailed, match=f"VPC link V2 {link.id} is {status}"):
        stack.up()
    assert not list(stack.aws.account.of_type(rt.STAGE))
    link.status = "AVAILABLE"
    stack.up()
    assert stage(stack)["variables"]["vpcLinkId"] == link.id


def test_a_link_that_became_inactive_is_replaced_before_the_stage_leaves_it(
    up: Callable[[str], Stack],
) -> None:
    stack = up("blue")
    old = stack.aws.account.one(rt.VPC_LINK_V2)
    old.status = "INACTIVE"
    assert stack.up("--replace", old.urn) == [
        "create VpcLink v2-link",
        "update Stage api-dev-stage",
        "delete VpcLink v2-link",
    ]
    assert stage(stack)["variables"]["vpcLinkId"] == stack.aws.account.one(rt.VPC_LINK_V2).id
    assert stack.up() == []


def test_no_delete_of_a_destroy_fails_and_nothing_remains(up: Callable[[str], Stack]) -> None:
    stack = up("both")
    stack.destroy()
    assert [str(call) for call in stack.aws.calls("delete") if call.error] == []
    remaining = {found.type for found in stack.aws.account.resources.values()}
    assert remaining == {rt.ROLE, rt.ROLE_POLICY_ATTACHMENT, rt.API_ACCOUNT}


def test_the_same_target_goes_from_v1_to_v2_and_back(dev: Stack) -> None:
    nlb = dev.aws.account.one(rt.LOAD_BALANCER).id
    dev.edit(V2)
    changes = dev.up()
    moved = ("update Stage api-dev-stage", "delete VpcLink api-blue-link")
    assert_order(changes, *REDEPLOYED, *moved)
    assert_order(changes, "create VpcLink v2-link", *moved)
    assert served(dev) == {nlb}
    assert dev.up() == []
    dev.edit()
    changes = dev.up()
    moved = ("update Stage api-dev-stage", "delete VpcLink v2-link")
    assert_order(changes, *REDEPLOYED, *moved)
    assert_order(changes, "create VpcLink api-blue-link", *moved)
    assert served(dev) == {"none"}
    assert dev.aws.account.one(rt.LOAD_BALANCER).id == nlb
    assert dev.up() == []


def test_stages_go_from_v1_to_a_second_target_with_v2_and_back(dev: Stack) -> None:
    dev.edit(GREEN)
    added = dev.up()
    assert "create VpcLink v2-link" in added
    assert not [change for change in added if " api-" in change]
    dev.edit(GREEN, MOVED)
    assert_order(dev.up(), *REDEPLOYED, "update Stage api-dev-stage")
    assert served(dev) == {balancer(dev, "green")}
    dev.edit(GREEN)
    assert_order(dev.up(), *REDEPLOYED, "update Stage api-dev-stage")
    assert served(dev) == {"none"}
    dev.edit(GREEN, MOVED)
    dev.up()
    dev.edit(GREEN, MOVED, ("targets.blue", ABSENT))
    assert {change.split()[0] for change in dev.up()} == {"delete"}


def test_an_existing_balancer_has_both_links_on_the_way(new_stack: Callable[..., Stack]) -> None:
    nlb = ALB.replace("/app/", "/net/")
    old = {"loadBalancerArn": nlb, "host": "old.example.com"}
    both = ("targets", {"old": old, "new": {**old, "link": "v2"}})
    first = [EXISTING[0], ("targets", {"old": old}), ("stages.dev.target", "old")]
    stack = new_stack(*first)
    stack.up()
    stack.edit(EXISTING[0], both, ("stages.dev.target", "old"))
    assert "create VpcLink v2-link" in stack.up()
    stack.edit(EXISTING[0], both, ("stages.dev.target", "new"))
    assert_order(stack.up(), *REDEPLOYED, "update Stage api-dev-stage")
    assert served(stack) == {nlb}
    stack.edit(
        EXISTING[0], ("targets", {"new": {**old, "link": "v2"}}), ("stages.dev.target", "new")
    )
    assert stack.up() == ["delete VpcLink api-old-link"]


@pytest.mark.parametrize(
    "fault",
    [
        *(Fault("create", token) for token in (rt.SECURITY_GROUP, rt.EGRESS_RULE, rt.INGRESS_RULE)),
        *(Fault("create", token) for token in (rt.VPC_LINK_V2, rt.REST_API_PUT, rt.DEPLOYMENT)),
        Fault("create", rt.SECURITY_GROUP, saved=True),
        Fault("create", rt.DEPLOYMENT, saved=True),
        Fault.canceled(rt.VPC_LINK_V2),
        Fault.failed(rt.VPC_LINK_V2),
        Fault("update", rt.STAGE),
    ],
    ids=lambda fault: f"{fault.op} {fault.type.rpartition(':')[2]} {fault.saved} {fault.ends}",
)
def test_the_way_to_v2_goes_on_after_a_failure_and_serves_meanwhile(
    dev: Stack, fault: Fault
) -> None:
    link = stage(dev)["variables"]["vpcLinkId"]
    dev.edit(V2)
    dev.aws.faults = [fault]
    with pytest.raises(CommandFailed):
        dev.up()
    assert dev.aws.faults == []
    assert stage(dev)["variables"]["vpcLinkId"] == link
    assert served(dev) == {"none"}
    assert (rt.VPC_LINK, link) in dev.aws.account.resources
    dev.aws.account.settle()
    if fault.ends == "failed":
        failed = dev.aws.account.one(fault.type).id
        with pytest.raises(CommandFailed, match=f"VPC link V2 {failed} is FAILED"):
            dev.up("--refresh")
        command, *_ = re.findall(r"`(aws [^`]+)`", dev.output)
        aws(dev, command)
    dev.up("--refresh")
    assert served(dev) == {balancer(dev, "blue")}
    assert not list(dev.aws.account.of_type(rt.VPC_LINK))
