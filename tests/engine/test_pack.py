"""The policy pack, started by the engine."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from simulation.analyzer import Kind
from simulation.engine import Phase
from simulation.rehearsal import rehearse
from tests.engine.fake_provider.resource_types import LOAD_BALANCER, VPC_LINK
from tests.engine.stack import CommandFailed, Stack

pytestmark = pytest.mark.engine

PACK = ("--policy-pack", "policies")
POLICY = re.compile(r"policy '([a-z-]+)'")
SHIPPED = (*PACK, "--policy-pack-config", "policies/config.dev.json")


def configured(stack: Stack, config: dict[str, Any]) -> tuple[str, ...]:
    """Options that run the pack with a configuration."""
    path = stack.folder / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return (*PACK, "--policy-pack-config", str(path))


def test_a_compliant_stack_passes_and_the_pack_is_shown(dev: Stack) -> None:
    dev.up(*SHIPPED)
    assert "private-api@v0.1.0 (local: policies)" in dev.output
    assert "[mandatory]" not in dev.output
    assert "can't run policy" not in dev.output


def test_the_first_preview_leaves_undecided_what_a_rehearsal_does_in_one_line(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack()
    stack.run("preview", *SHIPPED)
    (line,) = [line for line in stack.output.splitlines() if "can't run policy" in line]
    findings = rehearse("dev").findings[Phase.PREVIEW]
    (rehearsed,) = [found.message for found in findings if found.kind is Kind.UNKNOWN]
    assert len(named := set(POLICY.findall(line))) > 1
    assert named == set(POLICY.findall(rehearsed))


def test_a_mandatory_violation_fails_the_preview(dev: Stack) -> None:
    with pytest.raises(CommandFailed, match=r"\[mandatory\].*route-authorization"):
        dev.run("preview", *PACK)


def test_an_advisory_violation_is_shown_and_fails_nothing(dev: Stack) -> None:
    dev.run("preview", *configured(dev, {"route-authorization": "advisory"}))
    assert "route-authorization" in dev.output
    assert "[advisory]" in dev.output


def test_an_update_without_preview_stops_before_the_link(dev: Stack) -> None:
    source = dev.program / "components" / "nlb_target.py"
    right = source.read_text(encoding="utf-8")
    wrong = right.replace(
        "self.load_balancer_arn, self.balancer = arn, balancer\n",
        "self.load_balancer_arn, self.balancer = arn.apply(\n"
        '            lambda arn: arn.replace("-2:", "-1:") if name == "green" else arn\n'
        "        ), balancer\n",
    )
    assert wrong != right
    source.write_text(wrong, encoding="utf-8")
    green = {"port": 8080, "healthPath": "/", "fleet": {"instanceType": "t4g.micro"}}
    dev.edit(("targets.green", green))
    with pytest.raises(CommandFailed, match="vpclink-target-location"):
        dev.up(*SHIPPED)
    created = {call.type for call in dev.aws.calls("create") if not call.error}
    assert LOAD_BALANCER in created
    assert VPC_LINK not in created


READS = """
import json
import pulumi_aws as aws

balancer = aws.lb.LoadBalancer.get("nlb", "{balancer}")
link = aws.apigateway.VpcLink("link", target_arn=balancer.arn)
call = {{"connectionType": "VPC_LINK", "uri": "http://host/"}}
definition = link.id.apply(
    lambda link_id: json.dumps({{
        "openapi": "3.0.1",
        "paths": {{"/": {{"get": {{
            "x-amazon-apigateway-integration": {{**call, "connectionId": link_id}}
        }}}}}},
    }})
)
aws.apigateway.RestApi("api", body=definition, region={region!r})
"""
LOCATION = ("nlb-api-same-account-region", "nlb-api-location-proven", "vpclink-target-location")


@pytest.mark.parametrize(("region", "found"), [(None, False), ("eu-west-1", True)])
def test_a_load_balancer_that_was_read_is_proven_to_be_where_the_api_is(
    dev: Stack, region: str | None, found: bool
) -> None:
    balancer = dev.aws.account.one(LOAD_BALANCER).id
    program = READS.format(balancer=balancer, region=region)
    (dev.program / "__main__.py").write_text(program, encoding="utf-8")
    config = {"all": "disabled", **dict.fromkeys(LOCATION, "mandatory")}
    if found:
        with pytest.raises(CommandFailed, match=r"cannot work: .* region eu-west-1"):
            dev.run("preview", *configured(dev, config))
    else:
        dev.run("preview", *configured(dev, config))
        assert "api-location" not in dev.output


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({"route-authorisation": "advisory"}, "did you mean 'route-authorization'"),
        ({"log-retention": {"minDay": 30}}, "did you mean 'minDays'"),
    ],
)
def test_a_misspelled_configuration_is_rejected(
    dev: Stack, config: dict[str, Any], hint: str
) -> None:
    with pytest.raises(CommandFailed, match=hint):
        dev.up(*configured(dev, config))
