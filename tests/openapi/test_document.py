"""A user's own OpenAPI document is completed into the one that API Gateway imports."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import ANY_METHOD, INTEGRATION, compile_routes
from openapi.document import compile_document, operations_with_api_keys
from openapi.lint import document_problems
from openapi.routes import Cors, Route, route_problems
from tests.openapi.documents import BASE, EXAMPLE, LEGACY, RESPONSES, legacy, merged, standard


def compiled(change: Any = None, **more: Any) -> dict[str, Any]:
    """The imported document, as JSON has it."""
    document = merged(BASE, change or {})
    assert not list(document_problems(document))
    return json.loads(compile_document("private-api-dev", document, **more).json)  # type: ignore[no-any-return]


def test_an_operation_without_an_integration_gets_that_of_a_route() -> None:
    assert compiled()["paths"]["/orders/{id}"]["get"][INTEGRATION] == {
        "type": "http_proxy",
        "httpMethod": "GET",
        "uri": "http://${stageVariables.backendHost}/orders/{id}",
        "connectionType": "VPC_LINK",
        "connectionId": "${stageVariables.vpcLinkId}",
        "passthroughBehavior": "when_no_match",
        "timeoutInMillis": 29_000,
        "requestParameters": {"integration.request.path.id": "method.request.path.id"},
    }


def test_a_greedy_path_is_mapped_without_its_plus() -> None:
    integration = compiled()["paths"]["/files/{proxy+}"][ANY_METHOD][INTEGRATION]
    assert integration["uri"].endswith("}/files/{proxy}")
    assert integration["httpMethod"] == "ANY"
    assert integration["requestParameters"] == {
        "integration.request.path.proxy": "method.request.path.proxy"
    }


def test_an_existing_integration_is_kept() -> None:
    assert compiled()["paths"]["/legacy"]["get"][INTEGRATION] == LEGACY


def test_added_integrations_use_the_protocol_of_the_targets() -> None:
    document = compiled({"paths": {"/legacy": None}}, scheme="https", verify_authority=False)
    integration = document["paths"]["/orders"]["get"][INTEGRATION]
    assert integration["uri"] == "https://${stageVariables.backendHost}/orders"
    assert integration["tlsConfig"] == {"insecureSkipVerification": True}


def test_an_undeclared_path_parameter_is_added() -> None:
    assert compiled()["paths"]["/orders/{id}"]["get"]["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def test_an_operation_inherits_the_parameters_of_its_path_that_it_does_not_override() -> None:
    shared = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "q", "in": "query", "schema": {"type": "integer"}},
    ]
    own = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    change = {"paths": {"/orders/{id}": {"parameters": shared, "get": {"parameters": own}}}}
    item = compiled(change)["paths"]["/orders/{id}"]
    assert item["get"]["parameters"] == [own[0], shared[0]]
    assert "parameters" not in item


def test_security_of_the_document_is_copied_to_operations_without_their_own() -> None:
    document = compiled({"paths": {"/legacy": {"get": {"security": []}}}})
    assert document["paths"]["/orders"]["get"]["security"] == [{"sigv4": []}]
    assert document["paths"]["/files/{proxy+}"][ANY_METHOD]["security"] == [{"api_key": []}]
    assert document["paths"]["/legacy"]["get"]["security"] == []
    assert "security" not in document


def test_without_security_none_is_added() -> None:
    operation = compiled({"security": None})["paths"]["/orders"]["get"]
    assert operation["responses"]
    assert "security" not in operation


def test_references_to_anything_but_schemas_are_resolved() -> None:
    header = {"schema": {"type": "string"}}
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}}
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
    trace = {"x-trace": {"$ref": "#/components/headers/Trace"}}
    post = {
        "parameters": [{"$ref": "#/components/parameters/Page"}],
        "requestBody": {"$ref": "#/components/requestBodies/Order", "content": None},
        "responses": {"404": {"$ref": "#/components/responses/Missing"}},
    }
    components = {
        "parameters": {"Page": page},
        "requestBodies": {"Order": body},
        "headers": {"Trace": header},
        "responses": {"Missing": {"description": "x", "headers": trace}},
    }
    document = compiled({"paths": {"/orders": {"post": post}}, "components": components})
    operation = document["paths"]["/orders"]["post"]
    assert operation["parameters"] == [page]
    assert operation["requestBody"] == body
    assert operation["responses"]["404"] == {"description": "x", "headers": {"x-trace": header}}
    assert document["components"].keys() == {"schemas", "securitySchemes"}


def test_the_title_is_that_of_the_stack() -> None:
    info = compiled()["info"]
    assert info["title"] == "private-api-dev"
    assert info["version"] == "1.0.0"


def test_extensions_of_other_vendors_are_kept_unless_they_are_paths() -> None:
    orders = {"x-team": 2, "get": {"responses": {"x-team": 3}}}
    document = compiled({"paths": {"x-team": {"get": 1}, "/orders": orders}})
    assert "x-team" not in document["paths"]
    assert document["paths"]["/orders"]["x-team"] == 2
    assert document["paths"]["/orders"]["get"]["responses"]["x-team"] == 3


def test_a_document_needs_no_components() -> None:
    info = {"title": "t", "version": "1"}
    document = {"openapi": "3.0.0", "info": info, "paths": {"/": {"get": RESPONSES}}}
    assert list(document_problems(document)) == []
    assert compile_document("t", document).document["paths"]["/"]["get"][INTEGRATION]


def test_servers_are_removed() -> None:
    assert "servers" not in compiled({"servers": [{"url": "https://api.example.com"}]})


API_WIDE = {
    "x-amazon-apigateway-api-key-source": ("HEADER", "AUTHORIZER"),
    "x-amazon-apigateway-binary-media-types": (["*/*"], ["image/png"]),
    "x-amazon-apigateway-gateway-responses": (
        compile_routes("t", []).document["x-amazon-apigateway-gateway-responses"],
        {"DEFAULT_4XX": {"statusCode": 418}},
    ),
}


@pytest.mark.parametrize("key", API_WIDE)
def test_options_of_the_whole_api_are_added_or_kept(key: str) -> None:
    added, own = API_WIDE[key]
    assert compiled()[key] == added
    assert compiled({key: own})[key] == own


def test_a_resource_policy_from_its_file_is_added() -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}
    assert compiled(resource_policy=policy)["x-amazon-apigateway-policy"] == policy


def test_operations_with_api_keys_include_those_that_inherit_their_security() -> None:
    own = 'paths["/files/{proxy+}"].x-amazon-apigateway-any-method'
    assert operations_with_api_keys(BASE) == [own]
    everywhere = merged(BASE, {"security": [{"api_key": []}]})
    assert 'paths["/orders"].get' in operations_with_api_keys(everywhere)


def test_the_longest_timeout_is_that_of_any_integration() -> None:
    assert compile_document("t", BASE).longest_timeout_ms == 29_000
    slow = merged(BASE, legacy({"timeoutInMillis": 60_000}))
    assert compile_document("t", slow).longest_timeout_ms == 60_000


def test_the_example_becomes_valid_openapi() -> None:
    validate(standard(compile_document("t", EXAMPLE).document))


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
def test_completing_a_completed_document_changes_nothing(document: dict[str, Any]) -> None:
    once = compile_document("t", document)
    assert compile_document("t", once.document).json == once.json


@given(documents)
def test_a_completed_document_has_no_problem_and_is_valid(document: dict[str, Any]) -> None:
    assert list(document_problems(document, scheme="http")) == []
    completed = compile_document("t", document).document
    assert list(document_problems(completed, scheme="http")) == []
    validate(standard(completed))


@given(documents)
def test_every_operation_gets_an_integration(document: dict[str, Any]) -> None:
    completed = compile_document("t", document).document
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
    assert list(document_problems(definition.document, scheme="http")) == []
    assert compile_document("t", definition.document).json == definition.json
