"""API Gateway's own responses, in the shape that the definition gives them.

The emulator keeps what a definition says about them, and does not apply it.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-gatewayResponse-definition.html
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from operations.gateway.proxy import Headers, Response

ERROR_TYPE = "x-amzn-ErrorType"
_REQUEST_ID = "x-amzn-RequestId"
_CLIENT_ERRORS = range(400, 500)


@dataclass(frozen=True)
class GatewayResponse:
    """A response of API Gateway itself, before the definition shapes it."""

    kind: str
    """Its type in the definition, such as `INVALID_API_KEY`."""
    status: int
    error_type: str
    message: str

    def shaped(self, document: Mapping[str, Any], request_id: str = "") -> Response:
        """The response with what the definition says of its type, or of all 4xx or 5xx."""
        default = "DEFAULT_4XX" if self.status in _CLIENT_ERRORS else "DEFAULT_5XX"
        known = document.get("x-amazon-apigateway-gateway-responses", {})
        given: Mapping[str, Any] = known.get(self.kind) or known.get(default) or {}
        request_id = request_id or secrets.token_hex(16)
        template = given.get("responseTemplates", {}).get(
            "application/json", '{"message":$context.error.messageString}'
        )
        values = {
            "$context.error.messageString": json.dumps(self.message),
            "$context.error.message": self.message,
            "$context.error.responseType": self.kind,
            "$context.requestId": request_id,
        }
        for name, value in values.items():
            template = template.replace(name, value)
        headers = (
            ("Content-Type", "application/json"),
            (ERROR_TYPE, self.error_type),
            (_REQUEST_ID, request_id),
            *_fixed(given),
        )
        return Response(int(given.get("statusCode", self.status)), headers, template.encode())


_FAILURE = "InternalServerErrorException"
NO_TOKEN = GatewayResponse(
    "MISSING_AUTHENTICATION_TOKEN",
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
)
"""For a path or method that does not exist, too."""
NOT_SIGNED = GatewayResponse(
    "INVALID_SIGNATURE",
    403,
    "IncompleteSignatureException",
    "Authorization header requires 'Credential' parameter.",
)
UNAUTHORIZED = GatewayResponse("UNAUTHORIZED", 401, "UnauthorizedException", "Unauthorized")
ACCESS_DENIED = GatewayResponse(
    "ACCESS_DENIED",
    403,
    "AccessDeniedException",
    "User is not authorized to access this resource",
)
NO_KEY = GatewayResponse("INVALID_API_KEY", 403, "ForbiddenException", "Forbidden")
NO_PARAMETER = GatewayResponse(
    "BAD_REQUEST_PARAMETERS", 400, "BadRequestException", "Missing required request parameters"
)
WRONG_BODY = GatewayResponse("BAD_REQUEST_BODY", 400, "BadRequestException", "Invalid request body")
TOO_LARGE = GatewayResponse(
    "REQUEST_TOO_LARGE", 413, "RequestEntityTooLargeException", "Request Too Long"
)
TIMED_OUT = GatewayResponse("INTEGRATION_TIMEOUT", 504, _FAILURE, "Endpoint request timed out")
NOT_CONFIGURED = GatewayResponse("API_CONFIGURATION_ERROR", 500, _FAILURE, "Internal server error")


def own_response(response: Response) -> GatewayResponse | None:
    """The gateway's own response that the emulator gave; None if it is another's."""
    error_type = response.header(ERROR_TYPE)
    if error_type is None:
        return None
    try:
        message = str(json.loads(response.body)["message"])
    except (ValueError, KeyError, TypeError):
        message = ""
    kind = {
        NO_TOKEN.error_type: NO_TOKEN.kind,
        NO_KEY.error_type: NO_KEY.kind,
        "UnsupportedMediaTypeException": "UNSUPPORTED_MEDIA_TYPE",
        "ApiConfigurationException": NOT_CONFIGURED.kind,
        _FAILURE: "INTEGRATION_FAILURE",
        NO_PARAMETER.error_type: NO_PARAMETER.kind,
    }.get(error_type, "")
    if message == WRONG_BODY.message:
        kind = WRONG_BODY.kind
    return GatewayResponse(kind, response.status, error_type, message)


def fixed_of(shaped: Response) -> Headers:
    """The headers that the definition adds to a response of the gateway."""
    own = (ERROR_TYPE, _REQUEST_ID, "Content-Type")
    return tuple(header for header in shaped.headers if header[0] not in own)


def request_id(response: Response) -> str:
    """The id of a request, as its response gives it."""
    return response.header(_REQUEST_ID) or ""


def _fixed(given: Mapping[str, Any]) -> Headers:
    prefix = "gatewayresponse.header."
    return tuple(
        (name.removeprefix(prefix), value[1:-1])
        for name, value in given.get("responseParameters", {}).items()
        if name.startswith(prefix) and value.startswith("'")
    )
