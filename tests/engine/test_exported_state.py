"""`pulumi policy analyze --file`, which needs neither a login nor a provider."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.stack import Installation
from tests.policies.test_exported_locations import CASES, Case, state_of
from tests.policies.test_exported_state import exported_state, rehearsed

pytestmark = pytest.mark.engine

Props = dict[str, Any]
Analyze = Callable[[Props, Props], tuple[int, str, set[tuple[str, str, str, str]]]]


@pytest.fixture
def analyze(installation: Installation, tmp_path: Path) -> Analyze:
    """Analyzes a state with a configuration; returns exit code, output and findings."""

    def run(state: Props, config: Props) -> tuple[int, str, set[tuple[str, str, str, str]]]:
        file, exported = tmp_path / "config.json", tmp_path / "state.json"
        file.write_text(json.dumps(config), encoding="utf-8")
        exported.write_text(json.dumps(state), encoding="utf-8")
        done = subprocess.run(
            [
                *("pulumi", "policy", "analyze", "--file", exported, "--json"),
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
        events = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        findings = {
            (e["resourceUrn"], e["policyName"], e["enforcementLevel"], e["message"].rstrip())
            for event in events
            if (e := event.get("policyEvent"))
        }
        return done.returncode, done.stdout + done.stderr, findings

    return run


def test_the_findings_are_those_of_the_rehearsal(analyze: Analyze) -> None:
    code, _, findings = analyze(exported_state(), {})
    assert findings == rehearsed(exported_state(), {})
    assert code != 0


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_findings_of_each_request_path_are_those_of_the_rehearsal(
    case: Case, analyze: Analyze
) -> None:
    state = state_of(case)
    code, output, findings = analyze(state, case.config)
    assert findings == rehearsed(state, case.config), output
    assert code != 0


def test_without_mandatory_violations_it_succeeds(analyze: Analyze) -> None:
    code, output, _ = analyze(exported_state(), {"log-retention": "advisory"})
    assert code == 0, output


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({"log-retentoin": "advisory"}, "did you mean 'log-retention'?"),
        ({"log-retention": {"minDay": 3}}, "did you mean 'minDays'?"),
    ],
)
def test_a_misspelled_configuration_is_rejected(analyze: Analyze, config: Props, hint: str) -> None:
    code, output, _ = analyze(exported_state(), config)
    assert code != 0
    assert hint in output
