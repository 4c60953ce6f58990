"""The VPC link V2, and what it may reach."""

from typing import Any

import pytest

from components.vpc_link_v2 import VpcLinkV2, VpcLinkV2Args
from simulation.engine import Phase, Registered, Run, run_program

LINK = "aws:apigatewayv2/vpcLink:VpcLink"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
ARGS: VpcLinkV2Args = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-1", "subnet-2"],
    "listeners": {
        "blue": {"port": 80, "security_group_id": "sg-blue"},
        "alb": {"port": 8080},
        "second": {"port": 8080},
    },
    "tags": {"owner": "platform"},
}


def build(**changes: Any) -> Run:
    args: Any = {**ARGS, **changes}
    return run_program(
        lambda: VpcLinkV2("v2", args), phase=Phase.UPDATE, config={"aws:region": "us-east-2"}
    )


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


def traffic(rule: Registered) -> tuple[Any, ...]:
    keys = ("securityGroupId", "referencedSecurityGroupId", "cidrIpv4", "fromPort", "toPort")
    return tuple(rule.inputs.get(key) for key in keys)


def test_the_link_is_in_the_given_subnets_with_a_group_of_its_own(built: Run) -> None:
    link, group = built.one(LINK), built.one(GROUP)
    assert link.inputs["subnetIds"] == ["subnet-1", "subnet-2"]
    assert link.inputs["securityGroupIds"] == [group.outputs["id"]]
    assert group.inputs["vpcId"] == "vpc-1"
    assert not {"ingress", "egress"} & group.inputs.keys()


def test_the_link_reaches_each_listener_and_nothing_else(built: Run) -> None:
    group = built.one(GROUP).outputs["id"]
    assert {rule.name: traffic(rule) for rule in built.of_type(EGRESS)} == {
        "v2-to-blue-80": (group, "sg-blue", None, 80, 80),
        "v2-out-8080": (group, None, "0.0.0.0/0", 8080, 8080),
    }


def test_only_a_balancer_of_this_program_gets_a_rule(built: Run) -> None:
    group = built.one(GROUP).outputs["id"]
    assert {rule.name: traffic(rule) for rule in built.of_type(INGRESS)} == {
        "v2-to-blue-80": ("sg-blue", group, None, 80, 80)
    }


def test_the_link_waits_for_its_rules(built: Run) -> None:
    rules = {rule.urn for rule in (*built.of_type(INGRESS), *built.of_type(EGRESS))}
    assert len(rules) == 3
    assert rules <= set(built.one(LINK).dependencies)


def test_another_port_opens_before_the_old_one_closes(built: Run) -> None:
    names = {rule.name for rule in built.of_type(INGRESS)}
    assert names
    changed = build(listeners={"blue": {"port": 81, "security_group_id": "sg-blue"}})
    assert not names & {rule.name for rule in changed.of_type(INGRESS)}


def test_every_child_has_the_component_as_parent_and_is_tagged(built: Run) -> None:
    (component,) = built.of_type("privateapi:index:VpcLinkV2")
    children = [found for found in built.resources if found.type.startswith("aws:")]
    assert len(children) == 5
    assert {child.parent for child in children} == {component.urn}
    assert {child.inputs["tags"]["owner"] for child in children} == {"platform"}
