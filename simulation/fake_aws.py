"""The answers of a fake AWS: ids and outputs that are made up, and well formed."""

import hashlib
import re
import sys
import uuid
from collections.abc import Mapping
from functools import cache
from typing import Any, get_args

from policies.pack.graph.arn import partition_of
from simulation import sdk

ACCOUNT = "111122223333"
REGION = "us-east-1"
GLOBAL_SERVICES = ("aws:iam/", "aws:route53/", "aws:cloudfront/")
_EC2 = {
    "Vpc": ("vpc", "vpc"),
    "Subnet": ("subnet", "subnet"),
    "RouteTable": ("rtb", "route-table"),
    "VpcEndpoint": ("vpce", "vpc-endpoint"),
    "InternetGateway": ("igw", "internet-gateway"),
    "NatGateway": ("nat", "natgateway"),
    "Eip": ("eipalloc", "elastic-ip"),
    "FlowLog": ("fl", "vpc-flow-log"),
    "SecurityGroup": ("sg", "security-group"),
    "DefaultSecurityGroup": ("sg", "security-group"),
    "SecurityGroupIngressRule": ("sgr", "security-group-rule"),
    "SecurityGroupEgressRule": ("sgr", "security-group-rule"),
    "LaunchTemplate": ("lt", "launch-template"),
    "Instance": ("i", "instance"),
}
"""Prefix of the id, and the type in the ARN."""
_API_GATEWAY = {"VpcLink": "vpclinks", "ApiKey": "apikeys", "UsagePlan": "usageplans"}
"""Collection in the ARN."""
_WAF = {"WebAcl": "webacl", "IpSet": "ipset"}
"""The type in the ARN."""

UNORDERED = frozenset(
    {
        *("addresses", "apiStages", "availabilityZones", "egress", "enabledMetrics", "ingress"),
        *(
            "managedPolicyArns",
            "routeTableIds",
            "routes",
            "rules",
            "securityGroupIds",
            "securityGroups",
        ),
        *("subnetIds", "subnetMappings", "subnets", "targetGroupArns", "vpcEndpointIds"),
        *("vpcSecurityGroupIds", "vpcZoneIdentifiers"),
    }
)
"""Properties that are sets in the provider: their order means nothing."""
MAPS = frozenset({"stageVariableOverrides", "tags", "tagsAll", "triggers", "variables"})
"""Properties that are maps in the provider.

At preview, a set or a map with one unknown element is unknown as a whole.
"""

KNOWN = frozenset({"name", "tagsAll"})
"""What the provider adds before a preview: a generated name, and the tags with its own."""


def is_regional(type_token: str) -> bool:
    """Whether pulumi-aws adds a `region` to resources of this type.

    Source: https://www.pulumi.com/registry/packages/aws/how-to-guides/7-0-migration/
    """
    return type_token.startswith("aws:") and not type_token.startswith(GLOBAL_SERVICES)


def computed(type_token: str) -> frozenset[str]:
    """The outputs that the provider fills in if they are not given; until then they are unknown."""
    return frozenset(key for key, is_computed in declared(type_token).items() if is_computed)


@cache
def declared(type_token: str) -> Mapping[str, bool]:
    """The outputs of a type by name, and whether each is never missing: the provider computes it.

    Empty as long as the SDK of the type is not imported.
    """
    package, module, *_, name = re.split("[:/]", type_token)
    declared = getattr(getattr(sys.modules.get(f"pulumi_{package}"), module, None), name, None)
    properties = vars(declared).values() if isinstance(declared, type) else ()
    getters = (found.fget for found in properties if isinstance(found, property) and found.fget)
    return {
        getattr(getter, sdk.PROPERTY_NAME, getter.__name__): type(None) not in get_args(output)
        for getter in getters
        for output in get_args(getter.__annotations__["return"])
    }


def planned(value: Any, unknown: object, key: str = "") -> Any:
    """A value as the provider returns it at preview, with `unknown` for what is not known."""
    if (key in UNORDERED or key in MAPS) and _contains(value, unknown):
        return unknown
    if isinstance(value, list):
        return [planned(item, unknown) for item in value]
    if isinstance(value, dict):
        return {name: planned(item, unknown, name) for name, item in value.items()}
    return value


def _contains(value: Any, unknown: object) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value == unknown or any(_contains(item, unknown) for item in items)


