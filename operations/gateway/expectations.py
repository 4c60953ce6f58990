"""What is promised of a call, and how what happened differs from it."""

import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from operations.gateway.proxy import Answer, Headers, Request

Query = Counter[tuple[str, str]]
"""Decoded names and values of a query, each as often as it stands there."""
ANYTHING = "\0anything"
"""In a promised header: it is present, whatever it says."""


@dataclass(frozen=True)
class Delivery:
    """What a target receives; a `body` of None may be any."""

    target: str
    method: str
    path: str
    query: Query = field(default_factory=Counter)
    headers: Headers = ()
    body: bytes | None = None


@dataclass(frozen=True)
class Promise:
    """What is promised of one call."""

    delivery: Delivery | None
    """None when the gateway answers by itself."""
    status: int | None = None
    """Status of the answer; None when it is the service's."""
    statuses: Sequence[tuple[str, int]] = ()
    """Patterns over the service's status and what each becomes; empty passes all through."""
    answer_headers: Headers = ()


@dataclass(frozen=True)
class Arrival:
    """A request as a target received it, and the target's answer."""

    target: str
    request: Request
    answer: Answer


def disagreements(
    request: Request, promise: Promise, arrivals: Sequence[Arrival], answer: Answer
) -> list[str]:
    """How the arrivals and the answer of `request` differ from the promise; empty if they agree."""
    if promise.delivery is None:
        astray = [f"it reached {arrival.target}, and should not" for arrival in arrivals]
        return [*astray, *_of_answer(promise, promise.status, answer)]
    if len(arrivals) != 1:
        said = answer.body[:200].decode(errors="replace").strip()
        return [
            f"{promise.delivery.target} received it {len(arrivals)} times, promised once; "
            f"the answer was {answer.status} {said}"
        ]
    found = list(_of_delivery(promise.delivery, arrivals[0]))
    sent = arrivals[0].answer
    if promise.statuses:
        found += _of_answer(promise, select(promise.statuses, sent.status), answer)
    else:
        found += _of_answer(promise, sent.status, answer)
        if request.method != "HEAD" and answer.body != sent.body:
            found.append(f"the service answered {len(sent.body)} bytes, others came back")
    return found


def select(statuses: Sequence[tuple[str, int]], status: int) -> int | None:
    """What a service's status becomes: by the first pattern that fits, else by `default`."""
    for pattern, mapped in statuses:
        if pattern != "default" and re.fullmatch(pattern, str(status)):
            return mapped
    return dict(statuses).get("default")


def query_of(text: str) -> Query:
    """A query as it stands in a request."""
    return Counter(urllib.parse.parse_qsl(text, keep_blank_values=True))


def normal(path: str) -> str:
    """A path in one spelling: unreserved characters plain, hexadecimal digits in capitals.

    Source: https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
    """

    def spell(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if re.fullmatch(r"[A-Za-z0-9._~-]", character) else match[0].upper()

    return re.sub(r"%([0-9A-Fa-f]{2})", spell, path)


def _of_delivery(promised: Delivery, arrival: Arrival) -> Iterator[str]:
    request = arrival.request
    if arrival.target != promised.target:
        yield f"target: promised {promised.target}, reached {arrival.target}"
    if request.method != promised.method:
        yield f"method: promised {promised.method}, received {request.method}"
    if normal(request.path) != normal(promised.path):
        yield f"path: promised {promised.path}, received {request.path}"
    received = query_of(request.query)
    if lost := promised.query - received:
        yield f"query: lost {_listed(lost)}"
    if added := received - promised.query:
        yield f"query: added {_listed(added)}"
    for name, value in promised.headers:
        found = request.header(name)
        # Names only: a header may carry a key.
        if found is None:
            yield f"header {name}: lost"
        elif value not in (found, ANYTHING):
            yield f"header {name}: changed"
    if promised.body not in (None, request.body):
        yield f"body: sent {len(promised.body or b'')} bytes, received {len(request.body)} others"


def _of_answer(promise: Promise, status: int | None, answer: Answer) -> Iterator[str]:
    if answer.status != status:
        yield f"status: promised {status or 'none for what the service said'}, got {answer.status}"
    for name, value in promise.answer_headers:
        if answer.header(name) != value:
            yield f"answer's header {name}: promised {value!r}, got {answer.header(name)!r}"


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in pairs)
