"""The private parts of the Pulumi SDK that the engine and the analyzer need.

They are looked up once, when this module is imported. So an SDK that has changed fails here, and
the error names the version that this code was written for.
"""

import contextvars
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

PROJECT_FILE = Path(__file__).parent.parent / "pyproject.toml"
SCALAR_OPTIONS = (
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
"""Resource options, by their names in the protocol, that are texts, booleans or lists."""
MESSAGE_OPTIONS = ("customTimeouts", "replacement_trigger")
"""Resource options that are messages of the protocol."""
_FEATURES = (
    "SECRETS",
    "RESOURCE_REFERENCES",
    "ALIAS_SPECS",
    "DELETED_WITH",
    "REPLACE_WITH",
    "REPLACEMENT_TRIGGER",
    "RESOURCE_HOOKS",
    "ERROR_HOOKS",
)
_T = TypeVar("_T")

try:
    from pulumi import _types
    from pulumi.runtime import Settings, proto, resource, rpc
    from pulumi.runtime.proto.source_pb2 import StackTrace
    from pulumi_policy import EnforcementLevel

    UNKNOWN: str = rpc.UNKNOWN
    """The mark of an unknown value on the wire."""
    SIGNATURE: str = rpc._special_sig_key
    """Key of a wire object that is not a plain map; its value is one of the next two."""
    SECRET: str = rpc._special_secret_sig
    RESOURCE: str = rpc._special_resource_sig
    PROPERTY_NAME: str = _types._PULUMI_NAME
    """Attribute of a getter with the property's name on the wire, where Python's name differs."""
    FEATURES = [
        proto.resource_pb2.ResourceMonitorFeature.Value(f"RESOURCE_MONITOR_FEATURE_{name}")
        for name in _FEATURES
    ]
    """What the engine supports, as numbers of the protocol."""
    _STACK_TRACE = resource._get_stack_trace
    LEVELS = {level.value: getattr(proto, level.name) for level in EnforcementLevel}
    """Enforcement levels of a policy, with their numbers in the protocol."""
    for _option in SCALAR_OPTIONS + MESSAGE_OPTIONS:
        _ = proto.resource_pb2.RegisterResourceRequest.DESCRIPTOR.fields_by_name[_option]
except (ImportError, AttributeError, KeyError, ValueError) as error:
    pinned = re.findall(r'"((?:pulumi|pulumi-policy)==[^"]+)"', PROJECT_FILE.read_text("utf-8"))
    raise ImportError(
        f"pulumi {version('pulumi')} and pulumi-policy {version('pulumi-policy')} do not have "
        f"what simulation/sdk.py looks up: {error!r}. It was written for {' and '.join(pinned)}: "
        "install these, or adapt that module to the new release."
    ) from error


def isolated(run: Callable[..., _T], *args: Any, **kwargs: Any) -> _T:
    """Call `run` with the settings of a new process; those of this process stay as they are.

    In the SDK, to construct settings is to set them, and the first ones that a context sets
    become the default of every other context. So the first ones here are those defaults.
    """
    context = contextvars.Context()
    context.run(Settings, "project", "stack", dry_run=False, organization="organization")
    return context.run(run, *args, **kwargs)


@contextmanager
def without_stack_traces() -> Iterator[None]:
    """Register resources without the line of the program: only the CLI shows it.

    To find it for every resource takes a quarter of a run.
    """
    resource._get_stack_trace = StackTrace
    try:
        yield
    finally:
        resource._get_stack_trace = _STACK_TRACE


def is_unknown(diagnostic: Any) -> bool:
    """Whether a policy reported that it needs a value which is not known yet.

    The protocol has no field for this: only the SDK's message shows it.
    """
    return str(diagnostic.message).startswith(f"can't run policy '{diagnostic.policyName}' ")
