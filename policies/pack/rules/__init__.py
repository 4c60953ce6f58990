"""The rules of the policy pack, and how they become policies."""

from collections.abc import Mapping

from pulumi_policy import Policy

from ..framework.configuration import refuse_misspelt_configuration
from ..framework.rule import Rule
from . import (
    api,
    balancer,
    compute,
    iam,
    links,
    logs,
    network,
    routes,
    security_groups,
    stages,
    topology,
)

__all__ = ["AREAS", "RULES", "build", "refuse_misspelt_configuration"]

AREAS: Mapping[str, tuple[Rule, ...]] = {
    "Account and region": topology.RULES,
    "The way from the API to the load balancer": links.RULES,
    "The API": api.RULES,
    "Stages": stages.RULES,
    "Routes": routes.RULES,
    "Load balancers": balancer.RULES,
    "Network": network.RULES,
    "Security groups": security_groups.RULES,
    "Instances": compute.RULES,
    "Permissions": iam.RULES,
    "Logs": logs.RULES,
}
RULES: tuple[Rule, ...] = tuple(rule for rules in AREAS.values() for rule in rules)
"""Every rule, in the order of the documentation."""


def build() -> list[Policy]:
    """Build a policy of every rule, for `PolicyPack`."""
    return [rule.policy() for rule in RULES]
