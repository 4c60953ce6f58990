"""The services behind the targets: a child process for each, behind a proxy.

The proxy reports what reaches a service, whatever the service responds.
"""

import contextlib
import os
import ssl
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from operations.gateway.child import LOOPBACK, Server, accepts, python_child, server
from operations.gateway.emulator import Emulator
from operations.gateway.expectations import Delivery
from operations.gateway.proxy import Request, Response, Upstream, forward, proxy

SERVICE = Path(__file__).parents[2] / "service" / "app.py"


class ServiceSettings(NamedTuple):
    """What the service of a target is started with; other settings need another process."""

    target: str
    is_https: bool
    allow_origin: str


class _Running(NamedTuple):
    address: str
    """Host and port of the proxy."""
    resources: contextlib.ExitStack


class TargetServices:
    """The services that run; `report` is called with every delivery, by many threads."""

    def __init__(
        self, emulator: Emulator, report: Callable[[Delivery], None], program: Path = SERVICE
    ) -> None:
        self._emulator, self._report, self._program = emulator, report, program
        self._running: dict[ServiceSettings, _Running] = {}

    @property
    def targets(self) -> list[str]:
        """Names of the targets whose services run."""
        return sorted(settings.target for settings in self._running)

    def address(self, settings: ServiceSettings) -> str:
        """Host and port of a target; its service is started if it does not run yet."""
        if settings not in self._running:
            with contextlib.ExitStack() as resources:
                port = self._start(settings, resources)
                self._running[settings] = _Running(f"{LOOPBACK}:{port}", resources.pop_all())
        return self._running[settings].address

    def stop_all_but(self, kept: Iterable[ServiceSettings]) -> None:
        """Stop the services that are not needed any more."""
        with contextlib.ExitStack() as stopping:
            for settings in set(self._running) - set(kept):
                stopping.push(self._running.pop(settings).resources)

    def _start(self, settings: ServiceSettings, resources: contextlib.ExitStack) -> int:
        """Run the service, and a proxy in front of it, whose port is returned."""
        environ = {
            **os.environ,
            "SERVICE_NAME": settings.target,
            "SERVICE_ADDRESS": LOOPBACK,
            "SERVICE_ALLOW_ORIGIN": settings.allow_origin,
        }
        server_tls = client_tls = None
        if settings.is_https:
            made = self._emulator.make_certificate()
            environ |= {"SERVICE_CERTIFICATE": str(made.chain), "SERVICE_KEY": str(made.key)}
            server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server_tls.load_cert_chain(made.chain, made.key)
            client_tls = ssl.create_default_context(cafile=str(made.authority))
        service = resources.enter_context(self._service(settings.target, environ))
        upstream = Upstream(service.port, tls=client_tls)

        def handle(request: Request) -> Response:
            response = forward(request, upstream)
            # Before it is sent: whoever has the response can rely on the report.
            self._report(Delivery(settings.target, request, response))
            return response

        return resources.enter_context(proxy(handle, server_tls))

    def _service(
        self, target: str, environ: Mapping[str, str]
    ) -> contextlib.AbstractContextManager[Server]:
        return server(
            f"the service of {target} ({self._program})",
            lambda port, output: python_child(
                Path(sys.executable),
                str(self._program),
                environ={**environ, "SERVICE_PORT": str(port)},
                directory=self._program.parent,
                output=output,
                grace=1,
            ),
            lambda port: accepts(port) or None,
            self._emulator.directory / f"service-{target}.log",
        )
