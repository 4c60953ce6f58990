"""Rules about private APIs, which are called through VPC endpoints."""

from collections.abc import Iterator
from typing import Any

from .. import resource_types as types
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.definition import read
from ..graph.graph import Api, Graph
from ..graph.resource import Resource
from ..values import UnknownValue, as_text, equals, is_known, is_set, items
from .iam import matches, restricts, statements

AREA = Area("Private APIs")

_POLICY = "x-amazon-apigateway-policy"
_KEYS = {"aws:sourcevpce": "vpce-*", "aws:sourcevpc": "vpc-*", "aws:sourcevpcarn": "arn:*"}
"""Condition keys that name where a request comes from.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-aws-condition-keys.html
"""
_OPPOSITES = (
    *("stringnotequals", "stringnotequalsignorecase", "stringnotlike"),
    *("arnnotequals", "arnnotlike"),
)


@AREA.stack_rule(
    name="private-api-policy",
    title="The resource policy of a private API names the VPC endpoints or VPCs of its callers.",
    level="mandatory",
    severity="high",
    resource_types=[types.REST_API],
    rationale=(
        "Otherwise every VPC in AWS can call it: private means only that it is not on the "
        "internet. Without any policy, AWS refuses to deploy it."
    ),
    fix=(
        "deny execute-api:Invoke on execute-api:/* with StringNotEquals on aws:SourceVpce, in the "
        "definition that is imported."
    ),
)
def _names_its_callers(resource: Resource, graph: Graph, _: Config) -> Verdicts:
    kinds = resource.elements("endpointConfiguration.types")
    if not any(equals(kind, "PRIVATE") for kind in kinds if not isinstance(kind, UnknownValue)):
        if is_known(kinds):
            yield NotApplicable("the API is not private")
        else:
            yield Unknown(resource, "endpointConfiguration.types")
        return
    policies = [*_policies(resource, graph)]
    for policy in policies:
        if isinstance(policy, UnknownValue):
            yield Unknown(resource, "resource policy")
        elif (found := statements(policy)) is None:
            yield Violation(resource, "has a resource policy that cannot be read.")
        elif not _is_limited(found, as_text(resource.peek("executionArn"))):
            yield Violation(resource, "lets every VPC call it.")
    if not policies:
        yield Violation(resource, "is private and has no resource policy.")


def _policies(api: Resource, graph: Graph) -> Iterator[Any]:
    """The policies that may be in force: of a resource of its own, or else of what is imported."""
    part = Api(api.urn, api)
    own = [*graph.parts(part, types.REST_API_POLICY)]
    imported = [*graph.parts(part, types.REST_API_PUT)]
    if own:
        yield from (one.peek("policy") for one in own)
    elif imported:
        yield from _stated(imported)
    elif is_set(policy := api.peek("policy")):
        # Without a policy of its own, it is unknown until AWS has answered.
        yield policy
    else:
        yield from _stated([api])


def _stated(holders: list[Resource]) -> Iterator[Any]:
    for holder in holders:
        document = read(holder.text("body") or "{}")
        if _POLICY in document:
            yield document[_POLICY]


def _is_limited(found: list[dict[str, Any]], api: str) -> bool:
    """Whether all that is allowed is limited, or everything from elsewhere is denied.

    `api` is the execution ARN, or nothing while it is unknown.
    """
    allowed = [one for one in found if one["Effect"] == "Allow"]
    denied = [one for one in found if one["Effect"] == "Deny"]
    return all(restricts(one, _KEYS) for one in allowed) or any(
        _denies_others(one, api) for one in denied
    )


def _denies_others(statement: dict[str, Any], api: str) -> bool:
    principal = statement.get("Principal", {})
    named = [*principal.values()] if isinstance(principal, dict) else [principal]
    everybody = any(name == "*" for one in named for name in items(one))
    invoking = any(
        matches("execute-api:invoke", action.lower()) for action in items(statement.get("Action"))
    )
    everything = any(_is_all_of(api, arn) for arn in items(statement.get("Resource")))
    only = len(statement.get("Condition", {})) == 1 and all(
        isinstance(tests, dict) and len(tests) == 1 for tests in statement["Condition"].values()
    )
    limits = restricts(statement, _KEYS, _OPPOSITES, ("", "ifexists"))
    return everybody and invoking and everything and only and limits


def _is_all_of(api: str, arn: str) -> bool:
    """Whether a pattern of ARNs covers every call of an API; of any API that is not known."""
    if not arn.startswith("arn:"):
        return arn in ("*", "execute-api:*", "execute-api:/*", "execute-api:/*/*/*")
    head, _, path = arn.partition("/")
    is_one = matches(api, head) if api else ":execute-api:" in head
    return is_one and arn.endswith("*") and not path.strip("*/")
