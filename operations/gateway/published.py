"""What a stack publishes: its definition, its stages, and the targets behind them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from openapi.compiler import INTEGRATION_TARGET, stage_variables
from openapi.variables import Pair, pairs_of
from operations.gateway import GatewayError
from operations.gateway.answers import Answer, answers
from operations.gateway.definition import operations, with_variables
from operations.gateway.promises import Promise, canary_name, promise
from operations.gateway.services import Command, Service, check_targets
from settings import Settings
from settings.targets import BalancerTarget, FleetTarget, NewTarget, Target
from simulation import stack_file
from simulation.engine import Phase, Run
from simulation.rehearsal import ROOT, run_stack

SERVICE = ROOT / "service" / "app.py"
"""The sample service."""
_TARGET = "privateapi:index:NlbTarget"


@dataclass(frozen=True)
class Canary:
    """A share of a stage's requests that get other stage variables."""

    percent: float
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class PublishedStage:
    """The stage variables, and those of the canary if there is one."""

    variables: Mapping[str, str] = field(default_factory=dict)
    canary: Canary | None = None


@dataclass(frozen=True)
class PublishedApi:
    """A definition, its stages, and the targets behind them."""

    definition: str
    """OpenAPI 3.0, as JSON."""
    stages: Mapping[str, PublishedStage]
    hosts: Mapping[str, str]
    """Host by target, as in the stage variables; targets with links of their own may share one."""
    promise: Promise
    """What the configuration promises, whatever the definition says."""
    allow_origin: str = ""
    """The origin that the services allow to read their responses."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Id of the VPC link by target."""
    balancers: Mapping[str, str] = field(default_factory=dict)
    """ARN of the load balancer by target, if it is known."""
    https: frozenset[str] = frozenset()
    """Targets that are called with TLS."""
    ends_tls: frozenset[str] = frozenset()
    """Those of them whose load balancer ends it, so that the service gets HTTP."""
    host_headers: Mapping[str, str] = field(default_factory=dict)
    """What the service sees as `Host`, by target that says so."""
    health_paths: Mapping[str, str] = field(default_factory=dict)
    """Path of the health check, by target that has one."""
    services: Mapping[str, Service] = field(default_factory=dict)
    """The user's own services by target; the sample service is behind the others."""
    answers: tuple[Answer, ...] = ()
    """What the services answer, if the definition is a file that describes it."""
    notes: tuple[str, ...] = ()
    """What is left out of a definition file, and what needs attention, unless a rehearsal has said
    it."""
    left_out: tuple[str, ...] = ()
    """Every thing that is left out, by JSON path."""

    @cached_property
    def document(self) -> dict[str, Any]:
        """The definition, parsed."""
        return json.loads(self.definition)  # type: ignore[no-any-return]

    def releases(self, stage: str) -> dict[str, Mapping[str, str]]:
        """The stage variables of the production release and of the canary release, by name."""
        production, canary = self.stages[stage].variables, self.stages[stage].canary
        releases = {stage: production}
        if canary:
            releases[canary_name(stage)] = {**production, **canary.overrides}
        return releases

    def reached(self, variables: Mapping[str, str]) -> dict[Pair, str]:
        """The target that each pair of stage variables leads to.

        GatewayError if the host of one is not a target's.
        """
        used = stage_variables(self.document) | variables.keys()
        reached = {}
        for pair in pairs_of(used):
            host = variables.get(pair.host, "")
            balancer = self._balancer_of(pair)
            found = self._target(host, variables.get(pair.link, ""), balancer)
            if not found:
                known = ", ".join(self.hosts.values()) or "none"
                raise GatewayError(
                    f"{pair.host} is {host!r}, which is not a target's host ({known})"
                )
            reached[pair] = found
        return reached

    def called(self, integration: Mapping[str, Any], variables: Mapping[str, str]) -> str:
        """The target that an integration calls with stage variables, or else its host."""
        uri, link = (
            with_variables(str(integration.get(key, "")), variables)
            for key in ("uri", "connectionId")
        )
        host = urlsplit(uri).netloc
        return self._target(host, link, str(integration.get(INTEGRATION_TARGET, ""))) or host

    def _balancer_of(self, pair: Pair) -> str:
        """The load balancer that the definition names for a service; empty with a link V1."""
        uses = (operation.integration for operation in operations(self.document))
        named = (each for each in uses if pair.link in stage_variables(each))
        return next((str(each.get(INTEGRATION_TARGET, "")) for each in named), "")

    def _target(self, host: str, link: str, balancer: str = "") -> str:
        """The target with a host, and with the link if several share the host; empty if none.

        All targets with a link V2 share it, and differ in their load balancers.
        """
        named = [name for name, own in self.hosts.items() if own == host]
        linked = [name for name in named if self.links.get(name) == link]
        behind = [name for name in linked if balancer and self.balancers.get(name) == balancer]
        return next(iter((*behind, *linked, *named)), "")

    def localized(
        self, variables: Mapping[str, str], addresses: Mapping[str, str]
    ) -> dict[str, str]:
        """Stage variables with addresses on this machine, by target, in place of the hosts."""
        known = {host: addresses[name] for name, host in reversed([*self.hosts.items()])}
        local = {name: known.get(value, value) for name, value in variables.items()}
        return local | {
            pair.host: addresses[target] for pair, target in self.reached(variables).items()
        }


