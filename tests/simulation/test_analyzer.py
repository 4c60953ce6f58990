"""The in-process analyzer calls policies as the engine does."""

import contextvars
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies.pack.framework.rule import Area, Config, RuleError, Unknown, Verdict, Violation
from policies.pack.graph.graph import Graph
from policies.pack.graph.resource import Resource
from simulation.analyzer import Finding, Kind, analyze_run, analyze_state, findings_of
from simulation.engine import UNKNOWN, Phase, Registered, Run, Secret

ROOT = Registered("urn:stack", "pulumi:pulumi:Stack", "dev", "", False, {}, {"exported": "yes"})
PROVIDER = Registered(
    "urn:provider", "pulumi:providers:aws", "main", "urn:stack", True, {"region": "here"}, {}
)
COMPONENT = Registered("urn:component", "lab:index:Part", "part", "urn:stack", False, {}, {"of": 1})
ONE = Registered(
    "urn:one",
    "aws:a/one:One",
    "one",
    "urn:component",
    True,
    {"name": "in", "hidden": Secret("plain"), "later": UNKNOWN},
    {"name": "out", "id": "one-id"},
    "urn:provider",
    frozenset({"urn:component"}),
    {"name": frozenset({"urn:two"}), "empty": frozenset()},
    {"protect": True, "deleteBeforeReplace": True},
)
TWO = Registered(
    "urn:two", "aws:a/two:Two", "two", "urn:stack", True, {"a": 1}, {"a": 1}, "urn:provider"
)
READ = replace(TWO, urn="urn:read", name="read", inputs={}, read=True)
ALL = (ROOT, PROVIDER, COMPONENT, TWO, ONE, READ)


def run(phase: Phase = Phase.PREVIEW, resources: tuple[Registered, ...] = ALL) -> Run:
    """A stack with a few resources."""
    return Run(phase, "lab", "dev", resources)


def resource_policy(validate: Any, level: EnforcementLevel = EnforcementLevel.ADVISORY) -> Policy:
    """A resource policy with one function."""
    return ResourceValidationPolicy("look", "Looks.", validate, enforcement_level=level)


def stack_policy(validate: Any) -> Policy:
    """A stack policy with one function."""
    return StackValidationPolicy("survey", "Surveys.", validate)


@pytest.fixture(scope="module")
def received() -> dict[str, Any]:
    """What a resource policy receives, by name of the resource, and a stack policy, as `stack`."""
    seen: dict[str, Any] = {}

    def look(args: ResourceValidationArgs, _: ReportViolation) -> None:
        seen[args.name] = args

    def survey(args: StackValidationArgs, _: ReportViolation) -> None:
        seen["stack"] = {resource.urn: resource for resource in args.resources}

    findings_of(run(), {}, [resource_policy(look), stack_policy(survey)])
    return seen


def test_a_resource_policy_receives_inputs_in_the_order_of_registration(
    received: dict[str, Any],
) -> None:
    inputs = [(args.urn, sorted(args.props)) for name, args in received.items() if name != "stack"]
    assert inputs == [
        ("urn:stack", []),
        ("urn:provider", ["region"]),
        ("urn:component", []),
        ("urn:two", ["a"]),
        ("urn:one", ["hidden", "later", "name"]),
    ]


def test_a_resource_policy_receives_type_provider_and_options(received: dict[str, Any]) -> None:
    def options(name: str) -> tuple[Any, ...]:
        given = received[name].opts
        return given.protect, given.delete_before_replace, given.parent

    one, two = received["one"], received["two"]
    assert (one.resource_type, two.resource_type) == ("aws:a/one:One", "aws:a/two:Two")
    assert (one.provider.name, one.provider.props["region"]) == ("main", "here")
    assert two.provider.name == "main"
    assert received["main"].provider is received["part"].provider is None
    assert options("one") == (True, True, "urn:component")
    assert options("two") == (False, None, "urn:stack")


def test_a_policy_receives_secrets_in_plaintext(received: dict[str, Any]) -> None:
    assert received["one"].props["hidden"] == "plain"


def test_a_policy_that_needs_an_unknown_value_is_an_advisory_of_that_kind() -> None:
    def look(args: ResourceValidationArgs, _: ReportViolation) -> None:
        if args.name == "one":
            _ = args.props["later"]

    [found] = findings_of(run(), {}, [resource_policy(look, EnforcementLevel.MANDATORY)])
    assert (found.urn, found.level, found.kind) == ("urn:one", "advisory", Kind.UNKNOWN)


