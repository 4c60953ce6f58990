"""The load balancer, the VPC link and the API in one account and region."""

import copy
import json
from dataclasses import replace
from typing import Any

import pytest

from policies.pack import resource_types as types
from policies.pack.location.locations import shown_id
from simulation import analyzer
from simulation.engine import UNKNOWN, Phase, Run, Secret
from tests.policies.case import rule
from tests.policies.changes import swap
from tests.policies.linked_stack import HERE, OURS, THEIRS, THERE, LinkedStack, role
from tests.policies.locations import (
    DIFFERENT,
    ELSEWHERE,
    EXPECTED,
    NO_REGION,
    PINNED,
    PROVEN,
    SAME,
    SHARED,
    TARGET,
    TWO_STAGES,
    UNPROVEN,
    Expected,
    Proof,
    arn,
    by,
    literal,
    proof_of,
)


def is_stopped(run: Run, name: str = SHARED, **config: Any) -> bool:
    """Whether a mandatory policy stops here."""
    found = analyzer.findings_of(run, {name: config}, [rule(name).policy()])
    return any(finding.is_mandatory for finding in found)


@pytest.mark.parametrize("expected", EXPECTED.values(), ids=EXPECTED)
def test_the_location_is_proven_as_expected_before_and_after_the_update(expected: Expected) -> None:
    preview, message = proof_of(expected.stack.run(Phase.PREVIEW))
    update, later_message = proof_of(expected.stack.run(Phase.UPDATE))
    assert (preview, update) == (expected.preview, expected.update), message + later_message
    assert expected.message in (message or later_message)


@pytest.mark.parametrize("name", ["missing variable", "variables of the deployment"])
def test_a_missing_variable_violates_another_rule(name: str) -> None:
    assert is_stopped(EXPECTED[name].stack.run(Phase.PREVIEW), "stage-variables-complete")


STOPPED_EARLY = [
    "literal ARN of another region",
    "literal ARN of another account",
    "literal ARN of another partition",
    "literal ARN that contradicts itself",
    "malformed ARN",
    "ARN of a listener",
    "link V2, literal ARN elsewhere",
]
STOPPED_AT_THE_LINK = [
    "region argument on the balancer",
    "region argument on link and API",
    "two providers, two regions",
    "roles of two accounts",
    "pinned to two accounts",
    "China and Ohio",
    "link V2, balancer elsewhere",
]


@pytest.mark.parametrize("name", STOPPED_EARLY)
def test_a_literal_target_elsewhere_is_stopped_at_preview(name: str) -> None:
    stack = EXPECTED[name].stack
    assert is_stopped(stack.run(Phase.UPDATE), TARGET)
    assert is_stopped(stack.run(Phase.PREVIEW), TARGET)


@pytest.mark.parametrize("name", STOPPED_AT_THE_LINK)
def test_without_a_preview_the_update_stops_before_the_link_is_made(name: str) -> None:
    stack = EXPECTED[name].stack
    assert is_stopped(stack.run(Phase.UPDATE), TARGET)
    assert not is_stopped(stack.run(Phase.PREVIEW), TARGET)


@pytest.mark.parametrize("name", [n for n, expected in EXPECTED.items() if expected.update is SAME])
def test_the_update_is_not_stopped_when_the_location_is_the_same(name: str) -> None:
    assert not is_stopped(EXPECTED[name].stack.run(Phase.UPDATE), TARGET)


def test_an_external_link_is_checked_once_it_is_listed() -> None:
    stack = LinkedStack(api=by("b", **PINNED), connection="abc123", read=("nlb", "link"))
    run = stack.run(Phase.PREVIEW)

    def listed(**entry: str) -> Proof:
        return proof_of(run, externalVpcLinks={"abc123": entry})[0]

    assert listed(nlbArn=arn()) is SAME
    assert listed(nlbArn=arn(), region=HERE, account=OURS) is SAME
    assert listed(nlbArn=arn(THERE)) is DIFFERENT
    assert listed(nlbArn=arn(account=THEIRS)) is DIFFERENT
    assert listed(nlbArn=arn(), region=THERE) is DIFFERENT
    assert listed(nlbArn=arn(), account=THEIRS) is DIFFERENT
    assert listed(nlbArn="arn:aws:s3:::bucket") is DIFFERENT
    assert proof_of(run, externalVpcLinks={"zzz999": {"nlbArn": arn()}})[0] is UNPROVEN


