"""A published API on this machine: the emulated gateway with the services behind it.

There is a proxy in front of the gateway, too: the URL stays when a definition is imported again.
"""

import contextlib
import functools
import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Self

from operations.gateway import GatewayError
from operations.gateway.answers import Answer, answer_to
from operations.gateway.child import LOOPBACK
from operations.gateway.emulator import Emulator, ImportedApi
from operations.gateway.expectations import Delivery
from operations.gateway.gateway_responses import own_response, request_id
from operations.gateway.proxy import (
    Request,
    Response,
    Upstream,
    error_response,
    forward,
    proxy,
    trace_id,
    traced,
)
from operations.gateway.published import SERVICE, Canary, PublishedApi, PublishedStage
from operations.gateway.request_plan import Release
from operations.gateway.rules import Refusal, refused_after, refused_before
from operations.gateway.targets import SERVICES_OWN, Behavior, ServiceSettings, target_service


@dataclass(frozen=True)
class Exchange:
    """One request from outside, its response, and what it delivered to the targets."""

    request: Request
    response: Response
    milliseconds: float
    deliveries: tuple[Delivery, ...]
    refusal: Refusal | None = None
    """What AWS would answer, if that is something else."""
    note: str = ""
    """What is special about the request."""


@dataclass(frozen=True)
class LocalState:
    """What is published now, and how it appears on this machine."""

    published: PublishedApi
    imported: ImportedApi
    addresses: Mapping[str, str]
    """Host and port on this machine by target."""
    stages: Mapping[str, PublishedStage]
    """With these addresses in the variables."""


