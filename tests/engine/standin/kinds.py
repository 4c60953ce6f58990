"""What the stand-in knows of each resource type: its ids, its outputs, what replaces it.

What replaces a resource was read in the upstream provider's schemas (`ForceNew`).
Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FLEET = "aws:autoscaling/group:Group"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE_POLICY_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
REST_API = "aws:apigateway/restApi:RestApi"
REST_API_PUT = "aws:apigateway/restApiPut:RestApiPut"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
STAGE = "aws:apigateway/stage:Stage"
METHOD_SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
VPC_LINK = "aws:apigateway/vpcLink:VpcLink"
API_ACCOUNT = "aws:apigateway/account:Account"
API_KEY = "aws:apigateway/apiKey:ApiKey"
USAGE_PLAN = "aws:apigateway/usagePlan:UsagePlan"
USAGE_PLAN_KEY = "aws:apigateway/usagePlanKey:UsagePlanKey"

VERSION = object()
"""An output that grows by one with every update, and that the preview of one cannot know."""


@dataclass(frozen=True)
class Kind:
    """One resource type. Templates are filled in by `Cloud.make`."""

    id: str
    """Template of the id."""
    replaces: frozenset[str] = frozenset()
    """Inputs that AWS cannot change in place."""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Computed outputs: a template each, or `VERSION`."""
    name_length: int = 0
    """Limit of the name that the provider makes up if none is given; 0: it makes none up."""
    overwrites: bool = False
    """Whether creating it writes over what is there; otherwise a second one is refused."""
    unfinished: frozenset[str] = frozenset()
    """Inputs that the provider sends in calls of their own, after the thing exists."""

    @property
    def renewed(self) -> frozenset[str]:
        """Outputs that an update changes."""
        return frozenset(key for key, template in self.outputs.items() if template is VERSION)


def _kind(id: str, replaces: str = "", /, **outputs: Any) -> Kind:
    return Kind(id, frozenset({"region", *replaces.split()}), outputs)


def _named(length: int, kind: Kind, *, renamed_in_place: bool = False) -> Kind:
    names = set() if renamed_in_place else {"name", "namePrefix"}
    return replace(kind, name_length=length, replaces=kind.replaces | names)


def _overwriting(kind: Kind) -> Kind:
    return replace(kind, overwrites=True)


def _in_steps(kind: Kind, *later: str) -> Kind:
    return replace(kind, unfinished=frozenset(later))


_EC2 = "arn:aws:ec2:{region}:{account}:"
_ELB = "arn:aws:elasticloadbalancing:{region}:{account}:"
_API = "arn:aws:apigateway:{region}::"
_CALL = "arn:aws:execute-api:{region}:{account}:"

_SECURITY_GROUP_RULE = _kind(
    "sgr-{hex}",
    "securityGroupId",
    arn=_EC2 + "security-group-rule/{id}",
    securityGroupRuleId="{id}",
)

