"""A document that API Gateway would reject, or import in part, is reported by JSON path."""

import copy
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openapi.compiler import INTEGRATION
from openapi.lint import MAX_BYTES, document_problems
from tests.openapi.documents import BASE, EXAMPLE, RESPONSES, legacy, merged
from tests.stacks import ROOT
from tests.tables import read


def problems(change: Any, **more: Any) -> list[str]:
    found = document_problems(merged(BASE, change), **{"scheme": "http", **more})
    return [f"{path}: {message}" for path, message in found]


def paths(found: list[str]) -> list[str]:
    return [line.partition(": ")[0] for line in found]


def errors() -> list[Any]:
    return [
        pytest.param(change, f"{path}: {message}", id=f"{path}: {message}"[:90])
        for message, found in read(ROOT / "tests" / "openapi" / "errors.yaml").items()
        for path, changes in found.items()
        for change in (changes if isinstance(changes, list) else [changes])
    ]


@pytest.mark.parametrize(("change", "error"), errors())
def test_an_invalid_document_is_reported_by_its_json_path(change: Any, error: str) -> None:
    assert problems(change) == [error]


@pytest.mark.parametrize("document", [BASE, EXAMPLE], ids=["base", "example"])
def test_a_valid_document_has_no_problem(document: dict[str, Any]) -> None:
    assert list(document_problems(document, scheme="http")) == []


def response(schema: Any) -> Any:
    content = {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}
    return {"paths": {"/orders": {"get": content}}}


def parameter(location: str, name: str) -> Any:
    return {"parameters": [{"name": name, "in": location, "schema": {"type": "string"}}]}


@pytest.mark.parametrize(
    "change",
    [
        {"servers": [{"url": "https://api.example.com"}, {"url": "/"}]},
        {"servers": [{"url": "https://a1.execute-api.us-east-2.amazonaws.com/{basePath}"}]},
        {"paths": {"/orders": {"get": {"security": []}}}},
        {"paths": {"/orders": {"get": {"security": [{"sigv4": [], "api_key": []}]}}}},
        legacy({"connectionId": "a1b2c3"}),
        legacy({"type": "HTTP_PROXY", "responses": None}),
        legacy({"uri": "http://a.example.com:8080/?q=1"}),
        legacy({"timeoutInMillis": 50}),
        legacy({"timeoutInMillis": 300_000}),
        {"components": {"schemas": {"Order": {"properties": {"example": {"type": "string"}}}}}},
        {"components": {"schemas": {"Order": {"additionalProperties": False}}}},
        {"components": {"schemas": {"Count": {"type": "integer", "format": "int64"}}}},
        response({"type": "object"}),
        response({"$ref": "#/components/schemas/Order"}),
        {"paths": {"/orders": {"get": parameter("header", "x*y")}}},
        {"x-amazon-apigateway-policy": {"Statement": {"Effect": "Allow"}}},
        {"x-of-somebody-else": {"nullable": True}},
    ],
)
def test_everything_that_api_gateway_imports_is_accepted(change: Any) -> None:
    assert problems(change) == []


def test_a_mock_integration_needs_neither_link_nor_uri() -> None:
    mock = {"type": "mock", "responses": {"default": {"statusCode": "200"}}}
    options = {**RESPONSES, "security": [], INTEGRATION: mock}
    assert problems({"paths": {"/orders": {"options": options}}}) == []
    assert problems({"paths": {"/orders": {"options": {**options, INTEGRATION: {}}}}})


@pytest.mark.parametrize(("timeout", "count"), [(29_000, 0), (29_001, 1)])
def test_an_edge_api_waits_at_most_29_seconds(timeout: int, count: int) -> None:
    assert len(problems(legacy({"timeoutInMillis": timeout}), endpoint_type="edge")) == count


def test_schemas_that_contain_each_other_are_reported() -> None:
    tree = {"$ref": "#/components/schemas/Tree"}
    schemas = {
        "Tree": {"type": "array", "items": {"$ref": "#/components/schemas/Branch"}},
        "Branch": {"type": "object", "properties": {"t": tree}},
        "Leaf": {"type": "object", "properties": {"t": tree}},
    }
    found = problems({"components": {"schemas": schemas}})
    assert paths(found) == ["components.schemas.Tree", "components.schemas.Branch"]


def test_a_definition_that_is_too_large_is_reported() -> None:
    summary = {"paths": {"/orders": {"get": {"summary": "x" * MAX_BYTES}}}}
    assert problems(summary)[0].startswith("paths: take 60")
    assert problems({"paths": {"/orders": {"get": {"summary": "x" * (MAX_BYTES // 2)}}}}) == []


def test_an_inherited_parameter_is_reported_once() -> None:
    assert len(problems({"paths": {"/orders": parameter("cookie", "c")}})) == 1


def test_all_problems_of_a_document_are_reported_at_once() -> None:
    header = {"statusCode": "200", "responseParameters": {"method.response.header.x": "'1'"}}
    change = {
        "info": {"version": None},
        "components": {"schemas": {"New-Order": {"type": "object"}}},
        **legacy({"responses": {"2xx": header, "3xx": header}}),
    }
    change["paths"]["/ping"] = {"get": RESPONSES}
    responses = f'paths["/legacy"].get.{INTEGRATION}.responses'
    assert paths(problems(change)) == [
        "info",
        'paths["/ping"]',
        "components.schemas.New-Order",
        f'{responses}.2xx.responseParameters["method.response.header.x"]',
        f'{responses}.3xx.responseParameters["method.response.header.x"]',
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
def test_no_document_however_broken_raises_an_exception(data: Any, value: Any) -> None:
    document = copy.deepcopy(BASE)
    holder = data.draw(st.sampled_from(_containers(document)))
    keys = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    holder[data.draw(st.sampled_from(keys))] = value
    for path, message in document_problems(document, scheme="http"):
        assert path
        assert message


def test_only_a_document_loads_the_validator_of_openapi() -> None:
    script = (
        "import sys, openapi.lint; "
        "assert not any(name.startswith(('pulumi', 'openapi_spec')) for name in sys.modules); "
        "import settings; assert 'openapi_spec_validator' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
