"""Permissions as small pieces, limited to one stack, and policy documents made of them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

MAX_CHARACTERS = 6_144
"""The longest managed policy that AWS accepts, white space not counted.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

Condition = Mapping[str, Mapping[str, str | Sequence[str]]]
"""A condition block as in a policy: values by condition key by operator."""
Document = dict[str, Any]
"""A policy document, ready for JSON."""
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_T = TypeVar("_T")


@dataclass(frozen=True)
class Grant:
    """Actions that are allowed on some resources under a condition."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = field(default_factory=dict)


@dataclass(frozen=True)
class Permissions:
    """What the provider needs to manage resources of one type."""

    read: tuple[Grant, ...]
    """For a refresh."""
    write: tuple[Grant, ...]
    """To create, update and delete, in addition to `read`."""


@dataclass(frozen=True, kw_only=True)
class Scope:
    """One stack of a project, in its account and region."""

    account: str
    region: str
    project: str
    stack: str
    hosted_zones: tuple[str, ...] = ()
    """IDs of the hosted zones whose records the stack may change."""
    truststores: tuple[str, ...] = ()
    """ARNs of the files in S3 that the stack may give to a domain for mutual TLS."""
    authorizer_roles: tuple[str, ...] = ()
    """ARNs of the roles with which API Gateway may call the functions of authorizers."""

    @property
    def partition(self) -> str:
        """The AWS partition of the region."""
        found = (name for prefix, name in _PARTITIONS.items() if self.region.startswith(prefix))
        return next(found, "aws")

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
        """The region, for actions that cannot be limited to a resource."""
        return {"StringEquals": {"aws:RequestedRegion": self.region}}

    @property
    def creates(self) -> Condition:
        """The resource is created with the tags of the stack."""
        return self._tagged("aws:RequestTag")

    @property
    def claims(self) -> Condition:
        """The resource gets the tags of the stack and has no `project` tag yet."""
        return both(self.creates, {"Null": {"aws:ResourceTag/project": "true"}})

    @property
    def owns(self) -> Condition:
        """The resource has the tags of the stack."""
        return self._tagged("aws:ResourceTag")

    def arn(self, service: str, resource: str) -> str:
        """ARN of a service's resource in the account and region, or a whole ARN with its names."""
        if resource.startswith("arn:"):
            return self.filled(resource)
        region = "" if service == "iam" else self.region
        account = "" if service == "apigateway" else self.account
        return f"arn:{self.partition}:{service}:{region}:{account}:{self.filled(resource)}"

    def filled(self, text: str) -> str:
        """A text in which {stack} and the other names of this class stand for their values."""
        names = ("partition", "account", "region", "project", "stack", "boundary")
        return text.format(**{name: getattr(self, name) for name in names})

    def _tagged(self, key: str) -> Condition:
        return {"StringEquals": {f"{key}/project": self.project, f"{key}/stack": self.stack}}


def actions(service: str, names: str) -> tuple[str, ...]:
    """Actions of a service, whose names are separated by spaces."""
    return tuple(f"{service}:{name}" for name in names.split())


def both(*conditions: Condition) -> Condition:
    """All of the conditions; no two may use the same key under the same operator."""
    merged: dict[str, dict[str, str | Sequence[str]]] = {}
    for condition in conditions:
        for operator, values in condition.items():
            if merged.setdefault(operator, {}).keys() & values.keys():
                raise ValueError(f"two values of one key under {operator}: {sorted(values)}")
            merged[operator] |= values
    return merged


def document(grants: Iterable[Grant]) -> Document:
    """One policy that allows exactly the grants, in as few statements as possible."""
    on = _grouped((_key(g.resources, g.condition), g.actions) for g in grants)
    to = _grouped(((tuple(sorted(actions)), key[1]), key[0]) for key, actions in on.items())
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


def checked_size(name: str, policy: Document) -> Document:
    """The policy itself; raises ValueError if it is longer than a managed policy may be."""
    size = len(json.dumps(policy, separators=(",", ":")))
    if size > MAX_CHARACTERS:
        raise ValueError(
            f"the policy {name} has {size} characters; AWS accepts at most {MAX_CHARACTERS}: "
            "move some resource types to another area"
        )
    return policy


def _key(resources: tuple[str, ...], condition: Condition) -> tuple[tuple[str, ...], str]:
    return tuple(sorted(resources)), json.dumps(condition, sort_keys=True)


def _grouped(pairs: Iterable[tuple[_T, Iterable[str]]]) -> dict[_T, set[str]]:
    found: dict[_T, set[str]] = {}
    for key, values in pairs:
        found.setdefault(key, set()).update(values)
    return found
