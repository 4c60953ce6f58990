"""All permissions of the two roles, as managed policies by subject."""

from collections.abc import Callable

from . import api, balancing, fleet, logs, network, roles, security_groups, state
from .grants import Document, Needs, Scope, document, fitting

SUBJECTS: dict[str, Callable[[Scope], dict[str, Needs]]] = {
    "network": network.needs,
    "security-groups": security_groups.needs,
    "balancing": balancing.needs,
    "fleet": fleet.needs,
    "api": api.needs,
    "logs": logs.needs,
    "roles": roles.needs,
}
"""What each resource type takes. A type that the components start to make belongs into one."""


def resource_types(scope: Scope) -> frozenset[str]:
    """Every resource type that something is allowed for."""
    return frozenset(token for needs in SUBJECTS.values() for token in needs(scope))


def reading(scope: Scope, state_bucket: str, secrets_key_arn: str) -> dict[str, Document]:
    """What a preview takes, by name of the policy: all that a refresh reads, and the state."""
    needs = [need for subject in SUBJECTS.values() for need in subject(scope).values()]
    grants = [grant for need in needs for grant in need.read]
    grants += state.needs(scope, state_bucket, secrets_key_arn).read
    return {"reading": fitting("reading", document(grants))}


def writing(scope: Scope, state_bucket: str, secrets_key_arn: str) -> dict[str, Document]:
    """What an update takes beyond reading, by subject."""
    by_subject = {name: list(needs(scope).values()) for name, needs in SUBJECTS.items()}
    by_subject["state"] = [state.needs(scope, state_bucket, secrets_key_arn)]
    grants = {
        name: [grant for need in needs for grant in need.write]
        for name, needs in by_subject.items()
    }
    return {name: fitting(name, document(some)) for name, some in grants.items() if some}
