"""A user's own OpenAPI document is completed, or refused by JSON path."""

import copy
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import ANY_METHOD, INTEGRATION, compile_routes
from openapi.document import compile_document, parse, places_with_api_keys
from openapi.lint.limits import MAX_BYTES, document_problems
from openapi.routes import Cors, Route, route_problems
from settings import ConfigError, Settings
from simulation import stack_file
from tests.stacks import ABSENT, ROOT, config, run_stack

BASE = parse((ROOT / "tests" / "openapi" / "base.yaml").read_text())
EXAMPLE = ROOT / "examples" / "openapi" / "orders.yaml"
LEGACY = BASE["paths"]["/legacy"]["get"][INTEGRATION]
ANSWER = {"responses": {"200": {"description": "An answer."}}}


def merged(base: Any, change: Any) -> Any:
    """A document with a change merged into it, in which None takes a key away."""
    if not isinstance(change, dict):
        return change
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def answering(schema: Any) -> Any:
    return {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}


def asking(location: str, name: str) -> Any:
    return {"name": name, "in": location, "schema": {"type": "string"}}


def problems(change: Any, **more: Any) -> list[str]:
    found = document_problems(merged(BASE, change), **{"scheme": "http", **more})
    return [f"{place}: {message}" for place, message in found]


def compiled(change: Any = None, **more: Any) -> dict[str, Any]:
    """What is imported, as JSON has it."""
    document = merged(BASE, change or {})
    assert not list(document_problems(document))
    return json.loads(compile_document("private-api-dev", document, **more).json)  # type: ignore[no-any-return]


