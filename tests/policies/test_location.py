"""The headline: load balancer, VPC link and API in one account and region."""

import copy
import enum
import json
from dataclasses import dataclass, replace
from typing import Any

import pytest

from policies.pack.graph import tokens as t
from policies.pack.location.places import shown
from simulation import analyzer
from simulation.engine import UNKNOWN, Phase, Run, Secret
from tests.policies.halves import HERE, OURS, THEIRS, THERE, Half, Scene, role
from tests.policies.scene import rule, swap

AGREE, PROVEN = "nlb-api-same-account-region", "nlb-api-location-proven"
TARGET, VARIABLES = "vpclink-target-location", "stage-variables-complete"


class Says(enum.StrEnum):
    """What the policies make of a stack in one phase."""

    SAME = "same"
    APART = "apart"
    UNPROVEN = "unproven"


def heard(run: Run, **config: Any) -> tuple[Says, str]:
    """What both stack policies say of a run, with all messages."""
    policies = [rule(name).policy() for name in (AGREE, PROVEN)]
    levels = {AGREE: config, PROVEN: {k: v for k, v in config.items() if k != "unprovenAtUpdate"}}
    findings = analyzer.findings_of(run, levels, policies)
    text = "\n".join(finding.message for finding in findings)
    assert not any(f.message.startswith("can't run") for f in findings), text
    unproven = {f.message.partition("\n")[2] for f in findings if f.policy == PROVEN}
    refused = {f.message.partition("\n")[2] for f in findings if f.policy == AGREE}
    if refused - unproven:
        return Says.APART, text
    if refused or unproven:
        return Says.UNPROVEN, text
    return Says.SAME, text


def is_refused(run: Run, name: str = AGREE, **config: Any) -> bool:
    """Whether a mandatory policy stops here."""
    found = analyzer.findings_of(run, {name: config}, [rule(name).policy()])
    return any(finding.is_mandatory for finding in found)


def by(name: str, account: str = OURS, **says: Any) -> Half:
    """A half made by a provider of its own, in our region."""
    return Half(name, {"region": HERE, **says}, account=account)


def arn(region: str = HERE, account: str = OURS, kind: str = "net", partition: str = "aws") -> str:
    """The ARN of a load balancer that is not made here."""
    place = f"{region}:{account}:loadbalancer/{kind}/old/0123456789abcdef"
    return f"arn:{partition}:elasticloadbalancing:{place}"


def literal(target: str, **says: Any) -> Scene:
    """An API that is pinned to our account, linked to a balancer known by its ARN only."""
    pinned = Half(says={"region": HERE, "allowedAccountIds": f'["{OURS}"]', **says})
    return Scene(api=pinned, target=target, read=("nlb",))


PINNED = {"allowedAccountIds": f'["{OURS}"]'}
NO_REGION = Half(says={"profile": "work"})
CHINA = Half(says={"region": "cn-north-1"}, region="cn-north-1")
GOVERNMENT = Half(says={"region": "us-gov-west-1"}, region="us-gov-west-1")
TWO_STAGES = {"dev": {"vpcLinkId": "@link"}, "live": {"vpcLinkId": "abc123"}}


@dataclass(frozen=True)
class Row:
    """A stack, with what is said of it at preview and after the update."""

    scene: Scene
    preview: Says
    update: Says
    words: str = ""
    """Part of the message at preview or, if nothing is said there, at update."""


