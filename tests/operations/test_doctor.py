"""The doctor names what is missing, with a command to paste for each."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
from rich.console import Console

from operations.doctor import VERSION_FILE, Machine, Requirement, examine, show
from tests.stacks import ROOT

WANTED = (ROOT / VERSION_FILE).read_text().strip()
ROLE = "arn:aws:iam::111122223333:role/logs"


def machine(home: Path, answers: Mapping[str, str | None]) -> Machine:
    """A machine that has everything, except as in `answers`."""
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
    return [requirement.advice for requirement in found if not requirement.is_met]


PIN = "pulumi config set --stack prod --path 'aws:allowedAccountIds[0]'"


def test_a_complete_machine_lacks_only_the_account_id_in_the_stack_file(tmp_path: Path) -> None:
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
def test_everything_missing_has_a_command_to_paste(
    tmp_path: Path, lack: dict[str, str | None], line: str
) -> None:
    assert not any(line in advice for advice in missing(tmp_path))
    assert any(line in advice for advice in missing(tmp_path, lack))


def test_credentials_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").touch()
    assert not any("aws configure" in advice for advice in missing(tmp_path, {"credentials": None}))


def test_a_stack_that_creates_the_role_does_not_need_it(tmp_path: Path) -> None:
    found = [r.name for r in examine(machine(tmp_path, {}), "dev")]
    assert found
    assert not any("API Gateway uses" in name for name in found)


def test_a_missing_stack_file_is_listed_with_the_known_stacks(tmp_path: Path) -> None:
    assert any("Known stacks:" in advice for advice in missing(tmp_path, stack="staging"))


def test_what_is_missing_is_printed_with_a_command_that_is_not_broken() -> None:
    out = Console(file=io.StringIO(), width=20)
    needed = [Requirement("one", True, "run it"), Requirement("two of the many", False, "do " * 9)]
    assert not show(needed, out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert text == f"ok       one\nmissing  two of the\n         many\n         {'do ' * 9}\n"
