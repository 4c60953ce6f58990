"""The inbound rules that existing resources need, and that only their owners can add."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.nlb_target import NlbTarget
from components.vpc_link_v2 import VpcLinkV2
from settings import Settings
from settings.egress import EgressGroup
from settings.targets import BalancerTarget, FleetTarget, InstancesTarget

Rules = dict[str, dict[str, Any]]
"""A rule, or several, by the name of the target that needs them."""


def required_rules(
    settings: Settings, new_targets: Mapping[str, NlbTarget], link: VpcLinkV2 | None
) -> Iterator[tuple[str, Rules]]:
    """The name of a stack output and what it lists, for all that lists anything."""
    if instances := _of_instances(settings, new_targets):
        yield "instances_must_admit", instances
    if destinations := _of_destinations(settings, new_targets):
        yield "destinations_must_admit", destinations
    if link and (balancers := _of_balancers(settings, link)):
        yield "balancers_must_admit", balancers


def _of_instances(settings: Settings, new_targets: Mapping[str, NlbTarget]) -> Rules:
    return {
        name: {"from": new_targets[name].balancer_security_group_id, "port": target.port}
        for name, target in settings.targets.items()
        if isinstance(target, InstancesTarget)
    }


def _of_destinations(settings: Settings, new_targets: Mapping[str, NlbTarget]) -> Rules:
    """For the egress of a fleet to security groups."""
    groups = {
        name: [one for one in target.egress or () if isinstance(one, EgressGroup)]
        for name, target in settings.targets.items()
        if isinstance(target, FleetTarget)
    }
    return {
        name: {
            "from": new_targets[name].fleet_security_group_id,
            "groups": [one.security_group for one in found],
        }
        for name, found in groups.items()
        if found
    }


def _of_balancers(settings: Settings, link: VpcLinkV2) -> Rules:
    """For a link V2 to existing load balancers."""
    return {
        name: {"from": link.security_group_id, "port": target.open_port}
        for name, target in settings.targets.items()
        if isinstance(target, BalancerTarget) and target.uses_v2
    }
