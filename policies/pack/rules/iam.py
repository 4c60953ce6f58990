"""Rules about permissions: who may assume a role, and what it may do."""

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from string import ascii_lowercase
from typing import Any

from .. import resource_types as types
from ..framework.checks import check_values
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.ip_ranges import admit_everyone
from ..graph.resource import Resource
from ..values import UnknownValue, as_text, equals, is_known, is_set, items, parsed, peek

AREA = Area("Permissions")


def statements(document: Any) -> list[dict[str, Any]] | None:
    """List the statements of a policy document; `None` if it is not a policy document.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if isinstance(document, str):
        try:
            document = parsed(document)
        except ValueError:
            return None
    found = items(peek(document, "Statement"))
    return found if found and all(map(_is_statement, found)) else None


def _is_statement(statement: Any) -> bool:
    """Whether AWS would accept a statement, as far as the rules read it."""
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        return False
    lists = ("Action", "NotAction", "Resource", "NotResource")
    named = [statement[name] for name in lists if name in statement]
    principal = statement.get("Principal", {})
    named += principal.values() if isinstance(principal, dict) else [principal]
    return (
        statement.keys() <= _ELEMENTS
        and all(isinstance(one, str) for value in named for one in items(value))
        and isinstance(statement.get("Condition", {}), dict)
    )


_ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}


@AREA.resource_rule(
    name="iam-no-star",
    title="No policy allows every action, or all those of IAM, on every resource.",
    level="mandatory",
    severity="critical",
    resource_types=[
        types.IAM_POLICY,
        types.ROLE_POLICY,
        types.USER_POLICY,
        types.GROUP_POLICY,
        types.ROLE,
    ],
    rationale="Anyone who obtains such a role controls the account; IAM can grant the rest.",
    fix="name the actions and the resources.",
    controls=(
        "fsbp:IAM.1 checkov:CKV_AWS_62 checkov:CKV_AWS_63 checkov:CKV2_AWS_40 "
        "prowler:iam_inline_policy_no_administrative_privileges"
    ),
)
def _allows_not_everything(resource: Resource, _: Config) -> Verdicts:
    inline = resource.elements("inlinePolicies.policy")
    for document in inline if resource.type == types.ROLE else [resource.peek("policy")]:
        if not is_known(document):
            yield Unknown(resource, "policy")
            continue
        found = statements(document)
        if found is None:
            yield Violation(resource, "has a policy document that cannot be read.")
        elif any(_allows_all(statement) for statement in found):
            yield Violation(
                resource, "allows every action, or all those of IAM, on every resource."
            )


def _allows_all(statement: dict[str, Any]) -> bool:
    return (
        statement["Effect"] == "Allow"
        and any(_includes(statement, "Action", every) for every in _WIDE)
        and _includes(statement, "Resource", _names_every_resource)
    )


def _includes(
    statement: dict[str, Any], element: str, is_everything: Callable[[list[str]], bool]
) -> bool:
    """Whether an element names everything, or its opposite names less than everything."""
    if f"Not{element}" in statement:
        return not is_everything(items(statement[f"Not{element}"]))
    return is_everything(items(statement.get(element)))


def _names_every_action(patterns: list[str]) -> bool:
    return all(any(matches(s, p.lower()) for p in patterns) for s in _SOME_ACTIONS)


def _names_every_action_of_iam(patterns: list[str]) -> bool:
    return all(any(matches(s, p.lower()) for p in patterns) for s in ("iam:zq9", "iam:x0"))


_WIDE = (_names_every_action, _names_every_action_of_iam)


def _names_every_resource(patterns: list[str]) -> bool:
    """Whether ARN patterns cover all services, in whichever account and region."""
    wide = [_in_every_account(pattern) for pattern in patterns]
    return any(
        all(any(matches(f"arn:{partition}:{end}", p) for p in wide) for end in _SOME_RESOURCES)
        for partition in ("aws", "aws-cn", "aws-us-gov")
    )


def _in_every_account(pattern: str) -> str:
    arn, partition, service, _, _, resource = (*pattern.split(":", 5), *[""] * 6)[:6]
    return ":".join((arn, partition, service, "*", "*", resource)) if resource else pattern


# Made-up services: patterns that cover all of these cover every service.
_SERVICES = [f"{first}0-q" for first in ascii_lowercase]
_SOME_ACTIONS = [f"{service}:{name}" for service in _SERVICES for name in ("zq9", "x0")]
_SOME_RESOURCES = [f"{service}:r-q:0q:{name}" for service in _SERVICES for name in ("zq9", "x0")]


def matches(text: str, pattern: str) -> bool:
    """Whether a text matches a pattern of IAM, with the wildcards `*` and `?`."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))


