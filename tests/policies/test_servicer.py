"""What concerns several policies at once: shared properties, and one finding for one fact."""

from collections.abc import Sequence
from typing import Any

import pytest

from policies.pack import resource_types as types
from policies.pack.framework.rule import NOT_KNOWN_YET, Area, StackRule, Unknown, Verdict, Violation
from policies.pack.rules import RULES
from simulation.analyzer import Analysis, Finding, Kind, analyze_run, findings_of
from simulation.engine import UNKNOWN, Phase, Registered, Run
from tests.policies.changes import changed
from tests.policies.conftest import STACKS
from tests.policies.linked_stack import OURS, LinkedStack
from tests.policies.locations import PROVEN, SHARED, arn, by
from tests.policies.parts import LISTENER
from tests.policies.test_own_stacks import shipped

MANAGED = "integration-link-managed"
ABOUT_LINKS = (SHARED, PROVEN, MANAGED)
LISTED = {"externalVpcLinks": {"abc123": {"nlbArn": arn()}}}
PINNED = {"allowedAccountIds": f'["{OURS}"]'}
LITERAL = LinkedStack(api=by("b", **PINNED), connection="abc123", read=("nlb", "link"))
SELECTED = LinkedStack(
    api=by("b", **PINNED), stages={"dev": {"vpcLinkId": "abc123"}}, read=("nlb", "link")
)


def about_links(stack: LinkedStack, phase: Phase, config: dict[str, Any]) -> list[Finding]:
    """What the whole pack reports about VPC links of other stacks."""
    found = findings_of(stack.run(phase), {"all": "advisory", **config})
    return [one for one in found if one.policy in ABOUT_LINKS]


STRICT = dict.fromkeys(ABOUT_LINKS, "mandatory")
DEFAULT = {SHARED: "mandatory", MANAGED: "mandatory"}
LENIENT = {
    SHARED: {"enforcementLevel": "mandatory", "unprovenAtUpdate": "warn"},
    **{PROVEN: "mandatory"},
}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("stack", [LITERAL, SELECTED], ids=["literal", "selected"])
@pytest.mark.parametrize(
    ("config", "policy"),
    [
        (DEFAULT, SHARED),
        (STRICT, SHARED),
        ({}, SHARED),
        (LENIENT, PROVEN),
        ({SHARED: "disabled", PROVEN: "mandatory"}, PROVEN),
    ],
    ids=str,
)
def test_a_link_of_another_stack_gives_one_finding(
    config: dict[str, Any], policy: str, stack: LinkedStack, phase: Phase
) -> None:
    [finding] = about_links(stack, phase, config)
    assert finding.policy == policy
    assert finding.is_mandatory == (policy in config)
    assert "uses VPC link 'abc123'" in finding.message


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("stack", [LITERAL, SELECTED], ids=["literal", "selected"])
@pytest.mark.parametrize("place", ABOUT_LINKS)
def test_it_is_listed_once_for_any_of_the_policies(
    place: str, stack: LinkedStack, phase: Phase
) -> None:
    config = {**STRICT, place: {"enforcementLevel": "mandatory", **LISTED}}
    assert about_links(stack, phase, config) == []


@pytest.mark.parametrize("place", ABOUT_LINKS)
def test_one_that_is_listed_elsewhere_is_still_compared(place: str) -> None:
    elsewhere = {"externalVpcLinks": {"abc123": {"nlbArn": arn("eu-west-1")}}}
    [finding] = about_links(LITERAL, Phase.PREVIEW, {place: {**elsewhere}})
    assert finding.policy == SHARED
    assert "is in region eu-west-1" in finding.message


def test_a_list_of_its_own_takes_precedence_over_that_of_another_policy() -> None:
    elsewhere = {"externalVpcLinks": {"abc123": {"nlbArn": arn("eu-west-1")}}}
    config = {SHARED: elsewhere, PROVEN: LISTED}
    assert len(about_links(LITERAL, Phase.PREVIEW, config)) == 1
    assert about_links(LITERAL, Phase.PREVIEW, {SHARED: LISTED, PROVEN: elsewhere}) == []


def test_a_policy_whose_findings_are_all_reported_by_another_does_not_apply() -> None:
    analysis = analyze_run(LITERAL.run(Phase.PREVIEW), {})
    reasons = {e.policy: e.reason for e in analysis.not_applicable if e.policy in ABOUT_LINKS}
    assert reasons == dict.fromkeys((PROVEN, MANAGED), f"{SHARED} reports the same")


def lab(name: str, *verdicts: Verdict, level: str = "advisory") -> StackRule:
    """A rule with these verdicts on every VPC."""
    area: Any = Area("Lab")
    rule: StackRule = area.stack_rule(
        name=name,
        title=f"Title of {name}.",
        level=level,
        severity="low",
        resource_types=[types.VPC],
        rationale="x",
        fix="x",
    )
    rule(lambda *_: verdicts)
    return rule


