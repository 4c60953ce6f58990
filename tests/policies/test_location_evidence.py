"""What counts as evidence of a location, and what only looks like it."""

from dataclasses import replace
from typing import Any

import pytest

from policies.pack import resource_types as types
from policies.pack.graph.resource import Resource
from policies.pack.location.location import Axis, Location, locate
from policies.pack.location.problems import Proof as Certainty
from policies.pack.location.problems import compare
from simulation.engine import UNKNOWN, Phase, Registered, Run
from tests.policies.changes import swap
from tests.policies.linked_stack import HERE, NLB, OURS, STACK, THEIRS, THERE, LinkedStack, Side
from tests.policies.locations import (
    DIFFERENT,
    PINNED,
    SAME,
    UNPROVEN,
    VERSION_2,
    arn,
    by,
    literal,
    proof_of,
)
from tests.policies.test_location import is_stopped
from tests.policies.worlds import COMPONENT, urn_of

EXISTING = arn(account=OURS).replace("old", "nlb")


def with_existing_balancer(provider: Side) -> Run:
    """The preview of a stack whose load balancer was made by an earlier update."""
    run = LinkedStack(provider, provider).run(Phase.PREVIEW)
    balancer = run.one(NLB)
    known = {"id": EXISTING, "arn": EXISTING}
    run = swap(run, balancer, replace(balancer, outputs=balancer.outputs | known))
    link = run.one(types.VPC_LINK)
    target = {"targetArn": EXISTING}
    return swap(
        run, link, replace(link, inputs=link.inputs | target, outputs=link.outputs | target)
    )


@pytest.mark.parametrize("profile", ["x", "default"])
def test_what_a_profile_made_before_does_not_show_where_it_leads_now(profile: str) -> None:
    proof, text = proof_of(with_existing_balancer(by("a", profile=profile)))
    assert proof is UNPROVEN
    assert "'nlb' is in account 111122223333 (its arn)" in text


def test_a_pinned_provider_leads_where_it_did_before() -> None:
    assert proof_of(with_existing_balancer(by("a", profile="x", **PINNED)))[0] is SAME


def test_the_environment_is_taken_as_unchanged() -> None:
    assert proof_of(with_existing_balancer(by("default_7_51_1")))[0] is SAME


def test_a_provider_that_worked_in_two_accounts_shows_neither() -> None:
    run = LinkedStack(by("a", THEIRS, profile="x"), by("a", profile="x")).run(Phase.UPDATE)
    proof, text = proof_of(run)
    assert proof is DIFFERENT
    assert "share one account" in text  # the link


def test_an_output_of_a_remote_component_is_made_from_what_is_inside() -> None:
    run = LinkedStack().run(Phase.PREVIEW)
    urn = urn_of(COMPONENT, "service")
    component = Registered(urn, COMPONENT, "service", STACK, False, {}, {})
    balancer, link = run.one(NLB), run.one(types.VPC_LINK)
    made_from = {"targetArn": frozenset({urn})}
    run = swap(run, balancer, replace(balancer, parent=urn))
    run = swap(run, link, replace(link, property_dependencies=made_from))
    assert proof_of(replace(run, resources=(*run.resources, component)))[0] is SAME
    assert proof_of(run)[0] is UNPROVEN


def test_an_api_that_may_be_one_of_several_is_not_the_first() -> None:
    run = LinkedStack(connection="@link").run(Phase.PREVIEW)
    api, call = run.one(types.REST_API), run.one(types.INTEGRATION)
    far = {"region": THERE}
    urn = api.urn.replace("::api", "::far")
    other = replace(api, urn=urn, name="far", inputs=far, outputs=api.outputs | far)
    for several in ((api, other), (other, api)):
        origin = {"restApi": frozenset(one.urn for one in several)}
        sources = {**call.property_dependencies, **origin}
        changed = swap(run, call, replace(call, property_dependencies=sources))
        proof, text = proof_of(replace(changed, resources=(*changed.resources, other)))
        assert proof is UNPROVEN
        assert "does not show which API it belongs to" in text


def test_a_link_of_version_two_without_a_target_is_final_at_preview() -> None:
    stack = LinkedStack(**VERSION_2)
    for phase in Phase:
        run = stack.run(phase)
        call = run.one(types.INTEGRATION)
        for target in (None, ""):
            outputs = {**call.outputs, "integrationTarget": target}
            assert is_stopped(swap(run, call, replace(call, outputs=outputs)))


def located(account: str | None) -> Location:
    """A location in our region."""
    pin = {"allowedAccountIds": account} if account else {"profile": "unknown"}
    return locate(f"one in {account}", HERE, provider=pin, provider_urn=f"urn:{account}")


