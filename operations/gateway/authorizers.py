"""A stub of the authorizers of a definition: no function is called, and no token is verified.

Whoever sends something is admitted, but for `stub-denied`, and of a user pool only with one of the
scopes of the route: those of an access token, or those after a word, as in `stub orders/read`.
Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/configure-api-gateway-lambda-authorization.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-invoke-api-integrated-with-cognito-user-pool.html
"""

import base64
import dataclasses
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from operations.gateway.definition import AUTHORIZER, GatewayOperation
from operations.gateway.gateway_responses import ACCESS_DENIED, UNAUTHORIZED, GatewayResponse
from operations.gateway.proxy import Request

ADMITTED = "stub-admitted"
"""What the check sends in place of a token."""
DENIED = "stub-denied"
_POOLS = "cognito_user_pools"
_DEFAULT_SECONDS = 300
_JWT_PARTS = 3


class Source(NamedTuple):
    """Where a request has what identifies its caller."""

    location: str
    """header or querystring."""
    name: str


@dataclass(frozen=True)
class StubAuthorizer:
    """The authorizer of an operation."""

    name: str
    kind: str
    """token, request or cognito_user_pools."""
    sources: tuple[Source, ...]
    """Without those that are not of the request itself."""
    needs_sources: bool
    """Whether API Gateway itself refuses a request without one of them."""
    scopes: tuple[str, ...]
    """Scopes of which a token needs one; any token will do without them."""

    @classmethod
    def of(cls, operation: GatewayOperation) -> Self | None:
        """The authorizer of an operation; None without one."""
        for name, scheme, scopes in operation.schemes:
            spec = scheme.get(AUTHORIZER)
            if not isinstance(spec, Mapping):
                continue
            kind = str(spec.get("type", "")).lower()
            seconds = spec.get("authorizerResultTtlInSeconds", _DEFAULT_SECONDS)
            default = "" if kind == "request" else f"method.request.header.{scheme.get('name')}"
            text = str(spec.get("identitySource", default))
            found = re.findall(r"method\.request\.(header|querystring)\.([^\s,]+)", text)
            return cls(
                name,
                kind,
                tuple(Source(*source) for source in found),
                needs_sources=kind != "request" or seconds != 0,
                scopes=tuple(scopes) if kind == _POOLS else (),
            )
        return None

    @property
    def described(self) -> str:
        """Who may call, in a few words."""
        kind = "Cognito" if self.kind == _POOLS else "Lambda"
        return f"{self.name} ({', '.join((kind, *self.scopes))})"

    def admitting(self) -> Iterator[tuple[Source, str]]:
        """What to send to be admitted."""
        for source in self.sources:
            yield source, " ".join((ADMITTED, *self.scopes[:1]))

    def refusal(self, request: Request) -> tuple[str, GatewayResponse] | None:
        """Why a request is refused, in a few words, and with what."""
        values = {source: _value(request, source) for source in self.sources}
        for source, value in values.items():
            if not value and self.needs_sources:
                return f"no {source.name}, which {self.name} needs", UNAUTHORIZED
            if value == DENIED:
                denial = UNAUTHORIZED if self.kind == _POOLS else ACCESS_DENIED
                return f"{self.name} denies it", denial
        given = {scope for value in values.values() for scope in _scopes(value)}
        if self.scopes and not given.intersection(self.scopes):
            return f"its token has none of the scopes {', '.join(self.scopes)}", ACCESS_DENIED
        return None

    def refused(self, request: Request) -> Iterator[tuple[str, Request, GatewayResponse]]:
        """Requests like one that is admitted, each wrong in one thing."""
        for source in self.sources if self.needs_sources else ():
            yield f"without {source.name}", _with(request, source, None), UNAUTHORIZED
        for source in self.sources:
            denial = UNAUTHORIZED if self.kind == _POOLS else ACCESS_DENIED
            yield f"with {source.name} that is denied", _with(request, source, DENIED), denial
            if self.scopes:
                yield "without its scope", _with(request, source, ADMITTED), ACCESS_DENIED


def with_token(request: Request, token: str) -> Request:
    """The request with a token in place of what the check sends."""
    headers = tuple((n, token if v.startswith(ADMITTED) else v) for n, v in request.headers)
    target = request.target.replace(ADMITTED, urllib.parse.quote(token, safe=""))
    return dataclasses.replace(request, headers=headers, target=target)


def needs_token(request: Request) -> bool:
    """Whether a request has the place of a token."""
    return with_token(request, "") != request


def _value(request: Request, source: Source) -> str:
    if source.location == "header":
        return (request.header(source.name) or "").removeprefix("Bearer ")
    return dict(urllib.parse.parse_qsl(request.query)).get(source.name, "")


def _with(request: Request, source: Source, value: str | None) -> Request:
    """The request with another value of a source, or without it."""
    if source.location == "header":
        kept = tuple(h for h in request.headers if h[0].lower() != source.name.lower())
        added = ((source.name, value),) if value is not None else ()
        return dataclasses.replace(request, headers=(*kept, *added))
    name = urllib.parse.quote_plus(source.name)
    parts = [part for part in request.query.split("&") if part.partition("=")[0] != name]
    parts += [f"{name}={value}"] if value is not None else []
    return dataclasses.replace(request, target=f"{request.path}?{'&'.join(parts)}")


def _scopes(token: str) -> list[str]:
    """The scopes of an access token, which is not verified, or those after a word."""
    parts = token.split(".")
    if len(parts) != _JWT_PARTS:
        return token.split()[1:]
    try:
        payload = json.loads(base64.urlsafe_b64decode(f"{parts[1]}=="))
    except ValueError:
        return []
    return str(payload.get("scope", "")).split() if isinstance(payload, dict) else []
