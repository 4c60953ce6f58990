"""Cases of the rules about permissions."""

import json
import string

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import (
    absent,
    at_preview,
    ignores,
    ill_typed,
    of_rule,
    passes,
    unknown,
    violates,
)
from tests.policies.changes import Change, Part, added

INLINE, MANAGED, TRUST = "inlinePolicies", "managedPolicyArns", "assumeRolePolicy"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
STAR_STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: object) -> str:
    """A policy document."""
    return json.dumps({"Statement": statements})


def statement(**parts: object) -> str:
    """A policy document of one statement."""
    return document({**STAR_STATEMENT, **parts})


def policy(document: str) -> Change:
    """A policy of the role that writes flow logs."""
    return our.POLICY.set("policy", document)


def trust(**parts: object) -> Change:
    """The trust policy of the role that lets API Gateway log."""
    return our.ROLE.set(TRUST, document({"Effect": "Allow", "Action": "sts:AssumeRole", **parts}))


def without(element: str, **parts: object) -> str:
    """A policy document of one statement that lacks an element."""
    kept = {key: value for key, value in STAR_STATEMENT.items() if key != element}
    return document({**kept, **parts})


SECURE = {"aws:SecureTransport": "true"}
EVERY_ACTION = ["**", "*:**", "?*", "*:?*", [f"{first}*" for first in string.ascii_letters]]
EVERY_RESOURCE = [
    *("**", "arn:*", "arn:aws:*", "arn:aws:*:*", "a*", "arn:aws-cn:**", "arn:*:*:*:*:*"),
    *("arn:aws:*:us-east-2:111122223333:*", ["arn:aws:s3:::x", "arn:aws:*"]),
]
NOTHING_LEFT_OUT = document(
    {"Effect": "Allow", "NotAction": "iam:x", "NotResource": "arn:aws:s3:::x"}
)
OUR_ACCOUNT = {"AWS": "arn:aws:iam::111122223333:root"}
BOTH = our.ROLE.set(
    TRUST,
    document({"Effect": "Allow", "Principal": OUR_ACCOUNT}, {"Effect": "Allow", "Principal": "*"}),
)
FLOW_SERVICE = {"Service": "vpc-flow-logs.amazonaws.com"}
ACCOUNT_ONLY = {"StringEquals": {"AWS:SourceAccount": "111122223333"}}
ORG, IP = "aws:PrincipalOrgID", "aws:SourceIp"
FOR_EVERYONE = [
    {"Bool": SECURE},
    {"DateGreaterThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}},
    {"StringLike": {ORG: "*"}},
    {"StringLike": {ORG: ["o-1", "o-*"]}},
    {"StringEqualsIfExists": {ORG: "o-1"}},
    {"ForAllValues:StringEquals": {ORG: "o-1"}},
    {"StringNotEquals": {ORG: "o-1"}},
    {"Null": {ORG: "false"}},
    {"StringEquals": {ORG: []}},
    {"IpAddress": {IP: "0.0.0.0/0"}},
    {"IpAddress": {IP: ["192.0.2.0/24", "0.0.0.0/1"]}},
    {"NotIpAddress": {IP: "192.0.2.0/24"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/x"}},
    {"StringEquals": {"sts:RoleSessionName": "x"}},
    {"StringEquals": "text"},
    {},
]
FOR_SOME = [
    {"StringEquals": {"AWS:PRINCIPALORGID": "o-1"}, "Bool": SECURE},
    {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/r-ab/*"}},
    {"IpAddress": {IP: "192.0.2.0/24"}},
    {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}},
    {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
]
SOURCE = {"aws:SourceAccount": "111122223333"}
UNKNOWN_TRUST = our.ROLE.unknown(TRUST)


def through(**parts: object) -> Change:
    """The policy of the S3 endpoint, with one statement."""
    given = {**STAR_STATEMENT, "Principal": "*", **parts}
    return our.ENDPOINT.set("policy", document(given))


OWN_ACCOUNT = {"StringEquals": {"aws:PrincipalAccount": "111122223333"}}

CASES = [
    *of_rule(
        "iam-no-star",
        passes(),
        passes(policy(statement(Action="s3:*"))),
        passes(policy(statement(Action="iam:Get*"))),
        passes(policy(statement(Action="iam:*", Resource="arn:aws:iam::111122223333:role/a-*"))),
        violates("all those of IAM", policy(statement(Action=["s3:*", "IAM:*"]))),
        passes(policy(statement(Effect="Deny"))),
        passes(policy(statement(Resource="arn:aws:s3:::x"))),
        passes(policy(statement(Resource="arn:aws:s3:::*"))),
        passes(policy(statement(Resource="arn:aws:*:*:*:role/*"))),
        passes(policy(statement(Action=[f"{first}?:*" for first in "abc"]))),
        passes(policy(without("Action", NotAction=["**"]))),
        passes(policy(without("Resource", NotResource="*"))),
        passes(policy(without("Action", NotAction="iam:*", Resource="arn:aws:s3:::x"))),
        *(violates("allows every", policy(statement(Action=a))) for a in EVERY_ACTION),
        *(violates("allows every", policy(statement(Resource=r))) for r in EVERY_RESOURCE),
        violates("allows every", policy(without("Resource", NotResource="arn:aws:s3:::x"))),
        violates("allows every", policy(without("Action", NotAction=["iam:*", "sts:*"]))),
        violates("allows every", policy(NOTHING_LEFT_OUT)),
        violates("allows every", policy(statement(Condition={"Bool": SECURE}))),
        violates("cannot be read", policy(statement(Effect="allow"))),
        ill_typed(violates("cannot be read", policy(statement(Action=5)))),
        ill_typed(violates("cannot be read", policy(statement(Action=[{}])))),
        ill_typed(violates("cannot be read", our.POLICY.set("policy", [1]))),
        ill_typed(violates("cannot be read", policy("[" * 100_000))),
        ill_typed(violates("wrong type in inlinePolicies", our.ROLE.set(INLINE, "text"))),
        violates("allows every action, or", policy(statement())),
        violates("allows every action, or", policy(statement(Action=["s3:Get", "*:*"]))),
        violates(
            "allows every action",
            policy(
                json.dumps(
                    {"Statement": {"Effect": "Allow", "NotAction": "iam:*", "Resource": ["*"]}}
                )
            ),
        ),
        violates(
            "allows every action, or", policy(statement()), our.POLICY.becomes(types.IAM_POLICY)
        ),
        violates(
            "allows every action",
            our.ROLE.set(INLINE, [{"policy": statement(Action="s3:*")}, {"policy": statement()}]),
        ),
        violates("cannot be read", policy("no JSON")),
        violates("cannot be read", policy('{"Statement": ["text"]}')),
        violates("cannot be read", policy(document(STAR_STATEMENT, "text"))),
        violates(
            "allows every action",
            policy(document({**STAR_STATEMENT, "Action": "s3:Get"}, STAR_STATEMENT)),
        ),
        passes(our.ROLE.set(INLINE, [{"policy": statement(Action="x")}])),
        unknown("policy of 'core-flows'", our.POLICY.unknown("policy")),
        unknown("'api-account-logs'", our.ROLE.unknown(INLINE), our.POLICY.removed()),
        at_preview(violates("", our.ROLE.set(INLINE, [UNKNOWN, {"policy": statement()}]))),
        absent(violates("cannot be read", our.POLICY.unset("policy"))),
        ignores(our.POLICY.removed(), Part(types.ROLE).removed()),
    ),
    *of_rule(
        "iam-no-administrator",
        passes(),
        passes(
            our.ATTACHED.set("policyArn", "arn:aws:iam::111122223333:policy/AdministratorAccess")
        ),
        violates("grants administrator", our.ATTACHED.set("policyArn", ADMIN)),
        violates(
            "grants administrator",
            our.ATTACHED.set("policyArn", "arn:aws-cn:iam::aws:policy/IAMFullAccess"),
        ),
        violates("grants administrator", our.ROLE.set(MANAGED, [READ_ONLY, ADMIN])),
        *(
            violates(
                "grants administrator", added(token, "all", {"policyArns": [READ_ONLY, ADMIN]})
            )
            for token in types.EXCLUSIVE_ATTACHMENTS
        ),
        passes(added(types.EXCLUSIVE_ATTACHMENTS[0], "all", {"policyArns": [READ_ONLY]})),
        ill_typed(violates("not the ARN", our.ATTACHED.set("policyArn", {"a": ADMIN}))),
        ill_typed(violates("not the ARN", our.ROLE.set(MANAGED, [5]))),
        unknown(
            "managedPolicyArns", our.ROLE.set(MANAGED, [UNKNOWN, READ_ONLY]), our.ATTACHED.removed()
        ),
        unknown("policyArn", our.ATTACHED.unknown("policyArn")),
        at_preview(violates("", our.ROLE.set(MANAGED, [UNKNOWN, ADMIN]))),
        absent(passes(our.ATTACHED.unset("policyArn"))),
        ignores(our.ATTACHED.removed(), Part(types.ROLE).removed()),
    ),
    *of_rule(
        "role-trust-closed",
        passes(),
        passes(trust(Principal=OUR_ACCOUNT)),
        passes(trust(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-1"}})),
        passes(trust(Effect="Deny", Principal="*")),
        violates("can be assumed by anyone", trust(Principal="*")),
        violates("can be assumed by anyone", trust(Principal={"AWS": "arn:aws:iam::*:root"})),
        violates("can be assumed by anyone", trust(Principal={"Federated": "*"})),
        *(violates("by anyone", trust(Principal={"AWS": "*"}, Condition=c)) for c in FOR_EVERYONE),
        *(passes(trust(Principal={"AWS": "*"}, Condition=c)) for c in FOR_SOME),
        violates("cannot be read", trust(Effect="allow", Principal="*")),
        ill_typed(violates("cannot be read", trust(Principal={"AWS": [{}]}))),
        ill_typed(violates("cannot be read", trust(Principal=5))),
        ill_typed(violates("cannot be read", our.ROLE.set(TRUST, 5))),
        ill_typed(violates("cannot be read", our.ROLE.set(TRUST, '{"a":' * 5_000))),
        violates("can be assumed by anyone", trust(Principal={"AWS": [OUR_ACCOUNT["AWS"], "*"]})),
        violates("can be assumed by anyone", trust(NotPrincipal={"AWS": "x"})),
        violates("can be assumed by anyone", BOTH),
        violates("cannot be read", our.ROLE.set(TRUST, "{")),
        unknown("'api-account-logs'", UNKNOWN_TRUST),
        absent(violates("", our.ROLE.unset(TRUST))),
        ignores(Part(types.ROLE).removed()),
    ),
    *of_rule(
        "role-trust-source",
        passes(),
        passes(trust(Principal=FLOW_SERVICE, Condition=ACCOUNT_ONLY)),
        passes(
            trust(Principal=FLOW_SERVICE),
            exemptServices=["vpc-flow-logs.amazonaws.com", "apigateway.amazonaws.com"],
        ),
        passes(trust(Effect="Deny", Principal=FLOW_SERVICE)),
        violates("lets vpc-flow-logs.amazonaws.com assume it", trust(Principal=FLOW_SERVICE)),
        violates(
            "on behalf of any account",
            trust(Principal=FLOW_SERVICE, Condition={"StringEquals": {"aws:userid": "x"}}),
        ),
        violates("lets apigateway.amazonaws.com", exemptServices=[]),
        violates("any account", trust(Principal=FLOW_SERVICE, Condition={"Bool": SECURE})),
        violates(
            "any account",
            trust(Principal=FLOW_SERVICE, Condition={"StringLike": {"aws:SourceAccount": "*"}}),
        ),
        passes(trust(Principal=FLOW_SERVICE, Condition={"StringEqualsIfExists": SOURCE})),
        ill_typed(violates("any account", trust(Principal=FLOW_SERVICE, Condition={"x": [1]}))),
        ill_typed(passes(trust(Principal={"Service": [5]}))),  # role-trust-closed refuses it
        violates("lets a service assume it", trust(Principal={"Service": "odd"})),
        unknown("'api-account-logs'", UNKNOWN_TRUST),
        absent(passes(our.ROLE.unset(TRUST))),
        ignores(Part(types.ROLE).removed()),
    ),
    *of_rule(
        "endpoint-policy-closed",
        passes(),
        passes(through(Condition=OWN_ACCOUNT)),
        passes(through(Resource="arn:aws:s3:::orders/*")),
        passes(through(Resource="arn:aws:execute-api:us-east-2:111122223333:*")),
        violates("every account", through(Resource="arn:aws:execute-api:us-east-2:*:*")),
        violates("every account", through(Resource="arn:aws:execute-api:us-east-2:1111*:*")),
        passes(through(Principal={"AWS": "111122223333"})),
        passes(through(Effect="Deny")),
        violates("every account", through()),
        violates("every account", through(Principal={"AWS": "*"})),
        violates("every account", through(Resource=["arn:aws:s3:::orders", "arn:aws:s3:::*"])),
        violates("every account", through(Resource="arn:aws:s3:::*/*")),
        violates("every account", through(Condition={"Bool": SECURE})),
        violates("every account", through(Condition={"StringEquals": {"aws:SourceVpc": "vpc-1"}})),
        passes(through(Condition={"StringEquals": {"aws:ResourceAccount": "111122223333"}})),
        violates(
            "every account",
            our.ENDPOINT.set(
                "policy",
                document({"Effect": "Allow", "Principal": "*", "NotResource": "arn:aws:s3:::x"}),
            ),
        ),
        violates("every account", our.ENDPOINT.set("policy", "")),
        absent(violates("every account", our.ENDPOINT.unset("policy"))),
        unknown("policy", our.ENDPOINT.unknown("policy")),
        ill_typed(violates("cannot be read", our.ENDPOINT.set("policy", "not JSON"))),
        ill_typed(violates("cannot be read", our.ENDPOINT.set("policy", ["x"]))),
        ignores(our.ENDPOINT.set("serviceName", "com.amazonaws.vpce.us-east-2.vpce-svc-1")),
        ignores(our.ENDPOINT.set("vpcEndpointType", "GatewayLoadBalancer")),
        ignores(our.ENDPOINT.removed()),
    ),
]
