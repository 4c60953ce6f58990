"""The sample service on loopback, called as by the gateway and the load balancer."""

import ast
import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operations.gateway.child import accepts, free_port
from operations.gateway.proxy import Headers, Request, Response, Upstream, forward
from service.app import IDLE_SECONDS, MAX_BODY, Service

PROGRAM = Path(__file__).parents[2] / "service" / "app.py"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@contextlib.contextmanager
def running(**settings: str) -> Iterator[int]:
    port = free_port()
    environ = {"SERVICE_ADDRESS": "127.0.0.1", "SERVICE_NAME": "blue"}
    service = Service({**environ, "SERVICE_PORT": str(port), **settings})
    thread = threading.Thread(target=service.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield port
    finally:
        service.shutdown()
        service.server_close()
        thread.join()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with running() as port:
        yield port


def ask(
    port: int,
    method: str = "GET",
    target: str = "/",
    body: bytes = b"",
    headers: Headers = (),
) -> Response:
    return forward(Request(method, target, headers, body), Upstream(port))


def echoed(port: int, *request: Any, **more: Any) -> dict[str, Any]:
    answer = ask(port, *request, **more)
    assert answer.status == 200
    return json.loads(answer.body)  # type: ignore[no-any-return]


def raw(port: int, request: bytes) -> bytes:
    """Send bytes unchanged, and return everything until the service closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def status(answer: bytes) -> int:
    return int(answer.split()[1])


def test_it_runs_on_the_python_of_amazon_linux_without_other_packages() -> None:
    tree = ast.parse(PROGRAM.read_text(), feature_version=(3, 9))
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else alias.name).partition(".")[0]  # type: ignore[union-attr]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    assert imported
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize("method", [m for m in METHODS if m != "HEAD"])
def test_an_answer_names_the_target_and_the_method(port: int, method: str) -> None:
    answer = echoed(port, method)
    assert (answer["service"], answer["method"]) == ("blue", method)


def test_the_path_is_echoed_as_it_was_sent() -> None:
    with running() as port:
        assert echoed(port, "GET", "//a%2Fb/c%20d?x=1")["path"] == "//a%2Fb/c%20d"


def test_query_values_are_decoded_and_repeats_are_kept(port: int) -> None:
    answer = echoed(port, "GET", "/?a=1&a=%C3%BC+x&empty=")
    assert answer["query"] == {"a": ["1", "ü x"], "empty": [""]}


def test_headers_are_echoed_in_lower_case(port: int) -> None:
    assert echoed(port, headers=(("X-Nonce", "n1"),))["headers"]["x-nonce"] == ["n1"]


def test_a_binary_body_is_echoed_whole(port: int) -> None:
    sent = bytes(range(256))
    body = echoed(port, "POST", body=sent)["body"]
    assert (base64.b64decode(body["base64"]), body["length"]) == (sent, 256)


def test_a_body_in_chunks_is_echoed_whole(port: int) -> None:
    chunks = b"3;why=not\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-Trailer: t\r\n\r\n"
    head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    answer = json.loads(raw(port, head + chunks).partition(b"\r\n\r\n")[2])
    assert base64.b64decode(answer["body"]["base64"]) == b"abc0123456789abcdef"


def test_an_answer_to_head_has_headers_and_no_body(port: int) -> None:
    answer = raw(port, b"HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Length: " in head
    assert body == b""


def test_a_connection_is_used_for_several_requests(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        ports = set()
        for _ in range(3):
            connection.request("POST", "/", b"x")
            connection.getresponse().read()
            ports.add(connection.sock.getsockname()[1])
    assert len(ports) == 1


def test_an_expectation_without_a_body_does_not_affect_the_next_request(port: int) -> None:
    first = b"GET /1 HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"
    second = b"POST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    assert raw(port, first + second).count(b"HTTP/1.1 ") == 2


def test_an_idle_connection_is_kept_longer_than_by_the_load_balancer() -> None:
    assert IDLE_SECONDS > 350


def post(port: int, headers: str, body: str = "") -> bytes:
    return raw(port, f"POST / HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n{body}".encode())


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: +5", "abcde"),
        ("Content-Length: 1_0", "abcdefghij"),
        ("Content-Length: -1", ""),
        ("Content-Length: five", "abcde"),
        ("Content-Length: 5\r\nContent-Length: 5", "abcde"),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: gzip", ""),
        ("Transfer-Encoding: chunked", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "3\r\nabcdef\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "zz\r\n"),
        ("Content-Length: 9", "abc"),
    ],
)
def test_a_body_of_ambiguous_or_malformed_length_is_rejected(
    port: int, headers: str, body: str
) -> None:
    answer = post(port, headers, body)
    assert status(answer) == 400
    assert b"Connection: close" in answer


def test_a_body_above_the_gateways_limit_is_rejected(port: int) -> None:
    assert status(post(port, f"Content-Length: {MAX_BODY + 1}")) == 413
    assert status(post(port, "Transfer-Encoding: chunked", f"{MAX_BODY + 1:x}\r\n")) == 413


def test_a_body_that_will_be_rejected_is_not_requested(port: int) -> None:
    expecting = "Expect: 100-continue\r\nContent-Length: "
    assert status(post(port, f"{expecting}0")) == 100
    assert status(post(port, f"{expecting}{MAX_BODY + 1}")) == 413


def test_a_body_at_the_gateways_limit_is_accepted(port: int) -> None:
    assert echoed(port, "POST", body=bytes(MAX_BODY))["body"]["length"] == MAX_BODY


@pytest.mark.parametrize(("method", "length"), [("GET", True), ("HEAD", False)])
def test_the_health_path_answers_200(method: str, length: bool) -> None:
    with running(SERVICE_HEALTH_PATH="/up") as port:
        answer = ask(port, method, "/up")
    assert answer.status == 200
    assert (b'"ok"' in answer.body) is length


def test_no_origin_is_allowed_unless_one_is_set(port: int) -> None:
    with running(SERVICE_ALLOW_ORIGIN="*") as allowing:
        assert ask(allowing).header("Access-Control-Allow-Origin") == "*"
    assert ask(port).header("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize(("origin", "vary"), [("*", None), ("https://a.example", "Origin")])
def test_an_allowed_origin_is_in_every_answer(origin: str, vary: str | None) -> None:
    with running(SERVICE_ALLOW_ORIGIN=origin) as port:
        for request in (("GET", "/"), ("GET", "/health"), ("OPTIONS", "/x")):
            answer = ask(port, *request)
            assert answer.header("Access-Control-Allow-Origin") == origin
            assert answer.header("Vary") == vary


def test_an_error_allows_the_origin_too() -> None:
    with running(SERVICE_ALLOW_ORIGIN="*") as port:
        answer = post(port, "Content-Length: no")
    assert status(answer) == 400
    assert b"Access-Control-Allow-Origin: *" in answer


def test_a_log_line_contains_neither_query_nor_headers(
    port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    echoed(port, "GET", "/a%0Ab?token=hush", headers=(("Authorization", "hush"),))
    line = capsys.readouterr().err
    assert line.startswith("GET /a%0Ab 200 ")
    assert "hush" not in line


def test_a_path_cannot_forge_a_log_line(port: int, capsys: pytest.CaptureFixture[str]) -> None:
    raw(port, b"GET /a\x1b[2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    line = capsys.readouterr().err
    assert "GET /a\\x1b[2J 200 " in line
    assert "\x1b" not in line


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    openssl = shutil.which("openssl")
    if not openssl:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    made, key = str(folder / "certificate.pem"), str(folder / "key.pem")
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made]
    subprocess.run([*command, *names], check=True, capture_output=True)
    return made, key


@pytest.fixture
def tls_port(certificate: tuple[str, str]) -> Iterator[int]:
    with running(SERVICE_CERTIFICATE=certificate[0], SERVICE_KEY=certificate[1]) as port:
        yield port


def ask_by_tls(port: int, certificate: tuple[str, str]) -> str | None:
    """Ask for the health, and return the version of TLS."""
    context = ssl.create_default_context(cafile=certificate[0])
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    with contextlib.closing(connection):
        connection.request("GET", "/health")
        assert connection.getresponse().status == 200
        version: str | None = connection.sock.version()
        return version


def test_with_a_certificate_it_uses_tls(tls_port: int, certificate: tuple[str, str]) -> None:
    assert ask_by_tls(tls_port, certificate) in ("TLSv1.2", "TLSv1.3")


def test_a_silent_client_does_not_block_another_one(
    tls_port: int, certificate: tuple[str, str]
) -> None:
    with socket.create_connection(("127.0.0.1", tls_port)):
        assert ask_by_tls(tls_port, certificate)


def test_a_client_without_tls_causes_one_log_line(
    tls_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with contextlib.suppress(OSError):
        raw(tls_port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    line = capsys.readouterr().err
    assert line.count("\n") == 1
    assert "connection lost: SSLError" in line


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"SERVICE_PORT": "0"}, "SERVICE_PORT must be a number from 1 to 65535, not '0'"),
        ({"SERVICE_PORT": "65536"}, "not '65536'"),
        ({"SERVICE_PORT": "http"}, "not 'http'"),
        ({"SERVICE_PORT": ""}, "not ''"),
        ({"SERVICE_PORT": "٨٠"}, "not '٨٠'"),
        ({"SERVICE_CERTIFICATE": "a.pem"}, "SERVICE_CERTIFICATE and SERVICE_KEY must be set"),
        ({"SERVICE_KEY": "a.pem"}, "SERVICE_CERTIFICATE and SERVICE_KEY must be set"),
        ({"SERVICE_CERTIFICATE": "/no/c", "SERVICE_KEY": "/no/k"}, "/no/c and /no/k are not a"),
    ],
)
def test_a_bad_setting_is_rejected_by_its_name(settings: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Service(settings)


def started(**settings: str) -> "subprocess.Popen[str]":
    environ = {**os.environ, "SERVICE_ADDRESS": "127.0.0.1", **settings}
    return subprocess.Popen(
        [sys.executable, "-u", PROGRAM], env=environ, stderr=subprocess.PIPE, text=True
    )


def ended(**settings: str) -> tuple[int, str]:
    with started(**settings) as process:
        _, output = process.communicate(timeout=10)
    return process.returncode, output


def test_a_bad_setting_ends_the_program_with_one_line() -> None:
    code, output = ended(SERVICE_PORT="eighty")
    assert (code, output.count("\n")) == (2, 1)
    assert output.startswith("not started: SERVICE_PORT must be")


def test_a_busy_port_ends_the_program_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        code, output = ended(SERVICE_PORT=str(other.getsockname()[1]))
    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith("not started: cannot listen on SERVICE_ADDRESS and SERVICE_PORT: ")


def test_sigterm_lets_a_request_finish_and_does_not_wait_for_idle_connections() -> None:
    port = free_port()
    with started(SERVICE_PORT=str(port)) as process:
        assert process.stderr
        assert process.stderr.readline() == f"service listens on port {port}\n"
        with (
            socket.create_connection(("127.0.0.1", port), timeout=10) as idle,
            socket.create_connection(("127.0.0.1", port), timeout=10) as busy,
        ):
            idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(65536)
            # The request for the body shows that the request is being answered.
            expect = b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"
            busy.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + expect)
            assert b"100 Continue" in busy.recv(65536)
            process.send_signal(signal.SIGTERM)
            while accepts(port):
                pass
            busy.sendall(b"abc")
            answer = b"".join(iter(lambda: busy.recv(65536), b""))
            assert b"200 OK" in answer
            assert b"Connection: close" in answer
            assert process.wait(timeout=10) == 0  # while the idle connection is open