SAME, APART, UNPROVEN = Says.SAME, Says.APART, Says.UNPROVEN
MATRIX = {
    "one provider": Row(Scene(), SAME, SAME),
    "one provider, nothing said": Row(Scene(Half(says={}), Half(says={})), SAME, SAME),
    "one provider, region unknown": Row(
        Scene(Half(says={"region": UNKNOWN}), Half(says={"region": UNKNOWN})), SAME, SAME
    ),
    "region argument on the balancer": Row(
        Scene(balancer=Half(argument=THERE, region=THERE)), APART, APART, "eu-west-1 (its region"
    ),
    "region argument on link and API": Row(
        Scene(api=Half(argument=THERE, region=THERE)), APART, APART, "is in region us-east-2"
    ),
    "region argument on the link": Row(
        Scene(link=Half(argument=THERE, region=THERE)), APART, APART, "VPC link 'link'"
    ),
    "region argument on the API": Row(Scene(regions={"api": THERE}), APART, APART, "REST API"),
    "region argument on the integration": Row(
        Scene(regions={"call": THERE}), APART, APART, "integration 'call'"
    ),
    "region argument on the deployment": Row(
        Scene(regions={"deployment": THERE}), APART, APART, "'deployment'"
    ),
    "region argument on the stage": Row(Scene(regions={"dev": THERE}), APART, APART, "stage 'dev'"),
    "region argument that says the same": Row(Scene(regions={"nlb": HERE}), SAME, SAME),
    "two providers, one region": Row(Scene(by("a"), by("b")), SAME, SAME),
    "two providers, two regions": Row(
        Scene(Half("a", {"region": THERE}, region=THERE), by("b")), APART, APART, "provider 'a'"
    ),
    "two profiles of one account": Row(
        Scene(by("a", profile="x"), by("b", profile="y")), UNPROVEN, SAME, "uses profile 'x'"
    ),
    "two profiles of two accounts": Row(
        Scene(by("a", THEIRS, profile="x"), by("b", profile="y")),
        UNPROVEN,
        APART,
        'write aws.Provider("a", allowed_account_ids=["<account id>"], ...), and write',
    ),
    "one profile in two providers": Row(
        Scene(by("a", profile="x"), by("b", profile="x")), SAME, SAME
    ),
    "default provider and a profile": Row(
        Scene(by("default_7_51_1"), by("b", profile="y")),
        UNPROVEN,
        SAME,
        "run `pulumi config set --path 'aws:allowedAccountIds[0]' --type string <account id>`",
    ),
    "two default providers": Row(Scene(by("default_7_50_0"), by("default_7_51_1")), SAME, SAME),
    "two access keys": Row(
        Scene(by("a", THEIRS, accessKey="AKIAONE"), by("b", accessKey="AKIATWO")), UNPROVEN, APART
    ),
    "roles of one account": Row(
        Scene(by("a", assumeRoles=role(OURS)), by("b", assumeRoles=role(OURS, "role_arn"))),
        SAME,
        SAME,
    ),
    "roles of two accounts": Row(
        Scene(by("a", THEIRS, assumeRoles=role(THEIRS)), by("b", assumeRoles=role(OURS))),
        APART,
        APART,
        "account 444455556666 (the role that provider 'a' assumes)",
    ),
    "roles of two accounts in snake case": Row(
        Scene(
            by("a", THEIRS, assumeRoles=role(THEIRS, "role_arn")), by("b", assumeRoles=role(OURS))
        ),
        APART,
        APART,
    ),
    "a chain of roles that ends elsewhere": Row(
        Scene(
            by("a", THEIRS, assumeRoles=f"{role(OURS)[:-1]}, {role(THEIRS)[1:]}"),
            by("b", assumeRoles=role(OURS)),
        ),
        APART,
        APART,
    ),
    "a web identity elsewhere": Row(
        Scene(
            by("a", THEIRS, assumeRoleWithWebIdentity=role(THEIRS)[1:-1]),
            by("b", assumeRoles=role(OURS)),
        ),
        APART,
        APART,
    ),
    "a role that is not made yet": Row(
        Scene(by("a", assumeRoles=UNKNOWN), by("b", assumeRoles=role(OURS))), UNPROVEN, SAME
    ),
    "one role that is not made yet": Row(
        Scene(by("a", assumeRoles=UNKNOWN), by("b", assumeRoles=UNKNOWN)), UNPROVEN, SAME
    ),
    "both pinned to one account": Row(
        Scene(by("a", profile="x", **PINNED), by("b", profile="y", **PINNED)), SAME, SAME
    ),
    "pinned with numbers and scalars": Row(
        Scene(
            by("a", profile="x", allowedAccountIds=f"[{OURS}]"),
            by("b", profile="y", allowedAccountIds=OURS),
        ),
        SAME,
        SAME,
    ),
    "pinned to two accounts": Row(
        Scene(by("a", THEIRS, allowedAccountIds=f'["{THEIRS}"]'), by("b", **PINNED)),
        APART,
        APART,
        "allowedAccountIds of provider 'a'",
    ),
    "one pinned to two accounts": Row(
        Scene(
            by("a", profile="x", allowedAccountIds=f'["{OURS}", "{THEIRS}"]'),
            by("b", profile="y", **PINNED),
        ),
        UNPROVEN,
        SAME,
    ),
    "a pin that nobody checks": Row(
        Scene(
            by("a", profile="x", skipRequestingAccountId="true", **PINNED),
            by("b", profile="y", **PINNED),
        ),
        UNPROVEN,
        SAME,
    ),
    "a pin against a role": Row(
        Scene(by("a", assumeRoles=role(THEIRS), **PINNED), by("b", **PINNED)),
        APART,
        APART,
        "at once",
    ),
    "region in a profile only": Row(Scene(NO_REGION, NO_REGION), SAME, SAME),
    "regions in two profiles": Row(
        Scene(Half("a", {"profile": "x"}), Half("b", {"profile": "y"})), UNPROVEN, SAME
    ),
    "regions in two profiles, elsewhere": Row(
        Scene(Half("a", {"profile": "x"}, region=THERE), Half("b", {"profile": "y"})),
        UNPROVEN,
        APART,
        'write aws.Provider("a", region="<region>", ...)',
    ),
    "regions unknown in two providers": Row(
        Scene(Half("a", {"region": UNKNOWN}), Half("b", {"region": UNKNOWN})), UNPROVEN, SAME
    ),
    "literal ARN": Row(literal(arn()), SAME, SAME),
    "literal ARN, account not pinned": Row(
        Scene(target=arn(), read=("nlb",)), UNPROVEN, SAME, "pins no account"
    ),
    "literal ARN of another region": Row(
        literal(arn(THERE)), APART, APART, "eu-west-1 (targetArn)"
    ),
    "literal ARN of another account": Row(
        literal(arn(account=THEIRS)), APART, APART, "444455556666 (targetArn)"
    ),
    "literal ARN of another partition": Row(
        literal(arn("us-gov-west-1", partition="aws-us-gov")), APART, APART, "us-gov-west-1"
    ),
    "literal ARN that contradicts itself": Row(
        literal(arn(partition="aws-cn")), APART, APART, "partition aws-cn, but us-east-2"
    ),
    "malformed ARN": Row(literal("arn:aws:nlb"), APART, APART, "not the ARN of a load balancer"),
    "ARN of a listener": Row(
        literal(arn().replace("loadbalancer/", "listener/")), APART, APART, "not the ARN"
    ),
    "ARN of an application load balancer": Row(literal(arn(kind="app")), SAME, SAME),
    "external link id": Row(
        Scene(connection="abc123", read=("nlb", "link")), UNPROVEN, UNPROVEN, "'abc123'"
    ),
    "link id that is no id": Row(
        Scene(connection="hunter2-hunter2-hunter2"), UNPROVEN, UNPROVEN, "'(not an id)'"
    ),
    "link id from the link": Row(Scene(connection="@link"), SAME, SAME),
    "link id from the link, elsewhere": Row(
        Scene(balancer=Half(argument=THERE, region=THERE), connection="@link"), APART, APART
    ),
    "variable in a text": Row(
        Scene(connection="x${stageVariables.vpcLinkId}"), UNPROVEN, UNPROVEN, "(not an id)"
    ),
    "external link by a variable": Row(
        Scene(stages={"dev": {"vpcLinkId": "abc123"}}), UNPROVEN, UNPROVEN, "(stage 'dev')"
    ),
    "missing variable": Row(Scene(stages={"dev": {}}), SAME, SAME),
    "no stage": Row(Scene(stages={}), UNPROVEN, UNPROVEN, "no stage in this stack sets"),
    "variable from nowhere": Row(
        Scene(stages={"dev": {"vpcLinkId": UNKNOWN}}), UNPROVEN, UNPROVEN, "not known yet"
    ),
    "canary to a foreign link": Row(
        Scene(canary={"vpcLinkId": "abc123"}), UNPROVEN, UNPROVEN, "the canary of stage 'dev'"
    ),
    "canary of the same link": Row(Scene(canary={"vpcLinkId": "@link"}), SAME, SAME),
    "two stages, one bad": Row(Scene(stages=TWO_STAGES), UNPROVEN, UNPROVEN, "(stage 'live')"),
    "definition": Row(Scene(body=True), SAME, SAME),
    "definition, elsewhere": Row(
        Scene(balancer=Half(argument=THERE, region=THERE), body=True), APART, APART
    ),
    "unknown definition made from the link": Row(Scene(body=True, body_is_known=False), SAME, SAME),
    "unknown definition, elsewhere": Row(
        Scene(balancer=Half(argument=THERE, region=THERE), body=True, body_is_known=False),
        APART,
        APART,
    ),
    "link V2": Row(Scene(v2="@nlb", connection="@link"), SAME, SAME),
    "link V2, balancer elsewhere": Row(
        Scene(balancer=Half(argument=THERE, region=THERE), v2="@nlb", connection="@link"),
        APART,
        APART,
    ),
    "link V2, literal ARN elsewhere": Row(
        Scene(api=by("b", **PINNED), v2=arn(account=THEIRS), connection="@link"),
        APART,
        APART,
        "444455556666 (integrationTarget)",
    ),
    "link V2, link elsewhere": Row(
        Scene(link=Half(argument=THERE, region=THERE), v2="@nlb", connection="@link"), APART, APART
    ),
    "old token of the balancer": Row(Scene(balancer_type=t.LOAD_BALANCERS[1]), SAME, SAME),
    "old token, elsewhere": Row(
        Scene(Half(argument=THERE, region=THERE), balancer_type=t.LOAD_BALANCERS[1]), APART, APART
    ),
    "China": Row(Scene(CHINA, CHINA), SAME, SAME),
    "China and Ohio": Row(Scene(replace(CHINA, provider="cn"), Half()), APART, APART, "cn-north-1"),
    "GovCloud": Row(Scene(GOVERNMENT, GOVERNMENT), SAME, SAME),
    "GovCloud and China": Row(
        Scene(replace(GOVERNMENT, provider="gov"), CHINA), APART, APART, "us-gov-west-1"
    ),
    "no link named": Row(Scene(connection=None), UNPROVEN, UNPROVEN, "it names no VPC link"),
    "no API named": Row(Scene(api_id=UNKNOWN), UNPROVEN, UNPROVEN, "which REST API it belongs to"),
    "variables of the deployment": Row(
        Scene(stages={"dev": {}}, deployment={"vpcLinkId": "@link"}), SAME, SAME
    ),
    "variables of the deployment, elsewhere": Row(
        Scene(
            Half(argument=THERE, region=THERE),
            stages={"dev": {}},
            deployment={"vpcLinkId": "@link"},
        ),
        APART,
        APART,
        "'call' cannot work",
    ),
    "API that was read, two profiles": Row(
        Scene(by("a", profile="x"), by("b", profile="y"), read=("api",)), UNPROVEN, SAME
    ),
    "API that was read, two accounts": Row(
        Scene(by("a", THEIRS, profile="x"), by("b", profile="y"), read=("api",)), UNPROVEN, APART
    ),
    "API that was read": Row(Scene(read=("api",)), SAME, SAME),
}


