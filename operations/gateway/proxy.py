"""An HTTP relay on loopback that tells what passes through it."""

import contextlib
import http.client
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from operations.gateway.child import LOOPBACK

Headers = tuple[tuple[str, str], ...]
METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
"""What API Gateway means by ANY."""
TRACE_HEADER = "X-Amzn-Trace-Id"
"""Added to what has none, and carried through the gateway to the service, as on AWS.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""
_HOP_BY_HOP = frozenset(
    [
        *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    ]
)
_UPSTREAM_SECONDS = 330.0  # longer than any integration waits


@dataclass(frozen=True)
class Request:
    """A request as it arrived; `target` is path and query, still encoded."""

    method: str
    target: str
    headers: Headers
    body: bytes = b""

    @property
    def path(self) -> str:
        """The path, still encoded."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query, still encoded."""
        return self.target.partition("?")[2]

    def header(self, name: str) -> str | None:
        """The values of a header joined by commas, or None."""
        return _header(self.headers, name)


@dataclass(frozen=True)
class Answer:
    """An answer as it passed back."""

    status: int
    headers: Headers
    body: bytes

    def header(self, name: str) -> str | None:
        """The values of a header joined by commas, or None."""
        return _header(self.headers, name)


@dataclass(frozen=True)
class Upstream:
    """Where a request goes on to; `host` replaces its Host header, `tls` speaks https."""

    port: int
    host: str | None = None
    tls: ssl.SSLContext | None = None


Route = Callable[[Request], Upstream | Answer]
"""Says where a request goes, or answers it right here."""
Observer = Callable[[Request, Answer, float], None]
"""Told of every request, its answer, and the milliseconds between; called by many threads."""


def trace() -> str:
    """A new value for the trace header."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"


def trace_root(request: Request) -> str:
    """What is the same in the trace headers of one request on all its ways."""
    found = re.search(r"Root=([^;]+)", request.header(TRACE_HEADER) or "")
    return found[1] if found else ""


def refusal(status: HTTPStatus, message: str) -> Answer:
    """An answer of the relay's own."""
    body = f'{{"message": "{message}"}}\n'.encode()
    return Answer(int(status), (("Content-Type", "application/json"),), body)


@contextlib.contextmanager
def relay(route: Route, observe: Observer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """Relay on a port of the system's choice, which is the context's value."""
    server = _Relay(route, observe, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Relay(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, route: Route, observe: Observer, tls: ssl.SSLContext | None) -> None:
        self.route, self.observe = route, observe
        super().__init__((LOOPBACK, 0), _Handler)
        if tls:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def server_bind(self) -> None:
        # Not the base class's, which asks the name service what this machine is called.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True
    server: _Relay

    def _relay(self) -> None:
        started = time.monotonic()
        # The request line, because the base class joins slashes at the start of the path.
        target = self.requestline.split()[1]
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(refusal(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length"))
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = tuple(self.headers.items())
        if TRACE_HEADER not in self.headers:
            headers += ((TRACE_HEADER, trace()),)
        request = Request(self.command, target, headers, body)
        chosen = self.server.route(request)
        answer = forward(request, chosen) if isinstance(chosen, Upstream) else chosen
        # Told first, so that whoever has the answer can count on the record of it.
        self.server.observe(request, answer, (time.monotonic() - started) * 1000)
        self._send(answer)

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _relay  # noqa: N815

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.headers:
            if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length":
                self.send_header(name, value)
        has_body = answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if self.command == "HEAD":
            length = _header(answer.headers, "content-length")
            if length is not None:
                self.send_header("Content-Length", length)
        elif has_body:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and has_body:
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """The observer is told instead."""


def forward(request: Request, upstream: Upstream) -> Answer:
    """Send a request on and return the answer, or a 502 if there is none."""
    connection = (
        http.client.HTTPSConnection(
            LOOPBACK, upstream.port, timeout=_UPSTREAM_SECONDS, context=upstream.tls
        )
        if upstream.tls
        else http.client.HTTPConnection(LOOPBACK, upstream.port, timeout=_UPSTREAM_SECONDS)
    )
    with contextlib.closing(connection):
        try:
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            own = request.header("Host") or f"{LOOPBACK}:{upstream.port}"
            connection.putheader("Host", upstream.host or own)
            for name, value in request.headers:
                if name.lower() not in (*_HOP_BY_HOP, "host", "content-length"):
                    connection.putheader(name, value)
            if request.body or request.header("Content-Length"):
                connection.putheader("Content-Length", str(len(request.body)))
            connection.putheader("Connection", "close")
            connection.endheaders(request.body or None)
            answer = connection.getresponse()
            return Answer(answer.status, tuple(answer.getheaders()), answer.read())
        except (OSError, http.client.HTTPException) as error:
            return refusal(HTTPStatus.BAD_GATEWAY, f"nothing answers here: {type(error).__name__}")


def _header(headers: Headers, name: str) -> str | None:
    values = [value for key, value in headers if key.lower() == name.lower()]
    return ", ".join(values) if values else None
