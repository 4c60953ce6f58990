"""API Gateway's extensions: their names, and the values of those for the whole API.

API Gateway ignores a misspelled extension, even the one that closes a route.
"""

from typing import Any

from openapi.compiler import ANY_METHOD, BINARY_MEDIA_TYPES, INTEGRATION, POLICY
from openapi.document import (
    AUTHORIZER,
    AUTHTYPE,
    VALIDATOR,
    VALIDATORS,
    Document,
    mapping,
    sequence,
)
from openapi.hints import nearest
from openapi.lint import values
from openapi.lint.responses import GATEWAY_RESPONSES
from openapi.paths import Problems, at

_PREFIX = "x-amazon-apigateway-"
_KEY_SOURCE = f"{_PREFIX}api-key-source"
_COMPRESSION = f"{_PREFIX}minimum-compression-size"
_AUTH = f"{_PREFIX}auth"
_ROOT = (
    _KEY_SOURCE,
    BINARY_MEDIA_TYPES,
    f"{_PREFIX}documentation",
    f"{_PREFIX}endpoint-access-mode",
    GATEWAY_RESPONSES,
    _COMPRESSION,
    POLICY,
    VALIDATOR,
    VALIDATORS,
    f"{_PREFIX}security-policy",
)
_OPERATION = (INTEGRATION, VALIDATOR, _AUTH)
_SCHEME = (AUTHORIZER, AUTHTYPE)
_SERVER = (f"{_PREFIX}endpoint-configuration",)
_ALL = (*_ROOT, *_OPERATION, *_SCHEME, *_SERVER, ANY_METHOD)
_ELSEWHERE = {
    f"{_PREFIX}endpoint-configuration": (
        "belongs to the stack: set `endpointType` and `defaultEndpoint` there"
    ),
    f"{_PREFIX}cors": "is for HTTP APIs; add OPTIONS operations with a mock integration",
    f"{_PREFIX}importexport-version": "is for HTTP APIs",
}
_CLOSE = 0.8
"""How like an extension a key of another prefix has to be, to be taken for a misspelled one."""


def problems(document: Document) -> Problems:
    """Unknown extensions wherever API Gateway reads some, and unusable values at the root."""
    yield from _unknown("", document.content, _ROOT)
    for position, server in enumerate(sequence(document.content.get("servers"))):
        yield from _unknown(at("servers", position), server, _SERVER)
    for path, item in document.paths.items():
        yield from _unknown(at("paths", path), item, (ANY_METHOD,))
    for operation in document.operations:
        yield from _unknown(operation.json_path, operation.spec, _OPERATION)
        yield from _auth_problems(at(operation.json_path, _AUTH), operation.spec.get(_AUTH))
    for name, scheme in document.components("securitySchemes").items():
        yield from _unknown(at("components.securitySchemes", name), scheme, _SCHEME)
    source = document.content.get(_KEY_SOURCE, "HEADER")
    if source not in ("HEADER", "AUTHORIZER"):
        yield _KEY_SOURCE, f"{source!r} is not a source of API keys. Use HEADER or AUTHORIZER."
    for key, kind in (
        (BINARY_MEDIA_TYPES, values.BinaryMediaTypes),
        (_COMPRESSION, values.CompressionSize),
    ):
        if key in document.content:
            yield from values.value_problems(key, kind, document.content[key])
    if POLICY in document.content and not _allows_something(document.content[POLICY]):
        yield POLICY, "allows nothing, so it denies everyone. Add a statement with Effect Allow."


def _unknown(path: str, holder: Any, known: tuple[str, ...]) -> Problems:
    for key in mapping(holder):
        if not key.startswith("x-") or key in known:
            continue
        if key in _ELSEWHERE:
            yield at(path, key), f"{_ELSEWHERE[key]}. Remove it."
        elif key.startswith(_PREFIX):
            endings = [extension.removeprefix(_PREFIX) for extension in known]
            near = nearest(key.removeprefix(_PREFIX), endings)
            hint = f"; did you mean {_PREFIX}{near}?" if near else "."
            yield at(path, key), f"is not read here by a REST API{hint} Correct or remove it."
        elif near := nearest(key, _ALL, cutoff=_CLOSE):
            text = f"is not an extension of API Gateway; did you mean {near}?"
            yield at(path, key), f"{text} Correct or remove it."


def _auth_problems(path: str, value: Any) -> Problems:
    if value is not None and str(mapping(value).get("type")).upper() not in ("AWS_IAM", "NONE"):
        yield path, f"{value!r:.80} is not supported. Write {{type: AWS_IAM}}, or use `security`."


def _allows_something(policy: Any) -> bool:
    statements = mapping(policy).get("Statement", [])
    statements = sequence(statements) or [statements]
    return any(mapping(statement).get("Effect") == "Allow" for statement in statements)
