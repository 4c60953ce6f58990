"""Files in JSON and YAML are read as JSON values."""

import json
from itertools import pairwise
from typing import Any

import pytest

from openapi.parsing import parse
from tests.openapi.documents import EXAMPLE

_BOMB = "a: &a [x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefghi")
)


def test_json_and_yaml_are_read_alike() -> None:
    assert parse(json.dumps(EXAMPLE)) == EXAMPLE


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {200: x}", {"200": "x"}),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: [on, no, 0o17, 010]", ["on", "no", 15, 10]),
        ("a: &b {c: 1}\nd: *b", {"c": 1}),
        ("a: {<<: {c: 1, d: 1}, c: 2}", {"c": 2, "d": 1}),
        ("a: {<<: [{c: 1}, {c: 2, d: 2}]}", {"c": 1, "d": 2}),
        ("a: !!str 1", "1"),
    ],
)
def test_yaml_values_become_json_values(text: str, value: Any) -> None:
    assert parse(text)["a"] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not a mapping"),
        ("[1]", "not a mapping"),
        ("a: [", "did not find expected node content"),
        ("a: 1\na: 2", "'a' occurs twice"),
        ('{"a": 1, "a": 2}', "'a' occurs twice"),
        ("a: {200: x, '200': y}", "'200' occurs twice"),
        ("a: {true: x}", "True is not text"),
        ("a: {1.5: x}", "1.5 is not text"),
        ("a: .nan", "nan is not a JSON number"),
        ('{"a": Infinity}', "Infinity is not a JSON number"),
        ("a: !!binary aGVsbG8=", "!!binary|binary does not exist in JSON"),
        ("a: !Sub x", "the tag !Sub does not exist in JSON"),
        ("a: &a [*a]", "contains itself"),
        ("a: {<<: 1}", "merges something other than a mapping"),
        pytest.param(f"a: &a {'x' * 10_000_000}\nb: [{'*a, ' * 10}]", "larger than", id="long"),
        (_BOMB, "larger than 1000000 values"),
        ("a: 1\n---\nb: 2", "more than one document"),
    ],
)
def test_unreadable_text_is_rejected_with_a_one_line_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
