"""Reading an OpenAPI document as API Gateway does."""

import json
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from policies.pack.graph.definition import (
    UnreadableError,
    operations,
    read,
    sole_variable,
    substituted,
    variables,
)
from policies.pack.values import MAX_DEPTH


def routes(document: dict[str, Any]) -> dict[str, tuple[bool, bool]]:
    """Whether each route requires authorization, and a key."""
    return {o.route: (o.authorized, o.keyed) for o in operations(document)}


SCHEMES = {
    "sigv4": {
        "type": "apiKey",
        "name": "Authorization",
        "x-amazon-apigateway-authtype": "awsSigv4",
    },
    "own": {"type": "apiKey", "name": "X", "x-amazon-apigateway-authorizer": {"type": "token"}},
    "key": {"type": "apiKey", "name": "X-API-Key", "in": "header"},
    "other": {"type": "apiKey", "name": "x-other", "in": "header"},
    "not a key": {"type": "http", "name": "x-api-key"},
}


@pytest.mark.parametrize(
    ("security", "asked"),
    [
        ([{"sigv4": []}], (True, False)),
        ([{"own": []}], (True, False)),
        ([{"key": []}], (False, True)),
        ([{"sigv4": [], "key": []}], (True, True)),
        ([{"sigv4": []}, {"key": []}], (False, False)),
        ([{"sigv4": []}, {}], (False, False)),
        ([{"other": []}], (False, False)),
        ([{"not a key": []}], (False, False)),
        ([], (False, False)),
        (None, (False, False)),
    ],
)
@pytest.mark.parametrize("where", ["components", "securityDefinitions"])
def test_the_weakest_alternative_of_an_operation_counts(
    security: Any, asked: tuple[bool, bool], where: str
) -> None:
    schemes = {"securitySchemes": SCHEMES} if where == "components" else SCHEMES
    document = {where: schemes, "paths": {"/a": {"get": {"security": security}}}}
    assert routes(document) == {"GET /a": asked}


def test_other_keys_of_a_path_are_ignored() -> None:
    document = {
        "paths": {
            "/a": {
                "parameters": [],
                "get": {},
                "x-amazon-apigateway-any-method": {},
                "put": None,
                "x": {},
            },
            "/b": "text",
        }
    }
    assert set(routes(document)) == {"GET /a", "ANY /a"}
    assert routes({}) == {}


def test_an_integration_may_be_a_reference_into_the_document() -> None:
    shared = {"connectionType": "VPC_LINK"}
    document = {
        "openapi": "3.0.1",
        "components": {"x-amazon-apigateway-integrations": {"one": shared}},
        "paths": {
            "/a": {
                "get": {
                    "x-amazon-apigateway-integration": {
                        "$ref": "#/components/x-amazon-apigateway-integrations/one"
                    }
                },
                "put": {"x-amazon-apigateway-integration": {"$ref": "#/components/missing"}},
                "head": {"x-amazon-apigateway-integration": {"$ref": "#/openapi"}},
                "post": {"x-amazon-apigateway-integration": shared},
            }
        },
    }
    found = {o.verb: o.integration for o in operations(document)}
    assert found == {"GET": shared, "PUT": None, "HEAD": None, "POST": shared}


def test_a_document_is_json_or_yaml() -> None:
    assert read('{"paths": {}}') == {"paths": {}}
    assert read("paths: {}") == {"paths": {}}
    for text in ("text", "[1]", "a: ["):
        with pytest.raises(UnreadableError) as caught:
            read(text)
        assert text not in str(caught.value)


MANY_ALIASES = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9 if i else 'x')}]" for i in range(9)]
TOO_DEEP = {
    "JSON": "[" * 100_000,
    "JSON object": '{"a":' * 5_000,
    "well-formed JSON": '{"a":' * 150 + "1" + "}" * 150,
    "YAML": "- " * 100_000,
    "YAML in flow style": "{'a': " + "[" * 300 + "]" * 300 + "}",
    "cycle": "a: &a {b: *a}",
    "aliases": "\n".join(MANY_ALIASES),
}


@pytest.mark.parametrize("text", TOO_DEEP.values(), ids=TOO_DEEP)
def test_text_that_is_nested_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(UnreadableError, match="nested too deeply"):
        read(text)


def test_as_many_levels_as_the_engine_can_transmit_are_read() -> None:
    value: Any = {}
    for _ in range(MAX_DEPTH - 2):
        value = {"a": value}
    assert read(json.dumps(value)) == value == read(yaml.safe_dump(value))
    with pytest.raises(UnreadableError):
        read(json.dumps({"a": {"a": value}}))


def test_variables_are_found_at_any_depth() -> None:
    value = {
        "uri": "http://${stageVariables.host}/${stageVariables.base}/x",
        "list": ["stageVariables.tenant", 7],
        "template": "$stageVariables.get('quoted') $stageVariables.plain",
    }
    assert variables(value) == {"host", "base", "tenant", "quoted", "plain"}
    assert variables(None) == frozenset()


def test_only_a_text_that_is_one_variable_names_it() -> None:
    assert sole_variable("${stageVariables.link}") == "link"
    assert sole_variable("x${stageVariables.link}") is None
    assert sole_variable("link") is None


def test_variables_without_a_value_stay() -> None:
    text = "${stageVariables.a}:${stageVariables.b}"
    assert substituted(text, {"a": "1"}) == "1:${stageVariables.b}"
    assert substituted(text, {"a": "1", "b": None}) == "1:${stageVariables.b}"
