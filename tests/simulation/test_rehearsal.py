"""The commands, as a person types them."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from operations.__main__ import app
from operations.gateway.published import read_from
from operations.report import machine_readable
from simulation.engine import Phase, Secret
from simulation.pack_config import read_config
from simulation.rehearsal import config_of, rehearse
from tests.stacks import ROOT

POLICIES = ROOT / "policies"


def command(*arguments: str | Path) -> Result:
    """`python -m operations`, without another process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def edited(folder: Path, old: str, new: str) -> Path:
    """The dev stack's file with one thing changed."""
    text = (ROOT / "Pulumi.dev.yaml").read_text()
    assert old in text
    path = folder / "dev.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_a_rehearsal_prints_tree_outputs_and_verdicts_and_ends_with_0() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "operations", "rehearse", "dev"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for part in ("NlbTarget blue", "invoke_urls:", "at preview: passed", "at update: passed"):
        assert part in done.stdout


def test_everything_is_written_for_machines(tmp_path: Path) -> None:
    assert command("rehearse", "dev", "--json", tmp_path / "out.json").exit_code == 0
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["passed"] is True
    assert written["phases"]["update"]["outputs"]["invoke_urls"]["dev"].startswith("https://")
    assert written["phases"]["preview"]["outputs"]["rest_api_id"] is None


def test_a_file_that_cannot_be_written_ends_with_2(tmp_path: Path) -> None:
    done = command("rehearse", "dev", "--json", tmp_path)
    assert done.exit_code == 2
    assert "Is a directory" in done.stderr


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("port: 8080", "port: 0", "private-api:targets.blue.port: 0"),
        ("config:", "config: [", "dev.yaml: cannot be read"),
        ("private-api:api:", "private-api:api: 5\n  other:", "private-api:api: 5 should be"),
        (": platform", ": {secure: v1:hush}", "private-api:owner: is a secret"),
    ],
)
@pytest.mark.parametrize("verb", [["rehearse"], ["serve", "--once"]])
def test_a_persons_mistake_ends_with_2_and_no_traceback(
    tmp_path: Path, verb: list[str], old: str, new: str, told: str
) -> None:
    done = command(*verb, edited(tmp_path, old, new))
    assert done.exit_code == 2
    assert told in done.stderr
    assert "Traceback" not in done.output
    assert "hush" not in done.output


def test_an_unknown_stack_ends_with_2_and_the_known_ones() -> None:
    done = command("rehearse", "staging")
    assert done.exit_code == 2
    assert "Known stacks are dev, prod" in done.stderr


def test_a_violation_ends_with_1_and_names_the_resource(tmp_path: Path) -> None:
    (tmp_path / "strict.json").write_text('{"stage-web-acl": "mandatory"}')
    done = command("rehearse", "dev", "--policy-pack-config", tmp_path / "strict.json")
    assert done.exit_code == 1
    assert "mandatory stage-web-acl (api-dev-stage)" in done.stdout


def test_a_pack_configuration_with_a_misspelt_policy_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "typo.json").write_text('{"stage-web-acls": "mandatory"}')
    done = command("rehearse", "dev", "--policy-pack-config", tmp_path / "typo.json")
    assert done.exit_code == 2
    assert "stage-web-acl" in done.stderr
    assert "Traceback" not in done.output


def test_a_stack_is_judged_by_its_own_levels_or_by_the_strictest() -> None:
    assert config_of("prod") == read_config(POLICIES / "config.prod.json")
    assert config_of("somebody") == read_config(POLICIES / "config.ci.json")


def test_exceptions_beside_a_stack_file_come_on_top() -> None:
    strictest = read_config(POLICIES / "config.ci.json")
    assert "integration-tls-verified" not in strictest
    assert config_of("examples/https.yaml") == {
        **strictest,
        "integration-tls-verified": {"exclude": ["api-definition"]},
    }


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_shipped_stacks_pass(stack: str) -> None:
    assert rehearse(stack).passed


def test_machines_never_see_a_secret() -> None:
    rehearsal = rehearse("dev")
    run = rehearsal.runs[Phase.UPDATE]
    hidden = replace(run.resources[-1], inputs={"token": Secret("hush")})
    shown = replace(run, resources=(*run.resources[:-1], hidden))
    rehearsal = replace(rehearsal, runs={**rehearsal.runs, Phase.UPDATE: shown})
    written = json.dumps(machine_readable(rehearsal))
    assert '"token": "[secret]"' in written
    assert "hush" not in written


def test_serving_follows_every_file_that_the_stack_is_read_from() -> None:
    followed = {path.relative_to(ROOT).as_posix() for path in read_from("examples/openapi.yaml")}
    assert followed == {"Pulumi.yaml", "examples/openapi.yaml", "examples/openapi/orders.yaml"}