@pytest.mark.parametrize("row", MATRIX.values(), ids=MATRIX)
def test_the_verdict_before_and_after_the_update(row: Row) -> None:
    before, said_before = heard(row.scene.run(Phase.PREVIEW))
    after, said_after = heard(row.scene.run(Phase.UPDATE))
    assert (before, after) == (row.preview, row.update), f"{said_before}\n\n{said_after}"
    assert row.words in (said_before or said_after)


@pytest.mark.parametrize("name", ["missing variable"])
def test_a_missing_variable_is_refused_by_a_rule_of_its_own(name: str) -> None:
    assert is_refused(MATRIX[name].scene.run(Phase.PREVIEW), VARIABLES)


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
def test_a_literal_target_elsewhere_is_refused_at_preview(name: str) -> None:
    scene = MATRIX[name].scene
    assert is_refused(scene.run(Phase.UPDATE), TARGET)
    assert is_refused(scene.run(Phase.PREVIEW), TARGET)


@pytest.mark.parametrize("name", STOPPED_AT_THE_LINK)
def test_without_a_preview_the_update_stops_before_the_link_is_made(name: str) -> None:
    scene = MATRIX[name].scene
    assert is_refused(scene.run(Phase.UPDATE), TARGET)
    assert not is_refused(scene.run(Phase.PREVIEW), TARGET)


