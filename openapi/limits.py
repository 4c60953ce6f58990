"""What a route limits by itself: how often it is called, and how long its responses are kept.

Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
"""

from typing import Annotated

from pydantic import Field

from openapi.model import Model
from openapi.paths import Problems

CACHED_METHOD = "GET"


class Throttle(Model):
    """A limit on requests; those above it are answered with 429."""

    rate_limit: Annotated[float, Field(gt=0, le=100_000)]
    """Average requests per second, above 0 and up to 100000; the account's limit also applies."""
    burst_limit: Annotated[int, Field(ge=1, le=100_000)]
    """Size of a burst of requests, 1 to 100000."""


class Cache(Model):
    """How long responses of a route are kept, encrypted, in stages with a `cacheSizeGb`."""

    ttl_seconds: Annotated[int, Field(ge=1, le=3600)]
    """Seconds that a response is kept, 1 to 3600. A stage that moves to another target returns
    those of the old one until then (docs/operating.md)."""


def cache_problems(entry: str, method: str, integration: str) -> Problems:
    """Why the responses of a route cannot be kept: others would get what is not for them.

    API Gateway tells requests apart by the parameters that are named, and by nothing else. It
    checks who calls before it looks into the cache, so what decides is what the service sees.
    """
    if method != CACHED_METHOD:
        yield (
            f"{entry}.cache",
            f"is for GET, and {method} does not always have the same response. Remove it.",
        )
    elif integration == "http_proxy":
        yield (
            f"{entry}.cache",
            "needs `integration: http`. With http_proxy the service also sees headers and query "
            "parameters that the cache does not compare, such as Authorization, and one caller "
            "would get the response for another. Set that, or remove it.",
        )
