"""An exported state with a load balancer that was only read: `pulumi policy analyze --file`."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from simulation.analyzer import analyze_state
from simulation.pack_config import read_config
from tests.stacks import ROOT

FILE = Path(__file__).parent / "exported_state.yaml"
PREFIX = "urn:pulumi:sample::orders::"
STACK, PROVIDER = "pulumi:pulumi:Stack::orders-sample", "pulumi:providers:aws::default_7_51_1"
FINDINGS = {
    ("mandatory", "log-retention", "access"),
    ("advisory", "stage-web-acl", "live"),
    ("advisory", "api-endpoint-tls", "orders"),
}
READ = "aws:lb/loadBalancer:LoadBalancer"
ELSEWHERE = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/orders/50dc6c49"


def exported_state() -> dict[str, Any]:
    """The sample, as `pulumi stack export` writes it."""
    entries = yaml.safe_load(FILE.read_text())
    names = {e["type"].rpartition(":")[2]: f"{e['type']}::{e['name']}" for e in entries}
    region = {"region": "us-east-2"}
    provider = {"inputs": {**region, "version": "7.51.1"}, "outputs": region, "id": "default_id"}
    resources = [_entry(STACK, {"custom": False}), _entry(PROVIDER, provider)]
    for entry in entries:
        inputs = {**region, **entry["inputs"]} if "inputs" in entry else {}
        sources = {
            prop: [f"{PREFIX}{names[one]}" for one in found]
            for prop, found in entry.get("sources", {}).items()
        }
        shown = {
            "id": entry["id"],
            "outputs": {**entry.get("computed", {}), **inputs, "id": entry["id"]},
            "provider": f"{PREFIX}{PROVIDER}::default_id",
            "dependencies": sorted({urn for urns in sources.values() for urn in urns}),
            "propertyDependencies": sources,
        }
        shown |= {"inputs": inputs} if inputs else {"external": True}
        resources.append(_entry(f"{entry['type']}::{entry['name']}", shown))
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": "v3.259.0"}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}


def _entry(name: str, shown: dict[str, Any]) -> dict[str, Any]:
    parent = {} if name == STACK else {"parent": f"{PREFIX}{STACK}"}
    return {
        **{"urn": f"{PREFIX}{name}", "type": name.rpartition("::")[0], "custom": True},
        **parent,
        **shown,
    }


@pytest.fixture
def state() -> dict[str, Any]:
    """The sample, which a test may change."""
    return exported_state()


def findings(state: dict[str, Any], config: str = "") -> set[tuple[str, str, str]]:
    """Level, policy and name of the resource, for each finding."""
    settings = read_config(ROOT / "policies" / f"config.{config}.json") if config else {}
    found = analyze_state(state, settings).findings
    return {(f.level, f.policy, f.urn.rpartition("::")[2]) for f in found}


def resource(state: dict[str, Any], token: str) -> dict[str, Any]:
    """The resource of a type, in a state."""
    found: dict[str, Any] = next(
        entry for entry in state["deployment"]["resources"] if entry["type"] == token
    )
    return found


@pytest.mark.parametrize("config", ["", "dev", "prod", "ci"])
def test_the_sample_has_the_expected_findings(state: dict[str, Any], config: str) -> None:
    assert findings(state, config) == FINDINGS


def test_the_sample_has_a_load_balancer_that_was_only_read(state: dict[str, Any]) -> None:
    read = resource(state, READ)
    assert read["external"]
    assert "inputs" not in read


def test_a_load_balancer_that_was_read_is_checked_by_its_outputs(state: dict[str, Any]) -> None:
    resource(state, READ)["outputs"]["internal"] = False
    assert ("mandatory", "vpclink-target-private", "orders") in findings(state)


def test_a_load_balancer_that_was_read_in_another_region_is_found(state: dict[str, Any]) -> None:
    text = json.dumps(state).replace(resource(state, READ)["outputs"]["arn"], ELSEWHERE)
    moved = json.loads(text)
    resource(moved, READ)["outputs"]["region"] = "eu-west-1"
    assert ("mandatory", "nlb-api-same-account-region", "orders") in findings(moved)


def test_a_stack_is_never_analyzed_as_a_preview(state: dict[str, Any]) -> None:
    before = copy.deepcopy(state)
    resource(state, "aws:apigateway/stage:Stage")["outputs"]["variables"]["vpcLinkId"] = "abc123"
    assert ("mandatory", "nlb-api-same-account-region", "orders") in findings(state)
    assert findings(before) == FINDINGS


def rehearsed(state: dict[str, Any], config: dict[str, Any]) -> set[tuple[str, str, str, str]]:
    """Resource, policy, level and message of each finding, without the CLI."""
    found = analyze_state(state, config).findings
    return {(f.urn, f.policy, f.level, f.message) for f in found}
