"""Rules about security groups: who may call what."""

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from .. import resource_types as types
from ..framework.checks import check_values
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.graph import Graph, Reference
from ..graph.ip_ranges import admit_everyone, network
from ..graph.resource import Resource
from ..values import (
    UnknownValue,
    as_boolean,
    as_port,
    each,
    equals,
    is_known,
    is_set,
    peek,
)

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
    ranges = list(_admitted_ranges(resource))
    if admit_everyone(ranges):
        yield Violation(resource, "admits everyone.")
        return
    text = "admits a source that is not a valid IP range."
    yield from check_values(resource, "admitted sources", ranges, _is_unreadable, text)


def _admitted_ranges(resource: Resource) -> Iterator[Any]:
    """Every IP range that a group or a rule admits."""
    if resource.type == types.INGRESS_RULE:
        yield from (resource.peek("cidrIpv4"), resource.peek("cidrIpv6"))
    elif resource.type == types.SECURITY_GROUP_RULE:
        yield from resource.elements("cidrBlocks") + resource.elements("ipv6CidrBlocks")
    else:
        for name in ("cidrBlocks", "ipv6CidrBlocks"):
            yield from resource.elements(f"ingress.{name}")


def _ranges(rule: Any) -> list[Any]:
    """IP ranges of a SecurityGroupRule, or of an inline rule of a group."""
    return each(rule, "cidrBlocks") + each(rule, "ipv6CidrBlocks")


def _is_unreadable(cidr: Any) -> bool:
    return is_set(cidr) and network(cidr) is None


@AREA.stack_rule(
    name="no-open-prefix-list",
    title="No security group admits a prefix list that holds the whole internet.",
    level="mandatory",
    severity="critical",
    resource_types=[
        types.SECURITY_GROUP,
        types.DEFAULT_SECURITY_GROUP,
        types.SECURITY_GROUP_RULE,
        types.INGRESS_RULE,
    ],
    rationale="A prefix list with 0.0.0.0/0 admits everyone, like the range itself.",
    fix="admit the security group of the caller, or shorten the prefix list.",
)
def _admits_no_open_list(resource: Resource, graph: Graph, _: Config) -> Verdicts:
    paths = [path for path in _PREFIX_LISTS if resource.elements(path)]
    if not paths or equals(resource.peek("type"), "egress"):
        yield NotApplicable("admits no prefix list")
        return
    for reference in (graph.follow(resource, path, to=[types.PREFIX_LIST]) for path in paths):
        for prefixes in reference.found:
            yield from _check_prefixes(resource, prefixes, graph)
        added = [entry for name in reference.elsewhere for entry in _entries_of(name, graph)]
        if admit_everyone(entry.peek("cidr") for entry in added):
            yield Violation(resource, "admits everyone, through entries of a prefix list.")
        if reference.is_open:
            yield Unknown(resource, "admitted prefix lists")


_PREFIX_LISTS = ("prefixListId", "prefixListIds", "ingress.prefixListIds")


def _entries_of(prefix_list: str, graph: Graph) -> list[Resource]:
    """Entries that this stack adds to a prefix list of another stack."""
    entries = graph.of_type(types.PREFIX_LIST_ENTRY)
    return [entry for entry in entries if equals(entry.peek("prefixListId"), prefix_list)]


def _check_prefixes(
    holder: Resource, prefixes: Resource, graph: Graph, verb: str = "admits"
) -> Verdicts:
    entries = graph.referring_to(prefixes, types.PREFIX_LIST_ENTRY, by="prefixListId")
    ranges = [*prefixes.elements("entries.cidr"), *(entry.peek("cidr") for entry in entries)]
    if admit_everyone(ranges):
        yield Violation(holder, f"{verb} everyone, through the prefix list '{prefixes.name}'.")
    elif not is_known([ranges, prefixes.peek("entries")]):
        yield Unknown(prefixes, "entries")


