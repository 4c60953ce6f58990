"""The API's own endpoint, as the definition states it.

An import that overwrites resets what the definition leaves out, so the definition repeats what the
API is created with. Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/openapi-extensions-security-policy.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-endpoint-configuration.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECURITY_POLICY = "x-amazon-apigateway-security-policy"
ACCESS_MODE = "x-amazon-apigateway-endpoint-access-mode"
CONFIGURATION = "x-amazon-apigateway-endpoint-configuration"
"""Of a server, in OpenAPI 3."""
DISABLED = "disableExecuteApiEndpoint"


@dataclass(frozen=True)
class Endpoint:
    """How callers reach the API without a domain name."""

    security_policy: str
    """AWS's name of the TLS versions and ciphers."""
    access_mode: str | None
    """BASIC or STRICT; None with a policy that has none."""
    disabled: bool = False
    """Whether only a domain name reaches the API."""

    @property
    def extensions(self) -> dict[str, Any]:
        """What the root of an OpenAPI 3 document says about it."""
        stated: dict[str, Any] = {
            SECURITY_POLICY: self.security_policy,
            ACCESS_MODE: self.access_mode,
        }
        if self.disabled:
            stated["servers"] = [{"url": "/", CONFIGURATION: {DISABLED: True}}]
        return {key: value for key, value in stated.items() if value}

    def differences(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """What a document states otherwise, by key."""
        return {
            key: document[key]
            for key in (SECURITY_POLICY, ACCESS_MODE)
            if key in document and document[key] != self.extensions.get(key)
        }
