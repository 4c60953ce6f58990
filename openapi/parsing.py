"""Reading JSON and YAML files as JSON values."""

import json
import math
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError


def parse(text: str) -> dict[str, Any]:
    """A document in JSON or YAML 1.2 as a JSON object: every key is text, no value is a date.

    Raises ValueError with the reason.
    """
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _WithoutDates
    try:
        try:
            document = parse_json(text)
        except json.JSONDecodeError:
            document = _json_value(yaml.load(text))
    except YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("it contains itself, or is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("it is not a mapping")
    return document


def parse_json(text: str) -> Any:
    """A JSON value that can be written as JSON again; raises ValueError with the reason."""
    try:
        return _json_value(json.loads(text, object_pairs_hook=_distinct))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


class _WithoutDates(SafeConstructor):
    """JSON has no dates, so that `version: 2026-01-31` is text."""

    yaml_constructors = {
        **SafeConstructor.yaml_constructors,
        "tag:yaml.org,2002:timestamp": SafeConstructor.construct_yaml_str,
    }


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    distinct = dict(pairs)
    if len(distinct) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} occurs twice in one object")
    return distinct


def _json_value(value: Any) -> Any:
    """A value as JSON has it: YAML reads the status 200 as a number, even as a key."""
    if isinstance(value, dict):
        return _distinct([(_key(key), _json_value(content)) for key, content in value.items()])
    if isinstance(value, list):
        return [_json_value(content) for content in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not a JSON number")
    if isinstance(value, str):
        return _encodable(value)
    if value is None or isinstance(value, int | float):
        return value
    raise ValueError(f"a value of type {type(value).__name__} does not exist in JSON")


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("it contains an unpaired surrogate, such as \\ud800") from None
    return text


def _key(key: Any) -> str:
    if isinstance(key, str):
        return _encodable(key)
    if isinstance(key, int) and not isinstance(key, bool):
        return str(key)
    raise ValueError(f"the key {key!r} is not text; put it in quotes")
