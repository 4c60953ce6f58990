"""Properties of the headline over made-up places, orders and unknowns."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.pack.graph import values
from policies.pack.graph.arn import parse
from policies.pack.location.location import Axis, Fact, Gap, Relation, locate, relation
from policies.pack.rules import RULES
from simulation import analyzer
from simulation.analyzer import Finding
from simulation.engine import UNKNOWN, Phase, Registered, Run
from tests.policies.halves import HERE, OURS, THEIRS, THERE, Half, Scene, role
from tests.policies.scene import rule
from tests.policies.test_location import AGREE, MATRIX, PROVEN, TARGET, heard

SOME = ["two stages, one bad", "two profiles of two accounts", "definition"]
POLICIES = (AGREE, PROVEN, TARGET)


def stopped(run: Run) -> bool:
    """Whether a mandatory policy of the headline stops this run."""
    found = analyzer.findings_of(run, {}, [rule(name).policy() for name in POLICIES])
    return any(finding.is_mandatory for finding in found)


@st.composite
def halves(draw: st.DrawFn) -> Half:
    """A half whose provider tells the truth about its place, or as much of it as it likes."""
    region, account = draw(st.sampled_from([HERE, THERE])), draw(st.sampled_from([OURS, THEIRS]))
    by_region = draw(st.sampled_from(["provider", "argument", "profile", "unknown"]))
    by_account = draw(st.sampled_from(["profile", "role", "later role", "pin", "pins"]))
    number = draw(st.integers(0, 1))
    # Equal credentials are one identity, so what a profile leads to stands in its name.
    says: dict[str, Any] = {"profile": f"{account}-{region}-{number}"}
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
    says |= regions[by_region] | accounts[by_account]
    name = f"{account}-{region}-{by_region}-{by_account}-{number}-{says.get('region')}"
    argument = region if by_region == "argument" else None
    return Half(name, says, argument, region, account)


@given(halves(), halves(), st.booleans(), st.booleans(), st.booleans())
@settings(max_examples=80, deadline=None)
def test_places_that_differ_are_stopped_and_others_are_not(
    balancer: Half, api: Half, link_by_api: bool, body: bool, literal: bool
) -> None:
    scene = Scene(balancer, api, api if link_by_api else balancer, body=body)
    if literal:
        name = f"loadbalancer/net/old/{'0' * 16}"
        arn = f"arn:aws:elasticloadbalancing:{balancer.region}:{balancer.account}:{name}"
        scene = replace(scene, target=arn, link=api, read=("nlb",))
    differ = (balancer.region, balancer.account) != (api.region, api.account)
    before, after = (
        stopped(scene.run(Phase.PREVIEW)),
        stopped(scene.run(Phase.UPDATE)),
    )
    assert after == differ
    assert differ or not before


@given(halves(), halves())
@settings(max_examples=30, deadline=None)
def test_what_is_proven_at_preview_is_so_after_the_update(balancer: Half, api: Half) -> None:
    scene = Scene(balancer, api)
    said = heard(scene.run(Phase.PREVIEW))[0]
    if said != "unproven":
        assert heard(scene.run(Phase.UPDATE))[0] == said


credentials = st.dictionaries(
    st.sampled_from(["profile", "assumeRoles", "accessKey"]),
    st.sampled_from(["x", "y", values.UNKNOWN]),
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
        is_known = not any(value is values.UNKNOWN for value in (*one.values(), *other.values()))
        equal = is_known and one == other
        assert (relation(a, b, axis) is Relation.SAME) == (is_same_provider or equal)


def test_nothing_is_known_of_what_has_no_provider() -> None:
    a, b = locate("a", None), locate("b", None)
    assert relation(a, b, Axis.ACCOUNT) is Relation.UNPROVEN
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN


def test_what_has_no_provider_shares_nothing_with_what_has_one() -> None:
    a, b = locate("a", None), locate("b", None, provider={}, provider_urn="urn:b")
    for one, other in ((a, b), (b, a)):
        assert relation(one, other, Axis.ACCOUNT) is Relation.UNPROVEN
        assert relation(one, other, Axis.REGION) is Relation.UNPROVEN


def test_a_resource_without_region_is_where_its_provider_is() -> None:
    place = locate("a", None, provider={"region": HERE}, provider_name="p")
    assert place.region == Fact(HERE, "provider 'p'")


def test_a_region_argument_says_nothing_of_what_the_provider_leaves_open() -> None:
    a = locate("a", HERE, provider={}, provider_urn="urn:p")
    b = locate("b", None, provider={}, provider_urn="urn:p")
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN
    assert relation(b, b, Axis.REGION) is Relation.SAME


def test_a_region_that_the_provider_says_is_not_left_open() -> None:
    a = locate("a", None, provider={"region": HERE}, provider_urn="urn:p")
    b = locate("b", values.UNKNOWN, provider={"region": HERE}, provider_urn="urn:p")
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN


def test_an_arn_without_a_region_is_no_evidence_of_one() -> None:
    arn = parse("arn:aws:iam::111122223333:role/x")
    assert arn
    place = locate("a", None, arns=[(arn, "its arn")])
    assert isinstance(place.region, Gap)
    assert place.account == Fact(OURS, "its arn")


def test_a_pin_that_may_be_unchecked_is_none() -> None:
    pin = {"allowedAccountIds": OURS}
    for checked in ({}, {"skipRequestingAccountId": "false"}):
        assert isinstance(locate("a", None, provider={**pin, **checked}).account, Fact)
    for skip in ("true", values.UNKNOWN):
        unchecked = {**pin, "skipRequestingAccountId": skip}
        assert isinstance(locate("a", None, provider=unchecked).account, Gap)


def test_a_name_that_is_no_region_is_not_shown() -> None:
    assert Fact(HERE, "x").shown == HERE
    assert Fact(OURS, "x").shown == OURS
    assert Fact("hunter2", "x").shown == "(no such name)"


def test_an_unknown_region_argument_is_not_the_provider_s() -> None:
    provider = {"region": HERE}
    a = locate("a", values.UNKNOWN, provider=provider, provider_urn="urn:a")
    b = locate("b", None, provider=provider, provider_urn="urn:a")
    assert relation(a, b, Axis.REGION) is Relation.UNPROVEN


@pytest.mark.parametrize(
    "name", ["two stages, one bad", "two profiles of two accounts", "definition"]
)
@given(seed=st.integers())
@settings(max_examples=8, deadline=None)
def test_the_order_of_resources_never_matters(name: str, seed: int) -> None:
    run = MATRIX[name].scene.run(Phase.PREVIEW)
    shuffled = list(run.resources)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    assert heard(replace(run, resources=tuple(shuffled))) == heard(run)


def said_of(run: Run) -> tuple[Finding, ...]:
    """Everything that the whole pack says."""
    return analyzer.findings_of(run, {"all": "advisory"})


@given(seed=st.integers())
@settings(max_examples=3, deadline=None)
def test_the_order_of_our_own_resources_never_matters(
    seed: int, runs: dict[tuple[str, Phase], Run]
) -> None:
    run = runs["dev", Phase.PREVIEW]
    shuffled = list(run.resources)
    random.Random(seed).shuffle(shuffled)  # noqa: S311
    assert said_of(replace(run, resources=tuple(shuffled))) == said_of(run)


KINDS = sorted({subject for each in RULES for subject in each.subjects})
NAMES = (
    *("restApi", "restApiId", "body", "variables", "stageName", "region", "id", "arn"),
    *("targetArn", "vpcId", "subnetId", "policy", "port", "protocol", "internal", "ingress"),
    *("connectionType", "connectionId", "uri", "settings", "healthCheck", "loadBalancerArn"),
)
"""Properties that rules read."""


def with_strangers(run: Run, *kinds: str) -> Run:
    """The run with resources of which nothing is known, and that nobody uses."""
    props = dict.fromkeys(NAMES, UNKNOWN)
    root = run.resources[0].urn
    strangers = [
        Registered(f"{root}::stranger::{kind}", kind, "stranger", root, True, props, props)
        for kind in kinds
    ]
    return replace(run, resources=(*run.resources, *strangers))


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_strangers_of_which_nothing_is_known_change_no_verdict(
    stack: str, phase: Phase, runs: dict[tuple[str, Phase], Run]
) -> None:
    run = runs[stack, phase]
    before = {(f.urn, f.policy) for f in said_of(run)}
    after = {(f.urn, f.policy) for f in said_of(with_strangers(run, *KINDS))}
    ours = {(urn, policy) for urn, policy in after if "stranger" not in urn}
    assert before <= ours
    # What a stack policy cannot decide of a stranger is said of the stack.
    assert {urn for urn, _ in ours - before} <= {run.resources[0].urn}


@pytest.mark.parametrize(
    "name", ["two stages, one bad", "two profiles of two accounts", "definition"]
)
@given(
    kinds=st.lists(st.sampled_from(KINDS), max_size=5, unique=True), phase=st.sampled_from(Phase)
)
@settings(max_examples=10, deadline=None)
def test_strangers_never_change_what_is_said_of_the_location(
    name: str, kinds: list[str], phase: Phase
) -> None:
    run = MATRIX[name].scene.run(phase)
    ours = {f for f in location_of(with_strangers(run, *kinds)) if "stranger" not in f.urn}
    assert ours == location_of(run)


def location_of(run: Run) -> set[Finding]:
    """What the headline says."""
    policies = [rule(name).policy() for name in POLICIES]
    config = dict.fromkeys(POLICIES, "advisory")
    return set(analyzer.findings_of(run, config, policies))


def test_an_arn_is_parsed_into_what_the_halves_say() -> None:
    arn = Scene().run(Phase.UPDATE).one("aws:lb/loadBalancer:LoadBalancer").outputs["arn"]
    found = parse(arn)
    assert found
    assert (found.region, found.account, found.load_balancer_type) == (HERE, OURS, "net")
