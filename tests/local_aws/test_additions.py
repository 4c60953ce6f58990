"""What was added to Moto, asked with boto3: each test fails without its addition."""

import json
import secrets
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.conftest import Clients

pytestmark = pytest.mark.provider
USER_DATA = "IyEvYmluL3NoCg=="
PRIVATE_LINK = "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"


def name() -> str:
    return f"n{secrets.token_hex(6)}"


def network(aws: Clients) -> tuple[str, str]:
    """A VPC with a subnet."""
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-2a")
    return vpc, subnet["Subnet"]["SubnetId"]


def group(aws: Clients, vpc: str) -> str:
    made = aws("ec2").create_security_group(GroupName=name(), Description="d", VpcId=vpc)
    return str(made["GroupId"])


def balancer(aws: Clients, vpc: str, subnet: str) -> str:
    made = aws("elbv2").create_load_balancer(
        Name=name(),
        Type="network",
        Scheme="internal",
        Subnets=[subnet],
        SecurityGroups=[group(aws, vpc)],
        Tags=[{"Key": "stack", "Value": "dev"}],
    )
    return str(made["LoadBalancers"][0]["LoadBalancerArn"])


def described(aws: Clients, arn: str) -> Any:
    return aws("elbv2").describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"][0]


def image(aws: Clients) -> str:
    return str(aws("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"])


def fleet(aws: Clients, subnet: str, **data: Any) -> str:
    """An Auto Scaling group with an instance, of a template with more data."""
    template = aws("ec2").create_launch_template(
        LaunchTemplateName=name(),
        LaunchTemplateData={"ImageId": image(aws), "InstanceType": "t4g.micro", **data},
    )["LaunchTemplate"]["LaunchTemplateId"]
    group = name()
    aws("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "1"},
        MinSize=1,
        MaxSize=2,
        VPCZoneIdentifier=subnet,
        MaxInstanceLifetime=2_592_000,
        InstanceMaintenancePolicy={"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200},
    )
    return group


def scaling(aws: Clients, group: str) -> Any:
    found = aws("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[group])
    return found["AutoScalingGroups"][0]


def link(aws: Clients, arn: str) -> str:
    return str(aws("apigateway").create_vpc_link(name=name(), targetArns=[arn])["id"])


def published(aws: Clients, variables: dict[str, str], **more: Any) -> tuple[str, str]:
    """A REST API with a stage; returns the ids of the API and of its deployment."""
    client = aws("apigateway")
    api = client.create_rest_api(name=name())["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    at = {"restApiId": api, "resourceId": root, "httpMethod": "GET"}
    client.put_method(**at, authorizationType="NONE")
    client.put_integration(**at, type="MOCK")
    deployment = client.create_deployment(restApiId=api)["id"]
    client.create_stage(
        restApiId=api, stageName="dev", deploymentId=deployment, variables=variables, **more
    )
    return api, deployment


def test_an_instance_gets_a_disk_of_the_images_size(aws: Clients) -> None:
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True}}
    group = fleet(aws, network(aws)[1], BlockDeviceMappings=[disk])
    assert len(scaling(aws, group)["Instances"]) == 1


def test_a_group_keeps_how_its_instances_are_replaced(aws: Clients) -> None:
    group = fleet(aws, network(aws)[1])
    found = scaling(aws, group)
    assert found["MaxInstanceLifetime"] == 2_592_000
    policy = {"MinHealthyPercentage": 100, "MaxHealthyPercentage": 200}
    assert found["InstanceMaintenancePolicy"] == policy
    aws("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=group, MaxInstanceLifetime=86_400
    )
    assert scaling(aws, group)["MaxInstanceLifetime"] == 86_400


def test_a_scaling_policy_has_defaults_and_predicts_nothing(aws: Clients) -> None:
    stat = {"Metric": {"MetricName": "m", "Namespace": "n"}, "Stat": "Sum"}
    of = {"AutoScalingGroupName": fleet(aws, network(aws)[1])}
    aws("autoscaling").put_scaling_policy(
        **of,
        PolicyName="requests",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration={
            "CustomizedMetricSpecification": {"Metrics": [{"Id": "m", "MetricStat": stat}]},
            "TargetValue": 50,
        },
    )
    (found,) = aws("autoscaling").describe_policies(**of)["ScalingPolicies"]
    assert found["Enabled"] is True
    assert "PredictiveScalingConfiguration" not in found
    metrics = found["TargetTrackingConfiguration"]["CustomizedMetricSpecification"]["Metrics"]
    assert metrics[0]["MetricStat"]["Period"] == 60


def test_a_later_version_of_a_template_starts_an_instance(aws: Clients) -> None:
    group = fleet(aws, network(aws)[1], UserData=USER_DATA)
    template = scaling(aws, group)["LaunchTemplate"]["LaunchTemplateId"]
    made = aws("ec2").create_launch_template_version(
        LaunchTemplateId=template,
        LaunchTemplateData={"ImageId": image(aws), "UserData": USER_DATA},
    )["LaunchTemplateVersion"]
    assert made["VersionNumber"] == 2
    assert made["LaunchTemplateData"]["UserData"] == USER_DATA
    aws("autoscaling").update_auto_scaling_group(
        AutoScalingGroupName=group,
        LaunchTemplate={"LaunchTemplateId": template, "Version": "2"},
        DesiredCapacity=2,
    )
    assert len(scaling(aws, group)["Instances"]) == 2


@pytest.mark.parametrize("source", ["group", "prefixes"])
def test_a_rule_keeps_its_description_with_any_source(aws: Clients, source: str) -> None:
    ec2 = aws("ec2")
    vpc, _ = network(aws)
    own = group(aws, vpc)
    ports = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80}
    prefixes = ec2.describe_prefix_lists()["PrefixLists"][0]["PrefixListId"]
    sources: dict[str, Any] = {
        "group": {"UserIdGroupPairs": [{"GroupId": own, "Description": "why"}]},
        "prefixes": {"PrefixListIds": [{"PrefixListId": prefixes, "Description": "why"}]},
    }
    made = ec2.authorize_security_group_egress(
        GroupId=own, IpPermissions=[{**ports, **sources[source]}]
    )["SecurityGroupRules"][0]
    found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    assert found["SecurityGroupRules"][0]["Description"] == "why"


