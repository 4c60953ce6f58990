"""Routes become one document that API Gateway takes, and that says what the routes say."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import ANY_METHOD, INTEGRATION, Definition, compile_routes
from openapi.routes import Cors, Route, route_problems

ORIGIN = "https://app.example.com"
CORS = Cors.model_validate({"allowOrigin": ORIGIN})


def route(method: str = "GET", path: str = "/", **more: Any) -> Route:
    return Route.model_validate({"method": method, "path": path, "authorization": "none", **more})


def compiled(*routes: Route, **more: Any) -> Definition:
    return compile_routes("private-api-dev", routes, **more)


def operation(definition: Definition, path: str = "/", method: str = "get") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(definition.json)["paths"][path][method]
    return found


def integration(definition: Definition, path: str = "/", method: str = "get") -> dict[str, Any]:
    found: dict[str, Any] = operation(definition, path, method)[INTEGRATION]
    return found


EVERY_KIND = (
    route(),
    route("GET", "/orders/{id}", authorization="iam", timeoutMs=5000),
    route("POST", "/orders", body="Order"),
    route("ANY", "/files/{proxy+}", authorization="apiKey", backendPath="/v1/files/{proxy}"),
    route("GET", "/legacy/{id}", integration="http", responses={"200": {}, "404": {}}),
    route("GET", "/search", query={"q": "required"}, headers={"x-tenant": "optional"}),
)
MODELS = {"Order": {"type": "object", "required": ["id"]}}


def test_every_kind_of_route_makes_a_valid_openapi_document() -> None:
    # A greedy parameter is written {proxy+} in the path and proxy elsewhere: OpenAPI has no such
    # thing, so the plus is taken away for its validator.
    text = compiled(*EVERY_KIND, cors=CORS, models=MODELS).json.replace("+}", "}")
    validate(json.loads(text))


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every operation, those of `ANY` included, which validators of OpenAPI do not look into."""
    for path in document["paths"].values():
        yield from path.values()


def test_every_integration_goes_through_the_link_of_the_stage() -> None:
    document = json.loads(compiled(*EVERY_KIND, models=MODELS).json)
    made = [operation[INTEGRATION] for operation in operations(document)]
    assert len(made) == len(EVERY_KIND)
    for one in made:
        assert one["connectionType"] == "VPC_LINK"
        assert one["connectionId"] == "${stageVariables.vpcLinkId}"
        assert re.match(r"http://\$\{stageVariables\.backendHost\}/", one["uri"])
        assert 50 <= one["timeoutInMillis"] <= 29_000
        assert one["passthroughBehavior"] == "when_no_match"


def test_every_operation_declares_and_maps_its_path_parameters() -> None:
    document = json.loads(compiled(*EVERY_KIND, models=MODELS).json)
    checked = 0
    for path, methods in document["paths"].items():
        names = {name.removesuffix("+") for name in re.findall(r"{([^}]+)}", path)}
        for one in methods.values():
            declared = {p["name"] for p in one.get("parameters", ()) if p["in"] == "path"}
            assert declared == names
            mapped = one[INTEGRATION].get("requestParameters", {})
            for name in names:
                checked += 1
                assert f"{{{name}}}" in one[INTEGRATION]["uri"]
                key = f"integration.request.path.{name}"
                assert mapped[key] == f"method.request.path.{name}"
    assert checked == 3


def test_a_definition_tells_the_variables_a_stage_has_to_set() -> None:
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
def test_a_variable_is_found_however_it_is_written(text: str) -> None:
    assert Definition({"info": {}, "x": text}).variables == {"tier"}


def test_the_path_at_the_service_is_that_of_the_api_unless_said() -> None:
    assert integration(compiled(route("GET", "/a/{id}")), "/a/{id}")["uri"].endswith("/a/{id}")


def test_a_greedy_parameter_loses_its_plus_towards_the_service() -> None:
    made = integration(compiled(route("ANY", "/{proxy+}")), "/{proxy+}", ANY_METHOD)
    assert made["uri"].endswith("}/{proxy}")
    assert made["httpMethod"] == "ANY"


def test_a_parameter_that_the_backend_path_drops_is_not_mapped() -> None:
    made = integration(compiled(route("GET", "/a/{id}", backendPath="/fixed")), "/a/{id}")
    assert made["uri"].endswith("/fixed")
    assert "requestParameters" not in made


