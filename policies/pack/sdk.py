"""Everything in the pack that depends on internals of the policy SDK.

`verify` compares what this module relies on with the installed SDK. The pack calls it at start,
so that a release which works differently stops the pack instead of weakening it.
"""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_policy.policy
from google.protobuf.empty_pb2 import Empty

from .values import UNKNOWN

TESTED_VERSION = "1.21.0"


class SdkChangedError(Exception):
    """The installed SDK does not work as this module expects."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"pulumi-policy {metadata.version('pulumi-policy')} does not work with this pack: "
            f"{problem}. Install pulumi-policy {TESTED_VERSION}, or adapt policies/pack/sdk.py."
        )


try:
    from pulumi_policy.policy import _PolicyAnalyzerServicer
    from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy
except ImportError as error:
    raise SdkChangedError(str(error)) from error


def verify() -> None:
    """Raise SdkChangedError if the SDK does not offer what this module relies on."""
    if "_PolicyAnalyzerServicer" not in _names(pulumi_policy.PolicyPack.__init__):
        raise SdkChangedError("PolicyPack does not create a _PolicyAnalyzerServicer")
    for method in ("Analyze", "AnalyzeStack"):
        if "UnknownValueError" not in _names(getattr(_PolicyAnalyzerServicer, method, None)):
            raise SdkChangedError(f"{method} does not handle UnknownValueError")
    for method in ("Configure", "GetAnalyzerInfo"):
        if not hasattr(_PolicyAnalyzerServicer, method):
            raise SdkChangedError(f"_PolicyAnalyzerServicer has no method {method}")
    if plain(unknown_checking_proxy({"key": [UNKNOWN_STRING_VALUE]}))["key"][0] is not UNKNOWN:
        raise SdkChangedError("the proxies do not raise UnknownValueError for an unknown value")


def _names(function: Any) -> Sequence[str]:
    code = getattr(function, "__code__", None)
    return code.co_names if code else ()


def is_preview() -> bool:
    """Whether the resources are still to be created and changed."""
    return bool(pulumi.runtime.is_dry_run())


def is_exported_state() -> bool:
    """Whether an exported state is analyzed, for which the SDK has no name of a stack."""
    return pulumi.get_stack() == "stack"


class NotYetKnownError(UnknownValueError):
    """Makes the SDK report that a policy could not run, as for an unknown that it finds itself."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.message = message


@dataclass(frozen=True)
class _Unshown:
    """What the SDK does not pass on to a stack policy, by URN and name of the property."""

    sources: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """URNs of resources that a property was made from, and that the program only read."""
    unknown_inputs: Container[tuple[str, str]] = ()
    """Inputs that are unknown. In the outputs, an input that was not set may be unknown too."""


_NOTHING = _Unshown()
_UNSHOWN: ContextVar[_Unshown] = ContextVar("unshown", default=_NOTHING)
_CONVERTED: ContextVar[dict[Any, Any] | None] = ContextVar("converted", default=None)
_CONFIGURED: ContextVar[bool] = ContextVar("configured", default=False)


def _once(convert: Callable[[Any], Any]) -> Callable[..., Any]:
    """Convert the same object once in a request: the SDK converts it again for every policy."""

    def converted(value: Any, *options: Any) -> Any:
        made = _CONVERTED.get()
        if made is None or options:
            return convert(value, *options)
        key = convert, id(value)
        if key not in made:
            # The object is kept too, so that no other one gets its id.
            made[key] = value, convert(value)
        return made[key][1]

    return converted


@contextmanager
def _converting_once() -> Iterator[None]:
    before = _CONVERTED.set({})
    try:
        yield
    finally:
        _CONVERTED.reset(before)


def _convert_once(sdk: Any) -> None:
    """Make the SDK's conversions of properties `_once`; outside of requests nothing changes."""
    try:
        sdk.json_format = SimpleNamespace(MessageToDict=_once(sdk.json_format.MessageToDict))
        sdk.deserialize_properties = _once(sdk.deserialize_properties)
        sdk.unknown_checking_proxy = _once(sdk.unknown_checking_proxy)
    except AttributeError as error:
        raise SdkChangedError(str(error)) from error


