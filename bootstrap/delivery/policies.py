"""All permissions of the two roles, as managed policies by area."""

from collections.abc import Callable

from . import api, balancing, fleet, logs, network, roles, security_groups, state
from .grants import Document, Permissions, Scope, checked_size, document

AREAS: dict[str, Callable[[Scope], dict[str, Permissions]]] = {
    "network": network.permissions,
    "security-groups": security_groups.permissions,
    "balancing": balancing.permissions,
    "fleet": fleet.permissions,
    "api": api.permissions,
    "logs": logs.permissions,
    "roles": roles.permissions,
}
"""What each resource type needs. Add a type that the components start to create to one of these."""


def resource_types(scope: Scope) -> frozenset[str]:
    """Every resource type that has permissions."""
    return frozenset(token for area in AREAS.values() for token in area(scope))


def read_policies(scope: Scope, state_bucket: str, secrets_key_arn: str) -> dict[str, Document]:
    """What a preview needs, by name of the policy: everything a refresh reads, and the state."""
    needed = [p for area in AREAS.values() for p in area(scope).values()]
    needed.append(state.permissions(scope, state_bucket, secrets_key_arn))
    reading = document(grant for permissions in needed for grant in permissions.read)
    return {"reading": checked_size("reading", reading)}


def write_policies(scope: Scope, state_bucket: str, secrets_key_arn: str) -> dict[str, Document]:
    """What an update needs in addition, by area."""
    by_area = {name: list(area(scope).values()) for name, area in AREAS.items()}
    by_area["state"] = [state.permissions(scope, state_bucket, secrets_key_arn)]
    grants = {name: [g for p in needed for g in p.write] for name, needed in by_area.items()}
    return {name: checked_size(name, document(some)) for name, some in grants.items() if some}
