"""What AWS would answer: the outputs that only the cloud can add, made up but well formed."""

import hashlib
from collections.abc import Mapping
from typing import Any

ACCOUNT = "111122223333"
REGION = "us-east-1"
GLOBAL_SERVICES = ("aws:iam/", "aws:route53/", "aws:cloudfront/")


def is_regional(type_token: str) -> bool:
    """Whether pulumi-aws gives a resource of this type a `region` of its own.

    Source: https://www.pulumi.com/registry/packages/aws/how-to-guides/7-0-migration/
    """
    return type_token.startswith("aws:") and not type_token.startswith(GLOBAL_SERVICES)


def answer(
    type_token: str,
    urn: str,
    inputs: Mapping[str, Any],
    region: str = REGION,
    account: str = ACCOUNT,
) -> tuple[str, dict[str, Any]]:
    """The id of a created resource, and its outputs beyond the inputs, for one type token.

    The same URN always gets the same answer. A type that nobody reads outputs of gets an id
    and no more.
    """
    digest = hashlib.sha256(urn.encode()).hexdigest()
    number, word = f"0{digest[:16]}", digest[16:26]
    name = inputs.get("name") or f"{urn.rpartition('::')[2]}-{digest[26:33]}"
    partition = _partition(region)

    def arn(service: str, resource: str, owner: str = account, place: str = region) -> str:
        return f"arn:{partition}:{service}:{place}:{owner}:{resource}"

    def ec2(prefix: str, kind: str, **more: Any) -> tuple[str, dict[str, Any]]:
        ident = f"{prefix}-{number}"
        return ident, {"arn": arn("ec2", f"{kind}/{ident}"), "ownerId": account, **more}

    def balanced(resource: str, **more: Any) -> tuple[str, dict[str, Any]]:
        full = arn("elasticloadbalancing", resource)
        suffix = resource.removeprefix("loadbalancer/")
        return full, {"arn": full, "arnSuffix": suffix, "name": name, **more}

    match type_token.rpartition(":")[2]:
        case "Vpc":
            return ec2("vpc", "vpc", mainRouteTableId=f"rtb-{number}")
        case "Subnet":
            return ec2("subnet", "subnet")
        case "RouteTable":
            return ec2("rtb", "route-table")
        case "RouteTableAssociation":
            return f"rtbassoc-{number}", {}
        case "VpcEndpoint":
            return ec2("vpce", "vpc-endpoint", prefixListId=f"pl-{digest[:8]}")
        case "FlowLog":
            return ec2("fl", "vpc-flow-log")
        case "SecurityGroup" | "DefaultSecurityGroup":
            return ec2("sg", "security-group", name=name)
        case "SecurityGroupIngressRule" | "SecurityGroupEgressRule":
            return ec2("sgr", "security-group-rule", securityGroupRuleId=f"sgr-{number}")
        case "LaunchTemplate":
            return ec2("lt", "launch-template", latestVersion=1, name=name)
        case "Instance":
            return ec2("i", "instance")
        case "LoadBalancer":
            kind = "net" if inputs.get("loadBalancerType") == "network" else "app"
            dns = f"{name}-{digest[:16]}.elb.{region}.amazonaws.com"
            return balanced(f"loadbalancer/{kind}/{name}/{digest[:16]}", dnsName=dns)
        case "TargetGroup":
            return balanced(f"targetgroup/{name}/{digest[:16]}")
        case "Listener":
            balancer = str(inputs.get("loadBalancerArn", "")).partition("loadbalancer/")[2]
            return balanced(f"listener/{balancer or 'net/unknown/0'}/{digest[:16]}")
        case "Group" if type_token.startswith("aws:autoscaling/"):
            return name, {"arn": arn("autoscaling", f"autoScalingGroup:{word}"), "name": name}
        case "Role":
            role = arn("iam", f"role/{name}", place="")
            return name, {"arn": role, "name": name, "uniqueId": f"AROA{word.upper()}"}
        case "Policy" if type_token.startswith("aws:iam/"):
            policy = arn("iam", f"policy/{name}", place="")
            return policy, {"arn": policy, "name": name}
        case "LogGroup":
            return name, {"arn": arn("logs", f"log-group:{name}"), "name": name}
        case "RestApi":
            return word, {
                "arn": arn("apigateway", f"/restapis/{word}", owner=""),
                "executionArn": arn("execute-api", word),
                "rootResourceId": digest[33:43],
            }
        case "Stage":
            api, stage = inputs.get("restApi"), inputs.get("stageName")
            return f"ags-{api}-{stage}", {
                "arn": arn("apigateway", f"/restapis/{api}/stages/{stage}", owner=""),
                "executionArn": arn("execute-api", f"{api}/{stage}"),
                "invokeUrl": f"https://{api}.execute-api.{region}.amazonaws.com/{stage}",
            }
        case "VpcLink" if type_token.startswith("aws:apigateway/"):
            return word, {"arn": arn("apigateway", f"/vpclinks/{word}", owner="")}
        case "ApiKey":
            return word, {
                "arn": arn("apigateway", f"/apikeys/{word}", owner=""),
                "value": digest[:40],
            }
        case "UsagePlan":
            return word, {"arn": arn("apigateway", f"/usageplans/{word}", owner="")}
        case _:
            return word, {}


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
