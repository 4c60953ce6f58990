"""What a stack in Moto needs, and what its environment keeps of the caller's."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from operations.__main__ import app
from operations.local_aws import moto
from operations.local_aws.stack import PLUGIN, environment, missing


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A machine with the CLI and without the plugin, as environment variables."""
    program = tmp_path / "bin" / "pulumi"
    program.parent.mkdir()
    program.touch()
    program.chmod(0o755)
    return {"PATH": str(program.parent), "PULUMI_HOME": str(tmp_path / "home"), "UV": "/opt/uv"}


def plugin(home: dict[str, str], version: str) -> None:
    Path(home["PULUMI_HOME"], "plugins", f"resource-aws-v{version}").mkdir(parents=True)


def test_without_the_cli_one_sentence_says_where_it_is(home: dict[str, str]) -> None:
    assert "docs/iac/download-install" in missing({**home, "PATH": "/nowhere"})


@pytest.mark.parametrize("other", ["", "7.51.0"])
def test_without_the_plugin_one_sentence_has_the_command(home: dict[str, str], other: str) -> None:
    if other:
        plugin(home, other)
    assert f"`pulumi plugin install resource aws v{PLUGIN}`" in missing(home)


def test_with_the_cli_and_the_plugin_nothing_is_missing(home: dict[str, str]) -> None:
    plugin(home, PLUGIN)
    assert missing(home) == ""


def test_the_command_prints_the_sentence_and_starts_nothing(
    home: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in home.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setattr(moto, "start", lambda *_: pytest.fail("Moto was started"))
    done = CliRunner().invoke(app, ["up-local", "dev"])
    assert done.exit_code == 2
    assert " ".join(done.output.split()) == missing(home)


def test_nothing_leads_to_a_real_account_or_to_another_state(
    home: dict[str, str], tmp_path: Path
) -> None:
    own = {
        "AWS_PROFILE": "s3://real",
        "AWS_SESSION_TOKEN": "s3://real",
        "AWS_ENDPOINT_URL_EC2": "s3://real",
        "PULUMI_BACKEND_URL": "s3://real",
        "PULUMI_ACCESS_TOKEN": "s3://real",
        "PULUMI_CONFIG_PASSPHRASE_FILE": "s3://real",
        "LANG": "C",
    }
    found = environment(tmp_path, "http://127.0.0.1:1", {**home, **own})
    assert found["LANG"] == "C"
    assert found["PULUMI_HOME"] == home["PULUMI_HOME"]
    assert found["AWS_ENDPOINT_URL"] == "http://127.0.0.1:1"
    assert found["PULUMI_BACKEND_URL"] == f"file://{tmp_path}/state"
    assert "s3://real" not in found.values()
    assert found["PATH"].endswith(":/opt"), "the CLI starts uv"
