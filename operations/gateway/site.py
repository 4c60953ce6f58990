"""A published API on this machine: a service for every target, the gateway, one address in front.

A relay stands before every service, so that what arrives is known whatever the service says, and
another before the gateway, so that its address stays when a definition is imported anew.
"""

import contextlib
import json
import os
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple, Self

from openapi.compiler import HOST_VARIABLE
from operations.gateway.child import LOOPBACK, accepts, free_port, python_child
from operations.gateway.emulator import Canary, Gateway, GatewayError, LoadedApi, StageView
from operations.gateway.expectations import Arrival
from operations.gateway.proxy import Answer, Request, Upstream, forward, refusal, relay, trace_root
from operations.gateway.request_plan import Way, operations
from simulation.engine import Run

SERVICE = Path(__file__).parents[2] / "service" / "app.py"
_STARTS = 3
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Publication:
    """What a stack publishes: a definition, its stages, and the targets behind them."""

    document: str
    """OpenAPI 3.0, as JSON."""
    stages: Mapping[str, StageView]
    targets: Mapping[str, str]
    """Name of the target by its host, as it stands in the stages' variables."""
    backend_paths: Mapping[str, str] = field(default_factory=dict)
    """The configuration's own promise, see `operations.gateway.request_plan.plan`."""
    allow_origin: str = ""
    """The origin that the services allow to read their answers."""

    @classmethod
    def of(
        cls,
        run: Run,
        targets: Mapping[str, str],
        *,
        backend_paths: Mapping[str, str] | None = None,
        allow_origin: str = "",
    ) -> Self:
        """The publication of a program that was run at update."""
        stages = {}
        for stage in run.of_type("aws:apigateway/stage:Stage"):
            canary = None
            if settings := stage.inputs.get("canarySettings"):
                overrides = settings.get("stageVariableOverrides", {})
                canary = Canary(settings.get("percentTraffic", 0.0), overrides)
            stages[stage.inputs["stageName"]] = StageView(stage.inputs["variables"], canary)
        imported = run.one("aws:apigateway/restApiPut:RestApiPut")
        document = imported.inputs["body"]
        return cls(document, stages, targets, backend_paths or {}, allow_origin)

    @property
    def openapi(self) -> dict[str, Any]:
        """The document, parsed."""
        return json.loads(self.document)  # type: ignore[no-any-return]

    @property
    def is_https(self) -> bool:
        """Whether the definition calls its targets with TLS."""
        uris = [str(operation.integration.get("uri")) for operation in operations(self.openapi)]
        return any(uri.startswith("https:") for uri in uris)

    def target(self, variables: Mapping[str, str]) -> str:
        """The target that a stage's variables name; GatewayError if it is none of ours."""
        host = variables.get(HOST_VARIABLE, "")
        if host not in self.targets:
            known = ", ".join(self.targets) or "none"
            raise GatewayError(f"{HOST_VARIABLE} is {host!r}, which is no target's host ({known})")
        return self.targets[host]


@dataclass(frozen=True)
class Exchange:
    """One call from outside: the request, its answer, and what reached which target meanwhile."""

    at: datetime
    request: Request
    answer: Answer
    milliseconds: float
    arrivals: tuple[Arrival, ...]


class _Setup(NamedTuple):
    """What a target's service is started with; a change of it takes another service."""

    name: str
    is_https: bool
    allow_origin: str


@dataclass(frozen=True)
class _Target:
    address: str
    """Host and port of the relay before its service."""
    running: contextlib.ExitStack


@dataclass(frozen=True)
class _Shown:
    publication: Publication
    api: LoadedApi
    stages: Mapping[str, StageView]
    """The publication's, with addresses on this machine."""


