"""The service behind a target: a child process behind a proxy, which sees what reaches it."""

import contextlib
import os
import ssl
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from operations.gateway.answers import Answer
from operations.gateway.child import LOOPBACK, accepts, python_child, server
from operations.gateway.emulator import Emulator
from operations.gateway.expectations import Delivery
from operations.gateway.proxy import Request, Response, Upstream, forward, proxy

SERVICE = Path(__file__).parents[2] / "service" / "app.py"


class ServiceSettings(NamedTuple):
    """What the service of a target is started with; other settings need another process."""

    target: str
    is_https: bool
    allow_origin: str


@contextlib.contextmanager
def target_service(
    settings: ServiceSettings,
    emulator: Emulator,
    report: Callable[[Delivery], None],
    answer: Callable[[Request], Answer | None] = lambda _: None,
    program: Path = SERVICE,
) -> Iterator[str]:
    """Run the service of a target until the end of the block; yields the proxy's host and port.

    `report` is called with every delivery, by many threads. What `answer` returns for a request is
    the response, in place of that of the service.
    """
    environ = {
        **os.environ,
        "SERVICE_NAME": settings.target,
        "SERVICE_ADDRESS": LOOPBACK,
        "SERVICE_ALLOW_ORIGIN": settings.allow_origin,
    }
    server_tls = client_tls = None
    if settings.is_https:
        made = emulator.make_certificate()
        environ |= {"SERVICE_CERTIFICATE": str(made.chain), "SERVICE_KEY": str(made.key)}
        server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server_tls.load_cert_chain(made.chain, made.key)
        client_tls = ssl.create_default_context(cafile=str(made.authority))
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
    ) as running:
        upstream = Upstream(running.port, tls=client_tls)

        def handle(request: Request) -> Response:
            response = forward(request, upstream)
            if described := answer(request):
                response = described.of(request, response)
            # Reported before it is sent: a client that has the response can rely on the report.
            report(Delivery(settings.target, request, response))
            return response

        with proxy(handle, server_tls) as port:
            yield f"{LOOPBACK}:{port}"
