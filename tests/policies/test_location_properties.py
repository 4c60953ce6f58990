"""Properties of the location policies, over generated locations, orders and unknown values."""

import random
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack.graph.arn import parse
from policies.pack.location.location import Axis, Fact, Relation, UnknownLocation, locate, relation
from policies.pack.rules import RULES
from policies.pack.values import UNKNOWN as UNKNOWN_VALUE
from simulation import analyzer
from simulation.analyzer import Finding
from simulation.engine import UNKNOWN, Phase, Registered, Run
from tests.policies.case import rule
from tests.policies.linked_stack import HERE, OURS, THEIRS, THERE, LinkedStack, Side, role
from tests.policies.locations import EXPECTED, PROVEN, SHARED, TARGET, proof_of

SOME = ["two stages, one external", "two profiles of two accounts", "definition"]
POLICIES = (SHARED, PROVEN, TARGET)


def is_stopped(run: Run) -> bool:
    """Whether a mandatory location policy stops this run."""
    found = analyzer.findings_of(run, {}, [rule(name).policy() for name in POLICIES])
    return any(finding.is_mandatory for finding in found)


@st.composite
def sides(draw: st.DrawFn) -> Side:
    """A side whose provider shows all, some or nothing of its true location."""
    region, account = draw(st.sampled_from([HERE, THERE])), draw(st.sampled_from([OURS, THEIRS]))
    by_region = draw(st.sampled_from(["provider", "argument", "profile", "unknown"]))
    by_account = draw(st.sampled_from(["profile", "role", "later role", "pin", "pins"]))
    number = draw(st.integers(0, 1))
    # Equal credentials are one identity, so a profile's name contains what it leads to.
    inputs: dict[str, Any] = {"profile": f"{account}-{region}-{number}"}
    regions: dict[str, dict[str, Any]] = {
        "provider": {"region": region},
        "argument": {"region": draw(st.sampled_from([HERE, THERE]))},
        "unknown": {"region": UNKNOWN},
        "profile": {},
    }
    accounts: dict[str, dict[str, Any]] = {
        "role": {"assumeRoles": role(account, draw(st.sampled_from(["roleArn", "role_arn"])))},
        "later role": {"assumeRoles": UNKNOWN},
        "pin": {"allowedAccountIds": f'["{account}"]'},
        "pins": {"allowedAccountIds": f'["{OURS}", "{THEIRS}"]'},
        "profile": {},
    }
    inputs |= regions[by_region] | accounts[by_account]
    name = f"{account}-{region}-{by_region}-{by_account}-{number}-{inputs.get('region')}"
    argument = region if by_region == "argument" else None
    return Side(name, inputs, argument, region, account)


@given(sides(), sides(), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=80)
def test_different_locations_are_stopped_and_others_are_not(
    balancer: Side, api: Side, link_by_api: bool, body: bool, literal: bool
) -> None:
    stack = LinkedStack(balancer, api, api if link_by_api else balancer, body=body)
    if literal:
        name = f"loadbalancer/net/old/{'0' * 16}"
        arn = f"arn:aws:elasticloadbalancing:{balancer.region}:{balancer.account}:{name}"
        stack = replace(stack, target=arn, link=api, read=("nlb",))
    differ = (balancer.region, balancer.account) != (api.region, api.account)
    before, after = (is_stopped(stack.run(Phase.PREVIEW)), is_stopped(stack.run(Phase.UPDATE)))
    assert after == differ
    assert differ or not before


@given(sides(), sides())
@settings(max_examples=30)
def test_what_is_proven_at_preview_holds_after_the_update(balancer: Side, api: Side) -> None:
    stack = LinkedStack(balancer, api)
    proof = proof_of(stack.run(Phase.PREVIEW))[0]
    if proof != "unproven":
        assert proof_of(stack.run(Phase.UPDATE))[0] == proof


credentials = st.dictionaries(
    st.sampled_from(["profile", "assumeRoles", "accessKey"]),
    st.sampled_from(["x", "y", UNKNOWN_VALUE]),
    max_size=2,
)


@given(credentials, credentials, st.booleans())
def test_comparing_is_symmetric_and_equal_only_on_evidence(
    one: dict[str, Any], other: dict[str, Any], is_same_provider: bool
) -> None:
    a = locate("a", None, provider=one, provider_name="a", provider_urn="urn:a")
    urn = "urn:a" if is_same_provider else "urn:b"
    b = locate("b", None, provider=other, provider_name="b", provider_urn=urn)
    for axis in Axis:
        assert relation(a, b, axis) is relation(b, a, axis)
        is_known = not any(value is UNKNOWN_VALUE for value in (*one.values(), *other.values()))
        # Each has an environment of its own, which may name another file for the same profile.
        equal = is_known and one == other and axis is Axis.ACCOUNT and "accessKey" in one
        assert (relation(a, b, axis) is Relation.SAME) == (is_same_provider or equal)


def test_without_providers_nothing_is_known() -> None:
    a, b = locate("a", None), locate("b", None)
    assert relation(a, b, Axis.ACCOUNT) is Relation.UNPROVEN
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN


def test_a_resource_without_provider_shares_nothing_with_one_that_has_a_provider() -> None:
    a, b = locate("a", None), locate("b", None, provider={}, provider_urn="urn:b")
    for one, other in ((a, b), (b, a)):
        assert relation(one, other, Axis.ACCOUNT) is Relation.UNPROVEN
        assert relation(one, other, Axis.REGION) is Relation.UNPROVEN


def test_a_resource_without_region_is_in_the_region_of_its_provider() -> None:
    location = locate("a", None, provider={"region": HERE}, provider_name="p")
    assert location.region == Fact(HERE, "provider 'p'")