@AREA.stack_rule(
    name="no-open-egress",
    title="Instances do not reach the whole internet.",
    level="mandatory",
    severity="medium",
    resource_types=[types.SECURITY_GROUP],
    rationale="Whoever gets into an instance can send what it finds to any address.",
    fix="name the destinations, or list the ports under allowedPorts.",
    controls="checkov:CKV_AWS_382 trivy:AWS-0104",
    config={
        "allowedPorts": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1, "maximum": 65535},
            "default": [],
            "description": "Ports on which instances may reach every address, such as 443.",
        }
    },
)
def _reaches_not_everyone(group: Resource, graph: Graph, config: Config) -> Verdicts:
    if group.urn not in _groups(graph, "instances", types.LAUNCH_TEMPLATE, types.INSTANCE):
        yield NotApplicable("does not belong to an instance")
        return
    # At preview, the rules of a group are unknown also if the program gave it none.
    inline = group.peek("egress")
    is_given = group.is_unknown_input("egress") or not isinstance(inline, UnknownValue)
    rules = [
        rule
        for rule in traffic(group, graph, "egress")
        if (rule.holder is not group or is_given)
        and not any(_is_only(rule, port) for port in config["allowedPorts"])
    ]
    ranges = [cidr for rule in rules for cidr in rule.ranges]
    if admit_everyone(ranges):
        yield Violation(group, "lets instances reach every address.")
        return
    text = "lets instances reach something that is not a valid IP range."
    yield from check_values(group, "allowed destinations", ranges, _is_unreadable, text)
    for rule in rules:
        for path in ("prefixListId", "prefixListIds", "egress.prefixListIds"):
            for prefixes in graph.follow(rule.holder, path, to=[types.PREFIX_LIST]).found:
                yield from _check_prefixes(group, prefixes, graph, "lets instances reach")


def _is_only(rule: "Traffic", port: int) -> bool:
    return not rule.is_any_protocol and all(equals(one, port) for one in rule.ports)


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
    service_ports = [as_port(target.peek("port")) for target in graph.of_type(*types.TARGET_GROUPS)]
    balancer_groups = _groups(graph, "load balancers", *types.LOAD_BALANCERS)
    for ingress in traffic(group, graph):
        callers = {caller.urn for caller in ingress.groups.found}
        if not ingress.is_known or not is_known(service_ports):
            yield Unknown(ingress.holder, "admitted sources")
        elif not (
            (callers or ingress.ranges)
            and not ingress.includes_others
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
class Traffic:
    """What one rule of a security group allows: a separate resource, or an inline rule."""

    holder: Resource
    groups: Reference
    ranges: list[Any]
    ports: tuple[Any, Any]
    includes_others: bool
    """Whether it also allows a prefix list, or the group itself."""
    is_any_protocol: bool

    @property
    def is_known(self) -> bool:
        """Whether all of it is known, or comes from resources of this stack."""
        return not self.groups.is_open and is_known([*self.ranges, *self.ports])


def traffic(group: Resource, graph: Graph, direction: str = "ingress") -> Iterator[Traffic]:
    """What the rules of a group allow in one direction, "ingress" or "egress"."""

    def allowed(holder: Resource, rule: Any, ranges: list[Any], source: str, prop: str) -> Traffic:
        peers = graph.resolve(each(rule, source), holder, prop, to=[types.SECURITY_GROUP])
        ports = as_port(peek(rule, "fromPort")), as_port(peek(rule, "toPort"))
        lists = each(rule, "prefixListIds") + each(rule, "prefixListId")
        others = bool(lists) or as_boolean(peek(rule, "self")) is True
        protocols = each(rule, "ipProtocol") + each(rule, "protocol")
        is_any = any(str(protocol) in ("-1", "all") for protocol in protocols)
        return Traffic(holder, peers, ranges, ports, others, is_any)

    is_ingress = direction == "ingress"
    separate = types.INGRESS_RULE if is_ingress else types.EGRESS_RULE
    for rule in graph.referring_to(group, separate, by="securityGroupId"):
        source, ranges = "referencedSecurityGroupId", rule.each("cidrIpv4") + rule.each("cidrIpv6")
        yield allowed(rule, rule.props, ranges, source, source)
    for rule in graph.referring_to(group, types.SECURITY_GROUP_RULE, by="securityGroupId"):
        if not equals(rule.peek("type"), "egress" if is_ingress else "ingress"):
            source = "sourceSecurityGroupId"
            yield allowed(rule, rule.props, _ranges(rule.props), source, source)
    for entry in group.each(direction):
        yield allowed(group, entry, _ranges(entry), "securityGroups", direction)


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
