"""When what happened is what was promised, and when it is not: pure code."""

import dataclasses
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.gateway.expectations import (
    ANYTHING,
    Arrival,
    Delivery,
    Promise,
    disagreements,
    normal,
    select,
)
from operations.gateway.proxy import Answer, Request

REQUEST = Request("POST", "/a?x=1", (("X-Nonce", "n"), ("X-API-Key", "hush")), b"body")
DELIVERY = Delivery(
    target="blue",
    method="POST",
    path="/v1/a",
    query=Counter([("x", "1"), ("x", "1")]),
    headers=(("X-Nonce", "n"), ("X-API-Key", "hush"), ("X-Id", ANYTHING)),
    body=b"body",
)
PROMISE = Promise(DELIVERY, answer_headers=(("X-Allowed", "*"),))
HEADERS = (("x-nonce", "n"), ("x-api-key", "hush"), ("x-id", "7"), ("via", "gateway"))
ANSWER = Answer(200, (("x-allowed", "*"),), b"said")
ARRIVAL = Arrival("blue", Request("POST", "/v1/a?x=1&x=1", HEADERS, b"body"), ANSWER)


def found(
    promise: Promise = PROMISE, arrival: Arrival = ARRIVAL, answer: Answer = ANSWER
) -> list[str]:
    return disagreements(REQUEST, promise, [arrival], answer)


def received(**changes: object) -> Arrival:
    request = dataclasses.replace(ARRIVAL.request, **changes)  # type: ignore[arg-type]
    return dataclasses.replace(ARRIVAL, request=request)


def test_a_kept_promise_has_nothing_against_it() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("arrival", "said"),
    [
        (dataclasses.replace(ARRIVAL, target="green"), "target: promised blue, reached green"),
        (received(method="PUT"), "method: promised POST, received PUT"),
        (received(target="/v1/b?x=1&x=1"), "path: promised /v1/a, received /v1/b"),
        (received(target="/v1/a?x=1"), "query: lost x=1"),
        (received(target="/v1/a?x=1&x=1&y="), "query: added y="),
        (received(headers=HEADERS[1:]), "header X-Nonce: lost"),
        (received(headers=(("x-nonce", "m"), *HEADERS[1:])), "header X-Nonce: changed"),
        (received(headers=(*HEADERS[:2], *HEADERS[3:])), "header X-Id: lost"),
        (received(body=b"BODY"), "body: sent 4 bytes, received 4 others"),
    ],
)
def test_one_difference_is_one_disagreement(arrival: Arrival, said: str) -> None:
    assert found(arrival=arrival) == [said]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (dataclasses.replace(ANSWER, status=500), "status: promised 200, got 500"),
        (dataclasses.replace(ANSWER, body=b""), "the service answered 4 bytes, others came back"),
        (
            dataclasses.replace(ANSWER, headers=()),
            "answer's header X-Allowed: promised '*', got None",
        ),
    ],
)
def test_the_answer_is_the_services(answer: Answer, said: str) -> None:
    assert found(answer=answer) == [said]


def test_a_header_that_differs_is_never_quoted() -> None:
    changed = received(headers=(*HEADERS[:1], ("x-api-key", "other"), *HEADERS[2:]))
    assert found(arrival=changed) == ["header X-API-Key: changed"]


def test_the_answer_to_head_has_no_body_to_compare() -> None:
    promise = dataclasses.replace(
        PROMISE, delivery=dataclasses.replace(DELIVERY, method="HEAD", body=None)
    )
    request = dataclasses.replace(REQUEST, method="HEAD")
    answer = dataclasses.replace(ANSWER, body=b"")
    assert disagreements(request, promise, [received(method="HEAD")], answer) == []


def test_the_service_has_to_be_reached_once() -> None:
    for arrivals in ([], [ARRIVAL, ARRIVAL]):
        (said,) = disagreements(REQUEST, PROMISE, arrivals, Answer(403, (), b"Forbidden"))
        assert said == (
            f"blue received it {len(arrivals)} times, promised once; the answer was 403 Forbidden"
        )


def test_what_the_gateway_answers_itself_reaches_nobody() -> None:
    promise = Promise(None, status=403)
    assert disagreements(REQUEST, promise, [], Answer(403, (), b"")) == []
    assert disagreements(REQUEST, promise, [ARRIVAL], Answer(200, (), b"")) == [
        "it reached blue, and should not",
        "status: promised 403, got 200",
    ]


def test_listed_statuses_are_mapped_and_the_body_is_free() -> None:
    promise = dataclasses.replace(PROMISE, statuses=(("2..", 201), ("default", 502)))
    assert found(promise, answer=dataclasses.replace(ANSWER, status=201, body=b"other")) == []
    assert found(promise) == ["status: promised 201, got 200"]


@pytest.mark.parametrize(
    ("status", "expected"), [(200, 200), (204, 200), (404, 404), (40, 502), (4040, 502)]
)
def test_a_pattern_covers_the_whole_status(status: int, expected: int) -> None:
    statuses = ((r"2\d{2}", 200), ("404", 404), ("default", 502))
    assert select(statuses, status) == expected


def test_without_a_default_a_status_may_have_no_answer() -> None:
    assert select((("404", 404),), 200) is None


paths = st.text(st.sampled_from("abz019-._~/"), max_size=20)


@given(paths, st.sampled_from([str.lower, str.upper]))
def test_spelling_does_not_change_a_path(path: str, case: Callable[[str], str]) -> None:
    spelled = "".join(c if c == "/" else "%" + case(f"{ord(c):02x}") for c in path)
    assert normal(spelled) == normal(path) == path


@given(st.text(max_size=20))
def test_an_encoded_slash_stays_one(text: str) -> None:
    assert normal(f"{text}%2f") == normal(text + "%2F")
    assert normal("a%2fb") != normal("a/b")
