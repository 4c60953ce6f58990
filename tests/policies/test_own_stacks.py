"""Our own stacks and examples under the shipped configurations."""

import json
from typing import Any

import pytest

from policies.pack.graph.definition import operations, read
from policies.pack.rules import RULES, build
from simulation.analyzer import Finding, analyze_run, findings_of
from simulation.engine import Phase, Run
from simulation.pack_config import read_config, reconcile
from tests.policies.conftest import STACKS
from tests.stacks import ROOT, run_stack

CONFIGS = ("dev", "prod", "ci")
SHIPPED = (*CONFIGS, "org")
APPLIES = {"dev": ("dev", "ci"), "prod": ("prod", "ci")}
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.yaml"))


def shipped(name: str) -> dict[str, Any]:
    """A configuration of the pack."""
    return read_config(ROOT / "policies" / f"config.{name}.json")


def mandatory(findings: tuple[Finding, ...]) -> list[Finding]:
    """Findings that would stop the engine."""
    return [finding for finding in findings if finding.is_mandatory]


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize(("stack", "config"), [(s, c) for s, cs in APPLIES.items() for c in cs])
def test_our_stacks_violate_no_mandatory_policy(
    stack: str, config: str, phase: Phase, runs: dict[tuple[str, Phase], Run]
) -> None:
    findings = findings_of(runs[stack, phase], shipped(config))
    assert mandatory(findings) == []


@pytest.mark.parametrize("stack", STACKS)
def test_the_location_is_proven_at_preview_on_a_first_deploy(
    stack: str, runs: dict[tuple[str, Phase], Run]
) -> None:
    analysis = analyze_run(runs[stack, Phase.PREVIEW], shipped("ci"))
    reported = {f.policy for f in analysis.findings} | {e.policy for e in analysis.not_applicable}
    assert reported.isdisjoint({"nlb-api-same-account-region", "nlb-api-location-proven"})


@pytest.mark.parametrize("stack", STACKS)
def test_after_an_update_nothing_is_unknown(stack: str, runs: dict[tuple[str, Phase], Run]) -> None:
    findings = findings_of(runs[stack, Phase.UPDATE], shipped(stack))
    assert {finding.policy for finding in findings} == {"stage-web-acl"}


def run(name: str, phase: Phase) -> Run:
    """The program, run with an example."""
    return run_stack(stack=f"examples/{name}.yaml", phase=phase)


def exceptions(name: str) -> dict[str, Any]:
    """The exceptions of an example that violates rules on purpose."""
    path = ROOT / "examples" / f"{name}.policies.json"
    return read_config(path) if path.is_file() else {}


STRICTEST = {**shipped("prod"), **shipped("ci")}
"""What passes with it passes with each shipped configuration, as a test below shows."""


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_pass_with_their_exceptions(name: str, phase: Phase) -> None:
    config = {**STRICTEST, **exceptions(name)}
    assert mandatory(findings_of(run(name, phase), config)) == []


@pytest.mark.parametrize("name", [name for name in EXAMPLES if exceptions(name)])
def test_examples_need_their_exceptions(name: str) -> None:
    violations = mandatory(findings_of(run(name, Phase.PREVIEW), shipped("ci")))
    assert violations
    assert {finding.policy for finding in violations} <= exceptions(name).keys()


def open_routes(run: Run) -> set[str]:
    """Routes of a stack that anyone may call."""
    body = run.one("aws:apigateway/restApiPut:RestApiPut").inputs["body"]
    return {
        operation.route
        for operation in operations(read(body))
        if operation.verb != "OPTIONS" and not (operation.authorized or operation.keyed)
    }


@pytest.mark.parametrize("config", CONFIGS)
def test_the_allow_list_contains_exactly_our_open_routes(
    config: str, runs: dict[tuple[str, Phase], Run]
) -> None:
    stacks = [stack for stack in STACKS if config in APPLIES[stack]]
    ours = set().union(*(open_routes(runs[s, Phase.PREVIEW]) for s in stacks))
    assert set(shipped(config)["route-authorization"]["openRoutes"]) == ours


@pytest.mark.parametrize("config", SHIPPED)
def test_the_shipped_configurations_are_valid(config: str) -> None:
    assert reconcile(build(), shipped(config)).keys() == {rule.name for rule in RULES}


@pytest.mark.parametrize("other", CONFIGS)
@pytest.mark.parametrize("strictest", [shipped("ci"), STRICTEST], ids=["ci", "all"])
def test_the_strictest_configuration_is_nowhere_weaker_than_another(
    strictest: dict[str, Any], other: str
) -> None:
    order = ["disabled", "advisory", "mandatory"]
    strict, compared = (reconcile(build(), config) for config in (strictest, shipped(other)))
    weaker = {
        name: (level, compared[name][0])
        for name, (level, _) in strict.items()
        if order.index(level) < order.index(compared[name][0])
    }
    assert weaker == {}


@pytest.mark.parametrize("other", CONFIGS)
def test_the_examples_are_tried_with_the_properties_of_every_configuration(other: str) -> None:
    strict, compared = (reconcile(build(), config) for config in (STRICTEST, shipped(other)))
    different = {n: own for n, (_, own) in compared.items() if own != strict[n][1]}
    # More days are stricter.
    assert different in ({}, {"log-retention": {"minDays": 1}})


def test_the_strictest_configuration_requires_proof_before_the_update() -> None:
    assert reconcile(build(), shipped("ci"))["nlb-api-location-proven"][0] == "mandatory"


@pytest.mark.parametrize("config", CONFIGS)
def test_the_web_acl_is_advisory_while_we_have_none(config: str) -> None:
    assert reconcile(build(), shipped(config))["stage-web-acl"][0] == "advisory"


def test_the_same_run_has_the_same_findings_twice(runs: dict[tuple[str, Phase], Run]) -> None:
    run = runs["prod", Phase.PREVIEW]
    assert findings_of(run, {}) == findings_of(run, {})


def test_the_configurations_are_formatted() -> None:
    for name in SHIPPED:
        path = ROOT / "policies" / f"config.{name}.json"
        assert path.read_text() == json.dumps(shipped(name), indent=2) + "\n"
