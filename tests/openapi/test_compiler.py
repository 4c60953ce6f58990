"""Routes are compiled into one document that API Gateway can import."""

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import TypeAdapter

from openapi.authorizers import Authorizer
from openapi.compiler import (
    INTEGRATION,
    Backend,
    Definition,
    balancer_placeholder,
    compile_routes,
    stage_variables,
)
from openapi.routes import Cors, Route, route_problems
from tests.openapi.documents import with_backends
from tests.stacks import ROOT
from tests.tables import among, read, sentences

CORS = Cors.model_validate({"allowOrigin": "https://app.example.com"})
MODELS = {"Order": {"type": "object", "required": ["id"]}}


def route(method: str = "GET", path: str = "/", **more: Any) -> Route:
    given = {"method": method, "path": path, "authorization": "none", **more}
    return Route.model_validate_json(json.dumps(given))


def compiled(*routes: Route, **more: Any) -> Definition:
    return compile_routes("private-api-dev", routes, **more)


AUTHORIZERS: TypeAdapter[dict[str, Authorizer]] = TypeAdapter(dict[str, Authorizer])


def document(*routes: Route, **more: Any) -> dict[str, Any]:
    return json.loads(compiled(*routes, **more).json)  # type: ignore[no-any-return]


EVERY_KIND = (
    route(),
    route("GET", "/orders/{id}", authorization="iam", timeoutMs=5000),
    route("POST", "/orders", body="Order"),
    route("ANY", "/files/{proxy+}", authorization="apiKey", backendPath="/v1/files/{proxy}"),
    route("GET", "/legacy/{id}", integration="http", responses={"200": {}, "404": {}}),
    route("GET", "/search", query={"q": "required"}, headers={"x-tenant": "optional"}),
)


def test_every_kind_of_route_makes_a_valid_openapi_document() -> None:
    # OpenAPI has no greedy parameters, so the plus is removed for the validator.
    text = compiled(*EVERY_KIND, cors=CORS, models=MODELS).json.replace("+}", "}")
    validate(json.loads(text))


def test_every_integration_names_the_load_balancer_of_a_link_v2() -> None:
    balancer = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/app/x/0123456789ab"
    made = document(
        *EVERY_KIND, cors=CORS, models=MODELS, backends={"": Backend(integration_target=balancer)}
    )
    plain = document(*EVERY_KIND, cors=CORS, models=MODELS)
    for path, operations in made["paths"].items():
        for method, one in operations.items():
            expected = plain["paths"][path][method][INTEGRATION]
            if expected["type"] != "mock":
                expected |= {"integration-target": balancer}
                assert re.match(r"http://\$\{stageVariables\.backendHost\}/", expected["uri"])
            assert one[INTEGRATION] == expected


def test_the_hash_stands_over_a_placeholder_that_only_the_target_gets_replaced() -> None:
    placeholder = balancer_placeholder("blue")
    quoting = route(backendPath=f"/{placeholder.replace(' ', '-')}", headers={"x": "required"})
    made = compiled(
        quoting, route(path="/b"), backends={"": Backend(integration_target=placeholder)}
    )
    final = json.loads(made.reaching({"blue": "arn:of:it"}))
    for path in final["paths"].values():
        assert path["get"][INTEGRATION].pop("integration-target") == "arn:of:it"
    original = json.loads(made.json)
    for path in original["paths"].values():
        assert path["get"][INTEGRATION].pop("integration-target") == placeholder
    assert final == original
    assert made.reaching({"green": "arn:of:it"}) == made.json
    green = {"": Backend(integration_target=balancer_placeholder("green"))}
    other = compiled(quoting, route(path="/b"), backends=green)
    assert other.fingerprint != made.fingerprint


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
    (operation,) = document(route(method, path, **more))["paths"][path].values()
    made = operation[INTEGRATION]
    assert made["uri"] == f"http://${{stageVariables.backendHost}}{service_path}"
    assert made["httpMethod"] == method
    assert ("requestParameters" in made) == ("{" in service_path)


@pytest.mark.parametrize("row", sentences(read(ROOT / "tests" / "openapi" / "compiled.yaml")))
def test_routes_are_compiled_as_the_table_says(row: dict[str, Any]) -> None:
    routes = [route(**changes) for changes in row.get("$routes", [{}])]
    given = with_backends(row.get("$with", {}))
    cors = Cors.model_validate(given["cors"]) if "cors" in given else None
    authorizers = AUTHORIZERS.validate_json(json.dumps(given.get("authorizers", {})))
    made = document(*routes, **{**given, "cors": cors, "authorizers": authorizers})
    path = made["paths"][routes[0].path]
    first = path[routes[0].method.lower()]
    parts = {
        "$operation": first,
        "$integration": first[INTEGRATION],
        "$preflight": path["options"] if cors else None,
    }
    expected = {key: value for key, value in row.items() if key not in ("$routes", "$with")}
    assert among({**made, **parts}, expected) == expected


def test_a_route_requires_a_signature_by_default() -> None:
    assert Route.model_validate({"method": "GET", "path": "/"}).authorization == "iam"


def test_a_definition_has_a_title_and_a_fingerprint_that_is_not_in_the_document() -> None:
    definition = compiled(route())
    assert re.fullmatch(r"[0-9a-f]{64}", definition.fingerprint)
    assert json.loads(definition.json)["info"] == {"title": definition.title, "version": "1"}


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


@pytest.mark.parametrize("path", ["/ping", "/users/{user-id}", "/files/{file.name}"])
def test_a_path_that_api_gateway_takes_is_a_route(path: str) -> None:
    assert list(route_problems({0: route("GET", path)}, (), None)) == []


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
