"""The doctor names what is missing, with a command to paste for each."""

import io
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pytest
from rich.console import Console

from operations.doctor import (
    VERSION_FILE,
    Answer,
    Machine,
    Requirement,
    State,
    examine,
    show,
    this_machine,
)
from tests.stacks import ROOT

WANTED = (ROOT / VERSION_FILE).read_text().strip()
ROLE = "arn:aws:iam::111122223333:role/logs"


REFUSED = "aws apigateway get-account: An error occurred (AccessDeniedException)"
LOGGED_OUT = "pulumi whoami: error: PULUMI_ACCESS_TOKEN must be set for login during"


def machine(home: Path, changes: Mapping[str, str | None]) -> Machine:
    """A machine that has everything, except as in `changes`; None is what it lacks."""
    prints = {"version": f"v{WANTED}\n", "whoami": "me\n", "apigateway": f"{ROLE}\n"}
    environ = {} if changes.get("credentials", "") is None else {"AWS_PROFILE": "p"}

    def ask(command: Sequence[str]) -> Answer:
        printed = changes.get(command[1], prints[command[1]]) or ""
        return Answer(failure=printed) if ": " in printed else Answer(printed)

    def find(program: str) -> str | None:
        return changes.get(program, f"/bin/{program}")

    return Machine(environ, home, find, ask)


def found(
    home: Path, changes: Mapping[str, str | None], stack: str = "prod"
) -> dict[State, list[str]]:
    """The advice, or what could not be asked, by what was found."""
    advice: dict[State, list[str]] = {state: [] for state in State}
    for requirement in examine(machine(home, changes), stack):
        advice[requirement.state].append(requirement.advice)
    return advice


def missing(
    home: Path, changes: Mapping[str, str | None] = MappingProxyType({}), stack: str = "prod"
) -> list[str]:
    return found(home, changes, stack)[State.MISSING]


PIN = "pulumi config set --stack prod --path 'aws:allowedAccountIds[0]'"


def test_a_complete_machine_lacks_only_the_account_id_in_the_stack_file(tmp_path: Path) -> None:
    (advice,) = missing(tmp_path)
    assert advice.startswith(PIN)
    assert found(tmp_path, {})[State.UNKNOWN] == []


@pytest.mark.parametrize(
    ("lack", "line"),
    [
        ({"pulumi": None}, f"--version {WANTED}"),
        ({"version": "v3.1.0"}, f"--version {WANTED}"),
        ({"version": "v4.0.0"}, f"--version {WANTED}"),
        ({"version": "dev"}, f"--version {WANTED}"),
        ({"uv": None}, "install --user uv"),
        ({"aws": None}, "https://docs.aws.amazon.com/cli/"),
        ({"credentials": None}, "aws configure sso"),
        ({"whoami": LOGGED_OUT}, "pulumi login"),
        ({"apigateway": "None\n"}, "private-api:api.accountLogging create"),
    ],
)
def test_everything_missing_has_a_command_to_paste(
    tmp_path: Path, lack: dict[str, str | None], line: str
) -> None:
    assert not any(line in advice for advice in missing(tmp_path))
    assert any(line in advice for advice in missing(tmp_path, lack))


@pytest.mark.parametrize(
    "failure",
    [
        {"version": "pulumi version: exit code 2"},
        {"whoami": "pulumi whoami: error: no such host"},
        {"apigateway": REFUSED},
    ],
    ids=str,
)
def test_what_could_not_be_asked_is_not_reported_as_missing(
    tmp_path: Path, failure: dict[str, str | None]
) -> None:
    after = found(tmp_path, failure)
    assert after[State.UNKNOWN] == [f"could not ask: {next(iter(failure.values()))}"]
    assert after[State.MISSING] == missing(tmp_path)


@pytest.mark.parametrize("newer", ["3.260.1", "3.1000.0", "3.261.0-alpha.1"])
def test_a_newer_cli_is_accepted_with_a_remark(tmp_path: Path, newer: str) -> None:
    first = next(examine(machine(tmp_path, {"version": f"v{newer}\n"}), "prod"))
    assert first.state is State.OK
    assert f"version {newer} is installed, which was not tried" in first.name


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ("print('yes')", Answer("yes\n")),
        ("import sys; sys.exit('first\\nlast')", Answer(failure=": last")),
        ("raise SystemExit(3)", Answer(failure=": exit code 3")),
    ],
)
def test_a_command_that_fails_gives_its_last_line_as_the_reason(
    script: str, answer: Answer
) -> None:
    given = this_machine().ask([sys.executable, "-c", script])
    assert given.text == answer.text
    assert given.failure.endswith(answer.failure)
    assert bool(given.failure) is bool(answer.failure)


def test_a_command_that_does_not_exist_is_named() -> None:
    assert this_machine().ask(["no-such-program"]).failure == "no-such-program is not on the PATH"


def test_credentials_may_be_in_a_file(tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").touch()
    assert not any("aws configure" in advice for advice in missing(tmp_path, {"credentials": None}))


def test_a_stack_that_creates_the_role_does_not_need_it(tmp_path: Path) -> None:
    names = [r.name for r in examine(machine(tmp_path, {}), "dev")]
    assert names
    assert not any("API Gateway uses" in name for name in names)


def test_a_missing_stack_file_is_listed_with_the_known_stacks(tmp_path: Path) -> None:
    assert any("Known stacks:" in advice for advice in missing(tmp_path, stack="staging"))


def test_what_is_missing_is_printed_with_a_command_that_is_not_broken() -> None:
    out = Console(file=io.StringIO(), width=20)
    needed = [
        Requirement("one", State.OK, "run it"),
        Requirement("two of the many", State.MISSING, "do " * 9),
        Requirement("three", State.UNKNOWN, "why"),
    ]
    assert not show(needed, out)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert text == (
        f"ok       one\nmissing  two of the\n         many\n         {'do ' * 9}\n"
        "unknown  three\n         why\n"
    )