def test_the_root_has_an_explicit_path() -> None:
    assert integration(compiled(route()))["uri"] == "http://${stageVariables.backendHost}/"


def test_an_open_route_has_no_security_and_a_signed_one_wants_a_signature() -> None:
    definition = compiled(route(), route("GET", "/a", authorization="iam"))
    assert "security" not in operation(definition)
    assert operation(definition, "/a")["security"] == [{"sigv4": []}]
    scheme = json.loads(definition.json)["components"]["securitySchemes"]["sigv4"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"


def test_a_route_is_signed_unless_it_says_otherwise() -> None:
    assert Route.model_validate({"method": "GET", "path": "/"}).authorization == "iam"


def test_a_key_is_read_from_the_header() -> None:
    definition = compiled(route(authorization="apiKey"))
    assert operation(definition)["security"] == [{"api_key": []}]
    document = json.loads(definition.json)
    assert document["components"]["securitySchemes"]["api_key"]["name"] == "x-api-key"
    assert document["x-amazon-apigateway-api-key-source"] == "HEADER"


def test_http_answers_with_what_is_listed_and_turns_the_rest_into_502() -> None:
    responses = {"200": {}, "404": {}, "409": {"pattern": r"4\d{2}"}}
    definition = compiled(route(integration="http", responses=responses))
    patterns = {
        pattern: answer["statusCode"]
        for pattern, answer in integration(definition)["responses"].items()
    }
    assert patterns == {r"2\d{2}": "200", "404": "404", r"4\d{2}": "409", "default": "502"}
    assert operation(definition)["responses"].keys() == {"200", "404", "409", "502"}


def test_http_hands_on_the_query_and_the_headers_that_are_named() -> None:
    made = integration(
        compiled(
            route(
                integration="http",
                responses={"200": {}},
                query={"q": "optional"},
                headers={"x-tenant": "optional"},
            )
        )
    )
    assert made["requestParameters"] == {
        "integration.request.querystring.q": "method.request.querystring.q",
        "integration.request.header.x-tenant": "method.request.header.x-tenant",
    }


def test_a_required_parameter_is_checked() -> None:
    definition = compiled(route(query={"q": "required"}))
    assert operation(definition)["x-amazon-apigateway-request-validator"] == "parameters"
    validators = json.loads(definition.json)["x-amazon-apigateway-request-validators"]
    assert validators == {
        "parameters": {"validateRequestBody": False, "validateRequestParameters": True}
    }


def test_a_body_is_checked_against_a_named_model() -> None:
    definition = compiled(route("POST", body="Order"), models=MODELS)
    content = operation(definition, method="post")["requestBody"]["content"]
    assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Order"}
    assert operation(definition, method="post")["x-amazon-apigateway-request-validator"] == "body"
    validators = json.loads(definition.json)["x-amazon-apigateway-request-validators"]
    assert validators["body"]["validateRequestBody"] is True


def test_without_checks_there_is_no_validator() -> None:
    definition = compiled(route(query={"q": "optional"}))
    assert operation(definition)["parameters"]
    assert "x-amazon-apigateway-request-validators" not in json.loads(definition.json)


def test_a_preflight_names_the_methods_and_headers_of_its_path() -> None:
    definition = compiled(
        route("GET", "/a", authorization="apiKey"), route("POST", "/a"), cors=CORS
    )
    answer = operation(definition, "/a", "options")
    headers = answer[INTEGRATION]["responses"]["default"]["responseParameters"]
    prefix = "method.response.header.Access-Control-"
    assert headers[f"{prefix}Allow-Origin"] == f"'{ORIGIN}'"
    assert headers[f"{prefix}Allow-Methods"] == "'GET,OPTIONS,POST'"
    assert headers[f"{prefix}Allow-Headers"] == "'content-type,x-api-key'"
    assert {h.removeprefix("method.response.header.") for h in headers} == {
        *answer["responses"]["204"]["headers"]
    }


def test_a_preflight_takes_no_key_and_never_reaches_the_service() -> None:
    definition = compiled(route("GET", "/a", authorization="iam"), cors=CORS)
    preflight = operation(definition, "/a", "options")
    assert preflight[INTEGRATION]["type"] == "mock"
    assert "security" not in preflight


def test_a_signed_path_lets_a_page_send_the_signature() -> None:
    definition = compiled(route("GET", "/a", authorization="iam"), cors=CORS)
    preflight = operation(definition, "/a", "options")[INTEGRATION]
    headers = preflight["responses"]["default"]["responseParameters"]
    allowed = headers["method.response.header.Access-Control-Allow-Headers"]
    assert {"authorization", "x-amz-date"} <= set(allowed.strip("'").split(","))


def test_answers_of_the_gateway_itself_can_be_read_by_the_page() -> None:
    document = json.loads(compiled(route(), cors=CORS).json)
    for answer in document["x-amazon-apigateway-gateway-responses"].values():
        header = "gatewayresponse.header.Access-Control-Allow-Origin"
        assert answer["responseParameters"][header] == f"'{ORIGIN}'"


def test_http_routes_carry_the_origin_on_every_answer() -> None:
    definition = compiled(route(integration="http", responses={"200": {}}), cors=CORS)
    header = "method.response.header.Access-Control-Allow-Origin"
    answers = integration(definition)["responses"].values()
    assert len(answers) == 2
    assert all(a["responseParameters"][header] == f"'{ORIGIN}'" for a in answers)


def test_binary_bodies_pass_unchanged() -> None:
    document = json.loads(compiled(route()).json)
    assert document["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_a_private_authority_is_accepted_only_when_said() -> None:
    assert "tlsConfig" not in integration(compiled(route(), scheme="https"))
    relaxed = compiled(route(), scheme="https", verify_authority=False)
    assert integration(relaxed)["tlsConfig"] == {"insecureSkipVerification": True}
    assert integration(relaxed)["uri"].startswith("https://")


def test_a_resource_policy_stands_in_the_document() -> None:
    policy = {"Statement": [{"Effect": "Allow"}]}
    document = json.loads(compiled(route(), resource_policy=policy).json)
    assert document["x-amazon-apigateway-policy"] == policy


def test_the_fingerprint_is_the_one_in_the_description() -> None:
    definition = compiled(route())
    assert re.fullmatch(r"[0-9a-f]{64}", definition.fingerprint)
    described = json.loads(definition.json)["info"]["description"]
    assert described == f"Definition {definition.fingerprint}"


@pytest.mark.parametrize(
    "changed", [route("POST"), route(timeoutMs=50), route(authorization="iam"), route("GET", "/b")]
)
def test_another_route_is_another_fingerprint(changed: Route) -> None:
    assert compiled(changed).fingerprint != compiled(route()).fingerprint


paths = st.lists(
    st.lists(
        st.one_of(
            st.from_regex(r"[A-Za-z0-9._-]{1,8}", fullmatch=True),
            st.just("{id}"),
        ),
        min_size=1,
        max_size=4,
    ).map(lambda segments: "/" + "/".join(segments)),
    min_size=1,
    max_size=8,
    unique_by=str.lower,
)


@given(paths, st.randoms())
def test_the_order_of_routes_never_matters(made: list[str], random: Any) -> None:
    routes = [route("GET", path) for path in made]
    shuffled = list(routes)
    random.shuffle(shuffled)
    assert compiled(*shuffled).json == compiled(*routes).json


@given(paths)
def test_routes_without_a_problem_make_a_valid_document(made: list[str]) -> None:
    routes = [route("GET", path) for path in made]
    if not list(route_problems(dict(enumerate(routes)), (), None)):
        validate(json.loads(compiled(*routes).json))


@given(paths)
def test_a_removed_route_is_gone(made: list[str]) -> None:
    routes = [route("GET", path) for path in made]
    assert made[0] in json.loads(compiled(*routes).json)["paths"]
    assert made[0] not in json.loads(compiled(*routes[1:]).json)["paths"]


def test_three_hundred_routes_compile_in_a_tenth_of_a_second() -> None:
    routes = [route("GET", f"/r{number}/{{id}}") for number in range(300)]
    seconds = []
    for _ in range(5):  # the best of some, whatever else the machine does
        start = time.process_time()
        assert compiled(*routes).fingerprint
        seconds.append(time.process_time() - start)
    assert min(seconds) < 0.1
