"""What AWS would refuse and the emulator lets pass, and how its own responses look: pure code."""

import base64
import dataclasses
import json
from typing import Any

import pytest

from operations.gateway.definition import GatewayOperation, operation_for
from operations.gateway.expectations import Delivery
from operations.gateway.gateway_responses import ERROR_TYPE, GatewayResponse, own_response
from operations.gateway.proxy import Headers, Request, Response
from operations.gateway.published import Canary, PublishedApi, PublishedStage
from operations.gateway.rules import MAX_BODY, refused_after, refused_before
from tests.gateway.apis import BLUE, GREEN, ORIGIN, published

LINKS = {"blue": BLUE["vpcLinkId"], "green": GREEN["vpcLinkId"]}
API = published(
    {"method": "GET", "path": "/"},
    {"method": "POST", "path": "/orders", "authorization": "iam"},
    {"method": "ANY", "path": "/{proxy+}", "timeoutMs": 500},
    stages={"dev": PublishedStage(BLUE, Canary(10, GREEN))},
    links=LINKS,
)
SIGNED = (("authorization", "AWS4-HMAC-SHA256 Credential=x"),)


@pytest.mark.parametrize(
    ("method", "target", "headers", "reason"),
    [
        ("POST", "/dev/orders", (), "unsigned"),
        ("POST", "/dev/orders", (("Authorization", "Bearer x"),), "not signed with AWS4-HMAC"),
        ("POST", "/dev/orders", SIGNED, None),
        ("POST", "/dev/orders?X-Amz-Signature=1", (), None),
        ("GET", "/dev/orders", SIGNED, "/orders has no GET"),
        ("POST", "/dev/", (), "/ has no POST"),
        ("GET", "/dev", (), None),
        ("GET", "/dev/other", (), None),
    ],
)
def test_a_request_is_refused_by_its_signature_and_its_path(
    method: str, target: str, headers: Headers, reason: str | None
) -> None:
    found = refused_before(API, Request(method, target, headers))
    assert (found and found.response.status) == (403 if reason else None)
    assert (reason or "") in (found.reason if found else "")


AUTHORIZED = published(
    {"method": "GET", "path": "/me", "authorization": "users"},
    {"method": "GET", "path": "/orders", "authorization": "users", "scopes": ["a/read", "a/write"]},
    {"method": "GET", "path": "/partners", "authorization": "partners"},
    {"method": "GET", "path": "/tenants", "authorization": "tenants"},
)
CLAIMS = base64.urlsafe_b64encode(json.dumps({"scope": "a/write b"}).encode()).decode()
JWT = f"x.{CLAIMS.rstrip('=')}.x"


@pytest.mark.parametrize(
    ("target", "headers", "refused"),
    [
        ("/me", (), "401 no Authorization, which users needs"),
        ("/me", (("authorization", "any"),), None),
        ("/me", (("Authorization", "stub-denied"),), "401 users denies it"),
        ("/me", (("Authorization", "Bearer stub-denied"),), "401 users denies it"),
        ("/orders", (("Authorization", "any"),), "403 its token has none of the scopes a/read, "),
        ("/orders", (("Authorization", "any a/write"),), None),
        ("/orders", (("Authorization", f"Bearer {JWT}"),), None),
        ("/orders", (("Authorization", "x.x.x"),), "403 its token has none of the scopes"),
        ("/orders", (("Authorization", "x.W10.x"),), "403 its token has none of the scopes"),
        ("/partners", (), "401 no Authorization, which partners needs"),
        ("/partners", (("Authorization", "stub-denied"),), "403 partners denies it"),
        ("/tenants?t=1", (), "401 no X-Tenant, which tenants needs"),
        ("/tenants", (("X-Tenant", "1"),), "401 no t, which tenants needs"),
        ("/tenants?t=stub-denied", (("X-Tenant", "1"),), "403 tenants denies it"),
        ("/tenants?t=1", (("X-Tenant", "1"),), None),
    ],
)
def test_a_stub_of_an_authorizer_refuses(
    target: str, headers: Headers, refused: str | None
) -> None:
    found = refused_before(AUTHORIZED, Request("GET", f"/dev{target}", headers))
    shown = f"{found.response.status} {found.reason}" if found else None
    assert (shown or "")[: len(refused or "")] == (refused or "")
    assert (shown is None) is (refused is None)


def test_a_body_above_the_limit_is_refused() -> None:
    most = Request("POST", "/dev/other", (), b"x" * MAX_BODY)
    assert refused_before(API, most) is None
    refusal = refused_before(API, dataclasses.replace(most, body=most.body + b"x"))
    assert refusal
    assert refusal.response.status == 413