@pytest.mark.parametrize("name", [n for n, row in MATRIX.items() if row.update is SAME])
def test_the_update_is_not_stopped_where_all_is_well(name: str) -> None:
    assert not is_refused(MATRIX[name].scene.run(Phase.UPDATE), TARGET)


def test_an_external_link_is_checked_once_it_is_vouched_for() -> None:
    scene = Scene(api=by("b", **PINNED), connection="abc123", read=("nlb", "link"))
    run = scene.run(Phase.PREVIEW)

    def vouched(**entry: str) -> Says:
        return heard(run, externalVpcLinks={"abc123": entry})[0]

    assert vouched(nlbArn=arn()) is SAME
    assert vouched(nlbArn=arn(), region=HERE, account=OURS) is SAME
    assert vouched(nlbArn=arn(THERE)) is APART
    assert vouched(nlbArn=arn(account=THEIRS)) is APART
    assert vouched(nlbArn=arn(), region=THERE) is APART
    assert vouched(nlbArn=arn(), account=THEIRS) is APART
    assert vouched(nlbArn="arn:aws:s3:::bucket") is APART
    assert heard(run, externalVpcLinks={"zzz999": {"nlbArn": arn()}})[0] is UNPROVEN


def test_a_demand_for_a_place_is_compared_with_both_ends() -> None:
    pinned = Scene(by("b", **PINNED), by("b", **PINNED)).run(Phase.PREVIEW)
    assert heard(pinned, expectedRegion=HERE, expectedAccountId=OURS)[0] is SAME
    assert heard(pinned, expectedRegion=THERE)[0] is APART
    assert heard(pinned, expectedAccountId=THEIRS)[0] is APART
    loose = Scene().run(Phase.PREVIEW)
    says, text = heard(loose, expectedAccountId=OURS)
    assert says is UNPROVEN
    assert "expected by the policy's configuration" in text


