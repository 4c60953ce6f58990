"""How the resources of a stack hang together: by values where they are known, else by origin.

A reference is followed in two ways. When its value is known, to the resource that has that
value. When it is unknown, or the other side does not show its own, to the resources that it was
made from (`sources`): the engine keeps these per top-level property, so there may be several,
and then all of them are candidates.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from pulumi_policy import PolicyResource

from .resource import Resource, resource_of
from .tokens import (
    API_ACCOUNT,
    AUTHORIZER,
    DEPLOYMENT,
    INTEGRATION,
    METHOD,
    METHOD_SETTINGS,
    PATH,
    REST_API,
    REST_API_POLICY,
    REST_API_PUT,
    STAGE,
    USAGE_PLAN,
)
from .values import Unknown, items

T = TypeVar("T")

API_REFERENCE = {
    AUTHORIZER: "restApi",
    DEPLOYMENT: "restApi",
    INTEGRATION: "restApi",
    METHOD: "restApi",
    METHOD_SETTINGS: "restApi",
    PATH: "restApi",
    REST_API_POLICY: "restApiId",
    REST_API_PUT: "restApiId",
    STAGE: "restApi",
}
"""The property by which each child of a REST API names it."""
GATEWAY_TYPES = (REST_API, *API_REFERENCE, API_ACCOUNT, USAGE_PLAN)


@dataclass(frozen=True)
class Reference:
    """Where a property leads."""

    found: tuple[Resource, ...] = ()
    """Resources of this stack; several for a list, or for an unknown value made from several."""
    elsewhere: tuple[str, ...] = ()
    """Known values that no resource of this stack has."""
    is_open: bool = False
    """Whether some of it is unknown and made from no resource of the wanted type."""


@dataclass(frozen=True)
class Api:
    """One REST API, made in this stack or only named in it."""

    key: str
    """The resource's URN, or the id when the API is not made here."""
    resource: Resource | None


class Graph:
    """The resources of one stack, found by type, by URN and by reference."""

    def __init__(self, resources: Iterable[PolicyResource]) -> None:
        self._seen: dict[str, PolicyResource] = {}
        self._urns: dict[str, list[str]] = defaultdict(list)
        for resource in resources:
            self._seen[resource.urn] = resource
            self._urns[resource.resource_type].append(resource.urn)
        self._views: dict[str, Resource] = {}
        self._indexes: dict[tuple[tuple[str, ...], str], dict[str, list[Resource]]] = {}
        self._joins: dict[tuple[str, str, tuple[str, ...], str], dict[str, list[Resource]]] = {}
        self._results: dict[str, Any] = {}

    def once(self, key: str, compute: Callable[[], T]) -> T:
        """Compute once for this graph: the same key gets the same answer."""
        if key not in self._results:
            self._results[key] = compute()
        return self._results[key]  # type: ignore[no-any-return]

    def _view(self, urn: str) -> Resource:
        """One view a resource, made when a rule asks for it: most rules look at a few types."""
        if urn not in self._views:
            self._views[urn] = resource_of(self._seen[urn])
        return self._views[urn]

    def of_type(self, *types: str) -> list[Resource]:
        """All resources of these types, sorted: the engine's order differs from run to run."""
        urns = (urn for token in types for urn in self._urns.get(token, ()))
        return [self._view(urn) for urn in sorted(urns)]

    def sources(self, resource: Resource, prop: str, *types: str) -> tuple[Resource, ...]:
        """Resources of these types that a property was made from."""
        urns = resource.sources.get(prop, ())
        return tuple(self._view(urn) for urn in urns if self._seen[urn].resource_type in types)

    def follow(
        self, resource: Resource, *path: str | int, to: Iterable[str], key: str = "id"
    ) -> Reference:
        """Where the value, or the list, at `path` leads among resources of the types `to`.

        `key` is the property of theirs that the value equals.
        """
        types = tuple(to)
        found: dict[str, Resource] = {}
        elsewhere, is_open = [], False
        for value in items(resource.peek(*path)):
            ends = self.ends(value, resource, str(path[0]), *types, key=key)
            found.update({end.urn: end for end in ends})
            if isinstance(value, Unknown):
                is_open = is_open or not ends
            elif not ends:
                elsewhere.append(str(value))
        return Reference(tuple(found.values()), tuple(elsewhere), is_open)

    def ends(
        self, value: Any, holder: Resource, prop: str, *types: str, key: str = "id"
    ) -> tuple[Resource, ...]:
        """Resources of these types that one value, inside the holder's property, can mean."""
        origin = self.sources(holder, prop, *types)
        if isinstance(value, Unknown):
            return origin
        known = self._having(str(value), types, key)
        # Not every provider shows the id among the outputs.
        return tuple(known or (r for r in origin if r.peek(key) is None))

    def leading_to(
        self, target: Resource, *types: str, by: str, key: str = "id"
    ) -> tuple[Resource, ...]:
        """Resources of these types whose property `by` leads to `target`."""
        join = (target.type, by, types, key)
        if join not in self._joins:
            found = defaultdict(list)
            for resource in self.of_type(*types):
                for end in self.follow(resource, by, to=[target.type], key=key).found:
                    found[end.urn].append(resource)
            self._joins[join] = found
        return tuple(self._joins[join].get(target.urn, ()))

    def _having(self, value: str, types: tuple[str, ...], key: str) -> list[Resource]:
        if (types, key) not in self._indexes:
            index = defaultdict(list)
            for resource in self.of_type(*types):
                own = resource.peek(key)
                if isinstance(own, str):
                    index[own].append(resource)
            self._indexes[types, key] = index
        return self._indexes[types, key].get(value, [])

    def api_of(self, child: Resource) -> Api | None:
        """Find the REST API of one of its parts; `None` when nothing tells which one it is."""
        if child.type == REST_API:
            return Api(child.urn, child)
        prop = API_REFERENCE[child.type]
        reference = self.follow(child, prop, to=[REST_API])
        if len(reference.found) == 1:
            return Api(reference.found[0].urn, reference.found[0])
        if reference.elsewhere:
            return Api(reference.elsewhere[0], None)
        # Made from another part, which passes the API's id on, as `put.rest_api_id` does.
        parts = self.sources(child, prop, *API_REFERENCE)
        origins = {api for part in parts if (api := self.api_of(part))}
        return origins.pop() if len(origins) == 1 else None

    @cached_property
    def _parts(self) -> dict[tuple[str, str], list[Resource]]:
        parts = defaultdict(list)
        for part in self.of_type(*API_REFERENCE):
            if api := self.api_of(part):
                parts[api.key, part.type].append(part)
        return parts

    def parts(self, api: Api, *types: str) -> Iterator[Resource]:
        """Parts of an API, of these types."""
        for token in types:
            yield from self._parts.get((api.key, token), ())
