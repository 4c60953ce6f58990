"""One outcome that is expected of one rule on our changed stack, and what the outcome really is."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.pack import resource_types as types
from policies.pack.framework.rule import DECIDED_LATER, Rule
from policies.pack.rules import RULES
from simulation import analyzer
from simulation.engine import Phase, Run
from tests.policies.changes import Change


class Outcome(enum.StrEnum):
    """What a rule reports about a run."""

    PASSES = "passes"
    VIOLATES = "violates"
    UNKNOWN = "unknown"
    """Of a resource rule: that it does not apply yet, because of an unknown value."""
    NOT_APPLICABLE = "not applicable"


class Kind(enum.StrEnum):
    """What a case is about; every rule has at least one of each."""

    PASSES = "passes"
    VIOLATES = "violates"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    SECRET = "secret"
    NOT_APPLICABLE = "not applicable"
    ILL_TYPED = "ill-typed"


@dataclass(frozen=True)
class Case:
    """Our stack with some changes, and the outcome that is expected of one rule."""

    kind: Kind
    outcome: Outcome
    changes: tuple[Change, ...]
    message: str = ""
    """Part of the message."""
    config: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""

    @property
    def phase(self) -> Phase:
        """Unknown values exist at preview only; after an update everything is known."""
        return Phase.PREVIEW if self.kind is Kind.UNKNOWN else Phase.UPDATE

    def __str__(self) -> str:
        changes = ", ".join(map(str, self.changes)) or "our stack"
        return f"{self.rule} {self.kind}: {changes}"


def of_rule(name: str, *cases: Case) -> Iterator[Case]:
    """The cases of a rule, and each violation once more with the values marked secret."""
    for case in cases:
        named = replace(case, rule=name)
        yield named
        if case.kind is Kind.VIOLATES:
            secret = tuple(change.with_secrets or change for change in case.changes)
            yield replace(named, kind=Kind.SECRET, changes=secret)


def passes(*changes: Change, **config: Any) -> Case:
    """Expect no finding."""
    return Case(Kind.PASSES, Outcome.PASSES, changes, config=config)


def violates(message: str, *changes: Change, **config: Any) -> Case:
    """Expect a violation with this text."""
    return Case(Kind.VIOLATES, Outcome.VIOLATES, changes, message, config)


def unknown(message: str, *changes: Change, **config: Any) -> Case:
    """Expect that an unknown value is reported at preview."""
    return Case(Kind.UNKNOWN, Outcome.UNKNOWN, changes, message, config)


def ignores(*changes: Change, **config: Any) -> Case:
    """Expect that the rule does not apply."""
    return Case(Kind.NOT_APPLICABLE, Outcome.NOT_APPLICABLE, changes, config=config)


def at_preview(case: Case) -> Case:
    """Expect the same at preview, although some values are unknown."""
    return replace(case, kind=Kind.UNKNOWN)


def ill_typed(case: Case) -> Case:
    """Mark a case about a value of the wrong type, or text in place of the right one."""
    return replace(case, kind=Kind.ILL_TYPED)


def undecided(message: str, *changes: Change, **config: Any) -> Case:
    """Expect after an update that a value which cannot be read leaves the rule undecided."""
    return Case(Kind.ILL_TYPED, Outcome.UNKNOWN, changes, message, config)


def absent(case: Case) -> Case:
    """Mark a case about something optional that is absent."""
    return replace(case, kind=Kind.ABSENT)


def rule(name: str) -> Rule:
    """The rule of that name."""
    return next(rule for rule in RULES if rule.name == name)


def outcome_of(name: str, run: Run, config: Mapping[str, Any] | None = None) -> tuple[Outcome, str]:
    """What one rule reports about a run, with all its messages."""
    subject = rule(name)
    if subject.kind == "resource":  # it checks one resource at a time, so others only cost time
        seen = {*subject.resource_types, types.PROVIDER}
        run = replace(run, resources=tuple(r for r in run.resources if r.type in seen))
    # An advisory rule goes on after a violation.
    levels = {name: {"enforcementLevel": "advisory", **(config or {})}}
    analysis = analyzer.analyze_run(run, levels, [subject.policy()])
    text = "\n".join(finding.message for finding in analysis.findings)
    if analysis.findings:
        is_violated = any(not is_unknown(finding.message) for finding in analysis.findings)
        return (Outcome.VIOLATES if is_violated else Outcome.UNKNOWN), text
    later = [e.reason for e in analysis.not_applicable if e.reason.startswith(DECIDED_LATER)]
    if later:
        return Outcome.UNKNOWN, "\n".join(later)
    skipped = {entry.urn for entry in analysis.not_applicable}
    checked = {r.urn for r in run.resources if r.type in subject.resource_types}
    applies = checked - skipped if subject.kind == "resource" else not skipped
    return (Outcome.PASSES if applies else Outcome.NOT_APPLICABLE), text


def is_unknown(message: str) -> bool:
    """Whether a message reports that a policy could not run."""
    return message.startswith("can't run policy")
