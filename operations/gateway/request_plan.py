"""The requests that check one release of a stage, each with what is expected of it.

Source:
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

import dataclasses
import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openapi.routes import DEFAULT_TIMEOUT_MS
from operations.gateway.definition import (
    GatewayOperation,
    fill,
    fixed_headers,
    operations,
    with_variables,
)
from operations.gateway.expectations import (
    ANY_VALUE,
    Expectation,
    ExpectedDelivery,
    json_keys,
    mapped_status,
    parse_query,
)
from operations.gateway.gateway_responses import TIMED_OUT, GatewayResponse, fixed_of
from operations.gateway.proxy import Headers, Request
from operations.gateway.refused_requests import (
    Refused,
    refused_elsewhere,
    refused_extras,
    refused_requests,
)
from operations.gateway.sample_requests import Sample, SkippedRouteError, sample_requests
from operations.gateway.targets import SERVICES_OWN, Behavior

_MAPPABLE = re.compile(
    r"'.*'|stageVariables\.[^.]+|context\..+|method\.request\.(path|querystring|header)\.[^.]+"
)

# Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_NOT_PASSED_ON = {"content-md5", "date", "expect", "host", "max-forwards", "te", "upgrade"}


@dataclass(frozen=True)
class Release:
    """The production release of a stage or its canary release, on this machine."""

    name: str
    variables: Mapping[str, str]
    targets: Mapping[str, str]
    """Name of every target by host and port, as in the variables."""
    api_key: str


@dataclass(frozen=True)
class PlannedRequest:
    """A request for one route, and what is expected of it."""

    route: str
    request: Request
    expectation: Expectation
    why: str = ""
    """What is special about it, such as `without an API key`; empty if nothing is."""
    behavior: Behavior = SERVICES_OWN
    refusal: str = ""
    """Type of the gateway response, if it has to be refused."""
    is_nowhere: bool = False
    """Whether it is refused for its path or method, whoever sends it."""


@dataclass(frozen=True)
class RequestPlan:
    """The requests that check one release, and the routes that they leave out."""

    requests: tuple[PlannedRequest, ...]
    skipped: Mapping[str, str]
    """Why a route is not called, by route."""


def plan_requests(
    promised: Mapping[str, Any], release: Release, *, whole: bool = True
) -> RequestPlan:
    """Requests for every operation of `promised` that can be called.

    `promised` is what the configuration promises, see `operations.gateway.promises`. With `whole`
    also those that have to be refused, and those that the service answers with a failure or late:
    they are the same for every release of a deployment.
    """
    requests: list[PlannedRequest] = []
    skipped: dict[str, str] = {}
    for operation in operations(promised):
        try:
            requests += list(_planned(operation, release, whole))
        except SkippedRouteError as reason:
            skipped[operation.route] = str(reason)
    if whole:
        requests += [
            dataclasses.replace(_refused(promised, *found), is_nowhere=True)
            for found in refused_elsewhere(promised, release.api_key)
        ]
    return RequestPlan(tuple(requests), skipped)


def plan_extras(
    document: Mapping[str, Any], promised: Mapping[str, Any]
) -> tuple[PlannedRequest, ...]:
    """Requests to what a definition has and the configuration does not: all have to be refused."""
    return tuple(_refused(promised, *found) for found in refused_extras(document, promised))


def _planned(
    operation: GatewayOperation, release: Release, whole: bool
) -> Iterator[PlannedRequest]:
    kind, needs_key = operation.integration_type, operation.authorization == "apiKey"
    if kind not in ("http", "http_proxy", "mock"):
        raise SkippedRouteError(f"its integration is {kind or 'missing'}, not http")
    if operation.authorization == "other":
        raise SkippedRouteError("what it requires of its callers is not emulated")
    samples = list(sample_requests(operation))
    for number, sample in enumerate(samples):
        key = (("X-API-Key", release.api_key),) if needs_key else ()
        request = dataclasses.replace(sample.request, headers=(*sample.request.headers, *key))
        sent = Sample(request, sample.path_values)
        if kind == "mock":
            yield PlannedRequest(operation.route, request, _from_mock(operation))
        else:
            expectation = _from_service(operation, sent, release)
            yield PlannedRequest(operation.route, request, expectation)
            if whole and not number:
                yield from _with_behaviors(operation, request, expectation)
        if whole and not number:
            for refused in refused_requests(operation, sent, release.api_key):
                yield _refused(operation.document, operation.route, refused)


def _refused(promised: Mapping[str, Any], route: str, refused: Refused) -> PlannedRequest:
    return PlannedRequest(
        route,
        refused.request,
        _own(refused.response, promised),
        refused.why,
        refusal=refused.response.kind,
    )


def _own(response: GatewayResponse, promised: Mapping[str, Any]) -> Expectation:
    """What is expected when API Gateway itself responds."""
    shaped = response.shaped(promised)
    return Expectation(
        None,
        status=shaped.status,
        response_headers=fixed_of(shaped),
        keys=json_keys(shaped),
    )


def _with_behaviors(
    operation: GatewayOperation, request: Request, expectation: Expectation
) -> Iterator[PlannedRequest]:
    """The same request to a service that fails, or is just in time, or just too late."""

    def planned(why: str, behavior: Behavior, expected: Expectation) -> PlannedRequest:
        return PlannedRequest(operation.route, request, expected, why, behavior)

    for status in _statuses_of_services(expectation.statuses):
        behavior = Behavior(status=status)
        yield planned(f"when the service returns {status}", behavior, expectation)
    limit = int(operation.integration.get("timeoutInMillis", DEFAULT_TIMEOUT_MS))
    yield planned(f"after {limit} ms", Behavior(milliseconds=limit), expectation)
    late = dataclasses.replace(_own(TIMED_OUT, operation.document), delivery=expectation.delivery)
    yield planned(f"after {limit + 1} ms", Behavior(milliseconds=limit + 1), late)


def _statuses_of_services(statuses: Sequence[tuple[str, int]]) -> list[int]:
    """Statuses of a service: two that a proxy passes on, or one for each pattern, and another."""
    if not statuses:
        return [404, 502]
    found: dict[str, int] = {}
    for status in range(200, 600):
        patterns = [p for p, _ in statuses if p != "default" and re.fullmatch(p, str(status))]
        found.setdefault(patterns[0] if patterns else "default", status)
    return list(found.values())


def _from_mock(operation: GatewayOperation) -> Expectation:
    """The response that is written in the document."""
    responses = operation.integration.get("responses", {})
    try:
        template = operation.integration["requestTemplates"]["application/json"]
        chosen = json.loads(template)["statusCode"]
    except (KeyError, TypeError, ValueError):
        raise SkippedRouteError("its template has no fixed statusCode") from None
    status = mapped_status(_statuses(responses), chosen)
    if status is None:
        raise SkippedRouteError(f"it has no response for its own statusCode {chosen}")
    response = next(r for r in responses.values() if int(r["statusCode"]) == status)
    return Expectation(None, status=status, response_headers=fixed_headers(response))


def _from_service(operation: GatewayOperation, sample: Sample, release: Release) -> Expectation:
    """What the integration makes of the request, and of the service's response."""
    integration, is_proxy = operation.integration, operation.integration_type == "http_proxy"
    request, values = sample
    mapped = _mapped_parameters(integration, sample, release)
    uri = with_variables(str(integration.get("uri", "")), release.variables)
    parts = urllib.parse.urlsplit(uri)
    if parts.netloc not in release.targets:
        raise SkippedRouteError(f"its uri leads to {parts.netloc or uri!r}, which is not a target")
    # Parameters that nothing maps are expected too: the route has them on both sides.
    path = fill(parts.path, {**values, **mapped["path"]})
    query = parse_query(fill(parts.query, mapped["path"])) + Counter(mapped["querystring"].items())
    headers = tuple(mapped["header"].items())
    if is_proxy:
        query += parse_query(request.query)
        replaced = {name.lower() for name in mapped["header"]} | _NOT_PASSED_ON
        if operation.authorization == "iam":
            replaced |= {"authorization"}
        headers += tuple(h for h in request.headers if h[0].lower() not in replaced)
    method = str(integration.get("httpMethod", "ANY")).upper()
    is_rewritten = "requestTemplates" in integration or "contentHandling" in integration
    return Expectation(
        ExpectedDelivery(
            target=release.targets[parts.netloc],
            method=request.method if method == "ANY" else method,
            path=path or "/",
            query=query,
            headers=headers,
            body=None if is_rewritten else request.body,
        ),
        statuses=() if is_proxy else _statuses(integration.get("responses", {})),
        response_headers=_allowed_origin(operation),
    )