class LocalApi:
    """Everything that runs for a published API; `publish` again to change it while it runs."""

    def __init__(
        self,
        emulator: Emulator,
        observe: Callable[[Exchange], None],
        service: Path = SERVICE,
        *,
        tell: Callable[[str, str], None] = lambda _target, _line: None,
        port: int = 0,
        strict: bool = False,
    ) -> None:
        """`tell` is called with a target and what its own service prints.

        With `strict`, what AWS would refuse is refused.
        """
        self._emulator, self._observe, self._tell = emulator, observe, tell
        self._service, self._wanted_port, self._strict = service, port, strict
        self._behaviors: dict[str, Behavior] = {}
        self._running: dict[ServiceSettings, tuple[str, contextlib.ExitStack]] = {}
        self._resources = contextlib.ExitStack()
        self._current: LocalState | None = None
        self._lock = threading.Lock()
        self._deliveries: dict[str, list[Delivery]] = {}

    def __enter__(self) -> Self:
        try:
            self._port = self._resources.enter_context(
                proxy(lambda request: self.send(request).response, port=self._wanted_port)
            )
        except OSError as error:
            raise GatewayError(
                f"port {self._wanted_port} cannot be used: {error.strerror}. Choose another --port."
            ) from None
        self._resources.callback(self._stop_all_but, ())
        return self

    def __exit__(self, *_: object) -> None:
        self._resources.close()

    @property
    def state(self) -> LocalState:
        """What is published now; RuntimeError if nothing is."""
        if not self._current:
            raise RuntimeError("nothing is published yet")
        return self._current

    @property
    def running_targets(self) -> list[str]:
        """Names of the targets whose services run."""
        return sorted(settings.target for settings in self._running)

    def url(self, stage: str) -> str:
        """The invoke URL of a stage."""
        return f"http://{LOOPBACK}:{self._port}/{stage}"

    def publish(self, new: PublishedApi) -> list[str]:
        """Publish an API on this machine, and return what that changed.

        Where only stages move to other targets, only their variables change, as on AWS: without
        a deployment. Otherwise the definition is imported and deployed again. On failure it raises
        GatewayError, and the API that was published last stays.
        """
        revision = hashlib.sha256(self._service.read_bytes()).hexdigest()
        services = {}
        for target in new.hosts:
            own = new.services.get(target)
            services[target] = ServiceSettings(
                target=target,
                is_https=target in new.https,
                ends_tls=target in new.ends_tls,
                host=new.host_headers.get(target, ""),
                allow_origin=new.allow_origin,
                service=own,
                health_path=new.health_paths.get(target, "") if own else "",
                revision="" if own else revision,
            )
        before_services = set(self._running)
        addresses = {target: self._address(service) for target, service in services.items()}
        # Raises GatewayError for a host that is not a target's.
        stages = {name: _localized(new, name, addresses) for name in new.stages}
        before, deployed = self._current, _deployed(new.definition, stages)
        if before and deployed == _deployed(before.published.definition, before.stages):
            imported = before.imported
            changed = list(self._move_stages(before, new, stages))
            restarted = {s.target for s in set(self._running) - before_services}
            known = set(before.published.hosts)
            changed += [f"{target}: restarted its service" for target in sorted(restarted & known)]
        else:
            imported = self._emulator.import_api(new.definition, stages)
            changed = ["imported and deployed the definition"]
        self._current = LocalState(new, imported, addresses, stages)
        if before and before.imported != imported:
            self._emulator.remove(before.imported)
        self._stop_all_but(services.values())
        return changed

    def releases(self, stage: str) -> Iterator[Release]:
        """Every promised release of a stage; while one is at hand all requests go to it.

        A canary first gets none of the requests, then all of them, and at the end its share.
        """
        state = self.state
        promised = state.published.promise.releases[stage]
        releases, canary = state.published.releases(stage), state.published.stages[stage].canary
        try:
            for percent, name in zip((0, 100), releases, strict=False):
                if canary:
                    self._emulator.set_canary_percent(state.imported, stage, percent)
                if name not in promised:
                    continue
                own = promised[name]
                local = {
                    pair.host: state.addresses.get(target, "")
                    for pair, target in own.targets.items()
                }
                yield Release(
                    name=name,
                    variables={**own.variables, **local},
                    targets={address: target for target, address in state.addresses.items()},
                    api_key=state.imported.api_key,
                )
        finally:
            if canary:
                self._emulator.set_canary_percent(state.imported, stage, canary.percent)

    def send(self, request: Request, behavior: Behavior = SERVICES_OWN, note: str = "") -> Exchange:
        """Send a request, whose path starts with a stage, and return what happened.

        `behavior` is that of the target which receives it; `note` becomes part of the exchange.
        """
        started, request = time.monotonic(), traced(request)
        self._behaviors[trace_id(request)] = behavior
        response, deliveries, refusal = self._respond(request)
        self._behaviors.pop(trace_id(request), None)
        milliseconds = (time.monotonic() - started) * 1000
        exchange = Exchange(request, response, milliseconds, deliveries, refusal, note)
        self._observe(exchange)
        return exchange

    def _move_stages(
        self, before: LocalState, new: PublishedApi, stages: Mapping[str, PublishedStage]
    ) -> Iterator[str]:
        """Set the variables that changed; yields what that changed for which stage."""
        for name, stage in stages.items():
            if stage.variables != before.stages[name].variables:
                self._emulator.set_variables(before.imported, name, stage.variables)
                reached = before.published.reached(before.published.stages[name].variables)
                for pair, target in new.reached(new.stages[name].variables).items():
                    if (old := reached[pair]) != target:
                        service = f"{name}, {pair.service}" if pair.service else name
                        yield f"{service}: {old} -> {target}, by its stage variables only"

    def _respond(self, request: Request) -> tuple[Response, tuple[Delivery, ...], Refusal | None]:
        """Forward to the emulator; a stage that does not exist is forbidden, as on AWS.

        What the emulator ignores of the definition is added: refusals, and the shape of API
        Gateway's own responses.
        """
        stage = request.path.split("/")[1]
        if not self._current or stage not in self._current.stages:
            return error_response(HTTPStatus.FORBIDDEN, "Forbidden"), (), None
        published = self._current.published
        document, refusal = published.document, refused_before(published, request)
        if refusal and self._strict:
            return refusal.response.shaped(document), (), None
        upstream = Upstream(self._emulator.server.port, host=self._current.imported.host)
        response = forward(request, upstream)
        with self._lock:
            deliveries = tuple(self._deliveries.pop(trace_id(request), ()))
        if not deliveries and (own := own_response(response)):
            return own.shaped(document, request_id(response)), (), None
        refusal = refusal or refused_after(published, request, deliveries)
        if refusal and self._strict:
            return refusal.response.shaped(document), deliveries, None
        return response, deliveries, refusal

    def _address(self, settings: ServiceSettings) -> str:
        """Host and port of a target; its service is started if it does not run yet."""
        if settings not in self._running:
            with contextlib.ExitStack() as starting:
                service = target_service(
                    settings,
                    self._emulator,
                    self._delivered,
                    functools.partial(self._tell, settings.target),
                    self._service,
                    answer=self._answer,
                    behavior=lambda r: self._behaviors.get(trace_id(r), SERVICES_OWN),
                )
                address = starting.enter_context(service)
                self._running[settings] = address, starting.pop_all()
        return self._running[settings][0]

    def _stop_all_but(self, kept: Iterable[ServiceSettings]) -> None:
        with contextlib.ExitStack() as stopping:
            for settings in set(self._running) - set(kept):
                stopping.push(self._running.pop(settings)[1])

    def _answer(self, request: Request) -> Answer | None:
        """What the file that is published now describes."""
        return answer_to(request, self._current.published.answers) if self._current else None

    def _delivered(self, delivery: Delivery) -> None:
        with self._lock:
            self._deliveries.setdefault(trace_id(delivery.request), []).append(delivery)


def _localized(api: PublishedApi, stage: str, addresses: Mapping[str, str]) -> PublishedStage:
    """A stage with addresses on this machine in place of the targets' hosts."""
    production, *other = (
        api.localized(variables, addresses) for variables in api.releases(stage).values()
    )
    canary = api.stages[stage].canary
    if not canary:
        return PublishedStage(production)
    # Also what differs here because of a link: targets that share a host do so there only.
    overrides = {
        name: value
        for name, value in other[0].items()
        if name in canary.overrides or value != production[name]
    }
    return PublishedStage(production, Canary(canary.percent, overrides))


def _deployed(definition: str, stages: Mapping[str, PublishedStage]) -> object:
    """What cannot change without a deployment: everything but the values of stage variables."""
    return definition, {name: (set(s.variables), s.canary) for name, s in stages.items()}
