"""Bodies that a model does not accept, each by one thing."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft4Validator  # type: ignore[import-untyped]

from operations.gateway.definition import GatewayOperation

_OTHERS: tuple[Any, ...] = (None, True, -7, "x", [], {})


def wrong_bodies(
    operation: GatewayOperation, schema: Mapping[str, Any], right: Any
) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and a body that the schema does not accept; `right` is one that it accepts.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
    (models are JSON schemas of draft 4).
    """
    document = {"components": operation.document.get("components", {}), "allOf": [schema]}
    validator = Draft4Validator(document)
    yield "is not JSON", b'{"'
    for candidates in _candidates(operation, schema, right):
        for what, value in candidates:
            if not validator.is_valid(value):
                yield what, json.dumps(value).encode()
                break


def _candidates(
    operation: GatewayOperation, schema: Mapping[str, Any], right: Any
) -> Iterator[list[tuple[str, Any]]]:
    """Values of which the first that is wrong is taken.

    They have another type, a property less or more, or one with another type or beyond a limit.
    """
    yield [(f"is {json.dumps(other)}", other) for other in _OTHERS]
    if not isinstance(right, dict):
        return
    yield [("has a property more", {**right, "not_in_the_model": 1})]
    properties = operation.resolve(schema).get("properties", {})
    for name in right:
        yield [(f"lacks {name}", {key: v for key, v in right.items() if key != name})]
        beyond = [[value] for value in _beyond(operation.resolve(properties.get(name, {})))]
        for values in ([*_OTHERS], *beyond):
            yield [(f"has {name}: {json.dumps(v)[:40]}", {**right, name: v}) for v in values]


def _beyond(schema: Mapping[str, Any]) -> Iterator[Any]:
    """Values just beyond the limits of a schema."""
    if minimum := schema.get("minLength"):
        yield "x" * (minimum - 1)
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1)
    if "minimum" in schema:
        yield schema["minimum"] - 1
    if "maximum" in schema:
        yield schema["maximum"] + 1
    if "enum" in schema:
        yield "not_in_the_enum"
