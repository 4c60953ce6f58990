"""Rules about load balancers: private, in several zones, healthy, and connected."""

from .. import resource_types as types
from ..framework.checks import MIN_ZONES, check_zones
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.arn import parse
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..sdk import is_exported_state
from ..values import UnknownValue, as_boolean, equals, items

AREA = Area("Load balancers")


@AREA.resource_rule(
    name="nlb-internal",
    title="Load balancers are internal.",
    level="mandatory",
    severity="critical",
    resource_types=[*types.LOAD_BALANCERS, types.CLASSIC_BALANCER],
    rationale="A public load balancer bypasses the API's authorization, limits and logs.",
    fix="set internal=True.",
    controls="prowler:elbv2_internet_facing trivy:AWS-0053",
)
def _is_internal(balancer: Resource, _: Config) -> Verdicts:
    if as_boolean(balancer.peek("internal")):
        return
    if balancer.text("loadBalancerType") == "gateway":
        yield NotApplicable("is a Gateway Load Balancer, which serves no requests")
    elif balancer.boolean("internal") is not True:
        yield Violation(balancer, "can be reached from the internet, bypassing the API.")


@AREA.stack_rule(
    name="vpclink-target-private",
    title="A VPC link targets an internal Network Load Balancer.",
    level="mandatory",
    severity="critical",
    resource_types=[types.VPC_LINK],
    rationale=(
        "AWS rejects other load balancers. When an exported state is analyzed, this rule also "
        "checks load balancers that a program only read."
    ),
    fix="use the ARN of a load balancer of type network.",
)
def _targets_private_nlb(link: Resource, graph: Graph, _: Config) -> Verdicts:
    reference = graph.follow(link, "targetArn", to=types.LOAD_BALANCERS, key="arn")
    for target in reference.elsewhere:
        arn = parse(target)
        if arn is None or arn.load_balancer_type != "net":
            yield Violation(link, "targets something that is not a Network Load Balancer.")
    if reference.is_open:
        yield Unknown(link, "targetArn")
    for balancer in reference.found:
        kind, internal = balancer.peek("loadBalancerType"), balancer.peek("internal")
        if isinstance(kind, UnknownValue) or isinstance(internal, UnknownValue):
            yield Unknown(balancer, "loadBalancerType and internal")
        elif kind != "network":
            text = f"targets '{balancer.name}', which is not a Network Load Balancer."
            yield Violation(link, text)
        elif as_boolean(internal) is not True:
            text = f"targets '{balancer.name}', which can be reached from the internet."
            yield Violation(link, text, "set internal=True on the load balancer.")


@AREA.stack_rule(
    name="nlb-zones",
    title="Load balancers span at least two Availability Zones.",
    level="mandatory",
    severity="medium",
    resource_types=types.LOAD_BALANCERS,
    rationale="With one zone, its failure stops the whole service.",
    fix="add subnets in more Availability Zones.",
    controls="fsbp:ELB.13 prowler:elbv2_is_in_multiple_az",
    config=MIN_ZONES,
)
def _spans_zones(balancer: Resource, graph: Graph, config: Config) -> Verdicts:
    paths = ("subnets", "subnetMappings.subnetId")
    return check_zones(balancer, graph, config["minZones"], *paths)


@AREA.resource_rule(
    name="nlb-cross-zone",
    title="Network Load Balancers route to healthy targets of every zone.",
    level="advisory",
    severity="low",
    resource_types=types.LOAD_BALANCERS,
    rationale="Otherwise requests that arrive in a zone without a healthy target fail.",
    fix="set enable_cross_zone_load_balancing=True.",
    controls="checkov:CKV_AWS_152 prowler:elbv2_cross_zone_load_balancing_enabled",
)
def _crosses_zones(balancer: Resource, _: Config) -> Verdicts:
    if not equals(balancer.peek("loadBalancerType"), "network"):
        yield NotApplicable("is not a Network Load Balancer")
    elif not balancer.boolean("enableCrossZoneLoadBalancing"):
        yield Violation(balancer, "routes only to targets in the zone where a request arrives.")


