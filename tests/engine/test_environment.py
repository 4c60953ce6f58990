"""The environment that Pulumi makes by itself, as `Pulumi.yaml` tells it to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from .stack import ROOT, Stack

pytestmark = pytest.mark.engine


def test_pulumi_makes_the_environment_from_the_project(
    new_stack: Callable[..., Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    stack = new_stack()
    (stack.program / "uv.lock").unlink()
    shutil.copy(ROOT / "pyproject.toml", stack.program)
    own = {k: v for k, v in stack.environment.items() if k != "UV_PROJECT_ENVIRONMENT"}
    monkeypatch.setattr(Stack, "environment", own)
    assert "create Stage api-dev-stage" in stack.up()
    assert Path(stack.program, ".venv", "bin", "python").exists()
