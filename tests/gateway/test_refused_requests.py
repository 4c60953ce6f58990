"""The requests that API Gateway has to refuse: pure code."""

import json

import jsonschema  # type: ignore[import-untyped]

from openapi.compiler import ANY_METHOD
from openapi.routes import Route
from operations.gateway.request_plan import PlannedRequest, plan_extras
from tests.gateway.test_request_plan import (
    VALIDATING,
    VALIDATOR,
    compiled,
    document,
    operation,
    plan,
    route,
)


def refusals(*routes: Route) -> list[tuple[str, PlannedRequest]]:
    planned = compiled(*routes, whole=True).requests
    return [(p.why, p) for p in planned if p.why and not p.expectation.delivery]


def test_a_route_with_a_key_is_called_with_it_and_refuses_requests_without_or_with_another() -> (
    None
):
    keyed = route("GET", "/", authorization="apiKey")
    (accepted,) = compiled(keyed).requests
    assert accepted.request.header("X-API-Key") == "key"
    assert accepted.expectation.delivery
    found = dict(refusals(keyed))
    assert found["without an API key"].request.header("X-API-Key") is None
    assert found["with a wrong API key"].request.header("X-API-Key") not in (None, "key")
    assert {planned.expectation.status for planned in found.values()} == {403}


def test_a_route_that_requires_a_signature_refuses_requests_without() -> None:
    signed = route("GET", "/", authorization="iam")
    (accepted,) = compiled(signed).requests
    assert (accepted.request.header("Authorization") or "").startswith("AWS4-HMAC-SHA256 ")
    found = dict(refusals(signed))
    assert found["without a signature"].request.header("Authorization") is None
    bearer = found["without a signature of IAM"].request.header("Authorization")
    assert bearer == "Bearer token"


def test_required_parameters_are_left_out_one_by_one() -> None:
    checked = route(
        "GET", "/", query={"q": "required", "p": "optional"}, headers={"X-T": "required"}
    )
    found = {
        why: planned for why, planned in refusals(checked) if planned.expectation.status == 400
    }
    assert found.keys() == {"without q", "without X-T"}
    assert "q=" not in found["without q"].request.query
    assert found["without q"].request.header("X-T")
    assert found["without X-T"].request.header("X-T") is None
    assert "q=" in found["without X-T"].request.query


def test_a_method_and_a_path_that_no_route_has_are_refused() -> None:
    found = refusals(route("GET", "/a/{id}"), route("DELETE", "/a/{id}"))
    requests = {why: planned.request for why, planned in found}
    assert requests["with HEAD"].method == "HEAD"
    assert requests["with a segment more"].path.count("/") == 3
    assert {planned.expectation.status for _, planned in found} == {403}


def test_nothing_is_left_to_refuse_where_every_method_and_path_is_a_route() -> None:
    assert not refusals(route("ANY", "/"), route("ANY", "/{proxy+}"))


def test_what_only_the_definition_has_must_be_refused() -> None:
    promised = document({"/": {"get": operation()}, "/a/{p+}": {ANY_METHOD: operation()}})
    definition = document(
        {**promised["paths"], "/new": {"post": operation()}, "/a/b": {"get": operation()}}
    )
    (extra,) = plan_extras(definition, promised)
    assert (extra.route, extra.expectation.status) == ("POST /new", 403)


ORDER = {
    "type": "object",
    "required": ["item"],
    "additionalProperties": False,
    "properties": {
        "item": {"type": "string", "minLength": 9, "maxLength": 20},
        "count": {"type": "integer", "minimum": 1, "maximum": 5},
        "kind": {"enum": ["a", "b"]},
    },
}


def test_bodies_are_wrong_by_one_thing_each_and_never_right() -> None:
    body = {"application/json": {"schema": {"$ref": "#/components/schemas/M"}}}
    item = operation() | {"requestBody": {"content": body}, VALIDATOR: "all"}
    made = document({"/": {"post": item}}, components={"schemas": {"M": ORDER}}, **VALIDATING)
    planned = [p for p in plan(made, whole=True).requests if "with a body" in p.why]
    reasons = {planned.why.removeprefix("with a body that ") for planned in planned}
    for reason in (
        "is not JSON",
        "is null",
        "has a property more",
        "lacks item",
        'has item: "xxxxxxxx"',
        f'has item: "{"x" * 21}"',
        "has count: 0",
        "has count: 6",
        "has count: null",
        'has kind: "not_in_the_enum"',
    ):
        assert reason in reasons
    assert "lacks count" not in reasons
    for one in planned[1:]:
        assert not jsonschema.Draft4Validator(ORDER).is_valid(json.loads(one.request.body))
    assert {planned.expectation.status for planned in planned} == {400}


def test_a_wrong_body_is_refused_with_any_content_type_if_the_model_is_that_of_all() -> None:
    model = {"schema": {"$ref": "#/components/schemas/M"}}
    more = {"components": {"schemas": {"M": ORDER}}, **VALIDATING}
    counts = []
    for content in ({"application/json": model}, {"application/json": model, "$default": model}):
        item = operation() | {"requestBody": {"content": content}, VALIDATOR: "all"}
        planned = plan(document({"/": {"post": item}}, **more), whole=True).requests
        counts.append(
            sum(p.request.header("Content-Type") == "text/plain" for p in planned if p.why)
        )
    assert counts == [0, 1]
