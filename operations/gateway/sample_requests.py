"""Requests made up for an operation: every method, every kind of path value, a valid body."""

import itertools
import json
import re
import secrets
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from operations.gateway.definition import ALL_METHODS, GatewayOperation, fill
from operations.gateway.proxy import Request

NONCE_HEADER = "X-Nonce"
_METHODS_WITH_BODY = ("PATCH", "POST", "PUT")
_BINARY = "application/octet-stream"
_VALIDATOR = "x-amazon-apigateway-request-validator"
# Values of path parameters around a nonce: plain, and with characters that must stay encoded. A
# greedy parameter also has several segments.
_SEGMENTS = ("{}", "{}%20%2F%C3%A9")
_GREEDY = ("{}", "{}/b/c", "{}%20%2F%C3%A9/d")
_UNSUPPORTED_SCHEMA_KEYS = {"pattern", "allOf", "anyOf", "oneOf", "not"}


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
    declared = [o.get("parameters", []) for o in (operation.path_item, operation.content)]
    for parameter in map(operation.resolve, itertools.chain(*declared)):
        name = parameter["name"]
        if parameter.get("required") and "." in name:
            raise SkippedRouteError(f"the emulator cannot check {name}, which contains a dot")
        value = _scalar(operation.resolve(parameter.get("schema", {})), _nonce())
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


def _nonce() -> str:
    """Letters and digits that identify one request."""
    return secrets.token_hex(4)


def _body(operation: GatewayOperation, nonce: str) -> tuple[str, bytes]:
    """A media type and a body."""
    declared = operation.resolve(operation.content.get("requestBody", {})).get("content", {})
    for media_type, content in declared.items():
        example = content.get("example") or _sample(operation, content.get("schema", {}), nonce)
        return media_type, json.dumps(example).encode()
    document, is_proxy = operation.document, operation.integration_type == "http_proxy"
    binary = set(document.get("x-amazon-apigateway-binary-media-types", []))
    validator = operation.content.get(_VALIDATOR, document.get(_VALIDATOR))
    rules = document.get(f"{_VALIDATOR}s", {}).get(validator, {})
    # Unlike API Gateway, the emulator reads the body as text unless the integration is a proxy,
    # and its validator rejects everything but JSON, with or without a model.
    if is_proxy and binary & {"*/*", _BINARY} and not rules.get("validateRequestBody"):
        return _BINARY, bytes(range(256)) + nonce.encode()
    return "application/json", json.dumps({"nonce": nonce}).encode()


def _sample(operation: GatewayOperation, reference: Mapping[str, Any], nonce: str) -> Any:
    """A value that a plain schema accepts."""
    schema = operation.resolve(reference)
    if "example" in schema:
        return schema["example"]
    if found := sorted(schema.keys() & _UNSUPPORTED_SCHEMA_KEYS):
        raise SkippedRouteError(
            f"no body can be made up for a model with `{found[0]}`: give it an `example`"
        )
    match schema.get("type", "object"):
        case "object":
            properties = schema.get("properties", {})
            names = [*properties, *schema.get("required", [])]
            default = {"type": "string"}
            return {n: _sample(operation, properties.get(n, default), nonce) for n in names}
        case "array":
            item = _sample(operation, schema.get("items", {"type": "string"}), nonce)
            return [item] * max(1, schema.get("minItems", 1))
        case "integer" | "number" | "boolean":
            return json.loads(_scalar(schema, nonce))
        case _:
            text = _scalar(schema, nonce).ljust(schema.get("minLength", 0), "x")
            return text[: schema.get("maxLength")]


def _scalar(schema: Mapping[str, Any], nonce: str) -> str:
    """A scalar that a schema accepts, as text: the nonce where any text is accepted."""
    for fixed in (schema.get("example"), schema.get("default"), *schema.get("enum", [])):
        if fixed is not None:
            return str(fixed)
    if schema.get("type") in ("integer", "number"):
        return str(schema.get("minimum", min(1, schema.get("maximum", 1))))
    return "true" if schema.get("type") == "boolean" else nonce
