"""What happens at the first boot is what cloud-init and a shell make of the user data."""

import email
import shlex
import subprocess
from email.message import Message
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from settings import user_data
from settings.boot import NOTHING, Boot, File
from settings.user_data import ENVIRONMENT

LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)


def added(text: str, environment: dict[str, str]) -> str:
    return user_data.added(text, environment, NOTHING, NOTHING)


def parts(text: str) -> list[Message]:
    """The parts as cloud-init reads them."""
    message = email.message_from_string(text)
    assert message.get_content_type() == "multipart/mixed"
    found = message.get_payload()
    assert isinstance(found, list)
    return found  # type: ignore[return-value]


def content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def test_what_is_added_runs_before_the_users_part() -> None:
    first, second = parts(added("#cloud-config\nruncmd: [ls]\n", {"A": "b"}))
    assert (first.get_content_type(), second.get_content_type()) == (
        "text/x-shellscript",
        "text/plain",  # cloud-init recognizes it by its first line
    )
    assert ENVIRONMENT in content(first)
    assert content(second).startswith("#cloud-config\nruncmd: [ls]\n")


@given(st.lists(LINE, max_size=5))
def test_the_users_part_arrives_whatever_it_contains(lines: list[str]) -> None:
    text = "\n".join(["#!/bin/sh", *lines, "end"])
    _, second = parts(added(text, {"A": "b"}))
    assert content(second).rstrip() == text


def test_the_script_writes_every_file_as_it_is_and_stops_at_a_failure(tmp_path: Path) -> None:
    contents = ("END\nEND_\n$HOME `id` \\\n", "a'\"\n\n")
    files = [File(f"{tmp_path}/d/{n}", text, "0600") for n, text in enumerate(contents)]
    boot = Boot(files, [f"touch {tmp_path}/reached", "false", f"touch {tmp_path}/beyond"])
    done = subprocess.run(["bash", "-c", boot.script()], check=False, capture_output=True)
    assert done.returncode == 1
    assert [Path(file.path).read_text() for file in files] == list(contents)
    assert {Path(file.path).stat().st_mode & 0o777 for file in files} == {0o600}
    assert (tmp_path / "reached").exists()
    assert not (tmp_path / "beyond").exists()


@pytest.mark.parametrize(
    "value", ["a b", '"', "\\", "$HOME", "`id`", "50%", "\u00e9", "'", "a=b#c"]
)
def test_a_shell_reads_the_value_that_was_configured(value: str, tmp_path: Path) -> None:
    first, _ = parts(added("#!/bin/sh\n", {"VALUE": value}))
    script = content(first).replace(ENVIRONMENT, shlex.quote(f"{tmp_path}/environment"))
    reading = f'{script}\n. {tmp_path}/environment\nprintf %s "$VALUE"'
    done = subprocess.run(["bash", "-c", reading], check=True, capture_output=True)
    assert done.stdout.decode() == value


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_the_cloud_config_is_yaml_with_every_file_as_it_is(text: str) -> None:
    config = yaml.safe_load(Boot([File("/a", text)]).cloud_config())
    assert config["write_files"][0]["content"] == text


@pytest.mark.parametrize("character", ["\x7f", "\x85", "\x9f", "\u2028", "\ufeff", "\uffff"])
def test_the_cloud_config_escapes_what_yaml_has_not(character: str) -> None:
    config = yaml.safe_load(Boot([File("/a", f"a{character}b")]).cloud_config())
    assert config["write_files"][0]["content"] == f"a{character}b"
