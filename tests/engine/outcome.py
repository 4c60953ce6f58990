"""What an update led to, in a form in which two can be compared."""

import json
import re
from dataclasses import dataclass
from typing import Any

from tests.engine.fake_provider.account import Account, digits
from tests.engine.stack import Stack

RANDOM = re.compile(r"(?<=-)[0-9a-f]{7}(?![0-9a-f])|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Suffixes of generated names, and ids of providers."""
_OF_A_RUN = {"ciphertext", "created", "modified", "sourcePosition", "stackTrace"}
"""Of the state; a secret's value is compared in the account."""
_VERSIONS = {"defaultVersion", "latestVersion", "version"}
"""Properties that count the changes of a launch template."""


@dataclass(frozen=True)
class Outcome:
    """The result of an update, without what differs from run to run.

    Ids are those of a resource that was created for the first time.
    """

    state: dict[str, str]
    """Resources by URN."""
    account: dict[str, str]
    """Resources in AWS by type and id; an orphan would be one more."""

    @classmethod
    def of(cls, stack: Stack) -> "Outcome":
        account = stack.aws.account
        first = _first_ids(account)
        return cls(
            {resource["urn"]: _comparable(_lasting(resource), first) for resource in stack.saved()},
            {
                _comparable([r.type, r.id], first): _comparable(
                    [r.wrapped, r.outputs, r.status], first
                )
                for r in account.resources.values()
            },
        )

    def differences(self, other: "Outcome") -> set[str]:
        mine, others = ({**each.state, **each.account}.items() for each in (self, other))
        return {key for key, _ in mine ^ others}


def _lasting(resource: dict[str, Any]) -> Any:
    named = resource.get("propertyDependencies", {})
    return {
        **resource,
        "dependencies": sorted(resource.get("dependencies", ())),
        "propertyDependencies": {key: sorted(urns) for key, urns in named.items()},
    }


def _without(value: Any, keys: set[str]) -> Any:
    if isinstance(value, list):
        return [_without(item, keys) for item in value]
    if isinstance(value, dict):
        return {key: _without(item, keys) for key, item in value.items() if key not in keys}
    return value


def _first_ids(account: Account) -> dict[str, str]:
    """The parts of ids that tell how often a resource was created, with those of the first time."""
    return {
        later: first
        for urn, count in account.created.items()
        for number in range(1, count)
        for later, first in zip(digits(urn, number), digits(urn, 0), strict=True)
    }


def _comparable(value: object, first: dict[str, str]) -> str:
    kept = _without(value, _OF_A_RUN | _VERSIONS)
    text = RANDOM.sub("*", json.dumps(kept, sort_keys=True))
    if not first:
        return text
    return re.sub("|".join(first), lambda found: first[found[0]], text)
