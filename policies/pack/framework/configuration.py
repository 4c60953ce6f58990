"""The configuration of the pack: names that do not exist, and properties that policies share.

The engine ignores a misspelled name and keeps the original settings, so a rule that somebody
believes to be mandatory may be advisory. But it passes every name on when it configures the pack,
and the pack rejects it there, however it was started.
"""

from collections.abc import Mapping, Set
from difflib import get_close_matches
from typing import Any

EVERY_POLICY = "all"
"""The name that sets the level of all policies."""
SHARED_PROPERTY = "externalVpcLinks"
"""What is listed for one policy counts for every policy that has this property."""


def mistakes(given: Mapping[str, Set[str]], known: Mapping[str, Set[str]]) -> list[str]:
    """Describe every unknown policy and property, each with the most similar known name.

    Both arguments map names of policies to names of their properties.
    """
    known = {**known, EVERY_POLICY: frozenset()}
    found = []
    for policy, properties in sorted(given.items()):
        if policy not in known:
            found.append(f"there is no policy '{policy}'{_hint(policy, known.keys())}")
            continue
        found += [
            f"policy '{policy}' has no property '{name}'{_hint(name, known[policy])}"
            for name in sorted(properties - known[policy])
        ]
    return found


def _hint(word: str, choices: Set[str]) -> str:
    close = get_close_matches(word, sorted(choices), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


def shared(given: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that any policy lists in the shared property, in the order of the policies."""
    listed: dict[str, Any] = {}
    for _, properties in sorted(given.items()):
        for key, value in properties.get(SHARED_PROPERTY, {}).items():
            listed.setdefault(key, value)
    return listed
