"""Stack files are read as the CLI reads them, or rejected."""

import json
from pathlib import Path

import pytest

from simulation.stack_file import StackFileError, read

PROJECT = """
name: lab
runtime: python
config:
  defaulted: {type: object, default: {a: 1, b: [x]}}
  plain: {type: string, default: hello}
  required: {type: string}
  aws:region: {value: eu-west-1}
"""

# What CLI 3.260 handed over as PULUMI_CONFIG for `lab:value: <plain text>`.
AS_THE_CLI_READS = [
    ("true", "true"),
    ("null", ""),
    ("~", ""),
    ("", ""),
    ("1.0", "1"),
    ("0.1", "0.1"),
    ("-0.0", "0"),
    ("111122223333", "111122223333"),
    ("us-east-2", "us-east-2"),
    ("10.20.0.0/16", "10.20.0.0/16"),
    ("1e", "1e"),
    (".inf2", ".inf2"),
    ('"0123"', "0123"),
    ('"a<b>&c"', "a<b>&c"),
    ('[1, 2.50, "3", on-off, "012", null]', [1, 2.5, "3", "on-off", "012", None]),
    ('{b: "x<y>&z", a: é, 200: c}', {"200": "c", "a": "é", "b": "x<y>&z"}),
]
AMBIGUOUS = [
    *("on", "yes", "NO", "y", "True", "NULL"),
    *("017", "08", "0o17", "0x1F", "0b11", "1_000", "-_5", "+5", ".5", "5.", "0.00001"),
    *("1e3", "1E21", "4e9_", "1234567890123456", ".nan", "-.INF"),
    *("1:30", "12:30:45", "2001-01-02", "2001-1-2 3:4:5.25", "2001-01-02T03:04:05+02:00"),
]


def write(folder: Path, text: str, project: str = PROJECT) -> Path:
    (folder / "Pulumi.yaml").write_text(project)
    (folder / "Pulumi.dev.yaml").write_text(text)
    return folder


BOMB = "config:\n  lab:a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"  lab:a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)
"""Thirty lines that make more values than any machine has memory for."""
LONG = f"config:\n  lab:a: &a {'x' * 2_000_000}\n  lab:b: [*a, *a]\n"


@pytest.mark.parametrize(("text", "value"), AS_THE_CLI_READS)
def test_a_value_is_handed_over_as_by_the_cli(tmp_path: Path, text: str, value: object) -> None:
    read_as = read(write(tmp_path, f"config:\n  lab:value: {text}\n"), "dev").config["lab:value"]
    assert (read_as if isinstance(value, str) else json.loads(read_as)) == value


@pytest.mark.parametrize("text", [*AMBIGUOUS, "[x, on]", "{on: x}"])
def test_a_value_that_programs_read_differently_has_to_be_quoted(tmp_path: Path, text: str) -> None:
    folder = write(tmp_path, f"config:\n  lab:a: 1\n  lab:b: {text}\n")
    message = r"^Pulumi\.dev\.yaml: line 3: \S+.* is read differently .* Put it in quotes"
    with pytest.raises(StackFileError, match=message):
        read(folder, "dev")


def test_defaults_and_values_of_the_project_are_filled_in(tmp_path: Path) -> None:
    file = read(write(tmp_path, "config:\n  plain: mine\n"), "dev")
    assert file.config == {
        "lab:defaulted": '{"a":1,"b":["x"]}',
        "lab:plain": "mine",
        "aws:region": "eu-west-1",
    }


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    text = "config:\n  lab:a: &a {b: 1, c: 1}\n  lab:b: {<<: *a, c: 2}\n"
    assert read(write(tmp_path, text), "dev").config["lab:b"] == '{"b":1,"c":2}'


@pytest.mark.parametrize("value", ["{secure: v1:abc}", "{a: [{secure: v1:abc}]}"])
def test_an_encrypted_value_is_named_and_not_handed_over(tmp_path: Path, value: str) -> None:
    file = read(write(tmp_path, f"config:\n  lab:token: {value}\n"), "dev")
    assert file.secret_keys == ("lab:token",)
    assert "lab:token" not in file.config


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("config:\n  lab:a: 1\n  lab:a: 2\n", "line 3: 'lab:a' is already a key of this mapping"),
        ("config:\n  lab:a: {b: 1, b: 2}\n", "line 2: 'b' is already a key of this mapping"),
        ("config:\n  lab:a: {1.5: b}\n", "line 2: a key has to be text. Put it in quotes"),
        ("config:\n  lab:a: {~: b}\n", "line 2: a key has to be text. Put it in quotes"),
        ("config:\n  lab:a: !!str 5\n", "line 2: a tag such as !!str is not supported"),
        ("config:\n  a:b:c: 1\n", "'a:b:c' is not a valid configuration key"),
        ("config: [\n", "cannot be read: "),
        ("config: [a]\n", "config should map keys to values"),
        ("- a\n", "config should map keys to values"),
        ("config:\n  lab:a: &a {b: *a}\n", "an alias contains itself"),
        pytest.param(BOMB, "its aliases make it larger than 4000000 characters.", id="bomb"),
        pytest.param(LONG, "its aliases make it larger than 4000000 characters.", id="long"),
        ("config:\n  lab:a: {<<: 5}\n", "line 2: << needs a mapping, not 5"),
    ],
)
def test_a_file_that_is_not_valid_is_rejected(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(StackFileError, match=r"^Pulumi\.dev\.yaml: ") as caught:
        read(write(tmp_path, text), "dev")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("stack", "reason"),
    [
        ("prod", "no such file. Known stacks: dev"),
        ("x" * 5000, "name too long"),
        ("my stack", "'my stack' is neither the name of a stack, "),
        ("a/b", "nor a file that ends in .yaml. Known stacks: dev."),
        ("", "'' is neither"),
    ],
)
def test_a_stack_without_a_file_is_rejected(tmp_path: Path, stack: str, reason: str) -> None:
    with pytest.raises(StackFileError, match=reason):
        read(write(tmp_path, ""), stack)


def test_a_folder_without_a_project_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="there is no such file"):
        read(tmp_path, "dev")
