"""What a rehearsal prints, and what it advises."""

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from operations.advice import BALANCER, CONFIG_KEYS, allowance, correction
from operations.gateway.published import load
from operations.report import show
from operations.route_table import route_table
from policies.pack.rules import RULES
from simulation import stack_file
from simulation.analyzer import Finding, Kind
from simulation.engine import STACK_TYPE, Phase, Secret
from simulation.rehearsal import Rehearsal, rehearse, run_stack
from tests.stacks import ROOT

NLB = "urn:pulumi:dev::private-api::aws:lb/loadBalancer:LoadBalancer::blue-nlb"
OTHER = NLB.replace("blue", "green[1]")
FIX = "Fix: add the zones that it still lacks by `a b c`."
ZONES = Finding(NLB, "nlb-zones", "mandatory", f"Has zones.\n'blue-nlb' has 1.\n{FIX}")
CROSS = Finding(NLB, "nlb-cross-zone", "advisory", "Crosses.\n'blue-nlb' does not.")
UNDECIDED = "can't run policy 'nlb-wired': not known yet: defaultActions of 'blue'"
UNKNOWN = Finding(NLB, "nlb-wired", "advisory", UNDECIDED, Kind.UNKNOWN)


@pytest.fixture(scope="module")
def rehearsal() -> Rehearsal:
    return rehearse("dev")


def with_findings(
    rehearsal: Rehearsal,
    preview: tuple[Finding, ...],
    update: tuple[Finding, ...] = (),
    **config: Any,
) -> Rehearsal:
    findings = {Phase.PREVIEW: preview, Phase.UPDATE: update}
    return replace(rehearsal, findings=findings, pack_config=config)


def printed(rehearsal: Rehearsal, width: int = 100) -> str:
    out = io.StringIO()
    called = load("dev", run=rehearsal.runs[Phase.UPDATE]).called
    show(rehearsal, called, Console(file=out, width=width, markup=False))
    return out.getvalue()


def test_what_the_update_decides_is_one_line_of_the_preview(rehearsal: Rehearsal) -> None:
    text = printed(rehearsal, 1000)
    [line] = [line for line in text.splitlines() if "decided after the update" in line]
    first, *others = line.strip().split("; for policy ")
    assert first == "decided after the update: integration-port (port of 'api-definition'"
    # What a route table or a security group has besides what is given, only AWS knows.
    assert {other.split("'")[1] for other in others} == {
        "instance-ingress",
        "no-open-prefix-list",
        "subnet-private-routes",
    }
    assert "can't run policy" not in text


def test_a_finding_is_not_repeated_at_the_update(rehearsal: Rehearsal) -> None:
    text = printed(with_findings(rehearsal, (CROSS, UNKNOWN), (CROSS, ZONES)))
    assert text.count("nlb-cross-zone (blue-nlb)") == 1
    assert "at preview: passed, 1 advisory\n" in text
    assert "decided after the update: nlb-wired (defaultActions of 'blue')" in text
    verdict = "violated, 1 mandatory, 1 advisory (1 shown above); the update fails"
    assert f"at update: {verdict}\n" in text
    assert text.index("at update") < text.index("mandatory nlb-zones (blue-nlb)")


def test_findings_of_one_policy_share_their_title_fix_and_exception(rehearsal: Rehearsal) -> None:
    second = replace(ZONES, urn=OTHER, message=ZONES.message.replace("blue-nlb", "other"))
    text = printed(with_findings(rehearsal, (ZONES, second)))
    assert "mandatory nlb-zones (blue-nlb, green[1]-nlb)" in text
    for line in ("Has zones.", "'blue-nlb' has 1.", "'other' has 1.", FIX):
        assert text.count(line) == 1
    assert '\n        "nlb-zones": {"exclude": ["blue-nlb", "green[[]1]-nlb"]}\n' in text


@pytest.mark.parametrize("width", [50, 100])
def test_lines_break_between_words_and_never_in_a_command(rehearsal: Rehearsal, width: int) -> None:
    found = with_findings(rehearsal, (ZONES, CROSS))
    text = printed(found, width)
    assert text.split() == printed(found, 1000).split()
    assert "`a b c`" in text
    policies = text.partition("\nPolicies\n")[2]
    prose = [line for line in policies.splitlines() if not line.strip().startswith('"')]
    assert max(map(len, prose)) <= width


def test_a_secret_output_is_not_printed(rehearsal: Rehearsal) -> None:
    run = rehearsal.runs[Phase.UPDATE]
    root, *others = sorted(run.resources, key=lambda resource: resource.type != STACK_TYPE)
    root = replace(root, outputs={"token": Secret("hush"), "all": [Secret("hush")]})
    hidden = {**rehearsal.runs, Phase.UPDATE: replace(run, resources=(root, *others))}
    text = printed(replace(rehearsal, runs=hidden))
    assert "token: <secret>" in text
    assert "hush" not in text


