"""Calls made up for every route of a definition, with what each route promises of them.

Pure: it reads an OpenAPI document as API Gateway imports it. Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
"""

import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from openapi.compiler import ANY_METHOD, INTEGRATION
from operations.gateway.expectations import ANYTHING, Delivery, Promise, query_of, select
from operations.gateway.proxy import METHODS, Headers, Request

NONCE_HEADER = "X-Nonce"
_WITH_BODY = ("PATCH", "POST", "PUT")
_BINARY = "application/octet-stream"
_ALLOW_ORIGIN = "access-control-allow-origin"
# Values of path parameters around a nonce: plain, and with what has to stay encoded. A greedy
# one has several segments, too.
_SEGMENTS = ("{}", "{}%20%2F%C3%A9")
_GREEDY = ("{}", "{}/b/c", "{}%20%2F%C3%A9/d")


@dataclass(frozen=True)
class Way:
    """One way through a stage: the variables it sees, and the target that it is said to lead to."""

    target: str
    variables: Mapping[str, str]
    addresses: frozenset[str]
    """Host and port of every target, as they stand in the variables."""
    api_key: str


@dataclass(frozen=True)
class Call:
    """A call of one route, and what is promised of it."""

    route: str
    request: Request
    promise: Promise


@dataclass(frozen=True)
class Plan:
    """The calls of one way through a stage, and what they leave out."""

    calls: tuple[Call, ...]
    skipped: Mapping[str, str]
    """Why a route is not called, by route."""
    unsigned: tuple[str, ...]
    """Routes that AWS wants signed; here they are called without a signature."""
    missing: tuple[str, ...]
    """Routes that the configuration promises and the definition lacks."""


@dataclass(frozen=True)
class Operation:
    """One operation of a document."""

    path: str
    method: str
    """In capitals, or ANY."""
    item: Mapping[str, Any]
    """The operation object."""
    siblings: Mapping[str, Any]
    """The path item object, which holds it."""

    @property
    def route(self) -> str:
        """Its name: method and path."""
        return f"{self.method} {self.path}"

    @property
    def integration(self) -> Mapping[str, Any]:
        """How API Gateway calls the service; empty if the document does not say."""
        return self.item.get(INTEGRATION) or {}

    @property
    def kind(self) -> str:
        """The type of its integration, in small letters."""
        return str(self.integration.get("type", "")).lower()