def test_the_tags_of_a_template_are_not_its_data(aws: Clients) -> None:
    ec2 = aws("ec2")
    tags = [{"ResourceType": "launch-template", "Tags": [{"Key": "stack", "Value": "dev"}]}]
    made = ec2.create_launch_template(
        LaunchTemplateName=name(),
        LaunchTemplateData={"InstanceType": "t4g.micro"},
        TagSpecifications=tags,
    )["LaunchTemplate"]["LaunchTemplateId"]
    (found,) = ec2.describe_launch_template_versions(LaunchTemplateId=made)[
        "LaunchTemplateVersions"
    ]
    assert "TagSpecifications" not in found["LaunchTemplateData"]
    (template,) = ec2.describe_launch_templates(LaunchTemplateIds=[made])["LaunchTemplates"]
    assert template["Tags"] == [{"Key": "stack", "Value": "dev"}]


def test_the_arn_of_a_network_balancer_says_so(aws: Clients) -> None:
    arn = balancer(aws, *network(aws))
    assert ":loadbalancer/net/" in arn
    tags = aws("elbv2").describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
    assert tags == [{"Key": "stack", "Value": "dev"}]


def test_a_balancer_filters_the_traffic_of_a_link_until_it_is_told_not_to(aws: Clients) -> None:
    arn = balancer(aws, *network(aws))
    found = described(aws, arn)
    assert found[PRIVATE_LINK] == "on"
    groups = {"LoadBalancerArn": arn, "SecurityGroups": found["SecurityGroups"]}
    aws("elbv2").set_security_groups(**groups, **{PRIVATE_LINK: "off"})
    assert described(aws, arn)[PRIVATE_LINK] == "off"


def test_a_deleted_endpoint_is_not_found(aws: Clients) -> None:
    ec2 = aws("ec2")
    vpc, _ = network(aws)
    service = {"ServiceName": "com.amazonaws.us-east-2.s3", "VpcEndpointType": "Gateway"}
    made = ec2.create_vpc_endpoint(VpcId=vpc, **service)["VpcEndpoint"]["VpcEndpointId"]
    assert ec2.describe_vpc_endpoints(VpcEndpointIds=[made])["VpcEndpoints"]
    ec2.delete_vpc_endpoints(VpcEndpointIds=[made])
    with pytest.raises(ClientError, match=r"InvalidVpcEndpointId\.NotFound"):
        ec2.describe_vpc_endpoints(VpcEndpointIds=[made])


