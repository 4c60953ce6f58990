"""Reading an OpenAPI document as API Gateway does: routes, authorization, integrations.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped]

try:  # a hundred times faster, and not in every build of the library
    from yaml import CSafeLoader as SafeLoader
except ImportError:
    from yaml import SafeLoader

INTEGRATION = "x-amazon-apigateway-integration"
_ANY = "x-amazon-apigateway-any-method"
_VERBS = ("get", "put", "post", "delete", "options", "head", "patch")
# A quote may stand behind the backslash of a JSON text.
_VARIABLE = re.compile(r"stageVariables(?:\.get\(|\[)\\?['\"](\w+)|stageVariables\.(?!get\()(\w+)")
_ONE_VARIABLE = re.compile(r"\$\{stageVariables\.(\w+)\}")


class UnreadableError(Exception):
    """The text is no document; the message never quotes it."""


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    verb: str
    """Upper case; ANY for the catch-all."""
    path: str
    authorized: bool
    """Whether a signature or an authorizer is asked for."""
    keyed: bool
    """Whether an API key is asked for."""
    integration: Mapping[str, Any] | None
    """How the gateway calls the service; `None` when the operation says nothing about it."""

    @property
    def route(self) -> str:
        """Verb and path, as people write it."""
        return f"{self.verb} {self.path}"


def read(text: str) -> Mapping[str, Any]:
    """Parse a JSON or YAML text; `UnreadableError` if it holds no mapping."""
    try:
        document = json.loads(text)
    except ValueError:
        document = _yaml(text)
    if not isinstance(document, dict):
        raise UnreadableError("it holds no mapping")
    return document


def _yaml(text: str) -> Any:
    try:
        return yaml.load(text, Loader=SafeLoader)
    except yaml.YAMLError:
        raise UnreadableError("it is neither JSON nor YAML") from None


def operations(document: Mapping[str, Any]) -> Iterator[Operation]:
    """Every operation of a document, in its order."""
    schemes = _schemes(document)
    for path, item in _mapping(document.get("paths")).items():
        for key, operation in _mapping(item).items():
            if key not in (*_VERBS, _ANY) or not isinstance(operation, dict):
                continue
            # A `security` at the root is not honoured everywhere, so only the operation's counts.
            asked = _requirements(operation.get("security"))
            kinds = [{_kind(schemes.get(name)) for name in names} for names in asked]
            extended = _mapping(operation.get("x-amazon-apigateway-auth")).get("type") or "NONE"
            yield Operation(
                verb="ANY" if key == _ANY else key.upper(),
                path=str(path),
                authorized=_always("authorizer", kinds) or str(extended).upper() != "NONE",
                keyed=_always("key", kinds),
                integration=_integration(document, operation.get(INTEGRATION)),
            )


def variables(value: Any) -> frozenset[str]:
    """Names of the stage variables that are mentioned anywhere inside a value."""
    if isinstance(value, str):
        return frozenset(a or b for a, b in _VARIABLE.findall(value))
    children = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, Mapping | list | tuple):
        return frozenset().union(*(variables(child) for child in children))
    return frozenset()


def sole_variable(text: str) -> str | None:
    """Name the stage variable, when the text is one and no more: "${stageVariables.name}"."""
    match = _ONE_VARIABLE.fullmatch(text)
    return match[1] if match else None


def substituted(text: str, values: Mapping[str, str | None]) -> str:
    """Replace stage variables; those without a value stay as they are."""
    return _ONE_VARIABLE.sub(lambda match: values.get(match[1]) or match[0], text)


def _schemes(document: Mapping[str, Any]) -> Mapping[str, Any]:
    components = _mapping(document.get("components"))
    return {
        **_mapping(document.get("securityDefinitions")),
        **_mapping(components.get("securitySchemes")),
    }


def _requirements(security: Any) -> list[list[str]]:
    """Alternatives, each a list of scheme names; an empty one lets everybody in."""
    if not isinstance(security, list):
        return []
    return [list(_mapping(requirement)) for requirement in security]


def _always(kind: str, alternatives: list[set[str]]) -> bool:
    """Whether every alternative demands it: one of them is enough to get in."""
    return bool(alternatives) and all(kind in demanded for demanded in alternatives)


def _kind(scheme: Any) -> str:
    """Classify a scheme as API Gateway does: "authorizer", "key", or "" for what it ignores."""
    scheme = _mapping(scheme)
    is_signed = str(scheme.get("x-amazon-apigateway-authtype")).lower() == "awssigv4"
    if is_signed or isinstance(scheme.get("x-amazon-apigateway-authorizer"), dict):
        return "authorizer"
    is_key = scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == "x-api-key"
    return "key" if is_key else ""


def _integration(document: Mapping[str, Any], value: Any) -> Mapping[str, Any] | None:
    """Resolve an integration, which may be a reference into the same document."""
    if not isinstance(value, dict):
        return None
    found: Any = value
    if isinstance(value.get("$ref"), str):
        found = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            found = _mapping(found).get(step)
    return found if isinstance(found, dict) else None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
