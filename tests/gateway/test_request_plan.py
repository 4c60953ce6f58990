"""The requests planned for a definition, and what is expected of them: pure code."""

import json
import urllib.parse
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openapi.compiler import ANY_METHOD, INTEGRATION
from openapi.routes import Cors, Route
from operations.gateway.expectations import ANY_VALUE, ExpectedDelivery
from operations.gateway.promises import promised_file, promised_routes
from operations.gateway.request_plan import (
    PlannedRequest,
    Release,
    RequestPlan,
    plan_requests,
)
from operations.gateway.sample_requests import NONCE_HEADER

HOST = "http://${stageVariables.backendHost}"
RELEASE = Release(
    name="dev",
    variables={"backendHost": "127.0.0.1:1", "version": "v7"},
    targets={"127.0.0.1:1": "blue", "127.0.0.1:2": "green"},
    api_key="key",
)
BINARY = {"x-amazon-apigateway-binary-media-types": ["*/*"]}


def operation(path: str = "/", **integration: Any) -> dict[str, Any]:
    chosen = {"type": "http_proxy", "httpMethod": "ANY", "uri": HOST + path, **integration}
    return {"responses": {}, INTEGRATION: chosen}


def document(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths, **more}


def plan(document: Mapping[str, Any], *, whole: bool = False) -> RequestPlan:
    return plan_requests(document, RELEASE, whole=whole)


def planned(path: str, key: str, item: Any, **more: Any) -> tuple[PlannedRequest, ...]:
    """The requests for the one operation of a document."""
    made = plan(document({path: {key: item}}, **more))
    assert not made.skipped
    return made.requests


def only(item: Any, key: str = "get", **more: Any) -> PlannedRequest:
    """The one request for an operation of `/`."""
    (request,) = planned("/", key, item, **more)
    return request


def delivery(planned: PlannedRequest) -> ExpectedDelivery:
    assert planned.expectation.delivery
    return planned.expectation.delivery


def route(method: str, path: str, **more: Any) -> Route:
    return Route.model_validate({"method": method, "path": path, "authorization": "none", **more})


def compiled(*routes: Route, cors: Cors | None = None, whole: bool = False) -> RequestPlan:
    return plan(promised_routes(routes, {}, cors, {}), whole=whole)


def nonce(planned: PlannedRequest) -> str:
    return planned.request.header(NONCE_HEADER) or ""


def test_an_operation_of_a_file_is_promised_from_its_service() -> None:
    file = document({"/": {"get": {"responses": {}, "x-private-api-service": "my-users"}}})
    promised = promised_file(file, {"": "http", "my-users": "https"})
    uri = promised["paths"]["/"]["get"][INTEGRATION]["uri"]
    assert uri == "https://${stageVariables.backendHost_my_users}/"


def test_a_request_has_the_same_nonce_in_header_and_query() -> None:
    made = only(operation())
    assert ("nonce", nonce(made)) in urllib.parse.parse_qsl(made.request.query)


def test_no_two_requests_share_a_nonce() -> None:
    nonces = [nonce(made) for made in planned("/{p+}", ANY_METHOD, operation("/{p}"))]
    assert len(set(nonces)) == len(nonces) > 1


def test_a_mapped_parameter_is_expected_where_the_uri_has_it() -> None:
    mapped = {"integration.request.path.key": "method.request.path.id"}
    item = operation("/v1/{key}/x", requestParameters=mapped)
    for made in planned("/orders/{id}", "get", item):
        sent = made.request.path.removeprefix("/orders/")
        assert delivery(made).path == f"/v1/{sent}/x"


def test_a_parameter_is_expected_even_when_nothing_maps_it() -> None:
    for made in planned("/orders/{id}", "get", operation("/v1/{id}")):
        assert "{" not in delivery(made).path
        assert delivery(made).path == "/v1" + made.request.path.removeprefix("/orders")


def test_path_values_are_plain_and_encoded() -> None:
    made = planned("/{id}", "get", operation("/{id}"))
    assert ["%2F" in request.request.path for request in made] == [False, True]


def test_values_of_a_greedy_parameter_have_one_or_several_segments() -> None:
    made = planned("/{p+}", "get", operation("/{p}"))
    assert {request.request.path.count("/") for request in made} == {1, 2, 3}


def test_any_is_called_with_every_method_that_has_no_operation() -> None:
    made = plan(document({"/": {ANY_METHOD: operation(), "get": operation()}}))
    by_route: dict[str, list[str]] = {}
    for request in made.requests:
        by_route.setdefault(request.route, []).append(request.request.method)
    assert by_route == {
        "ANY /": ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "GET /": ["GET"],
    }


