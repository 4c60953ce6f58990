"""What a route may say, and what routes may not say together."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from openapi.model import Model

MAX_TIMEOUT_MS = {"regional": 300_000, "edge": 29_000}
"""Longest integration timeout by endpoint type; above 29 000 ms AWS wants a raised quota.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
"""
SCHEME_PORTS = {"http": 80, "https": 443}
"""Port of a URL that names none."""
Presence = Literal["required", "optional"]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]+$", max_length=128)]
# Without the quote, which ends a fixed value in API Gateway's mappings.
PlainHeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&*+.^_`|~-]+$", max_length=128)]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._$-]+$", max_length=128)]
ModelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$", max_length=128)]
Status = Annotated[str, Field(pattern=r"^[1-5][0-9]{2}$")]


class Response(Model):
    """One answer of a route with `integration: http`."""

    pattern: Annotated[str, Field(min_length=1)] | None = None
    """Regular expression over the service's status, such as `4\\d{2}`; by default 2xx for the
    status 200, and the status itself for the others."""


class Cors(Model):
    """Which pages of other origins may call the API from a browser."""

    allow_origin: Annotated[str, Field(pattern=r"^(\*|https?://[A-Za-z0-9.-]+(:\d{1,5})?)$")]
    """One origin, such as `https://app.example.com`, or `*`. API Gateway answers with a fixed
    header, so a list is not possible; several origins need a service that answers OPTIONS."""
    allow_headers: tuple[PlainHeaderName, ...] = ("content-type",)
    """Request headers that a page may send; those the authorization needs are added."""
    max_age_seconds: Annotated[int, Field(ge=0, le=86_400)] = 600
    """How long a browser remembers the answer, 0 to 86400 seconds."""


class Route(Model):
    """A method and a path, and how the gateway calls the service for it."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "ANY"]
    """HTTP method in capitals, or `ANY`."""
    path: Annotated[str, Field(pattern=r"^/")]
    """Path of the API, such as `/orders/{id}` or `/files/{proxy+}`; a parameter fills a whole
    segment."""
    authorization: Literal["none", "iam", "apiKey"] = "iam"
    """Who may call: callers signed with IAM, holders of an API key, or everybody (`none`)."""
    backend_path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~!$&'()*+,;=:@%{}/-]*$")] | None = (
        None
    )
    """Path at the service, by default that of the API, with the same parameters
    (`{proxy+}` is written `{proxy}`)."""
    timeout_ms: Annotated[int, Field(ge=50, le=MAX_TIMEOUT_MS["regional"])] = 29_000
    """Longest wait for the service, 50 to 29000 ms; up to 300000 on a regional API whose
    account has the raised quota."""
    integration: Literal["http_proxy", "http"] = "http_proxy"
    """`http_proxy` passes everything through; `http` passes on what is named here, and gives
    only the answers listed in `responses`."""
    responses: dict[Status, Response] = {}
    """Answers of an `http` route by status; what matches none becomes a 502."""
    query: dict[ParameterName, Presence] = {}
    """Query parameters that are checked; `http` passes on these and no others."""
    headers: dict[HeaderName, Presence] = {}
    """Request headers that are checked; `http` passes on these and no others."""
    body: ModelName | None = None
    """Name of the model in `models` that a JSON body must fit."""

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the path parameters, in order; the greedy one without its plus."""
        return tuple(name.removesuffix("+") for name in re.findall(r"\{([^}]*)\}", self.path))


def route_problems(
    routes: Mapping[int, Route], models: Sequence[str], cors: Cors | None
) -> Iterator[tuple[str, str]]:
    """What is wrong with routes and between them, as (place, message), all at once.

    `routes` is keyed by position, so that a list of which some entries did not parse can be
    judged too. Sources:
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-set-up-simple-proxy.html
    """
    calls: dict[tuple[str, str], int] = {}
    siblings: dict[str, tuple[str, int]] = {}
    for position, route in routes.items():
        here = f"routes[{position}]"
        yield from ((f"{here}.{key}", message) for key, message in _own_problems(route, models))
        first = calls.setdefault((route.method, route.path), position)
        if first != position:
            yield (
                here,
                f"{route.method} {route.path} is already routes[{first}]; a method and a "
                "path make one route. Remove one of them.",
            )
        if cors and route.method == "OPTIONS":
            yield (
                f"{here}.method",
                "OPTIONS is answered by the gateway itself when `cors` is set. Remove the "
                "route, or remove `cors`.",
            )
        parent = ""
        for segment in route.path.split("/")[1:]:
            if segment.startswith("{"):
                known, where = siblings.setdefault(parent, (segment, position))
                if known != segment:
                    yield (
                        f"{here}.path",
                        f"{segment} stands where routes[{where}] has {known}; API Gateway takes "
                        "one parameter name a place. Use the same name in both.",
                    )
            parent = f"{parent}/{segment}"


def _own_problems(route: Route, models: Sequence[str]) -> Iterator[tuple[str, str]]:
    yield from _path_problems(route)
    if route.backend_path:
        for name in re.findall(r"\{([^}]*)\}", route.backend_path):
            if name not in route.parameters:
                yield (
                    "backendPath",
                    f"{{{name}}} is no parameter of {route.path}. Use one of: "
                    f"{', '.join(route.parameters) or 'none, the path has no parameter'}.",
                )
    if route.integration == "http" and not route.responses:
        yield (
            "responses",
            'is missing for `integration: http`. List the answers, such as {"200": {}}.',
        )
    if route.integration == "http_proxy" and route.responses:
        yield (
            "responses",
            "has no meaning for `integration: http_proxy`, which passes every answer "
            "through. Remove it, or set `integration: http`.",
        )
    if route.body and route.body not in models:
        known = ", ".join(models) or "none is defined"
        yield "body", f"{route.body!r} is not in `models` ({known}). Define it there."
    if route.body and route.method in ("GET", "HEAD", "DELETE", "OPTIONS"):
        yield "body", f"{route.method} has no body to check. Use POST, PUT, PATCH or ANY."
    taken: dict[str, str] = {"default": "502"}
    for status, response in route.responses.items():
        pattern = response.pattern or status
        first = taken.setdefault(pattern, status)
        if first != status:
            yield (
                f"responses.{status}.pattern",
                f"{pattern!r} leads to {first} already. Give each answer a pattern of its own.",
            )
        try:
            re.compile(response.pattern or "")
        except re.error as error:
            yield (
                f"responses.{status}.pattern",
                f"{response.pattern!r} is no regular expression: {error}. Write one like "
                f"4\\d{{2}}.",
            )


def _path_problems(route: Route) -> Iterator[tuple[str, str]]:
    segments = route.path.split("/")[1:]
    if route.path == "/":
        return
    if "" in segments:
        yield (
            "path",
            f"{route.path!r} has an empty segment. Write it without // and without / at the end.",
        )
    for place, segment in enumerate(segments):
        if segment.startswith("{") and not re.fullmatch(r"\{[A-Za-z][A-Za-z0-9_]*\+?\}", segment):
            yield (
                "path",
                f"{segment!r} is no parameter. Write {{name}}, with letters, digits and _.",
            )
        elif segment.endswith("+}") and place != len(segments) - 1:
            yield "path", f"{segment} takes all that follows, so it must be the last segment."
        elif segment and not re.fullmatch(r"\{.*\}|[A-Za-z0-9._,:-]+", segment):
            yield (
                "path",
                f"{segment!r} has a character that API Gateway refuses. Use letters, digits "
                f"and . _ , : - in a segment, or make the whole of it a {{parameter}}.",
            )
    repeated = {name for name in route.parameters if route.parameters.count(name) > 1}
    for name in sorted(repeated):
        yield "path", f"{{{name}}} occurs twice in {route.path}. Give each its own name."
    if route.path.lower() in ("/ping", "/sping"):
        yield "path", f"{route.path} is answered by API Gateway itself. Use another path."