_convert_once(pulumi_policy.policy)


class Servicer(_PolicyAnalyzerServicer):
    """The SDK's implementation of the analyzer protocol."""

    def Analyze(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Analyze the inputs of one resource."""
        for name, value in request.properties.fields.items():
            entry = (request.urn, name)
            if value.string_value == UNKNOWN_STRING_VALUE:
                self._unknown_inputs.add(entry)
            else:
                self._unknown_inputs.discard(entry)
        with _converting_once():
            return super().Analyze(request, context)  # type: ignore[no-untyped-call]

    def _configure_runtime_settings(self) -> None:
        """Read the settings of this process once in a thread, instead of for every resource."""
        if not _CONFIGURED.get():
            super()._configure_runtime_settings()  # type: ignore[no-untyped-call]
            _CONFIGURED.set(True)

    def AnalyzeStack(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Analyze the outputs of all resources."""
        shown = {resource.urn for resource in request.resources}
        sources = {
            (resource.urn, name): tuple(urn for urn in made_from.urns if urn not in shown)
            for resource in request.resources
            for name, made_from in resource.propertyDependencies.items()
        }
        before = _UNSHOWN.set(_Unshown(sources, self._unknown_inputs))
        try:
            with _converting_once():
                return super().AnalyzeStack(request, context)  # type: ignore[no-untyped-call]
        finally:
            _UNSHOWN.reset(before)

    @cached_property
    def _unknown_inputs(self) -> set[tuple[str, str]]:
        return set()

    def property_names(self) -> dict[str, set[str]]:
        """Names of the configuration properties of each policy."""
        info = self.GetAnalyzerInfo(Empty(), None)  # type: ignore[no-untyped-call]
        return {policy.name: set(policy.configSchema.properties) for policy in info.policies}


def serve_with(servicer: type[Servicer]) -> None:
    """Make the next `PolicyPack` of this process use `servicer`; the SDK offers no hook for it."""
    verify()
    pulumi_policy.policy._PolicyAnalyzerServicer = servicer  # type: ignore[misc]


def plain(value: Any) -> Any:
    """Copy a value out of the SDK's proxies, with `UNKNOWN` for every unknown in it.

    The proxies raise on nearly every access to an unknown value, which the engine turns into an
    advisory with exit code 0. Whole numbers become `int`: the protocol has only floats.
    """
    # The common types first: testing for an abstract class is slow, and there are many values.
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, Mapping):
        return {key: _item(value, key) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return [_item(value, index) for index in range(len(value))]
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain(container[key])
    except UnknownValueError:
        return UNKNOWN


class SdkObject:
    """What the rules read from a resource or a provider of the SDK, read on first use and kept.

    Most rules look at a few types. Copying every property of every resource for each rule would
    be most of the work.
    """

    _source: Any

    @cached_property
    def props(self) -> dict[str, Any]:
        """Properties by their names in the protocol, `UNKNOWN` where they are unknown."""
        return dict(plain(self._source.props))

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """URNs of the resources that each property was made from; only in a stack rule."""
        dependencies = getattr(self._source, "property_dependencies", {})
        return {key: tuple(r.urn for r in found) for key, found in dependencies.items()}

    def read_sources(self, name: str) -> tuple[str, ...]:
        """URNs of the resources that a property was made from and that were only read."""
        return _UNSHOWN.get().sources.get((self._source.urn, name), ())

    def is_unknown_input(self, name: str) -> bool:
        """Whether the program set the property to an unknown value; only in a stack rule."""
        return (self._source.urn, name) in _UNSHOWN.get().unknown_inputs

    @property
    def delete_before_replace(self) -> bool | None:
        """The resource option of that name, `None` when it was not set."""
        return self._source.opts.delete_before_replace  # type: ignore[no-any-return]
