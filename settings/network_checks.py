"""The checks of the network, and of what is in it."""

from collections.abc import Callable
from ipaddress import IPv4Network

from openapi.paths import Problems, at

from .egress import EgressRange
from .errors import quoted
from .network import NewNetwork, is_private
from .reader import Draft
from .targets import FleetTarget, InstancesTarget

SUBNETS = 8
"""Subnets that a new network has room for, one for each zone that a region may have."""
PUBLIC_ADDRESSES = 128
"""Addresses at the end of a new network that its public subnets may have."""
_UNUSABLE_ADDRESSES = 5 + 8
"""Of each subnet: what AWS reserves, and what has to be free when a balancer is created.

Sources: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
and https://docs.aws.amazon.com/elasticloadbalancing/latest/network/availability-zones.html
"""


def _zones_are_in_the_region(draft: Draft) -> Problems:
    if isinstance(draft.network, NewNetwork) and draft.region:
        for position, zone in enumerate(draft.network.zones):
            if zone[:-1] != draft.region:
                yield (
                    f"network.zones[{position}]",
                    f"{quoted(zone)} is not in aws:region {draft.region}. Use a zone such as "
                    f"{draft.region}a, or change the region.",
                )


def _instances_are_in_an_existing_network(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        if isinstance(target, InstancesTarget) and isinstance(draft.network, NewNetwork):
            yield (
                at("targets", name, "instances"),
                "cannot be in a network that does not exist yet. Set `network` to the vpcId and "
                "subnetIds of the instances.",
            )


def _the_network_has_addresses_for_every_instance(draft: Draft) -> Problems:
    new = [t for t in draft.targets.values() if isinstance(t, FleetTarget | InstancesTarget)]
    if not isinstance(draft.network, NewNetwork) or not new:
        return
    zones, block = draft.network.zones, draft.network.cidr_block
    subnet = IPv4Network(block).num_addresses // SUBNETS
    # A roll and a renewal are create-first: for a while there are two of each.
    balancers = sum(target.behind is None for target in new)
    taken = _UNUSABLE_ADDRESSES + 2 * balancers + len(draft.network.endpoints.services)
    taken += bool(draft.api and draft.api.makes_endpoint)
    room = len(zones) * (subnet - taken)
    largest = sum(t.fleet.max_size for t in new if isinstance(t, FleetTarget))
    if room < 2 * largest:
        yield (
            "network.cidrBlock",
            f"{quoted(block)} has room for {max(room, 0)} instances in {len(zones)} zones, below "
            f"{2 * largest}, which is twice the maxSize of all fleets: an update creates a new "
            "fleet before it deletes the old one. Choose a larger range or more zones, or lower "
            "maxSize.",
        )


def _interface_endpoints_have_known_names(draft: Draft) -> Problems:
    # In some partitions their names have several prefixes, by service.
    region = draft.region or ""
    if not isinstance(draft.network, NewNetwork) or not draft.network.endpoints.interfaces:
        return
    if region.startswith("cn-") or "-iso" in region:
        yield (
            "network.endpoints.interfaces",
            f"cannot be created in {region}, where AWS names each of these endpoints differently. "
            "Use an existing network that has them.",
        )


def _public_subnets_are_free(draft: Draft) -> Problems:
    if not isinstance(draft.network, NewNetwork) or draft.network.nat == "none":
        return
    size = IPv4Network(draft.network.cidr_block).num_addresses
    for position, zone in enumerate(draft.network.zones):
        if (ord(zone[-1]) - ord("a") + 1) * (size // SUBNETS) > size - PUBLIC_ADDRESSES:
            yield (
                f"network.zones[{position}]",
                f"{quoted(zone)} has its subnet in the last {PUBLIC_ADDRESSES} addresses of "
                f"{draft.network.cidr_block}, which are for the public subnets of `nat`. Use "
                "another zone, a larger range, or `nat: none`.",
            )


def _destinations_have_a_way(draft: Draft) -> Problems:
    if not isinstance(draft.network, NewNetwork) or draft.network.nat != "none":
        return
    for name, target in draft.targets.items():
        for position, one in enumerate((isinstance(target, FleetTarget) and target.egress) or ()):
            if isinstance(one, EgressRange) and not is_private(one.cidr):
                yield (
                    at("targets", name, "egress", position, "cidr"),
                    f"{quoted(one.cidr)} is on the internet, and the network has no way there. Set "
                    "`network.nat` to one or zones, which costs some 37 USD a month for each "
                    "gateway, or remove it.",
                )


NETWORK_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _zones_are_in_the_region,
    _instances_are_in_an_existing_network,
    _the_network_has_addresses_for_every_instance,
    _interface_endpoints_have_known_names,
    _public_subnets_are_free,
    _destinations_have_a_way,
)