@AREA.resource_rule(
    name="listener-tls-policy",
    title="Listeners that terminate TLS require at least version 1.2.",
    level="mandatory",
    severity="medium",
    resource_types=types.LISTENERS,
    rationale="The default policy allows TLS 1.0, which is insecure.",
    fix='set ssl_policy="ELBSecurityPolicy-TLS13-1-2-2021-06".',
    controls=(
        "fsbp:ELB.17 checkov:CKV_AWS_103 checkov:CKV2_AWS_74 prowler:elbv2_insecure_ssl_ciphers "
        "trivy:AWS-0047"
    ),
)
def _has_modern_tls(listener: Resource, _: Config) -> Verdicts:
    families = ("TLS13-1-2", "TLS13-1-3", "TLS-1-2", "FS-1-2")
    modern = tuple(f"ELBSecurityPolicy-{family}-" for family in families)
    policy = listener.peek("sslPolicy")
    if isinstance(policy, str) and policy.startswith(modern):
        return
    if listener.text("protocol") not in ("TLS", "HTTPS"):
        yield NotApplicable("does not terminate TLS")
    elif not listener.text("sslPolicy"):
        yield Violation(listener, "uses the default policy, which allows old TLS versions.")
    else:
        yield Violation(listener, "allows TLS versions older than 1.2.")


@AREA.resource_rule(
    name="target-group-health-check",
    title="Target groups check whether the service itself is healthy.",
    level="advisory",
    severity="low",
    resource_types=types.TARGET_GROUPS,
    rationale="An open port does not prove a working service: a hanging process keeps its traffic.",
    fix="set health_check with protocol HTTP or HTTPS, path and matcher.",
    controls="checkov:CKV_AWS_261",
)
def _checks_health(group: Resource, _: Config) -> Verdicts:
    protocol, path = group.text("healthCheck.protocol"), group.text("healthCheck.path")
    if group.peek("healthCheck") is None:
        yield Violation(group, "relies on the default health check.")
    elif protocol not in ("HTTP", "HTTPS"):
        text = "checks only whether a port is open, not whether the service is healthy."
        yield Violation(group, text)
    elif not path:
        yield Violation(group, "does not set the path of its health check.")


@AREA.stack_rule(
    name="nlb-admits-link",
    title="Load balancers with security groups do not apply them to the traffic of a VPC link.",
    level="advisory",
    severity="high",
    resource_types=types.LOAD_BALANCERS,
    rationale=(
        "The traffic of a VPC link has no source address that a rule could name, so the API "
        "answers 500 although all targets are healthy."
    ),
    fix='set enforce_security_group_inbound_rules_on_private_link_traffic="off".',
)
def _admits_link(balancer: Resource, graph: Graph, _: Config) -> Verdicts:
    if not graph.referring_to(balancer, types.VPC_LINK, by="targetArn", key="arn"):
        yield NotApplicable("has no VPC link")
    elif not items(balancer.peek("securityGroups")):
        yield NotApplicable("has no security group")
    elif balancer.known("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic") != "off":
        yield Violation(balancer, "applies inbound rules to the traffic of its VPC link.")


@AREA.stack_rule(
    name="nlb-wired",
    title="Load balancers have a listener, and target groups have targets.",
    level="advisory",
    severity="medium",
    resource_types=types.LOAD_BALANCERS,
    rationale="A load balancer that leads nowhere is created without an error, but never answers.",
    fix="add a listener, or attach a fleet or instances to its target group.",
    controls="prowler:elbv2_listeners_underneath",
)
def _is_wired(balancer: Resource, graph: Graph, _: Config) -> Verdicts:
    listeners = graph.referring_to(balancer, *types.LISTENERS, by="loadBalancerArn", key="arn")
    if not listeners and is_exported_state():
        yield NotApplicable("may have been read, and its listeners with it")
    elif not listeners:
        yield Violation(balancer, "has no listener.")
    for listener in listeners:
        if isinstance(listener.peek("defaultActions"), UnknownValue):
            yield Unknown(listener, "defaultActions")
            continue
        path = "defaultActions.targetGroupArn"
        listener.elements(path)
        for group in graph.follow(listener, path, to=types.TARGET_GROUPS, key="arn").found:
            if not _has_targets(group, graph):
                yield Violation(listener, f"forwards to '{group.name}', which has no targets.")


def _has_targets(group: Resource, graph: Graph) -> bool:
    references = [(types.FLEET, "targetGroupArns"), (types.FLEET_ATTACHMENT, "lbTargetGroupArn")]
    references += [(attachment, "targetGroupArn") for attachment in types.TARGET_ATTACHMENTS]
    return any(graph.referring_to(group, kind, by=prop, key="arn") for kind, prop in references)
