"""The requests that check one release of a stage, each with what is expected of it.

Source:
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

import dataclasses
import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from operations.gateway.definition import GatewayOperation, fill, fixed_headers, operations
from operations.gateway.expectations import (
    ANY_VALUE,
    Expectation,
    ExpectedDelivery,
    mapped_status,
    parse_query,
)
from operations.gateway.proxy import Headers, Request
from operations.gateway.sample_requests import Sample, SkippedRouteError, sample_requests

_MAPPABLE = re.compile(
    r"'.*'|stageVariables\.[^.]+|context\..+|method\.request\.(path|querystring|header)\.[^.]+"
)

# Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
_NOT_PASSED_ON = {"content-md5", "date", "expect", "host", "max-forwards", "te", "upgrade"}


@dataclass(frozen=True)
class Release:
    """The production release of a stage or its canary release, on this machine."""

    name: str
    target: str
    """Name of the target that it leads to."""
    variables: Mapping[str, str]
    addresses: frozenset[str]
    """Host and port of every target, as in the variables."""
    api_key: str


@dataclass(frozen=True)
class PlannedRequest:
    """A request for one route, and what is expected of it."""

    route: str
    request: Request
    expectation: Expectation


@dataclass(frozen=True)
class RequestPlan:
    """The requests that check one release, and the routes that they leave out."""

    requests: tuple[PlannedRequest, ...]
    skipped: Mapping[str, str]
    """Why a route is not called, by route."""
    unsigned: tuple[str, ...]
    """Routes that require a signature on AWS; here they are called without one."""
    missing: tuple[str, ...]
    """Routes that are configured and not in the definition."""


def plan_requests(
    document: Mapping[str, Any],
    release: Release,
    service_paths: Mapping[str, str],
) -> RequestPlan:
    """Requests for every operation of `document` that can be called.

    `service_paths` has the configured paths at the service ("/v1/files/{proxy}") by route
    ("ANY /files/{proxy+}"); for other routes the path in the definition is expected.
    """
    requests: list[PlannedRequest] = []
    skipped: dict[str, str] = {}
    found = list(operations(document))
    for operation in found:
        try:
            requests += list(_planned(operation, release, service_paths.get(operation.route)))
        except SkippedRouteError as reason:
            skipped[operation.route] = str(reason)
    unsigned = [o.route for o in found if o.authorization == "iam" and o.route not in skipped]
    missing = sorted(set(service_paths) - {operation.route for operation in found})
    return RequestPlan(tuple(requests), skipped, tuple(unsigned), tuple(missing))


def _planned(
    operation: GatewayOperation, release: Release, service_path: str | None
) -> Iterator[PlannedRequest]:
    kind, needs_key = operation.integration_type, operation.authorization == "apiKey"
    if kind not in ("http", "http_proxy", "mock"):
        raise SkippedRouteError(f"its integration is {kind or 'missing'}, not http")
    if operation.authorization == "other":
        raise SkippedRouteError("its authorizer is not emulated")
    samples = list(sample_requests(operation))
    for sample in samples:
        key = (("X-API-Key", release.api_key),) if needs_key else ()
        request = dataclasses.replace(sample.request, headers=(*sample.request.headers, *key))
        if kind == "mock":
            expectation = _from_mock(operation)
        else:
            sent = Sample(request, sample.path_values)
            expectation = _from_service(operation, sent, release, service_path)
        yield PlannedRequest(operation.route, request, expectation)
    if needs_key:
        rejected = Expectation(None, status=int(HTTPStatus.FORBIDDEN))
        yield PlannedRequest(operation.route, samples[0].request, rejected)


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


def _from_service(
    operation: GatewayOperation, sample: Sample, release: Release, service_path: str | None
) -> Expectation:
    """What the integration makes of the request, and of the service's response."""
    integration, is_proxy = operation.integration, operation.integration_type == "http_proxy"
    request, values = sample
    mapped = _mapped_parameters(integration, sample, release)
    uri = re.sub(
        r"\$\{stageVariables\.(\w+)\}",
        lambda match: release.variables.get(match[1], match[0]),
        str(integration.get("uri", "")),
    )
    parts = urllib.parse.urlsplit(uri)
    if parts.netloc not in release.addresses:
        raise SkippedRouteError(f"its uri leads to {parts.netloc or uri!r}, which is not a target")
    # Parameters that nothing maps are expected too: the route has them on both sides.
    path = fill(
        service_path or parts.path, values if service_path else {**values, **mapped["path"]}
    )
    query = parse_query(fill(parts.query, mapped["path"])) + Counter(mapped["querystring"].items())
    headers = tuple(mapped["header"].items())
    if is_proxy:
        query += parse_query(request.query)
        replaced = {name.lower() for name in mapped["header"]} | _NOT_PASSED_ON
        headers += tuple(h for h in request.headers if h[0].lower() not in replaced)
    method = str(integration.get("httpMethod", "ANY")).upper()
    is_rewritten = "requestTemplates" in integration or "contentHandling" in integration
    return Expectation(
        ExpectedDelivery(
            target=release.target,
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
