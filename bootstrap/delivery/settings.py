"""The configuration of the bootstrap, checked before the first resource."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pulumi

from .grants import Grant, Scope

_ACTION = r"[a-z0-9-]+:[A-Za-z0-9*?]+"
_NAME = r"[A-Za-z0-9_.-]+"
_PATTERNS = {
    "owner": (r"[\w .:/=+@-]{1,256}", "a tag value, such as platform"),
    "subjectPrefix": (
        rf"repo:({_NAME}/{_NAME}|{_NAME}@\d+/{_NAME}@\d+)",
        "what `gh api repos/OWNER/NAME/actions/oidc/customization/sub --jq .sub_claim_prefix` "
        "prints, such as repo:acme/private-api or repo:acme@123456/private-api@456789",
    ),
    "githubProvider": (r"create|existing", "create, or existing if the account has one"),
    "project": (r"[A-Za-z0-9_.-]{1,40}", "the project name in the deployed Pulumi.yaml"),
    "stateBucket": (r"([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])?", "the name of a bucket, or empty"),
    "secretsKeyArn": (
        r"(arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[A-Za-z0-9-]+)?",
        "the ARN of a KMS key (not of an alias), or empty",
    ),
}

_LISTS = {
    "hostedZoneIds": (r"Z[A-Z0-9]{1,31}", "the ID of a hosted zone, such as Z0123456789ABCDEFGHIJ"),
    "truststoreArns": (
        r"arn:aws[a-z-]*:s3:::[a-z0-9.-]+/[^\s{}]+",
        "the ARN of a file in S3, such as arn:aws:s3:::acme-trust/clients.pem",
    ),
    "authorizerRoleArns": (
        r"arn:aws[a-z-]*:iam::\d{12}:role/[0-9A-Za-z_+=,.@/-]+",
        "the ARN of a role, such as arn:aws:iam::111122223333:role/call-authorizers",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The configuration in `Pulumi.<stack>.yaml`; the stack has the name of the deployed one."""

    scope: Scope
    owner: str
    subject_prefix: str
    """Start of the subject in GitHub's tokens, which identifies the repository."""
    creates_provider: bool
    """Whether GitHub's identity provider is created here."""
    state_bucket: str
    secrets_key_arn: str
    instance_grants: tuple[Grant, ...]
    """What the roles of instances may do in addition."""

    @classmethod
    def load(cls) -> "Settings":
        """The running stack's settings; raises pulumi.RunError with one line for each mistake."""
        own, aws = pulumi.Config(), pulumi.Config("aws")
        values = {key: own.get(key) or "" for key in _PATTERNS}
        region = aws.get("region") or ""
        accounts = aws.get_object("allowedAccountIds") or []
        statements = own.get_object("instanceStatements") or []
        lists = {key: own.get_object(key) or [] for key in _LISTS}
        errors = [
            *_own_errors(values),
            *_aws_errors(region, accounts),
            *_statement_errors(statements),
            *_list_errors(lists),
        ]
        if errors:
            raise pulumi.RunError("\n".join(errors))
        return cls(
            scope=Scope(
                account=accounts[0],
                region=region,
                project=values["project"],
                stack=pulumi.get_stack(),
                hosted_zones=tuple(lists["hostedZoneIds"]),
                truststores=tuple(lists["truststoreArns"]),
                authorizer_roles=tuple(lists["authorizerRoleArns"]),
            ),
            owner=values["owner"],
            subject_prefix=values["subjectPrefix"],
            creates_provider=values["githubProvider"] == "create",
            state_bucket=values["stateBucket"],
            secrets_key_arn=values["secretsKeyArn"],
            instance_grants=tuple(
                Grant(tuple(one["actions"]), tuple(one["resources"])) for one in statements
            ),
        )


def _own_errors(values: dict[str, str]) -> Iterator[str]:
    for key, (pattern, expected) in _PATTERNS.items():
        if not re.fullmatch(pattern, values[key]):
            yield f"{pulumi.get_project()}:{key} is {values[key]!r}; it must be {expected}."


def _list_errors(lists: dict[str, Any]) -> Iterator[str]:
    for key, (pattern, expected) in _LISTS.items():
        given = lists[key] if isinstance(lists[key], list) else [lists[key]]
        for value in given:
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                yield f"{pulumi.get_project()}:{key} has {value!r}; each must be {expected}."


def _statement_errors(statements: Any) -> Iterator[str]:
    for statement in statements if isinstance(statements, list) else [statements]:
        match statement:
            case {"actions": [*actions], "resources": [*resources], **rest} if (
                not rest
                and all(isinstance(a, str) and re.fullmatch(_ACTION, a) for a in actions)
                and all(isinstance(r, str) and re.fullmatch(r"\*|arn:\S+", r) for r in resources)
                and actions
                and resources
            ):
                continue
        yield (
            f"{pulumi.get_project()}:instanceStatements has {statement!r}; each must have a list "
            "of `actions`, such as [s3:GetObject], and one of `resources`, ARNs or *."
        )


def _aws_errors(region: str, accounts: object) -> Iterator[str]:
    if not re.fullmatch(r"[a-z]{2,4}(-[a-z]+)+-\d", region):
        yield f"aws:region is {region!r}; it must be a region, such as us-east-2."
    match accounts:
        case [str(account)] if re.fullmatch(r"\d{12}", account):
            return
    yield (
        f"aws:allowedAccountIds is {accounts!r}; it must be a list of exactly one account id in "
        "quotes, because the permissions name the account."
    )