@pytest.mark.parametrize("is_first", [True, False])
def test_what_is_unproven_does_not_hide_a_difference(is_first: bool) -> None:
    unproven, different = (located(None), located(OURS)), (located(THEIRS), located(OURS))
    pairs = [unproven, different] if is_first else [different, unproven]
    holder: Any = object.__new__(Resource)
    problems = list(compare(holder, pairs, [Axis.ACCOUNT]))
    assert [problem.proof for problem in problems] == [Certainty.DISPROVED]


def test_the_account_of_a_stage_is_compared_with_that_of_its_api() -> None:
    stack = LinkedStack(by("a", profile="x"), by("a", profile="x"), left_out=("deployment",))
    for phase, account, expected in (
        (Phase.PREVIEW, OURS, UNPROVEN),
        (Phase.UPDATE, OURS, SAME),
        (Phase.UPDATE, THEIRS, DIFFERENT),
    ):
        run = stack.run(phase)
        stage, provider = run.one(types.STAGE), run.one(types.PROVIDER)
        other = replace(provider, urn=f"{provider.urn}b", name="ab", inputs={"profile": "y"})
        there = {"executionArn": f"arn:aws:execute-api:{HERE}:{account}:api/dev"}
        outputs = stage.outputs | (there if phase is Phase.UPDATE else {})
        moved = swap(run, stage, replace(stage, provider=other.urn, outputs=outputs))
        proof, text = proof_of(replace(moved, resources=(*moved.resources, other)))
        assert proof is expected, text


def test_a_literal_link_is_not_final_while_the_api_of_the_stage_is_unknown() -> None:
    stack = LinkedStack(api_id=UNKNOWN, stages={"dev": {"vpcLinkId": "abc123"}}, v2="@nlb")
    assert not is_stopped(stack.run(Phase.PREVIEW))
    assert proof_of(stack.run(Phase.PREVIEW))[0] is UNPROVEN


def test_a_link_that_only_the_stage_of_another_stack_may_use_needs_proof() -> None:
    stack = LinkedStack(
        by("b", profile="y"), by("b", profile="y"), by("a", profile="x"), v2="@nlb", stages={}
    )
    assert proof_of(stack.run(Phase.PREVIEW))[0] is UNPROVEN
    assert not is_stopped(stack.run(Phase.UPDATE))


def test_a_link_elsewhere_suits_no_stage() -> None:
    elsewhere = Side(argument=THERE, region=THERE)
    stack = LinkedStack(elsewhere, link=elsewhere, stages={})
    for phase in Phase:
        assert is_stopped(stack.run(phase))


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_region_is_unset(empty: str | None) -> None:
    stack = LinkedStack(**{**literal(arn()), "regions": {"link": empty}})
    assert proof_of(stack.run(Phase.PREVIEW))[0] is SAME


def test_a_stage_whose_link_is_not_known_yet_is_compared_with_its_api() -> None:
    stages = {"dev": {"vpcLinkId": UNKNOWN}}
    alone: dict[str, Any] = {"stages": stages, "left_out": ("nlb", "link", "call")}
    here, there = (LinkedStack(regions={"dev": region}, **alone) for region in (HERE, THERE))
    assert proof_of(here.run(Phase.PREVIEW))[0] is UNPROVEN
    assert proof_of(there.run(Phase.PREVIEW))[0] is DIFFERENT


def test_an_integration_whose_account_nothing_shows_is_stopped_by_the_update() -> None:
    stack = LinkedStack(by("a", profile="x"), by("a", profile="x"), read=("api",))
    run = stack.run(Phase.UPDATE)
    assert not is_stopped(run)
    call, provider = run.one(types.INTEGRATION), run.one(types.PROVIDER)
    other = replace(provider, urn=f"{provider.urn}b", name="ab", inputs={"accessKey": "AKIA"})
    moved = swap(run, call, replace(call, provider=other.urn))
    assert is_stopped(replace(moved, resources=(*moved.resources, other)))


def test_a_listed_link_of_a_canary_counts_while_the_definition_is_unknown() -> None:
    pinned, canary = by("a", **PINNED), {"vpcLinkId": "abc123"}
    run = LinkedStack(pinned, pinned, body=True, canary=canary).run(Phase.PREVIEW)
    api = run.one(types.REST_API)
    body = {"body": UNKNOWN}
    run = swap(run, api, replace(api, inputs=api.inputs | body, outputs=api.outputs | body))
    entry = {"nlbArn": arn(), "account": THEIRS}
    assert proof_of(run, externalVpcLinks={"abc123": {"nlbArn": arn()}})[0] is SAME
    assert proof_of(run, externalVpcLinks={"abc123": entry})[0] is DIFFERENT
    assert proof_of(run)[0] is UNPROVEN
    assert not is_stopped(run)
