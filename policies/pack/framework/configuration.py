"""Rejecting a configuration that names policies or properties which do not exist.

The engine ignores a misspelled name and keeps the original settings, so a rule that somebody
believes to be mandatory may be advisory. But it passes every name on when it configures the pack,
and the pack rejects it there, however it was started.
"""

from collections.abc import Mapping, Set
from difflib import get_close_matches
from typing import Any

import grpc

from ..sdk import Servicer, serve_with

EVERY_POLICY = "all"
"""The name that sets the level of all policies."""


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


class StrictServicer(Servicer):
    """The SDK's servicer, with a `Configure` that rejects unknown names."""

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Apply the configuration, or reject it: a gRPC error, in-process a ValueError."""
        given = {name: set(config.properties) for name, config in request.policyConfig.items()}
        if found := mistakes(given, self.property_names()):
            message = f"the configuration of the policy pack is wrong: {'; '.join(found)}"
            if _context is None:
                raise ValueError(message)
            _context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        return super().Configure(request, _context)  # type: ignore[no-untyped-call]


def reject_unknown_names() -> None:
    """Make the next `PolicyPack` of this process reject unknown names in its configuration."""
    serve_with(StrictServicer)