def after(api: PublishedApi, target: str = "blue", took: float = 1) -> str | None:
    delivery = Delivery(target, Request("GET", "/", ()), Response(200, (), b""), took)
    refusal = refused_after(api, Request("GET", "/dev/other", ()), [delivery])
    return f"{refusal.response.status} {refusal.reason}" if refusal else None


@pytest.mark.parametrize(("took", "refused"), [(500, None), (501, "504 blue took 501 ms of 500")])
def test_a_target_that_takes_longer_than_the_time_limit_is_refused(
    took: float, refused: str | None
) -> None:
    assert after(API, took=took) == refused


def changed(old: str, new: str) -> PublishedApi:
    assert old in API.definition
    return dataclasses.replace(API, definition=API.definition.replace(old, new))


@pytest.mark.parametrize(
    ("api", "refused"),
    [
        (API, None),
        (changed('"VPC_LINK"', '"INTERNET"'), "500 does not use the VPC link"),
        (changed("stageVariables.vpcLinkId", "stageVariables.other"), "500 vpcLinkId is not that"),
        (dataclasses.replace(API, links={"blue": "zzz"}), "500 vpcLinkId is not that of blue"),
        (dataclasses.replace(API, links={}), None),
    ],
)
def test_an_integration_that_uses_another_link_is_refused(
    api: PublishedApi, refused: str | None
) -> None:
    assert (after(api) or "")[: len(refused or "")] == (refused or "")
    assert (after(api) is None) is (refused is None)


def test_the_link_of_a_canary_is_that_of_its_own_target() -> None:
    assert after(API, target="green") is None
    wrong = PublishedStage(BLUE, Canary(10, {"backendHost": GREEN["backendHost"]}))
    api = dataclasses.replace(API, stages={"dev": wrong})
    assert after(api, target="green") == "500 vpcLinkId is not that of green"


def test_the_most_specific_path_has_the_operation() -> None:
    found = operation_for(API.document, "PUT", "/orders/1")
    assert isinstance(found, GatewayOperation)
    assert found.route == "ANY /{proxy+}"
    assert operation_for(API.document, "POST", "/orders") != found
    assert operation_for({"paths": {"/a": {}}}, "GET", "/b") is None


FORBIDDEN = GatewayResponse("INVALID_API_KEY", 403, "ForbiddenException", 'For "bid" den')
RESPONSES = "x-amazon-apigateway-gateway-responses"


def test_a_response_of_the_gateway_has_the_shape_of_the_definition() -> None:
    response = FORBIDDEN.shaped(published(cors=True).document, "id-1")
    assert json.loads(response.body) == {"message": FORBIDDEN.message, "requestId": "id-1"}
    assert response.header("Access-Control-Allow-Origin") == ORIGIN
    assert (response.status, response.header(ERROR_TYPE)) == (403, "ForbiddenException")


@pytest.mark.parametrize(
    ("given", "status", "body"),
    [
        ({}, 403, '{"message":"For \\"bid\\" den"}'),
        ({"DEFAULT_5XX": {"statusCode": 599}}, 403, '{"message":"For \\"bid\\" den"}'),
        ({"DEFAULT_4XX": {"statusCode": 499}}, 499, '{"message":"For \\"bid\\" den"}'),
        (
            {
                "DEFAULT_4XX": {"statusCode": 499},
                "INVALID_API_KEY": {
                    "responseTemplates": {"application/json": "$context.error.responseType!"}
                },
            },
            403,
            "INVALID_API_KEY!",
        ),
    ],
)
def test_its_own_type_comes_before_the_default(
    given: dict[str, Any], status: int, body: str
) -> None:
    response = FORBIDDEN.shaped({RESPONSES: given})
    assert (response.status, response.body.decode()) == (status, body)


@pytest.mark.parametrize(
    ("error_type", "message", "kind"),
    [
        ("ForbiddenException", "Forbidden", "INVALID_API_KEY"),
        ("BadRequestException", "Invalid request body", "BAD_REQUEST_BODY"),
        ("BadRequestException", "Missing required request parameters: [body]", "BAD_REQUEST_PARA"),
        ("NewException", "", ""),
    ],
)
def test_the_emulators_own_responses_have_a_type(error_type: str, message: str, kind: str) -> None:
    body = json.dumps({"message": message}).encode()
    own = own_response(Response(400, ((ERROR_TYPE, error_type),), body))
    assert own
    assert own.kind.startswith(kind)
    assert own.message == message
    assert own_response(Response(400, (), body)) is None
    assert own_response(Response(400, ((ERROR_TYPE, error_type),), b"<html>"))
