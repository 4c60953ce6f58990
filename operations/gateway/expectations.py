"""What is expected of a request through the gateway, and how it differs from what happened."""

import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from operations.gateway.proxy import Headers, Request, Response

Query = Counter[tuple[str, str]]
"""Decoded names and values of a query, each as often as it occurs there."""
ANY_VALUE = "\0any"
"""As an expected header value: the header is present with any value."""


@dataclass(frozen=True)
class ExpectedDelivery:
    """What a target should receive; a `body` of None may be any."""

    target: str
    method: str
    path: str
    query: Query = field(default_factory=Counter)
    headers: Headers = ()
    body: bytes | None = None


@dataclass(frozen=True)
class Expectation:
    """What is expected of one request."""

    delivery: ExpectedDelivery | None
    """None when the gateway responds by itself."""
    status: int | None = None
    """Status of the response; None when the response is the service's."""
    statuses: Sequence[tuple[str, int]] = ()
    """Patterns over the service's status and what each becomes; empty passes everything."""
    response_headers: Headers = ()
    keys: frozenset[str] | None = None
    """Keys of the response's JSON body, when the gateway makes it."""


@dataclass(frozen=True)
class Delivery:
    """A request as a target received it, and the target's response."""

    target: str
    request: Request
    response: Response
    milliseconds: float = 0
    """How long the target took."""


def mismatches(
    request: Request,
    expectation: Expectation,
    deliveries: Sequence[Delivery],
    response: Response,
) -> list[str]:
    """How deliveries and response of `request` differ from the expectation; empty if nowhere."""
    expected = expectation.delivery
    if request.method == "HEAD":
        expectation = replace(expectation, keys=None)
    if expected is None:
        wrong = [
            f"{delivery.target} received the request, which the gateway should have answered"
            for delivery in deliveries
        ]
        return [*wrong, *_in_response(expectation, expectation.status, response)]
    if len(deliveries) != 1:
        text = response.body[:200].decode(errors="replace").strip()
        return [
            f"{expected.target} should have received the request once, but it was received "
            f"{len(deliveries)} times; the response was {response.status} {text}"
        ]
    found = list(_in_delivery(expected, deliveries[0]))
    sent = deliveries[0].response
    if expectation.status:
        return [*found, *_in_response(expectation, expectation.status, response)]
    if expectation.statuses:
        status = mapped_status(expectation.statuses, sent.status)
        return [*found, *_in_response(expectation, status, response)]
    found += _in_response(expectation, sent.status, response)
    if request.method != "HEAD" and response.body != sent.body:
        found.append(f"response body: differs from the {len(sent.body)} bytes of the service")
    return found


def mapped_status(statuses: Sequence[tuple[str, int]], status: int) -> int | None:
    """What a service's status becomes: by the first pattern that matches, else by `default`."""
    for pattern, mapped in statuses:
        if pattern != "default" and re.fullmatch(pattern, str(status)):
            return mapped
    return dict(statuses).get("default")


def parse_query(text: str) -> Query:
    """A query as it is written in a request."""
    return Counter(urllib.parse.parse_qsl(text, keep_blank_values=True))


def normalized(path: str) -> str:
    """A path in canonical form: unreserved characters decoded, hexadecimal digits in capitals.

    Source: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
    """

    def normalize(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else match[0].upper()

    return re.sub(r"%([0-9A-Fa-f]{2})", normalize, path)


def _in_delivery(expected: ExpectedDelivery, delivery: Delivery) -> Iterator[str]:
    request = delivery.request
    if delivery.target != expected.target:
        yield f"target: expected {expected.target}, got {delivery.target}"
    if request.method != expected.method:
        yield f"method: expected {expected.method}, got {request.method}"
    if normalized(request.path) != normalized(expected.path):
        yield f"path: expected {expected.path}, got {request.path}"
    query = parse_query(request.query)
    if missing := expected.query - query:
        yield f"query: missing {_listed(missing)}"
    if unexpected := query - expected.query:
        yield f"query: unexpected {_listed(unexpected)}"
    for name, value in expected.headers:
        found = request.header(name)
        # Names only: a header may carry a key.
        if found is None:
            yield f"header {name}: missing"
        elif value not in (found, ANY_VALUE):
            yield f"header {name}: changed"
    if expected.body not in (None, request.body):
        size = len(expected.body or b"")
        yield f"body: sent {size} bytes, got {len(request.body)} different ones"


def _in_response(expectation: Expectation, status: int | None, response: Response) -> Iterator[str]:
    if response.status != status:
        yield f"status: expected {status or 'a listed status'}, got {response.status}"
    for name, value in expectation.response_headers:
        if response.header(name) != value:
            yield f"response header {name}: expected {value!r}, got {response.header(name)!r}"
    if expectation.keys is not None and (keys := json_keys(response)) != expectation.keys:
        yield f"response body: expected the keys {_names(expectation.keys)}, got {_names(keys)}"


def json_keys(response: Response) -> frozenset[str]:
    """The keys of a JSON object; none if the body is something else."""
    try:
        content = json.loads(response.body)
    except ValueError:
        return frozenset()
    return frozenset(content) if isinstance(content, dict) else frozenset()


def _names(keys: Iterable[str]) -> str:
    return ", ".join(sorted(keys)) or "none"


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in pairs)
