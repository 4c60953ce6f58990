"""What the fake provider knows of a resource type."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

VERSION = object()
"""An output that every update raises by one, so that its preview cannot know it."""


class States(NamedTuple):
    """The states of a resource whose create returns once AWS has made it, in AWS's words."""

    begun: str
    made: str
    failed: str = ""
    """Empty if AWS has no such state."""


@dataclass(frozen=True)
class ResourceType:
    """One resource type. `Account.build` fills in the templates."""

    id: str
    """Template of the id."""
    replaces: frozenset[str]
    """Inputs that AWS cannot change in place."""
    outputs: Mapping[str, Any]
    """Computed outputs that are not null: a template each, or `VERSION`, or what holds some."""
    secret: str
    """The output that the provider marks as secret; empty for none."""
    name_length: int
    """Limit of the name that the provider generates if none is given; 0: it generates none."""
    longest_name: int
    """Limit of a name that it accepts; 0: it leaves that to AWS."""
    overwrites: bool
    """Whether creating it overwrites an existing one; otherwise a second one is rejected."""
    later: tuple[str, ...]
    """Inputs that the provider sends in separate calls, after the resource exists, in order."""
    states: States | None
    """What its create waits for; None: its create does not wait."""

    @property
    def versions(self) -> frozenset[str]:
        """Outputs that an update changes."""
        return frozenset(key for key, template in self.outputs.items() if template is VERSION)


def resource_type(
    id: str,
    replaces: str = "",
    /,
    *,
    name: int = 0,
    longest: int | None = None,
    secret: str = "",
    renames: bool = False,
    overwrites: bool = False,
    later: str = "",
    states: str = "",
    **outputs: Any,
) -> ResourceType:
    """Lists are separated by spaces; `renames`: a new name does not replace the resource."""
    names = {"name", "namePrefix"} if name and not renames else set()
    keys = frozenset({"region", *names, *replaces.split()})
    waits = States(*states.split()) if states else None
    accepted = name if longest is None else longest
    return ResourceType(
        id, keys, outputs, secret, name, accepted, overwrites, tuple(later.split()), waits
    )
