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
from ruamel.yaml import YAML

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


def read(path: Path) -> Any:
    """The content of a table."""
    yaml = YAML(typ="safe", pure=True)
    make = yaml.constructor.add_constructor
    make("!absent", lambda *_: ABSENT)
    make("!json", lambda reader, node: _Json(reader.construct_mapping(node, deep=True)))
    make("!only", lambda reader, node: _Only(reader.construct_mapping(node, deep=True)))
    make("!output", lambda _, node: _Output(*node.value.rsplit(" ", 1)))
    return yaml.load(path)


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
