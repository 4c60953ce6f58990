"""Reading an exported state (`pulumi stack export`) into the resources of a run."""

import json
from collections.abc import Mapping
from typing import Any

from simulation import sdk
from simulation.engine import Registered


def resources_of(state: Mapping[str, Any]) -> list[Registered]:
    """The resources of an exported stack or of its bare deployment, without those to be deleted."""
    entries = state.get("deployment", state)["resources"]
    return [_resource(entry) for entry in entries if not entry.get("delete")]


def _resource(entry: Mapping[str, Any]) -> Registered:
    return Registered(
        urn=entry["urn"],
        type=entry["type"],
        name=entry["urn"].rpartition("::")[2],
        parent=entry.get("parent", ""),
        custom=entry.get("custom", False),
        inputs=_value(entry.get("inputs", {})),
        outputs=_value(entry.get("outputs", {})),
        provider=entry.get("provider", "").rpartition("::")[0],
        dependencies=frozenset(entry.get("dependencies", ())),
        property_dependencies={
            key: frozenset(urns or ())
            for key, urns in entry.get("propertyDependencies", {}).items()
        },
    )


def _value(value: Any) -> Any:
    """A value of the state, in which a secret is encrypted, or JSON text."""
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        if value.get(sdk.SIGNATURE) == sdk.SECRET:
            return json.loads(value["plaintext"]) if "plaintext" in value else "[secret]"
        return {key: _value(item) for key, item in value.items() if key[:2] != "__"}
    return value
