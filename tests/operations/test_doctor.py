"""The doctor names what is missing, and the line that mends it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest

from operations.doctor import VERSION_FILE, Machine, examine
from tests.stacks import ROOT

WANTED = (ROOT / VERSION_FILE).read_text().strip()
ROLE = "arn:aws:iam::111122223333:role/logs"


def machine(home: Path, answers: Mapping[str, str | None]) -> Machine:
    """A machine that has everything, but for what `answers` says."""
    prints = {"version": f"v{WANTED}\n", "whoami": "me\n", "apigateway": f"{ROLE}\n", **answers}
    environ = {} if answers.get("credentials", "") is None else {"AWS_PROFILE": "p"}

    def output(command: Sequence[str]) -> str | None:
        return prints[command[1]]

    def find(_: str) -> str | None:
        return answers.get("uv", "/bin/uv")

    return Machine(environ, home, find, output)


def missing(
    home: Path, answers: Mapping[str, str | None] = MappingProxyType({}), stack: str = "prod"
) -> list[str]:
    found = examine(machine(home, answers), stack)
    return [finding.advice for finding in found if not finding.present]


PIN = "pulumi config set --stack prod --path 'aws:allowedAccountIds[0]'"


def test_a_complete_machine_lacks_only_the_pin_that_the_file_does_not_have(
    tmp_path: Path,
) -> None:
    (advice,) = missing(tmp_path)
    assert advice.startswith(PIN)


@pytest.mark.parametrize(
    ("lack", "line"),
    [
        ({"version": None}, f"--version {WANTED}"),
        ({"version": "v3.1.0"}, f"--version {WANTED}"),
        ({"uv": None}, "install --user uv"),
        ({"credentials": None}, "aws configure sso"),
        ({"whoami": None}, "pulumi login"),
        ({"apigateway": "None\n"}, "private-api:api.accountLogging create"),
        ({"apigateway": None}, "private-api:api.accountLogging create"),
    ],
)
def test_what_is_missing_comes_with_the_line_to_paste(
    tmp_path: Path, lack: dict[str, str | None], line: str
) -> None:
    assert not any(line in advice for advice in missing(tmp_path))
    assert any(line in advice for advice in missing(tmp_path, lack))


def test_credentials_in_a_file_count(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").touch()
    assert not any("aws configure" in advice for advice in missing(tmp_path, {"credentials": None}))


def test_a_stack_that_makes_the_role_needs_none(tmp_path: Path) -> None:
    found = [f.what for f in examine(machine(tmp_path, {}), "dev")]
    assert found
    assert not any("API Gateway logs" in what for what in found)


def test_a_stack_without_a_file_is_said_to_be_missing(tmp_path: Path) -> None:
    assert any("Known stacks are" in advice for advice in missing(tmp_path, stack="staging"))
