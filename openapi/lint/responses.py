"""The responses that API Gateway gives itself.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from collections.abc import Mapping

from openapi.document import Document, mapping
from openapi.hints import nearest
from openapi.lint.mappings import GATEWAY, mapping_problems
from openapi.lint.values import GatewayResponse, value_problems
from openapi.paths import Problems, at

GATEWAY_RESPONSES = "x-amazon-apigateway-gateway-responses"
TYPES = (
    "ACCESS_DENIED",
    "API_CONFIGURATION_ERROR",
    "AUTHORIZER_CONFIGURATION_ERROR",
    "AUTHORIZER_FAILURE",
    "BAD_REQUEST_BODY",
    "BAD_REQUEST_PARAMETERS",
    "DEFAULT_4XX",
    "DEFAULT_5XX",
    "EXPIRED_TOKEN",
    "INTEGRATION_FAILURE",
    "INTEGRATION_TIMEOUT",
    "INVALID_API_KEY",
    "INVALID_SIGNATURE",
    "MISSING_AUTHENTICATION_TOKEN",
    "QUOTA_EXCEEDED",
    "REQUEST_TOO_LARGE",
    "RESOURCE_NOT_FOUND",
    "THROTTLED",
    "UNAUTHORIZED",
    "UNSUPPORTED_MEDIA_TYPE",
    "WAF_FILTERED",
)


def problems(document: Document) -> Problems:
    """Everything that is wrong with gateway responses."""
    responses = document.content.get(GATEWAY_RESPONSES, {})
    if not isinstance(responses, Mapping):
        yield GATEWAY_RESPONSES, "is not an object of responses by type. Correct it."
    for kind, response in mapping(responses).items():
        path = at(GATEWAY_RESPONSES, kind)
        if kind not in TYPES:
            near = nearest(kind, TYPES)
            hint = f"; did you mean {near}?" if near else "."
            yield path, f"{kind!r} is not a type of gateway response{hint} Correct it."
        yield from value_problems(path, GatewayResponse, response)
        mapped = mapping(response).get("responseParameters")
        if mapped is not None:
            yield from mapping_problems(
                at(path, "responseParameters"),
                mapped,
                GATEWAY,
                "gatewayresponse.header",
                "request",
            )
