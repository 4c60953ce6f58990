"""The document against the schema of OpenAPI 3.0 itself, and its references."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openapi.compiler import ANY_METHOD
from openapi.document import Document, mapping, sequence
from openapi.paths import Problems, at


def problems(document: Document) -> Problems:
    """Violations of OpenAPI 3.0, and references that API Gateway does not follow."""
    # It takes a third of a second to import, which stacks with routes should not pay.
    from openapi_spec_validator.schemas import openapi_v30_schema_validator  # noqa: PLC0415

    for error in openapi_v30_schema_validator.iter_errors(_standard(document.content)):
        steps, reason = _cause(error)
        if steps[:1] == ["paths"] and steps[2:3] == ["trace"]:
            steps[2] = ANY_METHOD
        yield at("", *steps) or "the document", f"is not valid OpenAPI 3.0: {reason}. Correct it."
    for path, reference in _references("", document.content):
        yield from _reference_problems(document, path, reference)


def _standard(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The document with ANY as TRACE, which OpenAPI knows and API Gateway does not."""
    if not isinstance(document.get("paths"), Mapping):
        return document
    paths = {
        path: {"trace" if key == ANY_METHOD else key: value for key, value in item.items()}
        if isinstance(item, Mapping)
        else item
        for path, item in document["paths"].items()
    }
    return {**document, "paths": paths}


def _cause(error: Any) -> tuple[list[str | int], str]:
    """Where and why a value is wrong, compared with the alternative that was probably intended.

    Alternatives differ in an enum, such as the `in` of a parameter: one whose enum does not match
    was not intended.
    """
    while error.context:
        inner = [cause for cause in error.context if cause.validator_value != ["$ref"]]
        enums = [cause for cause in inner if cause.validator == "enum"]
        others = {cause.relative_schema_path[0] for cause in enums}
        intended = [cause for cause in inner if cause.relative_schema_path[0] not in others]
        if not intended:
            allowed = ", ".join(str(value) for cause in enums for value in cause.validator_value)
            path = list(enums[0].absolute_path)
            return path, f"{enums[0].instance!r} is not one of {allowed}"
        error = max(intended, key=lambda cause: len(cause.absolute_path))
    reason = error.message
    if error.validator == "additionalProperties":
        reason = f"{reason.split(' ')[0]} is not allowed here"
    return list(error.absolute_path), reason


def _references(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """JSON path and text of every reference inside a value."""
    if isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield at(path, "$ref"), value["$ref"]
        for key, content in value.items():
            yield from _references(at(path, key), content)
    for position, content in enumerate(sequence(value)):
        yield from _references(at(path, position), content)


def _reference_problems(document: Document, path: str, reference: str) -> Problems:
    parts = re.fullmatch(r"#/components/([^/]+)/([^/]+)", reference)
    if not reference.startswith("#"):
        yield path, f"{reference!r} is in another file. Move the component into `components`."
    elif not parts or parts[2] not in document.components(parts[1]):
        yield path, f"{reference!r} does not exist. Refer to #/components/<kind>/<name>."
    elif parts[1] != "schemas" and "$ref" in mapping(document.components(parts[1])[parts[2]]):
        yield path, f"{reference!r} is a reference itself. Refer to the component that it names."
