"""Which IP ranges count as the whole internet."""

import pytest

from policies.pack.graph.ip_ranges import admit_everyone


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1", "0.0.0.0/7", "::/0"])
def test_a_large_part_of_the_internet_is_everyone(cidr: str) -> None:
    assert admit_everyone([cidr])


@pytest.mark.parametrize("cidr", ["10.0.0.0/8", "203.0.113.7/32", "2001:db8::/32", "", "text"])
def test_a_smaller_range_is_not_everyone(cidr: str) -> None:
    assert not admit_everyone([cidr])
