"""The sample service answers what a definition file describes."""

import json
from typing import Any

import pytest

from openapi.completion import compile_document
from operations.gateway.answers import Answer, answer_to, answers
from operations.gateway.proxy import Request, Response
from tests.openapi.documents import imported, merged

ECHO = Response(200, (("Content-Type", "application/json"), ("Content-Length", "2")), b"{}")
FILE: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "servers": [{"url": "/v1"}],
    "paths": {
        "/pets/{id}": {"get": {"responses": {"404": {"description": "x"}}}},
        "/pets/all": {"get": {"responses": {}}},
    },
    "components": {
        "schemas": {
            "Pet": {
                "allOf": [{"$ref": "#/components/schemas/Named"}],
                "properties": {"born": {"type": "string", "format": "date"}},
            },
            "Named": {
                "type": "object",
                "properties": {
                    "name": {"type": ["string", "null"], "examples": ["x"], "example": "Rex"},
                    "friend": {"$ref": "#/components/schemas/Pet"},
                },
            },
        }
    },
}


def known(responses: Any, **more: Any) -> tuple[Answer, ...]:
    """The answers of a file in which /pets/{id} has these responses."""
    change = {"paths": {"/pets/{id}": {"get": {"responses": responses}, **more}}}
    found = imported(merged(FILE, change), prepend_base_path=True)
    assert found.problems == ()
    return answers(found, json.loads(compile_document("t", found.document).json))


def answered(
    responses: Any, path: str = "/v1/pets/7", method: str = "GET", **more: Any
) -> Response:
    request = Request(method, path, ())
    answer = answer_to(request, known(responses, **more))
    return answer.of(request, ECHO) if answer else ECHO


def media(schema: Any, **more: Any) -> Any:
    return {
        "200": {"description": "x", "content": {"application/json": {"schema": schema, **more}}}
    }


def test_a_body_has_what_the_schemas_describe_although_they_are_not_sent() -> None:
    response = answered(media({"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}))
    [pet] = json.loads(response.body)
    assert (pet["name"], pet["born"], pet["friend"]["name"]) == ("Rex", "2026-01-31", "Rex")
    assert response.header("Content-Type") == "application/json"
    assert response.header("Content-Length") == str(len(response.body))


@pytest.mark.parametrize(
    ("more", "body"),
    [
        ({"example": {"a": 1}}, {"a": 1}),
        ({"examples": {"one": {"value": [2]}}}, [2]),
    ],
)
def test_an_example_comes_before_its_schema(more: Any, body: Any) -> None:
    assert json.loads(answered(media({"type": "string"}, **more)).body) == body


def test_the_status_is_that_of_the_first_success() -> None:
    responses = {"404": {"description": "x"}, "204": {"description": "x"}}
    response = answered(responses)
    assert (response.status, response.body) == (204, b"")


def test_headers_are_those_that_are_described() -> None:
    header = {"schema": {"type": "integer", "minimum": 3}}
    response = answered({"200": {"description": "x", "headers": {"x-page": header}}})
    assert response.header("x-page") == "3"


def test_every_answer_allows_the_origin_that_the_preflight_allows() -> None:
    allowed = "method.response.header.Access-Control-Allow-Origin"
    described = {"Access-Control-Allow-Origin": {"schema": {"type": "string"}}}
    preflight = {
        "responses": {"200": {"description": "x", "headers": described}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 200}'},
            "responses": {
                "default": {"statusCode": "200", "responseParameters": {allowed: "'https://a.b'"}}
            },
        },
    }
    response = answered({"200": {"description": "x", "headers": described}}, options=preflight)
    assert response.header("Access-Control-Allow-Origin") == "https://a.b"


def test_an_operation_that_describes_nothing_is_answered_by_the_sample_service() -> None:
    assert answered({}).body == ECHO.body
    assert answered({}, path="/v1/other") is ECHO


def test_the_most_specific_path_answers() -> None:
    described = media({"type": "string", "example": "one"})
    assert json.loads(answered(described).body) == "one"
    assert answered(described, path="/v1/pets/all").body == ECHO.body


def test_a_schema_for_which_nothing_can_be_made_up_leaves_the_echo() -> None:
    assert answered(media({"type": "string", "pattern": "^a{3}$"})).body == ECHO.body
