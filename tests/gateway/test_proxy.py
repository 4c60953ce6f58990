"""The relay that stands before every service, and before the gateway."""

import socket
from collections.abc import Callable, Iterator
from http import HTTPStatus

import pytest

from operations.gateway.child import free_port
from operations.gateway.proxy import (
    METHODS,
    TRACE_HEADER,
    Answer,
    Request,
    Upstream,
    forward,
    refusal,
    relay,
    trace,
    trace_root,
)

Seen = list[tuple[Request, Answer]]
SAID = Answer(200, (("X-A", "1"), ("X-A", "2"), ("Content-Length", "5")), b"hello")


@pytest.fixture
def seen() -> Seen:
    return []


@pytest.fixture
def through(seen: Seen) -> Iterator[Callable[[Request], Answer]]:
    """Send through one relay to another, which answers; `seen` is what the second one saw."""
    with (
        relay(lambda _: SAID, lambda request, answer, _: seen.append((request, answer))) as inner,
        relay(lambda _: Upstream(inner, host="api.example"), lambda *_: None) as outer,
    ):
        yield lambda request: forward(request, Upstream(outer))


Through = Callable[[Request], Answer]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_passes(through: Through, seen: Seen, method: str) -> None:
    assert through(Request(method, "/", ())).status == 200
    assert [request.method for request, _ in seen] == [method]


@pytest.mark.parametrize("target", ["/", "//a//b/", "/a%2Fb%20c?x=%2F&x=+", "/a?b?c", "/?"])
def test_path_and_query_pass_untouched(through: Through, seen: Seen, target: str) -> None:
    through(Request("GET", target, ()))
    assert [request.target for request, _ in seen] == [target]


def test_repeated_headers_stay_apart_and_in_order(through: Through, seen: Seen) -> None:
    through(Request("GET", "/", (("X-B", "2"), ("X-B", "1"))))
    assert [pair for pair in seen[0][0].headers if pair[0] == "X-B"] == [("X-B", "2"), ("X-B", "1")]


def test_a_body_passes_whole(through: Through, seen: Seen) -> None:
    through(Request("PUT", "/", (), bytes(range(256)) * 1000))
    assert seen[0][0].body == bytes(range(256)) * 1000


def test_the_answer_comes_back_with_repeated_headers(through: Through) -> None:
    answer = through(Request("GET", "/", ()))
    assert answer.body == b"hello"
    assert answer.header("x-a") == "1, 2"


def test_the_answer_to_head_keeps_its_length_and_has_no_body(through: Through) -> None:
    answer = through(Request("HEAD", "/", ()))
    assert (answer.header("Content-Length"), answer.body) == ("5", b"")


def test_the_host_is_the_one_upstream_is_known_by(through: Through, seen: Seen) -> None:
    through(Request("GET", "/", (("Host", "127.0.0.1"),)))
    assert seen[0][0].header("Host") == "api.example"


def test_what_belongs_to_one_connection_stays_there(through: Through, seen: Seen) -> None:
    through(Request("GET", "/", (("Keep-Alive", "9"), ("Upgrade", "h2c"), ("X-Kept", "1"))))
    request = seen[0][0]
    assert request.header("X-Kept") == "1"
    assert (request.header("Keep-Alive"), request.header("Upgrade")) == (None, None)


def test_nothing_else_is_added(through: Through, seen: Seen) -> None:
    through(Request("GET", "/", (("X-Kept", "1"),)))
    names = {name for name, _ in seen[0][0].headers}
    assert names == {"Host", "X-Kept", "Connection", TRACE_HEADER}


def test_a_request_without_a_trace_gets_one(through: Through, seen: Seen) -> None:
    through(Request("GET", "/", ()))
    through(Request("GET", "/", ()))
    roots = {trace_root(request) for request, _ in seen}
    assert len(roots) == 2
    assert all(root.startswith("1-") for root in roots)


def test_a_trace_is_kept(through: Through, seen: Seen) -> None:
    value = trace()
    through(Request("GET", "/", ((TRACE_HEADER, value),)))
    assert seen[0][0].header(TRACE_HEADER) == value
    assert f"Root={trace_root(seen[0][0])}" == value


def test_where_nobody_listens_the_answer_is_502() -> None:
    nobody = Upstream(free_port())
    with relay(lambda _: nobody, lambda *_: None) as port:
        assert forward(Request("GET", "/", ()), Upstream(port)).status == 502


def test_an_answer_of_its_own_is_json() -> None:
    with relay(lambda _: refusal(HTTPStatus.FORBIDDEN, "Forbidden"), lambda *_: None) as port:
        answer = forward(Request("GET", "/", ()), Upstream(port))
    assert (answer.status, answer.body) == (403, b'{"message": "Forbidden"}\n')


def test_an_answer_without_content_has_no_length() -> None:
    with relay(lambda _: Answer(204, (), b""), lambda *_: None) as port:
        answer = forward(Request("GET", "/", ()), Upstream(port))
    assert (answer.status, answer.header("Content-Length")) == (204, None)


def test_a_body_in_chunks_is_refused_not_lost() -> None:
    with (
        relay(lambda _: SAID, lambda *_: None) as port,
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
    ):
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 411 ")
