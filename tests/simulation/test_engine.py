"""The in-process engine answers a program as the real one does."""

import os
import runpy
from pathlib import Path

import pulumi
import pulumi_aws as aws
import pytest

from simulation.engine import UNKNOWN, Phase, Secret, run_program
from tests.stacks import PROGRAM, config

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
VPC = "aws:ec2/vpc:Vpc"
LINK = "aws:apigateway/vpcLink:VpcLink"


class Pair(pulumi.ComponentResource):
    def __init__(self, name: str) -> None:
        super().__init__("lab:index:Pair", name)
        child = pulumi.ResourceOptions(parent=self)
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=child)
        self.balancer = aws.lb.LoadBalancer(
            "balancer",
            load_balancer_type="network",
            internal=True,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[vpc], replacement_trigger="a"),
        )
        self.register_outputs({"arn": self.balancer.arn})


def program() -> None:
    pair = Pair("pair")
    aws.apigateway.VpcLink("link", target_arn=pair.balancer.arn)
    pulumi.export("arn", pair.balancer.arn)
    pulumi.log.warn("mind the gap")


@pytest.mark.parametrize("phase", Phase)
def test_a_resource_is_registered_under_its_parent(phase: Phase) -> None:
    run = run_program(program, phase=phase)
    parent = run.by_urn(run.one(BALANCER).parent)
    assert parent.type == "lab:index:Pair"


def test_values_of_aws_are_unknown_at_preview() -> None:
    run = run_program(program, phase=Phase.PREVIEW)
    assert run.one(LINK).inputs["targetArn"] is UNKNOWN
    assert run.exports["arn"] is UNKNOWN


def test_at_preview_an_output_is_unknown_where_the_provider_computes_it() -> None:
    def groups() -> None:
        aws.ec2.SecurityGroup("open")
        aws.ec2.SecurityGroup("closed", ingress=[])

    run = run_program(groups, phase=Phase.PREVIEW)
    given = {
        group.name: group.outputs for group in run.of_type("aws:ec2/securityGroup:SecurityGroup")
    }
    assert given["open"]["ingress"] is UNKNOWN
    assert given["closed"]["ingress"] == []
    assert "revokeRulesOnDelete" not in given["open"]


def test_at_preview_a_set_or_a_map_is_known_as_a_whole_or_not_at_all() -> None:
    def stage() -> None:
        link = aws.apigateway.VpcLink("link", target_arn="arn")
        aws.apigateway.Stage(
            "stage",
            rest_api="a",
            deployment="d",
            stage_name="live",
            variables={"link": link.id, "host": "name"},
        )

    run = run_program(stage, phase=Phase.PREVIEW)
    found = run.one("aws:apigateway/stage:Stage")
    assert found.inputs["variables"] == {"link": UNKNOWN, "host": "name"}
    assert found.outputs["variables"] is UNKNOWN


def test_values_of_aws_are_made_up_at_update() -> None:
    run = run_program(program, phase=Phase.UPDATE)
    arn = run.exports["arn"]
    assert arn.startswith("arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/net/")
    assert run.one(LINK).inputs["targetArn"] == arn


def test_a_property_keeps_its_dependencies() -> None:
    run = run_program(program, phase=Phase.PREVIEW)
    balancer = run.one(BALANCER)
    assert run.one(LINK).property_dependencies["targetArn"] == {balancer.urn}
    assert balancer.dependencies == {run.one(VPC).urn}


def test_a_resource_keeps_its_options() -> None:
    options = run_program(program, phase=Phase.PREVIEW).one(BALANCER).options
    assert options["replacement_trigger"] == "a"


def test_resources_get_the_region_of_the_stack_as_an_input() -> None:
    run = run_program(program, phase=Phase.PREVIEW, config={"aws:region": "eu-west-1"})
    assert run.one(VPC).inputs["region"] == "eu-west-1"
    assert run.one("pulumi:providers:aws").inputs["region"] == "eu-west-1"


def test_an_explicit_provider_overrides_the_region_of_the_stack() -> None:
    def elsewhere() -> None:
        provider = aws.Provider("far", region="us-west-2")
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", opts=pulumi.ResourceOptions(provider=provider))

    run = run_program(elsewhere, phase=Phase.PREVIEW, config={"aws:region": "eu-west-1"})
    assert run.one(VPC).inputs["region"] == "us-west-2"


def test_a_resource_of_a_global_service_gets_no_region() -> None:
    run = run_program(
        lambda: aws.iam.Role("role", assume_role_policy="{}"),
        phase=Phase.UPDATE,
        config={"aws:region": "eu-west-1"},
    )
    assert "region" not in run.one("aws:iam/role:Role").inputs


def test_a_secret_stays_marked_and_is_never_shown() -> None:
    def hide() -> None:
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16", tags={"token": pulumi.Output.secret("hush")})

    value = run_program(hide, phase=Phase.UPDATE).one(VPC).inputs["tags"]["token"]
    assert value == Secret("hush")
    assert "hush" not in repr(value)


def test_a_resource_that_is_read_is_marked_and_has_no_inputs() -> None:
    run = run_program(lambda: aws.ec2.Vpc.get("old", "vpc-12345678"), phase=Phase.UPDATE)
    assert run.one(VPC).read
    assert run.one(VPC).inputs == {}


def test_a_function_that_asks_aws_fails() -> None:
    def look() -> None:
        aws.ec2.get_vpc(id="vpc-12345678")

    with pytest.raises(Exception, match="aws:ec2/getVpc:getVpc, which only AWS can answer"):
        run_program(look, phase=Phase.UPDATE)


def test_an_exception_of_the_program_is_raised_unchanged() -> None:
    def fail() -> None:
        raise pulumi.RunError("no")

    with pytest.raises(pulumi.RunError, match="no"):
        run_program(fail, phase=Phase.PREVIEW)


def test_two_resources_with_one_urn_fail() -> None:
    def twice() -> None:
        aws.ec2.Vpc("vpc", cidr_block="10.0.0.0/16")
        aws.ec2.Vpc("vpc", cidr_block="10.1.0.0/16")

    with pytest.raises(Exception, match="two resources with one URN"):
        run_program(twice, phase=Phase.PREVIEW)


def test_an_unknown_value_cannot_be_a_condition() -> None:
    with pytest.raises(TypeError, match="cannot be used as a condition"):
        bool(UNKNOWN)


def test_a_run_keeps_the_log() -> None:
    assert ("WARNING", "mind the gap") in run_program(program, phase=Phase.PREVIEW).log


def test_the_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG", "{}")
    monkeypatch.delenv("PULUMI_CONFIG_SECRET_KEYS", raising=False)
    run_program(program, phase=Phase.PREVIEW, config={"a:b": "c"})
    assert os.environ["PULUMI_CONFIG"] == "{}"
    assert "PULUMI_CONFIG_SECRET_KEYS" not in os.environ


def test_a_run_does_not_depend_on_earlier_runs_in_the_process() -> None:
    def run(stack: str) -> dict[str, object]:
        run = run_program(PROGRAM, phase=Phase.UPDATE, stack=stack, config=config(stack=stack))
        return {r.urn: r for r in run.resources}

    fresh = run("prod")
    run("dev")
    assert run("prod") == fresh


def test_the_program_fails_outside_of_the_engine() -> None:
    with pytest.raises(pulumi.RunError, match="the configuration cannot be used"):
        runpy.run_path(str(Path(PROGRAM)), run_name="__main__")
