"""Linked stacks, with what the policies report about the location of each."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from policies.pack import resource_types as types
from simulation import analyzer
from simulation.engine import UNKNOWN, Run
from tests.policies.case import is_unknown, rule
from tests.policies.linked_stack import HERE, OURS, THEIRS, THERE, LinkedStack, Side, role

SHARED, PROVEN, TARGET = (
    "nlb-api-same-account-region",
    "nlb-api-location-proven",
    "vpclink-target-location",
)


class Proof(enum.StrEnum):
    """What the two stack policies report in one phase."""

    SAME = "same"
    DIFFERENT = "different"
    UNPROVEN = "unproven"


SAME, DIFFERENT, UNPROVEN = Proof.SAME, Proof.DIFFERENT, Proof.UNPROVEN


def proof_of(run: Run, **config: Any) -> tuple[Proof, str]:
    """What both stack policies report about a run, with all messages."""
    proven = {key: value for key, value in config.items() if key != "unprovenAtUpdate"}
    findings = [
        finding  # of each policy by itself: together they report a fact once
        for name, own in ((SHARED, config), (PROVEN, proven))
        for finding in analyzer.findings_of(run, {name: own}, [rule(name).policy()])
    ]
    text = "\n".join(finding.message for finding in findings)
    assert not any(is_unknown(finding.message) for finding in findings), text
    unproven = {f.message.partition("\n")[2] for f in findings if f.policy == PROVEN}
    violations = {f.message.partition("\n")[2] for f in findings if f.policy == SHARED}
    if violations - unproven:
        return DIFFERENT, text
    return (UNPROVEN if violations or unproven else SAME), text


@dataclass(frozen=True)
class Expected:
    """A stack, with what is expected at preview and after the update."""

    preview: Proof
    update: Proof
    message: str
    """Part of the message at preview or, if there is none, after the update."""
    stack: LinkedStack


HOME = Side()


def same(balancer: Side = HOME, api: Side = HOME, **options: Any) -> Expected:
    """Expect proof in both phases."""
    return Expected(SAME, SAME, "", LinkedStack(balancer, api, **options))


def different(message: str, balancer: Side = HOME, api: Side = HOME, **options: Any) -> Expected:
    """Expect a violation in both phases."""
    return Expected(DIFFERENT, DIFFERENT, message, LinkedStack(balancer, api, **options))


def unproven(
    update: Proof, message: str, balancer: Side = HOME, api: Side = HOME, **options: Any
) -> Expected:
    """Expect that nothing is proven at preview."""
    return Expected(UNPROVEN, update, message, LinkedStack(balancer, api, **options))


def by(name: str, account: str = OURS, **inputs: Any) -> Side:
    """A side with its own provider, in our region."""
    return Side(name, {"region": HERE, **inputs}, account=account)


def arn(region: str = HERE, account: str = OURS, kind: str = "net", partition: str = "aws") -> str:
    """The ARN of a load balancer that is not part of the stack."""
    place = f"{region}:{account}:loadbalancer/{kind}/old/0123456789abcdef"
    return f"arn:{partition}:elasticloadbalancing:{place}"


PINNED = {"allowedAccountIds": f'["{OURS}"]'}


def literal(target: str) -> Mapping[str, Any]:
    """An API that is pinned to our account, and a load balancer of which only the ARN is known."""
    return {"api": Side(inputs={"region": HERE, **PINNED}), "target": target, "read": ("nlb",)}


ELSEWHERE = Side(argument=THERE, region=THERE)
PROFILES = by("a", profile="x"), by("b", profile="y")
TWO_ACCOUNTS = by("a", THEIRS, profile="x"), by("b", profile="y")
OUR_ROLE, PINNED_PROFILE = by("b", assumeRoles=role(OURS)), by("b", profile="y", **PINNED)
NO_REGION = Side(inputs={"profile": "work"})
CHINA = Side(inputs={"region": "cn-north-1"}, region="cn-north-1")
GOVERNMENT = Side(inputs={"region": "us-gov-west-1"}, region="us-gov-west-1")
TWO_STAGES = {"dev": {"vpcLinkId": "@link"}, "live": {"vpcLinkId": "abc123"}}
ON_DEPLOYMENT: dict[str, Any] = {"stages": {"dev": {}}, "deployment": {"vpcLinkId": "@link"}}
VERSION_2: dict[str, Any] = {"v2": "@nlb", "connection": "@link"}
UNKNOWN_BODY: dict[str, Any] = {"body": True, "body_is_known": False}
EXPECTED = {
    "one provider": same(),
    "one provider, nothing configured": same(Side(inputs={}), Side(inputs={})),
    "one provider, region unknown": same(
        Side(inputs={"region": UNKNOWN}), Side(inputs={"region": UNKNOWN})
    ),
    "region argument on the balancer": different("eu-west-1 (its region", balancer=ELSEWHERE),
    "region argument on link and API": different("is in region us-east-2", api=ELSEWHERE),
    "region argument on the link": different("VPC link 'link'", link=ELSEWHERE),
    "region argument on the API": different("REST API", regions={"api": THERE}),
    "region argument on the integration": different("integration 'call'", regions={"call": THERE}),
    "region argument on the deployment": different("'deployment'", regions={"deployment": THERE}),
    "region argument on the stage": different("stage 'dev'", regions={"dev": THERE}),
    "region argument that is the same": same(regions={"nlb": HERE}),
    "two providers, one region": unproven(SAME, "does not pin an account", by("a"), by("b")),
    "default provider and another of the same region": unproven(
        SAME, "does not pin an account", by("default_7_51_1"), by("b")
    ),
    "two providers, two regions": different(
        "provider 'a'", Side("a", {"region": THERE}, region=THERE), by("b")
    ),
    "two profiles of one account": unproven(SAME, "uses profile 'x'", *PROFILES),
    "two profiles of two accounts": unproven(
        DIFFERENT,
        'write aws.Provider("a", allowed_account_ids=["<account id>"], ...), and write',
        *TWO_ACCOUNTS,
    ),
    "one profile in two providers": unproven(
        SAME, "uses profile 'x'", by("a", profile="x"), by("b", profile="x")
    ),
    "the default profile in two providers": unproven(
        SAME, "uses profile 'default'", by("a", profile="default"), by("b", profile="default")
    ),
    "the default profile, configured and in a provider": same(
        by("default_7_51_1"), by("b", profile="default")
    ),
    "the default profile of other files": unproven(
        SAME,
        "uses profile 'default'",
        by("default_7_51_1"),
        by("b", profile="default", sharedConfigFiles='["/etc/a"]'),
    ),
    "the default profile of other credentials": unproven(
        SAME,
        "uses profile 'default'",
        by("default_7_51_1"),
        by("b", profile="default", sharedCredentialsFiles='["/etc/a"]'),
    ),
    "one profile, configured and in a provider": unproven(
        SAME, "uses profile 'x'", by("default_7_51_1", profile="x"), by("b", profile="x")
    ),
    "one access key in two providers": same(by("a", accessKey="AKIAX"), by("b", accessKey="AKIAX")),
    "one access key, no region": unproven(
        SAME, "region", Side("a", {"accessKey": "AKIAX"}), Side("b", {"accessKey": "AKIAX"})
    ),
    "default provider and a profile": unproven(
        SAME,
        "run `pulumi config set --path 'aws:allowedAccountIds[0]' --type string <account id>`",
        by("default_7_51_1"),
        by("b", profile="y"),
    ),
    "two default providers": same(by("default_7_50_0"), by("default_7_51_1")),
    "two access keys": unproven(
        DIFFERENT, "", by("a", THEIRS, accessKey="AKIAONE"), by("b", accessKey="AKIATWO")
    ),
    "roles of one account": same(
        by("a", assumeRoles=role(OURS)), by("b", assumeRoles=role(OURS, "role_arn"))
    ),
    "roles of two accounts": different(
        "account 444455556666 (the role that provider 'a' assumes)",
        by("a", THEIRS, assumeRoles=role(THEIRS)),
        OUR_ROLE,
    ),
    "roles of two accounts in snake case": different(
        "", by("a", THEIRS, assumeRoles=role(THEIRS, "role_arn")), OUR_ROLE
    ),
    "a chain of roles that ends elsewhere": different(
        "", by("a", THEIRS, assumeRoles=f"{role(OURS)[:-1]}, {role(THEIRS)[1:]}"), OUR_ROLE
    ),
    "a web identity elsewhere": different(
        "", by("a", THEIRS, assumeRoleWithWebIdentity=role(THEIRS)[1:-1]), OUR_ROLE
    ),
    "a chain of roles after a web identity": different(
        "account 444455556666 (the role that provider 'a' assumes)",
        by("a", THEIRS, assumeRoles=role(THEIRS), assumeRoleWithWebIdentity=role(OURS)[1:-1]),
        OUR_ROLE,
    ),
    "a role that does not exist yet": unproven(SAME, "", by("a", assumeRoles=UNKNOWN), OUR_ROLE),
    "one role that does not exist yet": unproven(
        SAME, "", by("a", assumeRoles=UNKNOWN), by("b", assumeRoles=UNKNOWN)
    ),
    "both pinned to one account": same(by("a", profile="x", **PINNED), PINNED_PROFILE),
    "pinned with numbers and scalars": same(
        by("a", profile="x", allowedAccountIds=f"[{OURS}]"),
        by("b", profile="y", allowedAccountIds=OURS),
    ),
    "pinned to two accounts": different(
        "allowedAccountIds of provider 'a'",
        by("a", THEIRS, allowedAccountIds=f'["{THEIRS}"]'),
        by("b", **PINNED),
    ),
    "one pinned to two accounts": unproven(
        SAME, "", by("a", profile="x", allowedAccountIds=f'["{OURS}", "{THEIRS}"]'), PINNED_PROFILE
    ),
    "a pin that is not checked": unproven(
        SAME, "", by("a", profile="x", skipRequestingAccountId="true", **PINNED), PINNED_PROFILE
    ),
    "a pin against a role": different(
        "at once", by("a", assumeRoles=role(THEIRS), **PINNED), by("b", **PINNED)
    ),
    "region in a profile only": same(NO_REGION, NO_REGION),
    "regions in two profiles": unproven(
        SAME, "", Side("a", {"profile": "x"}), Side("b", {"profile": "y"})
    ),
    "regions in two profiles, elsewhere": unproven(
        DIFFERENT,
        'write aws.Provider("a", region="<region>", ...)',
        Side("a", {"profile": "x"}, region=THERE),
        Side("b", {"profile": "y"}),
    ),
    "regions unknown in two providers": unproven(
        SAME, "", Side("a", {"region": UNKNOWN}), Side("b", {"region": UNKNOWN})
    ),
    "literal ARN": same(**literal(arn())),
    "literal ARN, account not pinned": unproven(
        SAME, "does not pin an account", target=arn(), read=("nlb",)
    ),
    "literal ARN of another region": different("eu-west-1 (targetArn)", **literal(arn(THERE))),
    "literal ARN of another account": different(
        "444455556666 (targetArn)", **literal(arn(account=THEIRS))
    ),
    "literal ARN of another partition": different(
        "us-gov-west-1", **literal(arn("us-gov-west-1", partition="aws-us-gov"))
    ),
    "literal ARN that contradicts itself": different(
        "partition aws-cn, but us-east-2", **literal(arn(partition="aws-cn"))
    ),
    "malformed ARN": different("not the ARN of a load balancer", **literal("arn:aws:nlb")),
    "ARN of a listener": different(
        "not the ARN", **literal(arn().replace("loadbalancer/", "listener/"))
    ),
    "ARN of an application load balancer": same(**literal(arn(kind="app"))),
    "external link id": unproven(UNPROVEN, "'abc123'", connection="abc123", read=("nlb", "link")),
    "link id that is not an id": unproven(
        UNPROVEN, "'(not an id)'", connection="hunter2-hunter2-hunter2"
    ),
    "link id from the link": same(connection="@link"),
    "link id from the link, elsewhere": different("", balancer=ELSEWHERE, connection="@link"),
    "variable in a text": unproven(
        UNPROVEN, "(not an id)", connection="x${stageVariables.vpcLinkId}"
    ),
    "external link by a variable": unproven(
        UNPROVEN, "(stage 'dev')", stages={"dev": {"vpcLinkId": "abc123"}}
    ),
    "missing variable": same(stages={"dev": {}}),
    "no stage": unproven(UNPROVEN, "no stage of this stack sets", stages={}),
    "variable without a source": unproven(
        UNPROVEN, "not known yet", stages={"dev": {"vpcLinkId": UNKNOWN}}
    ),
    "canary to an external link": unproven(
        UNPROVEN, "the canary of stage 'dev'", canary={"vpcLinkId": "abc123"}
    ),
    "canary of the same link": same(canary={"vpcLinkId": "@link"}),
    "two stages, one external": unproven(UNPROVEN, "(stage 'live')", stages=TWO_STAGES),
    "definition": same(body=True),
    "definition, elsewhere": different("", balancer=ELSEWHERE, body=True),
    "unknown definition made from the link": same(**UNKNOWN_BODY),
    "unknown definition, elsewhere": different("", balancer=ELSEWHERE, **UNKNOWN_BODY),
    "unknown definition, link and balancer elsewhere": different(
        "'api' cannot work", balancer=ELSEWHERE, link=ELSEWHERE, **UNKNOWN_BODY
    ),
    "link V2": same(**VERSION_2),
    "link V2, balancer elsewhere": different("", balancer=ELSEWHERE, **VERSION_2),
    "link V2, literal ARN elsewhere": different(
        "444455556666 (integrationTarget)",
        api=by("b", **PINNED),
        v2=arn(account=THEIRS),
        connection="@link",
    ),
    "link V2, link elsewhere": different("", link=ELSEWHERE, **VERSION_2),
    "old token of the balancer": same(balancer_type=types.LOAD_BALANCERS[1]),
    "old token, elsewhere": different("", ELSEWHERE, balancer_type=types.LOAD_BALANCERS[1]),
    "China": same(CHINA, CHINA),
    "China and Ohio": different("cn-north-1", replace(CHINA, provider="cn"), Side()),
    "GovCloud": same(GOVERNMENT, GOVERNMENT),
    "GovCloud and China": different("us-gov-west-1", replace(GOVERNMENT, provider="gov"), CHINA),
    "no link named": unproven(UNPROVEN, "it does not name a VPC link", connection=None),
    "no API named": unproven(UNPROVEN, "which API it belongs to", api_id=UNKNOWN),
    "variables of the deployment": same(**ON_DEPLOYMENT),
    "API that was read, two profiles": unproven(SAME, "", *PROFILES, read=("api",)),
    "API that was read, two accounts": unproven(DIFFERENT, "", *TWO_ACCOUNTS, read=("api",)),
    "API that was read": same(read=("api",)),
}
