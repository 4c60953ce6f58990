"""Stack files are read as the CLI reads them."""

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
    ("on", "on"),
    ("yes", "yes"),
    ("NO", "NO"),
    ("True", "true"),
    ("null", ""),
    ("~", ""),
    ("", ""),
    ("1e3", "1000"),
    ("1.0", "1"),
    ("0.1", "0.1"),
    (".5", "0.5"),
    ("5.", "5"),
    ("-0.0", "0"),
    ("1e20", "100000000000000000000"),
    ("1e21", "1e+21"),
    ("0.0000012", "0.0000012"),
    ("123456789012345678901234567890", "1.2345678901234568e+29"),
    ("-9223372036854775809", "-9223372036854776000"),
    ("18446744073709551615", "18446744073709551615"),
    ("0o17", "15"),
    ("017", "15"),
    ("08", "8"),
    ("012345678901", "12345678901"),
    ("0x1F", "31"),
    ("0xFFFFFFFFFFFFFFFFFF", "0xFFFFFFFFFFFFFFFFFF"),
    ("0b11", "3"),
    ("1_000", "1000"),
    ("+5", "5"),
    ("1e", "1e"),
    ("1:30", "1:30"),
    (".inf2", ".inf2"),
    ("2001-01-02", "2001-01-02 00:00:00 +0000 UTC"),
    ("2001-1-2 3:4:5.25", "2001-01-02 03:04:05.25 +0000 UTC"),
    ("2001-01-02T03:04:05+02:00", "2001-01-02 03:04:05 +0200 +0200"),
    ("2001-13-40", "2001-13-40"),
    ('"0123"', "0123"),
    ("!!str 5", "5"),
    ('"a<b>&c"', "a<b>&c"),
    ('[1, 2.50, "3", on, 012, null]', '[1,2.5,"3","on",10,null]'),
    ('{b: "x<y>&z", a: é}', '{"a":"é","b":"x\\u003cy\\u003e\\u0026z"}'),
    ("{1e3: a, 017: b, null: c}", '{"1000":"a","15":"b","\\u003cnil\\u003e":"c"}'),
    ("{a: 1e-7, b: 123456789.5}", '{"a":1e-7,"b":123456789.5}'),
]


def write(folder: Path, text: str, project: str = PROJECT) -> Path:
    (folder / "Pulumi.yaml").write_text(project)
    (folder / "Pulumi.dev.yaml").write_text(text)
    return folder


@pytest.mark.parametrize(("text", "handed_over"), AS_THE_CLI_READS)
def test_a_value_is_handed_over_as_by_the_cli(tmp_path: Path, text: str, handed_over: str) -> None:
    file = read(write(tmp_path, f"config:\n  lab:value: {text}\n"), "dev")
    assert file.config["lab:value"] == handed_over


def test_defaults_and_values_of_the_project_are_filled_in(tmp_path: Path) -> None:
    file = read(write(tmp_path, "config:\n  plain: mine\n"), "dev")
    assert file.config == {
        "lab:defaulted": '{"a":1,"b":["x"]}',
        "lab:plain": "mine",
        "aws:region": "eu-west-1",
    }


def test_anchors_and_merges_are_followed(tmp_path: Path) -> None:
    text = "config:\n  lab:a: &a {x: 1, y: 1}\n  lab:b: {<<: *a, y: 2}\n"
    assert read(write(tmp_path, text), "dev").config["lab:b"] == '{"x":1,"y":2}'


@pytest.mark.parametrize("value", ["{secure: v1:abc}", "{a: [{secure: v1:abc}]}"])
def test_an_encrypted_value_is_named_and_not_handed_over(tmp_path: Path, value: str) -> None:
    file = read(write(tmp_path, f"config:\n  lab:token: {value}\n"), "dev")
    assert file.secret_keys == ("lab:token",)
    assert "lab:token" not in file.config


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "config:\n  lab:a: 1\n  lab:a: 2\n",
            "'lab:a' stands there twice, the second time in line 3",
        ),
        ("config:\n  lab:a: {b: 1, b: 2}\n", "'b' stands there twice"),
        ("config:\n  a:b:c: 1\n", "'a:b:c' is no configuration key"),
        ("config:\n  lab:a: .nan\n", ".nan is no number that JSON has"),
        ("config: [\n", "cannot be read"),
        ("config: [a]\n", "config should map keys to values"),
        ("- a\n", "config should map keys to values"),
        ("config:\n  lab:a: &a {b: *a}\n", "cannot be read"),
        ("config:\n  lab:a: {<<: 5}\n", "<< merges 5, which is no mapping"),
    ],
)
def test_a_file_that_the_cli_refuses_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(StackFileError, match=r"^Pulumi\.dev\.yaml: ") as caught:
        read(write(tmp_path, text), "dev")
    assert reason in str(caught.value)


def test_a_stack_without_a_file_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="Known stacks are dev"):
        read(write(tmp_path, ""), "prod")


def test_a_stack_with_an_endless_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="there is no such file"):
        read(write(tmp_path, ""), "x" * 5000)


def test_a_folder_without_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackFileError, match="there is no such file"):
        read(tmp_path, "dev")
