"""All permissions of the two roles, as managed policies by area."""

from . import state
from .grants import Document, Scope, checked_size, document
from .permissions import areas


def resource_types(scope: Scope) -> frozenset[str]:
    """Every resource type that has permissions."""
    return frozenset(token for types in areas(scope).values() for token in types)


def read_policies(scope: Scope, state_bucket: str, secrets_key_arn: str) -> dict[str, Document]:
    """What a preview needs, by name of the policy: everything a refresh reads, and the state."""
    needed = [p for types in areas(scope).values() for p in types.values()]
    needed.append(state.permissions(scope, state_bucket, secrets_key_arn))
    reading = document(grant for permissions in needed for grant in permissions.read)
    return {"reading": checked_size("reading", reading)}


def write_policies(scope: Scope, state_bucket: str, secrets_key_arn: str) -> dict[str, Document]:
    """What an update needs in addition, by area."""
    by_area = {name: list(types.values()) for name, types in areas(scope).items()}
    by_area["state"] = [state.permissions(scope, state_bucket, secrets_key_arn)]
    grants = {name: [g for p in needed for g in p.write] for name, needed in by_area.items()}
    return {name: checked_size(name, document(some)) for name, some in grants.items() if some}
