"""Where a resource is: its region and its account, with the evidence, in three values.

Region and account are compared one by one. Two places share one when both are known and equal,
or when neither is known but both must be the same: one provider, or providers whose credentials
are the same inputs, act as one identity. Different credentials prove nothing, because two
profiles may lead to one account. Nothing here touches the SDK or the stack.
"""

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..graph.arn import Arn, partition_of
from ..graph.values import items, knows, parsed, peek, same, truth

_NAME = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d|\d{12}")
CREDENTIALS = (
    "accessKey",
    "secretKey",
    "token",
    "profile",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
    "assumeRole",
    "assumeRoles",
    "assumeRoleWithWebIdentity",
    "endpoints",
    "stsRegion",
)
"""Inputs of a provider that decide as whom, and against what, it acts."""


class Axis(enum.StrEnum):
    """What is compared."""

    REGION = "region"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Fact:
    """A known region or account id."""

    value: str
    evidence: str
    """Where it was read, as "its region argument"."""

    @property
    def shown(self) -> str:
        """The value, if it looks like one: anything else might be a secret in its place."""
        return self.value if _NAME.fullmatch(self.value) else "(no such name)"


@dataclass(frozen=True)
class Gap:
    """A region or an account that nothing tells."""

    reason: str


@dataclass(frozen=True)
class Identity:
    """As whom a provider acts. Two equal ones are one account, and one region if neither has any.

    Its credentials are compared and never shown.
    """

    provider: str
    """URN of the provider; empty when there is none to see."""
    credentials: tuple[tuple[str, str], ...] | None = field(repr=False)
    """Inputs that are set; `None` when one of them is unknown."""

    def is_same(self, other: "Identity") -> bool:
        """Whether both must act as the same principal."""
        if self.provider and self.provider == other.provider:
            return True
        both_seen = bool(self.provider and other.provider) and self.credentials is not None
        return both_seen and self.credentials == other.credentials


NOBODY = Identity("", None)


@dataclass(frozen=True)
class Place:
    """Something with a name, and where it is."""

    label: str
    """How messages call it: "REST API 'orders'"."""
    region: Fact | Gap
    account: Fact | Gap
    identity: Identity = NOBODY
    region_source: Identity = NOBODY
    """Who decides the region, when neither the resource nor its provider says which."""
    contradictions: tuple[str, ...] = ()
    """Evidence that does not fit together, in words."""

    def on(self, axis: Axis) -> Fact | Gap:
        """Pick the region or the account."""
        return self.region if axis is Axis.REGION else self.account


class Relation(enum.Enum):
    """Whether two places share a region, or an account."""

    SAME = enum.auto()
    DIFFERENT = enum.auto()
    UNPROVEN = enum.auto()


def relation(a: Place, b: Place, axis: Axis) -> Relation:
    """Compare two places on one axis."""
    one, other = a.on(axis), b.on(axis)
    if isinstance(one, Fact) and isinstance(other, Fact):
        return Relation.SAME if one.value == other.value else Relation.DIFFERENT
    if axis is Axis.REGION:
        is_same = a.region_source.is_same(b.region_source)
    else:
        is_same = a.identity.is_same(b.identity)
    return Relation.SAME if is_same else Relation.UNPROVEN


