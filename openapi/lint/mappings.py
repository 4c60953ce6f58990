"""Mapping expressions: where the values of parameters come from and go to.

Sources:
https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html,
https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from openapi.hints import nearest
from openapi.paths import Problems, at

LOCATIONS = {"path": "path", "querystring": "query", "header": "header"}
"""Locations of a parameter in OpenAPI, by their names in mappings."""
REQUEST = r"integration\.request\.(path|querystring|header)\.[^.].*"
RESPONSE = r"method\.response\.header\.[^.].*"
GATEWAY = r"gatewayresponse\.(header|path|querystring)\.[^.].*"
_FROM_REQUEST = (
    r"method\.request\.(path|querystring|header|multivaluequerystring|multivalueheader)\.\S+"
    r"|method\.request\.body(\..+)?"
)
_FROM_RESPONSE = (
    r"integration\.response\.(header|multivalueheader)\.\S+|integration\.response\.body(\..+)?"
)
_ANYWHERE = r"'[^']*'|stageVariables\.\w+|context\.\w\S*"
SOURCES = {
    "request": f"{_FROM_REQUEST}|{_ANYWHERE}",
    "response": f"{_FROM_RESPONSE}|{_ANYWHERE}",
}
_ROOTS = {
    "request": "method.request.header.NAME, .querystring. or .path., method.request.body",
    "response": "integration.response.header.NAME, integration.response.body",
}
_WORDS = ("method", "integration", "request", "response", "header", "querystring", "path", "body")
_PREFIXES = ("stageVariables", "context", *_WORDS)


def mapping_problems(path: str, mapped: Any, target: str, shown: str, side: str) -> Problems:
    """Everything that is wrong with the entries of one mapping.

    `target` is the pattern of its keys, and `shown` is how to write one; the values come from the
    `side` request or response.
    """
    if not isinstance(mapped, Mapping):
        yield path, f"{mapped!r:.80} is not an object of mappings. Correct it."
        return
    for key, source in mapped.items():
        entry = at(path, key)
        if not re.fullmatch(target, key):
            yield entry, f"is not a place for a value. Write {shown}, with its name."
        if not isinstance(source, str):
            yield (
                entry,
                f"{source!r} is not text, as an import expects. Write a fixed value in two kinds "
                f"of quotes, \"'{_text(source)}'\".",
            )
        elif not re.fullmatch(SOURCES[side], source):
            yield entry, _source_message(source, side)


def _source_message(source: str, side: str) -> str:
    if "." not in source or not nearest(source.split(".", maxsplit=1)[0], _PREFIXES):
        return (
            f"{source!r} is not a mapping expression. Write a fixed value in two kinds of quotes, "
            f"\"'{source.strip(chr(39))}'\"."
        )
    allowed = f"{_ROOTS[side]}, stageVariables.NAME or context.NAME"
    return f"{source!r} is not a mapping expression. Use {allowed}."


def undeclared(path: str, mapped: Any, declared: Collection[tuple[str, str]]) -> Problems:
    """Sources that name a parameter which the operation does not have."""
    for key, source in mapped.items() if isinstance(mapped, Mapping) else ():
        parts = re.fullmatch(
            r"method\.request\.(?:multivalue)?(path|querystring|header)\.(.+)", str(source)
        )
        if parts and (LOCATIONS[parts[1]], parts[2]) not in declared:
            advice = f"Add it to the operation's parameters, with `in: {LOCATIONS[parts[1]]}`."
            yield at(path, key), f"{source!r} is not declared. {advice}"


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
