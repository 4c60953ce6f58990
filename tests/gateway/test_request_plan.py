"""The calls made up for a definition, and what they promise: pure code."""

import itertools
import json
import urllib.parse
from collections import Counter
from collections.abc import Mapping
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openapi.compiler import compile_routes
from openapi.routes import Cors, Route
from operations.gateway.expectations import ANYTHING
from operations.gateway.request_plan import NONCE_HEADER, Call, Plan, Way, plan

HOST = "http://${stageVariables.backendHost}"
WAY = Way(
    target="blue",
    variables={"backendHost": "127.0.0.1:1", "vpcLinkId": "abc", "version": "v7"},
    addresses=frozenset({"127.0.0.1:1", "127.0.0.1:2"}),
    api_key="key",
)


def operation(uri: str, **integration: Any) -> dict[str, Any]:
    chosen = {"type": "http_proxy", "httpMethod": "ANY", "uri": uri, **integration}
    return {"responses": {}, "x-amazon-apigateway-integration": chosen}


def document(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": paths, **more}


def planned(paths: Mapping[str, Any], **more: Any) -> Plan:
    numbers = itertools.count()
    return plan(document(paths, **more), WAY, lambda: f"n{next(numbers)}")


def only(made: Plan) -> Call:
    assert not made.skipped
    (call,) = made.calls
    return call


def delivery(call: Call) -> Any:
    assert call.promise.delivery
    return call.promise.delivery


def test_a_call_says_the_same_nonce_in_header_and_query() -> None:
    request = only(planned({"/": {"get": operation(f"{HOST}/")}})).request
    nonce = request.header(NONCE_HEADER)
    assert ("nonce", nonce) in urllib.parse.parse_qsl(request.query)


def test_no_two_calls_share_a_nonce() -> None:
    made = planned({"/{p+}": {"x-amazon-apigateway-any-method": operation(f"{HOST}/{{p}}")}})
    nonces = [call.request.header(NONCE_HEADER) for call in made.calls]
    assert len(nonces) > 1
    assert len(set(nonces)) == len(nonces)


def test_a_mapped_parameter_is_promised_where_the_uri_wants_it() -> None:
    mapped = {"integration.request.path.key": "method.request.path.id"}
    item = operation(f"{HOST}/v1/{{key}}/x", requestParameters=mapped)
    for call in planned({"/orders/{id}": {"get": item}}).calls:
        sent = call.request.path.removeprefix("/orders/")
        assert delivery(call).path == f"/v1/{sent}/x"


def test_a_parameter_is_promised_even_when_nothing_maps_it() -> None:
    for call in planned({"/orders/{id}": {"get": operation(f"{HOST}/v1/{{id}}")}}).calls:
        assert "{" not in delivery(call).path
        assert delivery(call).path == "/v1" + call.request.path.removeprefix("/orders")


def test_parameters_are_called_plain_and_encoded() -> None:
    made = planned({"/{id}": {"get": operation(f"{HOST}/{{id}}")}})
    assert ["%2F" in call.request.path for call in made.calls] == [False, True]


def test_a_greedy_parameter_is_called_with_several_segments() -> None:
    made = planned({"/{p+}": {"get": operation(f"{HOST}/{{p}}")}})
    assert {call.request.path.count("/") for call in made.calls} == {1, 2, 3}


def test_any_is_called_with_every_method_that_has_no_operation_of_its_own() -> None:
    item = operation(f"{HOST}/")
    made = planned({"/": {"x-amazon-apigateway-any-method": item, "get": item}})
    by_route: dict[str, list[str]] = {}
    for call in made.calls:
        by_route.setdefault(call.route, []).append(call.request.method)
    assert by_route == {
        "ANY /": ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "GET /": ["GET"],
    }


def test_the_integrations_method_is_promised() -> None:
    call = only(planned({"/": {"get": operation(f"{HOST}/", httpMethod="POST")}}))
    assert (call.request.method, delivery(call).method) == ("GET", "POST")


def test_values_that_a_more_specific_route_takes_are_not_called() -> None:
    item = operation(f"{HOST}/x")
    made = planned({"/a/{p+}": {"get": item}, "/a/{id}": {"get": item}})
    paths = [call.request.path for call in made.calls if call.route == "GET /a/{p+}"]
    assert paths
    assert all(path.count("/") > 2 for path in paths)


def test_the_promise_of_the_configuration_comes_before_the_definitions_word() -> None:
    doc = document({"/a": {"get": operation(f"{HOST}/wrong")}})
    made = plan(doc, WAY, lambda: "n", {"GET /a": "/right", "GET /b": "/b"})
    assert delivery(made.calls[0]).path == "/right"
    assert made.missing == ("GET /b",)


@pytest.mark.parametrize(
    ("source", "promised"),
    [
        ("'fixed'", "fixed"),
        ("stageVariables.version", "v7"),
        ("method.request.header.X-Nonce", "n0"),
        ("method.request.querystring.nonce", "n0"),
        ("method.request.querystring.again", "a b/ü&="),
        ("context.requestId", ANYTHING),
    ],
)
def test_a_header_is_mapped_from(source: str, promised: str) -> None:
    mapped = {"integration.request.header.X-Mapped": source}
    call = only(planned({"/": {"get": operation(f"{HOST}/", requestParameters=mapped)}}))
    assert ("X-Mapped", promised) in delivery(call).headers


def test_a_proxy_passes_the_query_and_adds_to_it() -> None:
    mapped = {"integration.request.querystring.extra": "'1'"}
    item = operation(f"{HOST}/?fixed=2", requestParameters=mapped)
    call = only(planned({"/": {"get": item}}))
    sent = Counter(urllib.parse.parse_qsl(call.request.query))
    assert delivery(call).query == sent + Counter([("extra", "1"), ("fixed", "2")])


def test_a_proxy_passes_every_header_but_those_it_sets() -> None:
    mapped = {"integration.request.header.x-nonce": "'fixed'"}
    plain = only(planned({"/": {"post": operation(f"{HOST}/")}}))
    setting = only(planned({"/": {"post": operation(f"{HOST}/", requestParameters=mapped)}}))
    assert delivery(plain).headers == plain.request.headers
    kept = {name for name, _ in setting.request.headers} - {NONCE_HEADER}
    assert ("x-nonce", "fixed") in delivery(setting).headers
    assert {name for name, _ in delivery(setting).headers} == {"x-nonce", *kept}


def test_http_passes_only_what_is_mapped() -> None:
    mapped = {"integration.request.querystring.q": "method.request.querystring.nonce"}
    item = operation(f"{HOST}/", type="http", requestParameters=mapped, responses={})
    call = only(planned({"/": {"get": item}}))
    assert delivery(call).query == Counter([("q", "n0")])
    assert delivery(call).headers == ()


def test_http_promises_the_answers_that_it_lists() -> None:
    answers = {"2\\d{2}": {"statusCode": "200"}, "default": {"statusCode": "502"}}
    call = only(planned({"/": {"get": operation(f"{HOST}/", type="http", responses=answers)}}))
    assert call.promise.statuses == (("2\\d{2}", 200), ("default", 502))


def test_a_body_is_binary_where_binary_is_declared() -> None:
    made = planned(
        {"/": {"post": operation(f"{HOST}/")}},
        **{"x-amazon-apigateway-binary-media-types": ["*/*"]},
    )
    assert bytes(range(256)) in only(made).request.body
    assert delivery(only(made)).body == only(made).request.body


def test_a_body_is_json_where_binary_is_not_declared() -> None:
    call = only(planned({"/": {"post": operation(f"{HOST}/")}}))
    assert json.loads(call.request.body) == {"nonce": "n0"}


def test_a_body_is_json_where_the_emulator_would_read_it_as_text() -> None:
    post = operation(f"{HOST}/")
    post["x-amazon-apigateway-integration"]["type"] = "http"
    binary = {"x-amazon-apigateway-binary-media-types": ["*/*"]}
    assert json.loads(only(planned({"/": {"post": post}}, **binary)).request.body)


def test_a_body_is_json_where_a_validator_reads_it() -> None:
    key = "x-amazon-apigateway-request-validator"
    made = planned(
        {"/": {"post": operation(f"{HOST}/") | {key: "all"}}},
        **{
            f"{key}s": {"all": {"validateRequestBody": True}},
            "x-amazon-apigateway-binary-media-types": ["*/*"],
        },
    )
    assert json.loads(only(made).request.body) == {"nonce": "n0"}


def test_a_rewritten_body_is_not_judged() -> None:
    item = operation(f"{HOST}/", type="http", requestTemplates={"application/json": "{}"})
    assert delivery(only(planned({"/": {"post": item}}))).body is None


def test_a_mock_promises_the_answer_in_the_definition() -> None:
    header = {"method.response.header.Access-Control-Allow-Origin": "'*'"}
    answers = {"default": {"statusCode": "204", "responseParameters": header}}
    item = operation("", type="mock", requestTemplates={"application/json": '{"statusCode": 200}'})
    item["x-amazon-apigateway-integration"]["responses"] = answers
    call = only(planned({"/": {"options": item}}))
    assert call.promise.delivery is None
    assert call.promise.status == 204
    assert call.promise.answer_headers == (("Access-Control-Allow-Origin", "*"),)
    assert call.request.header("Origin")


def test_what_the_preflight_allows_the_answer_allows() -> None:
    cors = Cors.model_validate({"allowOrigin": "https://a.example"})
    made = compile_routes("t", [route("GET", "/")], cors=cors)
    calls = plan(made.document, WAY, lambda: "n").calls
    promised = {call.route: call.promise.answer_headers for call in calls}
    assert ("Access-Control-Allow-Origin", "https://a.example") in promised["GET /"]


def test_a_route_with_a_key_is_called_with_it_and_refused_without() -> None:
    made = compile_routes("t", [route("GET", "/", authorization="apiKey")])
    admitted, refused = plan(made.document, WAY, lambda: "n").calls
    assert admitted.request.header("X-API-Key") == "key"
    assert admitted.promise.delivery
    assert refused.request.header("X-API-Key") is None
    assert refused.promise.delivery is None
    assert refused.promise.status == 403


def test_routes_that_want_a_signature_are_called_and_named() -> None:
    made = compile_routes("t", [route("GET", "/", authorization="iam"), route("GET", "/open")])
    made_plan = plan(made.document, WAY, lambda: "n")
    assert made_plan.unsigned == ("GET /",)
    assert {call.route for call in made_plan.calls} == {"GET /", "GET /open"}


AUTHORIZER = {"type": "apiKey", "x-amazon-apigateway-authorizer": {"type": "request"}}
DOTTED = [{"name": "a.b", "in": "query", "required": True, "schema": {"type": "string"}}]
PATTERN = {"content": {"application/json": {"schema": {"type": "string", "pattern": "^a+$"}}}}
FROM_BODY = {"integration.request.header.X": "method.request.body.name"}
DEMANDING = operation(f"{HOST}/") | {"security": [{"mine": []}]}


@pytest.mark.parametrize(
    ("method", "item", "reason"),
    [
        ("get", operation("", type="aws_proxy"), "its integration is aws_proxy, not http"),
        ("get", {"responses": {}}, "its integration is missing, not http"),
        ("get", DEMANDING, "its authorizer is not emulated"),
        ("get", operation("http://example.com/"), "its uri leads to 'example.com'"),
        ("get", operation("http://${stageVariables.no}/"), "leads to '${stageVariables.no}'"),
        ("get", operation(f"{HOST}/") | {"parameters": DOTTED}, "cannot check a.b"),
        ("post", operation(f"{HOST}/") | {"requestBody": PATTERN}, "give an `example`"),
        ("get", operation(f"{HOST}/", requestParameters=FROM_BODY), "does not map"),
        ("get", operation("", type="mock"), "no fixed statusCode"),
    ],
)
def test_what_cannot_be_called_is_skipped_with_its_reason(
    method: str, item: dict[str, Any], reason: str
) -> None:
    schemes = {"securitySchemes": {"mine": AUTHORIZER}}
    made = planned(
        {"/": {method: item}, "/ok": {"get": operation(f"{HOST}/ok")}}, components=schemes
    )
    assert {call.route for call in made.calls} == {"GET /ok"}
    assert reason in made.skipped[f"{method.upper()} /"]


def route(method: str, path: str, **more: Any) -> Route:
    return Route.model_validate({"method": method, "path": path, "authorization": "none", **more})


names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
schemas = st.recursive(
    st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("string")}, optional={"minLength": st.integers(0, 30)}
        ),
        st.fixed_dictionaries({"type": st.just("integer")}, optional={"minimum": st.integers()}),
        st.fixed_dictionaries({"type": st.just("number")}, optional={"maximum": st.integers()}),
        st.just({"type": "boolean"}),
        st.fixed_dictionaries({"type": st.just("string"), "enum": st.lists(names, min_size=1)}),
    ),
    lambda inner: st.one_of(
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(names, inner)},
            optional={"required": st.lists(names, unique=True)},
        ),
        st.fixed_dictionaries(
            {"type": st.just("array"), "items": inner}, optional={"minItems": st.integers(0, 3)}
        ),
    ),
    max_leaves=8,
)


@given(schemas)
def test_a_made_up_body_fits_its_model(schema: dict[str, Any]) -> None:
    content = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/M"}}}}
    made = planned(
        {"/": {"post": operation(f"{HOST}/") | {"requestBody": content}}},
        components={"schemas": {"M": schema}},
    )
    jsonschema.validate(json.loads(only(made).request.body), schema)


segments = st.one_of(names, names.map(lambda name: f"{{{name}}}"))


@given(
    st.lists(segments, max_size=4, unique=True),
    st.sampled_from(["", "/{rest+}"]),
    st.sampled_from(["GET", "POST", "ANY"]),
    st.sampled_from(["http", "http_proxy"]),
)
def test_compiled_routes_arrive_at_their_own_path(
    parts: list[str], tail: str, method: str, integration: str
) -> None:
    path = "/" + "/".join(parts)
    path = path.rstrip("/") + tail or "/"
    more: dict[str, Any] = {"responses": {"200": {}}} if integration == "http" else {}
    made = compile_routes("t", [route(method, path, integration=integration, **more)])
    calls = plan(made.document, WAY, lambda: "n").calls
    assert calls
    for call in calls:
        assert delivery(call).path == call.request.path
        assert delivery(call).method == call.request.method