VPC = Registered("urn:pulumi:dev::x::t::vpc", types.VPC, "vpc", "", True, {}, {})
OTHER = Registered("urn:pulumi:dev::x::t::other", types.VPC, "other", "", True, {}, {})
ABOUT_VPC: Any = VPC
WRONG = Violation(ABOUT_VPC, "is wrong.")


def analyzed(rules: Sequence[StackRule], phase: Phase = Phase.PREVIEW) -> Analysis:
    """What such rules report together."""
    run = Run(phase, "x", "dev", (VPC, OTHER))
    return analyze_run(run, {}, [rule.policy() for rule in rules])


def test_of_equal_findings_the_first_of_the_strictest_level_stays() -> None:
    rules = [
        lab("lab-a", WRONG),
        lab("lab-b", WRONG, level="mandatory"),
        lab("lab-c", WRONG, level="mandatory"),
    ]
    assert [f.policy for f in analyzed(rules).findings] == ["lab-b"]
    assert {entry.policy for entry in analyzed(rules).not_applicable} == {"lab-a", "lab-c"}


@pytest.mark.parametrize(
    "other",
    [
        Violation(ABOUT_VPC, "is very wrong."),
        Violation(ABOUT_VPC, "is wrong.", "mend it."),
        Violation(OTHER, "is wrong."),  # type: ignore[arg-type]
    ],
    ids=["text", "fix", "resource"],
)
def test_findings_that_differ_all_stay(other: Violation) -> None:
    analysis = analyzed([lab("lab-a", WRONG), lab("lab-b", WRONG, other)])
    assert [f.policy for f in analysis.findings] == ["lab-a", "lab-b"] or [
        f.policy for f in analysis.findings
    ] == ["lab-b", "lab-a"]
    assert analysis.not_applicable == ()


UNDECIDED = [lab(f"lab-{name}", Unknown(ABOUT_VPC, f"value {name}")) for name in "abc"]


def test_a_preview_reports_everything_that_is_undecided_in_one_line() -> None:
    analysis = analyzed(UNDECIDED)
    [finding] = analysis.findings
    assert (finding.kind, finding.policy, finding.level) == (Kind.UNKNOWN, "lab-a", "advisory")
    assert finding.unknown_values == (
        "value a of 'vpc'; for policy 'lab-b': value b of 'vpc'; "
        "for policy 'lab-c': value c of 'vpc'"
    )
    assert {(entry.policy, entry.reason) for entry in analysis.not_applicable} == {
        ("lab-b", f"{NOT_KNOWN_YET}value b of 'vpc'"),
        ("lab-c", f"{NOT_KNOWN_YET}value c of 'vpc'"),
    }


def test_violations_are_reported_beside_the_undecided_line() -> None:
    both = lab("lab-both", WRONG, Unknown(ABOUT_VPC, "later"), level="mandatory")
    analysis = analyzed([*UNDECIDED, both])
    assert sorted((f.policy, f.kind) for f in analysis.findings) == [
        ("lab-a", Kind.UNKNOWN),
        ("lab-both", Kind.VIOLATION),
    ]
    assert {entry.policy for entry in analysis.not_applicable} == {"lab-b", "lab-c"}


def test_outside_a_preview_every_undecided_policy_is_reported() -> None:
    found = analyzed(UNDECIDED, Phase.UPDATE).findings
    assert [f.policy for f in found] == ["lab-a", "lab-b", "lab-c"]


@pytest.mark.parametrize("config", ["dev", "prod", "ci", "all"])
@pytest.mark.parametrize("stack", STACKS)
def test_the_first_preview_of_a_stack_has_one_undecided_line(
    stack: str, config: str, runs: dict[tuple[str, Phase], Run]
) -> None:
    levels = {"all": "mandatory"} if config == "all" else shipped(config)
    found = findings_of(runs[stack, Phase.PREVIEW], levels)
    assert [one.policy for one in found if one.kind is Kind.UNKNOWN] == ["integration-port"]


def test_more_undecided_policies_share_the_line(runs: dict[tuple[str, Phase], Run]) -> None:
    wired = LISTENER.unknown("defaultActions")
    found = findings_of(changed(runs["dev", Phase.PREVIEW], wired), {})
    [finding] = [one for one in found if one.kind is Kind.UNKNOWN]
    assert "for policy 'nlb-wired': defaultActions of" in finding.unknown_values


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_no_unknown_input_of_any_resource_is_reported_at_a_preview(
    rule: Any, runs: dict[tuple[str, Phase], Run]
) -> None:
    run = runs["dev", Phase.PREVIEW]
    unknown = tuple(
        Registered(**{**vars(r), "inputs": dict.fromkeys(r.inputs, UNKNOWN)})
        for r in run.resources
        if r.type in rule.resource_types
    )
    run = Run(run.phase, run.project, run.stack, unknown)
    if rule.kind == "resource":
        found = findings_of(run, {}, [rule.policy()])
        assert [one for one in found if one.kind is Kind.UNKNOWN] == []
