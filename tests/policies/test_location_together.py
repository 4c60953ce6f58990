"""Programs whose load balancer, VPC link and API are together, although it may not seem so."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from simulation.engine import Phase
from tests.policies.programs import (
    HERE,
    THERE,
    Program,
    balancer,
    call,
    document,
    http_api,
    http_link,
    link_to,
    listener,
    private,
    rest_document,
    run,
    stage_of,
    stops,
)


def one_place(**opts: Any) -> aws.apigateway.RestApi:
    """Everything here, as a document that names a link of version 2 and the load balancer."""
    made = balancer(**opts)
    link = http_link(**opts)
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
    call(api.id, "${stageVariables.vpcLinkId}")
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
    call(aws.apigateway.RestApi("api").id, "abc123", integration_target=balancer().arn)


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
    calling = private("${stageVariables.vpcLinkId}")
    api = aws.apigateway.RestApi(
        "api",
        body=pool.arn.apply(
            lambda arn: json.dumps(document(calling, **{"x-pool": arn, "schemes": schemes}))
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
    call(api.id, link.id, integration_target="", opts=opts)


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
