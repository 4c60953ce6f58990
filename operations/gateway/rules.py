"""What API Gateway refuses and the emulator lets pass, by the definition that is loaded.

Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openapi.routes import DEFAULT_TIMEOUT_MS
from openapi.variables import LINK_VARIABLE
from operations.gateway.authorizers import StubAuthorizer
from operations.gateway.definition import GatewayOperation, operation_for, with_variables
from operations.gateway.expectations import Delivery
from operations.gateway.gateway_responses import (
    NO_TOKEN,
    NOT_CONFIGURED,
    NOT_SIGNED,
    TIMED_OUT,
    TOO_LARGE,
    GatewayResponse,
)
from operations.gateway.proxy import Request
from operations.gateway.published import PublishedApi

MAX_BODY = 10 * 1024 * 1024
_SIGNED = "AWS4-HMAC-SHA256"


@dataclass(frozen=True)
class Refusal:
    """What API Gateway answers to a request instead of the service."""

    reason: str
    """In a few words, such as `unsigned`."""
    response: GatewayResponse


def refused_before(published: PublishedApi, request: Request) -> Refusal | None:
    """Why API Gateway would not pass a request on; its path starts with a stage.

    Whether a signature or a token is right is not known here, only whether there is one.
    """
    _, _, rest = request.path.removeprefix("/").partition("/")
    path = f"/{rest}"
    found = operation_for(published.document, request.method, path)
    if isinstance(found, str):
        # The emulator goes on to a greedy path; API Gateway excludes its siblings from it.
        return Refusal(f"{found} has no {request.method}", NO_TOKEN)
    if found and found.authorization == "iam":
        given = request.header("Authorization")
        if given is None and "X-Amz-Signature=" not in request.query:
            return Refusal("unsigned", NO_TOKEN)
        if given is not None and not given.startswith(_SIGNED):
            return Refusal(f"not signed with {_SIGNED}", NOT_SIGNED)
    stub = StubAuthorizer.of(found) if found else None
    if stub and (refused := stub.refusal(request)):
        return Refusal(*refused)
    if len(request.body) > MAX_BODY:
        return Refusal("its body has more than 10 MB", TOO_LARGE)
    return None


def refused_after(
    published: PublishedApi, request: Request, deliveries: Sequence[Delivery]
) -> Refusal | None:
    """Why API Gateway would not have reached the service, or not have waited for its response."""
    _, stage, *rest = request.path.split("/")
    found = operation_for(published.document, request.method, f"/{'/'.join(rest)}")
    if not isinstance(found, GatewayOperation):
        return None
    for delivery in deliveries:
        releases = published.releases(stage).values()
        leading = [v for v in releases if published.called(found.integration, v) == delivery.target]
        if reason := _wrong_link(published, found, delivery.target, leading):
            return Refusal(reason, NOT_CONFIGURED)
        limit = int(found.integration.get("timeoutInMillis", DEFAULT_TIMEOUT_MS))
        if delivery.milliseconds > limit:
            return Refusal(
                f"{delivery.target} took {delivery.milliseconds:.0f} ms of {limit}", TIMED_OUT
            )
    return None


def _wrong_link(
    published: PublishedApi,
    operation: GatewayOperation,
    target: str,
    releases: Sequence[Mapping[str, str]],
) -> str:
    """Why the private connection would not lead to the target; empty if it does."""
    integration = operation.integration
    if target not in published.links:
        return ""
    if integration.get("connectionType") != "VPC_LINK":
        return "does not use the VPC link"
    written = str(integration.get("connectionId", ""))
    used = {with_variables(written, variables) for variables in releases}
    right = published.links[target]
    return "" if not used or right in used else f"{LINK_VARIABLE} is not that of {target}"
