"""Tables in YAML: under each sentence, what is expected to be found among other values.

`!absent` stands for a key that does not exist, `!only` for an object with no other keys, `!json`
for a text with this JSON, and `!output` for an output of a resource: `!output LoadBalancer arn`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from simulation.engine import Registered, Run
from tests.stacks import ABSENT


@dataclass(frozen=True)
class _Json:
    value: Any


@dataclass(frozen=True)
class _Only:
    value: Any


@dataclass(frozen=True)
class _Output:
    resource: str
    key: str


class _Loader(yaml.CSafeLoader):  # type: ignore[misc]
    """Reads the tables ten times as fast as ruamel.yaml, which the program reads its files with."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        if len(set(keys)) < len(keys):
            raise yaml.constructor.ConstructorError(None, None, "a key twice", node.start_mark)
        made: dict[Any, Any] = super().construct_mapping(node, deep)
        return made


_Loader.add_constructor("!absent", lambda *_: ABSENT)
_Loader.add_constructor("!json", lambda r, node: _Json(r.construct_mapping(node, deep=True)))
_Loader.add_constructor("!only", lambda r, node: _Only(r.construct_mapping(node, deep=True)))
_Loader.add_constructor("!output", lambda _, node: _Output(*node.value.rsplit(" ", 1)))


def read(path: Path) -> Any:
    """The content of a table."""
    with path.open("rb") as file:
        return yaml.load(file, _Loader)  # noqa: S506 - a safe loader


def sentences(table: Mapping[str, Any]) -> list[Any]:
    """What is below each sentence, one parameter or a list, for a test with the sentence as id."""
    rows = {key: row if isinstance(row, list) else [row] for key, row in table.items()}
    return [pytest.param(*values, id=sentence) for sentence, values in rows.items()]


def among(actual: Any, expected: Any) -> Any:
    """As much of a value as is expected of it; equal to the expectation if all of that is there."""
    if isinstance(expected, _Json):
        return _Json(among(json.loads(actual), expected.value))
    if isinstance(expected, _Only):
        return _Only(actual)
    if isinstance(expected, dict) and isinstance(actual, Mapping):
        return {key: among(actual.get(key, ABSENT), value) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(actual) == len(expected):
        return [among(*pair) for pair in zip(actual, expected, strict=True)]
    return actual


def check_resources(run: Run, expected: Mapping[str, Any]) -> None:
    """Assert that resources have these inputs, and outputs (`$outputs`) and options (`$options`).

    `$after` names resources that one waits for, and `$none` what does not occur: types by their
    end, or services such as `aws:ec2`. A resource is named by the end of its type, and its name
    where there are several.
    """
    assert {key for key in expected if key[0] == "$"} <= {"$none", "$with", "$stage", "$changes"}
    ends = {r.type.rpartition(":")[2] for r in run.resources}
    services = {r.type.partition("/")[0] for r in run.resources}
    assert not (ends | services) & {*expected.get("$none", ())}
    for words, wanted in expected.items():
        if words[0] == "$":
            continue
        found = _resource(run, words)
        awaited = [other for other in wanted.get("$after", ()) if _waits(run, found, other)]
        facts = {"$outputs": found.outputs, "$options": found.options, "$after": awaited}
        resolved = _resolved(run, wanted)
        assert among({**found.inputs, **facts}, resolved) == resolved


def _resource(run: Run, words: str) -> Registered:
    kind, _, name = words.partition(" ")
    (found,) = (r for r in run.resources if r.type.endswith(f":{kind}") and name in ("", r.name))
    return found


def _waits(run: Run, one: Registered, other: str) -> bool:
    return _resource(run, other).urn in one.dependencies


def _resolved(run: Run, value: Any) -> Any:
    """An expectation with the values of the outputs that it names."""
    if isinstance(value, _Output):
        return _resource(run, value.resource).outputs[value.key]
    if isinstance(value, _Json | _Only):
        return type(value)(_resolved(run, value.value))
    if isinstance(value, dict):
        return {key: _resolved(run, inner) for key, inner in value.items()}
    return [_resolved(run, inner) for inner in value] if isinstance(value, list) else value
