"""Programs whose load balancer, VPC link and API are apart, or only seem to be."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from simulation import analyzer
from simulation.engine import Phase, Run, run_program
from simulation.pack_config import read_config
from tests.policies.case import is_unknown, rule
from tests.policies.locations import PROVEN, SHARED, TARGET
from tests.stacks import ROOT

Program = Callable[[], Any]
OURS, THEIRS = "111122223333", "444455556666"
HERE, THERE = "us-east-2", "us-west-2"
NAMES = (SHARED, PROVEN, TARGET)


def stops(run: Run, config: str = "", **properties: Any) -> str:
    """Messages of the location policies that stop a run under a shipped configuration."""
    levels = read_config(ROOT / "policies" / f"config.{config}.json") if config else {}
    chosen = {name: levels[name] for name in NAMES if name in levels}
    if properties:
        level = chosen.get(PROVEN, "advisory")
        chosen |= {SHARED: properties, PROVEN: {"enforcementLevel": level, **properties}}
    findings = analyzer.findings_of(run, chosen, [rule(name).policy() for name in NAMES])
    assert not any(is_unknown(finding.message) for finding in findings)
    return "\n".join(finding.message for finding in findings if finding.is_mandatory)


def run(program: Program, phase: Phase = Phase.UPDATE) -> Run:
    """A run of a program whose default provider has a region and no account."""
    return run_program(program, phase=phase, config={"aws:region": HERE})


def in_account(account: str) -> pulumi.ResourceOptions:
    """A provider that is restricted to an account."""
    provider = aws.Provider(
        f"in-{account}", region=HERE, profile=account, allowed_account_ids=[account]
    )
    return pulumi.ResourceOptions(provider=provider)


def balancer(name: str = "nlb", region: str | None = None, **opts: Any) -> aws.lb.LoadBalancer:
    """A load balancer as the VPC link requires it."""
    return aws.lb.LoadBalancer(
        name, load_balancer_type="network", internal=True, region=region, **opts
    )


def link_to(
    target: pulumi.Input[str], name: str = "link", region: str | None = None, **opts: Any
) -> aws.apigateway.VpcLink:
    """A VPC link of version 1."""
    return aws.apigateway.VpcLink(name, target_arn=target, region=region, **opts)


def stage_of(api: pulumi.Input[str], **variables: pulumi.Input[str]) -> aws.apigateway.Stage:
    """A stage with variables."""
    return aws.apigateway.Stage(
        "stage", rest_api=api, deployment="d1", stage_name="live", variables=variables
    )


def arn(region: str = HERE, account: str = OURS, kind: str = "loadbalancer") -> str:
    """The ARN of a load balancer or a listener of another stack."""
    return f"arn:aws:elasticloadbalancing:{region}:{account}:{kind}/net/x/0123456789abcdef"


def document(integration: Any, **more: Any) -> dict[str, Any]:
    """A definition with one route."""
    operation = {"get": {"x-amazon-apigateway-integration": integration}}
    return {"openapi": "3.0.1", "paths": {"/": operation}, **more}


def private(connection: str, **more: Any) -> dict[str, Any]:
    """A private integration of a definition."""
    shared = {"type": "http_proxy", "connectionType": "VPC_LINK", "uri": "http://host/"}
    return {**shared, "connectionId": connection, **more}


def a_stage_of_another_api() -> None:
    """Link and load balancer in another region than the stage."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    stage_of("ext1234567", vpcLinkId=link.id)


def a_stage_of_an_api_of_another_account() -> None:
    """Link and load balancer in another account than the stage."""
    theirs = in_account(THEIRS)
    link = link_to(balancer(opts=theirs).arn, opts=theirs)
    aws.apigateway.Stage(
        "stage",
        rest_api="ext1234567",
        deployment="d1",
        stage_name="live",
        variables={"vpcLinkId": link.id},
        opts=in_account(OURS),
    )


