"""Where on its way a request to a deployed stage failed, by what came back.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
and, for the causes, https://repost.aws/knowledge-center (API Gateway, VPC links).
"""

import json
from typing import NamedTuple

from operations.gateway.gateway_responses import (
    ERROR_TYPE,
    NO_KEY,
    NO_PARAMETER,
    NOT_SIGNED,
    UNAUTHORIZED,
    WRONG_BODY,
)
from operations.gateway.proxy import Response


class Hop(NamedTuple):
    """A part of the way, and what is wrong there."""

    name: str
    cause: str


_PATH = Hop(
    "path",
    "the deployment has no such method and path (or another stage answers), or the request has no "
    "signature where one is required",
)
_CREDENTIALS = Hop("authorization", "the signature or the credentials behind it are not accepted")
_POLICY = Hop(
    "authorization", "an IAM policy, the API's resource policy or an authorizer denies the call"
)
_TOKEN = Hop(
    "authorization",
    "the authorizer does not accept the token, or nothing in the request identifies its caller",
)
_FUNCTION = Hop(
    "authorization",
    "the function of the authorizer failed, or API Gateway may not call it: it needs a permission "
    "or a role for that",
)
_KEY = Hop(
    "authorization",
    "the API key is missing, disabled or of another stage's usage plan; or there is no such stage",
)
_VALIDATOR = Hop("validation", "the deployed definition checks something else")
_LIMIT = Hop("throttle", "a limit of the stage, of the key or of the account is reached")
_VARIABLE = Hop(
    "stage variable",
    "vpcLinkId is not the id of a link of this account and region, or backendHost is missing: "
    "`aws apigateway get-stage` shows both",
)
_LINK = Hop(
    "link",
    "the link leads to a load balancer that refuses the connection: it has no listener on this "
    "port, or a security group does not admit the link",
)
_HEALTH = Hop("health", "no instance is healthy: `aws elbv2 describe-target-health` shows why")
_TIME = Hop(
    "time limit",
    "nothing came back in time: the service is slower than timeoutMs, or a security group drops "
    "the connection",
)
_SERVICE = Hop("service", "the service itself failed")
_BY_ERROR_TYPE = {
    "MissingAuthenticationTokenException": _PATH,
    "ForbiddenException": _KEY,
    "AccessDeniedException": _POLICY,
    "UnauthorizedException": _TOKEN,
    "AuthorizerConfigurationException": _FUNCTION,
    "BadRequestException": _VALIDATOR,
    "TooManyRequestsException": _LIMIT,
    "LimitExceededException": _LIMIT,
    **dict.fromkeys(
        (
            "IncompleteSignatureException",
            "InvalidSignatureException",
            "UnrecognizedClientException",
            "ExpiredTokenException",
            "InvalidClientTokenIdException",
        ),
        _CREDENTIALS,
    ),
}
# Whatever the error type, which is the same for different failures.
_BY_MESSAGE = {
    (403, "Missing Authentication Token"): _PATH,
    (403, "Forbidden"): _KEY,
    (429, "Too Many Requests"): _LIMIT,
    (429, "Limit Exceeded"): _LIMIT,
    (500, "Internal server error"): _VARIABLE,
    (503, "Service Unavailable"): _HEALTH,
    (504, "Endpoint request timed out"): _TIME,
    (504, "Network error communicating with endpoint"): _LINK,
}
_FAILURES = range(500, 600)
_OF_REFUSALS = {
    NOT_SIGNED.kind: "authorization",
    UNAUTHORIZED.kind: "authorization",
    NO_KEY.kind: "authorization",
    NO_PARAMETER.kind: "validation",
    WRONG_BODY.kind: "validation",
}


def failing_hop(response: Response) -> Hop | None:
    """Where the request failed; None if the service answered it without a failure."""
    error_type = (response.header(ERROR_TYPE) or "").partition(":")[0]
    found = _BY_MESSAGE.get((response.status, message(response)))
    # A service may say `Forbidden` in the same words, but it names no error type.
    if found and (error_type or response.status in _FAILURES):
        return found
    if error_type in _BY_ERROR_TYPE:
        return _BY_ERROR_TYPE[error_type]
    if error_type and response.status in _FAILURES:
        return _VARIABLE
    if error_type:
        return _POLICY
    return _SERVICE if response.status in _FAILURES else None


def hop_of_refusal(kind: str, why: str) -> str:
    """The hop that has to refuse a request, by the kind of its response and what is special."""
    return _OF_REFUSALS.get(kind, "authorization" if "signature" in why else "path")


def message(response: Response) -> str:
    """The message of a response in JSON, under either spelling; empty if there is none."""
    try:
        content = json.loads(response.body)
    except ValueError:
        return ""
    if not isinstance(content, dict):
        return ""
    return str(content.get("message") or content.get("Message") or "")
