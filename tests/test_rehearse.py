"""The commands, as a person types them."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from operations import rehearse as rehearsing
from operations.policing import read_config
from operations.rehearse import config_of, rehearse
from operations.report import machine_readable
from tests.stacks import ROOT

_CACHES = shutil.ignore_patterns("__pycache__")
POLICIES = ROOT / "policies"
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """`python -m operations`, in a copy of the project whose stack file a test may change."""
    for folder in ("components", "operations", "policies", "service", "settings"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=_CACHES)
    for file in (*ROOT.glob("Pulumi.*"), ROOT / "__main__.py"):
        shutil.copy(file, tmp_path)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "operations", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )

    return run


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "Pulumi.dev.yaml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_rehearsal_prints_tree_outputs_and_verdicts_and_ends_with_0(command: Command) -> None:
    done = command("rehearse", "dev")
    assert done.returncode == 0, done.stderr
    for part in ("NlbTarget blue", "invoke_urls:", "at preview: passed", "at update: passed"):
        assert part in done.stdout


def test_everything_is_written_for_machines(command: Command, tmp_path: Path) -> None:
    done = command("rehearse", "dev", "--json", "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert done.returncode == 0
    assert written["passed"] is True
    assert written["phases"]["update"]["outputs"]["invoke_urls"]["dev"].startswith("https://")
    assert written["phases"]["preview"]["outputs"]["rest_api_id"] is None


def test_a_bad_configuration_ends_with_2_and_no_traceback(command: Command, tmp_path: Path) -> None:
    edit(tmp_path, "port: 8080", "port: 0")
    done = command("rehearse", "dev")
    assert done.returncode == 2
    assert "private-api:targets.blue.port: 0" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_a_stack_file_that_is_no_yaml_ends_with_2_and_no_traceback(
    command: Command, tmp_path: Path
) -> None:
    edit(tmp_path, "config:", "config: [")
    done = command("rehearse", "dev")
    assert done.returncode == 2
    assert done.stderr.startswith("Pulumi.dev.yaml: cannot be read")
    assert "Traceback" not in done.stderr + done.stdout


def test_an_unknown_stack_ends_with_2_and_the_known_ones(command: Command) -> None:
    done = command("rehearse", "staging")
    assert done.returncode == 2
    assert "Known stacks are dev, prod" in done.stderr


def test_a_violation_ends_with_1_and_names_the_resource(command: Command, tmp_path: Path) -> None:
    (tmp_path / "strict.json").write_text('{"stage-web-acl": "mandatory"}')
    done = command("rehearse", "dev", "--policy-pack-config", "strict.json")
    assert done.returncode == 1
    assert "mandatory stage-web-acl (api-dev-stage)" in done.stdout


def test_a_pack_configuration_with_a_misspelt_policy_ends_with_2(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "typo.json").write_text('{"stage-web-acls": "mandatory"}')
    done = command("rehearse", "dev", "--policy-pack-config", "typo.json")
    assert done.returncode == 2
    assert "stage-web-acl" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_encrypted_key_of_ours_ends_with_2_and_does_not_show(
    command: Command, tmp_path: Path
) -> None:
    edit(tmp_path, "private-api:owner: platform", "private-api:owner: {secure: v1:hush}")
    done = command("rehearse", "dev")
    assert done.returncode == 2
    assert "private-api:owner: is a secret" in done.stderr
    assert "hush" not in done.stdout + done.stderr


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


def test_machines_never_see_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from operations.recording import Phase, Secret

    rehearsal = rehearse("dev")
    recording = rehearsal.recordings[Phase.UPDATE]
    hidden = replace(recording.resources[-1], inputs={"token": Secret("hush")})
    monkeypatch.setitem(
        rehearsal.recordings,
        Phase.UPDATE,
        replace(recording, resources=(*recording.resources[:-1], hidden)),
    )
    written = json.dumps(machine_readable(rehearsal))
    assert '"token": "[secret]"' in written
    assert "hush" not in written


def test_the_root_of_the_project_is_where_the_program_is() -> None:
    assert (rehearsing.ROOT / rehearsing.PROGRAM).is_file()