def _mapped_parameters(
    integration: Mapping[str, Any], sample: Sample, release: Release
) -> dict[str, dict[str, str]]:
    """The values that `requestParameters` passes to the service, by location and name."""
    mapped: dict[str, dict[str, str]] = {"path": {}, "querystring": {}, "header": {}}
    for to, source in (integration.get("requestParameters") or {}).items():
        location, _, name = to.removeprefix("integration.request.").partition(".")
        if location not in mapped or "." in name or not _MAPPABLE.fullmatch(source):
            raise SkippedRouteError(f"the emulator does not map {source} to {to}")
        if value := _source_value(source, sample, release):
            mapped[location][name] = value
    return mapped


def _source_value(source: str, sample: Sample, release: Release) -> str | None:
    location, _, name = source.rpartition(".")
    match location.removeprefix("method.request."):
        case "path":
            return sample.path_values.get(name)
        case "header":
            return sample.request.header(name)
        case "querystring":
            return dict(urllib.parse.parse_qsl(sample.request.query)).get(name)
        case "stageVariables":
            return release.variables.get(name)
        case _:
            return source.strip("'") if source.startswith("'") else ANY_VALUE


def _statuses(responses: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((pattern, int(r["statusCode"])) for pattern, r in responses.items())


def _allowed_origin(operation: GatewayOperation) -> Headers:
    """The origin that the preflight of the path allows: each response has to allow it, too."""
    origin = operation.allowed_origin
    return (("Access-Control-Allow-Origin", origin),) if origin else ()
