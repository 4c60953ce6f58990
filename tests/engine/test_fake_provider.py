"""The fake provider itself: what it rejects, replaces and compares. No CLI is needed."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Account, Resource
from tests.engine.fake_provider.rejections import create_error, delete_error, error
from tests.engine.fake_provider.values import changes

REGION = "us-east-2"


def calling(**more: str) -> str:
    """A definition with one private integration."""
    uri, link = "http://${stageVariables.backendHost}/", "${stageVariables.vpcLinkId}"
    integration = {"uri": uri, "connectionId": link, **more}
    return json.dumps({"paths": {"/": {"get": {"x-amazon-apigateway-integration": integration}}}})


class Example:
    """An account with NLB, target group, listener, link, API, deployment and stage."""

    def __init__(self) -> None:
        self.account = Account()
        self.balancer = self.add(rt.LOAD_BALANCER, name="nlb")
        self.group = self.add(rt.TARGET_GROUP, name="group")
        self.listener = self.add(rt.LISTENER, **self.listening(self.balancer, 80))
        self.link = self.add(rt.VPC_LINK, targetArn=self.balancer.id, name="link")
        self.api = self.add(rt.REST_API, name="api")
        self.definition = self.add(rt.REST_API_PUT, restApiId=self.api.id, body=calling())
        self.deployment = self.add(rt.DEPLOYMENT, restApi=self.api.id)
        variables = {"vpcLinkId": self.link.id, "backendHost": "host"}
        self.stage = self.add(rt.STAGE, **self.published(variables=variables))

    def build(self, token: str, /, **inputs: Any) -> Resource:
        urn = f"urn:pulumi:s::p::{token}::{len(self.account.resources)}"
        return self.account.build(token, urn, inputs, REGION)

    def add(self, token: str, /, status: str = "", **inputs: Any) -> Resource:
        resource = self.build(token, **inputs)
        resource.status = status
        assert create_error(self.account, resource) is None
        self.account.add(resource)
        return resource

    def listening(self, balancer: Resource, port: int) -> dict[str, Any]:
        forward = [{"targetGroupArn": self.group.id}]
        return {"loadBalancerArn": balancer.id, "port": port, "defaultActions": forward}

    def published(self, **inputs: Any) -> dict[str, Any]:
        base = {"restApi": self.api.id, "stageName": "dev", "deployment": self.deployment.id}
        return {**base, **inputs}


@pytest.fixture
def example() -> Example:
    return Example()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("link", "Cannot delete vpc link"),
        ("balancer", "currently associated with another service"),
        ("group", "currently in use by a listener"),
        ("deployment", "Active stages pointing"),
    ],
)
def test_a_resource_in_use_cannot_be_deleted(example: Example, name: str, message: str) -> None:
    resource: Resource = getattr(example, name)
    assert message in str(delete_error(example.account, resource.type, resource.id))


def test_an_unused_resource_can_be_deleted(example: Example) -> None:
    for resource in (
        example.stage,
        example.deployment,
        example.link,
        example.balancer,
        example.group,
    ):
        assert delete_error(example.account, resource.type, resource.id) is None
        example.account.delete(resource.type, resource.id)
    assert example.listener not in example.account.resources.values()


def test_a_load_balancer_is_released_late_after_its_link_was_deleted(example: Example) -> None:
    example.account.releases_late = True
    example.account.delete(rt.STAGE, example.stage.id)
    example.account.delete(rt.VPC_LINK, example.link.id)
    assert "a moment ago" in str(
        delete_error(example.account, rt.LOAD_BALANCER, example.balancer.id)
    )
    assert delete_error(example.account, rt.LOAD_BALANCER, example.balancer.id) is None


def test_a_link_that_only_a_canary_uses_cannot_be_deleted(example: Example) -> None:
    other = example.add(rt.VPC_LINK, targetArn="arn:other", name="other")
    assert delete_error(example.account, rt.VPC_LINK, other.id) is None
    overrides = {"stageVariableOverrides": {"vpcLinkId": other.id}}
    example.stage.wrapped["canarySettings"] = overrides
    assert "referenced" in str(delete_error(example.account, rt.VPC_LINK, other.id))


SUBNETS: dict[str, Any] = {"subnetIds": ["subnet-1", "subnet-2"], "securityGroupIds": ["sg-1"]}


def with_v2(example: Example, definition: str) -> tuple[Resource, Resource]:
    """A link V2, and a stage that selects it for this definition."""
    link = example.add(rt.VPC_LINK_V2, name="v2", **SUBNETS)
    example.add(rt.REST_API_PUT, restApiId=example.api.id, body=definition)
    deployment = example.add(rt.DEPLOYMENT, restApi=example.api.id)
    variables = {"vpcLinkId": link.id, "backendHost": "host"}
    published = example.published(variables=variables, stageName="v2", deployment=deployment.id)
    return link, example.build(rt.STAGE, **published)


def test_a_stage_of_a_link_v2_needs_an_integration_target(example: Example) -> None:
    _, stage = with_v2(example, calling())
    assert "IntegrationTarget is required" in str(create_error(example.account, stage))


def test_what_a_stage_reaches_through_a_link_v2_cannot_be_deleted(example: Example) -> None:
    balancer = example.add(rt.LOAD_BALANCER, name="second")
    link, stage = with_v2(example, calling(**{"integration-target": balancer.id}))
    assert create_error(example.account, stage) is None
    assert delete_error(example.account, balancer.type, balancer.id) is None
    assert delete_error(example.account, link.type, link.id) is None
    example.account.add(stage)
    assert "integration target of" in str(delete_error(example.account, balancer.type, balancer.id))
    assert "Cannot delete vpc link" in str(delete_error(example.account, link.type, link.id))


def test_a_stage_of_a_link_v1_has_no_integration_target(example: Example) -> None:
    _, stage = with_v2(example, calling(**{"integration-target": example.balancer.id}))
    stage.wrapped["variables"]["vpcLinkId"] = example.link.id
    assert "IntegrationTarget is for" in str(create_error(example.account, stage))


def test_an_integration_target_is_a_load_balancer_and_no_listener(example: Example) -> None:
    body = calling(**{"integration-target": example.listener.id})
    definition = example.build(rt.REST_API_PUT, restApiId=example.api.id, body=body)
    assert "is not a valid ALB or NLB arn" in str(create_error(example.account, definition))


@pytest.mark.parametrize("key", SUBNETS)
def test_subnets_and_groups_of_a_link_v2_are_changed_by_replacing_it(
    example: Example, key: str
) -> None:
    link = example.add(rt.VPC_LINK_V2, name="v2", **SUBNETS)
    changed = example.build(rt.VPC_LINK_V2, name="v2", **{**SUBNETS, key: ["other"]})
    changed.id = link.id
    assert f"{key} of a VPC link cannot be changed" in str(error(example.account, changed))
    old, new = link.inputs, changed.inputs
    assert rt.forced(rt.VPC_LINK_V2, old, new, set(changes(old, new))) == {key}
    turned = {**SUBNETS, "subnetIds": SUBNETS["subnetIds"][::-1]}
    assert changes(SUBNETS, turned) == {}


def private(example: Example, *, policy: bool) -> tuple[Resource, Resource]:
    """An endpoint, and the deployment of a private API with it."""
    endpoint = example.add(rt.VPC_ENDPOINT, vpcId="vpc")
    configured = {"types": "PRIVATE", "vpcEndpointIds": [endpoint.id]}
    api = example.add(rt.REST_API, name="private", endpointConfiguration=configured)
    denied = {"Condition": {"StringNotEquals": {"aws:SourceVpce": [endpoint.id]}}}
    stated = {"x-amazon-apigateway-policy": {"Statement": [denied]}} if policy else {}
    body = json.dumps({**json.loads(calling()), **stated})
    example.add(rt.REST_API_PUT, restApiId=api.id, body=body)
    return endpoint, example.build(rt.DEPLOYMENT, restApi=api.id)


def test_a_private_api_without_a_resource_policy_is_not_deployed(example: Example) -> None:
    _, deployment = private(example, policy=False)
    assert "doesn't have a resource policy" in str(create_error(example.account, deployment))


def test_an_endpoint_that_a_stage_admits_is_not_deleted(example: Example) -> None:
    endpoint, deployment = private(example, policy=True)
    assert create_error(example.account, deployment) is None
    example.account.add(deployment)
    assert delete_error(example.account, endpoint.type, endpoint.id) is None
    variables = {"vpcLinkId": example.link.id, "backendHost": "host"}
    published = {"restApi": deployment.inputs["restApi"], "deployment": deployment.id}
    example.add(rt.STAGE, **example.published(variables=variables, **published))
    assert "resource policy" in str(delete_error(example.account, endpoint.type, endpoint.id))


def test_an_import_takes_away_the_endpoints_that_it_does_not_carry(example: Example) -> None:
    _, deployment = private(example, policy=True)
    api = example.account.resources[rt.REST_API, deployment.inputs["restApi"]]
    assert api.inputs["endpointConfiguration"] == {"types": "PRIVATE"}


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("PRIVATE", {"types": "EDGE"}, "Cannot change a private API"),
        ("REGIONAL", {"types": "REGIONAL", "vpcEndpointIds": ["vpce-1"]}, "only be specified"),
        ("PRIVATE", {"types": "REGIONAL"}, "None"),
    ],
)
def test_the_type_of_an_endpoint_changes_only_in_some_directions(
    example: Example, before: str, after: dict[str, Any], message: str
) -> None:
    api = example.add(rt.REST_API, name="x", endpointConfiguration={"types": before})
    changed = example.build(rt.REST_API, name="x", endpointConfiguration=after)
    changed.id = api.id
    assert message in str(error(example.account, changed))


ACLS = "arn:aws:wafv2:us-east-2:111122223333:regional/webacl/"


def associated(example: Example, acl: str) -> Resource:
    stage = example.stage.outputs["arn"]
    return example.add(rt.WEB_ACL_ASSOCIATION, webAclArn=acl, resourceArn=stage)


def test_a_web_acl_and_its_lists_cannot_be_deleted_while_they_are_in_use(example: Example) -> None:
    addresses = example.add(rt.IP_SET, name="block")
    rules = [{"statement": {"ipSetReferenceStatement": {"arn": addresses.outputs["arn"]}}}]
    acl = example.add(rt.WEB_ACL, name="acl", rules=rules)
    association = associated(example, acl.outputs["arn"])
    for one in (acl, addresses):
        assert "WAFAssociatedItem" in str(delete_error(example.account, one.type, one.id))
    for one in (association, acl, addresses):
        assert delete_error(example.account, one.type, one.id) is None
        example.account.delete(one.type, one.id)


def test_the_deletion_of_an_association_takes_away_that_of_its_successor(example: Example) -> None:
    first = associated(example, f"{ACLS}first/1")
    second = associated(example, f"{ACLS}second/2")
    assert [*example.account.of_type(rt.WEB_ACL_ASSOCIATION)] == [second]
    example.account.delete(first.type, first.id)
    assert not [*example.account.of_type(rt.WEB_ACL_ASSOCIATION)]


def test_a_deleted_stage_lets_go_of_its_web_acl(example: Example) -> None:
    associated(example, f"{ACLS}first/1")
    example.account.delete(rt.STAGE, example.stage.id)
    assert not [*example.account.of_type(rt.WEB_ACL_ASSOCIATION)]


@pytest.mark.parametrize(
    ("acl", "stage", "message"),
    [
        (ACLS.replace("regional", "global"), "", "REGIONAL"),
        (ACLS, "gone", "WAFNonexistentItem"),
    ],
)
def test_a_web_acl_is_regional_and_its_stage_exists(
    example: Example, acl: str, stage: str, message: str
) -> None:
    arn = stage or example.stage.outputs["arn"]
    wrong = example.build(rt.WEB_ACL_ASSOCIATION, webAclArn=acl, resourceArn=arn)
    assert message in str(create_error(example.account, wrong))


def with_domain(example: Example, **inputs: Any) -> tuple[Resource, Resource, Resource]:
    """An issued certificate, a domain that has it, and a path that leads to the stage."""
    certificate = example.add(rt.CERTIFICATE, domainName="a.example.com")
    example.add(rt.CERTIFICATE_VALIDATION, certificateArn=certificate.id)
    domain = example.add(rt.DOMAIN_NAME, **naming(certificate.id, **inputs))
    mapped = {"domainName": domain.id, "restApi": example.api.id, "stageName": "dev"}
    return certificate, domain, example.add(rt.BASE_PATH_MAPPING, **mapped)


def naming(certificate: str, **inputs: Any) -> dict[str, Any]:
    configuration = {"endpointConfiguration": {"types": "REGIONAL"}, "securityPolicy": "TLS_1_2"}
    given = {"domainName": "a.example.com", "regionalCertificateArn": certificate}
    return {**configuration, **given, **inputs}


def test_what_a_domain_and_its_paths_use_cannot_be_deleted(example: Example) -> None:
    certificate, domain, mapping = with_domain(example)
    for resource, message in (
        (certificate, "Certificate is in use"),
        (domain, "remove all base path mappings"),
        (example.stage, "remove all base path mappings"),
        (example.api, "remove all base path mappings"),
    ):
        assert message in str(delete_error(example.account, resource.type, resource.id))
    for resource in (mapping, example.stage, domain, certificate):
        assert delete_error(example.account, resource.type, resource.id) is None
        example.account.delete(resource.type, resource.id)


EDGE = {"endpointConfiguration": {"types": "EDGE"}, "regionalCertificateArn": None}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "is not issued"),
        ({**EDGE, "certificateArn": "arn:aws:acm:us-east-2:1:certificate/1"}, "in us-east-1"),
        ({**EDGE, "certificateArn": "arn:aws:acm:us-east-1:1:certificate/1"}, "None"),
        ({"regionalCertificateArn": "arn:other"}, "None"),
        (
            {
                "regionalCertificateArn": "arn:other",
                "mutualTlsAuthentication": {"truststoreUri": "s3://a/b"},
                "securityPolicy": "SecurityPolicy_TLS13_1_3_2025_09",
            },
            "Mutual TLS requires",
        ),
    ],
)
def test_a_domain_needs_an_issued_certificate_of_the_right_region(
    example: Example, inputs: dict[str, Any], message: str
) -> None:
    requested = example.add(rt.CERTIFICATE, domainName="a.example.com")
    built = example.build(rt.DOMAIN_NAME, **naming(requested.id, **inputs))
    assert message in str(create_error(example.account, built))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"domainName": "b.example.com", "stageName": "dev"}, "Invalid domain name"),
        ({"stageName": "next", "basePath": "next"}, "Invalid stage"),
        ({"stageName": "dev"}, "already exists"),
        ({"stageName": "x", "restApi": "another", "basePath": "x"}, "None"),
    ],
)
def test_a_path_leads_from_a_domain_to_a_stage_once(
    example: Example, inputs: dict[str, Any], message: str
) -> None:
    _, domain, _ = with_domain(example)
    given = {"domainName": domain.id, "restApi": example.api.id, **inputs}
    built = example.build(rt.BASE_PATH_MAPPING, **given)
    assert message in str(create_error(example.account, built))


def test_a_record_is_overwritten_only_on_request(example: Example) -> None:
    record = {"zoneId": "Z1", "name": "a.example.com", "type": "A"}
    example.add(rt.RECORD, **record)
    again = create_error(example.account, example.build(rt.RECORD, **record))
    assert "already exists" in str(again)
    example.add(rt.RECORD, **record, allowOverwrite=True)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("SecurityPolicy_TLS13_1_3_2025_09", "TLS_1_2", "None"),
        ("TLS_1_0", "TLS_1_2", "cannot be changed"),
        ("TLS_1_0", "SecurityPolicy_TLS13_1_3_2025_09", "access mode is required"),
    ],
)
def test_a_policy_of_the_endpoint_changes_as_aws_documents(
    example: Example, before: str, after: str, message: str
) -> None:
    example.api.wrapped["securityPolicy"] = before
    changed = Resource(rt.REST_API, example.api.id, "", {"securityPolicy": after}, {})
    assert message in str(error(example.account, changed))


def test_an_import_resets_what_its_definition_leaves_out_of_the_endpoint(example: Example) -> None:
    example.api.wrapped |= {"securityPolicy": "TLS_1_2", "disableExecuteApiEndpoint": True}
    example.add(rt.REST_API_PUT, restApiId=example.api.id, body=calling())
    reset = {"securityPolicy": "TLS_1_0", "disableExecuteApiEndpoint": False}
    assert reset.items() <= example.api.inputs.items()


def test_a_load_balancer_has_at_most_one_link(example: Example) -> None:
    second = example.build(rt.VPC_LINK, targetArn=example.balancer.id, name="second")
    assert "already associated" in str(create_error(example.account, second))


def test_a_target_group_belongs_to_one_load_balancer(example: Example) -> None:
    other = example.add(rt.LOAD_BALANCER, name="other")
    second = example.build(rt.LISTENER, **example.listening(other, 80))
    assert "TargetGroupAssociationLimit" in str(create_error(example.account, second))
    same_port = example.build(rt.LISTENER, **example.listening(example.balancer, 80))
    assert "DuplicateListener" in str(create_error(example.account, same_port))


@pytest.mark.parametrize(
    ("certificate", "message"),
    [(None, "certificate must be specified"), ("arn:aws:acm:eu-west-1:1:x", "CertificateNotFound")],
)
def test_a_listener_that_ends_tls_has_a_certificate_of_its_region(
    example: Example, certificate: str | None, message: str
) -> None:
    given = {**example.listening(example.balancer, 443), "protocol": "TLS"}
    wrong = example.build(rt.LISTENER, **given, certificateArn=certificate)
    assert message in str(create_error(example.account, wrong))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"variables": {"vpcLinkId": "x"}}, "backendHost"),
        ({"variables": {"vpcLinkId": "x", "backendHost": "y"}}, "None"),
        ({"deployment": "gone"}, "does not exist"),
        ({"canarySettings": {"deploymentId": "gone"}}, "does not exist"),
    ],
)
def test_a_stage_needs_a_deployment_and_its_variables(
    example: Example, inputs: Mapping[str, Any], message: str
) -> None:
    variables = {"vpcLinkId": "x", "backendHost": "y"}
    stage = example.build(rt.STAGE, **example.published(**{"variables": variables, **inputs}))
    assert message in str(error(example.account, stage))


def test_logs_need_the_role_of_the_account(example: Example) -> None:
    example.stage.wrapped["accessLogSettings"] = {"destinationArn": "arn"}
    assert error(example.account, example.stage) is None
    example.account.has_log_role = False
    assert "role ARN must be set" in str(error(example.account, example.stage))
    example.add(rt.API_ACCOUNT, cloudwatchRoleArn="arn")
    assert error(example.account, example.stage) is None


def test_a_name_is_used_once(example: Example) -> None:
    example.add(rt.LOG_GROUP, name="group")
    second = example.build(rt.LOG_GROUP, name="group")
    assert "already exists" in str(create_error(example.account, second))


def test_the_ranges_of_subnets_must_not_overlap(example: Example) -> None:
    example.add(rt.SUBNET, vpcId="vpc", cidrBlock="10.0.0.0/24")
    within = example.build(rt.SUBNET, vpcId="vpc", cidrBlock="10.0.0.128/25")
    assert "conflicts" in str(create_error(example.account, within))
    example.add(rt.SUBNET, vpcId="vpc", cidrBlock="10.0.1.0/24")


def test_every_target_is_healthy_unless_a_pattern_says_otherwise(example: Example) -> None:
    group = example.group.id
    fleet = example.add(rt.FLEET, name="fleet-a", minSize=2, targetGroupArns=[group])
    example.add(rt.FLEET, name="fleet-b", minSize=3, targetGroupArns=["arn:other"])
    example.add(rt.ATTACHMENT, targetGroupArn=group, targetId="i-1", port=80)
    first, second = example.account.instances(fleet)
    healthy = dict.fromkeys([first, second, "i-1"], "healthy")
    assert example.account.health(group) == healthy
    example.account.unhealthy = {"fleet-a"}
    assert example.account.health(group) == {**healthy, first: "unhealthy", second: "unhealthy"}
    example.account.unhealthy = {first, "i-?"}
    assert example.account.health(group) == {
        first: "unhealthy",
        second: "healthy",
        "i-1": "unhealthy",
    }


def test_a_resource_has_been_made_unless_it_was_canceled_or_failed(example: Example) -> None:
    begun = example.add(rt.VPC_LINK, status="PENDING", targetArn="a", name="begun")
    failed = example.add(rt.VPC_LINK, status="FAILED", targetArn="b", name="failed")
    assert [link.status for link in (example.link, begun, failed)] == [
        "AVAILABLE",
        "PENDING",
        "FAILED",
    ]
    example.account.settle()
    assert [begun.status, failed.status] == ["AVAILABLE", "FAILED"]


def test_removing_a_zone_replaces_the_load_balancer() -> None:
    two, three = {"subnets": ["a", "b"]}, {"subnets": ["c", "b", "a"]}
    assert rt.forced(rt.LOAD_BALANCER, three, two, {"subnets"}) == {"subnets"}
    assert rt.forced(rt.LOAD_BALANCER, two, three, {"subnets"}) == set()


def test_an_equivalent_value_is_no_change() -> None:
    old = {"subnets": ["a", "b"], "policy": '{"a": 1, "b": 2}', "tags": {"x": "1"}}
    new = {"subnets": ["b", "a"], "policy": '{"b":2,"a":1}', "tags": {"x": "2", "y": "3"}}
    assert changes(old, new) == {"tags": ("~tags.x", "+tags.y")}
