"""What the GitHub workflows may do, and what their scripts decide."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bootstrap.delivery import trust
from operations.local_aws.stack import PLUGIN
from operations.new import roles_variable
from tests.stacks import ROOT
from tests.tables import among, read, sentences

FOLDER = ROOT / ".github" / "workflows"
NAMES = ("check", "preview", "deploy")
PINS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "astral-sh/setup-uv": "20cfd1bf945f4377ade1205e4dbc17946fc9a30d # v10.0.1",
    "aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
    "pulumi/actions": "8e5e406f4007fca908480587cb9893c07090f58d # v7.0.0",
    "pulumi/auth-actions": "141415910c3beb54e03b48e9057c204c97b956f2 # v2.1.0",
}
"""Each action at the commit of its release, as its repository lists it."""
TEXTS = {name: (FOLDER / f"{name}.yml").read_text() for name in NAMES}
WORKFLOWS: dict[str, Any] = {n: YAML(typ="safe", pure=True).load(t) for n, t in TEXTS.items()}
JOBS = {f"{n}/{job}": body for n, each in WORKFLOWS.items() for job, body in each["jobs"].items()}
STEPS: dict[str, dict[str, Any]] = {
    f"{job}/{step['name']}": step for job, body in JOBS.items() for step in body["steps"]
}
STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))
PREVIEW, DEPLOY = JOBS["preview/preview"], JOBS["deploy/deploy"]
CREDENTIALED = ["preview/preview", "deploy/deploy"]
"""The jobs that can assume a role in AWS."""


def steps(job: dict[str, Any]) -> dict[str, Any]:
    return {step["name"]: step for step in job["steps"]}


def using(action: str) -> list[dict[str, Any]]:
    """The inputs of every step that uses an action."""
    return [step["with"] for step in STEPS.values() if action in step.get("uses", "")]


def test_there_are_three_workflows() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("expected", sentences(read(Path(__file__).with_name("workflows.yaml"))))
def test_the_workflows_contain_what_the_table_lists(expected: dict[str, Any]) -> None:
    named = {
        name: {**flow, "jobs": {n: {**job, "steps": steps(job)} for n, job in flow["jobs"].items()}}
        for name, flow in WORKFLOWS.items()
    }
    assert among(named, expected) == expected


def test_only_the_listed_jobs_can_assume_a_role() -> None:
    assert [name for name, job in JOBS.items() if "id-token" in job["permissions"]] == CREDENTIALED
    assert len(JOBS) == 6, "the table lists the permissions of each"


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_uses_a_secret(name: str) -> None:
    assert "vars." in TEXTS[name] or name == "check", "expressions are found where there are some"
    assert "secrets" not in TEXTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_to_the_commit_of_its_release(name: str) -> None:
    used = re.findall(r"uses: (\S+)@(.+)", TEXTS[name])
    assert len(used) == TEXTS[name].count("uses:") > 0
    assert set(used) == {(action, PINS[action]) for action, _ in used}


def test_no_checkout_keeps_its_token() -> None:
    found = using("actions/checkout")
    assert len(found) == len(JOBS)
    assert all(inputs["persist-credentials"] is False for inputs in found)


def test_scripts_get_values_from_the_environment_and_never_from_an_expression() -> None:
    scripts = {name: step["run"] for name, step in STEPS.items() if "run" in step}
    assert any("$STACK" in script for script in scripts.values())
    assert [name for name, script in scripts.items() if "${{" in script] == []


def test_the_tools_have_the_versions_that_the_project_pins() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (version,) = re.findall(r"^UV_VERSION := (.+)$", makefile, re.MULTILINE)
    assert {inputs["version"] for inputs in using("setup-uv")} == {version}
    files = {inputs["pulumi-version-file"] for inputs in using("pulumi/actions")}
    assert files == {".pulumi.version"}
    assert (ROOT / ".pulumi.version").is_file()
    plugin = f"pulumi plugin install resource aws v{PLUGIN}"
    assert STEPS["check/provider/Install the AWS plugin"]["run"] == plugin
    assert plugin in (ROOT / "README.md").read_text()


def test_the_project_supports_the_pythons_that_are_checked() -> None:
    assert 'requires-python = ">=3.11,<3.14"' in (ROOT / "pyproject.toml").read_text()
    assert (ROOT / ".python-version").read_text() == "3.11\n"


def test_every_stack_is_rehearsed_and_previewed() -> None:
    assert sorted(JOBS["preview/rehearse"]["strategy"]["matrix"]["stack"]) == STACKS
    roles = {row["stack"]: row["role"] for row in PREVIEW["strategy"]["matrix"]["include"]}
    assert roles == {
        name: f"${{{{ vars.{roles_variable(name)}_PREVIEW_ROLE }}}}" for name in STACKS
    }


def test_every_stack_is_deployed_with_its_policies_by_the_role_of_its_environment() -> None:
    assert sorted(DEPLOY["strategy"]["matrix"]["stack"]) == STACKS
    assert all((ROOT / "policies" / f"config.{name}.json").is_file() for name in STACKS)
    assert trust.pull_request("repo:acme/api") == "repo:acme/api:pull_request"
    assert trust.environment("repo:acme/api", "prod") == "repo:acme/api:environment:prod"


def tool(folder: Path, name: str, output: str) -> None:
    """A command that prints the same output for any arguments."""
    (folder / "output.txt").write_text(output)
    path = folder / name
    path.write_text(f'#!/bin/sh\ncat "{folder / "output.txt"}"\n')
    path.chmod(0o755)


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as GitHub does for `shell: bash`."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}", "STACK": "dev", **environment},
    )


READ_RESULT = STEPS["deploy/deploy/Read the result of the last update"]["run"]


@pytest.mark.parametrize(
    ("history", "attempt", "refresh"),
    [
        ([{"kind": "update", "result": "succeeded"}], "1", "false"),
        ([{"kind": "update", "result": "failed"}], "1", "true"),
        ([{"kind": "update", "result": "in-progress"}], "1", "true"),
        ([{"kind": "update", "result": "succeeded"}], "2", "true"),
        ([], "1", "true"),
    ],
)
def test_after_anything_but_a_success_the_update_refreshes(
    history: list[dict[str, str]], attempt: str, refresh: str, tmp_path: Path
) -> None:
    tool(tmp_path, "pulumi", json.dumps(history))
    done = shell(READ_RESULT, tmp_path, GITHUB_RUN_ATTEMPT=attempt, GITHUB_OUTPUT="outputs")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "outputs").read_text() == f"refresh={refresh}\n"


def test_an_unreadable_history_stops_the_deployment(tmp_path: Path) -> None:
    tool(tmp_path, "pulumi", "error: no stack named 'dev' found")
    done = shell(READ_RESULT, tmp_path, GITHUB_RUN_ATTEMPT="1", GITHUB_OUTPUT="outputs")
    assert done.returncode != 0
    assert not (tmp_path / "outputs").exists()


@pytest.mark.parametrize(("newest", "code"), [("abc1", 0), ("def2", 1)])
def test_only_the_newest_commit_is_deployed(newest: str, code: int, tmp_path: Path) -> None:
    tool(tmp_path, "gh", f"{newest}\n")
    script = STEPS["deploy/deploy/Check that this is the newest commit of main"]["run"]
    done = shell(script, tmp_path, GITHUB_REPOSITORY="acme/api", GITHUB_SHA="abc1")
    assert done.returncode == code
    assert ("::error::main is now at def2" in done.stdout) == bool(code)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("check/check/Show the demonstration", "demonstration.txt"),
        ("preview/rehearse/Show the rehearsal", "rehearsal.txt"),
    ],
)
def test_a_result_is_in_the_summary_also_when_it_is_bad(
    name: str, file: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text("passed, 1 advisory\n")
    done = shell(STEPS[name]["run"], tmp_path, GITHUB_STEP_SUMMARY="summary.md")
    assert done.returncode == 0, done.stderr
    _, fence, *text, end = (tmp_path / "summary.md").read_text().splitlines()
    assert (fence, text, end) == ("```text", ["passed, 1 advisory"], "```")
    assert "always()" in STEPS[name]["if"]


# Where there are credentials


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A project that requires one package, whose wheel is the whole index."""
    with zipfile.ZipFile(tmp_path / "demo-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("demo.py", "")
        info = "demo-1.0.dist-info"
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    project = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (tmp_path / "pyproject.toml").write_text(f'{project}dependencies = ["demo==1.0"]\n')
    return tmp_path


def install(folder: Path, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script with uv, without a network, in the environment of a job with credentials."""
    path = os.environ["PATH"]
    if not (
        uv := os.environ.get("UV") or shutil.which("uv", path=f"{path}:{ROOT / '.uv' / 'bin'}")
    ):
        pytest.skip("uv is not on the PATH")
    settings = {
        "PATH": f"{Path(uv).resolve().parent}:{path}",
        "UV_CACHE_DIR": str(folder / "cache"),
        "UV_FIND_LINKS": str(folder),
        "UV_PYTHON": ".".join(map(str, sys.version_info[:2])),
        "UV_OFFLINE": "1",
        "GITHUB_ENV": "job.env",
    }
    return shell(script, folder, **{**settings, **DEPLOY["env"], **environment})


def required(folder: Path, digest: str | None = None) -> None:
    """Write the requirements with the hash of the wheel, or with another one."""
    digest = digest or sha256(next(folder.glob("*.whl")).read_bytes()).hexdigest()
    (folder / "requirements.txt").write_text(f"demo==1.0 --hash=sha256:{digest}\n")


INSTALL = STEPS["deploy/deploy/Install the pinned packages"]["run"]


@pytest.mark.parametrize("name", CREDENTIALED)
def test_a_job_with_credentials_installs_before_it_gets_them(name: str) -> None:
    job = JOBS[name]
    assert STEPS[f"{name}/Install the pinned packages"]["run"] == INSTALL
    assert job["env"]["UV_NO_BUILD"] == job["env"]["UV_NO_DEV"] == "1"
    names = [step["name"] for step in job["steps"]]
    role = next(index for index, one in enumerate(names) if "role" in one)
    assert names.index("Install the pinned packages") < role
    others = [step["run"] for step in job["steps"] if step.get("run", INSTALL) != INSTALL]
    assert not [script for script in others if re.search(r"\buv\b|UV_", script)]


def test_a_package_is_installed_by_its_hash(checkout: Path) -> None:
    required(checkout)
    done = install(checkout, INSTALL)
    assert done.returncode == 0, done.stderr
    assert list(checkout.glob(".venv/lib/*/site-packages/demo.py"))


def test_a_package_with_another_hash_stops_the_job(checkout: Path) -> None:
    required(checkout, "0" * 64)
    done = install(checkout, INSTALL)
    assert done.returncode != 0
    assert "Hash mismatch" in done.stderr
    assert not list(checkout.glob(".venv/lib/*/site-packages/demo.py"))


def test_a_package_without_a_hash_stops_the_job(checkout: Path) -> None:
    (checkout / "requirements.txt").write_text("demo==1.0\n")
    done = install(checkout, INSTALL)
    assert done.returncode != 0
    assert "--require-hashes" in done.stderr


def test_pulumi_finds_the_environment_complete_and_downloads_nothing(checkout: Path) -> None:
    required(checkout)
    assert install(checkout, INSTALL).returncode == 0
    later = dict(line.split("=") for line in (checkout / "job.env").read_text().splitlines())
    assert later == {"UV_FROZEN": "1", "UV_OFFLINE": "1"}
    sync = "uv sync --inexact"  # as Pulumi's language host runs it
    assert install(checkout, sync, **later).returncode == 0
    missing = "rm -r cache *.whl; uv pip uninstall --python .venv demo"
    assert install(checkout, missing, **later).returncode == 0
    assert install(checkout, sync, **later).returncode != 0
