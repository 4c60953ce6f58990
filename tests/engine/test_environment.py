"""The virtual environment that Pulumi creates, as `Pulumi.yaml` configures it."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

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