def standard(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document for a validator, which knows neither {proxy+} nor the extension for ANY."""
    text = json.dumps(document).replace("+}", "}").replace(f'"{ANY_METHOD}":', '"trace":')
    return json.loads(text)  # type: ignore[no-any-return]


def refusals() -> list[Any]:
    text = (ROOT / "tests" / "openapi" / "refusals.yaml").read_text()
    cases = parse("cases:\n" + text)["cases"]
    return [pytest.param(c["change"], c["refused"], id=c["refused"][:90]) for c in cases]


# --- what is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "refused"), refusals())
def test_a_bad_document_is_refused_by_its_json_path(change: Any, refused: str) -> None:
    assert problems(change) == [refused]


def test_the_document_that_the_bad_ones_differ_from_is_accepted() -> None:
    assert problems({}) == []


def test_the_example_is_accepted() -> None:
    assert list(document_problems(parse(EXAMPLE.read_text()), scheme="http")) == []


@pytest.mark.parametrize(
    "change",
    [
        {"servers": [{"url": "https://api.example.com"}, {"url": "/"}]},
        {"servers": [{"url": "https://a1.execute-api.us-east-2.amazonaws.com/{basePath}"}]},
        {"paths": {"/orders": {"get": {"security": []}}}},
        {"paths": {"/orders": {"get": {"security": [{"sigv4": [], "api_key": []}]}}}},
        {"paths": {"/legacy": {"get": {INTEGRATION: {"connectionId": "a1b2c3"}}}}},
        {"paths": {"/legacy": {"get": {INTEGRATION: {"type": "HTTP_PROXY", "responses": None}}}}},
        {"paths": {"/legacy": {"get": {INTEGRATION: {"uri": "http://a.example.com:8080/?q=1"}}}}},
        {"paths": {"/legacy": {"get": {INTEGRATION: {"timeoutInMillis": 50}}}}},
        {"paths": {"/legacy": {"get": {INTEGRATION: {"timeoutInMillis": 300_000}}}}},
        {"components": {"schemas": {"Order": {"properties": {"example": {"type": "string"}}}}}},
        {"components": {"schemas": {"Order": {"additionalProperties": False}}}},
        {"components": {"schemas": {"Count": {"type": "integer", "format": "int64"}}}},
        {"paths": {"/orders": {"get": answering({"type": "object"})}}},
        {"paths": {"/orders": {"get": answering({"$ref": "#/components/schemas/Order"})}}},
        {"paths": {"/orders": {"get": {"parameters": [asking("header", "x*y")]}}}},
        {"x-amazon-apigateway-policy": {"Statement": {"Effect": "Allow"}}},
        {"x-of-somebody-else": {"nullable": True}},
    ],
)
def test_what_api_gateway_takes_is_accepted(change: Any) -> None:
    assert problems(change) == []


def test_a_mock_needs_neither_link_nor_address() -> None:
    answer = {"type": "mock", "responses": {"default": {"statusCode": "200"}}}
    operation = {**ANSWER, "security": [], INTEGRATION: answer}
    assert problems({"paths": {"/orders": {"options": operation}}}) == []
    assert problems({"paths": {"/orders": {"options": {**operation, INTEGRATION: {}}}}})


@pytest.mark.parametrize(("wait", "is_refused"), [(29_000, False), (29_001, True)])
def test_an_edge_api_waits_29_seconds_at_most(wait: int, is_refused: bool) -> None:
    change = {"paths": {"/legacy": {"get": {INTEGRATION: {"timeoutInMillis": wait}}}}}
    assert bool(problems(change, endpoint_type="edge")) == is_refused


def test_schemas_that_contain_each_other_are_refused() -> None:
    schemas = {
        "Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Branch"}},
        "Branch": {"type": "object", "properties": {"t": {"$ref": "#/components/schemas/Tree"}}},
        "Leaf": {"type": "object", "properties": {"t": {"$ref": "#/components/schemas/Tree"}}},
    }
    found = problems({"components": {"schemas": schemas}})
    assert [line.partition(": ")[0] for line in found] == [
        "components.schemas.Tree",
        "components.schemas.Branch",
    ]


def test_a_definition_that_is_too_large_is_refused() -> None:
    summary = {"paths": {"/orders": {"get": {"summary": "x" * MAX_BYTES}}}}
    assert problems(summary)[0].startswith("paths: make a definition of 60")
    assert problems({"paths": {"/orders": {"get": {"summary": "x" * (MAX_BYTES // 2)}}}}) == []


def test_an_inherited_parameter_is_refused_once() -> None:
    shared = {"parameters": [asking("cookie", "c")]}
    assert len(problems({"paths": {"/orders": shared}})) == 1


def test_all_problems_of_a_document_come_at_once() -> None:
    found = problems(
        {
            "info": {"version": None},
            "paths": {"/ping": {"get": ANSWER}},
            "components": {"schemas": {"New-Order": {"type": "object"}}},
        }
    )
    assert [line.partition(": ")[0] for line in found] == [
        "info",
        'paths["/ping"]',
        "components.schemas.New-Order",
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def _containers(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [found for item in inner for found in _containers(item)] + (
        [value] if isinstance(value, dict | list) and value else []
    )


@given(st.data(), values)
def test_no_document_however_broken_is_met_with_an_exception(data: Any, value: Any) -> None:
    document = copy.deepcopy(BASE)
    holder = data.draw(st.sampled_from(_containers(document)))
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    holder[data.draw(st.sampled_from(keys))] = value
    for place, message in document_problems(document, scheme="http"):
        assert place
        assert message


# --- what is filled in -------------------------------------------------------------------------


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
    filled = compiled()["paths"]["/files/{proxy+}"][ANY_METHOD][INTEGRATION]
    assert filled["uri"].endswith("}/files/{proxy}")
    assert filled["httpMethod"] == "ANY"
    assert filled["requestParameters"] == {
        "integration.request.path.proxy": "method.request.path.proxy"
    }


def test_an_integration_that_is_there_is_kept() -> None:
    assert compiled()["paths"]["/legacy"]["get"][INTEGRATION] == LEGACY


def test_filled_in_integrations_speak_the_targets_protocol() -> None:
    filled = compiled({"paths": {"/legacy": None}}, scheme="https", verify_authority=False)
    integration = filled["paths"]["/orders"]["get"][INTEGRATION]
    assert integration["uri"] == "https://${stageVariables.backendHost}/orders"
    assert integration["tlsConfig"] == {"insecureSkipVerification": True}


def test_a_path_parameter_that_is_not_declared_is_added() -> None:
    assert compiled()["paths"]["/orders/{id}"]["get"]["parameters"] == [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    ]


def test_parameters_of_a_path_are_written_out_unless_the_operation_has_its_own() -> None:
    shared = [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "q", "in": "query", "schema": {"type": "integer"}},
    ]
    own = [{"name": "q", "in": "query", "schema": {"type": "string"}}]
    change = {"paths": {"/orders/{id}": {"parameters": shared, "get": {"parameters": own}}}}
    item = compiled(change)["paths"]["/orders/{id}"]
    assert item["get"]["parameters"] == [own[0], shared[0]]
    assert "parameters" not in item


def test_security_of_the_document_is_pushed_down() -> None:
    document = compiled({"paths": {"/legacy": {"get": {"security": []}}}})
    assert document["paths"]["/orders"]["get"]["security"] == [{"sigv4": []}]
    assert document["paths"]["/files/{proxy+}"][ANY_METHOD]["security"] == [{"api_key": []}]
    assert document["paths"]["/legacy"]["get"]["security"] == []
    assert "security" not in document


def test_without_security_nothing_is_added() -> None:
    operation = compiled({"security": None})["paths"]["/orders"]["get"]
    assert operation["responses"]
    assert "security" not in operation


def test_references_to_anything_but_schemas_are_written_out() -> None:
    header = {"schema": {"type": "string"}}
    page = {"name": "page", "in": "query", "schema": {"type": "integer"}}
    schema = {"$ref": "#/components/schemas/Order"}
    body = {"content": {"application/json": {"schema": schema}}}
    change = {
        "paths": {
            "/orders": {
                "post": {
                    "parameters": [{"$ref": "#/components/parameters/Page"}],
                    "requestBody": {"$ref": "#/components/requestBodies/Order", "content": None},
                    "responses": {"404": {"$ref": "#/components/responses/Missing"}},
                }
            }
        },
        "components": {
            "parameters": {"Page": page},
            "requestBodies": {"Order": body},
            "headers": {"Trace": header},
            "responses": {
                "Missing": {
                    "description": "x",
                    "headers": {"x-trace": {"$ref": "#/components/headers/Trace"}},
                }
            },
        },
    }
    document = compiled(change)
    operation = document["paths"]["/orders"]["post"]
    assert operation["parameters"] == [page]
    assert operation["requestBody"] == body
    assert operation["responses"]["404"] == {"description": "x", "headers": {"x-trace": header}}
    assert document["components"].keys() == {"schemas", "securitySchemes"}


def test_the_title_becomes_that_of_the_stack() -> None:
    info = compiled()["info"]
    assert info["title"] == "private-api-dev"
    assert info["version"] == "1.0.0"


def test_extensions_of_others_are_left_alone() -> None:
    change = {
        "paths": {
            "x-team": {"get": 1},
            "/orders": {"x-team": 2, "get": {"responses": {"x-team": 3}}},
        }
    }
    document = compiled(change)
    assert "x-team" not in document["paths"]
    assert document["paths"]["/orders"]["x-team"] == 2
    assert document["paths"]["/orders"]["get"]["responses"]["x-team"] == 3


def test_a_document_without_components_is_enough() -> None:
    info = {"title": "t", "version": "1"}
    document = {"openapi": "3.0.0", "info": info, "paths": {"/": {"get": ANSWER}}}
    assert list(document_problems(document)) == []
    assert compile_document("t", document).document["paths"]["/"]["get"][INTEGRATION]


def test_servers_are_left_out() -> None:
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
def test_what_holds_for_the_whole_api_is_added_or_kept(key: str) -> None:
    added, own = API_WIDE[key]
    assert compiled()[key] == added
    assert compiled({key: own})[key] == own


def test_a_resource_policy_from_its_file_is_added() -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}
    assert compiled(resource_policy=policy)["x-amazon-apigateway-policy"] == policy


def test_operations_with_api_keys_are_found_where_the_document_asks_for_them_too() -> None:
    assert places_with_api_keys(BASE) == ['paths["/files/{proxy+}"].x-amazon-apigateway-any-method']
    asking = merged(BASE, {"security": [{"api_key": []}]})
    assert 'paths["/orders"].get' in places_with_api_keys(asking)


def test_the_example_becomes_valid_openapi() -> None:
    document = compile_document("t", parse(EXAMPLE.read_text())).document
    validate(standard(document))


# --- what always holds -------------------------------------------------------------------------

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
def test_filling_in_a_filled_in_document_changes_nothing(document: dict[str, Any]) -> None:
    once = compile_document("t", document)
    assert compile_document("t", once.document).json == once.json


@given(documents)
def test_a_filled_in_document_has_no_problem_and_is_valid(
    document: dict[str, Any],
) -> None:
    assert list(document_problems(document, scheme="http")) == []
    filled = compile_document("t", document).document
    assert list(document_problems(filled, scheme="http")) == []
    validate(standard(filled))


@given(documents)
def test_every_operation_gets_an_integration(document: dict[str, Any]) -> None:
    filled = compile_document("t", document).document
    for path, item in document["paths"].items():
        for method in item.keys() - {"parameters"}:
            assert INTEGRATION in filled["paths"][path][method]


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
def test_a_document_made_of_routes_is_kept_as_it_is(
    made: list[dict[str, Any]], with_cors: bool
) -> None:
    routes = [Route.model_validate(route) for route in made]
    cors = Cors.model_validate({"allowOrigin": "*"}) if with_cors else None
    models = {"Order": {"type": "object"}}
    assert list(route_problems(dict(enumerate(routes)), list(models), cors)) == []
    definition = compile_routes("t", routes, cors=cors, models=models)
    assert list(document_problems(definition.document, scheme="http")) == []
    assert compile_document("t", definition.document).json == definition.json


# --- reading -----------------------------------------------------------------------------------


def test_json_and_yaml_are_read_alike() -> None:
    document = parse(EXAMPLE.read_text())
    assert parse(json.dumps(document)) == document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {200: x}", {"200": "x"}),
        ("a: 2026-11-22", "2026-11-22"),
        ("a: [on, no, 0o17, 010]", ["on", "no", 15, 10]),
        ("a: &b {c: 1}\nd: *b", {"c": 1}),
    ],
)
def test_yaml_is_read_as_json_would_have_it(text: str, value: Any) -> None:
    assert parse(text)["a"] == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no mapping"),
        ("[1]", "no mapping"),
        ("a: [", "expected the node content"),
        ("a: 1\na: 2", 'duplicate key "a"'),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ("a: {200: x, '200': y}", "'200' stands twice"),
        ("a: {true: x}", "True is no text"),
        ("a: {1.5: x}", "1.5 is no text"),
        ("a: .nan", "nan is no number"),
        ('{"a": Infinity}', "inf is no number"),
        ("a: !!binary aGVsbG8=", "a bytes is no value"),
        ("a: !Sub x", "could not determine a constructor"),
        ("a: &a [*a]", "nested without end"),
        ("a: 1\n---\nb: 2", "expected a single document"),
    ],
)
def test_a_text_that_is_no_document_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        parse(text)
    assert "\n" not in str(caught.value)


# --- in a configuration ------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "service").mkdir()
    shutil.copy(ROOT / "service" / "app.py", tmp_path / "service")
    return tmp_path


KEYS = {"names": ["warehouse"], "throttle": {"rateLimit": 1, "burstLimit": 1}}


def settings(root: Path, document: Any, *changes: tuple[str, Any]) -> Settings:
    text = document if isinstance(document, str) else json.dumps(document)
    (root / "orders.json").write_text(text)
    file: tuple[tuple[str, Any], ...] = (
        ("api", {"definitionFile": "orders.json"}),
        ("stages.dev.apiKeys", KEYS),
    )
    return Settings.read(config(*file, *changes), title="private-api-dev", root=root)


def refused(root: Path, document: Any, *changes: tuple[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(root, document, *changes)
    return [str(problem) for problem in caught.value.problems]


def test_a_stack_takes_its_definition_from_a_file(root: Path) -> None:
    definition = settings(root, BASE).definition
    assert definition.json == compile_document("private-api-dev", BASE).json


def test_a_problem_names_the_key_the_file_and_the_place(root: Path) -> None:
    bad = merged(BASE, {"paths": {"/ping": {"get": ANSWER}}})
    assert refused(root, bad) == [
        'private-api:api.definitionFile: orders.json: paths["/ping"]: '
        "/ping is answered by API Gateway itself. Use another path."
    ]


def test_problems_of_the_file_and_of_the_stack_come_together(root: Path) -> None:
    bad = merged(BASE, {"paths": {"/ping": {"get": ANSWER}}})
    found = refused(root, bad, ("owner", ABSENT))
    assert [line.partition(": ")[0] for line in found] == [
        "private-api:owner",
        "private-api:api.definitionFile",
    ]


def test_the_scheme_and_the_endpoint_type_come_from_the_stack(root: Path) -> None:
    slow = {"paths": {"/legacy": {"get": {INTEGRATION: {"timeoutInMillis": 60_000}}}}}
    changes = (
        ("targets.blue.protocol", "https"),
        ("targets.blue.serverName", "orders.example.com"),
        ("api.endpointType", "edge"),
    )
    found = refused(root, merged(BASE, slow), *changes)
    assert [line.partition("integration.")[2].partition(":")[0] for line in found] == [
        "uri",
        "timeoutInMillis",
    ]
    assert settings(root, merged(BASE, slow)).definition.longest_timeout_ms == 60_000


def test_every_stage_sets_the_variables_that_the_file_uses(root: Path) -> None:
    uri = "http://${stageVariables.backendHost}/${stageVariables.release}"
    using = merged(BASE, {"paths": {"/legacy": {"get": {INTEGRATION: {"uri": uri}}}}})
    assert refused(root, using) == [
        "private-api:stages.dev.variables: has no release, which the definition uses. Add it."
    ]
    stage = settings(root, using, ("stages.dev.variables", {"release": "v2"})).stages["dev"]
    assert stage.variables == {"release": "v2"}


def test_a_file_that_asks_for_api_keys_wants_them_on_every_stage(root: Path) -> None:
    assert refused(root, BASE, ("stages.dev.apiKeys", ABSENT)) == [
        'private-api:stages.dev.apiKeys: is missing, and paths["/files/{proxy+}"].'
        "x-amazon-apigateway-any-method wants an API key. Add names and a throttle, or change its "
        "authorization."
    ]


def test_a_policy_stands_in_one_place(root: Path) -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}
    (root / "policy.json").write_text(json.dumps(policy))
    file = ("api.resourcePolicyFile", "policy.json")
    assert settings(root, BASE, file).definition.document["x-amazon-apigateway-policy"] == policy
    assert refused(root, {**BASE, "x-amazon-apigateway-policy": policy}, file) == [
        'private-api:api.resourcePolicyFile: "policy.json" stands beside the '
        "x-amazon-apigateway-policy of orders.json. Keep one of the two."
    ]


@pytest.mark.parametrize("text", ["", "a: [", '{"a": 1, "a": 2}'])
def test_a_file_that_is_no_document_is_refused_once(root: Path, text: str) -> None:
    [line] = refused(root, text)
    assert line.startswith(
        'private-api:api.definitionFile: "orders.json" is no JSON or YAML that can be imported: '
    )


def test_a_file_that_is_not_there_is_refused_once(root: Path) -> None:
    [line] = refused(root, BASE, ("api.definitionFile", "other.json"))
    assert line.startswith('private-api:api.definitionFile: "other.json" cannot be read')


def test_the_example_stack_is_accepted_and_reaches_the_import(tmp_path: Path) -> None:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copy(ROOT / "examples" / "openapi.yaml", tmp_path / "Pulumi.openapi.yaml")
    example = stack_file.read(tmp_path, "openapi").config
    changes = [(key, json.loads(example[f"private-api:{key}"])) for key in ("api", "stages")]
    built = run_stack(*changes)
    body = built.one("aws:apigateway/restApiPut:RestApiPut").inputs["body"]
    expected = compile_document("private-api-dev", parse(EXAMPLE.read_text()))
    assert json.loads(body) == expected.document
    stage = built.one("aws:apigateway/stage:Stage").inputs
    assert expected.variables == stage["variables"].keys()


def test_a_stack_with_routes_does_not_load_the_validator() -> None:
    script = (
        "import sys, settings, openapi.lint.limits; "
        "assert 'openapi_spec_validator' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_the_pure_modules_import_no_pulumi() -> None:
    script = (
        "import sys, openapi.lint.limits; "
        "assert not any(name.startswith('pulumi') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
