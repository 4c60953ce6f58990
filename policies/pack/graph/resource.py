"""A resource as the rules see it: plain values, and URNs in place of objects."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pulumi_policy import PolicyProviderResource, PolicyResource, ResourceValidationArgs

from .definition import Operation, operations, read
from .values import Unknown, peek, plain


class _Seen:
    """What is read out of the SDK's object when somebody asks for it, and then kept.

    Most rules look at a few types; copying every property of every resource for each of them
    would be most of the work.
    """

    _seen: Any

    @cached_property
    def props(self) -> dict[str, Any]:
        """Properties by wire name, `UNKNOWN` where they are unknown."""
        return dict(plain(self._seen.props))

    def peek(self, *path: str | int) -> Any:
        """Read the value at `path`: `None` when absent, `UNKNOWN` when unknown."""
        return peek(self.props, *path)


@dataclass(frozen=True, eq=False)
class Provider(_Seen):
    """The provider of a resource; its properties are JSON text unless they are strings."""

    urn: str
    name: str
    _seen: PolicyProviderResource


@dataclass(frozen=True, eq=False)
class Resource(_Seen):
    """A resource with its inputs (in a resource rule) or its outputs (in a stack rule)."""

    urn: str
    type: str
    name: str
    provider: Provider | None
    _seen: ResourceValidationArgs | PolicyResource

    @property
    def delete_before_replace(self) -> bool | None:
        """The option of that name, `None` when it was not given."""
        return self._seen.opts.delete_before_replace

    @cached_property
    def sources(self) -> Mapping[str, tuple[str, ...]]:
        """URNs of the resources that each property was made from; only in a stack rule."""
        made_from = getattr(self._seen, "property_dependencies", {})
        return {key: tuple(r.urn for r in found) for key, found in made_from.items()}

    @cached_property
    def operations(self) -> tuple[Operation, ...] | Unknown:
        """Operations of the OpenAPI document in its `body`; none without one.

        Raises `UnreadableError` when the body is no document.
        """
        body = self.peek("body")
        if isinstance(body, Unknown):
            return body
        return tuple(operations(read(body))) if isinstance(body, str) else ()


def resource_of(seen: ResourceValidationArgs | PolicyResource) -> Resource:
    """View one of the SDK's objects."""
    known = seen.provider
    provider = Provider(known.urn, known.name, known) if known else None
    return Resource(seen.urn, seen.resource_type, seen.name, provider, seen)


def named(resources: Iterable[Resource]) -> str:
    """Names for a message, in a stable order: 'a', 'b'."""
    return ", ".join(f"'{name}'" for name in sorted({r.name for r in resources}))
