"""`make up-local` on the real CLI; a fake provider stands in for the plugin, and for Moto."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from rich.console import Console

from operations.local_aws import moto, stack
from operations.local_aws.moto import Moto
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.stack import Installation
from tests.stacks import ROOT

pytestmark = pytest.mark.engine
Up = Callable[[str], int]


@pytest.fixture
def aws(provider: Callable[..., FakeProvider]) -> FakeProvider:
    return provider()


@pytest.fixture
def up(
    aws: FakeProvider,
    installation: Installation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Up:
    """The command, in a copy of the program."""
    program = shutil.copytree(installation.program, tmp_path / "program")
    shutil.copy(ROOT / "Pulumi.dev.yaml", program)
    shutil.copytree(ROOT / "examples", program / "examples")
    given = stack.environment

    def environment(folder: Path, url: str, environ: Mapping[str, str]) -> dict[str, str]:
        return {
            **given(folder, url, environ),
            "PULUMI_HOME": str(installation.home),
            "PULUMI_DEBUG_PROVIDERS": aws.address,
            "UV_PROJECT_ENVIRONMENT": installation.python,
            "PYTHONDONTWRITEBYTECODE": "",
        }

    class Fake(Moto):
        url = aws.url

    def start(_console: Console, folder: Path) -> Moto:
        folder.mkdir(exist_ok=True)
        return Fake(folder, 0)

    monkeypatch.setattr(stack, "ROOT", program)
    monkeypatch.setattr(stack, "environment", environment)
    monkeypatch.setattr(stack, "missing", lambda _environ: "")
    monkeypatch.setattr(moto, "start", start)
    return lambda name: stack.up(name, Console(quiet=True), tmp_path / "run")


def test_a_stack_is_created_and_then_updated_from_its_file(
    up: Up, aws: FakeProvider, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "program" / "Pulumi.dev.yaml"
    with file.open("a", encoding="utf-8") as content:
        content.write('  aws:allowedAccountIds: ["999999999999"]\n')  # not Moto's
    assert up("dev") == 0, capfd.readouterr().out
    assert "invoke_urls" in capfd.readouterr().out
    text = file.read_text(encoding="utf-8")
    assert "encryptionsalt" not in text, "the tracked file is as it was"
    file.write_text(text.replace("rateLimit: 50", "rateLimit: 60"), encoding="utf-8")
    before = len(aws.journal)
    assert up("dev") == 0
    changes = [str(c) for c in aws.journal[before:] if c.op in ("create", "update", "delete")]
    assert changes == ["update MethodSettings api-dev-methods"]
