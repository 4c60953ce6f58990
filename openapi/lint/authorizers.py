"""Authorizers of security schemes.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html,
https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from openapi.authorizers import tells_callers_apart
from openapi.document import AUTHORIZER, Document, mapping
from openapi.hints import nearest
from openapi.lint.values import Authorizer, value_problems
from openapi.paths import Problems, at

_TYPES = ("token", "request", "cognito_user_pools")
_URI = re.compile(
    r"arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/"
    r"(?P<function>arn:aws[a-z-]*:lambda:.+)/invocations"
)
_POOL = re.compile(r"arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool/\S+")
_SOURCE = re.compile(
    r"method\.request\.(header|querystring|multivalueheader|multivaluequerystring)\.[^\s,]+"
    r"|stageVariables\.\w+|context\.[\w.]+"
)


def problems(document: Document) -> Problems:
    """Everything that is wrong with authorizers."""
    for name, scheme in document.components("securitySchemes").items():
        path = at("components.securitySchemes", name)
        if AUTHORIZER in mapping(scheme):
            yield from _authorizer_problems(path, scheme)


def uninvoked(document: Document, invoked: Sequence[str] = ()) -> Problems:
    """What to allow for the Lambda authorizers that have no role of their own.

    `invoked` are the names of those that have a permission.
    """
    for name, scheme in document.components("securitySchemes").items():
        if name in invoked:
            continue
        spec = mapping(mapping(scheme).get(AUTHORIZER))
        uri = _URI.fullmatch(str(spec.get("authorizerUri")))
        if uri and not spec.get("authorizerCredentials"):
            yield (
                at("components.securitySchemes", name, AUTHORIZER),
                "has no `authorizerCredentials`, so the function itself has to admit API Gateway, "
                "or every call is answered with 500. Add a permission (lambda:InvokeFunction for "
                f"principal apigateway.amazonaws.com) to {uri['function']}, or leave this out and "
                f"name the function in the stack's `authorizers.{name}`.",
            )


def _authorizer_problems(path: str, scheme: Mapping[str, Any]) -> Problems:
    place, spec = at(path, AUTHORIZER), scheme[AUTHORIZER]
    if not isinstance(spec, Mapping):
        yield place, f"{spec!r:.80} is not an object. Write out the authorizer."
        return
    yield from value_problems(place, Authorizer, spec)
    kind = str(spec.get("type"))
    if "type" in spec and kind.lower() not in _TYPES:
        near = nearest(kind, _TYPES)
        hint = f"; did you mean {near}?" if near else "."
        text = f"{kind!r} is not an authorizer{hint} Use token, request or cognito_user_pools."
        yield at(place, "type"), text
    elif kind.lower() == "cognito_user_pools":
        yield from _pool_problems(place, spec.get("providerARNs"))
    elif "type" in spec:
        yield from _function_problems(place, spec)
    yield from _source_problems(place, kind.lower(), spec)


def _pool_problems(path: str, arns: Any) -> Problems:
    if not arns:
        yield at(path, "providerARNs"), "is missing. List the ARNs of the user pools."
    for position, arn in enumerate(arns if isinstance(arns, list) else []):
        if not _POOL.fullmatch(str(arn)):
            text = f"{arn!r} is not the ARN of a user pool. Correct it."
            yield at(path, "providerARNs", position), text


def _function_problems(path: str, spec: Mapping[str, Any]) -> Problems:
    uri = spec.get("authorizerUri")
    example = "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/FUNCTION-ARN/invocations"
    if uri is None:
        yield at(path, "authorizerUri"), f"is missing. Write {example}."
    elif not _URI.fullmatch(str(uri)):
        text = f"{uri!r} is not the URI of an authorizer. Write {example}."
        yield at(path, "authorizerUri"), text


def _source_problems(path: str, kind: str, spec: Mapping[str, Any]) -> Problems:
    source, seconds = spec.get("identitySource"), spec.get("authorizerResultTtlInSeconds", 300)
    if source is None:
        if kind == "request" and seconds:
            text = "is missing, and answers are cached by it. Add it, or set the seconds to 0"
            yield at(path, "identitySource"), f"{text} (authorizerResultTtlInSeconds)."
        return
    parts = [part.strip() for part in str(source).split(",")]
    wrong = [part for part in parts if not _SOURCE.fullmatch(part)]
    for part in wrong:
        yield (
            at(path, "identitySource"),
            f"{part!r} is not a source of a REST API. Write "
            "method.request.header.NAME, or several with commas.",
        )
    if kind == "request" and seconds and not wrong and not any(map(tells_callers_apart, parts)):
        yield (
            at(path, "identitySource"),
            f"{source!r:.80} is the same for many callers, and answers are cached by it: the first "
            "caller's would be everybody's. Add method.request.header.NAME, or set the seconds to 0"
            " (authorizerResultTtlInSeconds).",
        )
