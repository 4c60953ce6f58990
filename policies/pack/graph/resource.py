"""A resource as the rules see it: plain values, and URNs in place of objects."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs

from ..sdk import SdkObject
from ..values import UnknownValue, as_boolean, as_number, each, fits, is_set, peek
from .definition import Operation, operations, read


@dataclass(frozen=True, eq=False)
class Provider(SdkObject):
    """The provider of a resource; its properties are JSON text unless they are strings."""

    urn: str
    name: str
    _source: PolicyProviderResource


@dataclass(frozen=True, eq=False)
class Resource(SdkObject):
    """A resource with its inputs (in a resource rule) or its outputs (in a stack rule)."""

    urn: str
    type: str
    name: str
    provider: Provider | None
    _source: ResourceValidationArgs | PolicyResource

    def peek(self, path: str) -> Any:
        """Read the value at a dotted path: `None` when absent, `UNKNOWN` when unknown."""
        return peek(self.props, *path.split("."))

    def known(self, path: str) -> Any:
        """Read the value at a dotted path; UnknownPropertyError when it is unknown.

        A check lets this error pass: the rule then reports that the value is not known yet.
        It does the same with the WrongTypeError of this and the next methods, as a violation.
        """
        value = self.peek(path)
        if isinstance(value, UnknownValue):
            raise UnknownPropertyError(self, path)
        if value is None and self.each(path):
            raise WrongTypeError(self, path)  # a list where there should be an object
        self._require(path, fits(self.props, *path.split(".")))
        return value

    def boolean(self, path: str) -> bool | None:
        """Read a known boolean, which may be text; `None` when it is absent or empty text."""
        value = self.known(path)
        self._require(path, not is_set(value) or as_boolean(value) is not None)
        return as_boolean(value)

    def number(self, path: str) -> float | None:
        """Read a known number, which may be text; `None` when it is absent or empty text."""
        value = self.known(path)
        self._require(path, not is_set(value) or as_number(value) is not None)
        return as_number(value)

    def text(self, path: str) -> str:
        """Read known text; empty when it is absent."""
        value = self.known(path)
        self._require(path, value is None or isinstance(value, str))
        return value or ""

    def mapping(self, path: str) -> dict[str, Any]:
        """Read a known object, of which parts may be unknown; empty when it is absent."""
        value = self.known(path)
        self._require(path, not is_set(value) or isinstance(value, dict))
        return value or {}

    def each(self, path: str) -> list[Any]:
        """List the values at a dotted path; a list along the way stands for its elements."""
        return each(self.props, *path.split("."))

    def elements(self, path: str) -> list[Any]:
        """List the values like `each`; WrongTypeError if the way to them is of the wrong type."""
        self._require(path, fits(self.props, *path.split(".")))
        return self.each(path)

    def _require(self, path: str, is_right: bool) -> None:
        if not is_right:
            raise WrongTypeError(self, path)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Operations of the OpenAPI document in its `body`; none without a body.

        UnknownPropertyError when the body is unknown, UnreadableError when it is not a document.
        """
        body = self.text("body")
        return tuple(operations(read(body))) if body else ()


class UnknownPropertyError(Exception):
    """A check needs a value that does not exist yet."""

    def __init__(self, resource: Resource, path: str) -> None:
        super().__init__(f"{path} of {resource.urn} is not known yet")
        self.resource = resource
        self.path = path


class WrongTypeError(Exception):
    """A property has a value of a type that it cannot have."""

    def __init__(self, resource: Resource, path: str) -> None:
        super().__init__(f"{path} of {resource.urn} has the wrong type")
        self.resource = resource
        self.path = path


def resource_of(source: ResourceValidationArgs | PolicyResource) -> Resource:
    """Wrap a resource of the SDK."""
    known = source.provider
    provider = Provider(known.urn, known.name, known) if known else None
    return Resource(source.urn, source.resource_type, source.name, provider, source)
