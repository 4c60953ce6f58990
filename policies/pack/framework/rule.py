"""What a rule is: a record of everything that is documented about it, and its check function.

Each module in `rules` makes one `Area`. A record registers the check below it in that area:

    @AREA.resource_rule(name="log-retention", title="Log groups expire their logs.", ...)
    def _expires_logs(group: Resource, config: Config) -> Verdicts:
        ...

A check yields a verdict on everything that it finds, and nothing for a resource that complies.
"""

import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyComplianceFramework,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)

from .. import about
from ..graph.definition import UnreadableError
from ..graph.graph import Graph
from ..graph.resource import Resource, UnknownPropertyError, WrongTypeError, resource_of
from ..sdk import NotYetKnownError, is_preview

Schemas = Mapping[str, Mapping[str, Any]]
"""JSON schemas of properties, by name."""
Config = Mapping[str, Any]
"""Properties of a rule: the defaults of its schemas, overridden by the configuration."""

_NAME_PATTERNS = {"type": "array", "items": {"type": "string", "minLength": 1}, "minItems": 1}
COMMON_PROPERTIES: Schemas = {
    "include": {
        **_NAME_PATTERNS,
        "description": "Check only resources whose name matches one of these patterns (`*`, `?`).",
    },
    "exclude": {
        **_NAME_PATTERNS,
        "description": "Do not check resources whose name matches one of these patterns.",
    },
}
"""Properties that every rule has in addition to its own."""


NOT_KNOWN_YET = "not known yet: "
"""Begins the report of a rule that an unknown value leaves undecided."""
DECIDED_LATER = "decided when the resource is created, not known yet: "
"""Begins the reason of a resource rule that does not apply yet."""

FSBP = ("AWS Foundational Security Best Practices", "1.0.0")
"""Name and version of the standard in Security Hub whose ids begin with "fsbp:"."""
_SPELLINGS = {
    **{word: word.upper() for word in ("acl", "api", "elb", "iam", "ip", "nlb", "tls", "vpc")},
    "imdsv2": "IMDSv2",
    "v2": "V2",
    "vpclink": "VPC link",
}
STACK_PROPERTIES: Schemas = {
    "onlyWithApi": {
        "type": "boolean",
        "description": "Check only stacks that have a part of an API, or a VPC link; "
        "by default all stacks.",
    },
}
"""Properties that every stack rule has in addition: a resource rule sees one resource."""


@dataclass(frozen=True)
class Violation:
    """The resource violates the rule."""

    resource: Resource
    text: str
    """What is wrong, as the rest of a sentence that starts with the resource's name."""
    fix: str = ""
    """How to fix it, when the rule's own advice is too general."""


@dataclass(frozen=True)
class Unknown:
    """Whether the resource violates the rule depends on a value that does not exist yet."""

    resource: Resource
    value: str
    """The value, as a property path or in words."""


@dataclass(frozen=True)
class NotApplicable:
    """The rule does not apply to the resource, which should not count as a pass."""

    reason: str


Verdict = Violation | Unknown | NotApplicable
Verdicts = Iterable[Verdict]
Check = TypeVar("Check", bound=Callable[..., Verdicts])
SomeRule = TypeVar("SomeRule", bound="Rule")
Record = ParamSpec("Record")


class RuleError(Exception):
    """A check failed to run. The message says where, and never contains a property's value."""


