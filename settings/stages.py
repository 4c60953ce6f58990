"""The models of the stages, each with its targets, limits, variables and API keys."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from openapi.limits import Throttle
from openapi.model import Model
from openapi.variables import ServiceName

from .values import DISTINCT, Retention, reject

MAX_VARIABLES = 100
"""Variables of one stage.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
"""
CACHE_SIZES_GB = (0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118, 237)
"""Sizes of the cache of a stage.

Source: https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html
"""


def _cache_size(size: float) -> float:
    if size not in CACHE_SIZES_GB:
        reject("is not a size of a cache")
    return size


KeyName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,64}$")]
VariableValue = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~:/?#&=,-]{1,512}$")]
CacheSize = Annotated[
    float, AfterValidator(_cache_size), Field(json_schema_extra={"enum": [*CACHE_SIZES_GB]})
]
Services = Annotated[dict[ServiceName, str], Field(max_length=10)]


def _by_service(target: str | None, services: Mapping[str, str]) -> dict[str, str]:
    return {**({"": target} if target is not None else {}), **services}


class Quota(Model):
    """How many requests one API key allows in a period."""

    limit: Annotated[int, Field(ge=1)]
    """Requests in the period, 1 or more."""
    period: Literal["DAY", "WEEK", "MONTH"]
    """Length of the period: DAY, WEEK or MONTH."""


class ApiKeys(Model):
    """API keys of one stage, for routes with `authorization: apiKey`."""

    names: Annotated[tuple[KeyName, ...], Field(min_length=1, max_length=100), DISTINCT]
    """Holders of a key, one key for each: up to 31 lower-case letters, digits and dashes."""
    throttle: Throttle
    """Limits of each key."""
    quota: Quota | None = None
    """Requests that each key allows in a period; unlimited by default."""


class Canary(Model):
    """A share of a stage's requests, sent to other targets."""

    target: str | None = None
    """Name of the other target, one of `targets`."""
    services: Services = {}
    """Other targets of some `services` of the stage; the others keep theirs."""
    percent: Annotated[float, Field(ge=0, le=100)]
    """Share of the requests, 0 to 100 percent."""

    @property
    def targets(self) -> dict[str, str]:
        """The other targets by service; `target` is that of an empty name."""
        return _by_service(self.target, self.services)


class Stage(Model):
    """A published stage of the API."""

    target: str | None = None
    """Name of the target that receives the requests, one of `targets`; those of routes with a
    `service` go to the target of the service."""
    services: Services = {}
    """Names of the targets of services, up to 10, such as {orders: orders-blue, users: users}. A
    route names its `service`."""
    canary: Canary | None = None
    """A share of the requests, sent to other targets."""
    throttle: Throttle = Throttle.model_validate({"rateLimit": 50, "burstLimit": 100})
    """Limits of each method; by default 50 requests per second and bursts of 100."""
    log_retention_days: Retention = 30
    """Retention of the stage's logs, a number of days."""
    cache_size_gb: CacheSize | None = None
    """Size of a cache of its own, for the routes with `cache`: 0.5, 1.6, 6.1, 13.5, 28.4, 58.2, 118
    or 237 GB; none by default. It costs some 14.60 USD a month for 0.5 GB, and 2774 for 237. A
    change of the size empties it."""
    logs: Literal["delete", "keep"] = "delete"
    """What an update that removes the stage, or a destroy, does with its log groups: `delete`, or
    `keep` for the days above. Update with `keep` before you remove the stage; import kept groups if
    the stage is created again (docs/operating.md)."""
    variables: Annotated[dict[VariableName, VariableValue], Field(max_length=98)] = {}
    """Additional stage variables that the definition uses, up to 98; AWS allows 100 per stage, and
    each service takes two."""
    api_keys: ApiKeys | None = None
    """API keys of the stage; routes with `authorization: apiKey` need them."""

    @property
    def targets(self) -> dict[str, str]:
        """Names of the targets by service; `target` is that of an empty name."""
        return _by_service(self.target, self.services)

    @property
    def shares(self) -> dict[str, float]:
        """The share of the requests of its services that each target gets, 0 to 1, by its name."""
        percent = self.canary.percent / 100 if self.canary else 0.0
        others = self.canary.targets if self.canary else {}
        shares: dict[str, float] = {}
        for service, target in self.targets.items():
            shares[target] = 1 - percent if service in others else 1.0
            if service in others:
                shares[others[service]] = percent
        return shares
