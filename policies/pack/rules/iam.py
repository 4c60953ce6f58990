"""Rules about permissions: who may become what, and what that may do."""

import json
import re
from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from ..framework.rule import (
    ADVISORY,
    MANDATORY,
    Config,
    Refusal,
    ResourceRule,
    Undecided,
    Verdict,
)
from ..graph.resource import Resource
from ..graph.tokens import (
    GROUP_POLICY,
    GROUP_POLICY_ATTACHMENT,
    IAM_POLICY,
    POLICY_ATTACHMENT,
    ROLE,
    ROLE_POLICY,
    ROLE_POLICY_ATTACHMENT,
    USER_POLICY,
    USER_POLICY_ATTACHMENT,
)
from ..graph.values import Unknown, items, knows, peek

_ADMINISTRATORS = (":aws:policy/AdministratorAccess", ":aws:policy/IAMFullAccess")
_SERVICE = re.compile(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")


def statements(document: Any) -> list[dict[str, Any]] | None:
    """List the statements of a policy document; `None` if it is none.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
    """
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    found = items(peek(document, "Statement"))
    return found if found and all(isinstance(one, dict) for one in found) else None


def _documents(resource: Resource) -> list[Any]:
    if resource.type != ROLE:
        return [resource.peek("policy")]
    return [peek(inline, "policy") for inline in items(resource.peek("inlinePolicies"))]


def _is_bounded(resource: Resource, _: Config) -> Iterator[Verdict]:
    for document in _documents(resource):
        if not knows(document):
            yield Undecided(resource, "policy")
            continue
        found = statements(document)
        if found is None:
            yield Refusal(resource, "holds a policy document that cannot be read.")
        elif any(_allows_all(statement) for statement in found):
            yield Refusal(resource, "allows every action on everything.")


def _allows_all(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow" or "*" not in items(statement.get("Resource")):
        return False
    actions = items(statement.get("Action"))
    return "NotAction" in statement or "*" in actions or "*:*" in actions


def _is_no_administrator(resource: Resource, _: Config) -> Iterator[Verdict]:
    attached = [resource.peek("policyArn"), *items(resource.peek("managedPolicyArns"))]
    if any(isinstance(arn, str) and arn.endswith(_ADMINISTRATORS) for arn in attached):
        yield Refusal(resource, "makes somebody an administrator.")
    elif any(isinstance(arn, Unknown) for arn in attached):
        yield Undecided(resource, "policyArn or managedPolicyArns")


def _trusts_somebody(role: Resource, _: Config) -> Iterator[Verdict]:
    document = role.peek("assumeRolePolicy")
    if not knows(document):
        yield Undecided(role, "assumeRolePolicy")
        return
    found = statements(document)
    if found is None:
        yield Refusal(role, "holds a trust policy that cannot be read.")
    elif any(_trusts_all(statement) for statement in found):
        yield Refusal(role, "can be taken by everybody.")


def _trusts_all(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    principal = statement.get("Principal")
    named = items(principal.get("AWS")) if isinstance(principal, dict) else items(principal)
    is_open = "*" in named and not statement.get("Condition")
    return "NotPrincipal" in statement or is_open


def _names_source(role: Resource, config: Config) -> Iterator[Verdict]:
    document = role.peek("assumeRolePolicy")
    if not knows(document):
        yield Undecided(role, "assumeRolePolicy")
        return
    for statement in statements(document) or []:
        services = items(peek(statement, "Principal", "Service"))
        confused = sorted(s for s in services if s not in config["exemptServices"])
        if statement.get("Effect") == "Allow" and confused and not _is_conditioned(statement):
            yield Refusal(role, f"lets {_shown(confused)} take it on behalf of any account.")


def _shown(services: list[str]) -> str:
    """Name services; what does not look like one might be a secret in the wrong place."""
    return ", ".join(s if _SERVICE.fullmatch(s) else "a service" for s in services)


def _is_conditioned(statement: dict[str, Any]) -> bool:
    conditions = statement.get("Condition")
    tested = conditions.values() if isinstance(conditions, dict) else ()
    return any(key.lower() in _SOURCE_KEYS for test in tested for key in test)


NO_STAR = ResourceRule(
    name="iam-no-star",
    title="No policy allows every action on everything.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(IAM_POLICY, ROLE_POLICY, USER_POLICY, GROUP_POLICY, ROLE),
    protects="Whoever gets hold of such a role owns the account.",
    fix="name the actions and the resources.",
    controls=(
        "fsbp:IAM.1",
        "checkov:CKV_AWS_62",
        "checkov:CKV_AWS_63",
        "checkov:CKV2_AWS_40",
        "prowler:iam_inline_policy_no_administrative_privileges",
    ),
    judge=_is_bounded,
)
NO_ADMINISTRATOR = ResourceRule(
    name="iam-no-administrator",
    title="Nobody gets AWS's policies for administrators.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(
        ROLE_POLICY_ATTACHMENT,
        USER_POLICY_ATTACHMENT,
        GROUP_POLICY_ATTACHMENT,
        POLICY_ATTACHMENT,
        ROLE,
    ),
    protects="IAMFullAccess is as good as AdministratorAccess: it can give itself the rest.",
    fix="attach a policy of what is needed.",
    controls=(
        "cdk-nag:IAM4",
        "checkov:CKV_AWS_274",
        "checkov:CKV2_AWS_56",
        "prowler:iam_role_administratoraccess_policy",
    ),
    judge=_is_no_administrator,
)
TRUST_CLOSED = ResourceRule(
    name="role-trust-closed",
    title="No role can be taken by everybody.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(ROLE,),
    protects="Any account of AWS could take the role.",
    fix="name the principal.",
    controls=("checkov:CKV_AWS_60", "checkov:CKV_AWS_61"),
    judge=_trusts_somebody,
)
TRUST_SOURCE = ResourceRule(
    name="role-trust-source",
    title="Roles for services say on whose behalf they may be taken.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=(ROLE,),
    protects="A service that acts for many accounts could be led to use the role for another one.",
    fix="add a condition on aws:SourceAccount or aws:SourceArn.",
    controls=("prowler:iam_role_cross_service_confused_deputy_prevention",),
    config={
        "exemptServices": {
            "type": "array",
            "items": {"type": "string"},
            # These do not send the keys: the condition would never hold.
            "default": ["apigateway.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"],
            "description": "Services whose roles need no condition.",
        }
    },
    judge=_names_source,
)

RULES = (NO_STAR, NO_ADMINISTRATOR, TRUST_CLOSED, TRUST_SOURCE)