def test_an_expected_location_is_compared_with_load_balancer_and_api() -> None:
    pinned = LinkedStack(by("b", **PINNED), by("b", **PINNED)).run(Phase.PREVIEW)
    assert proof_of(pinned, expectedRegion=HERE, expectedAccountId=OURS)[0] is SAME
    assert proof_of(pinned, expectedRegion=THERE)[0] is DIFFERENT
    assert proof_of(pinned, expectedAccountId=THEIRS)[0] is DIFFERENT
    loose = LinkedStack().run(Phase.PREVIEW)
    proof, text = proof_of(loose, expectedAccountId=OURS)
    assert proof is UNPROVEN
    assert "expectedAccountId in the policy's configuration" in text


def test_missing_proof_can_be_left_to_the_advisory_policy() -> None:
    run = EXPECTED["external link id"].stack.run(Phase.UPDATE)
    assert is_stopped(run)
    assert not is_stopped(run, unprovenAtUpdate="warn")
    assert proof_of(run, unprovenAtUpdate="warn")[0] is UNPROVEN


def test_a_difference_is_never_only_a_warning() -> None:
    run = EXPECTED["two profiles of two accounts"].stack.run(Phase.UPDATE)
    assert is_stopped(run, unprovenAtUpdate="warn")


def test_what_the_update_may_prove_is_no_violation_at_preview() -> None:
    assert not is_stopped(EXPECTED["two profiles of one account"].stack.run(Phase.PREVIEW))


def test_what_the_update_cannot_prove_is_stopped_at_preview() -> None:
    assert is_stopped(EXPECTED["external link id"].stack.run(Phase.PREVIEW))


def test_a_stack_without_private_integration_is_not_checked() -> None:
    stack = LinkedStack(stages={"dev": {"tier": "gold"}}, left_out=("nlb", "link", "call"))
    analysis = analyzer.analyze_run(
        stack.run(Phase.UPDATE), {}, [rule(name).policy() for name in (SHARED, PROVEN)]
    )
    assert analysis.findings == ()
    assert {entry.policy for entry in analysis.not_applicable} == {SHARED, PROVEN}


def test_a_link_makes_an_integration_private_when_its_type_does_not_show_it() -> None:
    run = LinkedStack(ELSEWHERE).run(Phase.UPDATE)
    call = run.one(types.INTEGRATION)
    for kind in (UNKNOWN, "INTERNET"):
        changed_type = replace(call, outputs={**call.outputs, "connectionType": kind})
        assert is_stopped(swap(run, call, changed_type))


def test_an_integration_of_unknown_type_may_be_private() -> None:
    run = LinkedStack(connection=None).run(Phase.PREVIEW)
    call = run.one(types.INTEGRATION)
    kinds = {UNKNOWN: UNPROVEN, "INTERNET": SAME}
    for kind, expected in kinds.items():
        changed_type = replace(call, outputs={**call.outputs, "connectionType": kind})
        assert proof_of(swap(run, call, changed_type))[0] is expected


def test_every_integration_of_a_definition_is_followed() -> None:
    run = LinkedStack(body=True).run(Phase.PREVIEW)
    api = run.one(types.REST_API)
    document = json.loads(api.inputs["body"])
    other = copy.deepcopy(document["paths"]["/"])
    other["get"]["x-amazon-apigateway-integration"]["connectionId"] = "abc123"
    document["paths"]["/other"] = other
    document["paths"]["/plain"] = {"get": {}}
    body = {"body": json.dumps(document)}
    changed = replace(api, inputs=api.inputs | body, outputs=api.outputs | body)
    proof, text = proof_of(swap(run, api, changed))
    assert proof is UNPROVEN
    assert "'abc123'" in text


