"""The network is private, and a new zone changes nothing else."""

import json

import pytest

from components.network import Network, NetworkArgs
from simulation.engine import Phase, Run, run_program

ARGS: NetworkArgs = {
    "cidr_block": "10.20.0.0/16",
    "zones": ["us-east-2a", "us-east-2b"],
    "flow_log_retention_days": 7,
    "tags": {"owner": "platform"},
}
REGION = {"aws:region": "us-east-2"}


@pytest.fixture(scope="module")
def built() -> Run:
    return run_program(lambda: Network("core", ARGS), phase=Phase.UPDATE, config=REGION)


def test_every_zone_has_a_private_subnet_named_after_it(built: Run) -> None:
    subnets = {s.inputs["availabilityZone"]: s for s in built.of_type("aws:ec2/subnet:Subnet")}
    assert subnets.keys() == {"us-east-2a", "us-east-2b"}
    assert all(s.name == f"core-private-{zone}" for zone, s in subnets.items())
    assert not any(s.inputs["mapPublicIpOnLaunch"] for s in subnets.values())


def test_there_is_no_route_to_the_internet(built: Run) -> None:
    tables = built.of_type("aws:ec2/routeTable:RouteTable")
    assert len(tables) == 2
    assert not any(table.inputs.get("routes") for table in tables)
    kinds = {resource.type.rpartition(":")[2] for resource in built.resources}
    assert not kinds & {"InternetGateway", "NatGateway", "Route", "Eip"}


def test_every_subnet_has_its_own_route_table(built: Run) -> None:
    joined = built.of_type("aws:ec2/routeTableAssociation:RouteTableAssociation")
    assert {a.inputs["subnetId"] for a in joined} == {
        s.outputs["id"] for s in built.of_type("aws:ec2/subnet:Subnet")
    }
    assert len({a.inputs["routeTableId"] for a in joined}) == 2


def test_the_default_security_group_has_no_rules(built: Run) -> None:
    group = built.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])


def test_dns_is_enabled_in_the_network(built: Run) -> None:
    vpc = built.one("aws:ec2/vpc:Vpc").inputs
    assert vpc["enableDnsSupport"] is True
    assert vpc["enableDnsHostnames"] is True


def test_the_s3_endpoint_serves_every_subnet_and_only_package_repositories(built: Run) -> None:
    endpoint = built.one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs
    tables = built.of_type("aws:ec2/routeTable:RouteTable")
    assert sorted(endpoint["routeTableIds"]) == sorted(t.outputs["id"] for t in tables)
    (statement,) = json.loads(endpoint["policy"])["Statement"]
    assert statement["Action"] == "s3:GetObject"
    assert statement["Resource"] == "arn:aws:s3:::al2023-repos-us-east-2-de612dc2/*"


def test_all_traffic_is_logged_and_kept_as_long_as_configured(built: Run) -> None:
    log = built.one("aws:ec2/flowLog:FlowLog").inputs
    group = built.one("aws:cloudwatch/logGroup:LogGroup")
    assert log["trafficType"] == "ALL"
    assert log["logDestination"] == group.outputs["arn"]
    assert group.inputs["retentionInDays"] == 7


def test_only_flow_logs_of_this_account_and_region_can_assume_the_role(built: Run) -> None:
    role = built.one("aws:iam/role:Role").inputs
    (statement,) = json.loads(role["assumeRolePolicy"])["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "111122223333"},
        "ArnLike": {"aws:SourceArn": "arn:aws:ec2:us-east-2:111122223333:vpc-flow-log/*"},
    }


def test_the_role_can_write_to_its_own_log_group_only(built: Run) -> None:
    policy = json.loads(built.one("aws:iam/rolePolicy:RolePolicy").inputs["policy"])
    group = built.one("aws:cloudwatch/logGroup:LogGroup").outputs["arn"]
    (resource,) = (s["Resource"] for s in policy["Statement"] if "logs:PutLogEvents" in s["Action"])
    assert resource == f"{group}:*"


def test_the_flow_log_waits_for_the_roles_policy(built: Run) -> None:
    policy = built.one("aws:iam/rolePolicy:RolePolicy")
    assert policy.urn in built.one("aws:ec2/flowLog:FlowLog").dependencies


def test_arns_are_those_of_the_regions_partition() -> None:
    args: NetworkArgs = {**ARGS, "zones": ["cn-north-1a", "cn-north-1b"]}
    built = run_program(
        lambda: Network("core", args), phase=Phase.UPDATE, config={"aws:region": "cn-north-1"}
    )
    policy = built.one("aws:ec2/vpcEndpoint:VpcEndpoint").inputs["policy"]
    assert "arn:aws-cn:s3:::al2023-repos-cn-north-1-de612dc2/*" in policy


def test_every_child_has_the_component_as_parent_and_is_tagged(built: Run) -> None:
    component = built.one("privateapi:index:Network")
    children = [r for r in built.resources if r.parent == component.urn]
    assert len(children) == 13
    untagged = ("RouteTableAssociation", "RolePolicy")
    taggable = [r for r in children if not r.type.endswith(untagged)]
    assert all(r.inputs["tags"]["owner"] == "platform" for r in taggable)


def test_adding_a_zone_adds_only_its_own_resources() -> None:
    def names(zones: list[str]) -> dict[str, object]:
        args: NetworkArgs = {**ARGS, "zones": zones}
        run = run_program(lambda: Network("core", args), phase=Phase.PREVIEW, config=REGION)
        return {r.urn: r.inputs.get("cidrBlock") for r in run.resources}

    two = names(["us-east-2a", "us-east-2c"])
    three = names(["us-east-2a", "us-east-2b", "us-east-2c"])
    assert two.items() <= three.items()
    assert len(three) - len(two) == 3