@AREA.resource_rule(
    name="iam-no-administrator",
    title="No role, user or group has AWS's administrator policies.",
    level="mandatory",
    severity="high",
    resource_types=[
        *types.EXCLUSIVE_ATTACHMENTS,
        types.ROLE_POLICY_ATTACHMENT,
        types.USER_POLICY_ATTACHMENT,
        types.GROUP_POLICY_ATTACHMENT,
        types.POLICY_ATTACHMENT,
        types.ROLE,
    ],
    rationale="IAMFullAccess is equivalent to AdministratorAccess: it can grant itself the rest.",
    fix="attach a policy with only the permissions that are needed.",
    controls=(
        "cdk-nag:IAM4 checkov:CKV_AWS_274 checkov:CKV2_AWS_56 "
        "prowler:iam_role_administratoraccess_policy"
    ),
)
def _is_no_administrator(resource: Resource, _: Config) -> Verdicts:
    paths = ("policyArn", "policyArns", "managedPolicyArns")
    arns = [arn for path in paths for arn in resource.elements(path)]
    name, text = "policyArn or managedPolicyArns", "grants administrator access."
    yield from check_values(resource, name, arns, _is_administrator, text)
    if not all(isinstance(arn, (str, UnknownValue)) for arn in arns):
        yield Violation(resource, "attaches something that is not the ARN of a policy.")


def _is_administrator(arn: Any) -> bool:
    policies = (":aws:policy/AdministratorAccess", ":aws:policy/IAMFullAccess")
    return isinstance(arn, str) and arn.endswith(policies)


@AREA.resource_rule(
    name="role-trust-closed",
    title="No role can be assumed by anyone.",
    level="mandatory",
    severity="critical",
    resource_types=[types.ROLE],
    rationale="Any AWS account could assume the role.",
    fix="name the principal.",
    controls="checkov:CKV_AWS_60 checkov:CKV_AWS_61",
)
def _trusts_not_everyone(role: Resource, _: Config) -> Verdicts:
    document = role.peek("assumeRolePolicy")
    if not is_known(document):
        yield Unknown(role, "assumeRolePolicy")
        return
    found = statements(document)
    if found is None:
        yield Violation(role, "has a trust policy that cannot be read.")
    elif any(_trusts_all(statement) for statement in found):
        yield Violation(role, "can be assumed by anyone.")


def _trusts_all(statement: dict[str, Any], keys: Mapping[str, str] | None = None) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal", {})
    named = list(principal.values()) if isinstance(principal, dict) else [principal]
    is_open = any(_names_every_principal(name) for one in named for name in items(one))
    return "NotPrincipal" in statement or (
        is_open and not restricts(statement, keys or _CALLER_KEYS)
    )


def _names_every_principal(name: str) -> bool:
    """Whether a principal is a wildcard, alone or in place of an account."""
    account = _account_in(name)
    return bool(account) and not account.strip("*?")


def _account_in(arn: str) -> str:
    """The account in a pattern of ARNs; the whole text if it is not one."""
    return (*arn.split(":", 5), *[""] * 5)[4] if arn.count(":") > 3 else arn  # noqa: PLR2004


@AREA.resource_rule(
    name="endpoint-policy-closed",
    title="Endpoints let through only named resources, or those or callers of named accounts.",
    level="mandatory",
    severity="medium",
    resource_types=[types.VPC_ENDPOINT],
    rationale="Otherwise whoever gets into an instance sends data out with another account's keys.",
    fix=(
        "name the resources in the policy, or their account, or add a condition on "
        "aws:PrincipalAccount."
    ),
    controls="prowler:vpc_endpoint_connections_trust_boundaries",
)
def _lets_not_everyone_through(endpoint: Resource, _: Config) -> Verdicts:
    service = endpoint.peek("serviceName")
    if "vpce-svc-" in as_text(service) or equals(endpoint.peek("vpcEndpointType"), _WITHOUT_POLICY):
        yield NotApplicable("leads to a service that takes no policy")
        return
    document = endpoint.peek("policy")
    if not is_known(document):
        yield Unknown(endpoint, "policy")
        return
    found = statements(document) if is_set(document) else []
    if found is None:
        yield Violation(endpoint, "has a policy that cannot be read.")
    elif not is_set(document) or any(map(_lets_all_through, found)):
        yield Violation(endpoint, "lets every account reach every resource of the service.")


_WITHOUT_POLICY = "GatewayLoadBalancer"


def _lets_all_through(statement: dict[str, Any]) -> bool:
    """Whether anyone may reach any resource."""
    patterns = items(statement.get("Resource"))
    is_any = "NotResource" in statement or any(map(_names_any_resource, patterns))
    return is_any and _trusts_all(statement, _BOUNDARY_KEYS)


