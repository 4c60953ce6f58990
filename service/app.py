"""Sample private service: answers every request with what it received, as JSON.

It stands for your own service and is meant to be replaced by it. What the instances, the load
balancer and `python -m operations serve` count on is only this: it listens on SERVICE_ADDRESS and
SERVICE_PORT, answers GET SERVICE_HEALTH_PATH with 200, and speaks TLS when given a certificate.

Environment:
  SERVICE_NAME          name in every answer, here the target's (default: service)
  SERVICE_PORT          1 to 65535 (default: 8080)
  SERVICE_ADDRESS       address to listen on (default: 0.0.0.0)
  SERVICE_HEALTH_PATH   path of the health check (default: /health)
  SERVICE_ALLOW_ORIGIN  optional; Access-Control-Allow-Origin of every answer
  SERVICE_CERTIFICATE   optional, with SERVICE_KEY: paths of PEM files; the service then speaks TLS

An answer: {"service", "method", "path" (as received, still encoded), "query" (name -> values),
"headers" (lower-case name -> values), "body": {"base64", "length"}}.

Only the standard library of Python 3.9 is used: that is what Amazon Linux 2023 ships.
"""

import base64
import json
import os
import re
import signal
import ssl
import sys
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

MAX_PORT = 65535
MAX_BODY = 10 * 1024 * 1024  # bytes; API Gateway passes no more in one request
# Whoever opens a connection should close it: API Gateway keeps one for up to 310 s, the load
# balancer forgets it after 350 s. Closing earlier would lose a request that is on its way.
IDLE_SECONDS = 360
DRAIN_SECONDS = 300  # the longest that API Gateway waits for an answer
DIGITS = {10: "[0-9]", 16: "[0-9A-Fa-f]"}


class RequestError(Exception):
    """A request that is answered with an error status, after which its connection is closed."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Handler(BaseHTTPRequestHandler):
    """Echoes one request after the other on a kept-alive connection."""

    protocol_version = "HTTP/1.1"
    server_version = "service"
    sys_version = ""
    timeout = IDLE_SECONDS
    # Headers and body leave in two writes; without this the second waits for the client's ACK.
    disable_nagle_algorithm = True
    waits = False
    server: "Service"

    def answer(self) -> None:
        """Read the request whole, then send the echo, the health answer or the refusal."""
        started = time.monotonic()
        with self.server.in_flight:
            content: dict[str, object]
            path, _, query = self.requestline.split()[1].partition("?")
            try:
                body = self.read_body()
            except RequestError as error:
                self.close_connection = True
                status, content = error.status, {"error": str(error)}
            else:
                status, content = HTTPStatus.OK, self.echo(path, query, body)
            self.waits = False  # where there was no body to ask for
            took = (time.monotonic() - started) * 1000
            # repr() escapes control characters, so that a path cannot forge a line of its own.
            log(f"{self.command} {repr(path)[1:-1]} {int(status)} {took:.0f} ms")
            self.send(status, json.dumps(content, indent=2).encode() + b"\n")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer  # noqa: N815

    def handle_expect_100(self) -> bool:
        """Put off "100 Continue" until it is known whether the body will be read."""
        self.waits = True
        return True

    def go_on(self) -> None:
        """Tell a client that waits with its body to send it."""
        if self.waits:
            self.waits = False
            self.send_response_only(HTTPStatus.CONTINUE)
            self.end_headers()

    def echo(self, path: str, query: str, body: bytes) -> dict[str, object]:
        """Describe the request, or the service's health."""
        if path == self.server.health_path and self.command in ("GET", "HEAD"):
            return {"service": self.server.name, "status": "ok"}
        headers = {name.lower(): self.headers.get_all(name) for name in self.headers}
        return {
            "service": self.server.name,
            "method": self.command,
            "path": path,
            "query": parse_qs(query, keep_blank_values=True),
            "headers": headers,
            "body": {"base64": base64.b64encode(body).decode(), "length": len(body)},
        }

    def read_body(self) -> bytes:
        """Return the body, whole or in chunks; raise RequestError if its length is malformed."""
        lengths = self.headers.get_all("Content-Length", [])
        if "Transfer-Encoding" in self.headers:
            if lengths or self.headers["Transfer-Encoding"].strip().lower() != "chunked":
                raise RequestError(HTTPStatus.BAD_REQUEST, "the length of the body is ambiguous")
            return self.read_chunks()
        if not lengths:
            return b""
        if len(lengths) > 1:
            raise RequestError(HTTPStatus.BAD_REQUEST, "the length of the body is ambiguous")
        return self.read_exactly(self.size(lengths[0], 10), 0)

    def read_chunks(self) -> bytes:
        """Return a chunked body; its trailers are read and dropped."""
        body = b""
        self.go_on()
        while True:
            line = self.rfile.readline(1024).decode("latin-1").partition(";")[0]
            chunk = self.read_exactly(self.size(line.strip(), 16), len(body))
            if not chunk:
                break
            body += chunk
            if self.rfile.readline(1024).strip():
                raise RequestError(HTTPStatus.BAD_REQUEST, "the length of the body is malformed")
        while self.rfile.readline(65536).strip():
            pass
        return body

    def size(self, text: str, base: int) -> int:
        """Parse a length; only digits make one (int() would take "+5", "1_0" and "0x5", too)."""
        if not re.fullmatch(DIGITS[base] + "{1,16}", text):
            raise RequestError(HTTPStatus.BAD_REQUEST, "the length of the body is malformed")
        return int(text, base)

    def read_exactly(self, size: int, already: int) -> bytes:
        """Return the next `size` bytes of a body of which `already` bytes were read."""
        if already + size > MAX_BODY:
            raise RequestError(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {MAX_BODY} bytes"
            )
        self.go_on()
        data = self.rfile.read(size)
        if len(data) < size:
            raise RequestError(HTTPStatus.BAD_REQUEST, "the body is shorter than announced")
        return data

    def send(self, status: HTTPStatus, content: bytes) -> None:
        """Send a JSON answer; to HEAD only its headers."""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if self.server.allow_origin:
            self.send_header("Access-Control-Allow-Origin", self.server.allow_origin)
            if self.server.allow_origin != "*":
                self.send_header("Vary", "Origin")
        if self.close_connection or self.server.stopping:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Drop the base class's own lines: answer() writes one a request."""


