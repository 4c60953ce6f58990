"""An in-process engine that runs a Pulumi program and keeps all that the program asked for.

It answers the program as the engine would in one of two phases: at preview, with everything
that only the cloud knows left unknown; at update, with well-formed made-up answers. It needs
neither the CLI nor credentials. What it does not do: diff, state, and the provider's own checks.
Source of the protocol: https://www.pulumi.com/docs/iac/concepts/how-pulumi-works/
"""

import asyncio
import contextvars
import enum
import json
import os
import runpy
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime import mocks, proto, rpc, settings, stack

from simulation import fake_aws

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


class Phase(enum.StrEnum):
    """When the program runs: before anything exists, or while it is made."""

    PREVIEW = "preview"
    UPDATE = "update"


class Unknown:
    """A value the engine does not know yet. Using it as a condition is an error."""

    def __bool__(self) -> bool:
        raise TypeError("an unknown value has no truth")

    def __repr__(self) -> str:
        return "<unknown>"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value marked secret; its representation never shows it."""

    value: Any

    def __repr__(self) -> str:
        return "<secret>"


class LogLine(NamedTuple):
    """A message the program logged, with its severity (INFO, WARNING or ERROR)."""

    severity: str
    message: str


@dataclass(frozen=True)
class Registered:
    """One resource as the engine received it; property names are the wire's, in camelCase."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent, empty for the stack."""
    custom: bool
    inputs: dict[str, Any]
    """With `UNKNOWN` and `Secret` inside; `region` is added where pulumi-aws adds it."""
    outputs: dict[str, Any]
    """For a custom resource the inputs, the cloud's answers and `id`; for the others what they
    registered as outputs."""
    provider: str = ""
    """URN of the provider, empty for components."""
    dependencies: frozenset[str] = frozenset()
    property_dependencies: dict[str, frozenset[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    """Resource options that were set, by the names of the protocol."""
    read: bool = False
    """Whether it was read (`.get`), not registered: the engine shows reads to no policy."""


@dataclass(frozen=True)
class Run:
    """All that one run of a program asked for, in the order of arrival."""

    phase: Phase
    project: str
    stack: str
    resources: tuple[Registered, ...]
    log: tuple[LogLine, ...] = ()

    @property
    def exports(self) -> dict[str, Any]:
        """The stack's outputs."""
        return next(r.outputs for r in self.resources if r.type == STACK_TYPE)

    def of_type(self, token: str) -> list[Registered]:
        """Every resource of that type token."""
        return [resource for resource in self.resources if resource.type == token]

    def one(self, token: str, name: str | None = None) -> Registered:
        """The one resource of that type, or of that type and logical name; else LookupError."""
        found = [r for r in self.of_type(token) if name in (None, r.name)]
        if len(found) != 1:
            raise LookupError(f"{len(found)} resources of {token} named {name}, expected one")
        return found[0]

    def by_urn(self, urn: str) -> Registered:
        """The resource of that URN; LookupError if there is none."""
        for resource in self.resources:
            if resource.urn == urn:
                return resource
        raise LookupError(f"nothing was registered as {urn}")


def run_program(
    program: Callable[[], object] | Path,
    *,
    phase: Phase,
    project: str = "private-api",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    secret_keys: tuple[str, ...] = (),
) -> Run:
    """Run a program (a callable, or a file run as `__main__`) and return what it asked for.

    `config` maps full keys ("aws:region") to the strings that the CLI hands over, objects as JSON.
    What the program raises comes out unchanged. A program that looks something up
    (`aws.get_...`) gets a LookupError: nothing here can answer for AWS.
    """
    run = program if callable(program) else lambda: _run_file(program)
    engine = _Engine(phase, project, stack, dict(config or {}))
    with _environment(engine.config, secret_keys):
        contextvars.Context().run(_drive, engine, run)
    return engine.run()


def _drive(engine: "_Engine", program: Callable[[], object]) -> None:
    settings.configure(
        mocks.MockSettings(  # type: ignore[no-untyped-call]
            monitor=engine,
            engine=engine,
            project=engine.project,
            stack=engine.stack,
            organization="organization",
            root_directory=str(Path.cwd()),
            dry_run=engine.phase is Phase.PREVIEW,
            monitor_features=set(),
            outputs=set(),
            lock=threading.Lock(),
            package_refs={},
            base_providers_by_ref={},
            parallel=None,
            legacy_apply_enabled=False,
            callbacks=None,
        )
    )

    async def main() -> None:
        await stack.run_in_stack(lambda: _discard(program()))

    asyncio.run(main())


def _discard(_: object) -> None:
    """The program's return value is of no interest, and must not be awaited by the stack."""


def _run_file(path: Path) -> None:
    before = list(sys.path)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.path[:] = before


@contextmanager
def _environment(config: Mapping[str, str], secret_keys: tuple[str, ...]) -> Iterator[None]:
    """Hand the configuration over as the CLI does, in the environment."""
    wanted = {
        "PULUMI_CONFIG": json.dumps(dict(config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(secret_keys)),
    }
    before = {key: os.environ.get(key) for key in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


class _Engine:
    """The resource monitor and the engine of the protocol, for one run."""

    def __init__(self, phase: Phase, project: str, stack: str, config: dict[str, str]) -> None:
        self.phase, self.project, self.stack, self.config = phase, project, stack, config
        self._resources: dict[str, Registered] = {}
        self._log: list[LogLine] = []
        self._lock = threading.Lock()

    def run(self) -> Run:
        return Run(
            self.phase,
            self.project,
            self.stack,
            tuple(self._resources.values()),
            tuple(self._log),
        )

    # The names below are those of the protocol.

    def GetDeploymentInfo(self, _: object) -> Any:  # noqa: N802
        features = [
            proto.resource_pb2.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{name}")
            for name in _FEATURES
        ]
        return proto.resource_pb2.DeploymentInfo(supportedFeatures=features)

    def SignalAndWaitForShutdown(self, _: object) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterPackage(self, request: Any) -> Any:  # noqa: N802
        return proto.resource_pb2.RegisterPackageResponse(ref=request.name)

    def Log(self, request: Any) -> Any:  # noqa: N802
        severity = proto.engine_pb2.LogSeverity.Name(request.severity)
        if severity != "DEBUG":
            with self._lock:
                self._log.append(LogLine(severity, request.message))
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        raise LookupError(
            f"the program calls {request.tok}, which only AWS can answer: "
            "pass the value in as configuration"
        )

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            return self._register(request)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            known = self._describe(request, _decode(request.properties), custom=True)
            _, answered = fake_aws.answer(known.type, known.urn, known.inputs, self._region(known))
            outputs = {**answered, **known.inputs, "id": request.id}
            self._resources[known.urn] = replace(known, inputs={}, outputs=outputs, read=True)
            return proto.resource_pb2.ReadResourceResponse(
                urn=known.urn, properties=encode(outputs)
            )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            known = self._resources[request.urn]
            self._resources[request.urn] = replace(known, outputs=_decode(request.outputs))
        return empty_pb2.Empty()

    def _register(self, request: Any) -> Any:
        described = self._describe(request, _decode(request.object), custom=request.custom)
        if described.urn in self._resources:
            raise ValueError(f"two resources with one URN: {described.urn}")
        region = self._region(described)
        if fake_aws.is_regional(described.type) and region:
            described = replace(described, inputs={"region": region, **described.inputs})
        ident, outputs = "", dict(described.inputs)
        if described.custom:
            known = {k: v for k, v in described.inputs.items() if v is not UNKNOWN}
            created, answered = fake_aws.answer(
                described.type, described.urn, known, region or fake_aws.REGION
            )
            if self.phase is Phase.UPDATE:
                ident = created
                outputs = {**answered, **outputs}
            else:
                outputs = {**dict.fromkeys(answered, UNKNOWN), **outputs}
            outputs["id"] = ident or UNKNOWN
        self._resources[described.urn] = replace(described, outputs=outputs)
        reply = {key: value for key, value in outputs.items() if key != "id"}
        return proto.resource_pb2.RegisterResourceResponse(
            urn=described.urn, id=ident, object=encode(reply) if described.custom else None
        )

    def _describe(self, request: Any, inputs: dict[str, Any], custom: bool) -> Registered:
        return Registered(
            urn=self._urn(request.parent, request.type, request.name),
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=custom,
            inputs=inputs,
            outputs={},
            provider=self._provider(request),
            dependencies=frozenset(request.dependencies),
            property_dependencies={
                key: frozenset(value.urns)
                for key, value in getattr(request, "propertyDependencies", {}).items()
            },
            options=_options(request),
        )

    def _urn(self, parent: str, type_token: str, name: str) -> str:
        qualified = type_token
        if parent and self._resources[parent].type != STACK_TYPE:
            qualified = f"{parent.split('::')[2]}${type_token}"
        return f"urn:pulumi:{self.stack}::{self.project}::{qualified}::{name}"

    def _provider(self, request: Any) -> str:
        """The URN of the resource's provider; the default one is registered when first used."""
        package = request.type.partition(":")[0]
        if request.provider:
            return str(request.provider.rpartition("::")[0])
        if not getattr(request, "custom", True) or package == "pulumi":
            return ""
        name = "default_" + request.version.replace(".", "_") if request.version else "default"
        urn = self._urn("", PROVIDER_PREFIX + package, name)
        if urn not in self._resources:
            prefix = f"{package}:"
            inputs = {
                key.removeprefix(prefix): value
                for key, value in self.config.items()
                if key.startswith(prefix)
            }
            inputs["version"] = request.version
            root = next(u for u, r in self._resources.items() if r.type == STACK_TYPE)
            self._resources[urn] = Registered(
                urn, PROVIDER_PREFIX + package, name, root, True, inputs, {**inputs, "id": name}
            )
        return urn

    def _region(self, resource: Registered) -> str:
        """The region the resource goes to: its own, or its provider's; empty when unknown."""
        provider = self._resources.get(resource.provider)
        own = resource.inputs.get("region")
        inherited = provider.inputs.get("region") if provider else None
        return next((str(r) for r in (own, inherited) if isinstance(r, str)), "")


_FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "ALIAS_SPECS",
    "DELETED_WITH",
    "REPLACE_WITH",
    "REPLACEMENT_TRIGGER",
    "PARAMETERIZATION",
)
_OPTIONS = (
    "protect",
    "retainOnDelete",
    "deleteBeforeReplace",
    "ignoreChanges",
    "replaceOnChanges",
    "deletedWith",
    "replace_with",
    "additionalSecretOutputs",
    "importId",
)


def _options(request: Any) -> dict[str, Any]:
    found = {name: getattr(request, name, None) for name in _OPTIONS}
    options = {
        name: list(value) if not isinstance(value, str | bool) else value
        for name, value in found.items()
        if value
    }
    for name in ("customTimeouts", "replacement_trigger"):
        if name in request.DESCRIPTOR.fields_by_name and request.HasField(name):
            value = MessageToDict(getattr(request, name))
            options[name] = _plain(value) if name == "replacement_trigger" else value
    return options


def _decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in MessageToDict(struct).items()}


def _plain(value: Any) -> Any:
    """A decoded wire value: whole numbers as int, sentinels and signatures as our own types."""
    if value == rpc.UNKNOWN:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        signature = value.get(rpc._special_sig_key)
        if signature == rpc._special_secret_sig:
            return Secret(_plain(value["value"]))
        if signature == rpc._special_resource_sig:
            return value["urn"]
        return {key: _plain(item) for key, item in value.items()}
    return value


def encode(properties: Mapping[str, Any], *, secrets: bool = True) -> struct_pb2.Struct:
    """Properties as they go over the wire; without `secrets` in plaintext, as for policies."""
    struct = struct_pb2.Struct()
    struct.update({key: _wire(value, secrets) for key, value in properties.items()})
    return struct


def _wire(value: Any, secrets: bool) -> Any:
    if isinstance(value, Unknown):
        return rpc.UNKNOWN
    if isinstance(value, Secret):
        inner = _wire(value.value, secrets)
        if not secrets:
            return inner
        return {rpc._special_sig_key: rpc._special_secret_sig, "value": inner}
    if isinstance(value, Mapping):
        return {key: _wire(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(item, secrets) for item in value]
    return value