@dataclass(kw_only=True)
class Rule:
    """What is documented about a rule. The CLI shows name, title, severity and fix."""

    area: "Area" = field(kw_only=False, repr=False)
    name: str
    title: str
    """One sentence: how things should be."""
    level: Literal["mandatory", "advisory"]
    severity: Literal["low", "medium", "high", "critical"]
    resource_types: Sequence[str]
    """Type tokens of the resources that it checks."""
    rationale: str
    """What goes wrong without it."""
    fix: str
    """One action."""
    controls: str = ""
    """The same requirement in other catalogs, as "fsbp:EC2.9 trivy:AWS-0009"."""
    config: Schemas = field(default_factory=dict)
    """JSON schemas of its own properties."""
    check: Callable[..., Verdicts] = field(init=False, repr=False)

    def __call__(self, check: Check) -> Check:
        """Register a function as the check of this rule, and the rule in its area."""
        self.check = check
        self.area.rules.append(self)
        return check

    @property
    def display_name(self) -> str:
        """The name as a few words: "NLB API same account region"."""
        first, *others = (_SPELLINGS.get(word, word) for word in self.name.split("-"))
        return " ".join([first[:1].upper() + first[1:], *others])

    @property
    def tags(self) -> list[str]:
        """The area, and the same requirement in other catalogs."""
        return [f"area:{self.area.slug}", *self.controls.split()]

    @property
    def framework(self) -> PolicyComplianceFramework:
        """AWS's controls with the same requirement or, if there are none, this pack."""
        prefix = "fsbp:"
        own = [c.removeprefix(prefix) for c in self.controls.split() if c.startswith(prefix)]
        if own:
            return PolicyComplianceFramework(*FSBP, ", ".join(own), self.title)
        pack = about.manifest()
        return PolicyComplianceFramework(about.DISPLAY_NAME, pack["version"], self.name, self.title)

    @property
    def kind(self) -> str:
        """When it runs: "resource", before each is created, or "stack", over all of them."""
        return "resource" if isinstance(self, ResourceRule) else "stack"

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """JSON schemas of all properties, including the common ones."""
        return {name: dict(schema) for name, schema in {**self.config, **COMMON_PROPERTIES}.items()}

    def policy(self) -> Policy:
        """Build the policy that the SDK runs."""
        raise NotImplementedError

    def _policy_arguments(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.title,
            "enforcement_level": EnforcementLevel(self.level),
            "severity": Severity(self.severity),
            "display_name": self.display_name,
            "framework": self.framework,
            "tags": self.tags,
            "remediation_steps": self.fix,
            "url": f"{about.documents()}/docs/policies.md#{self.name}",
            "config_schema": PolicyConfigSchema(properties=self.schema),
        }

    def _with_defaults(self, config: Config) -> Config:
        defaults = {key: s["default"] for key, s in self.config.items() if "default" in s}
        return {**defaults, **config}

    def _verdicts(self, resource: Resource, *arguments: object) -> Iterator[Verdict]:
        """All verdicts on one resource; a failure is reported with the rule and the resource."""
        try:
            yield from self.check(resource, *arguments)
        except UnknownPropertyError as error:
            yield Unknown(error.resource, error.path)
        except WrongTypeError as error:
            text = f"has a value of the wrong type in {error.path}."
            yield Violation(error.resource, text, f"correct {error.path}.")
        except UnreadableError as error:
            text = f"has a definition that cannot be read: {error}."
            yield Violation(resource, text, "write the OpenAPI document as JSON or YAML.")
        except Exception as error:
            # The text of the error may quote a secret, so only its type and its line are shown.
            line = traceback.extract_tb(error.__traceback__)[-1]
            raise RuleError(
                f"policy {self.name} failed on {resource.urn}: "
                f"{type(error).__name__} at {Path(line.filename).name}:{line.lineno}"
            ) from error

    @property
    def is_decided_later(self) -> bool:
        """Whether an unknown value needs no report, because the rule runs again in time."""
        return False

    def _report(
        self, checked: Iterable[Iterator[Verdict]], config: Config, report: ReportViolation
    ) -> str:
        """Report violations, then unknown values.

        Returns why the rule does not apply, if that is the verdict on every resource.
        """
        violations, unknown, reasons = set(), set(), set()
        applies = False
        for verdicts in map(list, checked):
            applies = applies or not verdicts
            for verdict in verdicts:
                match verdict:
                    case Violation(resource, text, fix) if is_covered(resource.name, config):
                        message = f"'{resource.name}' {text}\nFix: {fix or self.fix}"
                        violations.add((resource.urn, message))
                    case Unknown(resource, value) if is_covered(resource.name, config):
                        unknown.add(f"{value} of '{resource.name}'")
                    case NotApplicable(reason):
                        reasons.add(reason)
        for urn, message in sorted(violations):
            report(message, urn)
        if unknown:
            values = "; ".join(sorted(unknown))
            if not self.is_decided_later:
                raise NotYetKnownError(f"{NOT_KNOWN_YET}{values}")
            reasons, applies = {f"{DECIDED_LATER}{values}"}, False
        return "" if violations or applies else "; ".join(sorted(reasons))


