"""Request validators, where operations name them, and what operations have once only."""

from collections.abc import Mapping
from typing import Any

from openapi.document import VALIDATOR, VALIDATORS, Document, mapping
from openapi.hints import listed
from openapi.lint.values import RequestValidator, value_problems
from openapi.paths import Problems, at


def problems(document: Document) -> Problems:
    """Everything that is wrong with request validators, and repeated operation ids."""
    validators = document.content.get(VALIDATORS, {})
    if not isinstance(validators, Mapping):
        yield VALIDATORS, "is not an object of validators by name. Correct it."
    for name, value in mapping(validators).items():
        yield from value_problems(at(VALIDATORS, name), RequestValidator, value)
    yield from _name_problems(document, "", document.content)
    first_uses: dict[str, str] = {}
    for operation in document.operations:
        yield from _name_problems(document, operation.json_path, operation.spec)
        used, path = operation.spec.get("operationId"), at(operation.json_path, "operationId")
        if isinstance(used, str) and first_uses.setdefault(used, path) != path:
            yield path, f"{used!r} repeats {first_uses[used]}. Give each operation its own."


def _name_problems(document: Document, path: str, holder: Mapping[str, Any]) -> Problems:
    name, validators = holder.get(VALIDATOR), mapping(document.content.get(VALIDATORS))
    if name is not None and str(name) not in validators:
        known = f"{VALIDATORS} ({listed(validators)})"
        yield at(path, VALIDATOR), f"{name!r} is not in {known}. Define it there."
