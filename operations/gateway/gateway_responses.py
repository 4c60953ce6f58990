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
_WRONG_BODY = "Invalid request body"


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
        "MissingAuthenticationTokenException": "MISSING_AUTHENTICATION_TOKEN",
        "ForbiddenException": "INVALID_API_KEY",
        "UnsupportedMediaTypeException": "UNSUPPORTED_MEDIA_TYPE",
        "ApiConfigurationException": "API_CONFIGURATION_ERROR",
        "InternalServerErrorException": "INTEGRATION_FAILURE",
    }.get(error_type, "")
    if error_type == "BadRequestException":
        kind = "BAD_REQUEST_BODY" if message == _WRONG_BODY else "BAD_REQUEST_PARAMETERS"
    return GatewayResponse(kind, response.status, error_type, message)


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