def test_a_region_argument_does_not_show_the_region_of_the_provider() -> None:
    a = locate("a", HERE, provider={}, provider_urn="urn:p")
    b = locate("b", None, provider={}, provider_urn="urn:p")
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN
    assert relation(b, b, Axis.REGION) is Relation.SAME


def test_an_unknown_region_argument_proves_nothing_about_a_known_region() -> None:
    a = locate("a", None, provider={"region": HERE}, provider_urn="urn:p")
    b = locate("b", UNKNOWN_VALUE, provider={"region": HERE}, provider_urn="urn:p")
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN


def test_an_arn_without_a_region_is_not_evidence_of_one() -> None:
    arn = parse("arn:aws:iam::111122223333:role/x")
    assert arn
    location = locate("a", None, arns=[(arn, "its arn")])
    assert isinstance(location.region, UnknownLocation)
    assert location.account == Fact(OURS, "its arn")


def test_a_pin_that_may_be_unchecked_does_not_count() -> None:
    pin = {"allowedAccountIds": OURS}
    for checked in ({}, {"skipRequestingAccountId": "false"}):
        assert isinstance(locate("a", None, provider={**pin, **checked}).account, Fact)
    for skip in ("true", UNKNOWN_VALUE):
        unchecked = {**pin, "skipRequestingAccountId": skip}
        assert isinstance(locate("a", None, provider=unchecked).account, UnknownLocation)


def test_a_value_that_is_not_a_region_is_not_shown() -> None:
    assert Fact(HERE, "x").shown == HERE
    assert Fact(OURS, "x").shown == OURS
    assert Fact("hunter2", "x").shown == "(not a region or account)"


def test_an_unknown_region_argument_is_not_the_provider_s() -> None:
    provider = {"region": HERE}
    a = locate("a", UNKNOWN_VALUE, provider=provider, provider_urn="urn:a")
    b = locate("b", None, provider=provider, provider_urn="urn:a")
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN


@pytest.mark.parametrize("name", SOME)
@given(seed=st.integers())
@settings(max_examples=8)
def test_the_order_of_resources_never_matters(name: str, seed: int) -> None:
    run = EXPECTED[name].stack.run(Phase.PREVIEW)
    shuffled = list(run.resources)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    assert proof_of(replace(run, resources=tuple(shuffled))) == proof_of(run)


def findings_of(run: Run) -> tuple[Finding, ...]:
    """All findings of the whole pack."""
    return analyzer.findings_of(run, {"all": "advisory"})


@given(seed=st.integers())
@settings(max_examples=3)
def test_the_order_of_our_own_resources_never_matters(
    seed: int, runs: dict[tuple[str, Phase], Run]
) -> None:
    run = runs["dev", Phase.PREVIEW]
    shuffled = list(run.resources)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    assert findings_of(replace(run, resources=tuple(shuffled))) == findings_of(run)


TYPES = sorted({token for each in RULES for token in each.resource_types})
NAMES = (
    *("restApi", "restApiId", "body", "variables", "stageName", "region", "id", "arn"),
    *("targetArn", "vpcId", "subnetId", "policy", "port", "protocol", "internal", "ingress"),
    *("connectionType", "connectionId", "uri", "settings", "healthCheck", "loadBalancerArn"),
)
"""Properties that rules read."""


def with_unrelated(run: Run, *kinds: str) -> Run:
    """The run with resources of which nothing is known, and that nothing refers to."""
    props = dict.fromkeys(NAMES, UNKNOWN)
    root = run.resources[0].urn
    unrelated = [
        Registered(f"{root}::unrelated::{kind}", kind, "unrelated", root, True, props, props)
        for kind in kinds
    ]
    return replace(run, resources=(*run.resources, *unrelated))


def reported(findings: Iterable[Finding]) -> set[tuple[str, str]]:
    """URN and policy of each finding; one line names all that a preview leaves undecided."""
    return {
        (finding.urn, policy)
        for finding in findings
        for policy in (finding.policy, *re.findall(r"; for policy '(.+?)': ", finding.message))
    }


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_unknown_unrelated_resources_change_no_finding(
    stack: str, phase: Phase, runs: dict[tuple[str, Phase], Run]
) -> None:
    run = runs[stack, phase]
    before = reported(findings_of(run))
    after = reported(findings_of(with_unrelated(run, *TYPES)))
    ours = {(urn, policy) for urn, policy in after if "unrelated" not in urn}
    assert before <= ours
    # What is unknown about any resource is one line about the stack, under one policy's name.
    assert {urn for urn, _ in ours - before} <= {run.resources[0].urn}


@pytest.mark.parametrize("name", SOME)
@given(
    kinds=st.lists(st.sampled_from(TYPES), max_size=5, unique=True), phase=st.sampled_from(Phase)
)
@settings(max_examples=10)
def test_unrelated_resources_never_change_the_location(
    name: str, kinds: list[str], phase: Phase
) -> None:
    run = EXPECTED[name].stack.run(phase)
    ours = {f for f in location_findings(with_unrelated(run, *kinds)) if "unrelated" not in f.urn}
    assert ours == location_findings(run)


def location_findings(run: Run) -> set[Finding]:
    """Findings of the location policies."""
    policies = [rule(name).policy() for name in POLICIES]
    config = dict.fromkeys(POLICIES, "advisory")
    return set(analyzer.findings_of(run, config, policies))


def test_the_arn_of_the_load_balancer_shows_its_location() -> None:
    arn = LinkedStack().run(Phase.UPDATE).one("aws:lb/loadBalancer:LoadBalancer").outputs["arn"]
    found = parse(arn)
    assert found
    assert (found.region, found.account, found.load_balancer_type) == (HERE, OURS, "net")