def locate(
    label: str,
    region: Any,
    *,
    provider: Mapping[str, Any] = MappingProxyType({}),
    provider_name: str = "",
    provider_urn: str = "",
    arns: Sequence[tuple[Arn, str]] = (),
    also: Fact | None = None,
) -> Place:
    """Locate a resource.

    `region` is its own argument, `provider` the properties of its provider. `arns` are its known
    ARNs, each with the name of the property that holds it; one may leave region or account out.
    `also` is an account that is known of its provider.
    """
    inherited = peek(provider, "region")
    regions = [Fact(arn.region, name) for arn, name in arns if arn.region]
    if isinstance(inherited, str) and (region is None or same(region, inherited)):
        # The provider writes its own region into what has none.
        regions.append(Fact(inherited, f"provider '{provider_name}'"))
    elif isinstance(region, str):
        regions.append(Fact(region, "its region argument"))
    identity = _identity(provider, provider_urn)
    region_source = NOBODY
    if region is None and not isinstance(inherited, str):
        # Unset, it comes from the same profile or environment; unknown, it may be anything.
        is_unset = inherited is None
        region_source = identity if is_unset else Identity(provider_urn, None)
    pins = list(_pins(provider, provider_name))
    accounts = [Fact(arn.account, name) for arn, name in arns if arn.account] + pins
    accounts += [also] if also else []
    return Place(
        label=label,
        region=regions[0] if regions else Gap(f"{label} has no known region"),
        account=accounts[0] if accounts else Gap(_why_unpinned(label, provider, provider_name)),
        identity=identity,
        region_source=region_source,
        contradictions=(
            *_contradictions(label, Axis.REGION, regions),
            *_contradictions(label, Axis.ACCOUNT, accounts),
            *(_misplaced(label, arn) for arn, _ in arns if not arn.is_consistent),
        ),
    )


def _pins(provider: Mapping[str, Any], name: str) -> Iterator[Fact]:
    """Account ids that the provider's configuration holds it to.

    Source: https://www.pulumi.com/registry/packages/aws/api-docs/provider/
    """
    allowed = _account_ids(provider.get("allowedAccountIds"))
    # Without asking who it is, the provider cannot refuse a wrong account.
    skips = provider.get("skipRequestingAccountId")
    if len(allowed) == 1 and (skips is None or truth(skips) is False):
        yield Fact(allowed[0], f"allowedAccountIds of provider '{name}'")
    if (role := _role(provider)) and (account := role.split(":")[4:5]) and account[0].isdigit():
        yield Fact(account[0], f"the role that provider '{name}' assumes")


def _account_ids(value: Any) -> list[str]:
    """Ids from a list or one value, as text or as numbers that lost their leading zeros."""
    value = parsed(value)
    if not knows(value):
        return []
    return sorted({str(item).zfill(12) for item in items(value)})


def _role(provider: Mapping[str, Any]) -> str:
    """ARN of the role that requests are made as: the last of a chain; empty if none is known."""
    for key in ("assumeRoles", "assumeRole", "assumeRoleWithWebIdentity"):
        chain = items(parsed(provider.get(key)))
        if not chain:
            continue
        last = chain[-1]
        # Plain dictionaries in a program keep their snake case on the wire.
        role = peek(last, "roleArn") or peek(last, "role_arn") if knows(last) else None
        return role if isinstance(role, str) else ""
    return ""


def _identity(provider: Mapping[str, Any], urn: str) -> Identity:
    used = {
        key: parsed(provider[key]) for key in CREDENTIALS if provider.get(key, None) is not None
    }
    if not all(knows(value) for value in used.values()):
        return Identity(urn, None)
    return Identity(urn, tuple(sorted((key, repr(value)) for key, value in used.items())))


def _why_unpinned(label: str, provider: Mapping[str, Any], name: str) -> str:
    profile = provider.get("profile")
    if isinstance(profile, str):
        return f"provider '{name}' of {label} uses profile '{profile}'"
    return f"provider '{name}' of {label} pins no account" if name else f"{label} shows no account"


def _contradictions(label: str, axis: Axis, facts: list[Fact]) -> Iterator[str]:
    for fact in facts[1:]:
        if fact.value != facts[0].value:
            yield (
                f"{label} cannot be in {axis} {facts[0].shown} ({facts[0].evidence}) "
                f"and {fact.shown} ({fact.evidence}) at once"
            )


def _misplaced(label: str, arn: Arn) -> str:
    return (
        f"{label} has an ARN of partition {arn.partition}, "
        f"but {arn.region} lies in {partition_of(arn.region)}"
    )
