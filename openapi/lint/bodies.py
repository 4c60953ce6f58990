"""Request bodies and responses: statuses, headers, media types and their models."""

import re
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
    path, body = document.resolve(
        "requestBodies", at(operation.json_path, "requestBody"), operation.spec.get("requestBody")
    )
    yield from _content_problems(path, body)
    validator = operation.spec.get(VALIDATOR, document.content.get(VALIDATOR))
    validators = mapping(document.content.get(VALIDATORS))
    if mapping(validators.get(str(validator))).get("validateRequestBody") is not True:
        return
    for media_type, media in mapping(mapping(body).get("content")).items():
        if "$ref" not in mapping(mapping(media).get("schema")):
            yield (
                at(path, "content", media_type, "schema"),
                "is checked by a request validator, which needs a named model. Move it to "
                "components.schemas, and refer to it.",
            )


def _response_problems(document: Document, path: str, status: str, spec: Any) -> Problems:
    if not re.fullmatch(r"[1-5]\d\d", status):
        yield path, f"{status!r} is not a status code. List each status code, such as 404."
    path, response = document.resolve("responses", path, spec)
    response = mapping(response)
    yield from keys.unsupported(path, response, keys.RESPONSE)
    yield from _content_problems(path, response)
    for media_type, media in mapping(response.get("content")).items():
        schema = mapping(mapping(media).get("schema"))
        if "$ref" not in schema and schema.get("type", "object") != "object":
            yield (
                at(path, "content", media_type, "schema"),
                "is not an object, which API Gateway requires of a response. Move it to "
                "components.schemas, and refer to it.",
            )
    for name, value in mapping(response.get("headers")).items():
        header_path, header = document.resolve("headers", at(path, "headers", name), value)
        yield from keys.unsupported(header_path, header, keys.SCHEMA)
        yield from schema_problems(at(header_path, "schema"), mapping(header).get("schema"))


def _content_problems(path: str, holder: Any) -> Problems:
    for media_type, media in mapping(mapping(holder).get("content")).items():
        media_path = at(path, "content", media_type)
        if "*" in media_type:
            yield media_path, "is a range. Name media types, such as application/json."
        yield from keys.unsupported(media_path, media, keys.MEDIA_TYPE)
        yield from schema_problems(at(media_path, "schema"), mapping(media).get("schema"))