def test_the_integrations_method_is_expected() -> None:
    made = only(operation(httpMethod="POST"))
    assert (made.request.method, delivery(made).method) == ("GET", "POST")


def test_paths_that_a_more_specific_route_handles_are_not_called() -> None:
    made = plan(document({"/a/{p+}": {"get": operation()}, "/a/{id}": {"get": operation()}}))
    paths = [r.request.path for r in made.requests if r.route == "GET /a/{p+}"]
    assert paths
    assert all(path.count("/") > 2 for path in paths)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'fixed'", "fixed"),
        ("stageVariables.version", "v7"),
        ("method.request.header.X-Nonce", "NONCE"),
        ("method.request.querystring.nonce", "NONCE"),
        ("method.request.querystring.again", "a b/ü&="),
        ("context.requestId", ANY_VALUE),
    ],
)
def test_a_header_is_mapped_from(source: str, expected: str) -> None:
    made = only(operation(requestParameters={"integration.request.header.X-Mapped": source}))
    assert ("X-Mapped", expected.replace("NONCE", nonce(made))) in delivery(made).headers


def test_a_proxy_passes_the_query_and_adds_to_it() -> None:
    mapped = {"integration.request.querystring.extra": "'1'"}
    made = only(operation("/?fixed=2", requestParameters=mapped))
    sent = Counter(urllib.parse.parse_qsl(made.request.query))
    assert delivery(made).query == sent + Counter([("extra", "1"), ("fixed", "2")])


def test_a_proxy_passes_every_header_except_those_it_sets() -> None:
    mapped = {"integration.request.header.x-nonce": "'fixed'"}
    plain = only(operation(), "post")
    setting = only(operation(requestParameters=mapped), "post")
    assert delivery(plain).headers == plain.request.headers
    kept = {name for name, _ in setting.request.headers} - {NONCE_HEADER}
    assert ("x-nonce", "fixed") in delivery(setting).headers
    assert {name for name, _ in delivery(setting).headers} == {"x-nonce", *kept}


def test_http_passes_only_what_is_mapped() -> None:
    mapped = {"integration.request.querystring.q": "method.request.querystring.nonce"}
    made = only(operation(type="http", requestParameters=mapped, responses={}))
    assert delivery(made).query == Counter([("q", nonce(made))])
    assert delivery(made).headers == ()


def test_http_has_the_statuses_that_it_lists() -> None:
    responses = {"2\\d{2}": {"statusCode": "200"}, "default": {"statusCode": "502"}}
    made = only(operation(type="http", responses=responses))
    assert made.expectation.statuses == (("2\\d{2}", 200), ("default", 502))


def test_a_body_is_binary_where_binary_is_declared() -> None:
    made = only(operation(), "post", **BINARY)
    assert bytes(range(256)) in made.request.body
    assert delivery(made).body == made.request.body


VALIDATOR = "x-amazon-apigateway-request-validator"
VALIDATING = {f"{VALIDATOR}s": {"all": {"validateRequestBody": True}}, **BINARY}


@pytest.mark.parametrize(
    ("item", "more"),
    [
        pytest.param(operation(), {}, id="binary is not declared"),
        pytest.param(operation(type="http"), BINARY, id="the emulator would read it as text"),
        pytest.param(operation() | {VALIDATOR: "all"}, VALIDATING, id="a validator reads it"),
    ],
)
def test_a_body_is_json_where(item: dict[str, Any], more: dict[str, Any]) -> None:
    made = only(item, "post", **more)
    assert json.loads(made.request.body) == {"nonce": nonce(made)}


def test_a_rewritten_body_may_be_any() -> None:
    item = operation(type="http", requestTemplates={"application/json": "{}"})
    assert delivery(only(item, "post")).body is None


def test_a_mock_gives_the_response_in_the_definition() -> None:
    header = {"method.response.header.Access-Control-Allow-Origin": "'*'"}
    made = only(
        operation(
            type="mock",
            requestTemplates={"application/json": '{"statusCode": 200}'},
            responses={"default": {"statusCode": "204", "responseParameters": header}},
        ),
        "options",
    )
    assert made.expectation.delivery is None
    assert made.expectation.status == 204
    assert made.expectation.response_headers == (("Access-Control-Allow-Origin", "*"),)
    assert made.request.header("Origin")


def test_every_response_allows_the_origin_that_the_preflight_allows() -> None:
    cors = Cors.model_validate({"allowOrigin": "https://a.example"})
    made = compiled(route("GET", "/"), cors=cors)
    headers = {r.route: r.expectation.response_headers for r in made.requests}
    assert ("Access-Control-Allow-Origin", "https://a.example") in headers["GET /"]