class InFlight:
    """Counts the requests being answered, so that stopping can wait for them."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = threading.Condition()

    def __enter__(self) -> None:
        with self.changed:
            self.count += 1

    def __exit__(self, *_: object) -> None:
        with self.changed:
            self.count -= 1
            self.changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Return when nothing is being answered, or after `seconds`."""
        with self.changed:
            self.changed.wait_for(lambda: self.count == 0, seconds)


class Service(ThreadingHTTPServer):
    """The HTTP server; raises ValueError for a bad setting, OSError for a busy port."""

    daemon_threads = True
    block_on_close = False  # an idle connection would hold up the end for IDLE_SECONDS
    request_queue_size = 128

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.name = environ.get("SERVICE_NAME", "service")
        self.health_path = environ.get("SERVICE_HEALTH_PATH", "/health")
        self.allow_origin = environ.get("SERVICE_ALLOW_ORIGIN", "")
        self.in_flight = InFlight()
        self.stopping = False
        context = tls(environ.get("SERVICE_CERTIFICATE", ""), environ.get("SERVICE_KEY", ""))
        address = environ.get("SERVICE_ADDRESS", "0.0.0.0")  # noqa: S104
        super().__init__((address, port(environ.get("SERVICE_PORT", "8080"))), Handler)
        if context:
            # The handshake happens at the first read, in the connection's own thread: a client
            # that says nothing must not keep the others from being accepted.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def stop(self, *_: object) -> None:
        """Take no more connections. A signal handler, so it only starts the work."""
        self.stopping = True
        threading.Thread(target=self.shutdown).start()

    def handle_error(self, *_: object) -> None:
        """Say in one line what broke a connection (a lost client, a failed handshake)."""
        log(f"connection lost: {sys.exc_info()[1]!r}")


def port(text: str) -> int:
    """Parse SERVICE_PORT."""
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_PORT:
        raise ValueError(f"SERVICE_PORT must be a number from 1 to {MAX_PORT}, not {text!r}")
    return int(text)


def tls(certificate: str, key: str) -> "ssl.SSLContext | None":
    """Return a context for TLS 1.2 or newer, or None when neither path is given."""
    if not certificate and not key:
        return None
    if not certificate or not key:
        raise ValueError("SERVICE_CERTIFICATE and SERVICE_KEY must be set together")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:
        raise ValueError(
            f"{certificate} and {key} are not a certificate and its key: {error}"
        ) from error
    return context


def log(line: str) -> None:
    """Write one line to standard error; journald adds the time."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Serve until SIGTERM or SIGINT, then finish what is being answered."""
    try:
        service = Service(os.environ)
    except ValueError as error:
        log(f"not started: {error}")
        return 2
    except OSError as error:
        log(f"not started: cannot listen on SERVICE_ADDRESS and SERVICE_PORT: {error}")
        return 1
    signal.signal(signal.SIGTERM, service.stop)
    signal.signal(signal.SIGINT, service.stop)
    log(f"{service.name} listens on port {service.server_port}")
    service.serve_forever(poll_interval=0.1)
    service.server_close()
    service.in_flight.wait(DRAIN_SECONDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
