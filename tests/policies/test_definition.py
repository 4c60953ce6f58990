"""Reading an OpenAPI document as API Gateway does."""

import json
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from policies.pack.graph.definition import (
    INTEGRATION,
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
    "ignored": {"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "token"}},
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
        # Without `type: apiKey`, API Gateway takes no scheme for an authorizer.
        ([{"ignored": []}], (False, False)),
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


SHARED = {"connectionType": "VPC_LINK", "uri": "http://a/"}
SHARED_AT = "#/components/x-integrations/a"
OPEN = "open"
REFERENCES: dict[str, tuple[Any, Any]] = {
    "none": (SHARED, SHARED),
    "into the document": ({"$ref": SHARED_AT}, SHARED),
    "escaped slash": ({"$ref": "#/components/x-integrations/b~1c"}, SHARED),
    "escaped tilde": ({"$ref": "#/components/x-integrations/d~0e"}, SHARED),
    "escaped tilde before a one": ({"$ref": "#/components/x-integrations/f~01g"}, SHARED),
    "escaped as in a URL": ({"$ref": "#/components/x-integrations/b%7E1c"}, SHARED),
    "into a list": ({"$ref": "#/x-list/0"}, SHARED),
    "over another reference": ({"$ref": "#/components/x-integrations/again"}, SHARED),
    "nowhere": ({"$ref": "#/components/missing"}, OPEN),
    "nowhere in a list": ({"$ref": "#/x-list/1"}, OPEN),
    "text": ({"$ref": "#/openapi"}, OPEN),
    "itself": ({"$ref": "#/components/x-integrations/circle"}, OPEN),
    "not text": ({"$ref": 5}, OPEN),
    "another file": ({"$ref": f"other.yaml{SHARED_AT}"}, OPEN),
    "a file beside it": ({"$ref": "./integrations.json"}, OPEN),
    "another site": ({"$ref": f"https://example.com/api.json{SHARED_AT}"}, OPEN),
    "an anchor": ({"$ref": "#a"}, OPEN),
    "the same beside it": ({"$ref": SHARED_AT, "uri": "http://a/"}, SHARED),
    "more beside it": ({"$ref": SHARED_AT, "type": "http"}, {**SHARED, "type": "http"}),
    "something else beside it": ({"$ref": SHARED_AT, "uri": "http://b/"}, OPEN),
}
"""By what an integration refers to: the integration, and what it stands for."""


def document_with(**item: Any) -> dict[str, Any]:
    """A document with one path, and with what the references above lead to."""
    shared = dict.fromkeys(("a", "b/c", "d~e", "f~1g"), SHARED)
    circle = {"$ref": "#/components/x-integrations/circle"}
    more = {"again": {"$ref": SHARED_AT}, "circle": circle}
    return {
        "openapi": "3.0.1",
        "components": {"x-integrations": {**shared, **more}, "x-get": {INTEGRATION: SHARED}},
        "x-list": [SHARED],
        "paths": {"/a": item},
    }


@pytest.mark.parametrize(("value", "expected"), REFERENCES.values(), ids=REFERENCES)
def test_an_integration_may_be_a_reference(value: dict[str, Any], expected: Any) -> None:
    (found,) = operations(document_with(get={INTEGRATION: value}))
    assert (OPEN if found.is_open else found.integration) == expected


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"get": {"$ref": "#/components/x-get"}}, {"GET": SHARED}),
        ({"get": {"$ref": "#/components/missing"}}, {"GET": OPEN}),
        ({"get": {"$ref": "operations.yaml#/x-get"}}, {"GET": OPEN}),
        ({"$ref": "#/paths/~1b"}, {"GET": SHARED}),
        ({"$ref": "#/paths/~1missing"}, {"ANY": OPEN}),
        ({"$ref": "paths.yaml#/a"}, {"ANY": OPEN}),
        ({"$ref": "#/paths/~1b", "put": {}}, {"GET": SHARED, "PUT": None}),
        ({"$ref": "#/paths/~1b", "get": {}}, {"ANY": OPEN}),
    ],
)
def test_an_operation_or_a_path_may_be_a_reference(
    item: dict[str, Any], expected: dict[str, Any]
) -> None:
    document = document_with(**item)
    document["paths"]["/b"] = {"get": {INTEGRATION: SHARED}}
    found = [o for o in operations(document) if o.path == "/a"]
    assert {o.verb: OPEN if o.is_open else o.integration for o in found} == expected


def test_all_paths_may_be_a_reference() -> None:
    document = {**document_with(), "paths": {"$ref": "paths.yaml"}}
    (found,) = operations(document)
    assert found.is_open


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
