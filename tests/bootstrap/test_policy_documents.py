"""The policy documents are such that AWS accepts them."""

import json
import re
import warnings
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bootstrap.delivery.grants import (
    MAX_CHARACTERS,
    Document,
    Grant,
    Scope,
    both,
    checked_size,
    document,
)
from tests.bootstrap.aws_calls import ACCOUNT
from tests.bootstrap.documents import DOCUMENTS, SCOPE, actions


@pytest.fixture(scope="module")
def linter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it still looks its files up by pkg_resources
        import parliament
    return parliament


def issues(linter: Any, policy: Document) -> list[str]:
    found = linter.analyze_policy_string(json.dumps(policy)).findings
    return [f"{f.issue}: {f.detail}" for f in found]


def test_no_action_is_a_pattern() -> None:
    assert [a for policy in DOCUMENTS.values() for a in actions(policy) if set("*?") & set(a)] == []


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_linter_finds_no_mistake(linter: Any, name: str) -> None:
    # An action on several resources is spread over statements; the next test combines them.
    # The linter has an outdated list of load balancing actions beside the present one.
    known = ["RESOURCE_MISMATCH", r".* elasticloadbalancing:CreateAction "]
    if name == "boundary":
        known.append("RESOURCE_STAR")  # AWS's own policy for these roles names no resource
    found = issues(linter, DOCUMENTS[name])
    assert [issue for issue in found if not re.match("|".join(known), issue)] == []


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_an_action_is_allowed_on_every_type_of_resource_it_requires(linter: Any, name: str) -> None:
    by_action: dict[str, set[str]] = {}
    for statement in DOCUMENTS[name]["Statement"]:
        for action in statement["Action"]:
            by_action.setdefault(action, set()).update(statement["Resource"])
    for action, resources in by_action.items():
        found = issues(linter, document([Grant((action,), tuple(resources))]))
        mismatches = [issue for issue in found if issue.startswith("RESOURCE_MISMATCH")]
        # Listeners of application load balancers count as required; there are none here.
        assert [issue for issue in mismatches if "listener/app" not in issue] == [], action


def test_the_linter_would_find_mistakes(linter: Any) -> None:
    vpc, subnet = SCOPE.arn("ec2", "vpc/*"), SCOPE.arn("ec2", "subnet/*")
    tag = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    for wrong, issue in (
        (Grant(("ec2:CreateVpcs",), (vpc,)), "UNKNOWN_ACTION"),
        (Grant(("ec2:CreateVpc",), (vpc,), tag), "UNKNOWN_CONDITION_FOR_ACTION"),
        (Grant(("ec2:CreateVpc",), ("*",)), "RESOURCE_STAR"),
        (Grant(("ec2:CreateVpc",), (subnet,)), "RESOURCE_MISMATCH"),
    ):
        assert any(found.startswith(issue) for found in issues(linter, document([wrong])))


def test_tags_limit_only_actions_that_support_them(linter: Any) -> None:
    supported: dict[str, set[str]] = {}
    for service in linter.iam_definition:
        by_resource = {r["resource"]: r["condition_keys"] for r in service["resources"]}
        for action in service["privileges"]:
            keys = supported.setdefault(f"{service['prefix']}:{action['privilege']}", set())
            for resource in action["resource_types"]:
                keys.update(resource["condition_keys"])
                keys.update(by_resource.get(resource["resource_type"].rstrip("*"), ()))
    for statement in (s for policy in DOCUMENTS.values() for s in policy["Statement"]):
        used = {key for by_key in statement.get("Condition", {}).values() for key in by_key}
        needed = {re.sub(r"(Tag)/\w+$", r"\1/${TagKey}", key) for key in used if "Tag/" in key}
        for action in statement["Action"]:
            assert needed <= supported[action], action


def test_a_policy_is_not_longer_than_aws_accepts() -> None:
    policy = document([Grant(tuple(f"ec2:Describe{n:04}" for n in range(400)), ("*",))])
    with pytest.raises(ValueError, match=f"big has .* at most {MAX_CHARACTERS}"):
        checked_size("big", policy)


GRANTS = st.lists(
    st.builds(
        Grant,
        st.lists(st.sampled_from("abcd"), min_size=1).map(tuple),
        st.lists(st.sampled_from("wxyz"), min_size=1).map(tuple),
        st.sampled_from([{}, SCOPE.creates, SCOPE.owns]),
    )
)


def expanded(parts: Iterable[tuple[Iterable[str], Iterable[str], Any]]) -> set[tuple[str, ...]]:
    return {
        (action, resource, json.dumps(condition, sort_keys=True))
        for actions, resources, condition in parts
        for action in actions
        for resource in resources
    }


@given(GRANTS)
def test_a_document_allows_exactly_what_its_grants_allow(grants: list[Grant]) -> None:
    statements = document(grants)["Statement"]
    found = expanded((s["Action"], s["Resource"], s.get("Condition", {})) for s in statements)
    assert found == expanded((g.actions, g.resources, g.condition) for g in grants)


def test_two_values_of_one_condition_key_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two values of one key"):
        both(SCOPE.creates, Scope(account=ACCOUNT, region="x", project="y", stack="z").creates)
