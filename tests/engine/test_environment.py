"""The virtual environment that Pulumi creates, as `Pulumi.yaml` configures it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from operations.new import begun
from tests.engine.stack import Stack
from tests.stacks import ROOT

pytestmark = pytest.mark.engine


def test_pulumi_creates_the_environment_of_the_project(
    new_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = new_stack()
    (stack.program / "uv.lock").unlink()
    shutil.copy(ROOT / "pyproject.toml", stack.program)
    variables = {k: v for k, v in stack.environment.items() if k != "UV_PROJECT_ENVIRONMENT"}
    monkeypatch.setattr(Stack, "environment", variables)
    assert "create Stage api-dev-stage" in stack.up()
    assert Path(stack.program, ".venv", "bin", "python").exists()


def test_pulumi_new_makes_a_project_of_the_repository(
    new_stack: Callable[..., Stack], tmp_path: Path
) -> None:
    stack = new_stack()
    template, project, state = (tmp_path / name for name in ("template", "project", "new-state"))
    project.mkdir()
    state.mkdir()
    shutil.copytree(stack.installation.program, template)
    (template / "uv.lock").unlink()
    # Without packages, so that none has to be downloaded.
    project_file = '[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n'
    (template / "pyproject.toml").write_text(f"{project_file}[tool.uv]\npackage = false\n")
    variables = {k: v for k, v in stack.environment.items() if k != "UV_PROJECT_ENVIRONMENT"}
    done = subprocess.run(
        [
            *("pulumi", "--non-interactive", "new", str(template)),
            *("--yes", "--offline", "--stack", "next", "--config", "aws:region=eu-west-1"),
        ],
        cwd=project,
        env={**os.environ, **variables, "PULUMI_BACKEND_URL": f"file://{state}"},
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "make new NAME=staging" in done.stdout
    yaml = YAML(typ="safe", pure=True)
    made = yaml.load(project / "Pulumi.yaml")
    assert made["name"] == "private-api"
    assert "template" not in made
    config = yaml.load(project / "Pulumi.next.yaml")["config"]
    assert config == {"aws:region": "eu-west-1", "private-api:owner": "platform"}
    assert begun(project / "Pulumi.next.yaml")
