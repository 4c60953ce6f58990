"""Programs whose load balancer, VPC link and API are apart, or cannot be shown to be together."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from simulation import analyzer
from simulation.engine import Phase
from tests.policies.case import rule
from tests.policies.locations import SHARED, TARGET
from tests.policies.programs import (
    HERE,
    NAMES,
    OURS,
    THEIRS,
    THERE,
    Program,
    arn,
    balancer,
    call,
    document,
    http_api,
    http_call,
    http_link,
    in_account,
    link_to,
    listener,
    private,
    rest_document,
    run,
    stage_of,
    stops,
)


def a_stage_of_another_api() -> None:
    """Link and load balancer in another region than the stage."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    stage_of("ext1234567", vpcLinkId=link.id)


def a_stage_of_an_api_of_another_account() -> None:
    """Link and load balancer in another account than the stage."""
    theirs = in_account(THEIRS)
    link = link_to(balancer(opts=theirs).arn, opts=theirs)
    stage_of("ext1234567", opts=in_account(OURS), vpcLinkId=link.id)


def a_stage_of_an_api_that_was_read() -> None:
    """The API is read, and its stage is made."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    stage_of(aws.apigateway.RestApi.get("api", "ext1234567").id, vpcLinkId=link.id)


def a_canary_of_another_region() -> None:
    """Only the canary selects a link of another region."""
    here = link_to(balancer().arn)
    there = link_to(balancer("far", THERE).arn, "far", THERE)
    stage_of("ext1234567", canary={"vpcLinkId": there.id}, vpcLinkId=here.id)


def the_second_service_of_a_stage(
    there: str | None = None, theirs: pulumi.ResourceOptions | None = None, *, canary: bool = False
) -> None:
    """A stage gives two services a link each, and that of the second is elsewhere."""
    ours = in_account(OURS)
    near = link_to(balancer(opts=ours).arn, opts=ours)
    where = theirs or ours
    far = link_to(balancer("far", there, opts=where).arn, "far", there, opts=where)
    paths = {
        f"/{name}": document(private(f"${{stageVariables.vpcLinkId_{name}}}"))["paths"]["/"]
        for name in ("orders", "users")
    }
    body = json.dumps({"openapi": "3.0.1", "paths": paths})
    api = aws.apigateway.RestApi("api", body=body, opts=ours)
    far_one: dict[str, pulumi.Input[str]] = {"vpcLinkId_users": far.id}
    variables = {"vpcLinkId_orders": near.id, "vpcLinkId_users": near.id if canary else far.id}
    stage_of(api.id, far_one if canary else None, ours, **variables)


def the_second_service_of_an_api_of_another_stack(*, canary: bool = False) -> None:
    """Nothing here shows that the requests use both links, but a stage selects both."""
    near, far = link_to(balancer().arn), link_to(balancer("far", THERE).arn, "far", THERE)
    variables = {"vpcLinkId_orders": near.id, "vpcLinkId_users": near.id if canary else far.id}
    overrides: dict[str, pulumi.Input[str]] = {"vpcLinkId_users": far.id}
    stage_of("ext1234567", overrides if canary else None, None, **variables)


def a_stage_with_a_literal_link() -> None:
    """Nobody vouches for the link."""
    stage_of("ext1234567", vpcLinkId="abc123")


def a_stage_with_a_link_that_was_read() -> None:
    """Whatever the name of the variable."""
    stage_of("ext1234567", backend=aws.apigateway.VpcLink.get("read", "abc123").id)


def a_websocket_api_of_another_region() -> None:
    """The link of version 1 shows where the load balancer is."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    http_call(link.id, "http://host/")


def a_stage_of_an_http_api() -> None:
    """The link is in a stage variable, and the integration in another stack."""
    link = http_link(region=THERE)
    aws.apigatewayv2.Stage(
        "stage", api_id="ext1234567", name="live", stage_variables={"vpcLinkId": link.id}
    )


def http_document(region: str = HERE, account: str = OURS) -> None:
    """An HTTP API as a document that names a listener."""
    link = http_link()
    target = arn(region, account, "listener")
    aws.apigatewayv2.Api(
        "api",
        protocol_type="HTTP",
        body=link.id.apply(lambda one: json.dumps(document(private(one, uri=target)))),
        opts=in_account(OURS),
    )


def a_link_of_version_two(target: str) -> None:
    """The link is vouched for, and the document names its target."""
    body = json.dumps(document(private("abc123", **{"integration-target": target})))
    aws.apigateway.RestApi("api", body=body, opts=in_account(OURS))


