"""What is assumed of each resource type: its ids, its outputs, and what replaces it.

What replaces a resource was read in the upstream provider's schemas (`ForceNew`).
Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
"""

from collections.abc import Mapping
from typing import Any

from tests.engine.fake_provider.resource_type import VERSION, ResourceType, resource_type

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
ROUTE = "aws:ec2/route:Route"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
ELASTIC_IP = "aws:ec2/eip:Eip"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
LAUNCH_TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
FLEET = "aws:autoscaling/group:Group"
SCALING_POLICY = "aws:autoscaling/policy:Policy"
LOAD_BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
ATTACHMENT = "aws:lb/targetGroupAttachment:TargetGroupAttachment"
ROLE = "aws:iam/role:Role"
INSTANCE_PROFILE = "aws:iam/instanceProfile:InstanceProfile"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE_POLICY_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
REST_API = "aws:apigateway/restApi:RestApi"
REST_API_PUT = "aws:apigateway/restApiPut:RestApiPut"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
STAGE = "aws:apigateway/stage:Stage"
METHOD_SETTINGS = "aws:apigateway/methodSettings:MethodSettings"
VPC_LINK = "aws:apigateway/vpcLink:VpcLink"
VPC_LINK_V2 = "aws:apigatewayv2/vpcLink:VpcLink"
PERMISSION = "aws:lambda/permission:Permission"
API_ACCOUNT = "aws:apigateway/account:Account"
API_KEY = "aws:apigateway/apiKey:ApiKey"
USAGE_PLAN = "aws:apigateway/usagePlan:UsagePlan"
USAGE_PLAN_KEY = "aws:apigateway/usagePlanKey:UsagePlanKey"
DOMAIN_NAME = "aws:apigateway/domainName:DomainName"
BASE_PATH_MAPPING = "aws:apigateway/basePathMapping:BasePathMapping"
CERTIFICATE = "aws:acm/certificate:Certificate"
CERTIFICATE_VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
RECORD = "aws:route53/record:Record"
IP_SET = "aws:wafv2/ipSet:IpSet"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
WEB_ACL_ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

_IAM = "arn:aws:iam::{account}:"
_EC2 = "arn:aws:ec2:{region}:{account}:"
_ELB = "arn:aws:elasticloadbalancing:{region}:{account}:"
_API = "arn:aws:apigateway:{region}::"
_CALL = "arn:aws:execute-api:{region}:{account}:"
_GROUP = "arn:aws:autoscaling:{region}:{account}:autoScalingGroup:{key}:{name}"
_LOGS = "arn:aws:logs:{region}:{account}:log-group:{name}"
_WAF = "arn:aws:wafv2:{region}:{account}:regional/"
_HOST = "https://{given[restApi]}.execute-api.{region}.amazonaws.com"

_SECURITY_GROUP_RULE = resource_type(
    "sgr-{hex}",
    "securityGroupId",
    arn=_EC2 + "security-group-rule/{id}",
    securityGroupRuleId="{id}",
)

