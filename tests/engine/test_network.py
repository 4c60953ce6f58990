"""Zones that are added and removed, and tags that change."""

import pytest

from tests.engine.fake_provider.resource_types import NAT_GATEWAY, SUBNET
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

TWO = ["us-east-2a", "us-east-2b"]
THREE = [*TWO, "us-east-2c"]


def subnets(stack: Stack) -> set[str]:
    return {subnet.id for subnet in stack.aws.account.of_type(SUBNET)}


def test_an_added_zone_keeps_every_subnet(dev: Stack) -> None:
    before = subnets(dev)
    dev.edit(("network.zones", THREE))
    changes = dev.up()
    assert before < subnets(dev)
    assert len(subnets(dev) - before) == 1
    assert "update LoadBalancer blue-nlb" in changes
    assert not any(change.startswith("delete") for change in changes)
    assert dev.up() == []


def test_a_removed_zone_replaces_the_targets_before_its_subnet_is_deleted(prod: Stack) -> None:
    before = subnets(prod)
    prod.edit(("network.zones", TWO))
    changes = prod.up()
    assert subnets(prod) < before
    for target in ("blue", "green"):
        created, deleted = (
            changes.index(f"{op} LoadBalancer {target}-nlb") for op in ("create", "delete")
        )
        assert created < deleted < changes.index("delete Subnet core-private-us-east-2c")
    assert not [call for call in prod.aws.changes() if call.error]
    assert prod.up() == []


def test_changed_tags_are_updates_and_nothing_else(dev: Stack) -> None:
    dev.edit(("owner", "payments"))
    steps = dev.preview()
    assert {step.op for step in steps} == {"update"}
    tags = ("tags", "tagSpecifications", "launchTemplate")
    assert all(path.startswith(tags) for step in steps for path in step.changed)
    assert len(dev.up()) == len(steps)
    assert dev.up() == []


def test_a_new_endpoint_changes_no_fleet(dev: Stack) -> None:
    dev.edit(("network.endpoints", {"interfaces": ["ssm"]}))
    expected = [
        "create SecurityGroup core-endpoints",
        "create SecurityGroupEgressRule blue-fleet-to-endpoints",
        "create SecurityGroupIngressRule blue-fleet-to-endpoints",
        "create VpcEndpoint core-ssm",
        "create VpcEndpoint core-ssmmessages",
    ]
    assert sorted(str(step) for step in dev.preview()) == expected
    assert sorted(dev.up()) == expected
    dev.edit()
    assert {change.split()[0] for change in dev.up()} == {"delete"}
    assert not [call for call in dev.aws.changes() if call.error]
    assert dev.up() == []


def test_nat_gateways_come_and_go_and_no_private_subnet_moves(dev: Stack) -> None:
    before = subnets(dev)
    egress = ("targets.blue.egress", [{"cidr": "0.0.0.0/0"}, {"cidr": "10.0.0.0/8", "ports": 5432}])
    dev.edit(("network.nat", "one"), egress)
    assert {change.split()[0] for change in dev.up()} == {"create"}
    assert before < subnets(dev)
    (first,) = dev.aws.account.of_type(NAT_GATEWAY)
    dev.edit(("network.nat", "zones"), (egress[0], egress[1][::-1]))
    assert sorted(dev.up()) == [
        "create Eip core-nat-us-east-2b",
        "create NatGateway core-nat-us-east-2b",
        "create RouteTableAssociation core-public-us-east-2b",
        "create Subnet core-public-us-east-2b",
        "update Route core-nat-us-east-2b",
    ]
    assert first in dev.aws.account.of_type(NAT_GATEWAY)
    dev.edit()
    assert {change.split()[0] for change in dev.up()} == {"delete"}
    assert subnets(dev) == before
    assert not [call for call in dev.aws.changes() if call.error]
    assert dev.up() == []