@dataclass(kw_only=True)
class ResourceRule(Rule):
    """A rule that checks the inputs of one resource, and can stop an update before it exists.

    Its check takes the resource and the configuration.
    """

    needs_inputs: bool = True
    """Whether to skip a resource that has no inputs."""

    @property
    def is_decided_later(self) -> bool:
        """At a preview: the update runs the rule again before it creates the resource."""
        return is_preview()

    def policy(self) -> Policy:
        """Build the resource policy."""
        return ResourceValidationPolicy(validate=self._validate, **self._policy_arguments())

    @cached_property
    def _reason_for_other_types(self) -> str:
        # Needed for nearly every resource, so it is written once.
        return f"checks only {', '.join(self.resource_types)}"

    def _validate(self, args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type not in self.resource_types:
            args.not_applicable(self._reason_for_other_types)
        resource, config = resource_of(args), self._with_defaults(args.get_config())
        if not is_covered(resource.name, config):
            args.not_applicable("excluded by the configuration")
        if self.needs_inputs and not resource.props:
            # `pulumi policy analyze` shows resources that a program read, without any inputs.
            args.not_applicable("was read, not created here")
        if reason := self._report([self._verdicts(resource, config)], config, report):
            args.not_applicable(reason)


@dataclass(kw_only=True)
class StackRule(Rule):
    """A rule that checks all resources with their outputs: at preview, and after an update.

    Its check takes each resource of its types, the graph and the configuration.
    """

    @property
    def schema(self) -> dict[str, dict[str, Any]]:
        """JSON schemas of all properties, including those of all stack rules."""
        return super().schema | {name: dict(own) for name, own in STACK_PROPERTIES.items()}

    def policy(self) -> Policy:
        """Build the stack policy."""
        return StackValidationPolicy(validate=self._validate, **self._policy_arguments())

    def _validate(self, args: StackValidationArgs, report: ReportViolation) -> None:
        graph, config = Graph(args.resources), self._with_defaults(args.get_config())
        if config.get("onlyWithApi") and not graph.has_api:
            args.not_applicable("the stack has no API and no VPC link")
        resources = graph.of_type(*self.resource_types)
        if not resources:
            args.not_applicable(f"there is no {', '.join(self.resource_types)}")
        checked = (self._verdicts(resource, graph, config) for resource in resources)
        if reason := self._report(checked, config, report):
            args.not_applicable(reason)


def is_covered(name: str, config: Config) -> bool:
    """Whether the configuration includes a resource of that name."""
    included = config.get("include", ["*"])
    return _matches(name, included) and not _matches(name, config.get("exclude", []))


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _registers(
    rule: Callable[Concatenate["Area", Record], SomeRule],
) -> Callable[Concatenate["Area", Record], SomeRule]:
    def make(area: "Area", /, *args: Record.args, **fields: Record.kwargs) -> SomeRule:
        return rule(area, *args, **fields)

    return make


@dataclass
class Area:
    """The rules on one subject, in the order in which they are documented."""

    title: str
    rules: list[Rule] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """The title as a tag: "security-groups"."""
        return "-".join(self.title.lower().split())

    resource_rule = _registers(ResourceRule)
    """Decorates the check of a resource rule; the arguments are the fields of `Rule`."""
    stack_rule = _registers(StackRule)
    """Decorates the check of a stack rule; the arguments are the fields of `Rule`."""
