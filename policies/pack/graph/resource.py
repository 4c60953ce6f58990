"""A resource as the rules see it: plain values, and URNs in place of objects."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs

from ..sdk import SdkObject
from ..values import UnknownValue, each, peek
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
        """
        value = self.peek(path)
        if isinstance(value, UnknownValue):
            raise UnknownPropertyError(self, path)
        return value

    def each(self, path: str) -> list[Any]:
        """List the values at a dotted path; a list along the way stands for its elements."""
        return each(self.props, *path.split("."))

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Operations of the OpenAPI document in its `body`; none without a body.

        UnknownPropertyError when the body is unknown, UnreadableError when it is not a document.
        """
        body = self.known("body")
        return tuple(operations(read(body))) if isinstance(body, str) and body else ()


class UnknownPropertyError(Exception):
    """A check needs a value that does not exist yet."""

    def __init__(self, resource: Resource, path: str) -> None:
        super().__init__(f"{path} of {resource.urn} is not known yet")
        self.resource = resource
        self.path = path


def resource_of(source: ResourceValidationArgs | PolicyResource) -> Resource:
    """Wrap a resource of the SDK."""
    known = source.provider
    provider = Provider(known.urn, known.name, known) if known else None
    return Resource(source.urn, source.resource_type, source.name, provider, source)
