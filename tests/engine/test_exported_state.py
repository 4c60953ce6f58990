"""`pulumi policy analyze --file`, which needs neither a login nor a provider."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from simulation.analyzer import analyze_state
from tests.engine.stack import Installation
from tests.policies.test_exported_state import exported_state

pytestmark = pytest.mark.engine

Analyze = Callable[[dict[str, Any]], tuple[int, str]]


@pytest.fixture
def analyze(installation: Installation, tmp_path: Path) -> Analyze:
    """Analyzes the sample with a configuration; returns exit code and output."""

    def run(config: dict[str, Any]) -> tuple[int, str]:
        file, state = tmp_path / "config.json", tmp_path / "state.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        state.write_text(json.dumps(exported_state()), encoding="utf-8")
        done = subprocess.run(
            [
                *("pulumi", "policy", "analyze", "--file", state, "--json"),
                *("--policy-pack", installation.program / "policies"),
                *("--policy-pack-config", file),
            ],
            cwd=tmp_path,
            env={
                **os.environ,
                "PULUMI_HOME": str(tmp_path),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "UV_PROJECT_ENVIRONMENT": installation.python,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def test_the_findings_are_those_of_the_rehearsal(analyze: Analyze) -> None:
    code, output = analyze({})
    events = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    findings = {
        (e["resourceUrn"], e["policyName"], e["enforcementLevel"], e["message"].rstrip())
        for event in events
        if (e := event.get("policyEvent"))
    }
    expected = {
        (f.urn, f.policy, f.level, f.message) for f in analyze_state(exported_state(), {}).findings
    }
    assert findings == expected
    assert code != 0


def test_without_mandatory_violations_it_succeeds(analyze: Analyze) -> None:
    code, output = analyze({"log-retention": "advisory"})
    assert code == 0, output


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({"log-retentoin": "advisory"}, "did you mean 'log-retention'?"),
        ({"log-retention": {"minDay": 3}}, "did you mean 'minDays'?"),
    ],
)
def test_a_misspelt_configuration_is_rejected(
    analyze: Analyze, config: dict[str, Any], hint: str
) -> None:
    code, output = analyze(config)
    assert code != 0
    assert hint in output