def load(
    stack: str,
    root: Path = ROOT,
    run: Run | None = None,
    services: Mapping[str, Service] = MappingProxyType({}),
) -> PublishedApi:
    """What a stack publishes, by its program run at update; raises StackFileError or ConfigError.

    `run` is that run, if there is one already; `services` are the user's own by target, and a
    GatewayError if one is for no target.
    """
    file = stack_file.read(root, stack)
    settings = Settings.read(
        file.config, title=f"{file.project}-{stack}", secret_keys=file.secret_keys
    )
    check_targets(services, list(settings.targets))
    rehearsed = run is not None
    run = run or run_stack(file, Phase.UPDATE)
    cors, imported = settings.api.cors, settings.imported
    new = {n: target for n, target in settings.targets.items() if isinstance(target, NewTarget)}
    definition = run.one("aws:apigateway/restApiPut:RestApiPut").inputs["body"]
    return PublishedApi(
        definition,
        _stages(run),
        _hosts(settings, run),
        promise(settings),
        allow_origin=cors.allow_origin if cors else "",
        services={
            name: _as_on_its_fleet(service, settings.targets[name])
            for name, service in services.items()
        },
        links=run.exports.get("vpc_link_ids", {}),
        balancers=_balancers(settings, run),
        https=frozenset(name for name, t in settings.targets.items() if t.scheme == "https"),
        ends_tls=frozenset(name for name, target in new.items() if target.listener),
        host_headers={name: t.host_header for name, t in new.items() if t.host_header},
        health_paths={name: target.health_path for name, target in new.items()},
        answers=answers(imported, json.loads(definition)) if imported else (),
        notes=() if rehearsed else _notes(settings),
        left_out=tuple(imported.findings.listing()) if imported else (),
    )


def _as_on_its_fleet(service: Service, target: Target) -> Service:
    """A command with the variables of the target's fleet."""
    if not isinstance(service, Command) or not isinstance(target, FleetTarget):
        return service
    environment = tuple(target.fleet.environment.items())
    return replace(service, environment=environment, secrets=tuple(target.fleet.secrets))


def _notes(settings: Settings) -> tuple[str, ...]:
    if not settings.imported:
        return ()
    findings = settings.imported.findings
    advice = (f"{path}: {message}" for path, message in findings.advice)
    return tuple(filter(None, (findings.summary, *advice)))


def read_from(stack: str, root: Path = ROOT) -> list[Path]:
    """The files that a stack is read from, including those that its configuration names."""
    config = stack_file.read(root, stack).config
    # The configuration may still be wrong here: it is only searched for names of files.
    named = re.findall(r'"\w+File":"([^"]+)"', "".join(config.values()))
    own = [root / "Pulumi.yaml", stack_file.path_of(root, stack), SERVICE]
    return own + [root / name for name in named]


def _stages(run: Run) -> dict[str, PublishedStage]:
    stages = {}
    for stage in (r.inputs for r in run.of_type("aws:apigateway/stage:Stage")):
        canary = None
        if settings := stage.get("canarySettings"):
            overrides = settings.get("stageVariableOverrides", {})
            canary = Canary(settings.get("percentTraffic", 0.0), overrides)
        stages[stage["stageName"]] = PublishedStage(stage["variables"], canary)
    return stages


def _hosts(settings: Settings, run: Run) -> dict[str, str]:
    """Host by target."""
    return {
        name: run.one(_TARGET, name).outputs["host"]
        if isinstance(target, NewTarget)
        else target.address
        for name, target in settings.targets.items()
    }


def _balancers(settings: Settings, run: Run) -> dict[str, str]:
    """ARN of the load balancer by target; nobody here knows that of an existing link."""
    found = {}
    for name, target in settings.targets.items():
        if isinstance(target, NewTarget):
            found[name] = run.one(_TARGET, name).outputs["load_balancer_arn"]
        elif isinstance(target, BalancerTarget):
            found[name] = target.load_balancer_arn
    return found
