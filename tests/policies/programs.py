"""Programs with a load balancer, a VPC link and an API, and what the location policies say."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws

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


def stage_of(
    api: pulumi.Input[str],
    canary: dict[str, pulumi.Input[str]] | None = None,
    opts: pulumi.ResourceOptions | None = None,
    **variables: pulumi.Input[str],
) -> aws.apigateway.Stage:
    """A stage with variables, and perhaps a canary that overrides them."""
    settings: Any = {"deployment_id": "d2", "stage_variable_overrides": canary} if canary else None
    return aws.apigateway.Stage(
        "stage",
        rest_api=api,
        deployment="d1",
        stage_name="live",
        variables=variables,
        canary_settings=settings,
        opts=opts,
    )


def call(
    api: pulumi.Input[str], connection: pulumi.Input[str], **more: Any
) -> aws.apigateway.Integration:
    """A private integration of a REST API, as a resource."""
    return aws.apigateway.Integration(
        "call",
        rest_api=api,
        resource_id="r1",
        http_method="GET",
        type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id=connection,
        **more,
    )


def http_call(connection: pulumi.Input[str], target: pulumi.Input[str], **more: Any) -> None:
    """A private integration of an HTTP or WebSocket API of another stack, as a resource."""
    aws.apigatewayv2.Integration(
        "call",
        **{"api_id": "ext1234567", **more},
        integration_type="HTTP_PROXY",
        integration_method="ANY",
        connection_type="VPC_LINK",
        connection_id=connection,
        integration_uri=target,
    )


def http_link(**more: Any) -> aws.apigatewayv2.VpcLink:
    """A VPC link of version 2."""
    return aws.apigatewayv2.VpcLink("link", subnet_ids=["subnet-1"], security_group_ids=[], **more)


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


def http_api(target: pulumi.Input[str], region: str | None = None) -> None:
    """An HTTP API with a link and the listener that it calls."""
    link = http_link(region=region)
    api = aws.apigatewayv2.Api("api", protocol_type="HTTP")
    http_call(link.id, target, api_id=api.id)
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


def rest_document(link: Any, *, name: str = "api", **more: Any) -> aws.apigateway.RestApi:
    """A REST API as a document that is known only after the link."""
    return aws.apigateway.RestApi(
        name,
        body=pulumi.Output.from_input(link).apply(lambda one: json.dumps(document(one))),
        **more,
    )
