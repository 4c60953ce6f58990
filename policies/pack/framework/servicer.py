"""The pack's side of the analyzer protocol: what concerns several policies at once.

The SDK runs each policy by itself. This servicer rejects a wrong configuration, passes on what
several policies share, and reports each fact once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import grpc

from ..sdk import Servicer, is_preview, serve_with
from .configuration import SHARED_PROPERTY, mistakes, shared
from .rule import NOT_KNOWN_YET


class PackServicer(Servicer):
    """The SDK's servicer for this pack."""

    def Configure(self, request: Any, _context: Any) -> Any:  # noqa: N802 (the protocol's name)
        """Apply the configuration, or reject it: a gRPC error, in-process a ValueError."""
        known = self.property_names()
        given = {name: dict(config.properties) for name, config in request.policyConfig.items()}
        if found := mistakes({name: set(own) for name, own in given.items()}, known):
            message = f"the configuration of the policy pack is wrong: {'; '.join(found)}"
            if _context is None:
                raise ValueError(message)
            _context.abort(grpc.StatusCode.INVALID_ARGUMENT, message)
        if listed := shared(given):
            for name, own in given.items():
                if SHARED_PROPERTY in known.get(name, ()):
                    entries = {**listed, **own.get(SHARED_PROPERTY, {})}
                    request.policyConfig[name].properties.update({SHARED_PROPERTY: entries})
        return super().Configure(request, _context)  # type: ignore[no-untyped-call]

    def AnalyzeStack(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Run the stack policies, and report each fact once and what is undecided in one line."""
        response = super().AnalyzeStack(request, _context)
        _report_facts_once(response)
        if is_preview():
            _report_undecided_once(response)
        return response


def serve_pack() -> None:
    """Make the next `PolicyPack` of this process use this servicer."""
    serve_with(PackServicer)


def _report_facts_once(response: Any) -> None:
    """Of policies that write the same about a resource, keep the first of the strictest level."""
    strictest: dict[tuple[str, str], Any] = {}
    diagnostics = list(response.diagnostics)
    for reported in diagnostics:
        kept = strictest.get(_fact(reported))
        if kept is None or reported.enforcementLevel > kept.enforcementLevel:
            strictest[_fact(reported)] = reported
    repeated = [one for one in diagnostics if strictest[_fact(one)] is not one]
    reasons = {
        one.policyName: f"{strictest[_fact(one)].policyName} reports the same" for one in repeated
    }
    _remove(response, diagnostics, repeated, reasons)


def _fact(reported: Any) -> tuple[str, str]:
    """The resource and what is wrong with it, without the title of the policy."""
    return reported.urn, reported.message.removeprefix(reported.description)


def _report_undecided_once(response: Any) -> None:
    """Join what the policies of a preview could not decide: the update decides it."""
    diagnostics = list(response.diagnostics)
    first, *others = [*filter(_is_undecided, diagnostics)] or [None]
    values = {one.policyName: one.message.partition(NOT_KNOWN_YET)[2] for one in others}
    for name, value in values.items():
        first.message += f"; for policy '{name}': {value}"
    reasons = {name: f"{NOT_KNOWN_YET}{value}" for name, value in values.items()}
    _remove(response, diagnostics, others, reasons)


def _is_undecided(reported: Any) -> bool:
    is_violation = reported.message.startswith(reported.description)
    return not is_violation and NOT_KNOWN_YET in reported.message


def _remove(
    response: Any, diagnostics: Sequence[Any], removed: Sequence[Any], reasons: Mapping[str, str]
) -> None:
    """Remove diagnostics; a policy without any others does not apply, for one of the reasons."""
    kept = [one for one in diagnostics if not any(one is other for other in removed)]
    del response.diagnostics[:]
    response.diagnostics.extend(kept)
    for name in reasons.keys() - {one.policyName for one in kept}:
        response.not_applicable.add(policy_name=name, reason=reasons[name])
