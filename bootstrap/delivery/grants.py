"""Permissions as small pieces, limited to one stack, and policy documents made of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

MAX_CHARACTERS = 6_144
"""AWS takes no longer managed policy, white space apart.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

Condition = Mapping[str, Mapping[str, str | Sequence[str]]]
"""What has to hold, as a policy spells it: values by condition key by operator."""
Document = dict[str, Any]
"""A policy document, ready for JSON."""
_T = TypeVar("_T")


@dataclass(frozen=True)
class Grant:
    """Actions that are allowed on some resources under a condition."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Needs:
    """What the provider asks AWS for, to keep resources of one type."""

    read: tuple[Grant, ...]
    """For a refresh."""
    write: tuple[Grant, ...]
    """To create, update and delete, beyond what reading takes."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One stack of a project, in the one account and region where it is."""

    account: str
    region: str
    project: str
    stack: str

    @property
    def partition(self) -> str:
        """The part of AWS that the region belongs to."""
        if self.region.startswith("cn-"):
            return "aws-cn"
        return "aws-us-gov" if self.region.startswith("us-gov-") else "aws"

    @property
    def boundary(self) -> str:
        """ARN of the policy that limits every role of the stack."""
        return f"arn:{self.partition}:iam::{self.account}:policy/{self.boundary_name}"

    @property
    def boundary_name(self) -> str:
        """Its name, fixed because the stack's own configuration names the policy."""
        return f"{self.project}-{self.stack}-role-boundary"

    @property
    def in_region(self) -> Condition:
        """The region, for actions that have no narrower resource."""
        return {"StringEquals": {"aws:RequestedRegion": self.region}}

    @property
    def made(self) -> Condition:
        """What is created has to carry the tags of the stack."""
        return self._tagged("aws:RequestTag")

    @property
    def claimed(self) -> Condition:
        """What gets the tags of the stack by a call of its own must belong to no project yet."""
        return both(self.made, {"Null": {"aws:ResourceTag/project": "true"}})

    @property
    def ours(self) -> Condition:
        """What is touched has to carry the tags of the stack."""
        return self._tagged("aws:ResourceTag")

    def arns(self, service: str, *resources: str, owner: str | None = None) -> tuple[str, ...]:
        """ARNs of a service's resources in the region; by default those of the account."""
        account = self.account if owner is None else owner
        prefix = f"arn:{self.partition}:{service}:{self.region}:{account}:"
        return tuple(prefix + resource for resource in resources)

    def ec2(self, *kinds: str) -> tuple[str, ...]:
        """Every EC2 resource of some kinds, such as `vpc`."""
        return self.arns("ec2", *(f"{kind}/*" for kind in kinds))

    def api(self, *paths: str) -> tuple[str, ...]:
        """Paths of API Gateway; its ARNs name no account."""
        return self.arns("apigateway", *paths, owner="")

    def iam(self, *resources: str) -> tuple[str, ...]:
        """IAM's resources; they are in no region."""
        return tuple(f"arn:{self.partition}:iam::{self.account}:{name}" for name in resources)

    def _tagged(self, key: str) -> Condition:
        return {
            "StringEquals": {f"{key}/project": self.project, f"{key}/stack": self.stack},
        }


def both(*conditions: Condition) -> Condition:
    """All of the conditions; no two may name one key under one operator."""
    merged: dict[str, dict[str, str | Sequence[str]]] = {}
    for condition in conditions:
        for operator, values in condition.items():
            if merged.setdefault(operator, {}).keys() & values.keys():
                raise ValueError(f"two values of one key under {operator}: {sorted(values)}")
            merged[operator] |= values
    return merged


def document(grants: Iterable[Grant]) -> Document:
    """One policy that allows what the grants allow, with as few statements as that takes."""
    on = _gathered((_key(g.resources, g.condition), g.actions) for g in grants)
    to = _gathered(((tuple(sorted(actions)), key[1]), key[0]) for key, actions in on.items())
    statements = []
    for (actions, condition), resources in sorted(to.items()):
        statement = {
            "Effect": "Allow",
            "Action": list(actions),
            "Resource": sorted(resources),
            "Condition": json.loads(condition),
        }
        statements.append({key: value for key, value in statement.items() if value})
    return {"Version": "2012-10-17", "Statement": statements}


def fitting(name: str, made: Document) -> Document:
    """The document, if a managed policy may be as long; else ValueError."""
    size = len(json.dumps(made, separators=(",", ":")))
    if size > MAX_CHARACTERS:
        raise ValueError(
            f"the policy {name} has {size} characters, above the {MAX_CHARACTERS} that AWS takes: "
            "move some resource types to a subject of their own"
        )
    return made


def _key(resources: tuple[str, ...], condition: Condition) -> tuple[tuple[str, ...], str]:
    return tuple(sorted(resources)), json.dumps(condition, sort_keys=True)


def _gathered(pairs: Iterable[tuple[_T, Iterable[str]]]) -> dict[_T, set[str]]:
    found: dict[_T, set[str]] = {}
    for key, values in pairs:
        found.setdefault(key, set()).update(values)
    return found
