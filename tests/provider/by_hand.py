"""Changes of the stack `dev` in the console, which the program has to undo."""

import json
from typing import Any, Protocol


class Clients(Protocol):
    """Makes a client of a service."""

    def __call__(self, service: str) -> Any: ...


def change(aws: Clients) -> str:
    """Change a resource of each kind; the ARN of the target group that was created for it."""
    _balancing(aws("elbv2"))
    _network(aws("ec2"))
    _role(aws("iam"))
    return _group(aws("elbv2"), aws("autoscaling"))


def _network(ec2: Any) -> None:
    owned = [{"Name": "tag:stack", "Values": ["dev"]}]
    subnet = ec2.describe_subnets(Filters=owned)["Subnets"][0]["SubnetId"]
    ec2.modify_subnet_attribute(SubnetId=subnet, MapPublicIpOnLaunch={"Value": True})
    rule = next(
        rule
        for rule in ec2.describe_security_group_rules(Filters=owned)["SecurityGroupRules"]
        if "ReferencedGroupInfo" in rule
    )
    changed = {
        "IpProtocol": rule["IpProtocol"],
        "FromPort": rule["FromPort"],
        "ToPort": rule["ToPort"] + 1,
        "ReferencedGroupId": rule["ReferencedGroupInfo"]["GroupId"],
    }
    ec2.modify_security_group_rules(
        GroupId=rule["GroupId"],
        SecurityGroupRules=[
            {"SecurityGroupRuleId": rule["SecurityGroupRuleId"], "SecurityGroupRule": changed}
        ],
    )


def _balancing(balancing: Any) -> None:
    group = balancing.describe_target_groups()["TargetGroups"][0]
    arn = group["TargetGroupArn"]
    balancing.modify_target_group(TargetGroupArn=arn, HealthCheckIntervalSeconds=30)
    balancing.add_tags(ResourceArns=[arn], Tags=[{"Key": "by", "Value": "hand"}])
    listeners = balancing.describe_listeners(LoadBalancerArn=group["LoadBalancerArns"][0])
    (listener,) = listeners["Listeners"]
    balancing.modify_listener(ListenerArn=listener["ListenerArn"], Port=listener["Port"] + 1)


def _role(iam: Any) -> None:
    roles = iam.list_roles()["Roles"]
    role = next(role["RoleName"] for role in roles if role["RoleName"].startswith("core-flows-"))
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "a.b"}}
    iam.update_assume_role_policy(
        RoleName=role, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    iam.update_role(RoleName=role, Description="changed by hand", MaxSessionDuration=7200)


def _group(balancing: Any, scaling: Any) -> str:
    (group,) = scaling.describe_auto_scaling_groups()["AutoScalingGroups"]
    name, (own,) = group["AutoScalingGroupName"], group["TargetGroupARNs"]
    vpc = balancing.describe_target_groups(TargetGroupArns=[own])["TargetGroups"][0]["VpcId"]
    other = balancing.create_target_group(Name="other", Protocol="TCP", Port=80, VpcId=vpc)
    arn = str(other["TargetGroups"][0]["TargetGroupArn"])
    scaling.detach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[own])
    scaling.attach_load_balancer_target_groups(AutoScalingGroupName=name, TargetGroupARNs=[arn])
    tag = {"ResourceId": name, "ResourceType": "auto-scaling-group", "Key": "by", "Value": "hand"}
    scaling.create_or_update_tags(Tags=[{**tag, "PropagateAtLaunch": False}])
    return arn
