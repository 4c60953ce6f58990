"""Refusing a configuration that names policies or properties which do not exist.

The engine takes a misspelt name in silence and goes on with the original settings, so that a
rule somebody believes to be mandatory may be advisory. It does hand every name over when it
configures the pack, and that is where it is refused, on every way in.
"""

from collections.abc import Mapping, Set
from difflib import get_close_matches
from typing import Any

import grpc
import pulumi_policy.policy
from google.protobuf.empty_pb2 import Empty
from pulumi_policy.policy import _PolicyAnalyzerServicer

EVERY_POLICY = "all"
"""The name under which a level is set for every policy at once."""


def mistakes(given: Mapping[str, Set[str]], known: Mapping[str, Set[str]]) -> list[str]:
    """Name every policy and property that is not known, each with the nearest that is.

    Both arguments map names of policies to names of their properties.
    """
    known = {**known, EVERY_POLICY: frozenset()}
    found = []
    for policy, properties in sorted(given.items()):
        if policy not in known:
            found.append(f"there is no policy '{policy}'{_nearest(policy, known.keys())}")
            continue
        found += [
            f"policy '{policy}' has no property '{name}'{_nearest(name, known[policy])}"
            for name in sorted(properties - known[policy])
        ]
    return found


def _nearest(word: str, choices: Set[str]) -> str:
    close = get_close_matches(word, sorted(choices), n=1)
    return f", did you mean '{close[0]}'?" if close else ""


class StrictServicer(_PolicyAnalyzerServicer):
    """The SDK's side of the analyzer protocol, with `Configure` refusing what it does not know."""

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Take the configuration, or refuse all of it: a gRPC error, in-process a ValueError."""
        info = self.GetAnalyzerInfo(Empty(), _context)  # type: ignore[no-untyped-call]
        known = {policy.name: set(policy.configSchema.properties) for policy in info.policies}
        given = {name: set(config.properties) for name, config in request.policyConfig.items()}
        if found := mistakes(given, known):
            message = f"the configuration of the policy pack is wrong: {'; '.join(found)}"
            if _context is None:
                raise ValueError(message)
            _context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        return super().Configure(request, _context)  # type: ignore[no-untyped-call]


def refuse_misspelt_configuration() -> None:
    """Make the next `PolicyPack` of this process use `StrictServicer`.

    The SDK offers no hook for this. A release that renames the class fails here, at start.
    """
    pulumi_policy.policy._PolicyAnalyzerServicer = StrictServicer  # type: ignore[misc]