def a_stage_of_an_api_that_was_read() -> None:
    """The API is read, and its stage is made."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    stage_of(aws.apigateway.RestApi.get("api", "ext1234567").id, vpcLinkId=link.id)


def a_canary_of_another_region() -> None:
    """Only the canary selects a link of another region."""
    here = link_to(balancer().arn)
    there = link_to(balancer("far", THERE).arn, "far", THERE)
    aws.apigateway.Stage(
        "stage",
        rest_api="ext1234567",
        deployment="d1",
        stage_name="live",
        variables={"vpcLinkId": here.id},
        canary_settings={
            "deployment_id": "d2",
            "stage_variable_overrides": {"vpcLinkId": there.id},
        },
    )


def a_stage_with_a_literal_link() -> None:
    """Nobody vouches for the link."""
    stage_of("ext1234567", vpcLinkId="abc123")


def a_stage_with_a_link_that_was_read() -> None:
    """Whatever the name of the variable."""
    stage_of("ext1234567", backend=aws.apigateway.VpcLink.get("read", "abc123").id)


def http_api(target: pulumi.Input[str], region: str | None = None) -> None:
    """An HTTP API with a link and the listener that it calls."""
    link = aws.apigatewayv2.VpcLink(
        "link", subnet_ids=["subnet-1"], security_group_ids=[], region=region
    )
    api = aws.apigatewayv2.Api("api", protocol_type="HTTP")
    aws.apigatewayv2.Integration(
        "call",
        api_id=api.id,
        integration_type="HTTP_PROXY",
        integration_method="ANY",
        connection_type="VPC_LINK",
        connection_id=link.id,
        integration_uri=target,
    )
    aws.apigatewayv2.Stage("stage", api_id=api.id, name="live", auto_deploy=True)


def listener(region: str | None = None) -> aws.lb.Listener:
    """A listener of a load balancer."""
    return aws.lb.Listener(
        "listener",
        load_balancer_arn=balancer(region=region).arn,
        port=80,
        protocol="TCP",
        default_actions=[{"type": "forward", "target_group_arn": "group"}],
        region=region,
    )


def a_websocket_api_of_another_region() -> None:
    """The link of version 1 shows where the load balancer is."""
    link = link_to(balancer(region=THERE).arn, region=THERE)
    aws.apigatewayv2.Integration(
        "call",
        api_id="ext1234567",
        integration_type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id=link.id,
        integration_uri="http://host/",
    )


def a_stage_of_an_http_api() -> None:
    """The link is in a stage variable, and the integration in another stack."""
    link = aws.apigatewayv2.VpcLink(
        "link", subnet_ids=["subnet-1"], security_group_ids=[], region=THERE
    )
    aws.apigatewayv2.Stage(
        "stage", api_id="ext1234567", name="live", stage_variables={"vpcLinkId": link.id}
    )


def http_document(region: str = HERE, account: str = OURS) -> None:
    """An HTTP API as a document that names a listener."""
    link = aws.apigatewayv2.VpcLink("link", subnet_ids=["subnet-1"], security_group_ids=[])
    target = arn(region, account, "listener")
    aws.apigatewayv2.Api(
        "api",
        protocol_type="HTTP",
        body=link.id.apply(lambda one: json.dumps(document(private(one, uri=target)))),
        opts=in_account(OURS),
    )


def rest_document(link: Any, *, name: str = "api", **more: Any) -> aws.apigateway.RestApi:
    """A REST API as a document that is known only after the link."""
    return aws.apigateway.RestApi(
        name,
        body=pulumi.Output.from_input(link).apply(lambda one: json.dumps(document(one))),
        **more,
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


def test_the_links_of_a_document_are_followed_before_it_is_known() -> None:
    def program() -> None:
        link = link_to(balancer(region=THERE).arn, region=THERE)
        rest_document(link.id.apply(private))

    assert "'api' cannot work" in stops(run(program, Phase.PREVIEW))


def test_a_literal_listener_of_another_account_is_found() -> None:
    def program() -> None:
        opts = in_account(OURS)
        link = aws.apigatewayv2.VpcLink(
            "link", subnet_ids=["subnet-1"], security_group_ids=[], opts=opts
        )
        aws.apigatewayv2.Integration(
            "call",
            api_id="ext1234567",
            integration_type="HTTP_PROXY",
            connection_type="VPC_LINK",
            connection_id=link.id,
            integration_uri=arn(account=THEIRS, kind="listener"),
            opts=opts,
        )

    for phase in Phase:
        assert f"account {THEIRS} (integrationUri)" in stops(run(program, phase))


@pytest.mark.parametrize("target", [arn(account=THEIRS), arn(THERE)])
def test_the_target_of_a_link_that_is_vouched_for_is_compared(target: str) -> None:
    vouched = {"externalVpcLinks": {"abc123": {"nlbArn": arn()}}}

    def program() -> None:
        aws.apigateway.Integration(
            "call",
            rest_api="ext1234567",
            resource_id="r1",
            http_method="GET",
            type="HTTP_PROXY",
            connection_type="VPC_LINK",
            connection_id="abc123",
            integration_target=target,
            opts=in_account(OURS),
        )

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


UNPROVABLE: dict[str, Callable[[], tuple[Any, Any]]] = {
    "an environment of its own": lambda: (
        aws.Provider("a", region=HERE),
        aws.Provider(
            "b",
            region=HERE,
            opts=pulumi.ResourceOptions(env_var_mappings={"OTHER": "AWS_ACCESS_KEY_ID"}),
        ),
    ),
    "a file of its own": lambda: (
        aws.Provider("a", region=HERE, profile="x"),
        aws.Provider(
            "b",
            region=HERE,
            profile="x",
            opts=pulumi.ResourceOptions(env_var_mappings={"OTHER": "AWS_CONFIG_FILE"}),
        ),
    ),
    "another metadata service": lambda: (
        aws.Provider("a", region=HERE, profile="x"),
        aws.Provider(
            "b", region=HERE, profile="x", ec2_metadata_service_endpoint="http://10.0.0.9"
        ),
    ),
    "other files": lambda: (
        aws.Provider("a", region=HERE, profile="x", shared_config_files=["/etc/a"]),
        aws.Provider("b", region=HERE, profile="x", shared_config_files=["/etc/b"]),
    ),
    "other credentials files": lambda: (
        aws.Provider("a", region=HERE, profile="x", shared_credentials_files=["/etc/a"]),
        aws.Provider("b", region=HERE, profile="x"),
    ),
}


@pytest.mark.parametrize("providers", UNPROVABLE.values(), ids=UNPROVABLE)
def test_equal_inputs_are_not_always_equal_identities(
    providers: Callable[[], tuple[Any, Any]],
) -> None:
    def program() -> None:
        a, b = (pulumi.ResourceOptions(provider=one) for one in providers())
        link = link_to(balancer(opts=a).arn, opts=b)
        rest_document(link.id.apply(private), opts=b)

    preview = run(program, Phase.PREVIEW)
    assert "account" in stops(preview, "ci")
    assert not stops(preview)


def one_place(**opts: Any) -> aws.apigateway.RestApi:
    """Everything here, as a document that names a link of version 2 and the load balancer."""
    made = balancer(**opts)
    link = aws.apigatewayv2.VpcLink("link", subnet_ids=["subnet-1"], security_group_ids=[], **opts)
    both = pulumi.Output.all(link.id, made.arn)
    return rest_document(
        both.apply(lambda b: private(b[0], **{"integration-target": b[1]})), **opts
    )


def links_by_region() -> None:
    """One link for each region, and the API uses its own."""
    links = {
        region: link_to(balancer(region, region).arn, region, region).id for region in (HERE, THERE)
    }
    chosen = pulumi.Output.all(**links).apply(lambda ids: ids[HERE])
    api = aws.apigateway.RestApi("api")
    aws.apigateway.Integration(
        "call",
        rest_api=api.id,
        resource_id="r1",
        http_method="GET",
        type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id="${stageVariables.vpcLinkId}",
    )
    stage_of(api.id, vpcLinkId=chosen)


def a_document_of_links_by_region() -> None:
    """The document names the one of its own region."""
    links = {
        region: link_to(balancer(region, region).arn, region, region).id for region in (HERE, THERE)
    }
    rest_document(pulumi.Output.all(**links).apply(lambda ids: private(ids[HERE])))


def balancers_by_region() -> None:
    """The link leads to the load balancer of its own region."""
    made = {region: balancer(region, region).arn for region in (HERE, THERE)}
    link = link_to(pulumi.Output.all(**made).apply(lambda arns: arns[HERE]))
    rest_document(link.id.apply(private))


def the_stage_in_another_stack() -> None:
    """Load balancer, link and API are here."""
    link_to(balancer().arn)
    aws.apigateway.RestApi("api", body=json.dumps(document(private("${stageVariables.vpcLinkId}"))))


def a_link_of_another_stack() -> None:
    """The target of a link of version 2 is made here."""
    aws.apigateway.Integration(
        "call",
        rest_api=aws.apigateway.RestApi("api").id,
        resource_id="r1",
        http_method="GET",
        type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id="abc123",
        integration_target=balancer().arn,
    )


def a_cognito_user_pool() -> None:
    """The document holds an ARN, and names its link by a stage variable."""
    pool = aws.cognito.UserPool("pool")
    link = link_to(balancer().arn)
    schemes = {
        "pool": {
            "type": "apiKey",
            "x-amazon-apigateway-authorizer": {"type": "cognito_user_pools"},
        }
    }
    call = private("${stageVariables.vpcLinkId}")
    api = aws.apigateway.RestApi(
        "api",
        body=pool.arn.apply(
            lambda arn: json.dumps(document(call, **{"x-pool": arn, "schemes": schemes}))
        ),
    )
    stage_of(api.id, vpcLinkId=link.id)


def a_balancer_that_was_read() -> None:
    """By the provider of the API."""
    link = link_to(aws.lb.LoadBalancer.get("nlb", "nlb-id").arn)
    rest_document(link.id.apply(private))


def the_default_profile() -> None:
    """One provider names the profile that the other uses anyway."""
    named = aws.Provider("named", region=HERE, profile="default")
    link = link_to(balancer(opts=pulumi.ResourceOptions(provider=named)).arn)
    rest_document(link.id.apply(private))


def empty_texts() -> None:
    """AWS treats empty text as unset."""
    provider = aws.Provider(
        "empty", region=HERE, profile="", access_key="", assume_roles=[{"role_arn": ""}]
    )
    opts = pulumi.ResourceOptions(provider=provider)
    link = link_to(balancer(region="", opts=opts).arn, opts=opts)
    api = aws.apigateway.RestApi("api", body="", opts=opts)
    aws.apigateway.Integration(
        "call",
        rest_api=api.id,
        resource_id="r1",
        http_method="GET",
        type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id=link.id,
        integration_target="",
        opts=opts,
    )


def listeners_here() -> None:
    """An HTTP API with everything in one place."""
    http_api(listener().arn)


TOGETHER: dict[str, Program] = {
    "link V2 in a document": one_place,
    "links by region": links_by_region,
    "links by region in a document": a_document_of_links_by_region,
    "load balancers by region": balancers_by_region,
    "stage in another stack": the_stage_in_another_stack,
    "link V2 of another stack": a_link_of_another_stack,
    "Cognito user pool": a_cognito_user_pool,
    "load balancer that was read": a_balancer_that_was_read,
    "profile default and none": the_default_profile,
    "empty texts": empty_texts,
    "HTTP API": listeners_here,
}
IN_CI = {
    "link V2 in a document",
    "link V2 of another stack",
    "Cognito user pool",
    "load balancer that was read",
    "profile default and none",
    "empty texts",
    "HTTP API",
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("program", TOGETHER.values(), ids=TOGETHER)
def test_what_is_together_is_never_stopped(program: Program, phase: Phase) -> None:
    assert stops(run(program, phase)) == ""


@pytest.mark.parametrize("name", sorted(TOGETHER))
def test_the_strict_configuration_stops_only_what_is_not_proven(name: str) -> None:
    assert (stops(run(TOGETHER[name], Phase.PREVIEW), "ci") == "") == (name in IN_CI)
