"""The rules of the policy pack, and how they become policies."""

from pulumi_policy import Policy

from . import api, balancer, compute, iam, links, logs, network, routes, stages, topology
from .configuration import refuse_misspelt_configuration
from .record import Rule

__all__ = ["RULES", "build", "refuse_misspelt_configuration"]

RULES: tuple[Rule, ...] = (
    *topology.RULES,
    *links.RULES,
    *api.RULES,
    *stages.RULES,
    *routes.RULES,
    *balancer.RULES,
    *network.RULES,
    *compute.RULES,
    *iam.RULES,
    *logs.RULES,
)
"""Every rule, in the order of the documentation."""


def build() -> list[Policy]:
    """Build a policy of every rule, for `PolicyPack`."""
    return [rule.policy() for rule in RULES]
