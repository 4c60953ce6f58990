"""An in-process engine: it runs a Pulumi program and keeps every resource that it registers.

It answers the program as the real engine does in one of two phases: at preview, every value that
only AWS can provide is unknown; at update, it is made up and well formed. It needs neither the
CLI nor credentials. It has no diff and no state, and the provider's own checks do not run.
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
from typing import Any

import pulumi.runtime
from google.protobuf import empty_pb2, struct_pb2
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import engine_pb2, resource_pb2

from simulation import fake_aws, sdk

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"


class Phase(enum.StrEnum):
    """When the program runs: before the resources exist, or while they are made."""

    PREVIEW = "preview"
    UPDATE = "update"


class Unknown:
    """A value that does not exist yet. Using it as a condition is an error."""

    def __bool__(self) -> bool:
        raise TypeError("an unknown value cannot be used as a condition")

    def __repr__(self) -> str:
        return "<unknown>"

    def __reduce__(self) -> str:
        """Copies and pickles are the one constant, so that `is UNKNOWN` holds for them too."""
        return "UNKNOWN"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Secret:
    """A value marked secret; its representation never shows it."""

    value: Any

    def __repr__(self) -> str:
        return "<secret>"


@dataclass(frozen=True)
class Registered:
    """One resource as the engine received it; property names are in camelCase, as on the wire."""

    urn: str
    type: str
    name: str
    parent: str
    """URN of the parent, empty for the stack."""
    custom: bool
    inputs: dict[str, Any]
    """May contain `UNKNOWN` and `Secret`; `region` is added where pulumi-aws adds it."""
    outputs: dict[str, Any]
    """For a custom resource its inputs, what AWS adds, and `id`; for a component what it registered
    as outputs."""
    provider: str = ""
    """URN of the provider, empty for components."""
    dependencies: frozenset[str] = frozenset()
    property_dependencies: dict[str, frozenset[str]] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    """Resource options that were set, by their names in the protocol."""
    read: bool = False
    """Whether it was read (`.get`) and not registered: the engine shows it to no policy."""


@dataclass(frozen=True)
class Run:
    """The resources that a program registered in one phase, in order of arrival."""

    phase: Phase
    project: str
    stack: str
    resources: tuple[Registered, ...]
    log: tuple[tuple[str, str], ...] = ()
    """Severity (INFO, WARNING or ERROR) and text of what the program logged."""

    @property
    def exports(self) -> dict[str, Any]:
        """The stack's outputs."""
        return next(r.outputs for r in self.resources if r.type == STACK_TYPE)

    def of_type(self, token: str) -> list[Registered]:
        """Every resource of a type."""
        return [resource for resource in self.resources if resource.type == token]

    def one(self, token: str, name: str | None = None) -> Registered:
        """The only resource of a type, or of a type with a logical name; LookupError otherwise."""
        found = [r for r in self.of_type(token) if name in (None, r.name)]
        if len(found) != 1:
            raise LookupError(f"found {len(found)} resources of {token} named {name}, expected 1")
        return found[0]

    def by_urn(self, urn: str) -> Registered:
        """The resource with a URN; LookupError if there is none."""
        for resource in self.resources:
            if resource.urn == urn:
                return resource
        raise LookupError(f"no resource was registered as {urn}")


def run_program(
    program: Callable[[], object] | Path,
    *,
    phase: Phase,
    project: str = "private-api",
    stack: str = "dev",
    config: Mapping[str, str] | None = None,
    secret_keys: tuple[str, ...] = (),
) -> Run:
    """Run a program (a callable, or a file run as `__main__`) and return what it registered.

    `config` maps full keys ("aws:region") to strings, as the CLI passes them: objects are JSON.
    An exception of the program is raised unchanged. A function that asks AWS (`aws.get_...`)
    raises a LookupError in the program.
    """
    function = program if callable(program) else lambda: _run_file(program)
    engine = _Engine(phase, project, stack, dict(config or {}))
    passed = {
        "PULUMI_CONFIG": json.dumps(engine.config),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(secret_keys),
    }
    with environment(passed), sdk.without_stack_traces():
        contextvars.Context().run(_drive, engine, function)
    return engine.run()


def _drive(engine: "_Engine", program: Callable[[], object]) -> None:
    pulumi.runtime.configure(
        pulumi.runtime.Settings(
            engine.project,
            engine.stack,
            monitor=engine,
            engine=engine,
            dry_run=engine.phase is Phase.PREVIEW,
            legacy_apply_enabled=False,
            organization="organization",
            root_directory=str(Path.cwd()),
        )
    )

    async def main() -> None:
        await pulumi.runtime.run_in_stack(lambda: _discard(program()))

    asyncio.run(main())


def _discard(_: object) -> None:
    """Drop the program's return value, which the stack would await."""