def answer(
    type_token: str, urn: str, inputs: Mapping[str, Any], region: str
) -> tuple[str, dict[str, Any]]:
    """The id of a new resource, and the outputs that AWS adds to its inputs.

    One URN always gets the same answer. Outputs that nothing reads are left out.
    """
    digest = hashlib.sha256(urn.encode()).hexdigest()
    number, word = f"0{digest[:16]}", digest[16:26]
    name = inputs.get("name") or f"{urn.rpartition('::')[2]}-{digest[26:33]}"
    partition = partition_of(region)
    package, kind = type_token.split("/", maxsplit=1)[0], type_token.rpartition(":")[2]

    def arn(service: str, resource: str, account: str = ACCOUNT, region: str = region) -> str:
        return f"arn:{partition}:{service}:{region}:{account}:{resource}"

    def balancing(resource: str, **more: Any) -> tuple[str, dict[str, Any]]:
        ident = arn("elasticloadbalancing", f"{resource}/{digest[:16]}")
        return ident, {"arn": ident, "name": name, **more}

    match kind:
        case "LoadBalancer":
            balancer = "net" if inputs.get("loadBalancerType") == "network" else "app"
            dns = f"{name}-{digest[:16]}.elb.{region}.amazonaws.com"
            return balancing(f"loadbalancer/{balancer}/{name}", dnsName=dns)
        case "TargetGroup":
            return balancing(f"targetgroup/{name}")
        case "Listener":
            path = str(inputs.get("loadBalancerArn", "")).partition("loadbalancer/")[2]
            return balancing(f"listener/{path or 'net/unknown/0'}")
        case "Group" if package == "aws:autoscaling":
            return name, {"arn": arn("autoscaling", f"autoScalingGroup:{word}"), "name": name}
        case "Role" | "InstanceProfile":
            noun = "role" if kind == "Role" else "instance-profile"
            path = inputs.get("path") or "/"
            return name, {"arn": arn("iam", f"{noun}{path}{name}", region=""), "name": name}
        case "Policy" if package == "aws:iam":
            ident = arn("iam", f"policy/{name}", region="")
            return ident, {"arn": ident, "name": name}
        case "LogGroup":
            return name, {"arn": arn("logs", f"log-group:{name}"), "name": name}
        case "Certificate" if package == "aws:acm":
            ident = arn("acm", f"certificate/{uuid.UUID(digest[:32])}")
            domain = inputs.get("domainName")
            option = {
                "domainName": domain,
                "resourceRecordName": f"_{word}.{domain}.",
                "resourceRecordType": "CNAME",
                "resourceRecordValue": f"_{word}.acm-validations.aws.",
            }
            return ident, {"arn": ident, "domainValidationOptions": [option]}
        case "DomainName" if package == "aws:apigateway":
            domain = str(inputs.get("domainName"))
            return domain, {
                "arn": arn("apigateway", f"/domainnames/{domain}", account=""),
                "regionalDomainName": f"d-{word}.execute-api.{region}.amazonaws.com",
                "regionalZoneId": f"Z{word.upper()}",
                "cloudfrontDomainName": f"d{word}.cloudfront.net",
                "cloudfrontZoneId": "Z2FDTNDATAQYW2",
            }
        case "Record":
            domain = str(inputs.get("name")).removesuffix(".")
            return f"{inputs.get('zoneId')}_{domain}_{inputs.get('type')}", {"fqdn": domain}
        case "RestApi":
            return word, {
                "arn": arn("apigateway", f"/restapis/{word}", account=""),
                "executionArn": arn("execute-api", word),
                "rootResourceId": digest[33:43],
            }
        case "Api" if package == "aws:apigatewayv2":
            return word, {
                "arn": arn("apigateway", f"/apis/{word}", account=""),
                "executionArn": arn("execute-api", word),
            }
        case "Stage" if package == "aws:apigateway":
            api, stage = inputs.get("restApi"), inputs.get("stageName")
            return f"ags-{api}-{stage}", {
                "arn": arn("apigateway", f"/restapis/{api}/stages/{stage}", account=""),
                "executionArn": arn("execute-api", f"{api}/{stage}"),
                "invokeUrl": f"https://{api}.execute-api.{region}.amazonaws.com/{stage}",
            }
    if package in ("aws:apigateway", "aws:apigatewayv2") and kind in _API_GATEWAY:
        return word, {"arn": arn("apigateway", f"/{_API_GATEWAY[kind]}/{word}", account="")}
    if package == "aws:wafv2" and kind in _WAF:
        return word, {"arn": arn("wafv2", f"regional/{_WAF[kind]}/{name}/{word}"), "name": name}
    if kind in _EC2:
        prefix, noun = _EC2[kind]
        ident = f"{prefix}-{number}"
        more: dict[str, Any] = {"arn": arn("ec2", f"{noun}/{ident}"), "ownerId": ACCOUNT}
        if kind == "VpcEndpoint":
            more["prefixListId"] = f"pl-{digest[:8]}"
        if kind == "LaunchTemplate":
            more["latestVersion"] = 1
        return ident, more
    return word, {}
