"""Property values in three states: known, absent (`None`) and unknown (`UNKNOWN`)."""

import json
from collections.abc import Callable, Iterable
from typing import Any, NoReturn


class UnknownValue:
    """The type of `UNKNOWN`, a value that does not exist yet.

    It is neither true nor false and cannot be compared: a check has to test for it first, with
    `isinstance(value, UnknownValue)`.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError("an unknown value was used as a condition")

    def __eq__(self, _: object) -> NoReturn:
        raise TypeError("an unknown value was compared")

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = UnknownValue()


def peek(value: Any, *path: str | int) -> Any:
    """Follow `path` into plain dicts and lists.

    `None` when a step is missing, `UNKNOWN` when a step is unknown.
    """
    for step in path:
        if isinstance(value, UnknownValue):
            return UNKNOWN
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def is_set(value: Any) -> bool:
    """Whether a value is there or may be: AWS and its provider treat empty text as unset."""
    return isinstance(value, UnknownValue) or value not in (None, "")


def items(value: Any) -> list[Any]:
    """List the elements of a property that holds a list or a single value.

    An absent property has none; an unknown list is one unknown element.
    """
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def each(value: Any, *path: str) -> list[Any]:
    """List the values at `path`; a list along the way stands for each of its elements."""
    values = items(value)
    for step in path:
        values = [item for one in values for item in items(peek(one, step))]
    return values


def equals(value: Any, other: Any) -> bool:
    """Whether both values are known and equal."""
    is_unknown = isinstance(value, UnknownValue) or isinstance(other, UnknownValue)
    return not is_unknown and bool(value == other)


def is_known(value: Any) -> bool:
    """Whether a value contains nothing unknown, at any depth."""
    if isinstance(value, UnknownValue):
        return False
    if isinstance(value, dict):
        return all(is_known(item) for item in value.values())
    return all(is_known(item) for item in value) if isinstance(value, list) else True


def as_boolean(value: Any) -> bool | None:
    """Read a boolean that may be text; `None` for anything else.

    Launch templates and providers represent booleans as "true" and "false".
    """
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def as_number(value: Any) -> float | None:
    """Read a number that may be text; `None` for anything else, also for a boolean."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if is_number else None


def as_port(value: Any) -> Any:
    """Read a port, which may be text; an unknown value stays unknown."""
    return value if isinstance(value, UnknownValue) else as_number(value)


def as_text(value: Any) -> str:
    """Read text; empty for anything else."""
    return value if isinstance(value, str) else ""


def fits(value: Any, *path: str) -> bool:
    """Whether nothing on the way along `path` is of the wrong type.

    Each step needs an object, or a list of objects. What is absent or unknown fits.
    """
    if value is None or isinstance(value, UnknownValue) or not path:
        return True
    if isinstance(value, list):
        return all(fits(item, *path) for item in value)
    return isinstance(value, dict) and fits(value.get(path[0]), *path[1:])


MAX_DEPTH = 100
"""Levels of nesting that are read: as many as the engine's protocol can transmit."""
_MAX_VALUES = 2_000_000
"""Values that are read; API Gateway accepts documents of 6 MB."""


def parsed(text: str, parse: Callable[[str], Any] = json.loads) -> Any:
    """Parse text; ValueError if it is malformed, or if it is too deep for what reads it.

    Whether a parser itself refuses depends on how much of the stack its caller has used.
    """
    try:
        value = parse(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    level, number = [value], 1
    for _ in range(MAX_DEPTH):
        level = [item for one in level for item in _children(one)]
        number += len(level)
        if not level:
            return value
        if number > _MAX_VALUES:  # aliases of YAML repeat a value without repeating its text
            break
    raise ValueError("it is nested too deeply")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def decoded(value: Any) -> Any:
    """Decode a provider's property: bridged providers encode all but strings as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return parsed(value)
    except ValueError:
        return value
