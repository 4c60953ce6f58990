"""The models of what the instances of a fleet may do in AWS."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Discriminator, Field, Tag

from openapi.model import Model

from .values import DISTINCT, reject

_ACTION = re.compile(r"[a-z0-9-]+:[A-Za-z0-9*?]+")
_RESOURCE = re.compile(r"\*|arn:[^\s:]+:[a-z0-9*?-]+:[^\s:]*:[^\s:]*:\S+")


def _action(action: str) -> str:
    if not _ACTION.fullmatch(action):
        reject("is not an action of one service, such as s3:GetObject or s3:Get*")
    return action


def _resource(arn: str) -> str:
    if not _RESOURCE.fullmatch(arn):
        reject("is neither an ARN nor *")
    return arn


class Statement(Model):
    """What the service may do with some resources of AWS. Name the actions, or the resources."""

    actions: Annotated[
        tuple[Annotated[str, AfterValidator(_action)], ...], Field(min_length=1, max_length=100)
    ]
    """Actions, such as [s3:GetObject]."""
    resources: Annotated[
        tuple[Annotated[str, AfterValidator(_resource)], ...], Field(min_length=1, max_length=100)
    ]
    """ARNs, such as ["arn:aws:s3:::orders/*"]; [*] for actions that AWS cannot limit to a
    resource."""


def _narrow(statement: Statement) -> Statement:
    whole = [action for action in statement.actions if not action.partition(":")[2].strip("*?")]
    if whole and not all(arn.strip("*?") for arn in statement.resources):
        reject(f"allows {whole[0]} on every resource")
    return statement


PolicyArn = Annotated[
    str, Field(pattern=r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[0-9A-Za-z_+=,.@/-]+$")
]


class NewProfile(Model):
    """A role of the stack that only EC2 can assume, with the permissions boundary of the stack."""

    managed_policies: Annotated[tuple[PolicyArn, ...], Field(max_length=9), DISTINCT] = ()
    """ARNs of managed policies, up to 9, such as
    arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy."""
    statements: Annotated[
        tuple[Annotated[Statement, AfterValidator(_narrow)], ...], Field(max_length=50)
    ] = ()
    """What else the role allows, up to 50 statements, each with `actions` and `resources`."""


def _kind(value: Any) -> str:
    return "string" if isinstance(value, str) else "statements"


Profile = Annotated[
    Annotated[str, Field(pattern=r"^[0-9A-Za-z_+=,.@-]{1,128}$"), Tag("string")]
    | Annotated[NewProfile, Tag("statements")],
    Discriminator(_kind),
]