def test_a_stage_has_a_canary_until_it_is_removed(aws: Clients) -> None:
    client = aws("apigateway")
    made = {"percentTraffic": 5.0, "stageVariableOverrides": {"linkId": "a", "host": "b"}}
    api, _ = published(aws, {}, canarySettings=made)
    stage = {"restApiId": api, "stageName": "dev"}
    assert client.get_stage(**stage)["canarySettings"] == made
    changes = [
        {"op": "replace", "path": "/canarySettings/percentTraffic", "value": "50"},
        {"op": "replace", "path": "/canarySettings/useStageCache", "value": "true"},
        {"op": "replace", "path": "/canarySettings/stageVariableOverrides/linkId", "value": "c"},
        {"op": "remove", "path": "/canarySettings/stageVariableOverrides/host"},
    ]
    client.update_stage(**stage, patchOperations=changes)
    changed = {"percentTraffic": 50.0, "stageVariableOverrides": {"linkId": "c"}}
    assert client.get_stage(**stage)["canarySettings"] == {**changed, "useStageCache": True}
    client.update_stage(**stage, patchOperations=[{"op": "remove", "path": "/canarySettings"}])
    assert "canarySettings" not in client.get_stage(**stage)


def test_the_tags_of_everything_in_api_gateway_can_be_changed(aws: Clients) -> None:
    client = aws("apigateway")
    api, _ = published(aws, {})
    used = link(aws, balancer(aws, *network(aws)))
    key, plan = client.create_api_key(name=name())["id"], client.create_usage_plan(name=name())
    for path, get in {
        f"restapis/{api}": partial(client.get_rest_api, restApiId=api),
        f"restapis/{api}/stages/dev": partial(client.get_stage, restApiId=api, stageName="dev"),
        f"vpclinks/{used}": partial(client.get_vpc_link, vpcLinkId=used),
        f"apikeys/{key}": partial(client.get_api_key, apiKey=key),
        f"usageplans/{plan['id']}": partial(client.get_usage_plan, usagePlanId=plan["id"]),
    }.items():
        arn = f"arn:aws:apigateway:us-east-2::/{path}"
        client.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
        assert get()["tags"] == {"a": "1", "b": "2"}, path
        client.untag_resource(resourceArn=arn, tagKeys=["a"])
        assert get()["tags"] == {"b": "2"}, path


def test_a_role_keeps_its_description_when_only_its_sessions_change(aws: Clients) -> None:
    iam = aws("iam")
    role = {"RoleName": name()}
    iam.create_role(**role, AssumeRolePolicyDocument="{}", Description="why")
    iam.update_role(**role, MaxSessionDuration=7200)
    found = iam.get_role(**role)["Role"]
    assert (found["Description"], found["MaxSessionDuration"]) == ("why", 7200)
    iam.update_role(**role, Description="how")
    assert iam.get_role(**role)["Role"]["Description"] == "how"


def test_an_api_has_the_policy_of_its_endpoint_until_an_import_resets_it(aws: Clients) -> None:
    client, policy = aws("apigateway"), "SecurityPolicy_TLS13_1_2_2021_06"
    made = client.create_rest_api(name=name(), securityPolicy=policy, endpointAccessMode="BASIC")
    api = {"restApiId": made["id"]}
    shown = client.get_rest_api(**api)
    assert (shown["securityPolicy"], shown["endpointAccessMode"]) == (policy, "BASIC")
    change = {"op": "replace", "path": "/endpointAccessMode", "value": "STRICT"}
    changed = client.update_rest_api(**api, patchOperations=[change])
    assert (changed["securityPolicy"], changed["endpointAccessMode"]) == (policy, "STRICT")
    document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}
    stated = {**document, "x-amazon-apigateway-security-policy": policy}
    for content, expected in {json.dumps(stated): policy, json.dumps(document): "TLS_1_0"}.items():
        client.put_rest_api(**api, mode="overwrite", body=content.encode())
        assert client.get_rest_api(**api)["securityPolicy"] == expected


def imported(aws: Clients, path: str, operation: dict[str, Any]) -> list[str]:
    """The paths of a REST API whose document has one, with a GET."""
    client = aws("apigateway")
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "paths": {path: {"get": {"responses": {"200": {"description": "d"}}, **operation}}},
    }
    api = client.create_rest_api(name=name())["id"]
    body = json.dumps(document).encode()
    client.put_rest_api(restApiId=api, mode="overwrite", failOnWarnings=True, body=body)
    return [each["path"] for each in client.get_resources(restApiId=api)["items"]]


