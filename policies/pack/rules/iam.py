"""Rules about permissions: who may assume a role, and what it may do."""

import json
import re
from typing import Any

from .. import resource_types as types
from ..framework.checks import check_values
from ..framework.rule import Area, Config, Unknown, Verdicts, Violation
from ..graph.resource import Resource
from ..values import is_known, items, peek

AREA = Area("Permissions")


def statements(document: Any) -> list[dict[str, Any]] | None:
    """List the statements of a policy document; `None` if it is not a policy document.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    found = items(peek(document, "Statement"))
    return found if found and all(isinstance(one, dict) for one in found) else None


@AREA.resource_rule(
    name="iam-no-star",
    title="No policy allows every action on every resource.",
    level="mandatory",
    severity="critical",
    resource_types=[
        types.IAM_POLICY,
        types.ROLE_POLICY,
        types.USER_POLICY,
        types.GROUP_POLICY,
        types.ROLE,
    ],
    rationale="Anyone who obtains such a role controls the account.",
    fix="name the actions and the resources.",
    controls=(
        "fsbp:IAM.1 checkov:CKV_AWS_62 checkov:CKV_AWS_63 checkov:CKV2_AWS_40 "
        "prowler:iam_inline_policy_no_administrative_privileges"
    ),
)
def _allows_not_everything(resource: Resource, _: Config) -> Verdicts:
    inline = [peek(policy, "policy") for policy in resource.each("inlinePolicies")]
    for document in inline if resource.type == types.ROLE else [resource.peek("policy")]:
        if not is_known(document):
            yield Unknown(resource, "policy")
            continue
        found = statements(document)
        if found is None:
            yield Violation(resource, "has a policy document that cannot be read.")
        elif any(_allows_all(statement) for statement in found):
            yield Violation(resource, "allows every action on every resource.")


def _allows_all(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or "*" not in items(statement.get("Resource")):
        return False
    actions = items(statement.get("Action"))
    return "NotAction" in statement or "*" in actions or "*:*" in actions


@AREA.resource_rule(
    name="iam-no-administrator",
    title="No role, user or group has AWS's administrator policies.",
    level="mandatory",
    severity="high",
    resource_types=[
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
    arns = resource.each("policyArn") + resource.each("managedPolicyArns")
    name, text = "policyArn or managedPolicyArns", "grants administrator access."
    return check_values(resource, name, arns, _is_administrator, text)


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


def _trusts_all(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    named = items(principal.get("AWS")) if isinstance(principal, dict) else items(principal)
    is_open = "*" in named and not statement.get("Condition")
    return "NotPrincipal" in statement or is_open


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
        if statement.get("Effect") == "Allow" and checked and not _has_source(statement):
            yield Violation(role, f"lets {_shown(checked)} assume it on behalf of any account.")


_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")


def _shown(services: list[str]) -> str:
    """Name services; what does not look like one might be a secret in the wrong place."""
    return ", ".join(s if _SERVICE.fullmatch(s) else "a service" for s in services)


def _has_source(statement: dict[str, Any]) -> bool:
    keys = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
    conditions = statement.get("Condition")
    tested = conditions.values() if isinstance(conditions, dict) else ()
    return any(key.lower() in keys for test in tested for key in test)