KINDS: Mapping[str, Kind] = {
    VPC: _kind("vpc-{hex}", "cidrBlock", arn=_EC2 + "vpc/{id}", ownerId="{account}"),
    SUBNET: _kind("subnet-{hex}", "vpcId availabilityZone cidrBlock", arn=_EC2 + "subnet/{id}"),
    ROUTE_TABLE: _kind("rtb-{hex}", "vpcId", arn=_EC2 + "route-table/{id}"),
    ROUTE_TABLE_ASSOCIATION: _kind("rtbassoc-{hex}", "subnetId"),
    VPC_ENDPOINT: _kind(
        "vpce-{hex}",
        "vpcId serviceName vpcEndpointType",
        arn=_EC2 + "vpc-endpoint/{id}",
        prefixListId="pl-7ba54012",
    ),
    FLOW_LOG: _kind(
        "fl-{hex}",
        "vpcId trafficType iamRoleArn logDestination logDestinationType",
        arn=_EC2 + "vpc-flow-log/{id}",
    ),
    SECURITY_GROUP: _named(
        255, _kind("sg-{hex}", "vpcId description", arn=_EC2 + "security-group/{id}")
    ),
    DEFAULT_SECURITY_GROUP: _in_steps(
        _overwriting(_kind("sg-{vpc}", "vpcId", arn=_EC2 + "security-group/{id}")), "tags"
    ),
    INGRESS_RULE: _SECURITY_GROUP_RULE,
    EGRESS_RULE: _SECURITY_GROUP_RULE,
    LAUNCH_TEMPLATE: _named(
        125, _kind("lt-{hex}", arn=_EC2 + "launch-template/{id}", latestVersion=VERSION)
    ),
    FLEET: _named(
        255,
        _kind("{name}", arn="arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{key}:{name}"),
    ),
    LOAD_BALANCER: _in_steps(
        _named(
            32,
            _kind(
                _ELB + "loadbalancer/net/{name}/{hex16}",
                "internal loadBalancerType",
                arn="{id}",
                arnSuffix="net/{name}/{hex16}",
                dnsName="{name}-{hex16}.elb.{region}.amazonaws.com",
            ),
        ),
        "enableCrossZoneLoadBalancing",
    ),
    TARGET_GROUP: _in_steps(
        _named(
            32,
            _kind(
                _ELB + "targetgroup/{name}/{hex16}",
                "vpcId port protocol targetType",
                arn="{id}",
                arnSuffix="targetgroup/{name}/{hex16}",
            ),
        ),
        "deregistrationDelay",
        "preserveClientIp",
        "connectionTermination",
    ),
    LISTENER: _kind(_ELB + "listener/{balancer}/{hex16}", "loadBalancerArn", arn="{id}"),
    ATTACHMENT: _kind("{given[targetGroupArn]}-{hex}", "targetGroupArn targetId port"),
    ROLE: _named(64, _kind("{name}", "path", arn="arn:aws:iam::{account}:role/{name}")),
    ROLE_POLICY: _named(128, _kind("{given[role]}:{name}", "role")),
    ROLE_POLICY_ATTACHMENT: _overwriting(
        _kind("{given[role]}/{given[policyArn]}", "role policyArn")
    ),
    LOG_GROUP: _in_steps(
        _named(512, _kind("{name}", arn="arn:aws:logs:{region}:{account}:log-group:{name}")),
        "retentionInDays",
    ),
    REST_API: _named(
        255,
        _kind("{key}", arn=_API + "/restapis/{id}", executionArn=_CALL + "{id}"),
        renamed_in_place=True,
    ),
    REST_API_PUT: _overwriting(
        _kind("{given[restApiId]}", "restApiId body failOnWarnings triggers")
    ),
    DEPLOYMENT: _kind("{short}", "restApi triggers variables"),
    STAGE: _in_steps(
        _kind(
            "ags-{given[restApi]}-{given[stageName]}",
            "restApi stageName",
            arn=_API + "/restapis/{given[restApi]}/stages/{given[stageName]}",
            executionArn=_CALL + "{given[restApi]}/{given[stageName]}",
            invokeUrl=(
                "https://{given[restApi]}.execute-api.{region}.amazonaws.com/{given[stageName]}"
            ),
        ),
        "accessLogSettings",
    ),
    METHOD_SETTINGS: _overwriting(
        _kind("{given[restApi]}-{given[stageName]}-{given[methodPath]}", "restApi stageName")
    ),
    VPC_LINK: _named(
        255, _kind("{short}", "targetArn", arn=_API + "/vpclinks/{id}"), renamed_in_place=True
    ),
    API_ACCOUNT: _overwriting(_kind("api-gateway-account", apiKeyVersion="4")),
    API_KEY: _named(255, _kind("{key}", "value", arn=_API + "/apikeys/{id}", value="{hex}{hex16}")),
    USAGE_PLAN: _in_steps(
        _named(255, _kind("{short}", arn=_API + "/usageplans/{id}"), renamed_in_place=True),
        "throttleSettings",
    ),
    USAGE_PLAN_KEY: _kind("{given[keyId]}", "usagePlanId keyId keyType", value="{hex}"),
}

NEVER_HALF_MADE = frozenset({REST_API_PUT, INGRESS_RULE, EGRESS_RULE})
"""Types whose failed create leaves nothing in the state, even when it was cut short."""


def forced(
    kind: str, old: Mapping[str, Any], new: Mapping[str, Any], changed: set[str]
) -> set[str]:
    """Which of the changed inputs force a replacement; some only by what they change into."""
    keys = KINDS[kind].replaces & changed
    if kind == LOAD_BALANCER:
        if not set(old.get("subnets", [])) <= set(new.get("subnets", [])):
            keys |= {"subnets"} & changed  # it gains zones in place and loses none
        if bool(old.get("securityGroups")) != bool(new.get("securityGroups")):
            keys |= {"securityGroups"}
    return set(keys)
