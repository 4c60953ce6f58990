"""Rules about security groups: who may call what."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import resource_types as types
from ..framework.checks import check_values
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.graph import Graph, Reference
from ..graph.resource import Resource
from ..values import each, equals, is_known, peek

AREA = Area("Security groups")


@AREA.resource_rule(
    name="no-open-ingress",
    title="No security group admits the whole internet.",
    level="mandatory",
    severity="critical",
    resource_types=[
        types.SECURITY_GROUP,
        types.DEFAULT_SECURITY_GROUP,
        types.SECURITY_GROUP_RULE,
        types.INGRESS_RULE,
    ],
    rationale="Nothing behind an internal load balancer needs it, and any public IP exposes it.",
    fix="admit the security group of the caller.",
    controls=(
        "fsbp:EC2.18 fsbp:EC2.19 cdk-nag:EC23 checkov:CKV_AWS_24 checkov:CKV_AWS_25 "
        "checkov:CKV_AWS_260 checkov:CKV_AWS_277 trivy:AWS-0107"
    ),
)
def _admits_not_everyone(resource: Resource, _: Config) -> Verdicts:
    if equals(resource.peek("type"), "egress"):
        yield NotApplicable("admits nothing")
        return
    sources = _admitted_ranges(resource)
    yield from check_values(resource, "admitted sources", sources, is_everyone, "admits everyone.")


def _admitted_ranges(resource: Resource) -> Iterator[Any]:
    """Every IP range that a group or a rule admits."""
    if resource.type == types.INGRESS_RULE:
        yield from (resource.peek("cidrIpv4"), resource.peek("cidrIpv6"))
    elif resource.type == types.SECURITY_GROUP_RULE:
        yield from _ranges(resource.props)
    else:
        for entry in resource.each("ingress"):
            yield from _ranges(entry)


def _ranges(rule: Any) -> list[Any]:
    """IP ranges of a SecurityGroupRule, or of an inline rule of a group."""
    return each(rule, "cidrBlocks") + each(rule, "ipv6CidrBlocks")


_WIDEST_PREFIX = {4: 8, 6: 16}


def is_everyone(cidr: Any) -> bool:
    """Whether a value is an IP range that covers a large part of the internet.

    Two halves cover all addresses as well, so testing for /0 alone would be easy to bypass.
    """
    try:
        network = ipaddress.ip_network(cidr if isinstance(cidr, str) else "", strict=False)
    except ValueError:
        return False
    return network.prefixlen < _WIDEST_PREFIX[network.version]


@AREA.stack_rule(
    name="instance-ingress",
    title="Instances admit only their load balancer, on the service port.",
    level="advisory",
    severity="medium",
    resource_types=[types.SECURITY_GROUP],
    rationale="Whatever reaches the instances directly bypasses the API and its authorization.",
    fix="admit the load balancer's security group, on the port of the target group.",
)
def _admits_its_balancer(group: Resource, graph: Graph, _: Config) -> Verdicts:
    if group.urn not in _groups(graph, "instances", types.LAUNCH_TEMPLATE, types.INSTANCE):
        yield NotApplicable("does not belong to an instance")
        return
    service_ports = [target.peek("port") for target in graph.of_type(*types.TARGET_GROUPS)]
    balancer_groups = _groups(graph, "load balancers", *types.LOAD_BALANCERS)
    for ingress in _ingress(group, graph):
        callers = {caller.urn for caller in ingress.groups.found}
        if not ingress.is_known or not is_known(service_ports):
            yield Unknown(ingress.holder, "admitted sources")
        elif not (
            (callers or ingress.ranges)
            and callers <= balancer_groups
            and not ingress.groups.elsewhere
            and all(_is_within(cidr, graph.of_type(types.VPC)) for cidr in ingress.ranges)
        ):
            text = "admits sources other than the load balancer to the instances."
            yield Violation(ingress.holder, text)
        elif ingress.ports[0] != ingress.ports[1] or ingress.ports[0] not in service_ports:
            text = "admits the load balancer on more than the service port."
            yield Violation(ingress.holder, text)


@dataclass(frozen=True)
class _Ingress:
    """What one rule of a security group admits: a separate resource, or an inline rule."""

    holder: Resource
    groups: Reference
    ranges: list[Any]
    ports: tuple[Any, Any]

    @property
    def is_known(self) -> bool:
        return not self.groups.is_open and is_known([*self.ranges, *self.ports])


def _ingress(group: Resource, graph: Graph) -> Iterator[_Ingress]:
    def ingress(holder: Resource, rule: Any, ranges: list[Any], source: str, prop: str) -> _Ingress:
        callers = graph.resolve(each(rule, source), holder, prop, to=[types.SECURITY_GROUP])
        return _Ingress(holder, callers, ranges, (peek(rule, "fromPort"), peek(rule, "toPort")))

    for rule in graph.referring_to(group, types.INGRESS_RULE, by="securityGroupId"):
        source, ranges = "referencedSecurityGroupId", rule.each("cidrIpv4") + rule.each("cidrIpv6")
        yield ingress(rule, rule.props, ranges, source, source)
    for rule in graph.referring_to(group, types.SECURITY_GROUP_RULE, by="securityGroupId"):
        if not equals(rule.peek("type"), "egress"):
            source = "sourceSecurityGroupId"
            yield ingress(rule, rule.props, _ranges(rule.props), source, source)
    for entry in group.each("ingress"):
        yield ingress(group, entry, _ranges(entry), "securityGroups", "ingress")


def _groups(graph: Graph, name: str, *tokens: str) -> frozenset[str]:
    """Find the URNs of security groups that resources of these types have."""
    paths = ("securityGroups", "vpcSecurityGroupIds", "networkInterfaces.securityGroups")

    def found() -> Iterator[str]:
        for resource in graph.of_type(*tokens):
            for path in paths:
                for group in graph.follow(resource, path, to=[types.SECURITY_GROUP]).found:
                    yield group.urn

    return graph.once(f"groups of {name}", lambda: frozenset(found()))


def _is_within(cidr: Any, vpcs: Iterable[Resource]) -> bool:
    ranges = [vpc.peek("cidrBlock") for vpc in vpcs]
    try:
        inner = ipaddress.ip_network(cidr)
        return any(inner.subnet_of(ipaddress.ip_network(r)) for r in ranges if isinstance(r, str))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