def test_a_stack_policy_receives_outputs_and_dependencies(received: dict[str, Any]) -> None:
    stack = received["stack"]
    assert set(stack) == {"urn:stack", "urn:provider", "urn:component", "urn:two", "urn:one"}
    assert dict(stack["urn:stack"].props) == {"exported": "yes"}
    assert dict(stack["urn:component"].props) == {"of": 1}
    one = stack["urn:one"]
    assert dict(one.props) == {"name": "out", "id": "one-id"}
    assert one.parent.urn == "urn:component"
    assert [resource.urn for resource in one.dependencies] == ["urn:component"]
    assert {key: [r.urn for r in found] for key, found in one.property_dependencies.items()} == {
        "name": ["urn:two"]
    }


def test_a_violation_without_a_known_resource_belongs_to_the_stack() -> None:
    def survey(_: StackValidationArgs, report: ReportViolation) -> None:
        report("of one", "urn:one")
        report("of none", None)
        report("of another", "urn:elsewhere")

    found = findings_of(run(), {}, [stack_policy(survey)])
    assert [(f.urn, f.message.splitlines()[1]) for f in found] == [
        ("urn:one", "of one"),
        ("urn:stack", "of another"),
        ("urn:stack", "of none"),
    ]


def forbid(args: ResourceValidationArgs, report: ReportViolation) -> None:
    """Report every resource of AWS."""
    if args.resource_type.startswith("aws:"):
        report("no", None)


def count(args: StackValidationArgs, report: ReportViolation) -> None:
    """Report the number of resources."""
    report(str(len(args.resources)), None)


PACK = (resource_policy(forbid, EnforcementLevel.MANDATORY), stack_policy(count))


def test_a_preview_continues_after_a_mandatory_violation() -> None:
    found = findings_of(run(), {}, PACK)
    assert [(f.urn, f.policy, f.is_mandatory) for f in found] == [
        ("urn:one", "look", True),
        ("urn:stack", "survey", False),
        ("urn:two", "look", True),
    ]
    assert {f.kind for f in found} == {Kind.VIOLATION}


def test_an_update_stops_at_the_first_mandatory_violation() -> None:
    found = findings_of(run(Phase.UPDATE), {}, PACK)
    assert [(f.urn, f.policy) for f in found] == [("urn:two", "look")]


def test_an_update_continues_after_an_advisory_violation() -> None:
    found = findings_of(run(Phase.UPDATE), {"look": "advisory"}, PACK)
    assert [f.policy for f in found] == ["look", "survey", "look"]


def test_a_disabled_policy_reports_nothing() -> None:
    assert findings_of(run(), {"look": "disabled", "survey": "disabled"}, PACK) == ()


def test_a_policy_receives_its_properties_and_their_defaults() -> None:
    seen: list[Mapping[str, Any]] = []

    def look(args: ResourceValidationArgs, _: ReportViolation) -> None:
        seen.append(args.get_config())

    schema = {"limit": {"type": "integer"}, "unit": {"type": "string", "default": "s"}}
    policy = ResourceValidationPolicy(
        "look", "Looks.", look, config_schema=PolicyConfigSchema(schema)
    )
    findings_of(run(resources=(ROOT,)), {"look": {"limit": 5}}, [policy])
    assert seen == [{"limit": 5, "unit": "s"}]


@pytest.mark.parametrize(("phase", "is_preview"), [(Phase.PREVIEW, True), (Phase.UPDATE, False)])
def test_a_policy_can_ask_for_project_stack_and_phase(phase: Phase, is_preview: bool) -> None:
    seen: list[Any] = []

    def survey(_: StackValidationArgs, __: ReportViolation) -> None:
        seen.append((pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()))

    findings_of(run(phase), {}, [stack_policy(survey)])
    assert seen == [("lab", "dev", is_preview)]


def test_environment_and_settings_are_left_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_STACK", "mine")
    before = dict(os.environ)
    findings_of(run(), {}, PACK)
    assert dict(os.environ) == before
    fresh = contextvars.Context()
    assert fresh.run(pulumi.runtime.is_dry_run) is False
    assert fresh.run(pulumi.get_project) == "project"


def test_a_policy_that_does_not_apply_is_not_counted_as_passed() -> None:
    def look(args: ResourceValidationArgs, _: ReportViolation) -> None:
        if args.name != "one":
            args.not_applicable(f"not {args.name}")

    analysis = analyze_run(run(), {}, [resource_policy(look)])
    assert analysis.findings == ()
    assert ("urn:two", "look", "not two") in analysis.not_applicable
    assert "urn:one" not in {entry.urn for entry in analysis.not_applicable}


SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
STATE = {
    "version": 3,
    "deployment": {
        "resources": [
            {"urn": "urn:stack", "type": "pulumi:pulumi:Stack", "outputs": {"x": 1}},
            {
                "urn": "urn:p::main",
                "type": "pulumi:providers:aws",
                "custom": True,
                "inputs": {"region": "here"},
            },
            {"urn": "urn:a::gone", "type": "aws:a/one:One", "custom": True, "delete": True},
            {
                "urn": "urn:a::read",
                "type": "aws:a/one:One",
                "custom": True,
                "external": True,
                "outputs": {"id": "1", "__meta": "internal"},
                "provider": "urn:p::main::id",
                "parent": "urn:stack",
                "propertyDependencies": {"b": None, "c": ["urn:stack"]},
            },
            {
                "urn": "urn:a::made",
                "type": "aws:a/one:One",
                "custom": True,
                "inputs": {
                    "open": {**SECRET, "plaintext": '"text"'},
                    "shut": [{**SECRET, "ciphertext": "v1:abc"}],
                },
                "provider": "urn:p::main::id",
            },
        ]
    },
}


def test_the_resources_of_a_state_include_those_that_were_read() -> None:
    inputs: dict[str, Any] = {}
    outputs: dict[str, Any] = {}

    def look(args: ResourceValidationArgs, report: ReportViolation) -> None:
        assert not pulumi.runtime.is_dry_run()
        plain = {k: v if isinstance(v, str) else list(v) for k, v in args.props.items()}
        inputs[args.name] = (plain, args.provider and args.provider.name)
        if args.name == "read":
            report("continues", None)

    def survey(args: StackValidationArgs, _: ReportViolation) -> None:
        for r in args.resources:
            depends = {key: len(found) for key, found in r.property_dependencies.items()}
            outputs[r.name] = (dict(r.props), depends)

    pack = [resource_policy(look, EnforcementLevel.MANDATORY), stack_policy(survey)]
    analysis = analyze_state(STATE, {}, pack)
    assert [f.message for f in analysis.findings] == ["Looks.\ncontinues"]
    assert inputs["read"] == ({}, "main")
    assert inputs["made"] == ({"open": "text", "shut": ["[secret]"]}, "main")
    assert outputs["read"] == ({"id": "1"}, {"c": 1})
    assert "gone" not in {**inputs, **outputs}


def test_a_state_can_be_a_bare_deployment() -> None:
    assert analyze_state(STATE["deployment"], {}, [stack_policy(count)]).findings  # type: ignore[arg-type]


def broken(_: Any, *__: Any) -> list[Verdict]:
    """A rule that does not work."""
    raise KeyError("a value that may be secret")


ABOUT: dict[str, Any] = {
    "name": "broken",
    "title": "Breaks.",
    "level": "advisory",
    "severity": "low",
    "resource_types": ("aws:a/one:One",),
    "rationale": "x",
    "fix": "x",
}


@pytest.mark.parametrize(
    "rule", [Area("lab").resource_rule(**ABOUT), Area("lab").stack_rule(**ABOUT)]
)
def test_a_rule_that_fails_names_itself_the_resource_and_the_line(rule: Any) -> None:
    rule(broken)
    with pytest.raises(RuleError) as caught:
        findings_of(run(), {}, [rule.policy()])
    text = str(caught.value)
    assert text.startswith("policy broken failed on urn:one: KeyError at test_analyzer.py:")
    assert "secret" not in text


def test_one_broken_resource_hides_no_finding_of_the_same_run() -> None:
    def unsure(resource: Resource, _: Graph, __: Config) -> list[Verdict]:
        if resource.name == "one":
            return [Unknown(resource, "later"), Violation(resource, "is bad.")]
        return [Violation(resource, "is bad too.", "mend it.")]

    both = {"resource_types": ("aws:a/one:One", "aws:a/two:Two"), "level": "mandatory"}
    rule = Area("lab").stack_rule(**{**ABOUT, **both})
    rule(unsure)
    found = findings_of(run(), {}, [rule.policy()])
    texts = [(f.urn, f.is_mandatory, f.message.partition("\n")[2]) for f in found]
    assert texts == [
        ("urn:one", True, "'one' is bad.\nFix: x"),
        ("urn:stack", False, ""),
        ("urn:two", True, "'two' is bad too.\nFix: mend it."),
    ]
    assert found[1].message.endswith("not known yet: later of 'one'")


def test_findings_are_sorted() -> None:
    a, b = Finding("urn:a", "x", "advisory", "m"), Finding("urn:b", "a", "mandatory", "m")
    assert sorted([b, a]) == [a, b]
