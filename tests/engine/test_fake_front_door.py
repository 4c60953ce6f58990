"""What the fake provider rejects of endpoints, web ACLs and domains. No CLI is needed."""

import json
from typing import Any

import pytest

from tests.engine.example import Example, calling
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.rejections import create_error, delete_error, error


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
