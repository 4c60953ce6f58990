"""Routes are compiled into one document that API Gateway can import."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import ANY_METHOD, INTEGRATION, Definition, compile_routes, stage_variables
from openapi.routes import Cors, Route, route_problems

ORIGIN = "https://app.example.com"
CORS = Cors.model_validate({"allowOrigin": ORIGIN})
MODELS = {"Order": {"type": "object", "required": ["id"]}}


def route(method: str = "GET", path: str = "/", **more: Any) -> Route:
    return Route.model_validate({"method": method, "path": path, "authorization": "none", **more})


def compiled(*routes: Route, **more: Any) -> Definition:
    return compile_routes("private-api-dev", routes, **more)


def document(*routes: Route, **more: Any) -> dict[str, Any]:
    return json.loads(compiled(*routes, **more).json)  # type: ignore[no-any-return]


def operation(only: Route, method: str = "", **more: Any) -> dict[str, Any]:
    """The operation of one route, or another method of its path."""
    path = document(only, **more)["paths"][only.path]
    return path[method or only.method.lower()]  # type: ignore[no-any-return]


def integration(only: Route, method: str = "", **more: Any) -> dict[str, Any]:
    return operation(only, method, **more)[INTEGRATION]  # type: ignore[no-any-return]


EVERY_KIND = (
    route(),
    route("GET", "/orders/{id}", authorization="iam", timeoutMs=5000),
    route("POST", "/orders", body="Order"),
    route("ANY", "/files/{proxy+}", authorization="apiKey", backendPath="/v1/files/{proxy}"),
    route("GET", "/legacy/{id}", integration="http", responses={"200": {}, "404": {}}),
    route("GET", "/search", query={"q": "required"}, headers={"x-tenant": "optional"}),
)
HTTP: dict[str, Any] = {"integration": "http", "responses": {"200": {}}}


def test_every_kind_of_route_makes_a_valid_openapi_document() -> None:
    # OpenAPI has no greedy parameters, so the plus is removed for the validator.
    text = compiled(*EVERY_KIND, cors=CORS, models=MODELS).json.replace("+}", "}")
    validate(json.loads(text))


def test_every_integration_uses_the_vpc_link_of_the_stage() -> None:
    paths = document(*EVERY_KIND, models=MODELS)["paths"].values()
    integrations = [operation[INTEGRATION] for item in paths for operation in item.values()]
    assert len(integrations) == len(EVERY_KIND)
    for made in integrations:
        assert made["connectionType"] == "VPC_LINK"
        assert made["connectionId"] == "${stageVariables.vpcLinkId}"
        assert re.match(r"http://\$\{stageVariables\.backendHost\}/", made["uri"])
        assert 50 <= made["timeoutInMillis"] <= 29_000
        assert made["passthroughBehavior"] == "when_no_match"


def test_every_operation_declares_and_maps_its_path_parameters() -> None:
    checked = 0
    for path, item in document(*EVERY_KIND, models=MODELS)["paths"].items():
        names = {name.removesuffix("+") for name in re.findall(r"{([^}]+)}", path)}
        for made in item.values():
            assert names == {p["name"] for p in made.get("parameters", ()) if p["in"] == "path"}
            for name in names:
                checked += 1
                assert f"{{{name}}}" in made[INTEGRATION]["uri"]
                mapped = made[INTEGRATION]["requestParameters"]
                assert mapped[f"integration.request.path.{name}"] == f"method.request.path.{name}"
    assert checked == 3


def test_a_definition_lists_the_variables_that_a_stage_has_to_set() -> None:
    assert compiled(route()).variables == {"vpcLinkId", "backendHost"}


@pytest.mark.parametrize(
    "text",
    [
        "http://${stageVariables.tier}/",
        "stageVariables.tier",
        "$stageVariables.tier",
        "$stageVariables.get('tier')",
        "${stageVariables.get('tier')}",
    ],
)
def test_a_stage_variable_is_found_in_every_notation(text: str) -> None:
    assert stage_variables({"x": text}) == {"tier"}


@pytest.mark.parametrize(
    ("method", "path", "more", "service_path"),
    [
        ("GET", "/", {}, "/"),
        ("GET", "/a/{id}", {}, "/a/{id}"),
        ("ANY", "/{proxy+}", {}, "/{proxy}"),
        ("GET", "/a/{id}", {"backendPath": "/fixed"}, "/fixed"),
    ],
)
def test_the_service_gets_the_path_of_the_api_unless_the_route_has_another(
    method: str, path: str, more: dict[str, Any], service_path: str
) -> None:
    key = ANY_METHOD if method == "ANY" else "get"
    made = integration(route(method, path, **more), key)
    assert made["uri"] == f"http://${{stageVariables.backendHost}}{service_path}"
    assert made["httpMethod"] == method
    assert ("requestParameters" in made) == ("{" in service_path)


def test_an_open_route_has_no_security_and_an_iam_route_requires_a_signature() -> None:
    assert "security" not in operation(route())
    signed = route(authorization="iam")
    assert operation(signed)["security"] == [{"sigv4": []}]
    scheme = document(signed)["components"]["securitySchemes"]["sigv4"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"


def test_a_route_requires_a_signature_by_default() -> None:
    assert Route.model_validate({"method": "GET", "path": "/"}).authorization == "iam"


def test_an_api_key_is_read_from_the_header() -> None:
    keyed = route(authorization="apiKey")
    assert operation(keyed)["security"] == [{"api_key": []}]
    made = document(keyed)
    assert made["components"]["securitySchemes"]["api_key"]["name"] == "x-api-key"
    assert made["x-amazon-apigateway-api-key-source"] == "HEADER"


def test_an_http_route_returns_the_listed_responses_and_502_for_all_others() -> None:
    responses = {"200": {}, "404": {}, "409": {"pattern": r"4\d{2}"}}
    legacy = route(integration="http", responses=responses)
    patterns = {p: r["statusCode"] for p, r in integration(legacy)["responses"].items()}
    assert patterns == {r"2\d{2}": "200", "404": "404", r"4\d{2}": "409", "default": "502"}
    assert operation(legacy)["responses"].keys() == {"200", "404", "409", "502"}


def test_an_http_route_passes_the_listed_query_parameters_and_headers() -> None:
    legacy = route(**HTTP, query={"q": "optional"}, headers={"x-tenant": "optional"})
    assert integration(legacy)["requestParameters"] == {
        "integration.request.querystring.q": "method.request.querystring.q",
        "integration.request.header.x-tenant": "method.request.header.x-tenant",
    }


def test_a_required_parameter_is_checked() -> None:
    search = route(query={"q": "required"})
    assert operation(search)["x-amazon-apigateway-request-validator"] == "parameters"
    assert document(search)["x-amazon-apigateway-request-validators"] == {
        "parameters": {"validateRequestBody": False, "validateRequestParameters": True}
    }


def test_a_body_is_checked_against_a_named_model() -> None:
    order = route("POST", body="Order")
    made = operation(order, models=MODELS)
    schema = made["requestBody"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Order"}
    assert made["x-amazon-apigateway-request-validator"] == "body"
    validators = document(order, models=MODELS)["x-amazon-apigateway-request-validators"]
    assert validators["body"]["validateRequestBody"] is True


def test_a_route_that_requires_nothing_has_no_validator() -> None:
    search = route(query={"q": "optional"})
    assert operation(search)["parameters"]
    assert "x-amazon-apigateway-request-validators" not in document(search)


ALLOW = "method.response.header.Access-Control-Allow-"


def test_a_preflight_names_the_methods_and_headers_of_its_path() -> None:
    routes = route("GET", "/a", authorization="apiKey"), route("POST", "/a")
    made = document(*routes, cors=CORS)["paths"]["/a"]["options"]
    headers = made[INTEGRATION]["responses"]["default"]["responseParameters"]
    assert headers[f"{ALLOW}Origin"] == f"'{ORIGIN}'"
    assert headers[f"{ALLOW}Methods"] == "'GET,OPTIONS,POST'"
    assert headers[f"{ALLOW}Headers"] == "'content-type,x-api-key'"
    assert {h.removeprefix("method.response.header.") for h in headers} == {
        *made["responses"]["204"]["headers"]
    }


def test_a_preflight_requires_no_key_and_never_reaches_the_service() -> None:
    preflight = operation(route(authorization="iam"), "options", cors=CORS)
    assert preflight[INTEGRATION]["type"] == "mock"
    assert "security" not in preflight


def test_a_page_may_send_the_signature_that_a_route_requires() -> None:
    made = integration(route(authorization="iam"), "options", cors=CORS)
    allowed = made["responses"]["default"]["responseParameters"][f"{ALLOW}Headers"]
    assert {"authorization", "x-amz-date"} <= set(allowed.strip("'").split(","))


def test_a_page_can_read_the_error_responses_of_api_gateway() -> None:
    for response in document(route(), cors=CORS)["x-amazon-apigateway-gateway-responses"].values():
        header = "gatewayresponse.header.Access-Control-Allow-Origin"
        assert response["responseParameters"][header] == f"'{ORIGIN}'"


def test_every_response_of_an_http_route_has_the_allowed_origin() -> None:
    responses = integration(route(**HTTP), cors=CORS)["responses"].values()
    assert len(responses) == 2
    assert all(r["responseParameters"][f"{ALLOW}Origin"] == f"'{ORIGIN}'" for r in responses)


def test_binary_bodies_pass_unchanged() -> None:
    assert document(route())["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_a_certificate_of_a_private_authority_is_accepted_only_on_request() -> None:
    assert "tlsConfig" not in integration(route(), scheme="https")
    relaxed = integration(route(), scheme="https", verify_authority=False)
    assert relaxed["tlsConfig"] == {"insecureSkipVerification": True}
    assert relaxed["uri"].startswith("https://")


def test_a_resource_policy_becomes_part_of_the_document() -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}
    assert document(route(), resource_policy=policy)["x-amazon-apigateway-policy"] == policy


def test_the_document_has_the_title_and_the_fingerprint_of_the_definition() -> None:
    definition = compiled(route())
    assert re.fullmatch(r"[0-9a-f]{64}", definition.fingerprint)
    assert json.loads(definition.json)["info"] == {
        "title": definition.title,
        "version": "1",
        "description": f"Definition {definition.fingerprint}",
    }


@pytest.mark.parametrize(
    "changed", [route("POST"), route(timeoutMs=50), route(authorization="iam"), route("GET", "/b")]
)
def test_another_route_has_another_fingerprint(changed: Route) -> None:
    assert compiled(changed).fingerprint != compiled(route()).fingerprint


segments = st.one_of(st.from_regex(r"[A-Za-z0-9._-]{1,8}", fullmatch=True), st.just("{id}"))
paths = st.lists(
    st.lists(segments, min_size=1, max_size=4).map(lambda segments: "/" + "/".join(segments)),
    min_size=1,
    max_size=8,
    unique_by=str.lower,
)


@given(paths, st.randoms())
def test_the_order_of_routes_never_matters(chosen: list[str], random: Any) -> None:
    routes = [route("GET", path) for path in chosen]
    shuffled = random.sample(routes, len(routes))
    assert compiled(*shuffled).json == compiled(*routes).json


@given(paths)
def test_routes_without_a_problem_make_a_valid_document(chosen: list[str]) -> None:
    routes = [route("GET", path) for path in chosen]
    if not list(route_problems(dict(enumerate(routes)), (), None)):
        validate(document(*routes))


@given(paths)
def test_a_removed_route_is_gone(chosen: list[str]) -> None:
    routes = [route("GET", path) for path in chosen]
    assert chosen[0] in document(*routes)["paths"]
    assert chosen[0] not in document(*routes[1:])["paths"]


def test_three_hundred_routes_compile_in_a_tenth_of_a_second() -> None:
    routes = [route("GET", f"/r{number}/{{id}}") for number in range(300)]
    seconds = []
    for _ in range(5):  # CPU time of the best run, so that other processes do not count
        start = time.process_time()
        assert compiled(*routes).fingerprint
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1
