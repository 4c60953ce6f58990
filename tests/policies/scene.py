"""Runs with one thing changed, and what one rule makes of them."""

import copy
import enum
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.pack.framework.rule import Rule
from policies.pack.graph.tokens import PROVIDER, REST_API_PUT
from policies.pack.rules import RULES
from simulation import analyzer
from simulation.engine import Phase, Registered, Run, Secret


class Absent(enum.Enum):
    """In place of a value: take the property away."""

    VALUE = "absent"


ABSENT = Absent.VALUE
"""In place of a value: take it away."""
LONGEST = 60
"""Characters of a value in the name of a test."""
Path = tuple[str | int, ...]


class Outcome(enum.StrEnum):
    """What a rule said of a run."""

    PASSES = "passes"
    REFUSES = "refuses"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"


class Step:
    """One change to a run."""

    def of(self, run: Run) -> Run:
        """Apply it."""
        raise NotImplementedError

    def hidden(self) -> "Step":
        """The same with its value marked secret, where it has one."""
        return self


@dataclass(frozen=True)
class Change(Step):
    """One property of one resource set to a value; `path` is dotted, numbers are indexes."""

    type: str
    path: str
    value: Any
    name: str | None = None
    only: str = ""
    """"inputs" or "outputs", to leave the other ones as they are."""

    def hidden(self) -> Step:
        """The same with the value marked secret."""
        return self if self.value is ABSENT else replace(self, value=Secret(self.value))

    def __str__(self) -> str:
        kind = self.type.rpartition(":")[2]
        return f"{kind}.{self.path} {short(self.value)}"

    def of(self, run: Run) -> Run:
        """Apply it."""
        resource = run.one(self.type, self.name)
        steps = tuple(int(s) if s.isdigit() else s for s in self.path.split("."))
        inputs, outputs = resource.inputs, resource.outputs
        if self.only != "outputs":
            inputs = put(inputs, steps, self.value)
        if self.only != "inputs":
            outputs = put(outputs, steps, self.value)
        return swap(run, resource, replace(resource, inputs=inputs, outputs=outputs))


def short(value: Any) -> str:
    """A value in the name of a test: the same in every process, and no whole document."""
    text = "absent" if value is ABSENT else repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


@dataclass(frozen=True)
class Body(Step):
    """One value inside the OpenAPI document of our definition."""

    path: Path
    value: Any

    def of(self, run: Run) -> Run:
        """Apply it."""
        resource = run.one(REST_API_PUT)
        document = put(json.loads(resource.inputs["body"]), self.path, self.value)
        return Change(REST_API_PUT, "body", json.dumps(document)).of(run)

    def __str__(self) -> str:
        return f"definition at {' '.join(map(str, self.path))}: {short(self.value)}"


@dataclass(frozen=True)
class Option(Step):
    """One resource option set to a value."""

    type: str
    option: str
    value: Any

    def of(self, run: Run) -> Run:
        """Apply it."""
        resource = run.one(self.type)
        options = {**resource.options, self.option: self.value}
        return swap(run, resource, replace(resource, options=options))

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} with {self.option}={self.value}"


@dataclass(frozen=True)
class Retype(Step):
    """One resource made one of another type."""

    type: str
    to: str
    name: str | None = None

    def of(self, run: Run) -> Run:
        """Apply it."""
        resource = run.one(self.type, self.name)
        return swap(run, resource, replace(resource, type=self.to))

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} as {self.to.rpartition(':')[2]}"


@dataclass(frozen=True)
class Removal(Step):
    """All resources of a type, or the one of a name, taken away."""

    type: str
    name: str | None = None

    def of(self, run: Run) -> Run:
        """Apply it."""
        left = (r for r in run.resources if r.type != self.type or self.name not in (None, r.name))
        return replace(run, resources=tuple(left))

    def __str__(self) -> str:
        return f"no {self.name or self.type.rpartition(':')[2]}"


@dataclass(frozen=True)
class Forgetting(Step):
    """What a resource was made from is not told: only its values are left to follow."""

    type: str
    name: str | None = None

    def of(self, run: Run) -> Run:
        """Apply it."""
        resource = run.one(self.type, self.name)
        return swap(run, resource, replace(resource, property_dependencies={}))

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]} followed by its values"


@dataclass(frozen=True)
class Addition(Step):
    """One more resource, made by the provider of all the others."""

    type: str
    name: str
    props: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)
    """For each property the name and type of the resource it was made from, as "name type"."""

    def hidden(self) -> Step:
        """The same with every property marked secret."""
        return replace(self, props={key: Secret(value) for key, value in self.props.items()})

    def __str__(self) -> str:
        return f"another {self.type.rpartition(':')[2]} {short(dict(self.props))}"

    def of(self, run: Run) -> Run:
        """Apply it."""
        made_from = {}
        for prop, source in self.sources.items():
            name, _, token = source.partition(" ")
            made_from[prop] = frozenset([run.one(token, name).urn])
        provider = next(r for r in run.resources if r.type == "pulumi:providers:aws")
        resource = Registered(
            urn=f"urn:pulumi:{run.stack}::{run.project}::{self.type}::{self.name}",
            type=self.type,
            name=self.name,
            parent=run.resources[0].urn,
            custom=True,
            inputs=dict(self.props),
            outputs={**self.props, "id": f"id-of-{self.name}"},
            provider=provider.urn,
            property_dependencies=made_from,
        )
        return replace(run, resources=(*run.resources, resource))


