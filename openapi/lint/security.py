"""Security schemes, and the security that the document and its operations require."""

from collections.abc import Mapping
from typing import Any

from openapi.document import Document, is_api_key, mapping, sequence
from openapi.hints import listed
from openapi.lint.extensions import AUTHORIZER, AUTHTYPE
from openapi.paths import Problems, at


def problems(document: Document) -> Problems:
    """Everything that is wrong with security."""
    schemes = document.components("securitySchemes")
    for name, scheme in schemes.items():
        yield from _scheme_problems(at("components.securitySchemes", name), mapping(scheme))
    yield from _requirement_problems(schemes, "security", document.content.get("security"))
    for operation in document.operations:
        path = at(operation.json_path, "security")
        yield from _requirement_problems(schemes, path, operation.spec.get("security"))


def _requirement_problems(schemes: Mapping[str, Any], path: str, requirements: Any) -> Problems:
    if len(sequence(requirements)) > 1:
        yield (
            path,
            "has alternatives, which API Gateway does not support. Require one, or all of them in "
            "one item, such as {sigv4: [], api_key: []}.",
        )
    for position, requirement in enumerate(sequence(requirements)):
        names = list(mapping(requirement))
        for name in names:
            if name not in schemes:
                known = f"components.securitySchemes ({listed(schemes)})"
                yield at(path, position, name), f"is not in {known}. Define it there."
        authorizers = [n for n in names if n in schemes and not is_api_key(schemes[n])]
        if len(authorizers) > 1:
            several = " and ".join(authorizers)
            yield at(path, position), f"{several} are too many for one method. Keep one of them."


def _scheme_problems(path: str, scheme: Mapping[str, Any]) -> Problems:
    if scheme.get("type") != "apiKey":
        yield (
            at(path, "type"),
            f"{scheme.get('type')!r} is not supported by API Gateway, where the type of every "
            f"scheme is apiKey. Use apiKey with {AUTHTYPE} or {AUTHORIZER}.",
        )
    elif scheme.get(AUTHORIZER) is not None:
        kind = mapping(scheme[AUTHORIZER]).get("type")
        if kind not in ("token", "request", "cognito_user_pools"):
            allowed = "token, request or cognito_user_pools"
            yield at(path, AUTHORIZER, "type"), f"{kind!r} is not an authorizer. Use {allowed}."
    elif str(scheme.get(AUTHTYPE, "")).lower() != "awssigv4" and not is_api_key(scheme):
        yield (
            path,
            "is neither IAM, nor an authorizer, nor an API key, so API Gateway would admit "
            f"everyone. Add {AUTHTYPE}: awsSigv4, or {AUTHORIZER}, or use the header x-api-key.",
        )
