"""The service behind a target, behind a proxy, which sees what reaches it."""

import contextlib
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from operations.gateway.answers import Answer
from operations.gateway.child import LOOPBACK, accepts, python_child, server
from operations.gateway.emulator import Certificate, Emulator
from operations.gateway.expectations import Delivery
from operations.gateway.proxy import Headers, Request, Response, Upstream, forward, proxy
from operations.gateway.services import Command, Running, Service
from operations.gateway.supervised import HOST, supervised

_HEALTHY = range(200, 400)
_ALLOW_ORIGIN = "Access-Control-Allow-Origin"


class ServiceSettings(NamedTuple):
    """What the service of a target is started with; other settings need another process."""

    target: str
    is_https: bool
    """Whether it is called with TLS."""
    ends_tls: bool
    """Whether its load balancer ends that, so that the service gets HTTP."""
    host: str
    """What the service sees as `Host`; empty is any name."""
    allow_origin: str
    service: Service | None
    """The user's own; None is the sample service."""
    health_path: str
    """Of the user's own service; empty for the sample service and without a health check."""
    revision: str
    """Changes with the sample service's source; empty for the user's own."""


class Behavior(NamedTuple):
    """How a target treats one request, in place of passing it to its service."""

    status: int | None = None
    """It responds with this status; None is the service's response."""
    milliseconds: float | None = None
    """It takes this long, as far as anybody is told: nobody waits."""

    def response(self, allow_origin: str) -> Response:
        """The response with the status."""
        headers: Headers = (("Content-Type", "application/json"),)
        if allow_origin:
            headers += ((_ALLOW_ORIGIN, allow_origin),)
        return Response(self.status or 200, headers, b'{"made": "by the check"}')


SERVICES_OWN = Behavior()
"""The request is passed to the service."""


@contextlib.contextmanager
def target_service(
    settings: ServiceSettings,
    emulator: Emulator,
    report: Callable[[Delivery], None],
    tell: Callable[[str], None],
    program: Path,
    *,
    answer: Callable[[Request], Answer | None],
    behavior: Callable[[Request], Behavior],
) -> Iterator[str]:
    """Run the service of a target until the end of the block; yields the proxy's host and port.

    `report` is called with every delivery, by many threads, and `tell` with every line that the
    user's own service prints. `program` is the sample service; what `answer` returns for a request
    is its response. What `behavior` returns comes first.
    """
    made = emulator.make_certificate() if settings.is_https else None
    server_tls = None
    if made:
        server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server_tls.load_cert_chain(made.chain, made.key)
    passed_on = None if settings.ends_tls else made
    with _upstream(settings, emulator, passed_on, tell, program) as upstream:
        _report_health(settings, upstream, tell)

        def handle(request: Request) -> Response:
            started, chosen = time.monotonic(), behavior(request)
            if chosen.status:
                response = chosen.response(settings.allow_origin)
            else:
                response = forward(request, upstream)
                if settings.service is None and (described := answer(request)):
                    response = described.of(request, response)
            took = (time.monotonic() - started) * 1000
            milliseconds = took if chosen.milliseconds is None else chosen.milliseconds
            # Reported before it is sent: a client that has the response can rely on the report.
            report(Delivery(settings.target, request, response, milliseconds))
            return response

        with proxy(handle, server_tls) as port:
            yield f"{LOOPBACK}:{port}"


def _report_health(
    settings: ServiceSettings, upstream: Upstream, tell: Callable[[str], None]
) -> None:
    """Tell that the load balancer would send nothing to the user's own service."""
    path = settings.health_path
    if settings.service and path and accepts(upstream.port, upstream.address):
        status = forward(Request("GET", path, ()), upstream).status
        if status not in _HEALTHY:
            tell(f"GET {path} returns {status}: on AWS, it would be unhealthy and get no requests")


@contextlib.contextmanager
def _upstream(
    settings: ServiceSettings,
    emulator: Emulator,
    made: Certificate | None,
    tell: Callable[[str], None],
    program: Path,
) -> Iterator[Upstream]:
    """Where the service is, which is started if it has to be."""
    environ = _environ(settings)
    match settings.service:
        case Running() as running:
            if not accepts(running.port, running.host):
                tell(f"nothing listens at {running} yet")
            tls = _client_tls(running) if running.scheme == "https" else None
            yield Upstream(running.port, running.authority, tls, running.host)
        case Command() as command:
            with supervised(command, environ, tell) as port:
                yield Upstream(port, settings.host or f"{HOST}:{port}", address=HOST)
        case None:
            tls = None
            if made:
                environ |= {"SERVICE_CERTIFICATE": str(made.chain), "SERVICE_KEY": str(made.key)}
                tls = ssl.create_default_context(cafile=str(made.authority))
            with server(
                f"the service of {settings.target} ({program})",
                lambda port, output: python_child(
                    Path(sys.executable),
                    str(program),
                    environ={**environ, "SERVICE_PORT": str(port)},
                    directory=program.parent,
                    output=output,
                    grace=1,
                ),
                lambda port: accepts(port) or None,
                emulator.directory / f"service-{settings.target}.log",
            ) as running_sample:
                yield Upstream(running_sample.port, settings.host or None, tls=tls)


def _environ(settings: ServiceSettings) -> dict[str, str]:
    return {
        **os.environ,
        "SERVICE_NAME": settings.target,
        "SERVICE_ADDRESS": LOOPBACK,
        "SERVICE_ALLOW_ORIGIN": settings.allow_origin,
        **({"SERVICE_HEALTH_PATH": settings.health_path} if settings.health_path else {}),
    }


def _client_tls(running: Running) -> ssl.SSLContext:
    """Certificates are verified, except those of this machine, which nobody signs."""
    tls = ssl.create_default_context()
    if running.host in (LOOPBACK, "::1", "localhost"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return tls
