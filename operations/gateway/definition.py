"""The operations of an OpenAPI document, as API Gateway reads them.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from openapi.compiler import ANY_METHOD, INTEGRATION
from openapi.document import METHODS

AUTHORIZER = "x-amazon-apigateway-authorizer"
VALIDATOR = "x-amazon-apigateway-request-validator"
_METHODS = {key: "ANY" if key == ANY_METHOD else key.upper() for key in METHODS}
ALL_METHODS = tuple(sorted(set(_METHODS.values()) - {"ANY"}))
"""What API Gateway means by ANY."""


@dataclass(frozen=True)
class GatewayOperation:
    """One operation of a document: a method of a path."""

    document: Mapping[str, Any]
    path: str
    method: str
    """In capitals, or ANY."""
    path_item: Mapping[str, Any]
    content: Mapping[str, Any]

    @property
    def route(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def integration(self) -> Mapping[str, Any]:
        """How API Gateway calls the service; empty if the document does not define it."""
        return self.content.get(INTEGRATION) or {}

    @property
    def integration_type(self) -> str:
        """Such as http_proxy, http or mock; empty without an integration."""
        return str(self.integration.get("type", "")).lower()

    @property
    def authorization(self) -> str:
        """What it requires of its callers: `none`, `iam`, `apiKey`, `authorizer`, or `other`."""
        kinds = set()
        for _, scheme, _ in self.schemes:
            if scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                kinds.add("iam")
            elif AUTHORIZER in scheme:
                kinds.add("authorizer")
            else:
                kinds.add("apiKey" if scheme.get("type") == "apiKey" else "other")
        order = ("other", "authorizer", "apiKey", "iam")
        return next((kind for kind in order if kind in kinds), "none")

    @property
    def schemes(self) -> list[tuple[str, Mapping[str, Any], Sequence[str]]]:
        """Name, content and scopes of each security scheme that it requires.

        Only its own `security` counts: one at the root of a document is not honored everywhere.
        """
        known = self.document.get("components", {}).get("securitySchemes", {})
        required = [pair for one in self.content.get("security", []) for pair in one.items()]
        return [(name, known.get(name, {}), scopes) for name, scopes in required]

    @property
    def allowed_origin(self) -> str | None:
        """The origin that the path's preflight allows, if API Gateway answers it itself."""
        content = self.path_item.get("options", {})
        preflight = dataclasses.replace(self, method="OPTIONS", content=content)
        if self.method == "OPTIONS" or preflight.integration_type != "mock":
            return None
        responses = preflight.integration.get("responses", {}).values()
        found = {name.lower(): value for r in responses for name, value in fixed_headers(r)}
        return found.get("access-control-allow-origin")

    def handles(self, path: str) -> bool:
        """Whether API Gateway prefers its path to the others that match the path of a request."""
        matching = [p for p in self.document["paths"] if re.fullmatch(_pattern(p), path)]
        return max(matching, key=_specificity, default=None) == self.path

    def resolve(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        """The item, or what its local $ref refers to."""
        while "$ref" in item:
            found: Any = self.document
            for part in str(item["$ref"]).removeprefix("#/").split("/"):
                found = found[part]
            item = found
        return item


def operations(document: Mapping[str, Any]) -> Iterator[GatewayOperation]:
    """Every operation of a document, in its order."""
    for path in document.get("paths", {}):
        yield from _operations_of(document, path)


def _operations_of(document: Mapping[str, Any], path: str) -> Iterator[GatewayOperation]:
    item = document["paths"][path]
    for key, content in item.items():
        if key in _METHODS:
            yield GatewayOperation(document, path, _METHODS[key], item, content)


def operation_for(
    document: Mapping[str, Any], method: str, path: str
) -> GatewayOperation | str | None:
    """What API Gateway does with a request: an operation, or the path that lacks the method.

    None if no path matches. A request for `/` may have an empty path.
    """
    matching = [p for p in document["paths"] if re.fullmatch(_pattern(p), path or "/")]
    if not (chosen := max(matching, key=_specificity, default=None)):
        return None
    found = {o.method: o for o in _operations_of(document, chosen)}
    return found.get(method) or found.get("ANY") or chosen


def with_variables(text: str, variables: Mapping[str, str]) -> str:
    """A text with stage variables replaced by their values; unknown ones stay."""
    return re.sub(
        r"\$\{stageVariables\.(\w+)\}", lambda match: variables.get(match[1], match[0]), text
    )


def fixed_headers(response: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """The headers of an integration response whose values are in the document."""
    return tuple(
        (to.removeprefix("method.response.header."), source[1:-1])
        for to, source in response.get("responseParameters", {}).items()
        if source.startswith("'")
    )


def fill(template: str, values: Mapping[str, str]) -> str:
    """A path or query with the parameters that have a value replaced by it."""
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
