"""A definition file is taken as it is; what is left out is told, and what is lost is refused."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import INTEGRATION
from openapi.completion import compile_document
from openapi.findings import SHOWN
from openapi.importing import MAX_BYTES, Imported, read
from openapi.paths import existing, steps_of
from tests.openapi.documents import (
    BASE,
    EXAMPLE,
    RESPONSES,
    imported,
    left_out,
    legacy,
    merged,
    standard,
)
from tests.stacks import ROOT
from tests.tables import among, sentences
from tests.tables import read as table

TABLES = ROOT / "tests" / "openapi"


def rows(name: str) -> list[Any]:
    """Each change of a table, with the two keys above it."""
    return [
        pytest.param(change, above, path, id=f"{above}: {path}"[:90])
        for above, found in table(TABLES / name).items()
        for path, changes in found.items()
        for change in (changes if isinstance(changes, list) else [changes])
    ]


def problems(change: Any, **options: Any) -> list[str]:
    return [
        f"{path}: {message}" for path, message in imported(merged(BASE, change), **options).problems
    ]


def sent(found: Imported) -> dict[str, Any]:
    """The completed document as JSON has it; it is valid OpenAPI, and completing it is safe."""
    assert found.problems == ()
    document = json.loads(compile_document("t", found.document).json)
    validate(standard(document))
    return document  # type: ignore[no-any-return]


@pytest.mark.parametrize(("change", "message", "path"), rows("refused.yaml"))
def test_what_would_change_is_refused_at_its_json_path(
    change: Any, message: str, path: str
) -> None:
    assert problems(change) == [f"{path}: {message}"]
    document = merged(BASE, change)
    assert path == "the document" or existing(document, steps_of(path)) == steps_of(path)


@pytest.mark.parametrize(("change", "kind", "path"), rows("left_out.yaml"))
def test_what_callers_do_not_notice_is_left_out_and_told(change: Any, kind: str, path: str) -> None:
    found = imported(merged(BASE, change))
    assert left_out(found) == {kind: [path]}
    assert f"1 {kind}" in found.findings.summary
    assert list(found.findings.listing()) == [f"left out: {kind}: {path}"]
    sent(found)


@pytest.mark.parametrize("row", sentences(table(TABLES / "taken.yaml")))
def test_a_file_becomes_what_the_table_says(row: dict[str, Any]) -> None:
    document = row.get("$document") or merged(BASE, row.get("$change", {}))
    found = imported(document, **row.get("$options", {}))
    if "$refused" in row:
        assert [f"{path}: {message}" for path, message in found.problems] == row["$refused"]
        return
    expected = {key: value for key, value in row.items() if key[0] != "$"}
    assert among(sent(found), expected) == expected
    if "$left_out" in row:
        assert left_out(found) == row["$left_out"]
    if "$advice" in row:
        assert [f"{path}: {message}" for path, message in found.findings.advice] == row["$advice"]


@pytest.mark.parametrize("document", [BASE, EXAMPLE], ids=["base", "example"])
def test_a_file_for_api_gateway_is_sent_whole(document: dict[str, Any]) -> None:
    assert sent(imported(document))
    assert imported(document).findings.summary == ""


@pytest.mark.parametrize(
    "change",
    [
        {"paths": {"/orders": {"get": {"security": [{"sigv4": [], "api_key": []}]}}}},
        legacy({"connectionId": "a1b2c3"}),
        legacy({"type": "HTTP_PROXY", "responses": None}),
        legacy({"uri": "http://a.example.com:8080/?q=1"}),
        legacy({"uri": "http://${stageVariables.backendHost}:80/"}),
        legacy({"timeoutInMillis": 50}),
        legacy({"timeoutInMillis": 300_000}),
        legacy({"responses": {"default": {"statusCode": 200}}}),
        legacy({"requestParameters": {"integration.request.header.x": "context.requestId"}}),
        {"components": {"schemas": {"Order": {"properties": {"example": {"type": "string"}}}}}},
        {"components": {"schemas": {"Count": {"type": "integer", "format": "int64"}}}},
        {"x-amazon-apigateway-policy": {"Statement": {"Effect": "Allow"}}},
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


def test_a_port_is_added_to_no_host_that_has_one() -> None:
    uri = legacy({"uri": "http://${stageVariables.backendHost}:80/"})
    assert len(problems(uri, host_has_port=True)) == 1


def test_a_definition_that_is_too_large_is_refused() -> None:
    summary = {"paths": {"/orders": {"get": {"summary": "x" * MAX_BYTES}}}}
    assert problems(summary)[0].startswith("paths: take 60")
    assert problems({"paths": {"/orders": {"get": {"summary": "x" * (MAX_BYTES // 2)}}}}) == []


def test_many_refusals_are_counted_by_kind() -> None:
    references = {"parameters": [{"$ref": f"shared.yaml#/{n}"} for n in range(50)]}
    found = problems({"paths": {"/orders": {"get": references}}, "pathes": {}})
    assert len(found) == SHOWN + 1
    assert found[-1] == ("the document: has 40 more problems. 40 times: ... is in another file.")


def test_more_resources_than_the_quota_are_advised_of() -> None:
    paths = {f"/r{n}": {"get": RESPONSES} for n in range(300)}
    advice = [message for _, message in imported({**BASE, "paths": paths}).findings.advice]
    assert [text.partition(",")[0] for text in advice] == ["make 301 resources"]
    del paths["/r0"]
    assert not imported({**BASE, "paths": paths}).findings.advice


def test_the_version_is_looked_at_before_the_rest_is_read() -> None:
    [(path, message)] = imported(read("openapi: 4.0.0\ninfo: [").content).problems
    assert path == "openapi"
    assert message.startswith("'4.0.0' is not")


def test_a_file_is_read_once() -> None:
    text = json.dumps(BASE)
    assert read(text) is read(text)


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
    found = imported(document)
    for path, message in found.problems:
        assert path == "the document" or existing(document, steps_of(path)) == steps_of(path)
        assert message
    if not found.problems:
        compile_document("t", found.document)
