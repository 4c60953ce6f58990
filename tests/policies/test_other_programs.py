"""Programs that are written differently from ours, run with the real SDK."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from simulation import analyzer
from simulation.engine import Phase, run_program
from tests.policies.case import Outcome, outcome_of, rule
from tests.policies.locations import DIFFERENT, SAME, UNPROVEN, Proof, proof_of

CONFIG = {"aws:region": "us-east-2"}
Program = Callable[[], Any]


def balancer(**opts: Any) -> aws.lb.LoadBalancer:
    """A load balancer as the VPC link requires it."""
    return aws.lb.LoadBalancer(
        "nlb",
        load_balancer_type="network",
        internal=True,
        subnets=["subnet-1", "subnet-2"],
        opts=pulumi.ResourceOptions(**opts),
    )


def published(target: pulumi.Input[str], **opts: Any) -> aws.apigateway.RestApi:
    """An API of discrete resources: GET /orders/{id} goes through a link to the target."""
    options = pulumi.ResourceOptions(**opts)
    link = aws.apigateway.VpcLink("link", target_arn=target, opts=options)
    api = aws.apigateway.RestApi("api", opts=options)
    orders = aws.apigateway.Resource(
        "orders", rest_api=api.id, parent_id=api.root_resource_id, path_part="orders", opts=options
    )
    one = aws.apigateway.Resource(
        "one", rest_api=api.id, parent_id=orders.id, path_part="{id}", opts=options
    )
    method = aws.apigateway.Method(
        "get",
        rest_api=api.id,
        resource_id=one.id,
        http_method="GET",
        authorization="NONE",
        opts=options,
    )
    call = aws.apigateway.Integration(
        "call",
        rest_api=api.id,
        resource_id=one.id,
        http_method=method.http_method,
        type="HTTP_PROXY",
        integration_http_method="GET",
        connection_type="VPC_LINK",
        connection_id=link.id,
        uri="http://orders.example.com/orders/{id}",
        opts=options,
    )
    deployment = aws.apigateway.Deployment(
        "deployment", rest_api=api.id, opts=pulumi.ResourceOptions(depends_on=[call], **opts)
    )
    aws.apigateway.Stage(
        "stage", rest_api=api.id, deployment=deployment.id, stage_name="live", opts=options
    )
    return api


def through_a_component() -> None:
    """The ARN of the load balancer is an output of a component, and passes through an apply."""

    class Service(pulumi.ComponentResource):
        def __init__(self) -> None:
            super().__init__("lab:index:Service", "service")
            made = balancer(parent=self)
            self.arn = pulumi.Output.all(self.urn, made.arn).apply(lambda both: both[1])
            self.register_outputs({"arn": self.arn})

    published(Service().arn)


def two_providers() -> None:
    """Each side with its own provider, in the same region."""
    a = aws.Provider("a", region="us-east-2", profile="x")
    b = aws.Provider("b", region="us-east-2", profile="y")
    published(balancer(provider=a).arn, provider=b)


def two_pinned_providers() -> None:
    """Each side with its own provider, both pinned."""
    a, b = (
        aws.Provider(name, region="us-east-2", profile=name, allowed_account_ids=["111122223333"])
        for name in "ab"
    )
    published(balancer(provider=a).arn, provider=b)


def two_roles() -> None:
    """Each side in its own account."""
    a, b = (
        aws.Provider(
            f"for-{account}",
            region="us-east-2",
            assume_roles=[{"role_arn": f"arn:aws:iam::{account}:role/deploy"}],
        )
        for account in ("111122223333", "444455556666")
    )
    published(balancer(provider=a).arn, provider=b)


def a_region_argument() -> None:
    """The load balancer in another region."""
    made = aws.lb.LoadBalancer("nlb", load_balancer_type="network", region="eu-west-1")
    published(made.arn)


def a_balancer_that_is_read() -> None:
    """The load balancer exists already, in our region and in the fake account."""
    read = aws.lb.LoadBalancer.get("nlb", "nlb-id")
    published(read.arn)


def an_api_known_by_its_id() -> None:
    """The API exists already, and gets an integration here."""
    link = aws.apigateway.VpcLink("link", target_arn=balancer().arn)
    aws.apigateway.Integration(
        "call",
        rest_api="abc1234567",
        resource_id="def",
        http_method="GET",
        type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id=link.id,
    )


def a_link_of_version_two() -> None:
    """The integration names the load balancer, and the VPC link does not."""
    link = aws.apigatewayv2.VpcLink("link", subnet_ids=["subnet-1"], security_group_ids=[])
    api = aws.apigateway.RestApi("api")
    aws.apigateway.Integration(
        "call",
        rest_api=api.id,
        resource_id=api.root_resource_id,
        http_method="GET",
        type="HTTP_PROXY",
        connection_type="VPC_LINK",
        connection_id=link.id,
        integration_target=balancer().arn,
    )


@pytest.mark.parametrize(
    ("program", "before"),
    [
        (lambda: published(balancer().arn), SAME),
        (through_a_component, SAME),
        (two_providers, UNPROVEN),
        (two_pinned_providers, SAME),
        (two_roles, DIFFERENT),
        (a_region_argument, DIFFERENT),
        (a_balancer_that_is_read, SAME),
        (an_api_known_by_its_id, SAME),
        (a_link_of_version_two, SAME),
    ],
)
def test_the_location_is_followed_through_a_real_program(program: Program, before: Proof) -> None:
    preview, text = proof_of(run_program(program, phase=Phase.PREVIEW, config=CONFIG))
    assert preview is before, text
    after, text = proof_of(run_program(program, phase=Phase.UPDATE, config=CONFIG))
    assert (after is DIFFERENT) == (before is DIFFERENT), text
    assert after is not UNPROVEN, text


@pytest.mark.parametrize("phase", Phase)
def test_the_path_of_a_separate_method_is_composed(phase: Phase) -> None:
    run = run_program(lambda: published(balancer().arn), phase=phase, config=CONFIG)
    outcome, text = outcome_of("route-authorization", run)
    assert outcome is Outcome.VIOLATES
    assert "'get' lets anyone call GET /orders/{id}." in text
    allowed = {"openRoutes": ["GET /orders/{id}"]}
    assert outcome_of("route-authorization", run, allowed)[0] is Outcome.PASSES


@pytest.mark.parametrize("phase", Phase)
def test_a_path_outside_the_stack_is_never_on_the_list(phase: Phase) -> None:
    def program() -> None:
        api = aws.apigateway.RestApi("api")
        below = aws.apigateway.Resource(
            "below", rest_api=api.id, parent_id="elsewhere", path_part="x"
        )
        for name, resource in (("a", "elsewhere"), ("b", below.id)):
            aws.apigateway.Method(
                name, rest_api=api.id, resource_id=resource, http_method="GET", authorization="NONE"
            )

    run = run_program(program, phase=phase, config=CONFIG)
    _, text = outcome_of("route-authorization", run, {"openRoutes": ["GET /x", "GET /"]})
    assert "'a' lets anyone call GET …." in text
    assert "'b' lets anyone call GET …/x." in text


def test_a_usage_plan_covers_an_api_that_is_known_only_by_its_id() -> None:
    def program() -> None:
        aws.apigateway.Method(
            "get",
            rest_api="abc1234567",
            resource_id="root",
            http_method="GET",
            authorization="NONE",
            api_key_required=True,
        )
        aws.apigateway.UsagePlan(
            "plan",
            api_stages=[{"api_id": "abc1234567", "stage": "live"}],
            throttle_settings={"rate_limit": 5},
        )

    run = run_program(program, phase=Phase.PREVIEW, config=CONFIG)
    assert outcome_of("api-keys-metered", run)[0] is Outcome.PASSES


def test_separate_resources_violate_no_rule_by_their_form() -> None:
    run = run_program(lambda: published(balancer().arn), phase=Phase.UPDATE, config=CONFIG)
    policies = [rule(n).policy() for n in ("integration-link-managed", "integration-timeout")]
    assert analyzer.findings_of(run, {}, policies) == ()
