"""The web ACL: its rules, its lists, and what it is associated with."""

from typing import Any

import pytest

from components.web_acl import WebAcl, WebAclArgs
from simulation.engine import Phase, Registered, Run, run_program

ACL = "aws:wafv2/webAcl:WebAcl"
IP_SET = "aws:wafv2/ipSet:IpSet"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"
STAGES = {"dev": "arn:dev", "next": "arn:next"}
OWN = "arn:aws:wafv2:us-east-2:111122223333:regional/webacl/orders/1"
MANAGED: Any = {
    "rule_groups": [
        {"name": "AWSManagedRulesCommonRuleSet", "count": ["SizeRestrictions_BODY"]},
        {"name": "AWSManagedRulesAmazonIpReputationList", "count": []},
    ],
    "rate_limit": 2000,
    "allow": ["203.0.113.0/24", "2001:db8::/32", "198.51.100.0/24"],
    "block": ["203.0.113.66/32"],
}


def build(**changes: Any) -> Run:
    args: WebAclArgs = {"title": "orders-dev", "stages": STAGES, "tags": {"owner": "platform"}}
    return run_program(
        lambda: WebAcl("web", {**args, **changes}),  # type: ignore[typeddict-item]
        phase=Phase.UPDATE,
        config={"aws:region": "us-east-2"},
    )


@pytest.fixture(scope="module")
def built() -> Run:
    return build(managed=MANAGED)


def rules(run: Run) -> dict[str, Any]:
    """The rules by name, in the order in which they apply."""
    found = sorted(run.one(ACL).inputs["rules"], key=lambda rule: rule["priority"])
    return {rule["name"]: rule for rule in found}


def arn_of(run: Run, name: str) -> str:
    return str(run.one(IP_SET, name).outputs["arn"])


def test_the_rules_apply_in_this_order(built: Run) -> None:
    groups = [group["name"] for group in MANAGED["rule_groups"]]
    assert list(rules(built)) == ["block", "allow", "rate", *groups]


def test_a_blocked_range_is_blocked(built: Run) -> None:
    rule = rules(built)["block"]
    assert rule["action"] == {"block": {}}
    arn = arn_of(built, "web-block-ipv4")
    assert rule["statement"] == {"ipSetReferenceStatement": {"arn": arn}}


def test_whoever_is_in_no_allowed_range_is_blocked(built: Run) -> None:
    rule = rules(built)["allow"]
    assert rule["action"] == {"block": {}}
    references = [
        {"ipSetReferenceStatement": {"arn": arn_of(built, f"web-allow-ipv{version}")}}
        for version in (4, 6)
    ]
    inner = {"orStatement": {"statements": references}}
    assert rule["statement"] == {"notStatement": {"statement": inner}}


def test_a_list_has_the_ranges_of_one_ip_version(built: Run) -> None:
    assert {
        one.name: (one.inputs["ipAddressVersion"], one.inputs["addresses"])
        for one in built.of_type(IP_SET)
    } == {
        "web-allow-ipv4": ("IPV4", ["203.0.113.0/24", "198.51.100.0/24"]),
        "web-allow-ipv6": ("IPV6", ["2001:db8::/32"]),
        "web-block-ipv4": ("IPV4", ["203.0.113.66/32"]),
    }


def test_the_limit_counts_the_requests_of_an_address_in_five_minutes(built: Run) -> None:
    rule = rules(built)["rate"]
    assert rule["action"] == {"block": {}}
    counted = {"aggregateKeyType": "IP", "evaluationWindowSec": 300, "limit": 2000}
    assert rule["statement"] == {"rateBasedStatement": counted}


def test_a_rule_group_blocks_by_itself_except_the_rules_that_only_count(built: Run) -> None:
    first, second = list(rules(built).values())[-2:]
    assert first["overrideAction"] == second["overrideAction"] == {"none": {}}
    (statement,) = first["statement"].values()
    assert statement["ruleActionOverrides"] == [
        {"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}
    ]
    assert "ruleActionOverrides" not in second["statement"]["managedRuleGroupStatement"]


def test_what_no_rule_blocks_passes(built: Run) -> None:
    acl = built.one(ACL)
    assert acl.inputs["defaultAction"] == {"allow": {}}
    assert acl.inputs["scope"] == "REGIONAL"


def test_without_lists_and_limit_there_are_only_the_groups() -> None:
    run = build(managed={"rule_groups": MANAGED["rule_groups"], "allow": [], "block": []})
    assert len(rules(run)) == 2
    assert not run.of_type(IP_SET)


def test_there_are_metrics_and_no_samples_of_requests(built: Run) -> None:
    acl = built.one(ACL)
    shown = [
        acl.inputs["visibilityConfig"],
        *(r["visibilityConfig"] for r in rules(built).values()),
    ]
    assert {one["cloudwatchMetricsEnabled"] for one in shown} == {True}
    assert {one["sampledRequestsEnabled"] for one in shown} == {False}
    assert [one["metricName"] for one in shown] == ["orders-dev", *rules(built)]


@pytest.mark.parametrize("given", [{"managed": MANAGED}, {"arn": OWN}], ids=str)
def test_every_stage_has_the_web_acl(given: dict[str, Any]) -> None:
    run = build(**given)
    arn = OWN if "arn" in given else run.one(ACL).outputs["arn"]
    associated = {one.name: one for one in run.of_type(ASSOCIATION)}
    assert {name: pair(one) for name, one in associated.items()} == {
        "web-dev": ("arn:dev", arn),
        "web-next": ("arn:next", arn),
    }
    assert bool(run.of_type(ACL)) == ("managed" in given)
    assert all(one.options["deleteBeforeReplace"] for one in associated.values())


def pair(association: Registered) -> tuple[str, str]:
    return association.inputs["resourceArn"], association.inputs["webAclArn"]


@pytest.mark.parametrize("given", [{}, {"arn": OWN, "managed": MANAGED}])
def test_it_is_either_new_or_existing(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="either arn or managed"):
        build(**given)


def test_every_child_has_the_component_as_parent_and_is_tagged(built: Run) -> None:
    (component,) = built.of_type("privateapi:index:WebAcl")
    children = [found for found in built.resources if found.type.startswith("aws:")]
    assert len(children) == 6
    assert {child.parent for child in children} == {component.urn}
    tags = [child.inputs["tags"] for child in children if child.type != ASSOCIATION]
    assert {each["owner"] for each in tags} == {"platform"}
