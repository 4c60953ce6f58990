"""Requests made up for an operation: every method, every kind of path value, a valid body."""

import dataclasses
import itertools
import json
import re
import secrets
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from operations.gateway.authorizers import StubAuthorizer
from operations.gateway.definition import ALL_METHODS, VALIDATOR, GatewayOperation, fill
from operations.gateway.proxy import Request
from operations.gateway.samples import NoSampleError, sample, scalar

NONCE_HEADER = "X-Nonce"
_METHODS_WITH_BODY = ("PATCH", "POST", "PUT")
_BINARY = "application/octet-stream"
_FORM = "application/x-www-form-urlencoded"
# Well-formed and worth nothing: that there is a signature is all that is checked on this machine.
SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=none/20260101/us-east-1/execute-api/aws4_request, "
    f"SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
)
# Values of path parameters around a nonce: plain, and with characters that must stay encoded. A
# greedy parameter also has several segments.
_SEGMENTS = ("{}", "{}%20%2F%C3%A9")
_GREEDY = ("{}", "{}/b/c", "{}%20%2F%C3%A9/d")


class SkippedRouteError(Exception):
    """A route cannot be called, or not be checked; the message gives the reason."""


class Sample(NamedTuple):
    """A request for an operation, and the path parameters in it."""

    request: Request
    path_values: Mapping[str, str]


def sample_requests(operation: GatewayOperation) -> Iterator[Sample]:
    """Requests with every method and every kind of path value at least once.

    Raises SkippedRouteError when none can be made up.
    """
    methods, values = [operation.method], list(_path_values(operation))
    if operation.method == "ANY":
        methods = [m for m in ALL_METHODS if m.lower() not in operation.path_item]
    if not values:
        raise SkippedRouteError("more specific routes handle every path that could be called")
    for index in range(max(len(methods), len(values))):
        chosen = values[index % len(values)]
        yield Sample(_request(operation, methods[index % len(methods)], chosen), chosen)


def _path_values(operation: GatewayOperation) -> Iterator[Mapping[str, str]]:
    names = re.findall(r"\{([^}]+)\}", operation.path)
    count = 1
    if names and operation.integration_type != "mock":
        count = len(_GREEDY if names[-1].endswith("+") else _SEGMENTS)
    for index in range(count):
        values = {}
        for name in names:
            shapes = _GREEDY if name.endswith("+") else _SEGMENTS
            values[name.rstrip("+")] = shapes[index % len(shapes)].format(_nonce())
        if operation.handles(fill(operation.path, values)):
            yield values


def _request(operation: GatewayOperation, method: str, path_values: Mapping[str, str]) -> Request:
    nonce = _nonce()
    query = [("nonce", nonce), ("again", "1"), ("again", "a b/ü&=")]
    headers = {NONCE_HEADER: nonce}
    if operation.authorization == "iam":
        headers["Authorization"] = SIGNATURE
    stub = StubAuthorizer.of(operation)
    for source, token in stub.admitting() if stub else ():
        if source.location == "header":
            headers[source.name] = token
        else:
            query.append((source.name, token))
    declared = [o.get("parameters", []) for o in (operation.path_item, operation.content)]
    for parameter in map(operation.resolve, itertools.chain(*declared)):
        name = parameter["name"]
        if parameter.get("required") and "." in name:
            raise SkippedRouteError(f"the emulator cannot check {name}, which contains a dot")
        value = scalar(operation.resolve(parameter.get("schema", {})), _nonce())
        if parameter["in"] == "query":
            query.append((name, value))
        elif parameter["in"] == "header":
            headers[name] = value
    if method == "OPTIONS":
        headers |= {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
    body = b""
    if method in _METHODS_WITH_BODY:
        headers["Content-Type"], body = _body(operation, nonce)
    target = f"{fill(operation.path, path_values)}?{urllib.parse.urlencode(query)}"
    return Request(method, target, tuple(headers.items()), body)


def without_header(request: Request, name: str) -> Request:
    """The same request without a header."""
    kept = tuple(header for header in request.headers if header[0].lower() != name.lower())
    return dataclasses.replace(request, headers=kept)


def unused_segment() -> str:
    """A segment of a path that no route has."""
    return f"unused-{_nonce()}"


def _nonce() -> str:
    """Letters and digits that identify one request."""
    return secrets.token_hex(4)


def _body(operation: GatewayOperation, nonce: str) -> tuple[str, bytes]:
    """A media type and a body."""
    declared = operation.resolve(operation.content.get("requestBody", {})).get("content", {})
    validated = rules_of(operation).get("validateRequestBody")
    # The model of all other media types, which has no name of its own in a request.
    for media_type in (name for name in declared if not name.startswith("$")):
        content = declared[media_type]
        try:
            value = content.get("example") or sample(operation, content.get("schema", {}), nonce)
        except NoSampleError as keyword:
            if validated:
                raise SkippedRouteError(
                    f"no body can be made up for a model with `{keyword}`: give it an `example`"
                ) from None
            value = {"nonce": nonce}
        return media_type, _encoded(media_type, value)
    is_proxy = operation.integration_type == "http_proxy"
    binary = set(operation.document.get("x-amazon-apigateway-binary-media-types", []))
    # Unlike API Gateway, the emulator reads the body as text unless the integration is a proxy,
    # and its validator rejects everything but JSON, with or without a model.
    if is_proxy and binary & {"*/*", _BINARY} and not validated:
        return _BINARY, bytes(range(256)) + nonce.encode()
    return "application/json", json.dumps({"nonce": nonce}).encode()


def rules_of(operation: GatewayOperation) -> Mapping[str, Any]:
    """What the request validator of an operation checks."""
    validator = operation.content.get(VALIDATOR, operation.document.get(VALIDATOR))
    rules: Mapping[str, Any] = operation.document.get(f"{VALIDATOR}s", {}).get(validator, {})
    return rules


def _encoded(media_type: str, value: Any) -> bytes:
    """A body: of a form its fields, in all other cases JSON."""
    if media_type == _FORM and isinstance(value, Mapping):
        fields = {
            name: field if isinstance(field, str) else json.dumps(field)
            for name, field in value.items()
        }
        return urllib.parse.urlencode(fields).encode()
    return json.dumps(value).encode()
