"""Which TLS versions and ciphers callers may use, at the API's endpoint and at its domain."""

from typing import Literal, get_args

from openapi.endpoint import Endpoint
from openapi.model import Model

# Source: https://docs.aws.amazon.com/apigateway/latest/api/API_CreateRestApi.html
SecurityPolicy = Literal[
    "SecurityPolicy_TLS13_1_3_2025_09",
    "SecurityPolicy_TLS13_1_3_FIPS_2025_09",
    "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PFS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_FIPS_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_PQ_2025_09",
    "SecurityPolicy_TLS13_1_2_2021_06",
    "SecurityPolicy_TLS13_2025_EDGE",
    "SecurityPolicy_TLS12_PFS_2025_EDGE",
    "SecurityPolicy_TLS12_2018_EDGE",
    "TLS_1_2",
    "TLS_1_0",
]
_EDGE = "_EDGE"
_ENHANCED = "SecurityPolicy_"


class EndpointTls(Model):
    """TLS versions and ciphers that callers may use."""

    policy: SecurityPolicy | None = None
    """AWS's name of a security policy; by default SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09, or for
    an edge endpoint SecurityPolicy_TLS12_PFS_2025_EDGE: both accept TLS 1.2 and 1.3, and only
    ciphers with forward secrecy. A change takes effect within 15 minutes. AWS changes no existing
    API from TLS_1_0 to TLS_1_2."""
    access_mode: Literal["basic", "strict"] = "basic"
    """`strict` also rejects requests whose Host header is not the name in the TLS handshake, or
    that come through an endpoint of another type. Begin with `basic`: after `strict`, AWS changes
    the endpoint's type no more, and the way back makes it unavailable for some 15 minutes."""


def endpoint_of(tls: EndpointTls | None, endpoint_type: str, *, disabled: bool = False) -> Endpoint:
    """The endpoint of an API, with the defaults for its type."""
    given = tls or EndpointTls()
    policy = given.policy or default_policy(endpoint_type)
    mode = given.access_mode.upper() if policy.startswith(_ENHANCED) else None
    return Endpoint(policy, mode, disabled)


def default_policy(endpoint_type: str) -> SecurityPolicy:
    """The policy of an endpoint that names none: TLS 1.2 or newer, with forward secrecy.

    It is not TLS_1_2, because an edge endpoint does not accept that, and because AWS refuses it for
    an API that has TLS_1_0, the policy of every API that was created without one.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies.html
    """
    if endpoint_type == "edge":
        return "SecurityPolicy_TLS12_PFS_2025_EDGE"
    return "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


def policies_of(endpoint_type: str) -> list[str]:
    """The policies that AWS accepts for an API of a type.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-security-policies-list.html
    """
    is_edge = endpoint_type == "edge"
    named = [name for name in get_args(SecurityPolicy) if name.endswith(_EDGE) == is_edge]
    if endpoint_type == "private":
        return [name for name in named if name != "TLS_1_0"]
    return named if not is_edge else [*named, "TLS_1_0"]
