"""Values made up for schemas: those of request bodies, and of the service's answers."""

import json
from collections.abc import Mapping
from typing import Any

from operations.gateway.definition import GatewayOperation

_MAX_DEPTH = 8
"""Schemas that contain themselves end here."""
_FORMATS = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "somebody@example.com",
    "ipv4": "192.0.2.1",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


class NoSampleError(Exception):
    """No value can be made up for a schema; the message is the keyword that prevents it."""


def sample(
    operation: GatewayOperation, reference: Mapping[str, Any], nonce: str, depth: int = 0
) -> Any:
    """A value that a schema accepts; raises NoSampleError."""
    schema = operation.resolve(reference)
    for fixed in (schema.get("example"), schema.get("default"), *(schema.get("enum") or [])):
        if fixed is not None:
            return fixed
    if "const" in schema:
        return schema["const"]
    for key in ("oneOf", "anyOf"):
        if branches := schema.get(key):
            return sample(operation, _merged(schema, branches[0], key), nonce, depth + 1)
    if branches := schema.get("allOf"):
        merged: Mapping[str, Any] = schema
        for branch in branches:
            merged = _merged(merged, operation.resolve(branch), "allOf")
        return sample(operation, merged, nonce, depth + 1)
    for key in ("pattern", "not"):
        if key in schema:
            raise NoSampleError(key)
    kind = schema.get("type")
    if isinstance(kind, list):  # OpenAPI 3.1
        kind = next((name for name in kind if name != "null"), "string")
    match kind or ("array" if "items" in schema else "object"):
        case "object":
            return _object(operation, schema, nonce, depth)
        case "array":
            if depth >= _MAX_DEPTH:
                return []
            item = sample(operation, schema.get("items") or {"type": "string"}, nonce, depth + 1)
            return [item] * max(1, schema.get("minItems", 1))
        case "integer" | "number" | "boolean":
            return json.loads(scalar(schema, nonce))
        case _:
            text = scalar(schema, nonce).ljust(schema.get("minLength", 0), "x")
            return text[: schema.get("maxLength")]


def scalar(schema: Mapping[str, Any], nonce: str) -> str:
    """A scalar that a schema accepts, as text: the nonce where any text is accepted."""
    for fixed in (schema.get("example"), schema.get("default"), *(schema.get("enum") or [])):
        if fixed is not None:
            return str(fixed)
    if schema.get("type") in ("integer", "number"):
        return str(schema.get("minimum", min(1, schema.get("maximum", 1))))
    if schema.get("type") == "boolean":
        return "true"
    return _FORMATS.get(str(schema.get("format")), nonce)


def _object(
    operation: GatewayOperation, schema: Mapping[str, Any], nonce: str, depth: int
) -> dict[str, Any]:
    """An object with every property, or with the required ones where it would never end."""
    properties, required = schema.get("properties") or {}, schema.get("required") or []
    names = [*properties, *required] if depth < _MAX_DEPTH else required
    if depth > 2 * _MAX_DEPTH:
        raise NoSampleError("required")
    made = {}
    for name in dict.fromkeys(names):
        try:
            part = properties.get(name) or {"type": "string"}
            made[name] = sample(operation, part, nonce, depth + 1)
        except NoSampleError:
            if name in required:
                raise
    return made


def _merged(schema: Mapping[str, Any], branch: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A schema with one of its alternatives in it."""
    rest = {name: value for name, value in schema.items() if name != key}
    if not rest.keys() & {"type", "properties", "required", "allOf", "anyOf", "oneOf"}:
        return dict(branch)
    if "$ref" in branch:
        return {**rest, "allOf": [*rest.get("allOf", []), branch]}
    merged = {**rest, **branch}
    if "properties" in rest and "properties" in branch:
        merged["properties"] = {**rest["properties"], **branch["properties"]}
    if "required" in rest and "required" in branch:
        merged["required"] = [*rest["required"], *branch["required"]]
    return merged
