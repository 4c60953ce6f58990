"""An OpenAPI document as it was read: its operations, and what references lead to."""

import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from openapi.compiler import ANY_METHOD
from openapi.paths import Steps, at
from openapi.routes import path_parameters
from openapi.variables import SERVICE

METHODS = ("get", "head", "post", "put", "patch", "delete", "options", ANY_METHOD)
"""Keys of a path item under which API Gateway reads an operation."""
VALIDATOR = "x-amazon-apigateway-request-validator"
VALIDATORS = "x-amazon-apigateway-request-validators"
AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTHTYPE = "x-amazon-apigateway-authtype"
IN_ANOTHER_FILE = "is in another file"


@dataclass(frozen=True)
class Operation:
    """One method of one path, with what it inherits from the path and from the document."""

    path: str
    method: str
    """Key of the path item: a method in lower case, or the extension for ANY."""
    steps: Steps
    """Where it is in the document."""
    spec: Mapping[str, Any]
    """The operation as it is in the document."""
    parameters: tuple[tuple[Steps, Mapping[str, Any]], ...]
    """Place and content of every parameter, its own first; references are followed."""
    security: Any
    """Its own security requirements, or those of the document; None without any."""
    validates_parameters: bool
    validates_body: bool
    service: str
    """The service that answers, if the operation, its path or the document names one."""

    @property
    def json_path(self) -> str:
        """Where it is in the document, as text."""
        return at("", *self.steps)

    @property
    def path_parameters(self) -> tuple[str, ...]:
        """Names in the path, in order; the greedy one without its plus."""
        return path_parameters(self.path)


class BrokenReferenceError(Exception):
    """A reference that leads to nothing in the document, with where it is and a message."""

    def __init__(self, steps: Steps, reference: str, reason: str) -> None:
        super().__init__(f"{reference!r} {reason}. Refer to a component of this file.")
        self.steps: Steps = (*steps, "$ref")


@dataclass(frozen=True, eq=False)
class Document:
    """A document as it was read; the properties skip everything that is not well-formed."""

    content: Mapping[str, Any]

    def components(self, kind: str) -> Mapping[str, Any]:
        """The components of a kind, such as `schemas`, by name."""
        return mapping(mapping(self.content.get("components")).get(kind))

    def follow(self, steps: Steps, value: Any) -> tuple[Steps, Any]:
        """Where a value really is, and what it is: without a reference, `steps` and `value`.

        Raises BrokenReferenceError.
        """
        seen: list[Steps] = []
        while isinstance(reference := mapping(value).get("$ref"), str):
            holder = steps
            steps, value = self._target(holder, reference)
            if steps in seen:
                raise BrokenReferenceError(holder, reference, "leads back to itself")
            seen.append(steps)
        return steps, value

    def _target(self, holder: Steps, reference: str) -> tuple[Steps, Any]:
        """What one reference names."""
        if not reference.startswith("#"):
            raise BrokenReferenceError(holder, reference, IN_ANOTHER_FILE)
        steps: Steps = ()
        content: Any = self.content
        for part in urllib.parse.unquote(reference[1:]).split("/")[1:]:
            step: str | int = part.replace("~1", "/").replace("~0", "~")
            if isinstance(content, list) and re.fullmatch(r"\d+", str(step)):
                step = int(step)
            try:
                content = content[step]
            except (LookupError, TypeError):
                raise BrokenReferenceError(holder, reference, "leads nowhere") from None
            steps += (step,)
        return steps, content

    def resolve(self, steps: Steps, value: Any) -> Any:
        """What a value or its reference is, or else nothing: an empty mapping."""
        try:
            return self.follow(steps, value)[1]
        except BrokenReferenceError:
            return {}

    @cached_property
    def paths(self) -> Mapping[str, Mapping[str, Any]]:
        """Path items by path, without extensions; references are followed."""
        items = mapping(self.content.get("paths"))
        return {
            path: mapping(self.resolve(("paths", path), item))
            for path, item in items.items()
            if path.startswith("/")
        }

    @cached_property
    def operations(self) -> list[Operation]:
        """Every operation that API Gateway reads."""
        found = []
        for path, item in self.paths.items():
            for method in METHODS:
                spec = self.resolve(("paths", path, method), item.get(method))
                if method in item and isinstance(spec, Mapping) and "$ref" not in spec:
                    found.append(self._operation(path, method, spec))
        return found

    def _operation(self, path: str, method: str, spec: Mapping[str, Any]) -> Operation:
        steps: Steps = ("paths", path, method)
        own = self._parameters(steps, spec)
        overridden = {identity(parameter) for _, parameter in own}
        shared = self._parameters(("paths", path), self.paths[path])
        parameters = (*own, *(p for p in shared if identity(p[1]) not in overridden))
        security = spec.get("security", self.content.get("security"))
        name = spec.get(VALIDATOR, self.content.get(VALIDATOR))
        rules = mapping(mapping(self.content.get(VALIDATORS)).get(str(name)))
        return Operation(
            path,
            method,
            steps,
            spec,
            parameters,
            security,
            rules.get("validateRequestParameters") is True,
            rules.get("validateRequestBody") is True,
            self._service(path, spec),
        )

    def _service(self, path: str, spec: Mapping[str, Any]) -> str:
        holders = (spec, self.paths[path], self.content)
        return next((str(one[SERVICE]) for one in holders if SERVICE in one), "")

    def _parameters(self, steps: Steps, holder: Any) -> list[tuple[Steps, Mapping[str, Any]]]:
        found = []
        for position, value in enumerate(sequence(mapping(holder).get("parameters"))):
            try:
                place, parameter = self.follow((*steps, "parameters", position), value)
            except BrokenReferenceError:
                continue
            if isinstance(parameter, Mapping):
                found.append((place, parameter))
        return found


def operations_with_api_keys(document: Mapping[str, Any]) -> list[str]:
    """JSON paths of the operations that require an API key."""
    read = Document(document)
    keys = {n for n, scheme in read.components("securitySchemes").items() if is_api_key(scheme)}
    return [
        operation.json_path
        for operation in read.operations
        if any(keys & set(mapping(required)) for required in sequence(operation.security))
    ]


def is_api_key(scheme: Any) -> bool:
    """Whether a security scheme stands for API Gateway's own API keys."""
    spec = mapping(scheme)
    return (
        (spec.get("type"), spec.get("in")) == ("apiKey", "header")
        and str(spec.get("name")).lower() == "x-api-key"
        and not any(key.startswith("x-amazon-") for key in spec)
    )


def identity(parameter: Mapping[str, Any]) -> tuple[str, str]:
    """Location and name, which are unique among the parameters of an operation."""
    return str(parameter.get("in")), str(parameter.get("name"))


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a mapping, or else an empty one."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> list[Any]:
    """The value if it is a list, or else an empty one."""
    return value if isinstance(value, list) else []
