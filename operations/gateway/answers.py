"""What the service of a definition file answers, made up from what the file describes."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from openapi.importing import Imported
from openapi.paths import Steps
from operations.gateway.definition import GatewayOperation, operations
from operations.gateway.proxy import Headers, Request, Response
from operations.gateway.samples import NoSampleError, sample

_NONCE = "sample"
_ORIGIN = "Access-Control-Allow-Origin"
_OF_THE_MESSAGE = {"content-length", "content-type", "connection", "transfer-encoding"}


@dataclass(frozen=True)
class Answer:
    """The answer to the requests of one operation, at the service."""

    method: str
    """In capitals, or ANY."""
    pattern: re.Pattern[str]
    """The paths at the service."""
    status: int
    headers: Headers
    body: bytes | None
    """None keeps what the sample service answers."""

    def of(self, request: Request, response: Response) -> Response:
        """The answer, with what remains of that of the sample service."""
        body = response.body if self.body is None else self.body
        replaced = {name.lower() for name, _ in self.headers} | {"content-length"}
        kept = [header for header in response.headers if header[0].lower() not in replaced]
        length = len(body) if request.method != "HEAD" else 0
        headers = (*kept, *self.headers, ("Content-Length", str(length)))
        return Response(self.status, headers, b"" if request.method == "HEAD" else body)


def answers(imported: Imported, document: Mapping[str, Any]) -> tuple[Answer, ...]:
    """The answers of all operations of a compiled document, the most specific paths first.

    `imported` has the file as it was, with the schemas and examples that are not sent.
    """
    found = []
    for operation in operations(document):
        steps = imported.origins.get((operation.path, operation.method))
        uri = str(operation.integration.get("uri", ""))
        path = re.fullmatch(r"https?://[^/]+(/[^?]*).*", uri)
        if steps and path:
            found.append((operation, path[1], steps))
    found.sort(key=lambda item: [segment.startswith("{") for segment in item[1].split("/")])
    return tuple(_answer(operation, path, steps, imported) for operation, path, steps in found)


def answer_to(request: Request, known: tuple[Answer, ...]) -> Answer | None:
    """The answer to a request as a target received it."""
    matching = (a for a in known if a.method in ("ANY", request.method))
    return next((a for a in matching if a.pattern.fullmatch(request.path)), None)


def _answer(operation: GatewayOperation, path: str, steps: Steps, imported: Imported) -> Answer:
    content: Any = imported.content
    for step in steps:
        content = content[step]
    source = GatewayOperation(
        imported.content, operation.path, operation.method, operation.path_item, content
    )
    status, response = _success(source)
    headers = tuple(_headers(source, operation, response))
    media_type, body = _body(source, response)
    if media_type:
        headers += (("Content-Type", media_type),)
    method = str(operation.integration.get("httpMethod", "ANY")).upper()
    return Answer(method, re.compile(_pattern(path)), status, headers, body)


def _success(source: GatewayOperation) -> tuple[int, Mapping[str, Any]]:
    """The first response that is a success, or what the service answers by itself."""
    for status, response in source.content.get("responses", {}).items():
        if re.fullmatch(r"2\d\d", status):
            return int(status), source.resolve(response)
    return 200, {}


def _headers(
    source: GatewayOperation, operation: GatewayOperation, response: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """A value for each header that is described, and the origin that the preflight allows."""
    origin = operation.allowed_origin
    for name, header in (response.get("headers") or {}).items():
        described = source.resolve(header)
        if name.lower() in _OF_THE_MESSAGE or (origin and name.lower() == _ORIGIN.lower()):
            continue
        example = described.get("example")
        try:
            value = example or sample(source, described.get("schema", {}), _NONCE)
        except NoSampleError:
            value = _NONCE
        yield name, value if isinstance(value, str) else json.dumps(value)
    if origin:
        yield _ORIGIN, origin


def _body(source: GatewayOperation, response: Mapping[str, Any]) -> tuple[str | None, bytes | None]:
    """Media type and body; None and None where nothing is described."""
    for media_type, media in (response.get("content") or {}).items():
        if "*" in media_type:
            continue
        examples = [source.resolve(e).get("value") for e in (media.get("examples") or {}).values()]
        try:
            value = next(
                (v for v in (media.get("example"), *examples) if v is not None), None
            ) or sample(source, media.get("schema", {}), _NONCE)
        except NoSampleError:
            return None, None
        text = value if isinstance(value, str) and "json" not in media_type else json.dumps(value)
        return media_type, text.encode()
    return (None, None) if response.get("content") or not response else (None, b"")


def _pattern(path: str) -> str:
    """The path of an integration as a regular expression over requests at the service."""
    pieces = re.split(r"(\$?\{[^}]+\})", path)
    return "".join(
        ".+"
        if piece.startswith(("{proxy", "${"))
        else "[^/]+"
        if piece.startswith("{")
        else re.escape(piece)
        for piece in pieces
    )
