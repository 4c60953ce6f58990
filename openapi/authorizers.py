"""Authorizers as a configuration has them, the security schemes that they become, and their checks.

Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html,
https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field

from openapi.hints import listed, nearest
from openapi.model import Model
from openapi.paths import Problems, at

BUILT_IN = ("none", "iam", "apiKey")
"""Values of `authorization` that need no authorizer."""
FUNCTION_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):lambda:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):function:"
    r"(?P<name>[A-Za-z0-9_-]{1,64})(:(?P<qualifier>[A-Za-z0-9_-]{1,128}))?"
)
"""Without $LATEST, to which AWS adds no permission.

Source: https://github.com/terraform-aws-modules/terraform-aws-lambda/issues/36
"""


def _unnamed(expression: re.Pattern[str]) -> str:
    """A regular expression without names of groups, which editors do not know."""
    return re.sub(r"\?P<\w+>", "", expression.pattern)


_TAKEN = (*BUILT_IN, "sigv4", "api_key")
_PREFIX = "method.request."
_ROLE = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[0-9A-Za-z_+=,.@/-]+$"
_POOL = r"^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:[0-9]{12}:userpool/[0-9A-Za-z_-]+_[0-9A-Za-z]+$"
_SOURCE = r"^(header|querystring)\.[A-Za-z0-9!#$%&*+^_`|~-]+$|^context\.[A-Za-z0-9_.]+$"

AuthorizerName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$",
        description="Use up to 64 letters, digits, dashes and underscores; start with a letter.",
    ),
]
Scope = Annotated[str, Field(pattern=r"^[\x21\x23-\x5b\x5d-\x7e]+$", max_length=256)]
Source = Annotated[str, Field(pattern=_SOURCE)]


class Cognito(Model):
    """User pools of Amazon Cognito whose tokens are accepted."""

    user_pools: Annotated[
        tuple[Annotated[str, Field(pattern=_POOL)], ...], Field(min_length=1, max_length=1000)
    ]
    """ARNs of the user pools, such as
    [arn:aws:cognito-idp:us-east-2:111122223333:userpool/us-east-2_a1B2c3D4e]."""
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&*+^_`|~-]+$")] = "Authorization"
    """Request header with the token."""


class Function(Model):
    """A Lambda function that decides who may call; it gets the token, or the request."""

    function: Annotated[str, Field(pattern=f"^{_unnamed(FUNCTION_ARN)}$")]
    """ARN of the function, with a version or an alias if you like, such as
    arn:aws:lambda:us-east-2:111122223333:function:callers. Without one, $LATEST is called."""
    type: Literal["token", "request"] = "token"
    """What the function gets: one header (`token`), or the request without its body (`request`)."""
    identity_sources: Annotated[tuple[Source, ...], Field(max_length=20)] = (
        "header.Authorization",
    )
    """What identifies a caller: `header.NAME`, `querystring.NAME` or `context.NAME`; of a `token`
    exactly one header. With `cacheSeconds`, a request without one of them is answered with 401, and
    a decision is kept for the same values."""
    cache_seconds: Annotated[int, Field(ge=0, le=3600)] = 0
    """How long a decision is kept, 0 to 3600 seconds: for all routes of the authorizer, so that
    the policy which the function returns has to name all of them. By default, the function is
    called for every request."""
    credentials: Annotated[str, Field(pattern=_ROLE)] | None = None
    """ARN of a role with which API Gateway calls the function. By default the function itself gets
    a permission for this API."""

    @property
    def parts(self) -> tuple[str, str]:
        """The ARN without a version or an alias, and that, or nothing."""
        parts = FUNCTION_ARN.fullmatch(self.function)
        qualifier = (parts and parts["qualifier"]) or ""
        return self.function.removesuffix(f":{qualifier}" if qualifier else ""), qualifier


class CognitoAuthorizer(Model):
    """An authorizer that accepts the tokens of user pools, selected by `cognito`."""

    cognito: Cognito
    """The user pools."""

    @property
    def sources(self) -> tuple[str, ...]:
        """What a request without which is refused, as a mapping names it."""
        return (f"{_PREFIX}header.{self.cognito.header}",)


class LambdaAuthorizer(Model):
    """An authorizer that asks a function, selected by `lambda`."""

    function: Annotated[Function, Field(alias="lambda")]
    """The function."""

    @property
    def sources(self) -> tuple[str, ...]:
        """What identifies a caller, as a mapping names it."""
        sources = self.function.identity_sources
        return tuple(s if s.startswith("context.") else f"{_PREFIX}{s}" for s in sources)


Authorizer = CognitoAuthorizer | LambdaAuthorizer


class AuthorizedRoute(Protocol):
    """What the checks read of a route."""

    @property
    def authorization(self) -> str:
        """None, IAM, an API key, or the name of an authorizer."""

    @property
    def scopes(self) -> tuple[str, ...]:
        """Scopes of which a token needs one."""


def headers_of(authorizer: Authorizer) -> tuple[str, ...]:
    """The request headers that an authorizer reads."""
    prefix = f"{_PREFIX}header."
    return tuple(s.removeprefix(prefix) for s in authorizer.sources if s.startswith(prefix))


def security_scheme(authorizer: Authorizer) -> dict[str, Any]:
    """The scheme with the authorizer; everything in it is literal."""
    if isinstance(authorizer, CognitoAuthorizer):
        spec: dict[str, Any] = {
            "type": "cognito_user_pools",
            "providerARNs": [*authorizer.cognito.user_pools],
        }
        return _scheme(authorizer.cognito.header, "cognito_user_pools", spec)
    given = authorizer.function
    parts = FUNCTION_ARN.fullmatch(given.function)
    partition, region = (parts["partition"], parts["region"]) if parts else ("aws", "")
    path = f"path/2015-03-31/functions/{given.function}/invocations"
    spec = {
        "type": given.type,
        "authorizerUri": f"arn:{partition}:apigateway:{region}:lambda:{path}",
        "authorizerResultTtlInSeconds": given.cache_seconds,
    }
    if given.credentials:
        spec["authorizerCredentials"] = given.credentials
    if given.type == "request" and authorizer.sources:
        spec["identitySource"] = ", ".join(authorizer.sources)
    headers = headers_of(authorizer)
    # The name only matters to a token: AWS's own documents have this one elsewhere.
    return _scheme(headers[0] if given.type == "token" else "Unused", "custom", spec)


def _scheme(header: str, kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "apiKey",
        "name": header,
        "in": "header",
        "x-amazon-apigateway-authtype": kind,
        "x-amazon-apigateway-authorizer": {**spec},
    }


def tells_callers_apart(source: str) -> bool:
    """Whether a source of a mapping differs from caller to caller."""
    return source.startswith((_PREFIX, "context.identity."))


def authorizer_problems(
    authorizers: Mapping[str, Authorizer], region: str | None, accounts: Sequence[str]
) -> Problems:
    """Everything that is wrong with authorizers by themselves."""
    for name, authorizer in authorizers.items():
        key = at("authorizers", name)
        if name in _TAKEN:
            yield key, "is the name of a built-in authorization. Use another one."
        if isinstance(authorizer, LambdaAuthorizer):
            yield from _function_problems(at(key, "lambda"), authorizer, region, accounts)


def _function_problems(
    key: str, authorizer: LambdaAuthorizer, region: str | None, accounts: Sequence[str]
) -> Problems:
    given = authorizer.function
    count = len(headers_of(authorizer)), len(given.identity_sources)
    if given.type == "token" and count != (1, 1):
        yield (
            at(key, "identitySources"),
            "does not name exactly one header, which is all that a token authorizer reads. Name "
            "one, or set `type: request`.",
        )
    if given.type == "request" and given.cache_seconds and not given.identity_sources:
        yield (
            at(key, "identitySources"),
            "is empty, and decisions are kept by it. Name what identifies a caller, or set "
            "`cacheSeconds: 0`.",
        )
    elif given.cache_seconds and not any(map(tells_callers_apart, authorizer.sources)):
        yield (
            at(key, "identitySources"),
            f"names only {listed(given.identity_sources)}, which many callers share, and decisions "
            "are kept by it: the first caller's would be everybody's. Name a header, a query "
            "parameter or `context.identity.…` too, or set `cacheSeconds: 0`.",
        )
    parts = FUNCTION_ARN.fullmatch(given.function)
    if parts and region and parts["region"] != region:
        yield (
            at(key, "function"),
            f"is in {parts['region']}, not in aws:region {region}. Use a function in this one: it "
            "is called before the service.",
        )
    if parts and accounts and parts["account"] not in accounts and not given.credentials:
        yield (
            at(key, "function"),
            f"belongs to account {parts['account']}, where this stack cannot let its API call it. "
            "Set `credentials`, a role that may, or use a function of this account.",
        )


def use_problems(
    routes: Mapping[int, AuthorizedRoute], names: Sequence[str], cognito: Sequence[str]
) -> Problems:
    """Everything that is wrong with how routes use authorizers.

    `names` are those of all authorizers, and `cognito` those that check scopes.
    """
    for position, route in routes.items():
        key = at("routes", position)
        known = (*BUILT_IN, *names)
        if route.authorization not in known:
            near = nearest(route.authorization, known)
            hint = f"; did you mean {near}?" if near else "."
            yield (
                at(key, "authorization"),
                f'"{route.authorization}" is neither none, iam nor apiKey, nor in `authorizers` '
                f"({listed(names)}){hint} Use one of them, or add it.",
            )
        elif route.scopes and route.authorization in names and route.authorization not in cognito:
            yield (
                at(key, "scopes"),
                f"is not checked for {route.authorization}, which is not an authorizer with "
                "`cognito`. Let its function check them, and remove this.",
            )
        elif route.scopes and route.authorization in BUILT_IN:
            yield (
                at(key, "scopes"),
                f"has no effect with `authorization: {route.authorization}`. Name an authorizer "
                "with `cognito`, or remove it.",
            )