class Site:
    """Everything that runs for a publication; `publish` again to change it while it runs."""

    def __init__(
        self, gateway: Gateway, observe: Callable[[Exchange], None], service: Path = SERVICE
    ) -> None:
        self._gateway, self._observe, self._service = gateway, observe, service
        self._resources = contextlib.ExitStack()
        self._targets: dict[_Setup, _Target] = {}
        self._current: _Shown | None = None
        self._lock = threading.Lock()
        self._arrivals: dict[str, list[Arrival]] = {}
        self._awaited: dict[str, Exchange | None] = {}

    def __enter__(self) -> Self:
        self._port = self._resources.enter_context(relay(self._route, self._passed))
        return self

    def __exit__(self, *_: object) -> None:
        with self._resources:
            for target in self._targets.values():
                self._resources.push(target.running)

    @property
    def publication(self) -> Publication:
        """What is published now."""
        return self._now().publication

    @property
    def running(self) -> list[str]:
        """Names of the targets whose services run."""
        return sorted(setup.name for setup in self._targets)

    @property
    def api(self) -> LoadedApi:
        """The emulated API that shows it."""
        return self._now().api

    def url(self, stage: str) -> str:
        """The invoke URL of a stage."""
        return f"http://{LOOPBACK}:{self._port}/{stage}"

    def publish(self, new: Publication) -> list[str]:
        """Make this machine show a publication, and return what that changed.

        Where only stages move to other targets, only their variables change, as on AWS: without
        a deployment. Otherwise the definition is imported and deployed anew. What fails raises
        GatewayError and leaves the last publication in place.
        """
        wanted = {_setup(name, new) for name in new.targets.values()}
        for setup in sorted(wanted - set(self._targets)):
            self._targets[setup] = self._start(setup)
        stages = {name: self._localized(view, new) for name, view in new.stages.items()}
        shown = self._current
        if shown and _is_moved_by_variables(shown, new, stages):
            api, changed = shown.api, []
            for name, view in stages.items():
                if view.variables != shown.stages[name].variables:
                    self._gateway.set_variables(api, name, view.variables)
                    was = shown.publication.target(shown.publication.stages[name].variables)
                    now = new.target(new.stages[name].variables)
                    changed.append(f"{name}: {was} -> {now}, by its variables alone")
        else:
            api = self._gateway.load(new.document, stages)
            changed = ["imported the definition and deployed it"]
        self._current = _Shown(new, api, stages)
        if shown and shown.api != api:
            self._gateway.remove(shown.api)
        for setup in set(self._targets) - wanted:
            self._targets.pop(setup).running.close()
        return changed

    def ways(self, stage: str) -> Iterator[tuple[str, Way]]:
        """Every way through a stage, by name; while one is at hand all calls take it.

        A canary is first given none of the calls and then all of them, and at the end its share.
        """
        shown = self._now()
        api, view = shown.api, shown.publication.stages[stage]
        if not view.canary:
            yield stage, self._way(view.variables)
            return
        try:
            self._gateway.set_canary_percent(api, stage, 0)
            yield stage, self._way(view.variables)
            self._gateway.set_canary_percent(api, stage, 100)
            yield f"{stage} (canary)", self._way({**view.variables, **view.canary.overrides})
        finally:
            self._gateway.set_canary_percent(api, stage, view.canary.percent)

    def call(self, stage: str, request: Request) -> Exchange:
        """Call a stage at its URL, and return what happened."""
        root = trace_root(request)
        with self._lock:
            self._awaited[root] = None
        sent = Request(request.method, f"/{stage}{request.target}", request.headers, request.body)
        forward(sent, Upstream(self._port))
        with self._lock:
            exchange = self._awaited.pop(root)
        if exchange is None:
            raise GatewayError(f"{request.method} {request.path} did not get to the gateway")
        return exchange

    def _now(self) -> _Shown:
        if not self._current:
            raise RuntimeError("nothing is published yet")
        return self._current

    def _way(self, variables: Mapping[str, str]) -> Way:
        shown = self._now()
        return Way(
            target=shown.publication.target(variables),
            variables=self._local_variables(variables, shown.publication),
            addresses=frozenset(target.address for target in self._targets.values()),
            api_key=shown.api.api_key,
        )

    def _local_variables(
        self, variables: Mapping[str, str], publication: Publication
    ) -> dict[str, str]:
        """Variables with the targets' addresses on this machine in place of their hosts."""
        hosts = {
            host: self._targets[_setup(name, publication)].address
            for host, name in publication.targets.items()
        }
        return {key: hosts.get(value, value) for key, value in variables.items()}

    def _localized(self, view: StageView, publication: Publication) -> StageView:
        publication.target(view.variables)  # refuses a host that is no target's
        canary = view.canary and Canary(
            view.canary.percent, self._local_variables(view.canary.overrides, publication)
        )
        return StageView(self._local_variables(view.variables, publication), canary)

    def _route(self, request: Request) -> Upstream | Answer:
        """As API Gateway, which finds the stage in the path."""
        stage = request.path.split("/")[1]
        shown = self._current
        if not shown or stage not in shown.stages:
            return refusal(HTTPStatus.FORBIDDEN, "Forbidden")
        return Upstream(self._gateway.port, host=shown.api.host)

    def _arrived(self, target: str, request: Request, answer: Answer) -> None:
        with self._lock:
            arrivals = self._arrivals.setdefault(trace_root(request), [])
            arrivals.append(Arrival(target, request, answer))

    def _passed(self, request: Request, answer: Answer, milliseconds: float) -> None:
        root = trace_root(request)
        with self._lock:
            arrivals = tuple(self._arrivals.pop(root, ()))
            now = datetime.now().astimezone()
            exchange = Exchange(now, request, answer, milliseconds, arrivals)
            if root in self._awaited:
                self._awaited[root] = exchange
        self._observe(exchange)

    def _start(self, setup: _Setup) -> _Target:
        """Run the service of a target, and a relay before it."""
        environ = {
            **os.environ,
            "SERVICE_NAME": setup.name,
            "SERVICE_ADDRESS": LOOPBACK,
            "SERVICE_ALLOW_ORIGIN": setup.allow_origin,
        }
        server = client = None
        if setup.is_https:
            made = self._gateway.make_certificate()
            environ |= {"SERVICE_CERTIFICATE": str(made.chain), "SERVICE_KEY": str(made.key)}
            server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            server.load_cert_chain(made.chain, made.key)
            client = ssl.create_default_context(cafile=str(made.authority))
        with contextlib.ExitStack() as running:
            service = Upstream(self._run(setup.name, environ, running), tls=client)
            port = running.enter_context(
                relay(
                    lambda _: service,
                    lambda request, answer, _: self._arrived(setup.name, request, answer),
                    server,
                )
            )
            return _Target(f"{LOOPBACK}:{port}", running.pop_all())

    def _run(self, name: str, environ: Mapping[str, str], running: contextlib.ExitStack) -> int:
        """Run the service on a free port, which is returned once it listens there."""
        log = self._gateway.directory / f"service-{name}.log"
        for _ in range(_STARTS):
            port = free_port()
            with contextlib.ExitStack() as started:
                output = started.enter_context(log.open("wb"))
                process = started.enter_context(
                    python_child(
                        Path(sys.executable),
                        str(self._service),
                        environ={**environ, "SERVICE_PORT": str(port)},
                        directory=self._service.parent,
                        output=output,
                        grace=1,
                    )
                )
                deadline = time.monotonic() + _START_SECONDS
                # It ends when somebody took the port meanwhile: then there is another try.
                while process.poll() is None and time.monotonic() < deadline:
                    if accepts(port) and process.poll() is None:
                        running.push(started.pop_all())
                        return port
                    time.sleep(0.02)
        said = log.read_text(errors="replace")[-2000:].strip()
        raise GatewayError(f"the service of {name} ({self._service}) does not listen:\n{said}")


def _setup(name: str, publication: Publication) -> _Setup:
    return _Setup(name, publication.is_https, publication.allow_origin)


def _is_moved_by_variables(
    shown: _Shown, new: Publication, stages: Mapping[str, StageView]
) -> bool:
    """Whether nothing differs but values of stage variables."""

    def rest(document: str, views: Mapping[str, StageView]) -> object:
        return document, {name: (set(v.variables), v.canary) for name, v in views.items()}

    return rest(shown.publication.document, shown.stages) == rest(new.document, stages)