TYPES: Mapping[str, ResourceType] = {
    VPC: resource_type(
        "vpc-{hex}",
        "cidrBlock",
        states="pending available",
        arn=_EC2 + "vpc/{id}",
        ownerId="{account}",
        dhcpOptionsId="dopt-{hex}",
        mainRouteTableId="rtb-{hex}",
        defaultRouteTableId="rtb-{hex}",
        defaultSecurityGroupId="sg-{hex}",
    ),
    SUBNET: resource_type(
        "subnet-{hex}",
        "vpcId availabilityZone cidrBlock",
        states="pending available failed",
        arn=_EC2 + "subnet/{id}",
    ),
    ROUTE_TABLE: resource_type(
        "rtb-{hex}", "vpcId", arn=_EC2 + "route-table/{id}", routes=[], propagatingVgws=[]
    ),
    ROUTE_TABLE_ASSOCIATION: resource_type(
        "rtbassoc-{hex}", "subnetId", states="associating associated failed"
    ),
    ROUTE: resource_type(
        "r-{given[routeTableId]}{hex}",
        "routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId",
        origin="CreateRoute",
        state="active",
    ),
    INTERNET_GATEWAY: resource_type(
        "igw-{hex}", arn=_EC2 + "internet-gateway/{id}", ownerId="{account}"
    ),
    ELASTIC_IP: resource_type(
        "eipalloc-{hex}",
        "domain",
        arn=_EC2 + "elastic-ip/{id}",
        allocationId="{id}",
        publicIp="192.0.2.1",
    ),
    NAT_GATEWAY: resource_type(
        "nat-{hex}",
        "allocationId connectivityType subnetId",
        states="pending available failed",
    ),
    VPC_ENDPOINT: resource_type(
        "vpce-{hex}",
        "vpcId serviceName vpcEndpointType",
        states="pending available failed",
        arn=_EC2 + "vpc-endpoint/{id}",
        prefixListId="pl-7ba54012",
    ),
    FLOW_LOG: resource_type(
        "fl-{hex}",
        "vpcId trafficType iamRoleArn logDestination logDestinationType",
        arn=_EC2 + "vpc-flow-log/{id}",
    ),
    SECURITY_GROUP: resource_type(
        "sg-{hex}",
        "vpcId description",
        name=255,
        arn=_EC2 + "security-group/{id}",
        ingress=[],
        egress=[],
    ),
    DEFAULT_SECURITY_GROUP: resource_type(
        "sg-{vpc}",
        "vpcId",
        overwrites=True,
        later="ingress egress",
        arn=_EC2 + "security-group/{id}",
    ),
    INGRESS_RULE: _SECURITY_GROUP_RULE,
    EGRESS_RULE: _SECURITY_GROUP_RULE,
    LAUNCH_TEMPLATE: resource_type(
        "lt-{hex}", name=125, arn=_EC2 + "launch-template/{id}", latestVersion=VERSION
    ),
    FLEET: resource_type(
        "{name}",
        name=255,
        states="initial healthy unhealthy",
        arn=_GROUP,
    ),
    SCALING_POLICY: resource_type(
        "{name}",
        "autoscalingGroupName",
        name=255,
        arn="arn:aws:autoscaling:{region}:{account}:scalingPolicy:{key}:policyName/{name}",
    ),
    LOAD_BALANCER: resource_type(
        _ELB + "loadbalancer/net/{name}/{hex16}",
        "internal loadBalancerType",
        name=255,
        longest=32,
        later="enableCrossZoneLoadBalancing enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
        states="provisioning active failed",
        arn="{id}",
        arnSuffix="net/{name}/{hex16}",
        dnsName="{name}-{hex16}.elb.{region}.amazonaws.com",
    ),
    TARGET_GROUP: resource_type(
        _ELB + "targetgroup/{name}/{hex16}",
        "vpcId port protocol targetType",
        name=32,
        later="deregistrationDelay preserveClientIp connectionTermination",
        arn="{id}",
        arnSuffix="targetgroup/{name}/{hex16}",
    ),
    LISTENER: resource_type(_ELB + "listener/{balancer}/{hex16}", "loadBalancerArn", arn="{id}"),
    ATTACHMENT: resource_type("{given[targetGroupArn]}-{hex}", "targetGroupArn targetId port"),
    ROLE: resource_type("{name}", "path", name=64, arn=_IAM + "role{given[path]}{name}"),
    INSTANCE_PROFILE: resource_type(
        "{name}",
        "path",
        name=128,
        later="role",
        arn=_IAM + "instance-profile{given[path]}{name}",
    ),
    ROLE_POLICY: resource_type("{given[role]}:{name}", "role", name=128),
    ROLE_POLICY_ATTACHMENT: resource_type(
        "{given[role]}-{stamp}", "role policyArn", overwrites=True
    ),
    LOG_GROUP: resource_type("{name}", name=512, later="retentionInDays", arn=_LOGS),
    REST_API: resource_type(
        "{key}",
        name=255,
        longest=0,
        renames=True,
        arn=_API + "/restapis/{id}",
        executionArn=_CALL + "{id}",
    ),
    REST_API_PUT: resource_type(
        "{given[restApiId]}", "restApiId body failOnWarnings triggers", overwrites=True
    ),
    DEPLOYMENT: resource_type("{short}", "restApi triggers variables"),
    STAGE: resource_type(
        "ags-{given[restApi]}-{given[stageName]}",
        "restApi stageName",
        later="accessLogSettings",
        arn=_API + "/restapis/{given[restApi]}/stages/{given[stageName]}",
        executionArn=_CALL + "{given[restApi]}/{given[stageName]}",
        invokeUrl=_HOST + "/{given[stageName]}",
    ),
    METHOD_SETTINGS: resource_type(
        "{given[restApi]}-{given[stageName]}-{given[methodPath]}",
        "restApi stageName",
        overwrites=True,
    ),
    PERMISSION: resource_type(
        "terraform-{hex}",
        "action function principal qualifier sourceArn sourceAccount statementId",
        statementId="{id}",
    ),
    VPC_LINK: resource_type(
        "{short}",
        "targetArn",
        name=255,
        longest=0,
        renames=True,
        states="PENDING AVAILABLE FAILED",
        arn=_API + "/vpclinks/{id}",
    ),
    VPC_LINK_V2: resource_type(
        "{key}",
        "subnetIds securityGroupIds",
        name=128,
        renames=True,
        states="PENDING AVAILABLE FAILED",
        arn=_API + "/vpclinks/{id}",
    ),
    API_ACCOUNT: resource_type("api-gateway-account", overwrites=True, apiKeyVersion="4"),
    API_KEY: resource_type(
        "{key}",
        "value",
        name=255,
        longest=0,
        secret="value",
        arn=_API + "/apikeys/{id}",
        value="{hex}{hex16}",
    ),
    USAGE_PLAN: resource_type(
        "{short}",
        name=255,
        longest=0,
        renames=True,
        later="throttleSettings",
        arn=_API + "/usageplans/{id}",
    ),
    USAGE_PLAN_KEY: resource_type("{given[keyId]}", "usagePlanId keyId keyType", value="{hex}"),
    DOMAIN_NAME: resource_type(
        "{given[domainName]}",
        "domainName",
        arn=_API + "/domainnames/{id}",
        regionalDomainName="d-{key}.execute-api.{region}.amazonaws.com",
        regionalZoneId="ZOJJZC49E0EPZ",
        cloudfrontDomainName="d{key}.cloudfront.net",
        cloudfrontZoneId="Z2FDTNDATAQYW2",
    ),
    BASE_PATH_MAPPING: resource_type(
        "{given[domainName]}/{given[basePath]}", "domainName domainNameId"
    ),
    CERTIFICATE: resource_type(
        "arn:aws:acm:{region}:{account}:certificate/{hex16}",
        "domainName validationMethod",
        arn="{id}",
        status="PENDING_VALIDATION",
        domainValidationOptions=[
            {
                "domainName": "{given[domainName]}",
                "resourceRecordName": "_a79865eb.{given[domainName]}",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": "_424c7224.acm-validations.aws.",
            }
        ],
    ),
    CERTIFICATE_VALIDATION: resource_type(
        "{given[certificateArn]}", "certificateArn validationRecordFqdns"
    ),
    RECORD: resource_type(
        "{given[zoneId]}_{given[name]}_{given[type]}", "zoneId name", fqdn="{given[name]}"
    ),
    IP_SET: resource_type(
        "{key}",
        "scope ipAddressVersion",
        name=128,
        arn=_WAF + "ipset/{name}/{id}",
        lockToken=VERSION,
    ),
    WEB_ACL: resource_type(
        "{key}",
        "scope",
        name=128,
        arn=_WAF + "webacl/{name}/{id}",
        lockToken=VERSION,
    ),
    WEB_ACL_ASSOCIATION: resource_type(
        "{given[webAclArn]},{given[resourceArn]}", "webAclArn resourceArn", overwrites=True
    ),
}

UNSENT: Mapping[str, Any] = {
    "enableCrossZoneLoadBalancing": False,
    "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic": "on",
    "ingress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "self": True}],
    "egress": [{"protocol": "-1", "fromPort": 0, "toPort": 0, "cidrBlocks": ["0.0.0.0/0"]}],
}
"""What AWS has of inputs in `ResourceType.later` that it was not sent."""

NEVER_IN_PART = frozenset({CERTIFICATE_VALIDATION, REST_API_PUT, INGRESS_RULE, EGRESS_RULE, ROUTE})
"""Types whose failed create leaves nothing in the state, even when it was interrupted."""


def forced(
    token: str, old: Mapping[str, Any], new: Mapping[str, Any], changed: set[str]
) -> set[str]:
    """Which of the changed inputs force a replacement; some only by what they change into."""
    keys = set(TYPES[token].replaces & changed)
    if token == LOAD_BALANCER:
        if not set(old.get("subnets", [])) <= set(new.get("subnets", [])):
            keys |= {"subnets"} & changed  # zones can be added in place, not removed
        if bool(old.get("securityGroups")) != bool(new.get("securityGroups")):
            keys |= {"securityGroups"}
    return keys