def test_missing_proof_can_be_left_to_the_advice() -> None:
    run = MATRIX["external link id"].scene.run(Phase.UPDATE)
    assert is_refused(run)
    assert not is_refused(run, unprovenAtUpdate="warn")
    assert heard(run, unprovenAtUpdate="warn")[0] is UNPROVEN


def test_a_difference_is_never_only_a_warning() -> None:
    run = MATRIX["two profiles of two accounts"].scene.run(Phase.UPDATE)
    assert is_refused(run, unprovenAtUpdate="warn")


def test_what_can_still_be_proven_is_no_refusal_at_preview() -> None:
    assert not is_refused(MATRIX["two profiles of one account"].scene.run(Phase.PREVIEW))


def test_what_can_never_be_proven_is_refused_at_preview() -> None:
    assert is_refused(MATRIX["external link id"].scene.run(Phase.PREVIEW))


def test_a_stack_without_private_integration_is_not_judged() -> None:
    scene = Scene(left_out=("nlb", "link", "call"))
    judged = analyzer.analyze_run(
        scene.run(Phase.UPDATE), {}, [rule(name).policy() for name in (AGREE, PROVEN)]
    )
    assert judged.findings == ()
    assert {entry.policy for entry in judged.not_applicable} == {AGREE, PROVEN}


def test_a_private_integration_is_told_by_its_link_when_its_type_is_unknown() -> None:
    run = Scene(Half(argument=THERE, region=THERE)).run(Phase.UPDATE)
    call = run.one(t.INTEGRATION)
    for kind in (UNKNOWN, "INTERNET"):
        unclear = replace(call, outputs={**call.outputs, "connectionType": kind})
        assert is_refused(swap(run, call, unclear))


