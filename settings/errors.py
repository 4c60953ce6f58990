"""Error messages: the key, its value, the limit and how to correct it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import pulumi
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from openapi.hints import nearest
from openapi.paths import at

from .json_schema import description, items, resolved, root

_LONGEST_VALUE = 120
_MISPLACED = {
    "egress": "belongs to a target with a fleet. Existing instances keep their security groups, "
    "whose owner decides what they reach. Remove it.",
    "endpoints": "belongs to a new network. An existing one has its own ways to AWS's services. "
    "Remove it, and see `egress`.",
    "nat": "belongs to a new network. An existing one has its own way to the internet. Remove it, "
    "and see `egress`.",
}
"""What is said of a key that another object may have."""


class Problem(NamedTuple):
    """What is wrong with one key, as `pulumi config set --path` spells it."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class ConfigError(pulumi.RunError):
    """An invalid configuration, with everything that is wrong with it.

    The CLI prints a `RunError` without a traceback.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(["the configuration cannot be used:", *map(str, problems)]))
        self.problems = tuple(problems)


def explain(error: ValidationError) -> Iterator[Problem]:
    """Everything that pydantic found wrong in a `StackConfig`."""
    for details in error.errors(include_url=False):
        # pydantic does not count the items that are wrong themselves.
        if details["type"] == "too_short" and len(details["input"]) >= details["ctx"]["min_length"]:
            continue
        location = _locate(details["loc"])
        yield Problem(location.key, _message(details, location))


def hint(word: str, known: Iterable[str]) -> str:
    """The known words, the one that was probably meant first."""
    known = sorted(known)
    listed = f"known: {', '.join(known)}" if known else "none is defined"
    close = nearest(word, known)
    return f"did you mean {close}? ({listed})" if close else listed


def quoted(value: object) -> str:
    """A value as it is written in the file, cut if it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


class _Location(NamedTuple):
    """Where an error is, and what the JSON schema has there."""

    key: str
    meaning: str
    siblings: Iterable[str]
    """Keys of the object that the value is in."""


def _locate(location: Sequence[str | int]) -> _Location:
    node, meaning, siblings = root(), "", {}
    steps: list[str | int] = []
    for step, following in pairwise((*location, "")):
        if step == "[key]" and "properties" not in node:  # the error is in the key before
            break
        if "oneOf" in node:  # the step is the key that selects the model
            choices = map(resolved, node["oneOf"])
            node = next(n for n in choices if step in n.get("properties", (n["type"],)))
        else:
            steps.append(step)
            if siblings := node.get("properties", {}):
                node = resolved(siblings.get(step, {}))
            elif following == "[key]":
                node = node.get("propertyNames", {})
            else:
                node = resolved(items(node))
        meaning = description(node) or meaning
    return _Location(at(":".join(map(str, steps[:2])), *steps[2:]), meaning, siblings)


def _message(details: ErrorDetails, location: _Location) -> str:
    value, reason = details["input"], details["msg"]
    match details["type"]:
        case "missing":
            return f"is missing. {location.meaning}"
        case "extra_forbidden" if location.siblings and details["loc"][-1] in _MISPLACED:
            return _MISPLACED[str(details["loc"][-1])]
        case "extra_forbidden":
            known = hint(str(details["loc"][-1]), location.siblings)
            return f"is not a valid key; {known}. Correct or remove it."
        case "selection" if isinstance(value, dict):
            present = " and ".join(key for key in reason.split(", ") if key in value)
            return f"needs exactly one of the keys {reason}, but has {present or 'none'}."
        case "selection":
            reason = f"should be an object with exactly one of the keys {reason}"
        case "string_pattern_mismatch":
            reason = "does not have the right format"
        case kind if kind != "rejected":  # as in: String should have at most 253 characters
            reason = f"should {reason.partition(' should ')[2].partition(' after ')[0]}"
    return f"{_shown(value, details['loc'])} {reason}. {location.meaning}"


def _shown(value: object, location: Sequence[str | int]) -> str:
    """A value, unless it may be a secret that was written where its name belongs."""
    is_hidden = location[-1] != "[key]" and not _HIDDEN.isdisjoint(location[-2:])
    return "the value, which is not shown," if is_hidden else quoted(value)


_HIDDEN = {"environment", "secrets"}
