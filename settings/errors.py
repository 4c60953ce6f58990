"""How a refusal reads: the key, the value, the limit and the way out."""

import difflib
import json
import re
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pulumi
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from openapi.model import Model

NAMESPACE = "private-api"
_LONGEST_VALUE = 120


class Problem(NamedTuple):
    """What is wrong with one key, as `pulumi config set --path` spells it."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


class ConfigError(pulumi.RunError):
    """A configuration that cannot be used, with everything that is wrong with it.

    The CLI prints a `RunError` without a traceback.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(["the configuration cannot be used:", *map(str, problems)]))
        self.problems = tuple(problems)


def explain(error: ValidationError, model: type[Model], key: str) -> Iterator[Problem]:
    """Every mistake that pydantic found in the value of one key."""
    found = error.errors(include_url=False)
    for details in found:
        here = details["loc"]
        inside = any(d["loc"][: len(here)] == here and d["loc"] != here for d in found)
        if not inside:  # a list is counted without the items that are wrong in themselves
            yield Problem(spell(key, *here), _sentence(details, model))


def near(word: str, known: Iterable[str]) -> str:
    """The known words, the one that was probably meant first."""
    known = sorted(known)
    close = difflib.get_close_matches(word, known, n=1)
    listed = f"known are {', '.join(known)}" if known else "none is defined"
    return f"did you mean {close[0]}? ({listed})" if close else listed


def quoted(value: object) -> str:
    """A value as it stands in the file, cut where it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def spell(key: str, *location: str | int) -> str:
    """The path to a value, as `pulumi config set --path` takes it."""
    for step in location:
        if isinstance(step, int):
            key += f"[{step}]"
        elif step != "[key]":
            key += f".{step}" if re.fullmatch(r"[\w-]+", step) else f'["{step}"]'
    return key


def _sentence(details: ErrorDetails, model: type[Model]) -> str:
    owner, field = _field_at(model, details["loc"])
    about = " ".join((field.description or "").split()) if field else ""
    match details["type"]:
        case "missing":
            return f"is missing. {about}"
        case "extra_forbidden":
            keys = [info.alias or name for name, info in owner.model_fields.items()]
            return (
                f"is not a key here; {near(str(details['loc'][-1]), keys)}. Correct or remove it."
            )
        case "refused":
            problem = details["msg"]
        case "too_short":
            problem = f"has fewer than {details['ctx']['min_length']}"
        case "too_long":
            problem = f"has more than {details['ctx']['max_length']}"
        case "string_pattern_mismatch":
            problem = "is not of the right form"
        case _:
            problem = details["msg"].removeprefix("Input ").removeprefix("String ")
    return f"{quoted(details['input'])} {problem}. {about or (owner.__doc__ or '')}".strip()


def _field_at(
    model: type[Model], location: Sequence[str | int]
) -> tuple[type[Model], FieldInfo | None]:
    """The model that an error is in, and the field it is about."""
    field, inner = None, model
    for step in location:
        fields = {info.alias or name: info for name, info in inner.model_fields.items()}
        if step in fields:
            model, field = inner, fields[str(step)]
            inner = model_in(field.annotation) or inner
        elif field is None or inner is not model:
            model = inner
    return model, field


def model_in(annotation: Any) -> type[Model] | None:
    """The model inside a field's type, if there is one."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    inside = (model_in(argument) for argument in typing.get_args(annotation))
    return next((found for found in inside if found), None)
