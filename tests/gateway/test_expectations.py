"""When what happened matches the expectation, and which mismatches are reported: pure code."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.gateway.expectations import (
    ANY_VALUE,
    Delivery,
    Expectation,
    ExpectedDelivery,
    mapped_status,
    mismatches,
    normalized,
)
from operations.gateway.proxy import Request, Response

REQUEST = Request("POST", "/a?x=1", (("X-Nonce", "n"), ("X-API-Key", "hush")), b"body")
EXPECTED = ExpectedDelivery(
    target="blue",
    method="POST",
    path="/v1/a",
    query=Counter([("x", "1"), ("x", "1")]),
    headers=(("X-Nonce", "n"), ("X-API-Key", "hush"), ("X-Id", ANY_VALUE)),
    body=b"body",
)
EXPECTATION = Expectation(EXPECTED, response_headers=(("X-Allowed", "*"),))
HEADERS = (("x-nonce", "n"), ("x-api-key", "hush"), ("x-id", "7"), ("via", "gateway"))
RESPONSE = Response(200, (("x-allowed", "*"),), b"text")
DELIVERY = Delivery("blue", Request("POST", "/v1/a?x=1&x=1", HEADERS, b"body"), RESPONSE)


def found(
    expectation: Expectation = EXPECTATION,
    delivery: Delivery = DELIVERY,
    response: Response = RESPONSE,
) -> list[str]:
    return mismatches(REQUEST, expectation, [delivery], response)


def received(**changes: object) -> Delivery:
    return replace(DELIVERY, request=replace(DELIVERY.request, **changes))  # type: ignore[arg-type]


def test_what_matches_has_no_mismatch() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("delivery", "mismatch"),
    [
        (replace(DELIVERY, target="green"), "target: expected blue, got green"),
        (received(method="PUT"), "method: expected POST, got PUT"),
        (received(target="/v1/b?x=1&x=1"), "path: expected /v1/a, got /v1/b"),
        (received(target="/v1/a?x=1"), "query: missing x=1"),
        (received(target="/v1/a?x=1&x=1&y="), "query: unexpected y="),
        (received(headers=HEADERS[1:]), "header X-Nonce: missing"),
        # A header that differs is never quoted.
        (
            received(headers=(("x-api-key", "other"), HEADERS[0], *HEADERS[2:])),
            "header X-API-Key: changed",
        ),
        (received(headers=(*HEADERS[:2], *HEADERS[3:])), "header X-Id: missing"),
        (received(body=b"BODY"), "body: sent 4 bytes, got 4 different ones"),
    ],
)
def test_a_difference_in_the_delivery_is_one_mismatch(delivery: Delivery, mismatch: str) -> None:
    assert found(delivery=delivery) == [mismatch]


@pytest.mark.parametrize(
    ("response", "mismatch"),
    [
        (replace(RESPONSE, status=500), "status: expected 200, got 500"),
        (replace(RESPONSE, body=b""), "response body: differs from the 4 bytes of the service"),
        (replace(RESPONSE, headers=()), "response header X-Allowed: expected '*', got None"),
    ],
)
def test_a_response_that_is_not_the_services_is_one_mismatch(
    response: Response, mismatch: str
) -> None:
    assert found(response=response) == [mismatch]


def test_the_response_to_head_has_no_body_to_compare() -> None:
    expectation = replace(EXPECTATION, delivery=replace(EXPECTED, method="HEAD", body=None))
    request, delivery = replace(REQUEST, method="HEAD"), received(method="HEAD")
    assert mismatches(request, expectation, [delivery], replace(RESPONSE, body=b"")) == []


@pytest.mark.parametrize("deliveries", [[], [DELIVERY, DELIVERY]])
def test_the_service_has_to_receive_it_once(deliveries: list[Delivery]) -> None:
    (mismatch,) = mismatches(REQUEST, EXPECTATION, deliveries, Response(403, (), b"Forbidden"))
    assert mismatch == (
        "blue should have received the request once, but it was received "
        f"{len(deliveries)} times; the response was 403 Forbidden"
    )


def test_what_the_gateway_answers_itself_reaches_no_target() -> None:
    expectation = Expectation(None, status=403)
    assert mismatches(REQUEST, expectation, [], Response(403, (), b"")) == []
    assert mismatches(REQUEST, expectation, [DELIVERY], Response(200, (), b"")) == [
        "blue received the request, which the gateway should have answered",
        "status: expected 403, got 200",
    ]


def test_listed_statuses_are_mapped_and_the_body_may_be_any() -> None:
    expectation = replace(EXPECTATION, statuses=(("2..", 201), ("default", 502)))
    assert found(expectation, response=replace(RESPONSE, status=201, body=b"other")) == []
    assert found(expectation) == ["status: expected 201, got 200"]


@pytest.mark.parametrize(
    ("status", "expected"), [(200, 200), (204, 200), (404, 404), (40, 502), (4040, 502)]
)
def test_a_pattern_has_to_match_the_whole_status(status: int, expected: int) -> None:
    statuses = ((r"2\d{2}", 200), ("404", 404), ("default", 502))
    assert mapped_status(statuses, status) == expected


def test_without_a_default_a_status_may_have_no_response() -> None:
    assert mapped_status((("404", 404),), 200) is None


@given(
    st.text(st.sampled_from("abz019-._~/"), max_size=20), st.sampled_from([str.lower, str.upper])
)
def test_encoding_unreserved_characters_does_not_change_a_path(
    path: str, case: Callable[[str], str]
) -> None:
    encoded = "".join(c if c == "/" else "%" + case(f"{ord(c):02x}") for c in path)
    assert normalized(encoded) == normalized(path) == path


@given(st.text(max_size=20))
def test_an_encoded_slash_stays_encoded(text: str) -> None:
    assert normalized(f"{text}%2f") == normalized(text + "%2F")
    assert normalized("a%2fb") != normalized("a/b")