def changed(run: Run, *steps: Step) -> Run:
    """Apply changes one after the other."""
    for step in steps:
        run = step.of(run)
    return run


def swap(run: Run, old: Registered, new: Registered) -> Run:
    """Put one resource in the place of another."""
    resources = tuple(new if r is old else r for r in run.resources)
    return replace(run, resources=resources)


def put(properties: Mapping[str, Any], steps: Path, value: Any) -> dict[str, Any]:
    """Copy properties with one value set, or taken away when it is ABSENT."""
    copied = copy.deepcopy(dict(properties))
    inner: Any = copied
    for step in steps[:-1]:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
    if value is ABSENT:
        inner.pop(steps[-1], None)
    else:
        inner[steps[-1]] = value
    return copied


def rule(name: str) -> Rule:
    """The rule of that name."""
    return next(rule for rule in RULES if rule.name == name)


def verdict(
    name: str,
    run: Run,
    config: Mapping[str, Any] | None = None,
    *,
    of: str | None = None,
) -> tuple[Outcome, str]:
    """What one rule says of a run, with all its messages.

    `of` is the name of one resource, to hear what is said of that one only.
    """
    own = {name: {"enforcementLevel": "advisory", **(config or {})}}  # goes on after a refusal
    if rule(name).kind == "resource":  # it sees one resource at a time: others take time only
        seen = {*rule(name).subjects, PROVIDER}
        run = replace(run, resources=tuple(r for r in run.resources if r.type in seen))
    judged = analyzer.analyze_run(run, own, [rule(name).policy()])
    names = {r.urn: r.name for r in run.resources}
    findings = [f for f in judged.findings if of in (None, names[f.urn])]
    text = "\n".join(finding.message for finding in findings)
    is_refused = any(not f.message.startswith("can't run policy") for f in findings)
    if findings:
        return (Outcome.REFUSES if is_refused else Outcome.UNDECIDED), text
    subjects = {r.urn for r in run.resources if r.type in rule(name).subjects}
    passed = {p.urn for p in judged.not_applicable}
    if rule(name).kind == "stack":
        return (Outcome.NOT_APPLICABLE if passed else Outcome.PASSES), text
    return (Outcome.PASSES if subjects - passed else Outcome.NOT_APPLICABLE), text


class Kind(enum.StrEnum):
    """What a case is about; every rule has one of each."""

    PASSES = "passes"
    REFUSES = "refuses"
    UNKNOWN = "unknown"
    ABSENT = "absent"
    SECRET = "secret"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True)
class Case:
    """One verdict that is expected of one rule."""

    rule: str
    kind: Kind
    steps: tuple[Step, ...]
    outcome: Outcome
    words: str = ""
    """Part of the message."""
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def phase(self) -> Phase:
        """Unknowns exist at preview only; elsewhere everything is known."""
        return Phase.PREVIEW if self.kind is Kind.UNKNOWN else Phase.UPDATE

    def __str__(self) -> str:
        steps = ", ".join(str(step) for step in self.steps) or "our stack"
        return f"{self.rule} {self.kind}: {steps}"


def passes(rule: str, *steps: Step, **config: Any) -> Case:
    """Expect nothing said."""
    return Case(rule, Kind.PASSES, steps, Outcome.PASSES, config=config)


def refuses(rule: str, words: str, *steps: Step, **config: Any) -> Case:
    """Expect a refusal with these words."""
    return Case(rule, Kind.REFUSES, steps, Outcome.REFUSES, words, config)


def undecided(rule: str, words: str, *steps: Step, **config: Any) -> Case:
    """Expect that a value which is unknown at preview is named."""
    return Case(rule, Kind.UNKNOWN, steps, Outcome.UNDECIDED, words, config)


def decided(rule: str, outcome: Outcome, *steps: Step, **config: Any) -> Case:
    """Expect a verdict in spite of a value that is unknown at preview."""
    return Case(rule, Kind.UNKNOWN, steps, outcome, config=config)


def without(rule: str, outcome: Outcome, *steps: Step, words: str = "", **config: Any) -> Case:
    """Expect a verdict where something optional is absent."""
    return Case(rule, Kind.ABSENT, steps, outcome, words, config)


def irrelevant(rule: str, *steps: Step, **config: Any) -> Case:
    """Expect that the rule does not apply."""
    return Case(rule, Kind.NOT_APPLICABLE, steps, Outcome.NOT_APPLICABLE, config=config)


def with_secrets(cases: Iterable[Case]) -> Iterator[Case]:
    """All cases, and each refusal once more with the offending values marked secret."""
    for case in cases:
        yield case
        if case.kind is Kind.REFUSES:
            steps = tuple(step.hidden() for step in case.steps)
            yield replace(case, kind=Kind.SECRET, steps=steps)
