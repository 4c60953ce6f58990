"""Schemas of an OpenAPI 3.0 document as models of API Gateway, which are JSON schema draft 4."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openapi.document import mapping, sequence
from openapi.lint import keys
from openapi.paths import Problems, at


def model_problems(schemas: Mapping[str, Any]) -> Problems:
    """Everything that is wrong with the named schemas of a document, each of which is a model."""
    for name, schema in schemas.items():
        path = at("components.schemas", name)
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            yield path, f"{name!r} is not a valid model name. Use letters and digits only."
        yield from schema_problems(path, schema)
        if name in _reachable(schemas, name):
            yield path, "contains itself, which API Gateway does not support. Limit its depth."


def schema_problems(path: str, value: Any) -> Problems:
    """Everything that is wrong with a schema and those inside it."""
    schema = mapping(value)
    yield from keys.unsupported(path, schema, keys.SCHEMA)
    reference = schema.get("$ref")
    if isinstance(reference, str) and re.match(r"#/components/(?!schemas/)", reference):
        yield at(path, "$ref"), f"{reference!r} is not a schema. Use one of components.schemas."
    kind, form = schema.get("type"), schema.get("format")
    if form == "decimal" or (kind == "number" and form in ("int32", "int64")):
        yield at(path, "format"), f"{form!r} is not supported. Use `type: integer`, or no format."
    for position, part in enumerate(sequence(schema.get("allOf"))):
        if "$ref" in mapping(part):
            yield at(path, "allOf", position), "is a reference, not followed here. Write it out."
    for part_path, part in _parts(path, schema):
        yield from schema_problems(part_path, part)


def _parts(path: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas directly inside a schema."""
    for key in ("items", "additionalProperties", "not"):
        if key in schema:
            yield at(path, key), schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        for position, part in enumerate(sequence(schema.get(key))):
            yield at(path, key, position), part
    for name, part in mapping(schema.get("properties")).items():
        yield at(path, "properties", name), part


def _reachable(schemas: Mapping[str, Any], start: str) -> set[str]:
    """Names of the schemas to which one refers, directly or through others."""
    reached: set[str] = set()
    waiting = [schemas[start]]
    while waiting:
        schema = mapping(waiting.pop())
        waiting += [part for _, part in _parts("", schema)]
        name = str(schema.get("$ref")).removeprefix("#/components/schemas/")
        if name in schemas and name not in reached:
            reached.add(name)
            waiting.append(schemas[name])
    return reached
