"""Rules about security groups: who may call what."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pulumi_policy import Severity

from ..framework.rule import (
    ADVISORY,
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    ResourceRule,
    StackRule,
    Undecided,
    Verdict,
)
from ..graph.graph import Graph, Reference
from ..graph.resource import Resource
from ..graph.tokens import (
    DEFAULT_SECURITY_GROUP,
    INGRESS_RULE,
    INSTANCE,
    LAUNCH_TEMPLATE,
    LOAD_BALANCERS,
    SECURITY_GROUP,
    SECURITY_GROUP_RULE,
    TARGET_GROUPS,
    VPC,
)
from ..graph.values import Unknown, items, knows, peek, same


def _admits_not_all(resource: Resource, _: Config) -> Iterator[Verdict]:
    if same(resource.peek("type"), "egress"):
        yield NotApplicable("lets nothing in")
        return
    sources = list(_sources(resource))
    if any(is_everybody(source) for source in sources):
        yield Refusal(resource, "admits everybody.")
    elif any(isinstance(source, Unknown) for source in sources):
        yield Undecided(resource, "who is admitted")


def _sources(resource: Resource) -> Iterator[Any]:
    """Every range of addresses that a group or a rule admits."""
    if resource.type == INGRESS_RULE:
        yield from (resource.peek("cidrIpv4"), resource.peek("cidrIpv6"))
    elif resource.type == SECURITY_GROUP_RULE:
        yield from _ranges(resource.props)
    else:
        for entry in items(resource.peek("ingress")):
            yield from _ranges(entry)


def _ranges(rule: Any) -> list[Any]:
    """Ranges of a rule in its older form, or of an entry of a group."""
    return [*items(peek(rule, "cidrBlocks")), *items(peek(rule, "ipv6CidrBlocks"))]


_WIDEST = {4: 8, 6: 16}


def is_everybody(cidr: Any) -> bool:
    """Whether a range is known and holds a large part of the internet.

    Every address is also two halves, so that /0 alone would be easy to go around.
    """
    try:
        admitted = ipaddress.ip_network(cidr if isinstance(cidr, str) else "", strict=False)
    except ValueError:
        return False
    return admitted.prefixlen < _WIDEST[admitted.version]


@dataclass(frozen=True)
class _Opening:
    """Something that a security group lets in: a resource of its own, or an entry of the group."""

    holder: Resource
    groups: Reference
    ranges: list[Any]
    ports: tuple[Any, Any]

    @property
    def is_known(self) -> bool:
        return not self.groups.is_open and knows([*self.ranges, *self.ports])


def _openings(group: Resource, graph: Graph) -> Iterator[_Opening]:
    for rule in graph.leading_to(group, INGRESS_RULE, by="securityGroupId"):
        ranges = [rule.peek("cidrIpv4"), rule.peek("cidrIpv6")]
        yield _opening(rule, ranges, ("referencedSecurityGroupId",), (), graph)
    for rule in graph.leading_to(group, SECURITY_GROUP_RULE, by="securityGroupId"):
        if not same(rule.peek("type"), "egress"):
            yield _opening(rule, _ranges(rule.props), ("sourceSecurityGroupId",), (), graph)
    for index, entry in enumerate(items(group.peek("ingress"))):
        path = ("ingress", index)
        yield _opening(group, _ranges(entry), (*path, "securityGroups"), path, graph)


def _opening(
    holder: Resource,
    ranges: list[Any],
    groups: tuple[str | int, ...],
    entry: tuple[str | int, ...],
    graph: Graph,
) -> _Opening:
    ports = (holder.peek(*entry, "fromPort"), holder.peek(*entry, "toPort"))
    given = [cidr for cidr in ranges if cidr is not None]
    return _Opening(holder, graph.follow(holder, *groups, to=[SECURITY_GROUP]), given, ports)


def _admits_its_balancer(group: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    if group.urn not in _groups(graph, "instances", LAUNCH_TEMPLATE, INSTANCE):
        yield NotApplicable("belongs to no instance")
        return
    service_ports = [target.peek("port") for target in graph.of_type(*TARGET_GROUPS)]
    balanced = _groups(graph, "balancers", *LOAD_BALANCERS)
    for opening in _openings(group, graph):
        callers = {caller.urn for caller in opening.groups.found}
        named = [*callers, *opening.ranges]
        if not opening.is_known or not knows(service_ports):
            yield Undecided(opening.holder, "who is admitted")
        elif not (
            named
            and callers <= balanced
            and not opening.groups.elsewhere
            and all(_lies_within(cidr, graph.of_type(VPC)) for cidr in opening.ranges)
        ):
            text = "admits others than the load balancer to the instances."
            yield Refusal(opening.holder, text)
        elif opening.ports[0] != opening.ports[1] or opening.ports[0] not in service_ports:
            text = "admits the load balancer to more than the service port."
            yield Refusal(opening.holder, text)


def _groups(graph: Graph, name: str, *types: str) -> frozenset[str]:
    """Find the URNs of security groups that resources of these types wear."""

    def worn() -> Iterator[str]:
        for resource in graph.of_type(*types):
            paths: list[tuple[str | int, ...]] = [("securityGroups",), ("vpcSecurityGroupIds",)]
            interfaces = range(len(items(resource.peek("networkInterfaces"))))
            paths += [("networkInterfaces", i, "securityGroups") for i in interfaces]
            for path in paths:
                for group in graph.follow(resource, *path, to=[SECURITY_GROUP]).found:
                    yield group.urn

    return graph.once(f"groups of {name}", lambda: frozenset(worn()))


def _lies_within(cidr: Any, vpcs: Iterable[Resource]) -> bool:
    ranges = [vpc.peek("cidrBlock") for vpc in vpcs]
    try:
        inner = ipaddress.ip_network(cidr)
        return any(inner.subnet_of(ipaddress.ip_network(r)) for r in ranges if isinstance(r, str))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False


NO_OPEN_INGRESS = ResourceRule(
    name="no-open-ingress",
    title="No security group admits the whole internet.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(SECURITY_GROUP, DEFAULT_SECURITY_GROUP, SECURITY_GROUP_RULE, INGRESS_RULE),
    protects="Behind an internal balancer nothing needs it; it waits for a public address.",
    fix="admit the security group that calls.",
    controls=(
        "fsbp:EC2.18",
        "fsbp:EC2.19",
        "cdk-nag:EC23",
        "checkov:CKV_AWS_24",
        "checkov:CKV_AWS_25",
        "checkov:CKV_AWS_260",
        "checkov:CKV_AWS_277",
        "trivy:AWS-0107",
    ),
    judge=_admits_not_all,
)
INSTANCE_INGRESS = StackRule(
    name="instance-ingress",
    title="Instances admit their load balancer on the service port, and nobody else.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=(SECURITY_GROUP,),
    protects="What reaches the instances directly goes around the API and its authorization.",
    fix="admit the balancer's security group, on the port of the target group.",
    judge=_admits_its_balancer,
)

RULES = (NO_OPEN_INGRESS, INSTANCE_INGRESS)