def test_an_integration_of_unknown_kind_may_be_private() -> None:
    run = Scene(connection=None).run(Phase.PREVIEW)
    call = run.one(t.INTEGRATION)
    kinds = {UNKNOWN: UNPROVEN, "INTERNET": SAME}
    for kind, expected in kinds.items():
        unclear = replace(call, outputs={**call.outputs, "connectionType": kind})
        assert heard(swap(run, call, unclear))[0] is expected


def test_every_way_of_a_definition_is_followed() -> None:
    run = Scene(body=True).run(Phase.PREVIEW)
    api = run.one(t.REST_API)
    document = json.loads(api.inputs["body"])
    other = copy.deepcopy(document["paths"]["/"])
    other["get"]["x-amazon-apigateway-integration"]["connectionId"] = "abc123"
    document["paths"]["/other"] = other
    document["paths"]["/plain"] = {"get": {}}
    body = {"body": json.dumps(document)}
    changed = replace(api, inputs=api.inputs | body, outputs=api.outputs | body)
    says, text = heard(swap(run, api, changed))
    assert says is UNPROVEN
    assert "'abc123'" in text


def test_after_the_update_the_evidence_is_the_resources_own() -> None:
    run = MATRIX["two profiles of two accounts"].scene.run(Phase.UPDATE)
    _, text = heard(run)
    assert "load balancer 'nlb' is in account 444455556666 (its arn)" in text
    assert "REST API 'api' is in account 111122223333 (its executionArn)" in text
    assert "VPC link 'link' is in account 111122223333 (where its provider made 'api')" in text


def test_a_region_argument_that_is_not_known_yet_proves_nothing() -> None:
    run = Scene().run(Phase.PREVIEW)
    balancer, api = run.one("aws:lb/loadBalancer:LoadBalancer"), run.one(t.REST_API)
    pending = {**balancer.outputs, "region": UNKNOWN}
    left_open = swap(run, balancer, replace(balancer, outputs=pending))
    assert heard(left_open)[0] is SAME
    made_from = {"region": frozenset({api.urn})}
    given = replace(balancer, outputs=pending, property_dependencies=made_from)
    assert heard(swap(run, balancer, given))[0] is UNPROVEN


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
    assert shown(identifier) == text


def test_a_secret_arn_counts_as_any_other() -> None:
    run = literal(arn(account=THEIRS)).run(Phase.PREVIEW)
    link = run.one(t.VPC_LINK)
    hidden = {"targetArn": Secret(arn(account=THEIRS))}
    secret = replace(link, inputs=link.inputs | hidden, outputs=link.outputs | hidden)
    assert heard(swap(run, link, secret))[0] is APART


def test_credentials_are_compared_and_never_shown() -> None:
    keys = {"accessKey": Secret("AKIAONE"), "secretKey": Secret("hush-hush")}
    run = Scene(by("a", THEIRS, **keys), by("b", profile="y")).run(Phase.PREVIEW)
    says, text = heard(run)
    assert says is UNPROVEN
    assert "hush" not in text
    assert "AKIAONE" not in text


@pytest.mark.parametrize("missing", ["deployment", "dev", "call", "api", "link", "nlb"])
@pytest.mark.parametrize("phase", Phase)
def test_a_part_of_a_stack_is_judged_by_what_is_there(missing: str, phase: Phase) -> None:
    apart = Scene(Half(argument=THERE, region=THERE), left_out=(missing,)).run(phase)
    together = Scene(left_out=(missing,)).run(phase)
    chain = {"link", "nlb"}
    assert heard(apart)[0] in ({SAME, UNPROVEN, APART} if missing in chain else {APART})
    assert heard(together)[0] is not APART


def test_one_bad_pair_does_not_hide_another() -> None:
    run = Scene(
        by("a", THEIRS, profile="x", assumeRoles=role(THEIRS)),
        by("b", assumeRoles=role(OURS)),
        regions={"deployment": THERE},
        stages=TWO_STAGES,
    ).run(Phase.PREVIEW)
    _, text = heard(run)
    for part in ("account 444455556666", "'deployment'", "'abc123' (stage 'live')"):
        assert part in text