class _NotCalledError(Exception):
    """A route cannot be called, or not be judged; the message says why."""


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of a document, in its order."""
    methods = {ANY_METHOD: "ANY", **{method.lower(): method for method in METHODS}}
    for path, item in document.get("paths", {}).items():
        for key, operation in item.items():
            if key in methods:
                yield Operation(path, methods[key], operation, item)


def authorization(document: Mapping[str, Any], operation: Operation) -> str:
    """What an operation asks of its callers: `none`, `iam`, `apiKey`, or `other`.

    Only its own `security` counts; not everything honours one at the root of a document.
    """
    schemes = document.get("components", {}).get("securitySchemes", {})
    kinds = set()
    for alternative in operation.item.get("security", []):
        for name in alternative:
            scheme = schemes.get(name, {})
            if scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                kinds.add("iam")
            elif scheme.get("type") == "apiKey" and "x-amazon-apigateway-authorizer" not in scheme:
                kinds.add("apiKey")
            else:
                kinds.add("other")
    return next((kind for kind in ("other", "apiKey", "iam") if kind in kinds), "none")


def plan(
    document: Mapping[str, Any],
    way: Way,
    nonce: Callable[[], str],
    backend_paths: Mapping[str, str] | None = None,
) -> Plan:
    """Calls for every operation of `document` that can be called.

    `nonce` returns another short string of letters and digits every time. `backend_paths` is the
    configuration's own promise: the path at the service ("/v1/files/{proxy}") by route
    ("ANY /files/{proxy+}"). A route that is not in it is taken by the definition's word.
    """
    promised = backend_paths or {}
    planner = _Planner(document, way, nonce, promised)
    calls: list[Call] = []
    skipped: dict[str, str] = {}
    found = list(operations(document))
    for operation in found:
        try:
            calls += list(planner.calls(operation))
        except _NotCalledError as reason:
            skipped[operation.route] = str(reason)
    unsigned = [o.route for o in found if authorization(document, o) == "iam"]
    return Plan(
        calls=tuple(calls),
        skipped=skipped,
        unsigned=tuple(route for route in unsigned if route not in skipped),
        missing=tuple(sorted(set(promised) - {operation.route for operation in found})),
    )


@dataclass(frozen=True)
class _Planner:
    document: Mapping[str, Any]
    way: Way
    nonce: Callable[[], str]
    backend_paths: Mapping[str, str]

    def calls(self, operation: Operation) -> Iterator[Call]:
        if operation.kind not in ("http", "http_proxy", "mock"):
            raise _NotCalledError(f"its integration is {operation.kind or 'missing'}, not http")
        asked = authorization(self.document, operation)
        if asked == "other":
            raise _NotCalledError("its authorizer is not emulated")
        key = ((("X-API-Key", self.way.api_key),)) if asked == "apiKey" else ()
        promise = self._from_definition if operation.kind == "mock" else self._from_service
        variants = list(self._variants(operation))
        for method, values in variants:
            request = self._request(operation, method, values, key)
            yield Call(operation.route, request, promise(operation, request, values))
        if key:
            request = self._request(operation, *variants[0], headers=())
            refused = Promise(None, status=int(HTTPStatus.FORBIDDEN))
            yield Call(operation.route, request, refused)

    def _variants(self, operation: Operation) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Methods and path parameters: every method and every kind of value at least once."""
        methods: Sequence[str] = (operation.method,)
        if operation.method == "ANY":
            explicit = {key.upper() for key in operation.siblings}
            methods = [method for method in METHODS if method not in explicit]
        names = re.findall(r"\{([^}]+)\}", operation.path)
        count = 1
        if names and operation.kind != "mock":
            count = len(_GREEDY if names[-1].endswith("+") else _SEGMENTS)
        values = []
        for index in range(count):
            filled = {}
            for name in names:
                shapes = _GREEDY if name.endswith("+") else _SEGMENTS
                filled[name.rstrip("+")] = shapes[index % len(shapes)].format(self.nonce())
            if self._owner(_fill(operation.path, filled)) == operation.path:
                values.append(filled)
        if not values:
            raise _NotCalledError("more specific routes take what would be called")
        for index in range(max(len(methods), len(values))):
            yield methods[index % len(methods)], values[index % len(values)]

    def _owner(self, path: str) -> str | None:
        """The path of the document that API Gateway prefers for the path of a request."""
        matching = [p for p in self.document["paths"] if re.fullmatch(_pattern(p), path)]
        return max(matching, key=_specificity, default=None)

    def _request(
        self, operation: Operation, method: str, values: Mapping[str, str], headers: Headers
    ) -> Request:
        nonce = self.nonce()
        query = [("nonce", nonce), ("again", "1"), ("again", "a b/ü&=")]
        sent = {NONCE_HEADER: nonce, **dict(headers)}
        for listed in (operation.siblings, operation.item):
            for parameter in map(self._resolved, listed.get("parameters", [])):
                if parameter.get("required") and "." in parameter["name"]:
                    raise _NotCalledError(f"the emulator cannot check {parameter['name']} (a dot)")
                value = _value(self._resolved(parameter.get("schema", {})), self.nonce())
                if parameter["in"] == "query":
                    query.append((parameter["name"], value))
                elif parameter["in"] == "header":
                    sent[parameter["name"]] = value
        if method == "OPTIONS":
            sent |= {"Origin": "https://page.example", "Access-Control-Request-Method": "GET"}
        body = b""
        if method in _WITH_BODY:
            sent["Content-Type"], body = self._body(operation, nonce)
        target = f"{_fill(operation.path, values)}?{urllib.parse.urlencode(query)}"
        return Request(method, target, tuple(sent.items()), body)

    def _body(self, operation: Operation, nonce: str) -> tuple[str, bytes]:
        content = self._resolved(operation.item.get("requestBody", {})).get("content", {})
        for kind, media in content.items():
            example = media.get("example") or self._sample(media.get("schema", {}), nonce)
            return kind, json.dumps(example).encode()
        binary = set(self.document.get("x-amazon-apigateway-binary-media-types", []))
        # Without a proxy the emulator reads the body as text, which API Gateway does not.
        is_proxy = operation.integration.get("type") == "http_proxy"
        if is_proxy and binary & {"*/*", _BINARY} and not self._checks_bodies(operation):
            return _BINARY, bytes(range(256)) + nonce.encode()
        return "application/json", json.dumps({"nonce": nonce}).encode()

    def _checks_bodies(self, operation: Operation) -> bool:
        """Whether a validator reads the body: the emulator's refuses all but JSON, model or not."""
        key = "x-amazon-apigateway-request-validator"
        name = operation.item.get(key, self.document.get(key))
        validator = self.document.get(f"{key}s", {}).get(name, {})
        return bool(validator.get("validateRequestBody"))

    def _sample(self, schema: Mapping[str, Any], nonce: str) -> Any:
        """A value that a plain schema accepts."""
        schema = self._resolved(schema)
        if "example" in schema:
            return schema["example"]
        if schema.keys() & {"pattern", "allOf", "anyOf", "oneOf", "not"}:
            raise _NotCalledError(
                "its model is too particular to make up a body: give an `example`"
            )
        match schema.get("type", "object"):
            case "object":
                properties = schema.get("properties", {})
                names = [*properties, *schema.get("required", [])]
                return {
                    n: self._sample(properties.get(n, {"type": "string"}), nonce) for n in names
                }
            case "array":
                item = self._sample(schema.get("items", {"type": "string"}), nonce)
                return [item] * max(1, schema.get("minItems", 1))
            case "integer" | "number" | "boolean":
                return json.loads(_value(schema, nonce))
            case _:
                text = _value(schema, nonce).ljust(schema.get("minLength", 0), "x")
                return text[: schema.get("maxLength")]

    def _from_definition(
        self, operation: Operation, _request: Request, _values: Mapping[str, str]
    ) -> Promise:
        """The promise of a mock: an answer that stands in the document."""
        templates = operation.integration.get("requestTemplates", {})
        answers = operation.integration.get("responses", {})
        try:
            chosen = json.loads(templates["application/json"])["statusCode"]
        except (KeyError, TypeError, ValueError):
            raise _NotCalledError("its template gives no fixed statusCode") from None
        statuses = _statuses(answers)
        status = select(statuses, chosen)
        if status is None:
            raise _NotCalledError(f"it has no answer for its own statusCode {chosen}")
        answer = next(a for a in answers.values() if int(a["statusCode"]) == status)
        return Promise(None, status=status, answer_headers=_fixed_headers(answer))

    def _from_service(
        self, operation: Operation, request: Request, values: Mapping[str, str]
    ) -> Promise:
        """The promise of a route to a target."""
        integration, is_proxy = operation.integration, operation.kind == "http_proxy"
        mapped = self._mapped(integration, request, values)
        uri = re.sub(
            r"\$\{stageVariables\.(\w+)\}",
            lambda match: self.way.variables.get(match[1], match[0]),
            str(integration.get("uri", "")),
        )
        parts = urllib.parse.urlsplit(uri)
        if parts.netloc not in self.way.addresses:
            raise _NotCalledError(f"its uri leads to {parts.netloc or uri!r}, which is no target")
        promised = self.backend_paths.get(operation.route)
        # What nothing is mapped to is promised too: the route has it on both sides.
        path = _fill(promised or parts.path, values if promised else {**values, **mapped["path"]})
        query = query_of(_fill(parts.query, mapped["path"])) + Counter(
            mapped["querystring"].items()
        )
        headers = tuple(mapped["header"].items())
        if is_proxy:
            query += query_of(request.query)
            replaced = {name.lower() for name in mapped["header"]}
            headers += tuple(h for h in request.headers if h[0].lower() not in replaced)
        method = str(integration.get("httpMethod", "ANY")).upper()
        is_rewritten = "requestTemplates" in integration or "contentHandling" in integration
        return Promise(
            Delivery(
                target=self.way.target,
                method=request.method if method == "ANY" else method,
                path=path or "/",
                query=query,
                headers=headers,
                body=None if is_rewritten else request.body,
            ),
            statuses=() if is_proxy else _statuses(integration.get("responses", {})),
            answer_headers=_allowed_origin(operation),
        )

    def _mapped(
        self, integration: Mapping[str, Any], request: Request, values: Mapping[str, str]
    ) -> dict[str, dict[str, str]]:
        """What is handed on by `requestParameters`, by place and name."""
        mapped: dict[str, dict[str, str]] = {"path": {}, "querystring": {}, "header": {}}
        for to, source in (integration.get("requestParameters") or {}).items():
            place, _, name = to.removeprefix("integration.request.").partition(".")
            if place not in mapped or "." in name or not _MAPPABLE.fullmatch(source):
                raise _NotCalledError(f"the emulator does not map {source} to {to}")
            if value := self._source(source, request, values):
                mapped[place][name] = value
        return mapped

    def _source(self, source: str, request: Request, values: Mapping[str, str]) -> str | None:
        place, _, name = source.rpartition(".")
        match place.removeprefix("method.request."):
            case "path":
                return values.get(name)
            case "header":
                return request.header(name)
            case "querystring":
                return dict(urllib.parse.parse_qsl(request.query)).get(name)
            case "stageVariables":
                return self.way.variables.get(name)
            case _:
                return source.strip("'") if source.startswith("'") else ANYTHING

    def _resolved(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The item, or what its local $ref points at."""
        while "$ref" in item:
            found: Any = self.document
            for part in str(item["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            item = found
        return item


_MAPPABLE = re.compile(
    r"'.*'|stageVariables\.[^.]+|context\..+|method\.request\.(path|querystring|header)\.[^.]+"
)


def _fill(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{([^}+]+)\+?\}", lambda match: values.get(match[1], match[0]), template)


def _pattern(path: str) -> str:
    """A path of the document as a regular expression over the paths of requests."""
    pieces = re.split(r"(\{[^}]+\})", path)
    return "".join(
        (".+" if piece.endswith("+}") else "[^/]+") if piece.startswith("{") else re.escape(piece)
        for piece in pieces
    )


def _specificity(path: str) -> list[int]:
    """Orders paths that match one request: literal segments before parameters before greedy."""
    return [
        0 if segment.endswith("+}") else 1 if segment.startswith("{") else 2
        for segment in path.split("/")
    ]


def _value(schema: Mapping[str, Any], nonce: str) -> str:
    """A scalar that a schema accepts, as text: the nonce where it may be."""
    for fixed in (schema.get("example"), schema.get("default"), *schema.get("enum", [])):
        if fixed is not None:
            return str(fixed)
    if schema.get("type") in ("integer", "number"):
        return str(schema.get("minimum", min(1, schema.get("maximum", 1))))
    return "true" if schema.get("type") == "boolean" else nonce


def _statuses(answers: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    return tuple((pattern, int(answer["statusCode"])) for pattern, answer in answers.items())


def _fixed_headers(answer: Mapping[str, Any]) -> Headers:
    return tuple(
        (to.removeprefix("method.response.header."), source[1:-1])
        for to, source in answer.get("responseParameters", {}).items()
        if source.startswith("'")
    )


def _allowed_origin(operation: Operation) -> Headers:
    """The origin that the preflight of the path allows: each answer has to allow it, too."""
    preflight = Operation(operation.path, "OPTIONS", operation.siblings.get("options", {}), {})
    if operation.method == "OPTIONS" or preflight.kind != "mock":
        return ()
    answers = preflight.integration.get("responses", {}).values()
    found = {name: value for answer in answers for name, value in _fixed_headers(answer)}
    return tuple((k, v) for k, v in found.items() if k.lower() == _ALLOW_ORIGIN)
