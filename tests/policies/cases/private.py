"""Cases of the rules about private APIs."""

import json
from typing import Any

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
from tests.policies.changes import ABSENT, Change, added, definition

PRIVATE = our.API.set("endpointConfiguration.types", "PRIVATE")
CALL: dict[str, Any] = {
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "execute-api:/*",
}
ALL = {"Effect": "Allow", **CALL}
HERE, ELSEWHERE = (
    {name: {"aws:SourceVpce": "vpce-1"}} for name in ("StringEquals", "StringNotEquals")
)


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


def imported(*statements: dict[str, Any]) -> Change:
    """The definition with a resource policy."""
    return definition(("x-amazon-apigateway-policy",), document(*statements))


def denying(**changes: Any) -> Change:
    """A policy that allows everybody, and denies those who come from elsewhere."""
    return imported(ALL, {"Effect": "Deny", **CALL, "Condition": ELSEWHERE, **changes})


def separate(policy: Any) -> Change:
    """A policy as a resource of its own."""
    props = {"restApiId": UNKNOWN, "policy": policy}
    return added(types.REST_API_POLICY, "own", props, {"restApiId": our.API})


def without_import(**props: Any) -> tuple[Change, ...]:
    return (our.NO_DEFINITION, PRIVATE, *(our.API.set(key, value) for key, value in props.items()))


EXECUTION = "arn:aws:execute-api:us-east-2:111122223333:e493d2a0c0"
ARN = f"{EXECUTION}/"
"""The execution ARN of our API."""

CASES = [
    *of_rule(
        "private-api-policy",
        passes(PRIVATE, denying()),
        passes(PRIVATE, denying(Principal={"AWS": "*"}, Action=["execute-api:*"])),
        passes(PRIVATE, denying(Resource=f"{ARN}*")),
        passes(PRIVATE, denying(Resource="arn:aws:execute-api:us-east-2:*:*")),
        passes(
            PRIVATE,
            our.API.unset("executionArn"),
            denying(Resource="arn:aws:execute-api:us-east-2:111122223333:a1b2c3/*"),
        ),
        violates("every VPC", PRIVATE, denying(Resource=EXECUTION)),
        violates("every VPC", PRIVATE, denying(Resource=EXECUTION.replace("e4", "a1") + "/*")),
        violates("every VPC", PRIVATE, denying(Resource="arn:aws:execute-api:us-west-2:*:*")),
        violates("every VPC", PRIVATE, denying(Resource="arn:aws:s3:::*")),
        ill_typed(
            violates("every VPC", PRIVATE, our.API.unset("executionArn"), denying(Resource="arn:"))
        ),
        at_preview(violates("every VPC", PRIVATE, denying(Resource="arn:aws:s3:::*"))),
        passes(PRIVATE, denying(Condition={"StringNotEquals": {"aws:sourceVpc": ["vpc-1"]}})),
        passes(PRIVATE, imported({**ALL, "Condition": HERE})),
        passes(PRIVATE, separate(json.dumps(document({**ALL, "Condition": HERE})))),
        passes(*without_import(policy=json.dumps(document({**ALL, "Condition": HERE})))),
        violates("every VPC", PRIVATE, imported(ALL)),
        violates("every VPC", PRIVATE, imported({**ALL, "Condition": HERE}, ALL)),
        violates("every VPC", PRIVATE, denying(Condition=HERE)),
        violates("every VPC", PRIVATE, denying(Principal={"AWS": "111122223333"})),
        violates("every VPC", PRIVATE, denying(Action="execute-api:ManageConnections")),
        violates("every VPC", PRIVATE, denying(Resource=f"{ARN}live/*")),
        violates("every VPC", PRIVATE, denying(Resource="execute-api:/live/*")),
        violates(
            "every VPC", PRIVATE, denying(Condition={"StringNotLike": {"aws:SourceVpce": "*"}})
        ),
        violates(
            "every VPC",
            PRIVATE,
            denying(Condition={**ELSEWHERE, "Bool": {"aws:SecureTransport": "false"}}),
        ),
        violates(
            "every VPC",
            PRIVATE,
            denying(Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1", "aws:x": "y"}}),
        ),
        violates("every VPC", PRIVATE, denying(), separate(json.dumps(document(ALL)))),
        violates("no resource policy", *without_import()),
        # The import takes the API's own policy away.
        violates("no resource policy", PRIVATE, our.API.set("policy", json.dumps(document(ALL)))),
        absent(violates("no resource policy", PRIVATE)),
        unknown("body", PRIVATE, our.DEFINITION.unknown("body")),
        unknown("resource policy", PRIVATE, separate(UNKNOWN)),
        unknown("endpointConfiguration.types", our.API.unknown("endpointConfiguration.types")),
        at_preview(violates("every VPC", PRIVATE, imported(ALL), our.API.unknown("policy"))),
        ill_typed(violates("cannot be read", PRIVATE, separate("not JSON"))),
        ill_typed(violates("wrong type in body", PRIVATE, our.DEFINITION.set("body", 12))),
        ignores(),
        ignores(our.API.set("endpointConfiguration.types", ABSENT)),
        ignores(our.API.removed()),
    ),
]
