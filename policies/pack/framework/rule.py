"""What a rule is: one function that judges, and one record of all that is said about it."""

import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from ..graph.definition import UnreadableError
from ..graph.graph import Graph
from ..graph.resource import Resource, resource_of

Schemas = Mapping[str, Mapping[str, Any]]
"""JSON schemas of properties, by name."""
Config = Mapping[str, Any]
"""Properties of a rule: what the schema gives as default, and what the configuration says."""

MANDATORY, ADVISORY = EnforcementLevel.MANDATORY, EnforcementLevel.ADVISORY
NAMES = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
EVERY_RULE: Schemas = {
    "include": {
        **NAMES,
        "description": "Judge only resources whose name matches one of these patterns (`*`, `?`).",
    },
    "exclude": {
        **NAMES,
        "description": "Do not judge resources whose name matches one of these patterns.",
    },
}
"""Properties that each rule has beside its own."""


@dataclass(frozen=True)
class Refusal:
    """The rule is broken by this resource."""

    resource: Resource
    text: str
    """What is wrong, as the end of a sentence that starts with the resource's name."""
    fix: str = ""
    """What to do about it, when the rule's own advice is too general."""


@dataclass(frozen=True)
class Undecided:
    """Whether the rule is broken depends on a value that does not exist yet."""

    resource: Resource
    what: str
    """The value, as a property path or in words."""


@dataclass(frozen=True)
class NotApplicable:
    """The rule has nothing to say here, and the summary should not count it as passed."""

    reason: str


Verdict = Refusal | Undecided | NotApplicable
ResourceJudge = Callable[[Resource, Config], Iterable[Verdict]]
StackJudge = Callable[[Resource, Graph, Config], Iterable[Verdict]]


class RuleError(Exception):
    """A rule failed to run. The message tells where, and never shows a property's value."""


class _NotYetKnownError(UnknownValueError):
    """Makes the SDK report that the policy could not run, as it does for its own unknowns."""

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.message = message


@dataclass(frozen=True, kw_only=True)
class Rule:
    """All that is said about a rule. The CLI shows name, title, severity and the message only."""

    name: str
    title: str
    """One sentence: how things should be."""
    level: EnforcementLevel
    severity: Severity
    subjects: tuple[str, ...]
    """Type tokens of the resources that it judges."""
    protects: str
    """What goes wrong without it."""
    fix: str
    """One action."""
    controls: tuple[str, ...] = ()
    """The same demand in other catalogues, as "fsbp:APIGateway.1"."""
    config: Schemas = field(default_factory=dict)
    """JSON schema of each property of its own."""

    @property
    def kind(self) -> str:
        """When it runs: "resource", before each is made, or "stack", over all of them."""
        return "resource" if isinstance(self, ResourceRule) else "stack"

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """JSON schema of each property, the common ones included."""
        return {name: dict(schema) for name, schema in {**self.config, **EVERY_RULE}.items()}

    def policy(self) -> Policy:
        """Build what the SDK runs."""
        raise NotImplementedError

    def _described(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.title,
            "enforcement_level": self.level,
            "severity": self.severity,
            "tags": list(self.controls),
            "remediation_steps": self.fix,
            "config_schema": PolicyConfigSchema(properties=self.schema),
        }

    def _configured(self, given: Config) -> Config:
        defaults = {key: s["default"] for key, s in self.config.items() if "default" in s}
        return {**defaults, **given}

    def _judged(
        self, subject: Resource, verdicts: Callable[[], Iterable[Verdict]]
    ) -> list[Verdict]:
        """All verdicts on one resource; a failure comes out with the rule's and its name."""
        try:
            return list(verdicts())
        except UnreadableError as error:
            text = f"has a definition that cannot be read: {error}."
            return [Refusal(subject, text, "write the OpenAPI document as JSON or YAML.")]
        except Exception as error:
            # The text of the error may quote a secret: its type and place have to do.
            place = traceback.extract_tb(error.__traceback__)[-1]
            raise RuleError(
                f"policy {self.name} failed on {subject.urn}: "
                f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
            ) from error

    def _report(self, judged: Iterable[list[Verdict]], config: Config, say: ReportViolation) -> str:
        """Report refusals, then what could not be decided.

        Returns why the rule does not apply, when that was the verdict on every resource.
        """
        refusals, undecided, reasons = set(), set(), set()
        applies = False
        for verdicts in judged:
            applies = applies or not verdicts
            for verdict in verdicts:
                match verdict:
                    case Refusal(resource, text, fix) if is_covered(resource.name, config):
                        refusals.add(
                            (resource.urn, f"'{resource.name}' {text}\nFix: {fix or self.fix}")
                        )
                    case Undecided(resource, what) if is_covered(resource.name, config):
                        undecided.add(f"{what} of '{resource.name}'")
                    case NotApplicable(reason):
                        reasons.add(reason)
        for urn, message in sorted(refusals):
            say(message, urn)
        if undecided:
            raise _NotYetKnownError(f"not known yet: {'; '.join(sorted(undecided))}")
        return "" if refusals or applies else "; ".join(sorted(reasons))


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """A rule that sees the inputs of one resource, and can stop an update before it is made."""

    judge: ResourceJudge
    needs_inputs: bool = True
    """Whether a resource that shows no inputs is passed over."""

    def policy(self) -> Policy:
        """Build the resource policy."""
        return ResourceValidationPolicy(validate=self._validate, **self._described())

    def _validate(self, args: ResourceValidationArgs, say: ReportViolation) -> None:
        if args.resource_type not in self.subjects:
            args.not_applicable(f"judges {', '.join(self.subjects)}")
        subject, config = resource_of(args), self._configured(args.get_config())
        if not is_covered(subject.name, config):
            args.not_applicable("left out by the configuration")
        if self.needs_inputs and not subject.props:
            # `pulumi policy analyze` shows resources that were read without any inputs.
            args.not_applicable("was read, not made here")
        verdicts = self._judged(subject, partial(self.judge, subject, config))
        if reason := self._report([verdicts], config, say):
            args.not_applicable(reason)


@dataclass(frozen=True, kw_only=True)
class StackRule(Rule):
    """A rule that sees all resources with their outputs: at preview, and after an update."""

    judge: StackJudge

    def policy(self) -> Policy:
        """Build the stack policy."""
        return StackValidationPolicy(validate=self._validate, **self._described())

    def _validate(self, args: StackValidationArgs, say: ReportViolation) -> None:
        graph, config = Graph(args.resources), self._configured(args.get_config())
        subjects = graph.of_type(*self.subjects)
        if not subjects:
            args.not_applicable(f"there is no {', '.join(self.subjects)}")
        judged = (self._judged(s, partial(self.judge, s, graph, config)) for s in subjects)
        if reason := self._report(judged, config, say):
            args.not_applicable(reason)


def is_covered(name: str, config: Config) -> bool:
    """Whether a resource of that name is to be judged."""
    included = config.get("include", ["*"])
    return _matches(name, included) and not _matches(name, config.get("exclude", []))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
