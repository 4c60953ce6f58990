"""How the definition of a private API limits it to VPC endpoints.

Both parts stand in the definition, because an import that overwrites takes away what it does not
carry. Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-resource-policies-examples.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-endpoint-configuration.html
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openapi.compiler import POLICY, Definition
from openapi.document import mapping
from openapi.endpoint import CONFIGURATION

PLACEHOLDER = "VPC endpoint of the network"
"""What stands for the id of the endpoint until AWS has made it. The hash is of this text."""
_VPCE = "aws:SourceVpce"
_IDS = "vpcEndpointIds"
_INVOKE: Mapping[str, Any] = {
    "Principal": "*",
    "Action": "execute-api:Invoke",
    "Resource": "execute-api:/*",
}


def limited(definition: Definition, endpoints: Sequence[str]) -> Definition:
    """The definition of an API that is called through these endpoints only.

    Its own resource policy stays, and decides among the callers that come through them.
    """
    own = mapping(definition.document.get(POLICY))
    given = own.get("Statement", {"Effect": "Allow", **_INVOKE})
    statements = [*given] if isinstance(given, list) else [given]
    policy = {"Version": "2012-10-17", **own, "Statement": [*statements, _denial(endpoints)]}
    # API Gateway reads these ids to make a DNS name of the API at each endpoint.
    stated = mapping(next(iter(definition.document.get("servers", ())), None))
    server = {"url": "/", CONFIGURATION: {**mapping(stated.get(CONFIGURATION)), _IDS: [*endpoints]}}
    return definition.stating({POLICY: policy, "servers": [server]})


def through(text: str, endpoint: str) -> str:
    """The text of a limited definition, with the id of the endpoint that AWS has made."""
    for key in (_VPCE, _IDS):
        # Within a JSON string, quotes are escaped, so this is found nowhere else.
        pair = f'"{key}":["{{}}"]'
        text = text.replace(pair.format(PLACEHOLDER), pair.format(endpoint))
    return text


def added_characters(endpoints: Sequence[str]) -> int:
    """By how much the limit makes a resource policy longer."""
    return len(json.dumps(_denial(endpoints))) + 1


def policy_problems(policy: Any) -> Iterator[str]:
    """What in a resource policy means nothing to a private API."""
    if '"aws:sourceip"' in json.dumps(policy).lower():
        yield (
            "names aws:SourceIp, which the requests of a private API do not have. Use "
            "aws:VpcSourceIp, the caller's address in its VPC."
        )


def _denial(endpoints: Sequence[str]) -> dict[str, Any]:
    """A denial, not a condition of what is allowed.

    Where a route requires IAM, a caller of the same account needs no permission in this policy.
    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html
    """
    return {"Effect": "Deny", **_INVOKE, "Condition": {"StringNotEquals": {_VPCE: [*endpoints]}}}
