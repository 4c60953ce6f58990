"""Request bodies and responses: statuses, headers, media types and their models."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openapi.document import Document, Operation, mapping
from openapi.lint import keys
from openapi.lint.extensions import VALIDATOR, VALIDATORS
from openapi.lint.schemas import schema_problems
from openapi.paths import Problems, at


def problems(document: Document) -> Problems:
    """Everything that is wrong with request bodies and responses."""
    for operation in document.operations:
        yield from _request_problems(document, operation)
        for status, response in mapping(operation.spec.get("responses")).items():
            if not status.startswith("x-"):
                path = at(operation.json_path, "responses", status)
                yield from _response_problems(document, path, status, response)


def _request_problems(document: Document, operation: Operation) -> Problems:
    path = at(operation.json_path, "requestBody")
    path, body = document.resolve("requestBodies", path, operation.spec.get("requestBody"))
    name = operation.spec.get(VALIDATOR, document.content.get(VALIDATOR))
    validator = mapping(mapping(document.content.get(VALIDATORS)).get(str(name)))
    for schema_path, schema in _schemas(path, body):
        if validator.get("validateRequestBody") is True and "$ref" not in schema:
            yield (
                schema_path,
                "needs a named model for its validator. Move it to components.schemas.",
            )
    yield from _content_problems(path, body)


def _response_problems(document: Document, path: str, status: str, spec: Any) -> Problems:
    if not re.fullmatch(r"[1-5]\d\d", status):
        yield path, f"{status!r} is not a status code. List each status code, such as 404."
    path, response = document.resolve("responses", path, spec)
    yield from keys.unsupported(path, response, keys.RESPONSE)
    for schema_path, schema in _schemas(path, response):
        if "$ref" not in schema and schema.get("type", "object") != "object":
            yield (
                schema_path,
                "is not an object, as responses have to be. Move it to components.schemas.",
            )
    yield from _content_problems(path, response)
    for name, value in mapping(mapping(response).get("headers")).items():
        header_path, header = document.resolve("headers", at(path, "headers", name), value)
        yield from keys.unsupported(header_path, header, keys.SCHEMA)
        yield from schema_problems(at(header_path, "schema"), mapping(header).get("schema"))


def _schemas(path: str, body: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """JSON path and content of the schema of every media type."""
    for media_type, media in mapping(mapping(body).get("content")).items():
        yield at(path, "content", media_type, "schema"), mapping(mapping(media).get("schema"))


def _content_problems(path: str, body: Any) -> Problems:
    for media_type, media in mapping(mapping(body).get("content")).items():
        media_path = at(path, "content", media_type)
        if "*" in media_type:
            yield media_path, "is a range. Name media types, such as application/json."
        yield from keys.unsupported(media_path, media, keys.MEDIA_TYPE)
    for schema_path, schema in _schemas(path, body):
        yield from schema_problems(schema_path, schema)
