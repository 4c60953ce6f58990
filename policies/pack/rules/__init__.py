"""The rules of the policy pack, by area."""

from pulumi_policy import Policy

from ..framework.rule import Area, Rule
from . import (
    api,
    authorizers,
    balancer,
    caching,
    compute,
    domains,
    iam,
    links,
    links_v2,
    listeners,
    logs,
    network,
    private,
    routes,
    security_groups,
    stages,
    topology,
)

AREAS: tuple[Area, ...] = (
    topology.AREA,
    links.AREA,
    links_v2.AREA,
    api.AREA,
    domains.AREA,
    stages.AREA,
    private.AREA,
    caching.AREA,
    routes.AREA,
    authorizers.AREA,
    balancer.AREA,
    listeners.AREA,
    network.AREA,
    security_groups.AREA,
    compute.AREA,
    iam.AREA,
    logs.AREA,
)
RULES: tuple[Rule, ...] = tuple(rule for area in AREAS for rule in area.rules)
"""Every rule, in the order of the documentation."""


def build() -> list[Policy]:
    """Build the policies of all rules, for `PolicyPack`."""
    return [rule.policy() for rule in RULES]