def test_a_service_fails_and_is_late() -> None:
    planned = compiled(route("GET", "/", timeoutMs=500), whole=True).requests
    found = {p.why: p for p in planned if p.expectation.delivery}
    assert found.keys() == {
        "",
        "when the service returns 404",
        "when the service returns 502",
        "after 500 ms",
        "after 501 ms",
    }
    assert {why for why, p in found.items() if p.expectation.status} == {"after 501 ms"}
    assert found["after 501 ms"].expectation.status == 504


def test_every_pattern_of_an_http_route_gets_a_status_that_matches_it() -> None:
    responses = {"200": {}, "404": {}, "400": {"pattern": "4(00|22)"}}
    http = route("GET", "/", integration="http", responses=responses)
    found = {p.behavior.status for p in compiled(http, whole=True).requests}
    assert found == {None, 200, 404, 400, 300}


BEARER = {"type": "http", "scheme": "bearer"}
DOTTED = [{"name": "a.b", "in": "query", "required": True, "schema": {"type": "string"}}]
PATTERN = {
    "requestBody": {
        "content": {"application/json": {"schema": {"type": "string", "pattern": "^a+$"}}}
    },
    "x-amazon-apigateway-request-validator": "body",
}
VALIDATORS = {"x-amazon-apigateway-request-validators": {"body": {"validateRequestBody": True}}}
FROM_BODY = {"integration.request.header.X": "method.request.body.name"}


@pytest.mark.parametrize(
    ("method", "item", "reason"),
    [
        ("get", operation(type="aws_proxy"), "its integration is aws_proxy, not http"),
        ("get", {"responses": {}}, "its integration is missing, not http"),
        ("get", operation() | {"security": [{"own": []}]}, "what it requires of its callers is"),
        ("get", operation(uri="http://example.com/"), "its uri leads to 'example.com'"),
        ("get", operation(uri="http://${stageVariables.no}/"), "to '${stageVariables.no}'"),
        ("get", operation() | {"parameters": DOTTED}, "cannot check a.b"),
        ("post", operation() | PATTERN, "give it an `example`"),
        ("get", operation(requestParameters=FROM_BODY), "does not map"),
        ("get", operation(type="mock"), "no fixed statusCode"),
    ],
)
def test_what_cannot_be_called_is_skipped_with_its_reason(
    method: str, item: dict[str, Any], reason: str
) -> None:
    paths = {"/": {method: item}, "/ok": {"get": operation("/ok")}}
    schemes = {"securitySchemes": {"own": BEARER}}
    made = plan(document(paths, components=schemes, **VALIDATORS))
    assert {request.route for request in made.requests} == {"GET /ok"}
    assert reason in made.skipped[f"{method.upper()} /"]


names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)


def typed(kind: str, **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"type": st.just(kind)}, optional=optional)


schemas = st.recursive(
    st.one_of(
        typed("string", minLength=st.integers(0, 30)),
        typed("string", enum=st.lists(names, min_size=1)),
        typed("integer", minimum=st.integers()),
        typed("number", maximum=st.integers()),
        typed("boolean"),
    ),
    lambda inner: st.one_of(
        typed(
            "object",
            properties=st.dictionaries(names, inner),
            required=st.lists(names, unique=True),
        ),
        typed("array", items=inner, minItems=st.integers(0, 3)),
    ),
    max_leaves=8,
)


@given(schemas)
def test_a_made_up_body_fits_its_model(schema: dict[str, Any]) -> None:
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/M"}}}}
    made = only(
        operation() | {"requestBody": content}, "post", components={"schemas": {"M": schema}}
    )
    jsonschema.validate(json.loads(made.request.body), schema)


segments = st.one_of(names, names.map(lambda name: f"{{{name}}}"))


@given(
    st.lists(segments, max_size=4, unique=True),
    st.sampled_from(["", "/{rest+}"]),
    st.sampled_from(["GET", "POST", "ANY"]),
    st.sampled_from(["http", "http_proxy"]),
)
def test_compiled_routes_keep_path_and_method(
    parts: list[str], tail: str, method: str, integration: str
) -> None:
    path = ("/" + "/".join(parts)).rstrip("/") + tail or "/"
    more: dict[str, Any] = {"responses": {"200": {}}} if integration == "http" else {}
    made = compiled(route(method, path, integration=integration, **more)).requests
    assert made
    for planned in made:
        assert delivery(planned).path == planned.request.path
        assert delivery(planned).method == planned.request.method