def _run_file(path: Path) -> None:
    before = list(sys.path)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        runpy.run_path(str(path), run_name="__main__")
    finally:
        sys.path[:] = before


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for a while, and restore the old ones afterwards."""
    before = {key: os.environ.get(key) for key in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value


class _Engine:
    """The protocol's resource monitor and engine, for one run."""

    def __init__(self, phase: Phase, project: str, stack: str, config: dict[str, str]) -> None:
        self.phase, self.project, self.stack, self.config = phase, project, stack, config
        self._resources: dict[str, Registered] = {}
        self._log: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def run(self) -> Run:
        resources = tuple(self._resources.values())
        return Run(self.phase, self.project, self.stack, resources, tuple(self._log))

    # The public names below come from the protocol.

    def GetDeploymentInfo(self, _: object) -> Any:  # noqa: N802
        return resource_pb2.DeploymentInfo(supportedFeatures=sdk.FEATURES)

    def SignalAndWaitForShutdown(self, _: object) -> Any:  # noqa: N802
        return empty_pb2.Empty()

    def RegisterResourceHook(self, _: object) -> Any:  # noqa: N802
        """Hooks are accepted and never called: they ask AWS."""
        return empty_pb2.Empty()

    RegisterErrorHook = RegisterResourceHook

    def Log(self, request: Any) -> Any:  # noqa: N802
        severity = engine_pb2.LogSeverity.Name(request.severity)
        if severity != "DEBUG":
            with self._lock:
                self._log.append((severity, request.message))
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        raise LookupError(
            f"the program calls {request.tok}, which only AWS can answer: "
            "pass the value as configuration instead"
        )

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            return self._register(request)

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            read = self._describe(request, _decode(request.properties), custom=True)
            _, added = fake_aws.answer(read.type, read.urn, read.inputs, self._region(read))
            outputs = {**added, **read.inputs, "id": request.id}
            self._resources[read.urn] = replace(read, inputs={}, outputs=outputs, read=True)
            return resource_pb2.ReadResourceResponse(urn=read.urn, properties=encode(outputs))

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        with self._lock:
            known = self._resources[request.urn]
            self._resources[request.urn] = replace(known, outputs=_decode(request.outputs))
        return empty_pb2.Empty()

    def _register(self, request: Any) -> Any:
        resource = self._describe(request, _decode(request.object), custom=request.custom)
        if resource.urn in self._resources:
            raise ValueError(f"two resources with one URN: {resource.urn}")
        region = self._region(resource)
        if fake_aws.is_regional(resource.type) and region:
            resource = replace(resource, inputs={"region": region, **resource.inputs})
        ident, outputs = "", dict(resource.inputs)
        if resource.custom:
            known = {k: v for k, v in resource.inputs.items() if v is not UNKNOWN}
            made, added = fake_aws.answer(
                resource.type, resource.urn, known, region or fake_aws.REGION
            )
            if self.phase is Phase.UPDATE:
                ident, outputs = made, {**added, **outputs}
            else:
                unknown = {*added, *fake_aws.computed(resource.type)} - fake_aws.KNOWN
                named = {key: added[key] for key in fake_aws.KNOWN & added.keys()}
                given = fake_aws.planned(outputs, UNKNOWN)
                outputs = {**dict.fromkeys(unknown, UNKNOWN), **named, **given}
            outputs["id"] = ident or UNKNOWN
        self._resources[resource.urn] = replace(resource, outputs=outputs)
        reply = {key: value for key, value in outputs.items() if key != "id"}
        return resource_pb2.RegisterResourceResponse(
            urn=resource.urn, id=ident, object=encode(reply) if resource.custom else None
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
        """URN of the resource's provider; a default provider is registered on its first use."""
        package = request.type.partition(":")[0]
        if request.provider:
            return str(request.provider.rpartition("::")[0])
        if not getattr(request, "custom", True) or package == "pulumi":
            return ""
        name = "default_" + request.version.replace(".", "_") if request.version else "default"
        urn = self._urn("", PROVIDER_PREFIX + package, name)
        if urn not in self._resources:
            prefix = f"{package}:"
            own = [key for key in self.config if key.startswith(prefix)]
            inputs = {key.removeprefix(prefix): self.config[key] for key in own}
            inputs["version"] = request.version
            root = next(u for u, r in self._resources.items() if r.type == STACK_TYPE)
            self._resources[urn] = Registered(
                urn, PROVIDER_PREFIX + package, name, root, True, inputs, {**inputs, "id": name}
            )
        return urn

    def _region(self, resource: Registered) -> str:
        """The resource's own region, or its provider's; empty when neither is known."""
        provider = self._resources.get(resource.provider)
        holders = (resource, provider) if provider else (resource,)
        regions = [holder.inputs.get("region") for holder in holders]
        return next((region for region in regions if isinstance(region, str) and region), "")


def _options(request: Any) -> dict[str, Any]:
    found = {name: getattr(request, name, None) for name in sdk.SCALAR_OPTIONS}
    options = {
        name: list(value) if not isinstance(value, str | bool) else value
        for name, value in found.items()
        if value
    }
    for name in sdk.MESSAGE_OPTIONS:
        if name in request.DESCRIPTOR.fields_by_name and request.HasField(name):
            value = MessageToDict(getattr(request, name))
            options[name] = _plain(value) if name == "replacement_trigger" else value
    return options


def _decode(struct: struct_pb2.Struct) -> dict[str, Any]:
    return {key: _plain(value) for key, value in MessageToDict(struct).items()}


def _plain(value: Any) -> Any:
    """A decoded wire value: whole numbers as int, `UNKNOWN` and `Secret` for their marks."""
    if value == sdk.UNKNOWN:
        return UNKNOWN
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        signature = value.get(sdk.SIGNATURE)
        if signature == sdk.SECRET:
            return Secret(_plain(value["value"]))
        if signature == sdk.RESOURCE:
            return value["urn"]
        return {key: _plain(item) for key, item in value.items()}
    return value


def encode(properties: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties as they go over the wire."""
    struct = struct_pb2.Struct()
    struct.update({key: _wire(value) for key, value in properties.items()})
    return struct


def _wire(value: Any) -> Any:
    if isinstance(value, Unknown):
        return sdk.UNKNOWN
    if isinstance(value, Secret):
        return {sdk.SIGNATURE: sdk.SECRET, "value": _wire(value.value)}
    if isinstance(value, Mapping):
        return {key: _wire(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_wire(item) for item in value]
    return value
