"""A table that does not match what is there fails its test."""

from pathlib import Path

import pytest

from tests.tables import among, read

ACTUAL = {"a": {"b": 1, "c": [{"d": 2, "e": 3}]}, "text": '{"f": 4}'}


@pytest.mark.parametrize(
    ("expected", "matches"),
    [
        ("a: {b: 1}", True),
        ("a: {b: 2}", False),
        ("a: {x: 1}", False),
        ("a: {c: [{d: 2}]}", True),
        ("a: {c: []}", False),
        ("a: {c: [!only {d: 2}]}", False),
        ("a: {c: [!only {d: 2, e: 3}]}", True),
        ("a: {x: !absent }", True),
        ("a: {b: !absent }", False),
        ("text: !json {f: 4}", True),
        ("text: !json {f: 5}", False),
    ],
)
def test_a_row_matches_only_what_is_there(expected: str, matches: bool, tmp_path: Path) -> None:
    (tmp_path / "table.yaml").write_text(expected)
    row = read(tmp_path / "table.yaml")
    assert (among(ACTUAL, row) == row) is matches
