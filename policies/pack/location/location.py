"""Where a resource is: its region and account with the evidence, or why they are unknown.

Regions and accounts are compared separately. Two locations share one when both are known and
equal, or when neither is known but both must be the same: one provider, or providers with the
same credentials, act as one identity. Different credentials prove nothing, because two profiles
may lead to one account. This module uses neither the SDK nor the graph.
"""

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..graph.arn import Arn, partition_of
from ..values import as_boolean, decoded, equals, is_known, items, peek

_NAME = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d|\d{12}")
CREDENTIALS = (
    *("accessKey", "secretKey", "token", "profile", "sharedConfigFiles", "sharedCredentialsFiles"),
    *("assumeRole", "assumeRoles", "assumeRoleWithWebIdentity", "endpoints", "stsRegion"),
)
"""Inputs of a provider that decide which identity and which endpoints it uses."""


class Axis(enum.StrEnum):
    """What is compared."""

    REGION = "region"
    ACCOUNT = "account"


@dataclass(frozen=True)
class Fact:
    """A known region or account id."""

    value: str
    evidence: str
    """Where it was found, as "its region argument"."""

    @property
    def shown(self) -> str:
        """The value if it looks like a region or an account: anything else might be a secret."""
        return self.value if _NAME.fullmatch(self.value) else "(not a region or account)"


@dataclass(frozen=True)
class UnknownLocation:
    """A region or an account that nothing shows."""

    reason: str


@dataclass(frozen=True)
class Identity:
    """Whom a provider acts as. Equal identities share an account, and a region if none is set.

    The credentials are compared and never shown.
    """

    provider: str
    """URN of the provider; empty when the resource shows none."""
    credentials: tuple[tuple[str, str], ...] | None = field(repr=False)
    """Inputs that are set; `None` when one of them is unknown."""

    def is_same(self, other: "Identity") -> bool:
        """Whether both must act as the same principal."""
        if self.provider and self.provider == other.provider:
            return True
        both_shown = bool(self.provider and other.provider) and self.credentials is not None
        return both_shown and self.credentials == other.credentials


UNKNOWN_IDENTITY = Identity("", None)


@dataclass(frozen=True)
class Location:
    """Where something is."""

    label: str
    """Its name in messages: "REST API 'orders'"."""
    region: Fact | UnknownLocation
    account: Fact | UnknownLocation
    identity: Identity = UNKNOWN_IDENTITY
    region_source: Identity = UNKNOWN_IDENTITY
    """Who decides the region, when neither the resource nor its provider sets it."""
    contradictions: tuple[str, ...] = ()
    """Evidence that does not agree, in words."""

    def on(self, axis: Axis) -> Fact | UnknownLocation:
        """Pick the region or the account."""
        return self.region if axis is Axis.REGION else self.account


class Relation(enum.Enum):
    """Whether two locations share a region, or an account."""

    SAME = enum.auto()
    DIFFERENT = enum.auto()
    UNPROVEN = enum.auto()


def relation(a: Location, b: Location, axis: Axis) -> Relation:
    """Compare two locations on one axis."""
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
    provider_account: Fact | None = None,
) -> Location:
    """Locate a resource.

    `region` is its own argument, `provider` the properties of its provider. `arns` are its known
    ARNs, each with the name of the property that holds it; an ARN may omit region or account.
    `provider_account` is an account that is known of the provider by other means.
    """
    inherited = peek(provider, "region")
    regions = [Fact(arn.region, name) for arn, name in arns if arn.region]
    if isinstance(inherited, str) and (region is None or equals(region, inherited)):
        # The provider sets its own region on resources that have none.
        regions.append(Fact(inherited, f"provider '{provider_name}'"))
    elif isinstance(region, str):
        regions.append(Fact(region, "its region argument"))
    identity = _identity(provider, provider_urn)
    region_source = UNKNOWN_IDENTITY
    if region is None and not isinstance(inherited, str):
        # If unset, it comes from the profile or the environment; if unknown, it may be any region.
        is_unset = inherited is None
        region_source = identity if is_unset else Identity(provider_urn, None)
    accounts = [Fact(arn.account, name) for arn, name in arns if arn.account]
    accounts += _pinned_accounts(provider, provider_name)
    accounts += [provider_account] if provider_account else []
    return Location(
        label=label,
        region=regions[0] if regions else UnknownLocation(f"{label} has no known region"),
        account=accounts[0] if accounts else _unknown_account(label, provider, provider_name),
        identity=identity,
        region_source=region_source,
        contradictions=(
            *_contradictions(label, Axis.REGION, regions),
            *_contradictions(label, Axis.ACCOUNT, accounts),
            *(_wrong_partition(label, arn) for arn, _ in arns if not arn.is_consistent),
        ),
    )


def _pinned_accounts(provider: Mapping[str, Any], name: str) -> Iterator[Fact]:
    """Account ids that the provider's configuration restricts it to.

    Source: https://www.pulumi.com/registry/packages/aws/api-docs/provider/
    """
    allowed = _account_ids(provider.get("allowedAccountIds"))
    # A provider that does not request its account id cannot reject a wrong account.
    skips = provider.get("skipRequestingAccountId")
    if len(allowed) == 1 and (skips is None or as_boolean(skips) is False):
        yield Fact(allowed[0], f"allowedAccountIds of provider '{name}'")
    if (role := _role(provider)) and (account := role.split(":")[4:5]) and account[0].isdigit():
        yield Fact(account[0], f"the role that provider '{name}' assumes")


def _account_ids(value: Any) -> list[str]:
    """Ids from a list or one value, as text or as numbers that lost their leading zeros."""
    value = decoded(value)
    if not is_known(value):
        return []
    return sorted({str(item).zfill(12) for item in items(value)})


def _role(provider: Mapping[str, Any]) -> str:
    """ARN of the role that makes the requests: the last of several; empty if none is known."""
    for key in ("assumeRoles", "assumeRole", "assumeRoleWithWebIdentity"):
        roles = items(decoded(provider.get(key)))
        if not roles:
            continue
        last = roles[-1]
        # Plain dictionaries of a program keep their snake case.
        role = peek(last, "roleArn") or peek(last, "role_arn") if is_known(last) else None
        return role if isinstance(role, str) else ""
    return ""


def _identity(provider: Mapping[str, Any], urn: str) -> Identity:
    used = {key: decoded(provider[key]) for key in CREDENTIALS if provider.get(key) is not None}
    if not all(is_known(value) for value in used.values()):
        return Identity(urn, None)
    return Identity(urn, tuple(sorted((key, repr(value)) for key, value in used.items())))


def _unknown_account(label: str, provider: Mapping[str, Any], name: str) -> UnknownLocation:
    profile = provider.get("profile")
    if isinstance(profile, str):
        return UnknownLocation(f"provider '{name}' of {label} uses profile '{profile}'")
    if name:
        return UnknownLocation(f"provider '{name}' of {label} does not pin an account")
    return UnknownLocation(f"{label} has no known account")


def _contradictions(label: str, axis: Axis, facts: list[Fact]) -> Iterator[str]:
    for fact in facts[1:]:
        if fact.value != facts[0].value:
            yield (
                f"{label} cannot be in {axis} {facts[0].shown} ({facts[0].evidence}) "
                f"and {fact.shown} ({fact.evidence}) at once"
            )


def _wrong_partition(label: str, arn: Arn) -> str:
    return (
        f"{label} has an ARN of partition {arn.partition}, "
        f"but {arn.region} is in partition {partition_of(arn.region)}"
    )
