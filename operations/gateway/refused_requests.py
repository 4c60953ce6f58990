"""Requests that API Gateway has to refuse, by what a configuration promises."""

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from openapi.compiler import ANY_MEDIA_TYPE
from operations.gateway.authorizers import StubAuthorizer
from operations.gateway.definition import ALL_METHODS, GatewayOperation, operation_for, operations
from operations.gateway.gateway_responses import (
    NO_KEY,
    NO_PARAMETER,
    NO_TOKEN,
    NOT_SIGNED,
    WRONG_BODY,
    GatewayResponse,
)
from operations.gateway.proxy import Request
from operations.gateway.sample_requests import (
    SIGNATURE,
    Sample,
    SkippedRouteError,
    rules_of,
    sample_requests,
    unused_segment,
    without_header,
)
from operations.gateway.wrong_bodies import wrong_bodies


class Refused(NamedTuple):
    """A request that has to be refused."""

    why: str
    request: Request
    response: GatewayResponse


def refused_requests(operation: GatewayOperation, sample: Sample, key: str) -> Iterator[Refused]:
    """Requests like one that is accepted, each wrong in one thing; `key` is a valid API key."""
    request = sample.request
    match operation.authorization:
        case "iam":
            unsigned = without_header(request, "Authorization")
            yield Refused("without a signature", unsigned, NO_TOKEN)
            bearer = _with_header(unsigned, "Authorization", "Bearer token")
            yield Refused("without a signature of IAM", bearer, NOT_SIGNED)
        case "apiKey":
            yield Refused("without an API key", without_header(request, "X-API-Key"), NO_KEY)
            wrong = _with_header(without_header(request, "X-API-Key"), "X-API-Key", key[::-1] + "0")
            yield Refused("with a wrong API key", wrong, NO_KEY)
    if stub := StubAuthorizer.of(operation):
        yield from (Refused(*found) for found in stub.refused(request))
    rules = rules_of(operation)
    if rules.get("validateRequestParameters"):
        for parameter in _required(operation):
            yield Refused(
                f"without {parameter['name']}", _without(request, parameter), NO_PARAMETER
            )
    if rules.get("validateRequestBody"):
        yield from _with_wrong_bodies(operation, request)


def refused_elsewhere(document: Mapping[str, Any], key: str) -> Iterator[tuple[str, Refused]]:
    """Requests to methods and paths that are promised by no route, each with the nearest route.

    They have a signature and a key, so that nothing but the path is wrong.
    """
    allowed = (("Authorization", SIGNATURE), ("X-API-Key", key))
    first_of: dict[str, GatewayOperation] = {}
    for operation in operations(document):
        first_of.setdefault(operation.path, operation)
    for path, operation in first_of.items():
        try:
            request = next(iter(sample_requests(operation))).request
        except SkippedRouteError:
            continue
        at = request.path.rstrip("/")
        for method in ("DELETE", *ALL_METHODS):
            if operation_for(document, method, request.path) == path:
                wrong = Request(method, request.path, allowed)
                yield operation.route, Refused(f"with {method}", wrong, NO_TOKEN)
                break
        deeper = f"{at}/{unused_segment()}"
        if operation_for(document, operation.method, deeper) is None:
            wrong = Request(request.method, deeper, allowed)
            yield operation.route, Refused("with a segment more", wrong, NO_TOKEN)


def refused_extras(
    document: Mapping[str, Any], promised: Mapping[str, Any]
) -> Iterator[tuple[str, Refused]]:
    """Requests to the operations of a definition that are not promised."""
    known = {operation.route for operation in operations(promised)}
    for operation in operations(document):
        if operation.route in known:
            continue
        try:
            for sample in sample_requests(operation):
                method, path = sample.request.method, sample.request.path
                if not isinstance(operation_for(promised, method, path), GatewayOperation):
                    why = "although the configuration does not have it"
                    yield operation.route, Refused(why, sample.request, NO_TOKEN)
                    break
        except SkippedRouteError:
            continue


def _with_header(request: Request, name: str, value: str) -> Request:
    return dataclasses.replace(request, headers=(*request.headers, (name, value)))


def _required(operation: GatewayOperation) -> Iterator[Mapping[str, Any]]:
    for parameter in map(operation.resolve, operation.content.get("parameters", [])):
        if parameter.get("required") and parameter["in"] in ("query", "header"):
            yield parameter


def _without(request: Request, parameter: Mapping[str, Any]) -> Request:
    if parameter["in"] == "header":
        return without_header(request, parameter["name"])
    name = re.escape(parameter["name"])
    query = "&".join(p for p in request.query.split("&") if not re.match(rf"{name}=", p))
    return dataclasses.replace(request, target=f"{request.path}?{query}")


def _with_wrong_bodies(operation: GatewayOperation, request: Request) -> Iterator[Refused]:
    content = operation.resolve(operation.content.get("requestBody", {})).get("content", {})
    media_type = request.header("Content-Type") or ""
    if media_type not in content or "json" not in media_type:
        return
    schema = content[media_type].get("schema", {})
    last = None
    for what, body in wrong_bodies(operation, schema, json.loads(request.body)):
        last = dataclasses.replace(request, body=body)
        yield Refused(f"with a body that {what}", last, WRONG_BODY)
    if last and ANY_MEDIA_TYPE in content:
        plain = _with_header(without_header(last, "Content-Type"), "Content-Type", "text/plain")
        yield Refused("with a wrong body and another Content-Type", plain, WRONG_BODY)