def test_after_the_update_the_evidence_is_the_arns_of_the_resources() -> None:
    run = EXPECTED["two profiles of two accounts"].stack.run(Phase.UPDATE)
    _, text = proof_of(run)
    assert "load balancer 'nlb' is in account 444455556666 (its arn)" in text
    assert "REST API 'api' is in account 111122223333 (its executionArn)" in text
    assert "VPC link 'link' is in account 111122223333 (where its provider created 'api')" in text


def test_a_region_argument_that_is_not_known_yet_proves_nothing() -> None:
    run = LinkedStack().run(Phase.PREVIEW)
    balancer, api = run.one("aws:lb/loadBalancer:LoadBalancer"), run.one(types.REST_API)
    given = {"region": UNKNOWN}
    for made_from in ({}, {"region": frozenset({api.urn})}):
        left_open = replace(
            balancer,
            inputs=balancer.inputs | given,
            outputs=balancer.outputs | given,
            property_dependencies=made_from,
        )
        assert proof_of(swap(run, balancer, left_open))[0] is UNPROVEN


def test_an_unknown_region_argument_is_not_the_region_of_a_profile() -> None:
    run = LinkedStack(NO_REGION, NO_REGION).run(Phase.PREVIEW)
    balancer = run.one("aws:lb/loadBalancer:LoadBalancer")
    assert balancer.outputs["region"] is UNKNOWN
    assert proof_of(run)[0] is SAME
    given = replace(balancer, inputs=balancer.inputs | {"region": UNKNOWN})
    assert proof_of(swap(run, balancer, given))[0] is UNPROVEN


@pytest.mark.parametrize(
    ("identifier", "text"),
    [
        ("a1b2c3", "a1b2c3"),
        ("a" * 16, "a" * 16),
        ("a" * 17, "(not an id)"),
        ("a-b", "(not an id)"),
        ("", "(not an id)"),
    ],
)
def test_only_what_looks_like_an_id_is_shown(identifier: str, text: str) -> None:
    assert shown_id(identifier) == text


def test_a_secret_arn_is_compared_like_any_other() -> None:
    run = LinkedStack(**literal(arn(account=THEIRS))).run(Phase.PREVIEW)
    link = run.one(types.VPC_LINK)
    hidden = {"targetArn": Secret(arn(account=THEIRS))}
    secret = replace(link, inputs=link.inputs | hidden, outputs=link.outputs | hidden)
    assert proof_of(swap(run, link, secret))[0] is DIFFERENT


def test_credentials_are_compared_and_never_shown() -> None:
    keys = {"accessKey": Secret("AKIAONE"), "secretKey": Secret("hush-hush")}
    run = LinkedStack(by("a", THEIRS, **keys), by("b", profile="y")).run(Phase.PREVIEW)
    proof, text = proof_of(run)
    assert proof is UNPROVEN
    assert "hush" not in text
    assert "AKIAONE" not in text


@pytest.mark.parametrize("missing", ["deployment", "dev", "call", "api", "link", "nlb"])
@pytest.mark.parametrize("phase", Phase)
def test_an_incomplete_stack_is_checked_as_far_as_possible(missing: str, phase: Phase) -> None:
    different = LinkedStack(ELSEWHERE, left_out=(missing,)).run(phase)
    same = LinkedStack(left_out=(missing,)).run(phase)
    path = {"link", "nlb"}
    assert proof_of(different)[0] in (
        {SAME, UNPROVEN, DIFFERENT} if missing in path else {DIFFERENT}
    )
    assert proof_of(same)[0] is not DIFFERENT


def test_one_violation_does_not_hide_another() -> None:
    run = LinkedStack(
        by("a", THEIRS, profile="x", assumeRoles=role(THEIRS)),
        by("b", assumeRoles=role(OURS)),
        regions={"deployment": THERE},
        stages=TWO_STAGES,
    ).run(Phase.PREVIEW)
    _, text = proof_of(run)
    for part in ("account 444455556666", "'deployment'", "'abc123' (stage 'live')"):
        assert part in text