def by_reference(pointer: str) -> None:
    """The integration of the document is a reference to one in another region."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    aws.apigateway.RestApi(
        "api",
        body=link.id.apply(
            lambda one: json.dumps(
                document(
                    {"$ref": pointer},
                    **{"components": {"x-integrations": {"a": private(one), "b/c": private(one)}}},
                )
            )
        ),
    )


APART: dict[str, Program] = {
    "stage, region": a_stage_of_another_api,
    "stage, account": a_stage_of_an_api_of_another_account,
    "stage, API that was read": a_stage_of_an_api_that_was_read,
    "stage, canary": a_canary_of_another_region,
    "stage, literal link": a_stage_with_a_literal_link,
    "stage, link that was read": a_stage_with_a_link_that_was_read,
    "second service, region": lambda: the_second_service_of_a_stage(THERE),
    "second service, account": lambda: the_second_service_of_a_stage(theirs=in_account(THEIRS)),
    "second service, canary": lambda: the_second_service_of_a_stage(THERE, canary=True),
    "second service, API elsewhere": the_second_service_of_an_api_of_another_stack,
    "second service, canary, API elsewhere": lambda: the_second_service_of_an_api_of_another_stack(
        canary=True
    ),
    "HTTP API, everything elsewhere": lambda: http_api(listener(THERE).arn, THERE),
    "HTTP API, listener elsewhere": lambda: http_api(listener(THERE).arn),
    "HTTP API, link elsewhere": lambda: http_api(listener().arn, THERE),
    "HTTP API, literal listener elsewhere": lambda: http_api(arn(THERE, kind="listener")),
    "HTTP API, Cloud Map service elsewhere": lambda: http_api(
        f"arn:aws:servicediscovery:{THERE}:{OURS}:service/srv-1"
    ),
    "WebSocket API": a_websocket_api_of_another_region,
    "HTTP API, stage": a_stage_of_an_http_api,
    "HTTP API, document, region": lambda: http_document(region=THERE),
    "HTTP API, document, account": lambda: http_document(account=THEIRS),
    "link V2 in a document, region": lambda: a_link_of_version_two(arn(THERE)),
    "link V2 in a document, account": lambda: a_link_of_version_two(arn(account=THEIRS)),
    "reference": lambda: by_reference("#/components/x-integrations/a"),
    "escaped reference": lambda: by_reference("#/components/x-integrations/b~1c"),
    "reference that leads nowhere": lambda: by_reference("#/components/x-integrations/none"),
}


@pytest.mark.parametrize("program", APART.values(), ids=APART)
def test_what_is_apart_is_stopped_by_the_update_at_the_latest(program: Program) -> None:
    assert stops(run(program))


@pytest.mark.parametrize("canary", [False, True])
def test_a_known_link_is_wrong_whatever_the_other_services_have(canary: bool) -> None:
    made = run(lambda: the_second_service_of_an_api_of_another_stack(canary=canary))
    text = stops(made)
    assert "cannot work: load balancer 'far'" in text
    assert "may use one of" not in text


@pytest.mark.parametrize("phase", Phase)
def test_two_services_in_one_place_are_not_stopped(phase: Phase) -> None:
    assert stops(run(the_second_service_of_a_stage, phase)) == ""


def test_the_links_of_a_document_are_followed_before_it_is_known() -> None:
    def program() -> None:
        link = link_to(balancer(region=THERE).arn, region=THERE)
        rest_document(link.id.apply(private))

    assert "'api' cannot work" in stops(run(program, Phase.PREVIEW))


def test_a_literal_listener_of_another_account_is_found() -> None:
    def program() -> None:
        opts = in_account(OURS)
        link = http_link(opts=opts)
        http_call(link.id, arn(account=THEIRS, kind="listener"), opts=opts)

    for phase in Phase:
        assert f"account {THEIRS} (integrationUri)" in stops(run(program, phase))


@pytest.mark.parametrize("target", [arn(account=THEIRS), arn(THERE)])
def test_the_target_of_a_link_that_is_vouched_for_is_compared(target: str) -> None:
    vouched = {"externalVpcLinks": {"abc123": {"nlbArn": arn()}}}

    def program() -> None:
        call("ext1234567", "abc123", integration_target=target, opts=in_account(OURS))

    for each in (program, lambda: a_link_of_version_two(target)):
        findings = analyzer.findings_of(
            run(each, Phase.PREVIEW), {SHARED: vouched}, [rule(SHARED).policy()]
        )
        assert len(findings) == 1
        assert "(integrationTarget)" in findings[0].message


def test_a_document_that_names_a_target_elsewhere_is_stopped_without_a_preview() -> None:
    made = run(lambda: a_link_of_version_two(arn(THERE)))
    assert analyzer.findings_of(made, {}, [rule(TARGET).policy()])
    api = run(lambda: a_link_of_version_two(arn()))
    assert analyzer.findings_of(api, {}, [rule(TARGET).policy()]) == ()


def a_stage_of_a_public_api() -> None:
    """Its integration shows that no variable is for a link."""
    api = aws.apigateway.RestApi("api")
    aws.apigateway.Integration(
        "call",
        rest_api=api.id,
        resource_id="r1",
        http_method="GET",
        type="HTTP_PROXY",
        uri="http://x",
    )
    stage_of(api.id, primary="abc123")


ODD: dict[str, tuple[Program, bool | None]] = {
    "nothing else": (lambda: stage_of("ext1234567", primary="abc123"), False),
    "an HTTP API": (
        lambda: aws.apigatewayv2.Stage(
            "stage", api_id="ext1234567", name="live", stage_variables={"primary": "abc123"}
        ),
        False,
    ),
    "an API without integrations": (
        lambda: stage_of(aws.apigateway.RestApi("api").id, primary="abc123"),
        False,
    ),
    "the id of a link that is vouched for": (
        lambda: stage_of("ext1234567", primary="known7", opts=in_account(OURS)),
        True,
    ),
    "an integration of another API": (
        lambda: (
            call("other45678", "${stageVariables.primary}", integration_target=arn()),
            stage_of("ext1234567", primary="abc123"),
        ),
        True,
    ),
    "a link that another API names": (
        lambda: (
            call("other45678", "abcdef", integration_target=arn()),
            stage_of("ext1234567", primary="abcdef"),
        ),
        True,
    ),
    "no variable with such a value": (
        lambda: stage_of("ext1234567", primary="orders", port="8080", host="abc123.example"),
        None,
    ),
    "public integrations only": (a_stage_of_a_public_api, None),
}
"""By what else the stack has: a stage with a link in a variable whose name says nothing, and
whether it is stopped, or only reported, or neither."""


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(("program", "is_final"), ODD.values(), ids=ODD)
def test_a_link_in_a_variable_with_an_odd_name(
    program: Program, is_final: bool | None, phase: Phase
) -> None:
    vouched = {"externalVpcLinks": {"known7": {"nlbArn": arn(account=THEIRS)}}}
    policies = [rule(name).policy() for name in NAMES]
    findings = analyzer.findings_of(run(program, phase), {SHARED: vouched}, policies)
    found = [finding for finding in findings if finding.resource == "stage"]
    assert bool(found) == (is_final is not None)
    assert any(finding.is_mandatory for finding in found) == (is_final is True)


def provider(name: str, mappings: dict[str, str] | None = None, **inputs: Any) -> aws.Provider:
    """An explicit provider, in our region."""
    opts = pulumi.ResourceOptions(env_var_mappings=mappings)
    return aws.Provider(name, region=HERE, opts=opts, **inputs)


UNPROVABLE: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "an environment of its own": ({}, {"mappings": {"OTHER": "AWS_ACCESS_KEY_ID"}}),
    "a file of its own": (
        {"profile": "x"},
        {"profile": "x", "mappings": {"OTHER": "AWS_CONFIG_FILE"}},
    ),
    "another metadata service": (
        {"profile": "x"},
        {"profile": "x", "ec2_metadata_service_endpoint": "http://10.0.0.9"},
    ),
    "other files": (
        {"profile": "x", "shared_config_files": ["/etc/a"]},
        {"profile": "x", "shared_config_files": ["/etc/b"]},
    ),
    "other credentials files": (
        {"profile": "x", "shared_credentials_files": ["/etc/a"]},
        {"profile": "x"},
    ),
}
"""Inputs of two providers."""


@pytest.mark.parametrize(("one", "other"), UNPROVABLE.values(), ids=UNPROVABLE)
def test_equal_inputs_are_not_always_equal_identities(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    def program() -> None:
        providers = provider("a", **one), provider("b", **other)
        a, b = (pulumi.ResourceOptions(provider=made) for made in providers)
        link = link_to(balancer(opts=a).arn, opts=b)
        rest_document(link.id.apply(private), opts=b)

    preview = run(program, Phase.PREVIEW)
    assert "account" in stops(preview, "ci")
    assert not stops(preview)
