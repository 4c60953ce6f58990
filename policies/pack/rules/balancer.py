"""Rules about the load balancer: private, spread over zones, healthy, and wired."""

from collections.abc import Iterator

import pulumi
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
from ..framework.zones import MIN_ZONES, judge_zones
from ..graph.arn import parse
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..graph.tokens import (
    FLEET,
    FLEET_ATTACHMENT,
    LISTENERS,
    LOAD_BALANCERS,
    TARGET_ATTACHMENTS,
    TARGET_GROUPS,
    VPC_LINK,
)
from ..graph.values import Unknown, items, same

_MODERN_TLS = tuple(
    f"ELBSecurityPolicy-{family}-" for family in ("TLS13-1-2", "TLS13-1-3", "TLS-1-2", "FS-1-2")
)
_NO_STACK = "stack"
"""What the SDK calls the stack when a state is analyzed, where reads are shown as well."""
_NOT_NETWORK = NotApplicable("is no Network Load Balancer")


def _is_internal(balancer: Resource, _: Config) -> Iterator[Verdict]:
    kind, internal = balancer.peek("loadBalancerType"), balancer.peek("internal")
    if internal is True:
        return
    if isinstance(kind, Unknown):
        yield Undecided(balancer, "loadBalancerType")
    elif kind == "gateway":
        yield NotApplicable("is a Gateway Load Balancer, which nobody calls")
    elif isinstance(internal, Unknown):
        yield Undecided(balancer, "internal")
    else:
        yield Refusal(balancer, "can be reached from the internet, around the API.")


