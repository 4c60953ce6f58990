"""Routes and CORS as a configuration has them, and the checks between routes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from openapi.authorizers import Scope
from openapi.hints import listed
from openapi.limits import Cache, Throttle, cache_problems
from openapi.model import Model
from openapi.paths import Problems
from openapi.variables import Pair, ServiceName

MAX_TIMEOUT_MS = {"regional": 300_000, "private": 300_000, "edge": 29_000}
"""Longest integration timeout by endpoint type; above 29 000 ms the account needs a raised quota.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""
DEFAULT_TIMEOUT_MS = 29_000
_PARAMETER = r"\{[A-Za-z0-9._-]+\+?\}"
SCHEME_PORTS = {"http": 80, "https": 443}
"""Port of a URL without one, by its scheme."""
Presence = Literal["required", "optional"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=128)]
# Without the quote, which ends a fixed value in API Gateway's mappings.
PlainHeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&*+.^_`|~-]+$", max_length=128)]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9:._$-]+$", max_length=128)]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=128)]
Status = Annotated[str, Field(pattern=r"^[1-5][0-9]{2}$")]


class Response(Model):
    """One response of a route with `integration: http`."""

    pattern: Annotated[str, Field(min_length=1)] | None = None
    """Regular expression that the service's status matches, such as `4\\d{2}`; by default 2xx for
    the status 200, and the status itself for the others."""


class Cors(Model):
    """Which pages of other origins may call the API from a browser."""

    allow_origin: Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?)$")]
    """One origin, such as `https://app.example.com`, or `*`. A list is not possible, because API
    Gateway returns a fixed header; for several origins the service has to answer OPTIONS."""
    allow_headers: tuple[PlainHeaderName, ...] = ("content-type",)
    """Request headers that a page may send; those the authorization needs are added."""
    max_age_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    """How long a browser may cache the preflight response, 0 to 86400 seconds."""


class Route(Model):
    """A method and a path, and how the gateway calls the service for it."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"]
    """HTTP method in capitals, or `ANY`."""
    path: Annotated[str, Field(pattern=r"^/")]
    """Path of the API, such as `/orders/{id}` or `/files/{proxy+}`; a parameter fills a whole
    segment."""
    authorization: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")] = "iam"
    """Who may call: callers that sign with IAM (`iam`), holders of an API key (`apiKey`), everyone
    (`none`), or whom one of `authorizers` admits, by its name."""
    scopes: Annotated[tuple[Scope, ...], Field(max_length=10)] = ()
    """With an authorizer of Cognito: scopes of which the access token must have one. Without them,
    the token is an ID token."""
    backend_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~!$&'()*+,;=:@%{}/-]*$")] | None = (
        None
    )
    """Path at the service, with the parameters of the API's path (`{proxy+}` is written
    `{proxy}`); the API's path by default."""
    timeout_ms: Annotated[int, Field(ge=50, le=MAX_TIMEOUT_MS["regional"])] = DEFAULT_TIMEOUT_MS
    """How long to wait for the service, 50 to 29000 ms; up to 300000 on a regional or private
    API if the account has a raised quota."""
    service: ServiceName | None = None
    """Name of the service that answers, if stages have `services`: up to 16 lower-case letters,
    digits and dashes. By default the `target` of the stage answers."""
    integration: Literal["http_proxy", "http"] = "http_proxy"
    """`http_proxy` passes everything through; `http` passes only the parameters listed here, and
    returns only the responses listed in `responses`."""
    responses: dict[Status, Response] = {}
    """Responses of an `http` route by status; any other response of the service becomes a 502."""
    query: dict[ParameterName, Presence] = {}
    """Query parameters that are checked; `http` passes only these."""
    headers: dict[HeaderName, Presence] = {}
    """Request headers that are checked; `http` passes only these."""
    body: ModelName | None = None
    """Name of the model in `models` that a JSON body must match."""
    throttle: Throttle | None = None
    """Limits of this route in every stage, in place of those of the stage."""
    cache: Cache | None = None
    """Keeps responses of a GET with `integration: http`, one for each combination of what reaches
    the service: the path, and the parameters in `query` and `headers`. All callers who may call the
    route share it."""

    @property
    def pair(self) -> Pair:
        """The stage variables that select its target."""
        return Pair(self.service or "")

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path parameters, in order."""
        return path_parameters(self.path)

    @property
    def service_path(self) -> str:
        """Path at the service, with `{proxy}` for a greedy parameter."""
        return self.backend_path or self.path.replace("+}", "}")


def path_parameters(path: str) -> tuple[str, ...]:
    """Names of the parameters in a path, in order; a greedy one without its plus."""
    return tuple(re.findall(r"\{([^{}+]*)\+?\}", path))


def route_problems(
    routes: Mapping[int, Route], models: Sequence[str], cors: Cors | None
) -> Problems:
    """Everything that is wrong with routes and between them.

    `routes` is keyed by position, so that entries which could not be parsed can be left out.
    """
    yield from path_problems({f"routes[{n}].path": route.path for n, route in routes.items()})
    positions: dict[tuple[str, str], int] = {}
    for position, route in routes.items():
        entry = f"routes[{position}]"
        yield from _own_problems(entry, route, models)
        first = positions.setdefault((route.method, route.path), position)
        if first != position:
            yield (
                entry,
                f"{route.method} {route.path} repeats routes[{first}]. Remove one of them.",
            )
        if cors and route.method == "OPTIONS":
            yield f"{entry}.method", "OPTIONS is answered by `cors`. Remove the route, or `cors`."


def path_problems(paths: Mapping[str, str]) -> Problems:
    """Everything that is wrong with the paths of an API and between them, keyed by JSON path.

    Sources:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html
    """
    siblings: dict[str, tuple[str, str]] = {}
    for json_path, path in paths.items():
        for message in _path_problems(path):
            yield json_path, message
        parent = ""
        for segment in path.split("/")[1:]:
            if re.fullmatch(_PARAMETER, segment):
                known, first = siblings.setdefault(parent, (segment, json_path))
                if known != segment:
                    yield (
                        json_path,
                        f"{segment} is {known} in {first}, and API Gateway allows one parameter "
                        "name at each position. Use the same name in both.",
                    )
            parent = f"{parent}/{segment}"


def _path_problems(path: str) -> Iterator[str]:
    segments = path.removeprefix("/").split("/") if path != "/" else []
    if "" in segments:
        yield f"{path!r} has an empty segment. Remove the double slash, or the slash at the end."
    for position, segment in enumerate(segments, 1):
        if re.fullmatch(_PARAMETER, segment):
            if segment.endswith("+}") and position < len(segments):
                yield f"{segment} matches the rest of the path. Make it the last segment."
        elif re.search(r"[^{]*\{[^{}]*\}.+|.+\{[^{}]*\}", segment):
            yield (
                f"{segment!r} has a parameter inside, and API Gateway takes whole segments only. "
                "Make the whole segment a {parameter}, or list the values of this one as an "
                "`enum` (in a `definitionFile`)."
            )
        elif "{" in segment or "}" in segment:
            yield f"{segment!r} is not a parameter. Write {{name}}, with letters, digits and . _ -."
        elif segment and not re.fullmatch(r"[A-Za-z0-9._,:-]+", segment):
            yield (
                f"{segment!r} has a character that API Gateway does not accept. Use letters, "
                "digits and . _ , : - in a segment, or make the whole segment a {parameter}."
            )
    names = path_parameters(path)
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"{{{name}}} occurs twice in {path}. Give each parameter its own name."


def _own_problems(entry: str, route: Route, models: Sequence[str]) -> Problems:
    for name in re.findall(r"\{([^}]*)\}", route.backend_path or ""):
        if name not in route.parameters:
            known = f"{route.path}, which has {listed(route.parameters)}"
            yield f"{entry}.backendPath", f"{{{name}}} is not a parameter of {known}. Correct it."
    if route.integration == "http" and not route.responses:
        yield f"{entry}.responses", 'is missing with `integration: http`. Add one: {"200": {}}.'
    if route.integration == "http_proxy" and route.responses:
        yield f"{entry}.responses", "is only for `integration: http`. Set that, or remove it."
    if route.cache:
        yield from cache_problems(entry, route.method, route.integration)
    if route.body and route.body not in models:
        known = listed(models)
        yield f"{entry}.body", f"{route.body!r} is not in `models` ({known}). Define it there."
    if route.body and route.method in ("GET", "HEAD", "DELETE", "OPTIONS"):
        yield f"{entry}.body", f"{route.method} has no body to check. Use POST, PUT, PATCH or ANY."
    statuses: dict[str, str] = {"default": "502"}
    for status, response in route.responses.items():
        key, pattern = f"{entry}.responses.{status}.pattern", response.pattern or status
        first = statuses.setdefault(pattern, status)
        if first != status:
            yield key, f"{pattern!r} already leads to {first}. Give each response its own pattern."
        try:
            re.compile(pattern)
        except re.error as error:
            yield (
                key,
                f"{pattern!r} is not a regular expression: {error}. Write one like 4\\d{{2}}.",
            )
