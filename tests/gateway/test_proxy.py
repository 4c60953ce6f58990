"""The proxy before every service and before the gateway, and what it forwards."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from http import HTTPStatus

import pytest

from operations.gateway.child import LOOPBACK, free_port
from operations.gateway.definition import ALL_METHODS
from operations.gateway.proxy import (
    TRACE_HEADER,
    Request,
    Response,
    Upstream,
    error_response,
    forward,
    proxy,
    trace_id,
    traced,
)

GET = Request("GET", "/", ())
RESPONSE = Response(200, (("X-A", "1"), ("X-A", "2"), ("Content-Length", "5")), b"hello")
Send = Callable[[Request], Response]


@pytest.fixture
def seen() -> list[Request]:
    """The requests that arrived at the end of `send`."""
    return []


@pytest.fixture
def send(seen: list[Request]) -> Iterator[Send]:
    """Send through one proxy to another one, which responds."""

    def respond(request: Request) -> Response:
        seen.append(request)
        return RESPONSE

    with (
        proxy(respond) as inner,
        proxy(lambda request: forward(request, Upstream(inner, host="api.example"))) as outer,
    ):
        yield lambda request: forward(request, Upstream(outer))


def responded(response: Response) -> Response:
    """What a client gets when the proxy has this response."""
    with proxy(lambda _: response) as port:
        return forward(GET, Upstream(port))


@pytest.mark.parametrize("method", ALL_METHODS)
def test_every_method_passes(send: Send, seen: list[Request], method: str) -> None:
    assert send(replace(GET, method=method)).status == 200
    assert [request.method for request in seen] == [method]


@pytest.mark.parametrize("target", ["/", "//a//b/", "/a%2Fb%20c?x=%2F&x=+", "/a?b?c", "/?"])
def test_path_and_query_pass_unchanged(send: Send, seen: list[Request], target: str) -> None:
    send(replace(GET, target=target))
    assert [request.target for request in seen] == [target]


def test_repeated_headers_stay_apart_and_in_order(send: Send, seen: list[Request]) -> None:
    send(replace(GET, headers=(("X-B", "2"), ("X-B", "1"))))
    assert [pair for pair in seen[0].headers if pair[0] == "X-B"] == [("X-B", "2"), ("X-B", "1")]


def test_a_body_passes_whole(send: Send, seen: list[Request]) -> None:
    body = bytes(range(256)) * 1000
    send(Request("PUT", "/", (), body))
    assert seen[0].body == body


def test_the_response_comes_back_with_repeated_headers(send: Send) -> None:
    response = send(GET)
    assert (response.body, response.header("x-a")) == (b"hello", "1, 2")


def test_the_response_to_head_keeps_its_length_and_has_no_body(send: Send) -> None:
    response = send(replace(GET, method="HEAD"))
    assert (response.header("Content-Length"), response.body) == ("5", b"")


def test_the_host_is_that_of_the_upstream(send: Send, seen: list[Request]) -> None:
    send(replace(GET, headers=(("Host", LOOPBACK),)))
    assert seen[0].header("Host") == "api.example"


def test_headers_of_one_connection_are_not_forwarded_and_none_are_added(
    send: Send, seen: list[Request]
) -> None:
    send(replace(GET, headers=(("Keep-Alive", "9"), ("Upgrade", "h2c"), ("X-Kept", "1"))))
    assert {name for name, _ in seen[0].headers} == {"Host", "X-Kept", "Connection"}


def test_a_request_without_a_trace_gets_a_new_one() -> None:
    ids = {trace_id(traced(GET)) for _ in range(2)}
    assert len(ids) == 2
    assert all(found.startswith("1-") for found in ids)


def test_a_trace_is_kept() -> None:
    request = traced(GET)
    assert traced(request) == request
    assert request.header(TRACE_HEADER) == f"Root={trace_id(request)}"


def test_where_nothing_listens_the_response_is_502() -> None:
    assert forward(GET, Upstream(free_port())).status == 502


def test_an_error_of_the_proxy_is_json() -> None:
    response = responded(error_response(HTTPStatus.FORBIDDEN, "Forbidden"))
    assert (response.status, response.body) == (403, b'{"message": "Forbidden"}\n')


def test_a_response_without_content_has_no_length() -> None:
    response = responded(Response(204, (), b""))
    assert (response.status, response.header("Content-Length")) == (204, None)


def test_a_chunked_body_is_rejected_instead_of_lost() -> None:
    with (
        proxy(lambda _: RESPONSE) as port,
        socket.create_connection((LOOPBACK, port)) as connection,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 411 ")
