"""A user's own OpenAPI document is completed into the one that API Gateway imports."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import ANY_METHOD, INTEGRATION, Backend, compile_routes
from openapi.completion import compile_document
from openapi.document import operations_with_api_keys
from openapi.routes import Cors, Route, route_problems
from tests.openapi.documents import (
    BASE,
    LEGACY,
    RESPONSES,
    imported,
    legacy,
    merged,
    standard,
    with_backends,
)
from tests.stacks import ROOT
from tests.tables import among, read, sentences


def compiled(change: Any = None, **more: Any) -> dict[str, Any]:
    """The imported document, as JSON has it."""
    document = normalized(merged(BASE, change or {}))
    return json.loads(compile_document("private-api-dev", document, **more).json)  # type: ignore[no-any-return]


def normalized(document: Any) -> Any:
    """What API Gateway takes of a document without problems."""
    found = imported(document)
    assert found.problems == ()
    return found.document


@pytest.mark.parametrize("row", sentences(read(ROOT / "tests" / "openapi" / "completed.yaml")))
def test_a_document_is_completed_as_the_table_says(row: dict[str, Any]) -> None:
    expected = {key: value for key, value in row.items() if key not in ("$change", "$with")}
    assert (
        among(compiled(row.get("$change"), **with_backends(row.get("$with", {}))), expected)
        == expected
    )


def test_an_existing_integration_is_kept() -> None:
    assert compiled()["paths"]["/legacy"]["get"][INTEGRATION] == LEGACY


def test_an_existing_integration_with_the_stages_link_gets_the_load_balancer_of_v2() -> None:
    selected = {"connectionId": "${stageVariables.vpcLinkId}", "uri": "http://x/"}
    own, other = ({INTEGRATION: one} for one in (selected, {**selected, "connectionId": "a1b2c3"}))
    paths = {
        "/own": {"get": {**own, "responses": {}}},
        "/other": {"get": {**other, "responses": {}}},
    }
    document = {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths}
    made = compile_document(
        "t", document, backends={"": Backend(integration_target="arn")}
    ).document["paths"]
    assert made["/own"]["get"][INTEGRATION] == {**selected, "integration-target": "arn"}
    assert made["/other"]["get"][INTEGRATION] == {**selected, "connectionId": "a1b2c3"}


def test_a_document_needs_no_components() -> None:
    info = {"title": "t", "version": "1"}
    document = {"openapi": "3.0.0", "info": info, "paths": {"/": {"get": RESPONSES}}}
    completed = compile_document("t", normalized(document)).document
    assert completed["paths"]["/"]["get"][INTEGRATION]


def test_operations_with_api_keys_include_those_that_inherit_their_security() -> None:
    own = 'paths["/files/{proxy+}"].x-amazon-apigateway-any-method'
    assert operations_with_api_keys(BASE) == [own]
    everywhere = merged(BASE, {"security": [{"api_key": []}]})
    assert 'paths["/orders"].get' in operations_with_api_keys(everywhere)


def test_the_longest_timeout_is_that_of_any_integration() -> None:
    assert compile_document("t", normalized(BASE)).longest_timeout_ms == 29_000
    slow = normalized(merged(BASE, legacy({"timeoutInMillis": 60_000})))
    assert compile_document("t", slow).longest_timeout_ms == 60_000


segments = st.one_of(st.from_regex(r"[a-f]{1,4}", fullmatch=True), st.just("{id}"))
paths = st.lists(segments, min_size=1, max_size=3, unique=True).map(lambda s: "/" + "/".join(s))
methods = st.sampled_from(["get", "post", "delete", "options", ANY_METHOD])
operations = st.fixed_dictionaries(
    {"responses": st.just({"200": {"description": "x"}})},
    optional={
        "summary": st.text(max_size=5),
        "security": st.sampled_from([[], [{"sigv4": []}], [{"api_key": []}]]),
        "parameters": st.just([{"name": "q", "in": "query", "schema": {"type": "string"}}]),
        INTEGRATION: st.just({**LEGACY, "type": "http_proxy"}),
    },
)
shared = st.lists(
    st.sampled_from(
        [
            {"name": "q", "in": "query", "schema": {"type": "integer"}},
            {"name": "x-tenant", "in": "header", "schema": {"type": "string"}},
        ]
    ),
    unique_by=lambda parameter: str(parameter["name"]),
)
items = st.builds(
    lambda found, parameters: {**found, "parameters": parameters},
    st.dictionaries(methods, operations, min_size=1, max_size=3),
    shared,
)
documents = st.fixed_dictionaries(
    {
        "openapi": st.just("3.0.3"),
        "info": st.just({"title": "t", "version": "1"}),
        "paths": st.dictionaries(paths, items, min_size=1, max_size=4),
        "components": st.just(BASE["components"]),
    },
    optional={
        "security": st.just([{"sigv4": []}]),
        "servers": st.just([{"url": "https://api.example.com"}]),
    },
)


@given(documents)
def test_what_is_sent_is_valid_and_taken_again_as_it_is(document: dict[str, Any]) -> None:
    once = compile_document("t", normalized(document))
    validate(standard(once.document))
    assert compile_document("t", normalized(once.document)).json == once.json


@given(documents)
def test_every_operation_gets_an_integration(document: dict[str, Any]) -> None:
    completed = compile_document("t", normalized(document)).document
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            assert INTEGRATION in completed["paths"][path][method]


ROUTES = st.builds(
    lambda path, more: {"path": path, **more},
    paths,
    st.sampled_from(
        [
            {"method": "GET", "authorization": "none"},
            {"method": "GET", "authorization": "iam", "timeoutMs": 5000},
            {"method": "ANY", "authorization": "apiKey", "backendPath": "/fixed"},
            {"method": "POST", "body": "Order", "query": {"q": "required"}},
            {"method": "GET", "integration": "http", "responses": {"200": {}, "404": {}}},
        ]
    ),
)


@given(
    st.lists(ROUTES, min_size=1, max_size=5, unique_by=lambda r: (r["method"], r["path"])),
    st.booleans(),
)
def test_a_document_compiled_from_routes_is_complete(
    entries: list[dict[str, Any]], with_cors: bool
) -> None:
    routes = [Route.model_validate(entry) for entry in entries]
    cors = Cors.model_validate({"allowOrigin": "*"}) if with_cors else None
    models = {"Order": {"type": "object"}}
    assert list(route_problems(dict(enumerate(routes)), list(models), cors)) == []
    definition = compile_routes("t", routes, cors=cors, models=models)
    assert compile_document("t", normalized(definition.document)).json == definition.json
