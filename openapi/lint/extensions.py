"""API Gateway's extensions: their names, and the values of those for the whole API.

API Gateway ignores a misspelled extension, even the one that closes a route.
"""

from typing import Any

from openapi.compiler import ANY_METHOD, INTEGRATION, POLICY
from openapi.document import Document, mapping, sequence
from openapi.hints import nearest
from openapi.paths import Problems, at

VALIDATOR = "x-amazon-apigateway-request-validator"
VALIDATORS = "x-amazon-apigateway-request-validators"
AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTHTYPE = "x-amazon-apigateway-authtype"
_KEY_SOURCE = "x-amazon-apigateway-api-key-source"
_PREFIX = "x-amazon-apigateway-"
_ROOT = (
    _KEY_SOURCE,
    "x-amazon-apigateway-binary-media-types",
    "x-amazon-apigateway-documentation",
    "x-amazon-apigateway-endpoint-access-mode",
    "x-amazon-apigateway-gateway-responses",
    "x-amazon-apigateway-minimum-compression-size",
    POLICY,
    VALIDATOR,
    VALIDATORS,
    "x-amazon-apigateway-security-policy",
)
_OPERATION = (INTEGRATION, VALIDATOR, "x-amazon-apigateway-auth")
_ELSEWHERE = {
    "x-amazon-apigateway-endpoint-configuration": "belongs to the stack: set `endpointType` there",
    "x-amazon-apigateway-cors": "is for HTTP APIs; add OPTIONS operations with a mock integration",
}


def problems(document: Document) -> Problems:
    """Unknown extensions wherever API Gateway reads some, and unusable values at the root."""
    yield from _unknown("", document.content, _ROOT)
    for path, item in document.paths.items():
        yield from _unknown(at("paths", path), item, (ANY_METHOD,))
    for operation in document.operations:
        yield from _unknown(operation.json_path, operation.spec, _OPERATION)
    for name, scheme in document.components("securitySchemes").items():
        path = at("components.securitySchemes", name)
        yield from _unknown(path, scheme, (AUTHORIZER, AUTHTYPE))
    source = document.content.get(_KEY_SOURCE, "HEADER")
    if source not in ("HEADER", "AUTHORIZER"):
        yield _KEY_SOURCE, f"{source!r} is not a source of API keys. Use HEADER or AUTHORIZER."
    if POLICY in document.content and not _allows_something(document.content[POLICY]):
        yield POLICY, "allows nothing, so it denies everyone. Add a statement with Effect Allow."


def _unknown(path: str, holder: Any, known: tuple[str, ...]) -> Problems:
    for key in mapping(holder):
        if key in _ELSEWHERE:
            yield at(path, key), f"{_ELSEWHERE[key]}. Remove it."
        elif key.startswith(_PREFIX) and key not in known:
            endings = [extension.removeprefix(_PREFIX) for extension in known]
            near = nearest(key.removeprefix(_PREFIX), endings)
            hint = f"; did you mean {_PREFIX}{near}?" if near else "."
            yield at(path, key), f"is not read here by a REST API{hint} Correct or remove it."


def _allows_something(policy: Any) -> bool:
    statements = mapping(policy).get("Statement", [])
    statements = sequence(statements) or [statements]
    return any(mapping(statement).get("Effect") == "Allow" for statement in statements)
