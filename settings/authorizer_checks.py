"""The checks of authorizers, and of what uses them."""

from collections.abc import Callable

from openapi.authorizers import CognitoAuthorizer, authorizer_problems, use_problems
from openapi.document import Document, is_api_key, mapping, sequence
from openapi.paths import Problems, at

from .errors import hint, quoted
from .reader import Draft


def _authorizers_are_right(draft: Draft) -> Problems:
    if draft.api:
        accounts = draft.account_ids
        found = authorizer_problems(draft.api.authorizers, draft.region, accounts)
        yield from ((f"api.{path}", message) for path, message in found)


def _routes_name_authorizers(draft: Draft) -> Problems:
    # Also those that are not valid themselves, which is said elsewhere.
    given = mapping(mapping(draft.given.get("api")).get("authorizers"))
    valid = draft.api.authorizers if draft.api else {}
    names = [*given]
    cognito = [
        name
        for name in names
        if isinstance(valid.get(name), CognitoAuthorizer) or name not in valid
    ]
    for path, message in use_problems(draft.routes, names, cognito):
        yield f"api.{path}", message


def _authorizers_are_used(draft: Draft) -> Problems:
    if draft.api is None or draft.api.definition_file or not draft.routes:
        return
    # Also those of routes that are not valid.
    routes = sequence(mapping(draft.given.get("api")).get("routes"))
    used = {str(mapping(route).get("authorization")) for route in routes}
    for name in sorted(draft.api.authorizers.keys() - used):
        yield (
            at("api.authorizers", name),
            "is named by no route. Set `authorization` of one to it, or remove it.",
        )


def _a_file_requires_them(draft: Draft) -> Problems:
    if draft.api is None or draft.imported is None or not draft.imported.content:
        return
    file, document = draft.api.definition_file, Document(draft.imported.content)
    schemes = document.components("securitySchemes")
    required = {
        name
        for operation in document.operations
        for requirement in sequence(operation.security)
        for name in mapping(requirement)
    }
    for name in draft.api.authorizers:
        key, scheme = at("api.authorizers", name), mapping(schemes.get(name))
        if name not in schemes:
            yield (
                key,
                f"{quoted(name)} is not a security scheme of {file}; {hint(name, schemes)}. Use "
                "the name of one, or add it there.",
            )
        elif is_api_key(scheme) or any(one.startswith("x-amazon-") for one in scheme):
            yield (
                key,
                f"{file} already lets API Gateway check {quoted(name)}. Remove this, or what "
                "begins with x-amazon- there.",
            )
        elif name not in required:
            yield key, f"no operation of {file} requires {quoted(name)}. Remove this."


AUTHORIZER_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _authorizers_are_right,
    _routes_name_authorizers,
    _authorizers_are_used,
    _a_file_requires_them,
)