def test_a_greedy_path_is_imported_with_its_parameter(aws: Clients) -> None:
    proxy = {"name": "proxy", "in": "path", "required": True, "schema": {"type": "string"}}
    assert "/{proxy+}" in imported(aws, "/{proxy+}", {"parameters": [proxy]})


def test_a_mock_is_imported(aws: Clients) -> None:
    templates = {"application/json": '{"statusCode": 200}'}
    responses = {"default": {"statusCode": "200", "responseParameters": {}}}
    mock = {"type": "mock", "requestTemplates": templates, "responses": responses}
    assert "/mock" in imported(aws, "/mock", {"x-amazon-apigateway-integration": mock})


def test_a_link_that_a_stage_names_is_not_deleted(aws: Clients) -> None:
    client = aws("apigateway")
    used = link(aws, balancer(aws, *network(aws)))
    api, _ = published(aws, {"linkId": used})
    with pytest.raises(ClientError, match=r"is referenced in \[stage:dev\]"):
        client.delete_vpc_link(vpcLinkId=used)
    client.delete_stage(restApiId=api, stageName="dev")
    client.delete_vpc_link(vpcLinkId=used)


def test_a_deployment_of_a_stage_is_not_deleted(aws: Clients) -> None:
    client = aws("apigateway")
    api, deployment = published(aws, {})
    with pytest.raises(ClientError, match="must be moved or deleted"):
        client.delete_deployment(restApiId=api, deploymentId=deployment)
    client.delete_stage(restApiId=api, stageName="dev")
    client.delete_deployment(restApiId=api, deploymentId=deployment)


def test_a_balancer_has_one_link_only(aws: Clients) -> None:
    arn = balancer(aws, *network(aws))
    first = link(aws, arn)
    with pytest.raises(ClientError, match="already associated with another VPC Endpoint Service"):
        link(aws, arn)
    links = aws("apigateway").get_vpc_links()["items"]
    assert [each["id"] for each in links if arn in each["targetArns"]] == [first]


def test_a_balancer_with_a_link_is_not_deleted(aws: Clients) -> None:
    arn = balancer(aws, *network(aws))
    used = link(aws, arn)
    with pytest.raises(ClientError, match="currently associated with another service"):
        aws("elbv2").delete_load_balancer(LoadBalancerArn=arn)
    aws("apigateway").delete_vpc_link(vpcLinkId=used)
    aws("elbv2").delete_load_balancer(LoadBalancerArn=arn)


def test_a_web_acl_and_its_lists_are_not_deleted_while_they_are_in_use(aws: Clients) -> None:
    waf, shown = aws("wafv2"), {"SampledRequestsEnabled": False, "CloudWatchMetricsEnabled": True}
    named: dict[str, Any] = {"Name": name(), "Scope": "REGIONAL"}
    ranges = {"IPAddressVersion": "IPV4", "Addresses": ["203.0.113.0/24"]}
    addresses = waf.create_ip_set(**named, **ranges)["Summary"]
    rule = {
        "Name": "block",
        "Priority": 0,
        "Action": {"Block": {}},
        "Statement": {"IPSetReferenceStatement": {"ARN": addresses["ARN"]}},
        "VisibilityConfig": {**shown, "MetricName": "block"},
    }
    made = {"DefaultAction": {"Allow": {}}, "VisibilityConfig": {**shown, "MetricName": "m"}}
    first = waf.create_web_acl(**named, **made, Rules=[rule])["Summary"]
    second = waf.create_web_acl(**{**named, "Name": name()}, **made, Rules=[])["Summary"]
    stage = "arn:aws:apigateway:us-east-2::/restapis/a1b2c3/stages/dev"
    waf.associate_web_acl(WebACLArn=first["ARN"], ResourceArn=stage)
    for delete, one in ((waf.delete_web_acl, first), (waf.delete_ip_set, addresses)):
        with pytest.raises(ClientError, match="WAFAssociatedItem"):
            delete(**named, Id=one["Id"], LockToken=one["LockToken"])
    waf.associate_web_acl(WebACLArn=second["ARN"], ResourceArn=stage)
    waf.delete_web_acl(**named, Id=first["Id"], LockToken=first["LockToken"])
    waf.delete_ip_set(**named, Id=addresses["Id"], LockToken=addresses["LockToken"])
