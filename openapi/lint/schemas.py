"""Schemas of an OpenAPI 3.0 document as models of API Gateway, which are JSON schema draft 4.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html;
it does not speak of `writeOnly`, `xml`, `externalDocs`, `examples`, recursion, nor of `oneOf` and
`anyOf` without references: these are believed to fail, and refused to be on the safe side.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openapi.document import Found, mapping, sequence
from openapi.paths import at

TO_THE_SERVICE = "Leave the check to the service, and remove it here."
IN_WORDS = "Say it in the description."
UNSUPPORTED = {
    "anyOf": "Describe one shape, or let the service check.",
    "oneOf": "Describe one shape, or let the service check.",
    "discriminator": "Describe one shape, or let the service check.",
    "exclusiveMinimum": "Set `minimum` to the first value that is allowed.",
    "nullable": "Leave the property out of `required`, and out of the message.",
    "readOnly": "Use one schema for requests and one for answers.",
    "writeOnly": "Use one schema for requests and one for answers.",
    "minItems": TO_THE_SERVICE,
    "maxItems": TO_THE_SERVICE,
    "default": IN_WORDS,
    "deprecated": IN_WORDS,
    "example": IN_WORDS,
    "examples": IN_WORDS,
    "externalDocs": IN_WORDS,
    "xml": IN_WORDS,
}


def model_problems(schemas: Mapping[str, Any]) -> Found:
    """What is wrong with the named schemas of a document, each of which becomes a model."""
    for name, schema in schemas.items():
        place = at("components.schemas", name)
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            yield place, f"{name!r} is no name of a model. Use letters and digits only."
        yield from schema_problems(place, schema)
        if name in _reachable(schemas, name):
            yield (
                place,
                "contains itself, and API Gateway takes no recursive model. Describe a fixed "
                "depth, or leave the inner schema open.",
            )


def schema_problems(place: str, value: Any) -> Found:
    """What is wrong with a schema and those inside it."""
    schema = mapping(value)
    yield from unsupported(place, schema)
    reference = schema.get("$ref")
    if isinstance(reference, str) and re.match(r"#/components/(?!schemas/)", reference):
        yield at(place, "$ref"), f"{reference!r} is no schema. Refer to one in components.schemas."
    kind, form = schema.get("type"), schema.get("format")
    if form == "decimal" or (kind == "number" and form in ("int32", "int64")):
        yield (
            at(place, "format"),
            f"{form!r} is not supported by API Gateway. Use `type: integer`, or no format.",
        )
    for position, part in enumerate(sequence(schema.get("allOf"))):
        if "$ref" in mapping(part):
            yield (
                at(place, "allOf", position),
                "refers to a schema, which API Gateway does not follow in allOf. Write it out.",
            )
    for where, part in _parts(place, schema):
        yield from schema_problems(where, part)


def _parts(place: str, schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The schemas right inside a schema."""
    for key in ("items", "additionalProperties", "not"):
        if key in schema:
            yield at(place, key), schema[key]
    for key in ("allOf", "anyOf", "oneOf"):
        for position, part in enumerate(sequence(schema.get(key))):
            yield at(place, key, position), part
    for name, part in mapping(schema.get("properties")).items():
        yield at(place, "properties", name), part


def unsupported(place: str, holder: Any) -> Found:
    """Keywords of anything that API Gateway does not support."""
    for key in mapping(holder):
        if key in UNSUPPORTED:
            yield at(place, key), f"is not supported by API Gateway. {UNSUPPORTED[key]}"


def _reachable(schemas: Mapping[str, Any], start: str) -> set[str]:
    """Names of the schemas that one refers to, through others too."""
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