def _names_any_resource(arn: str) -> bool:
    """Whether a pattern has neither the name, which is its last part, nor the account."""
    name = arn.split(":", 5)[-1]
    return not name.strip("*?/") and (
        name == arn or not re.fullmatch(r"[0-9]{12}", _account_in(arn))
    )


@AREA.resource_rule(
    name="role-trust-source",
    title="Roles for services restrict on whose behalf they may be assumed.",
    level="advisory",
    severity="medium",
    resource_types=[types.ROLE],
    rationale="A service acts for many accounts, and could be made to use the role for another.",
    fix="add a condition on aws:SourceAccount or aws:SourceArn.",
    controls="prowler:iam_role_cross_service_confused_deputy_prevention",
    config={
        "exemptServices": {
            "type": "array",
            "items": {"type": "string"},
            # These do not send the keys, so the condition would never be true.
            "default": ["apigateway.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"],
            "description": "Services whose roles need no condition.",
        }
    },
)
def _restricts_source(role: Resource, config: Config) -> Verdicts:
    document = role.peek("assumeRolePolicy")
    if not is_known(document):
        yield Unknown(role, "assumeRolePolicy")
        return
    for statement in statements(document) or []:
        services = items(peek(statement, "Principal", "Service"))
        checked = sorted(s for s in services if s not in config["exemptServices"])
        if statement["Effect"] == "Allow" and checked and not _has_source(statement):
            yield Violation(role, f"lets {_shown(checked)} assume it on behalf of any account.")


_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")


def _shown(services: list[str]) -> str:
    """Name services; what does not look like one might be a secret in the wrong place."""
    return ", ".join(s if _SERVICE.fullmatch(s) else "a service" for s in services)


def _has_source(statement: dict[str, Any]) -> bool:
    # A service that sends the key is restricted also by a test that lets an absent key pass.
    return restricts(statement, _SOURCE_KEYS, suffixes=("", "ifexists"))


_SOURCE_KEYS = {
    "aws:sourceaccount": "*",
    "aws:sourcearn": "arn:*",
    "aws:sourceorgid": "o-*",
    "aws:sourceorgpaths": "o-*/*",
}
"""Condition keys that say on whose behalf a service acts, with what every value of them matches."""
_CALLER_KEYS = {
    **_SOURCE_KEYS,
    "aws:principalaccount": "*",
    "aws:principalarn": "arn:*",
    "aws:principalorgid": "o-*",
    "aws:principalorgpaths": "o-*/*",
    "aws:sourceip": "*",
    "aws:sourcevpc": "vpc-*",
    "aws:sourcevpce": "vpce-*",
    "aws:sourcevpcarn": "arn:*",
    "aws:userid": "*",
    "sts:externalid": "*",
}
"""Condition keys that can restrict who calls.

Every account meets conditions on other keys, as aws:SecureTransport, aws:CurrentTime, a session
name or a tag. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""
_BOUNDARY_KEYS = {
    "aws:principalaccount": "*",
    "aws:principalarn": "arn:*",
    "aws:principalorgid": "o-*",
    "aws:principalorgpaths": "o-*/*",
    "aws:resourceaccount": "*",
    "aws:resourceorgid": "o-*",
    "aws:resourceorgpaths": "o-*/*",
}
"""Condition keys that keep other accounts out of an endpoint: those of the caller and the resource.

Whoever is in an instance meets conditions on the network, such as aws:SourceVpc.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_data-perimeters.html
"""
_OPERATORS = (
    *("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike"),
    "ipaddress",
)
"""Operators that name who is admitted; their opposites admit everyone else."""


def restricts(
    statement: dict[str, Any],
    keys: Mapping[str, str],
    operators: tuple[str, ...] = _OPERATORS,
    suffixes: tuple[str, ...] = ("",),
) -> bool:
    """Whether a condition admits only some of all callers, by one of the keys."""
    accepted = {operator + suffix for operator in operators for suffix in suffixes}
    for operator, tests in statement.get("Condition", {}).items():
        # ForAllValues admits a request without the key.
        name = operator.lower().removeprefix("foranyvalue:")
        for key, given in tests.items() if isinstance(tests, dict) else ():
            values, every = items(given), keys.get(key.lower())
            is_tested = name in accepted and every and values
            if is_tested and not any(_admits_all(value, every or "") for value in values):
                return True
    return False


def _admits_all(value: Any, every: str) -> bool:
    """Whether the value of a condition is so wide that it restricts nobody."""
    if not isinstance(value, str) or admit_everyone([value]):
        return True
    if every == "arn:*":
        return any(wildcard in _account_in(value) for wildcard in "*?")
    return all(matches(every.replace("*", sample), value) for sample in ("q0", "zz9"))
