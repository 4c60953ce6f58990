"""What the GitHub workflows may do, and what their scripts decide."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bootstrap.delivery import trust
from tests.stacks import ROOT

FOLDER = ROOT / ".github" / "workflows"
NAMES = ("check", "preview", "deploy")
SAME_REPOSITORY = "github.event.pull_request.head.repo.full_name == github.repository"
PINS = {
    "actions/checkout": "3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1",
    "astral-sh/setup-uv": "20cfd1bf945f4377ade1205e4dbc17946fc9a30d # v10.0.1",
    "aws-actions/configure-aws-credentials": "e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3",
    "pulumi/actions": "8e5e406f4007fca908480587cb9893c07090f58d # v7.0.0",
    "pulumi/auth-actions": "141415910c3beb54e03b48e9057c204c97b956f2 # v2.1.0",
}
"""Each action at the commit of its release, as its repository says."""


def workflow(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(FOLDER / f"{name}.yml")
    return loaded


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in NAMES:
        for job, body in workflow(name)["jobs"].items():
            yield f"{name}/{job}", body


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    for job, body in jobs():
        for step in body["steps"]:
            yield f"{job}/{step['name']}", step


def step(name: str) -> dict[str, Any]:
    return dict(steps())[name]


def stacks() -> list[str]:
    return sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


def test_the_workflows_are_these() -> None:
    assert sorted(path.stem for path in FOLDER.iterdir()) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_gives_its_jobs_nothing_by_itself(name: str) -> None:
    assert workflow(name)["permissions"] == {}


def test_a_job_has_no_permission_but_what_it_takes() -> None:
    reading = {"contents": "read"}
    taking_a_role = {**reading, "id-token": "write"}
    assert {name: job["permissions"] for name, job in jobs()} == {
        "check/check": reading,
        "preview/rehearse": reading,
        "preview/preview": {**taking_a_role, "pull-requests": "write"},
        "deploy/deploy": taking_a_role,
    }


@pytest.mark.parametrize("name", NAMES)
def test_no_workflow_knows_a_secret(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text()
    assert "vars." in text or name == "check", "expressions are found where there are some"
    assert "secrets" not in text


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_to_the_commit_of_its_release(name: str) -> None:
    text = (FOLDER / f"{name}.yml").read_text()
    used = re.findall(r"uses: (\S+)@(.+)", text)
    assert len(used) == text.count("uses:") > 0
    assert set(used) == {(action, PINS[action]) for action, _ in used}


def test_no_checkout_leaves_its_token_behind() -> None:
    found = [step for _, step in steps() if "actions/checkout" in step.get("uses", "")]
    assert len(found) == len(list(jobs()))
    assert all(step["with"]["persist-credentials"] is False for step in found)


def test_scripts_get_values_by_environment_and_never_by_expression() -> None:
    scripts = {name: step["run"] for name, step in steps() if "run" in step}
    assert any("$STACK" in script for script in scripts.values())
    assert [name for name, script in scripts.items() if "${{" in script] == []


def test_tools_are_those_of_the_project() -> None:
    makefile = (ROOT / "Makefile").read_text()
    (version,) = re.findall(r"^UV_VERSION := (.+)$", makefile, re.MULTILINE)
    given = [step["with"] for _, step in steps() if "setup-uv" in step.get("uses", "")]
    assert {one["version"] for one in given} == {version}
    files = {
        step["with"]["pulumi-version-file"]
        for _, step in steps()
        if "pulumi/actions" in step.get("uses", "")
    }
    assert files == {".pulumi.version"}
    assert (ROOT / ".pulumi.version").is_file()


def test_checks_run_on_the_oldest_and_the_newest_python() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert 'requires-python = ">=3.11,<3.14"' in project
    assert workflow("check")["jobs"]["check"]["strategy"]["matrix"]["python"] == ["3.11", "3.13"]


# Pull requests


def test_pull_requests_run_with_their_own_rights() -> None:
    assert set(workflow("preview")["on"]) == {"pull_request"}
    assert set(workflow("check")["on"]) == {"push", "pull_request"}


def test_a_fork_is_rehearsed_and_not_previewed() -> None:
    both = workflow("preview")["jobs"]
    assert "if" not in both["rehearse"]
    assert SAME_REPOSITORY in both["preview"]["if"]
    assert "||" not in both["preview"]["if"]


def test_a_new_commit_ends_the_preview_of_the_last_one() -> None:
    assert workflow("preview")["concurrency"] == {
        "group": "preview-${{ github.event.pull_request.number }}",
        "cancel-in-progress": True,
    }


def test_every_stack_is_rehearsed_and_previewed() -> None:
    both = workflow("preview")["jobs"]
    assert sorted(both["rehearse"]["strategy"]["matrix"]["stack"]) == stacks()
    previewed = {
        one["stack"]: one["role"] for one in both["preview"]["strategy"]["matrix"]["include"]
    }
    assert previewed == {name: f"${{{{ vars.{name.upper()}_PREVIEW_ROLE }}}}" for name in stacks()}


def test_a_preview_is_in_no_environment_so_that_its_role_knows_it() -> None:
    assert trust.pull_request("repo:acme/api") == "repo:acme/api:pull_request"
    assert "environment" in workflow("deploy")["jobs"]["deploy"]
    assert "environment" not in workflow("preview")["jobs"]["preview"]


def test_a_preview_is_judged_by_the_strictest_policies_and_shown() -> None:
    given = step("preview/preview/Preview")["with"]
    assert given["command"] == "preview"
    assert (given["policyPacks"], given["policyPackConfigs"]) == (
        "policies",
        "policies/config.ci.json",
    )
    assert (given["diff"], given["comment-on-pr"]) == (True, True)


# Deployments


def test_main_is_deployed_stack_by_stack_in_environments_of_their_names() -> None:
    assert workflow("deploy")["on"] == {"push": {"branches": ["main"]}, "workflow_dispatch": None}
    job = workflow("deploy")["jobs"]["deploy"]
    assert job["strategy"] == {"max-parallel": 1, "matrix": {"stack": ["dev", "prod"]}}
    assert job["environment"] == "${{ matrix.stack }}"
    assert sorted(job["strategy"]["matrix"]["stack"]) == stacks()
    assert trust.environment("repo:acme/api", "prod") == "repo:acme/api:environment:prod"


def test_an_update_is_never_cut_short() -> None:
    job = workflow("deploy")["jobs"]["deploy"]
    assert job["concurrency"] == {
        "group": "deploy-${{ matrix.stack }}",
        "cancel-in-progress": False,
    }
    assert "timeout-minutes" not in job
    assert "concurrency" not in workflow("deploy")


def test_an_update_is_judged_by_the_policies_of_its_stack() -> None:
    given = step("deploy/deploy/Update")["with"]
    assert (given["command"], given["policyPacks"]) == ("up", "policies")
    assert given["policyPackConfigs"] == "policies/config.${{ matrix.stack }}.json"
    for name in stacks():
        assert (ROOT / "policies" / f"config.{name}.json").is_file()


def tool(folder: Path, name: str, output: str) -> None:
    """A command that prints something, whatever it is asked."""
    (folder / "answer").write_text(output)
    path = folder / name
    path.write_text(f'#!/bin/sh\ncat "{folder / "answer"}"\n')
    path.chmod(0o755)


def shell(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a step's script as GitHub does for `shell: bash`."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={"PATH": f"{folder}:{os.environ['PATH']}", **environment},
    )


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
    found = step("deploy/deploy/Look at how the last update ended")
    said = tmp_path / "output"
    done = shell(
        found["run"], tmp_path, STACK="dev", GITHUB_RUN_ATTEMPT=attempt, GITHUB_OUTPUT=str(said)
    )
    assert done.returncode == 0, done.stderr
    assert said.read_text() == f"refresh={refresh}\n"
    assert found["id"] == "last"
    given = step("deploy/deploy/Update")["with"]["refresh"]
    assert given == "${{ steps.last.outputs.refresh }}"


FLEET = "urn:pulumi:dev::private-api::privateapi:index:NlbTarget$aws:autoscaling/group:Group::b"


@pytest.mark.parametrize(
    ("fleet", "replaced"),
    [
        ({"initErrors": ["no healthy instance"]}, f"{FLEET}\n"),
        ({"initErrors": []}, "\n"),
        ({"initErrors": ["no healthy instance"], "delete": True}, "\n"),
        ({"initErrors": ["tags"], "type": "aws:apigateway/stage:Stage"}, "\n"),
    ],
)
def test_a_fleet_that_never_answered_is_made_anew(
    fleet: dict[str, object], replaced: str, tmp_path: Path
) -> None:
    resource = {"urn": FLEET, "type": "aws:autoscaling/group:Group", **fleet}
    tool(tmp_path, "pulumi", json.dumps({"deployment": {"resources": [resource]}}))
    found = step("deploy/deploy/Look for a fleet that never answered")
    said = tmp_path / "output"
    done = shell(found["run"], tmp_path, STACK="dev", GITHUB_OUTPUT=str(said))
    assert done.returncode == 0, done.stderr
    assert said.read_text() == f"replace<<END\n{replaced}END\n"
    assert found["id"] == "fleets"
    given = step("deploy/deploy/Update")["with"]["replace"]
    assert given == "${{ steps.fleets.outputs.replace }}"


def test_a_stack_without_a_deployment_has_no_fleet_to_replace(tmp_path: Path) -> None:
    tool(tmp_path, "pulumi", json.dumps({"deployment": None}))
    script = step("deploy/deploy/Look for a fleet that never answered")["run"]
    done = shell(script, tmp_path, STACK="dev", GITHUB_OUTPUT=str(tmp_path / "output"))
    assert done.returncode == 0, done.stderr
    assert "To replace: none" in done.stdout


def test_an_unreadable_history_stops_the_deployment(tmp_path: Path) -> None:
    tool(tmp_path, "pulumi", "error: no stack named 'dev' found")
    script = step("deploy/deploy/Look at how the last update ended")["run"]
    done = shell(script, tmp_path, STACK="dev", GITHUB_RUN_ATTEMPT="1", GITHUB_OUTPUT="output")
    assert done.returncode != 0
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize(("newest", "code"), [("abc1", 0), ("def2", 1)])
def test_only_the_newest_commit_is_deployed(newest: str, code: int, tmp_path: Path) -> None:
    tool(tmp_path, "gh", f"{newest}\n")
    script = step("deploy/deploy/Refuse what main has left behind")["run"]
    done = shell(script, tmp_path, GITHUB_REPOSITORY="acme/api", GITHUB_SHA="abc1")
    assert done.returncode == code
    assert ("::error::main is at def2" in done.stdout) == bool(code)


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("check/check/Show the demonstration", "demonstration.txt"),
        ("preview/rehearse/Show the rehearsal", "rehearsal.txt"),
    ],
)
def test_a_verdict_stands_in_the_summary_also_when_it_is_bad(
    name: str, file: str, tmp_path: Path
) -> None:
    (tmp_path / file).write_text("passed, 1 advisory\n")
    shown = step(name)
    done = shell(shown["run"], tmp_path, STACK="dev", GITHUB_STEP_SUMMARY="summary.md")
    assert done.returncode == 0, done.stderr
    _, fence, *text, end = (tmp_path / "summary.md").read_text().splitlines()
    assert (fence, text, end) == ("```text", ["passed, 1 advisory"], "```")
    assert "always()" in shown["if"]