def _ends_at_private_nlb(link: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    ends = graph.follow(link, "targetArn", to=LOAD_BALANCERS, key="arn")
    for target in ends.elsewhere:
        arn = parse(target)
        if arn is None or arn.load_balancer_type != "net":
            yield Refusal(link, "targets something that is no Network Load Balancer.")
    if ends.is_open:
        yield Undecided(link, "targetArn")
    for balancer in ends.found:
        kind, internal = balancer.peek("loadBalancerType"), balancer.peek("internal")
        if isinstance(kind, Unknown) or isinstance(internal, Unknown):
            yield Undecided(balancer, "loadBalancerType and internal")
        elif kind != "network":
            yield Refusal(link, f"targets '{balancer.name}', which is no Network Load Balancer.")
        elif internal is not True:
            text = f"targets '{balancer.name}', which can be reached from the internet."
            yield Refusal(link, text, "set internal=True on the load balancer.")


def _spans_zones(resource: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    mappings = range(len(items(resource.peek("subnetMappings"))))
    paths = [("subnets",), *(("subnetMappings", i, "subnetId") for i in mappings)]
    yield from judge_zones(resource, graph, config["minZones"], *paths)


def _crosses_zones(balancer: Resource, _: Config) -> Iterator[Verdict]:
    crosses = balancer.peek("enableCrossZoneLoadBalancing")
    if not same(balancer.peek("loadBalancerType"), "network"):
        yield _NOT_NETWORK
    elif isinstance(crosses, Unknown):
        yield Undecided(balancer, "enableCrossZoneLoadBalancing")
    elif not crosses:
        yield Refusal(balancer, "answers only from the zone that a request arrives in.")


def _has_modern_tls(listener: Resource, _: Config) -> Iterator[Verdict]:
    protocol, policy = listener.peek("protocol"), listener.peek("sslPolicy")
    if isinstance(policy, str) and policy.startswith(_MODERN_TLS):
        return
    ends_tls = same(protocol, "TLS") or same(protocol, "HTTPS")
    if isinstance(protocol, Unknown) or (ends_tls and isinstance(policy, Unknown)):
        yield Undecided(listener, "protocol or sslPolicy")
    elif not ends_tls:
        yield NotApplicable("ends no TLS")
    elif policy is None:
        yield Refusal(listener, "takes connections under an old default policy.")
    else:
        yield Refusal(listener, "takes connections under a policy that allows old versions.")


def _checks_health(group: Resource, _: Config) -> Iterator[Verdict]:
    check = group.peek("healthCheck")
    protocol, path = group.peek("healthCheck", "protocol"), group.peek("healthCheck", "path")
    if isinstance(protocol, Unknown) or isinstance(path, Unknown):
        yield Undecided(group, "healthCheck")
    elif check is None:
        yield Refusal(group, "relies on the default health check.")
    elif protocol not in ("HTTP", "HTTPS"):
        yield Refusal(group, "asks only whether a port is open, not whether the service is fit.")
    elif not path:
        yield Refusal(group, "does not say which path tells whether the service is fit.")


def _admits_link(balancer: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    if not graph.leading_to(balancer, VPC_LINK, by="targetArn", key="arn"):
        yield NotApplicable("has no VPC link")
    elif not items(balancer.peek("securityGroups")):
        yield NotApplicable("has no security group")
    else:
        enforced = balancer.peek("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
        if isinstance(enforced, Unknown):
            yield Undecided(balancer, "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
        elif enforced != "off":
            yield Refusal(balancer, "judges the traffic of its VPC link by inbound rules.")


def _is_wired(balancer: Resource, graph: Graph, _: Config) -> Iterator[Verdict]:
    listeners = graph.leading_to(balancer, *LISTENERS, by="loadBalancerArn", key="arn")
    if not listeners and pulumi.get_stack() == _NO_STACK:
        yield NotApplicable("may have been read, and its listeners with it")
    elif not listeners:
        yield Refusal(balancer, "has no listener.")
    for listener in listeners:
        actions = listener.peek("defaultActions")
        if isinstance(actions, Unknown):
            yield Undecided(listener, "defaultActions")
            continue
        for index in range(len(actions or [])):
            path = ("defaultActions", index, "targetGroupArn")
            groups = graph.follow(listener, *path, to=TARGET_GROUPS, key="arn")
            for group in groups.found:
                if not _has_targets(group, graph):
                    yield Refusal(listener, f"forwards to '{group.name}', which has no targets.")


def _has_targets(group: Resource, graph: Graph) -> bool:
    return any(
        graph.leading_to(group, *types, by=prop, key="arn")
        for types, prop in (
            ((FLEET,), "targetGroupArns"),
            ((FLEET_ATTACHMENT,), "lbTargetGroupArn"),
            (TARGET_ATTACHMENTS, "targetGroupArn"),
        )
    )


INTERNAL = ResourceRule(
    name="nlb-internal",
    title="Load balancers are internal.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=LOAD_BALANCERS,
    protects="A public balancer lets everybody around the API's authorization, limits and logs.",
    fix="set internal=True.",
    controls=("prowler:elbv2_internet_facing", "trivy:AWS-0053"),
    judge=_is_internal,
)
LINK_TARGET = StackRule(
    name="vpclink-target-private",
    title="A VPC link targets an internal Network Load Balancer.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(VPC_LINK,),
    protects=(
        "AWS refuses other load balancers. It sees balancers that were read and not made here, "
        "too, when a state is analyzed."
    ),
    fix="give the ARN of a load balancer of type network.",
    judge=_ends_at_private_nlb,
)
ZONES = StackRule(
    name="nlb-zones",
    title="Load balancers stand in at least two zones.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=LOAD_BALANCERS,
    protects="With one zone, its failure takes the whole service away.",
    fix="give it subnets in more zones.",
    controls=("fsbp:ELB.13", "prowler:elbv2_is_in_multiple_az"),
    config=MIN_ZONES,
    judge=_spans_zones,
)
CROSS_ZONE = ResourceRule(
    name="nlb-cross-zone",
    title="Network Load Balancers send to healthy targets of every zone.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=LOAD_BALANCERS,
    protects="Otherwise requests fail that arrive in a zone without a healthy target.",
    fix="set enable_cross_zone_load_balancing=True.",
    controls=("checkov:CKV_AWS_152", "prowler:elbv2_cross_zone_load_balancing_enabled"),
    judge=_crosses_zones,
)
TLS_POLICY = ResourceRule(
    name="listener-tls-policy",
    title="Listeners that end TLS take version 1.2 at least.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=LISTENERS,
    protects="The default policy takes TLS 1.0, which is broken.",
    fix='set ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06".',
    controls=(
        "fsbp:ELB.17",
        "checkov:CKV_AWS_103",
        "checkov:CKV2_AWS_74",
        "prowler:elbv2_insecure_ssl_ciphers",
        "trivy:AWS-0047",
    ),
    judge=_has_modern_tls,
)
HEALTH_CHECK = ResourceRule(
    name="target-group-health-check",
    title="Target groups ask the service itself whether it is fit.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=TARGET_GROUPS,
    protects="An open port is no service: a process that hangs keeps its traffic.",
    fix="set health_check with protocol HTTP or HTTPS, path and matcher.",
    controls=("checkov:CKV_AWS_261",),
    judge=_checks_health,
)
ADMITS_LINK = StackRule(
    name="nlb-admits-link",
    title="A load balancer with security groups does not judge its link's traffic by them.",
    level=ADVISORY,
    severity=Severity.HIGH,
    subjects=LOAD_BALANCERS,
    protects=(
        "Traffic of a VPC link comes from no address that a rule could name, so that the API "
        "answers 500 while all targets are healthy."
    ),
    fix='set enforce_security_group_inbound_rules_on_private_link_traffic="off".',
    judge=_admits_link,
)
WIRED = StackRule(
    name="nlb-wired",
    title="Load balancers have a listener, and target groups have targets.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=LOAD_BALANCERS,
    protects="A balancer that leads nowhere deploys without an error and answers nothing.",
    fix="add a listener, or attach a fleet or instances to its target group.",
    controls=("prowler:elbv2_listeners_underneath",),
    judge=_is_wired,
)

RULES = (
    INTERNAL,
    LINK_TARGET,
    ZONES,
    CROSS_ZONE,
    TLS_POLICY,
    HEALTH_CHECK,
    ADMITS_LINK,
    WIRED,
)
