"""Kinds of values that the models of several files have."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, Discriminator
from pydantic_core import PydanticCustomError

T = TypeVar("T")

# Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
# fmt: off
Retention = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
]
# fmt: on


def reject(text: str) -> NoReturn:
    """Refuse a value; `text` follows the value in the error message."""
    raise PydanticCustomError("rejected", "{text}", {"text": text})


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    repeated = sorted({value for value in values if values.count(value) > 1})
    if repeated:
        reject(f"contains {', '.join(repeated)} more than once")
    return values


DISTINCT = AfterValidator(_distinct)
"""Of a list: no two values are equal."""


def taken(
    items: Iterable[tuple[str, T]], key: Callable[[str, T], Hashable]
) -> Iterator[tuple[str, T, str]]:
    """The items with the key of an earlier one, each with the name of the first that has it."""
    firsts: dict[Hashable, str] = {}
    for name, item in items:
        first = firsts.setdefault(key(name, item), name)
        if first != name:
            yield name, item, first


def selected_by(*keys: str) -> Discriminator:
    """Choose the model of an object by the one of these keys that it has."""

    def selecting(raw: Any) -> str | None:
        present = [key for key in keys if isinstance(raw, dict) and key in raw]
        return present[0] if len(present) == 1 else None

    return Discriminator(
        selecting, custom_error_type="selection", custom_error_message=", ".join(keys)
    )
