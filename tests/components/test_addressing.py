"""The address range of a subnet never moves."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.addressing import SLOT_LETTERS, public_cidr, subnet_cidr, subnet_cidrs

zones = st.lists(
    st.sampled_from([f"us-east-1{letter}" for letter in SLOT_LETTERS]), min_size=1, unique=True
)
blocks = st.builds(
    lambda octet, prefix: str(
        ipaddress.IPv4Network((int(ipaddress.IPv4Address(f"10.{octet}.0.0")), prefix))
    ),
    st.integers(0, 255),
    st.integers(16, 24),
)


@given(blocks, zones, zones)
def test_other_zones_never_move_a_subnet(block: str, before: list[str], after: list[str]) -> None:
    first, second = subnet_cidrs(block, before), subnet_cidrs(block, after)
    assert all(first[zone] == second[zone] for zone in first.keys() & second.keys())


@given(blocks, zones)
def test_subnets_are_in_the_range_and_do_not_overlap(block: str, chosen: list[str]) -> None:
    subnets = [ipaddress.IPv4Network(c) for c in subnet_cidrs(block, chosen).values()]
    outer = ipaddress.IPv4Network(block)
    assert all(subnet.subnet_of(outer) for subnet in subnets)
    assert not any(a.overlaps(b) for a in subnets for b in subnets if a is not b)


@given(blocks, zones)
def test_public_subnets_are_at_the_end_and_do_not_overlap(block: str, chosen: list[str]) -> None:
    subnets = [ipaddress.IPv4Network(public_cidr(block, zone)) for zone in chosen]
    last = list(ipaddress.IPv4Network(block).subnets(new_prefix=25))[-1]
    assert all(subnet.subnet_of(last) for subnet in subnets)
    assert not any(a.overlaps(b) for a in subnets for b in subnets if a is not b)


def test_the_smallest_range_has_the_eight_addresses_that_a_balancer_needs() -> None:
    # AWS reserves five addresses of each subnet.
    assert ipaddress.IPv4Network(subnet_cidr("10.0.0.0/24", "us-east-1a")).num_addresses - 5 >= 8


def test_zone_a_has_the_first_slot() -> None:
    assert subnet_cidr("10.20.0.0/16", "us-east-2a") == "10.20.0.0/19"


@pytest.mark.parametrize("zone", ["us-east-2i", "", "us-east-2"])
def test_a_zone_without_a_slot_is_an_error(zone: str) -> None:
    with pytest.raises(ValueError, match="must end in a letter from a to h"):
        subnet_cidr("10.20.0.0/16", zone)
