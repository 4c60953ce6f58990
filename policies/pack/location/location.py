"""Where a resource is: its region and account with the evidence, or why they are unknown.

Regions and accounts are compared separately. Two locations share one when both are known and
equal, or when they are not known but must be the same: one provider, or providers with the same
credentials, act as one identity. Different credentials prove nothing, because two profiles may
lead to one account. Nor do equal inputs of two providers that take their credentials from the
environment, or from a profile: `env_var_mappings` gives a provider an environment of its own, with
other keys or another AWS_CONFIG_FILE, and the engine shows it to no policy.
This module uses neither the SDK nor the graph.
"""

import enum
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ..graph.arn import Arn, partition_of
from ..values import UnknownValue, as_boolean, decoded, equals, is_known, is_set, items, peek

_NAME = re.compile(r"[a-z]{2,}(-[a-z]+)+-\d|\d{12}")
_DEFAULT_PROVIDER = re.compile(r"default(_\d+_\d+_\d+\w*)?")
_NOT_CREDENTIALS = frozenset(
    (
        *("region", "version", "id", "allowedAccountIds", "forbiddenAccountIds", "defaultTags"),
        *("ignoreTags", "maxRetries", "retryMode", "tokenBucketRateLimiterCapacity", "userAgents"),
        *("skipCredentialsValidation", "skipRegionValidation", "skipRequestingAccountId"),
        *("s3UsePathStyle", "s3UsEast1RegionalEndpoint", "tagPolicyCompliance", "insecure"),
        *("useDualstackEndpoint", "useFipsEndpoint", "customCaBundle", "pluginDownloadURL"),
        *("httpProxy", "httpsProxy", "noProxy"),
    )
)
"""Inputs of a provider that do not decide which identity and which endpoints it uses.

Every other one may, including those of later versions.
"""


_NAMES = ("profile", "accessKey", "sharedConfigFiles", "sharedCredentialsFiles")


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
    is_past: bool = False
    """Whether it shows where the provider worked before this update, which may have changed."""

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
    is_default: bool = True
    """Whether the engine created the provider, which then has the environment of the engine."""

    def is_same(self, other: "Identity", axis: "Axis") -> bool:
        """Whether both must act as the same principal, or in the same region."""
        if self.provider and self.provider == other.provider:
            return True
        if not self.provider or not other.provider or self.credentials is None:
            return False
        has_keys = axis is Axis.ACCOUNT and any(key == "accessKey" for key, _ in self.credentials)
        has_same_environment = self._is_of_engine and other._is_of_engine
        one_is_default = self.is_default or other.is_default
        return self._named == other._named and (
            has_keys or (has_same_environment and one_is_default)
        )

    @property
    def is_named(self) -> bool:
        """Whether its inputs name an identity, which may change from one update to the next."""
        return self.credentials is None or any(key in _NAMES for key, _ in self.credentials)

    @property
    def _is_of_engine(self) -> bool:
        """Whether it works in the environment of the engine, or names the profile of that."""
        return self.is_default or _DEFAULT_PROFILE in (self.credentials or ())

    @property
    def _named(self) -> tuple[tuple[str, str], ...] | None:
        """The credentials without what is the same as nothing."""
        unset = {_DEFAULT_PROFILE, ("skipMetadataApiCheck", "True")}
        credentials = self.credentials
        return None if credentials is None else tuple(c for c in credentials if c not in unset)


_DEFAULT_PROFILE = ("profile", repr("default"))
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
        mine, others = a.region_source, b.region_source
    else:
        mine, others = a.identity, b.identity
    # A resource that is still to be made may end up where its provider's identity leads now.
    is_past = any(isinstance(side, Fact) and side.is_past for side in (one, other))
    is_same = mine.is_same(others, axis) and not (is_past and mine.is_named)
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
    is_past: bool = False,
) -> Location:
    """Locate a resource.

    `region` is its own argument, `provider` the properties of its provider. `arns` are its known
    ARNs, each with the name of the property that holds it; an ARN may omit region or account.
    `provider_account` is an account that is known of the provider by other means. `is_past` says
    that the ARNs are those of a resource that was made before this update.
    """
    provider = {key: value for key, value in provider.items() if is_set(value)}
    region = region if is_set(region) else None
    inherited = provider.get("region")
    regions = [Fact(arn.region, name, is_past) for arn, name in arns if arn.region]
    if isinstance(inherited, str) and (region is None or equals(region, inherited)):
        # The provider sets its own region on resources that have none.
        regions.append(Fact(inherited, f"provider '{provider_name}'"))
    elif isinstance(region, str):
        regions.append(Fact(region, "its region argument"))
    is_default = bool(_DEFAULT_PROVIDER.fullmatch(provider_urn.rpartition("::")[2]))
    credentials = _credentials(provider)
    identity = Identity(provider_urn, credentials, is_default)
    region_source = UNKNOWN_IDENTITY
    if region is None and not isinstance(inherited, str):
        # If unset, it comes from the profile or the environment; if unknown, it may be any region.
        is_unset = inherited is None
        region_source = identity if is_unset else Identity(provider_urn, None, is_default)
    accounts = [Fact(arn.account, name, is_past) for arn, name in arns if arn.account]
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
    return sorted({str(item).zfill(12) for item in items(value) if is_set(item)})


_ROLES = ("assumeRoles", "assumeRole", "assumeRoleWithWebIdentity")


def _role(provider: Mapping[str, Any]) -> str:
    """ARN of the role that makes the requests: the last of several; empty if none is known.

    A web identity comes first in a chain of roles, whatever the order of the inputs.
    """
    for key in _ROLES:
        roles = _assumed(provider.get(key))
        if roles:
            role = _role_arn(roles[-1])
            return role if isinstance(role, str) else ""
    return ""


def _assumed(value: Any) -> list[Any]:
    """The roles of an input; one whose ARN is empty is not assumed."""
    roles = items(decoded(value))
    return [one for one in roles if is_set(_role_arn(one) if isinstance(one, dict) else one)]


def _role_arn(role: Any) -> Any:
    # Plain dictionaries of a program keep their snake case.
    found = peek(role, "roleArn")
    return found if is_set(found) else peek(role, "role_arn")


def _credentials(provider: Mapping[str, Any]) -> tuple[tuple[str, str], ...] | None:
    used = {}
    for key in provider.keys() - _NOT_CREDENTIALS:
        value = _assumed(provider[key]) if key in _ROLES else decoded(provider[key])
        if is_set(value) and (isinstance(value, UnknownValue) or value not in ([], {})):
            used[key] = value
    if not all(is_known(value) for value in used.values()):
        return None
    return tuple(sorted((key, repr(value)) for key, value in used.items()))


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