def cells(stack: str) -> list[list[str]]:
    run = run_stack(stack_file.read(ROOT, stack), Phase.UPDATE)
    return route_table(run, load(stack, run=run).called).rows


def test_a_route_is_sent_to_the_target_of_its_service() -> None:
    assert [row[-2:] for row in cells("examples/services.yaml")[1:]] == [
        ["orders-blue, 10 % orders-green", "orders-green"],
        ["orders-blue, 10 % orders-green", "orders-green"],
        ["users", "users"],
    ]


def test_the_table_has_authorization_timeout_and_target_of_each_route() -> None:
    assert cells("examples/cors.yaml") == [
        ["method", "path", "authorization", "timeout", "target"],
        ["OPTIONS", "/orders", "none", "", "the gateway itself"],
        ["POST", "/orders", "iam", "29 s", "blue"],
        ["GET", "/orders/{id}", "iam", "29 s", "blue"],
        ["OPTIONS", "/orders/{id}", "none", "", "the gateway itself"],
    ]


def test_the_table_says_whom_an_authorizer_admits() -> None:
    assert {
        row[1]: row[2] for row in cells("examples/authorizers.yaml") if row[0] != "OPTIONS"
    } == {
        "path": "authorization",
        "/me": "users (Cognito)",
        "/orders/{id}": "users (Cognito, orders/read)",
        "/orders": "partners (Lambda)",
        "/tenants/{proxy+}": "tenants (Lambda)",
    }


def test_stages_with_different_targets_have_a_column_each() -> None:
    head, first, *_ = cells("prod")
    assert (head[4:], first[4:]) == (["live", "next"], ["blue", "green"])


def test_a_canary_is_shown_with_its_share() -> None:
    assert cells("examples/canary.yaml")[1][4] == "blue, 10 % green"


@pytest.mark.parametrize(
    ("given", "member"),
    [
        ("mandatory", {"enforcementLevel": "mandatory", "exclude": ["blue-nlb"]}),
        ({"minZones": 3}, {"minZones": 3, "exclude": ["blue-nlb"]}),
        ({"exclude": ["old"]}, {"exclude": ["blue-nlb", "old"]}),
    ],
)
def test_an_exception_keeps_what_is_configured(
    rehearsal: Rehearsal, given: Any, member: dict[str, Any]
) -> None:
    found = with_findings(rehearsal, (), (ZONES,), **{"nlb-zones": given})
    sentence, line = allowance(found, "nlb-zones", [])
    assert sentence == "To allow it, set this in policies/config.dev.json:"
    assert json.loads(f"{{{line}}}") == {"nlb-zones": member}


def test_a_link_of_another_stack_is_listed_and_what_else_is_wrong_excluded(
    rehearsal: Rehearsal,
) -> None:
    name = "nlb-api-same-account-region"
    text = "'api' uses VPC link 'a1b2' (stage 'dev'), which is not part of this stack, so ..."
    link = Finding(NLB.replace("blue-nlb", "api"), name, "mandatory", f"T.\n{text}")
    other = Finding(NLB, name, "mandatory", "T.\n'blue-nlb' cannot work")
    listed = {"a1b2": {"nlbArn": BALANCER}}
    for found, member in (
        ((link,), {"externalVpcLinks": listed}),
        ((link, other), {"externalVpcLinks": listed, "exclude": ["blue-nlb"]}),
    ):
        _, line = allowance(with_findings(rehearsal, found), name, [])
        assert json.loads(f"{{{line}}}") == {name: member}
    known: Any = {name: {"externalVpcLinks": {"a1b2": {"nlbArn": "arn:aws"}}}}
    _, line = allowance(with_findings(rehearsal, (link,), **known), name, [])
    assert json.loads(f"{{{line}}}") == known


def test_an_exception_can_belong_in_a_file_that_does_not_exist(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    found = replace(with_findings(rehearsal, (ZONES,)), exceptions=tmp_path / "new.json")
    sentence, _ = allowance(found, "nlb-zones", [])
    file = tmp_path / "new.json"
    assert sentence == f"To allow it, set this in a new file {file}, wrapped in {{ }}:"


def test_advice_names_policies_and_keys_that_exist() -> None:
    assert CONFIG_KEYS.keys() <= {rule.name for rule in RULES}
    schema = (ROOT / "config.schema.json").read_text()
    keys = [key for keys in CONFIG_KEYS.values() for key in keys]
    assert {
        name
        for name in ".".join(keys).replace("[]", "").split(".")
        if name != "*" and f'"{name}": {{' not in schema
    } == set()


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        ("nlb-zones", "In the stack file: private-api:network.zones"),
        ("nlb-api-location-proven", ""),
        ("stage-web-acl", "In the stack file: private-api:api.webAcl"),
        ("stage-tracing", "No key of the stack file does this."),
    ],
)
def test_a_key_is_advised_only_where_one_corrects_the_violation(policy: str, sentence: str) -> None:
    assert correction(policy) == sentence
