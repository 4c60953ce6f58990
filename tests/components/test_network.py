"""The network is private, and a new zone changes nothing else."""

import json
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

from components.nat import Nat
from components.network import Network, NetworkArgs
from simulation.engine import Phase, Run, run_program
from tests.tables import check_resources, read, sentences

ARGS: NetworkArgs = {
    "cidr_block": "10.20.0.0/16",
    "zones": ["us-east-2a", "us-east-2b"],
    "flow_log_retention_days": 7,
    "tags": {"owner": "platform"},
}
RESOURCES = read(Path(__file__).with_name("resources.yaml"))


def build(phase: Phase = Phase.UPDATE, **changes: Any) -> Run:
    args: Any = {**ARGS, **changes}
    config = {"aws:region": args["zones"][0][:-1]}
    return run_program(lambda: Network("core", args), phase=phase, config=config)


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


@pytest.mark.parametrize("expected", sentences(RESOURCES["Network"]))
def test_it_creates_as_the_table_says(built: Run, expected: dict[str, Any]) -> None:
    check_resources(build(**expected["$with"]) if "$with" in expected else built, expected)


def test_the_role_can_write_to_its_own_log_group_only(built: Run) -> None:
    policy = json.loads(built.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    group = built.one("aws:cloudwatch/logGroup:LogGroup").outputs["arn"]
    (resource,) = (s["Resource"] for s in policy["Statement"] if "logs:PutLogEvents" in s["Action"])
    assert resource == f"{group}:*"


def test_every_child_has_the_component_as_parent_and_is_tagged(built: Run) -> None:
    component = built.one("privateapi:index:Network")
    children = [r for r in built.resources if r.parent == component.urn]
    assert len(children) == 13
    untagged = ("RouteTableAssociation", "RolePolicy")
    taggable = [r for r in children if not r.type.endswith(untagged)]
    assert all(r.inputs["tags"]["owner"] == "platform" for r in taggable)


def test_adding_a_zone_adds_only_its_own_resources() -> None:
    def names(zones: list[str]) -> dict[str, object]:
        resources = build(Phase.PREVIEW, zones=zones).resources
        return {r.urn: r.inputs.get("cidrBlock") for r in resources}

    two = names(["us-east-2a", "us-east-2c"])
    three = names(["us-east-2a", "us-east-2b", "us-east-2c"])
    assert two.items() <= three.items()
    assert len(three) - len(two) == 3


@pytest.mark.parametrize(
    ("changes", "awaited"),
    [
        ({}, set()),
        ({"endpoints": {"services": ["ssm", "logs"]}}, {"core-ssm", "core-logs"}),
        ({"nat": Nat.ONE}, {"core-nat-us-east-2a", "core-nat-us-east-2b"}),
    ],
)
def test_instances_are_not_started_before_what_they_reach_exists(
    changes: dict[str, Any], awaited: set[str]
) -> None:
    def program() -> None:
        args: Any = {**ARGS, **changes}
        network = Network("core", args)
        subnets = network.instance_subnet_ids
        aws.autoscaling.Group("fleet", vpc_zone_identifiers=subnets, min_size=1, max_size=1)

    config = {"aws:region": "us-east-2"}
    run = run_program(program, phase=Phase.UPDATE, config=config)
    fleet = run.one("aws:autoscaling/group:Group")
    awaitable = (":VpcEndpoint::", ":Route::")
    names = {
        urn.rpartition("::")[2] for urn in fleet.dependencies if any(t in urn for t in awaitable)
    }
    assert len(fleet.inputs["vpcZoneIdentifiers"]) == 2
    assert names == awaited


@pytest.mark.parametrize("nat", Nat)
def test_nat_moves_no_private_subnet(built: Run, nat: Nat) -> None:
    def private(run: Run) -> dict[str, object]:
        subnets = run.of_type("aws:ec2/subnet:Subnet")
        return {s.urn: s.inputs["cidrBlock"] for s in subnets if "private" in s.name}

    assert private(build(nat=nat)) == private(built)
