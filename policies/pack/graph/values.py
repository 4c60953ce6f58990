"""Reading properties in three values: known, absent (`None`) and unknown (`UNKNOWN`).

At preview the SDK hands policies proxies that raise `UnknownValueError` on nearly every touch of
a value that does not exist yet, and the engine turns that into an advisory with exit code 0. So
the proxies are read in one place, `plain`, and everything else works on what it returns.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from pulumi_policy.proxy import UnknownValueError


class Unknown:
    """The type of `UNKNOWN`, a value that does not exist yet.

    It is neither true nor equal to anything: a rule has to ask for it by name
    (`isinstance(value, Unknown)`) before it compares.
    """

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> NoReturn:
        raise TypeError("an unknown value was used as a condition")

    def __eq__(self, _: object) -> NoReturn:
        raise TypeError("an unknown value was compared")

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown()


def plain(value: Any) -> Any:
    """Copy a value out of the SDK's proxies, with `UNKNOWN` in the places that are unknown.

    Whole numbers become `int`: the wire knows only floats.
    """
    # The common types first: asking for an abstract class is slow, and there are many values.
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_item(value, index) for index in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


def peek(value: Any, *path: str | int) -> Any:
    """Follow `path` into plain dicts and lists.

    `None` when a step is missing, `UNKNOWN` when a step is unknown.
    """
    for step in path:
        if isinstance(value, Unknown):
            return UNKNOWN
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def items(value: Any) -> list[Any]:
    """List the elements of a property that holds a list or one value; none when it is absent.

    An unknown list is one unknown element.
    """
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def same(value: Any, wanted: Any) -> bool:
    """Whether both are known and equal."""
    is_open = isinstance(value, Unknown) or isinstance(wanted, Unknown)
    return not is_open and bool(value == wanted)


def knows(value: Any) -> bool:
    """Whether nothing in this value is unknown, however deep."""
    if isinstance(value, Unknown):
        return False
    if isinstance(value, dict):
        return all(knows(item) for item in value.values())
    return all(knows(item) for item in value) if isinstance(value, list) else True


def truth(value: Any) -> bool | None:
    """Read a boolean that may arrive as text; `None` for anything else.

    Launch templates and providers carry their booleans as "true" and "false".
    """
    if isinstance(value, bool):
        return value
    return {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None


def parsed(value: Any) -> Any:
    """Decode a property of a provider, which is JSON text unless it is a plain string.

    Bridged providers take every input that is not a string as JSON.
    """
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
