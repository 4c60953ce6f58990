"""HTTP on loopback, message by message: a server for a proxy, and the request that it forwards."""

import contextlib
import http.client
import json
import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

from operations.gateway.child import LOOPBACK

Headers = tuple[tuple[str, str], ...]
TRACE_HEADER = "X-Amzn-Trace-Id"
"""Identifies a request on its way through the gateway to the service, as on AWS.

Source: https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
"""
_HOP_BY_HOP = frozenset(
    [
        *("connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization"),
        *("proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
    ]
)
_UPSTREAM_SECONDS = 330.0  # longer than the longest timeout of an integration


class _Message:
    headers: Headers

    def header(self, name: str) -> str | None:
        """The values of a header joined by commas, or None."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None


@dataclass(frozen=True)
class Request(_Message):
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


@dataclass(frozen=True)
class Response(_Message):
    """A response as it came back."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Upstream:
    """Where a request is forwarded to; `host` replaces its Host header, `tls` means HTTPS."""

    port: int
    host: str | None = None
    tls: ssl.SSLContext | None = None
    address: str = LOOPBACK


Handle = Callable[[Request], Response]
"""Returns the response to a request; called by many threads."""


def traced(request: Request) -> Request:
    """The request with a trace header, a new one if it has none."""
    if request.header(TRACE_HEADER):
        return request
    trace = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return replace(request, headers=(*request.headers, (TRACE_HEADER, trace)))


def trace_id(request: Request) -> str:
    """The part of the trace header that stays the same on the way to the service."""
    found = re.search(r"Root=([^;]+)", request.header(TRACE_HEADER) or "")
    return found[1] if found else ""


def error_response(status: HTTPStatus, message: str) -> Response:
    """An error of the proxy itself."""
    body = json.dumps({"message": message}).encode() + b"\n"
    return Response(int(status), (("Content-Type", "application/json"),), body)


@contextlib.contextmanager
def proxy(handle: Handle, tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[int]:
    """Serve HTTP on a port, which is the context's value, until the end of the block.

    With 0 it is a free one. OSError if another process listens on it.
    """
    server = _Proxy(handle, tls, port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, handle: Handle, tls: ssl.SSLContext | None, port: int) -> None:
        self.handle = handle
        super().__init__((LOOPBACK, port), _Handler)
        if tls:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def server_bind(self) -> None:
        # The base class's method would look up the name of this machine.
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = LOOPBACK, int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm: ClassVar[bool] = True
    server: _Proxy

    def _handle(self) -> None:
        # From the request line, because the base class joins slashes at the start of the path.
        target = self.requestline.split()[1]
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._send(error_response(HTTPStatus.LENGTH_REQUIRED, "send a Content-Length"))
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, target, tuple(self.headers.items()), body)
        self._send(self.server.handle(request))

    do_DELETE = do_GET = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = _handle  # noqa: N815

    def _send(self, response: Response) -> None:
        self.send_response_only(response.status)
        for name, value in response.headers:
            if name.lower() not in _HOP_BY_HOP and name.lower() != "content-length":
                self.send_header(name, value)
        has_body = response.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
        if self.command == "HEAD":
            length = response.header("Content-Length")
            if length is not None:
                self.send_header("Content-Length", length)
        elif has_body:
            self.send_header("Content-Length", str(len(response.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and has_body:
            self.wfile.write(response.body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: `handle` may."""


def forward(request: Request, upstream: Upstream) -> Response:
    """Send a request and return the response, or a 502 if there is none."""
    address, seconds = (upstream.address, upstream.port), _UPSTREAM_SECONDS
    connection = (
        http.client.HTTPSConnection(*address, timeout=seconds, context=upstream.tls)
        if upstream.tls
        else http.client.HTTPConnection(*address, timeout=seconds)
    )
    with contextlib.closing(connection):
        try:
            connection.putrequest(
                request.method, request.target, skip_host=True, skip_accept_encoding=True
            )
            host = upstream.host or request.header("Host") or f"{LOOPBACK}:{upstream.port}"
            connection.putheader("Host", host)
            for name, value in request.headers:
                if name.lower() not in (*_HOP_BY_HOP, "host", "content-length"):
                    connection.putheader(name, value)
            if request.body or request.header("Content-Length"):
                connection.putheader("Content-Length", str(len(request.body)))
            connection.putheader("Connection", "close")
            connection.endheaders(request.body or None)
            response = connection.getresponse()
            return Response(response.status, tuple(response.getheaders()), response.read())
        except (OSError, http.client.HTTPException) as error:
            message = f"port {upstream.port} gave no response: {type(error).__name__}"
            return error_response(HTTPStatus.BAD_GATEWAY, message)
