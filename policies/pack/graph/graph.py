"""How the resources of a stack refer to each other: by value where known, else by origin.

A reference is resolved in two ways. If its value is known, to the resource that has that value.
If it is unknown, or the other resource does not show its own value, to the resources that it was
made from (`sources`). The engine records these per top-level property, so there may be several
candidates.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from pulumi_policy import PolicyResource

from .. import resource_types as types
from ..values import UnknownValue
from .resource import Resource, resource_of

T = TypeVar("T")

API_REFERENCE = {
    types.HTTP_DEPLOYMENT: "apiId",
    types.HTTP_INTEGRATION: "apiId",
    types.HTTP_ROUTE: "apiId",
    types.HTTP_STAGE: "apiId",
    types.AUTHORIZER: "restApi",
    types.BASE_PATH_MAPPING: "restApi",
    types.DEPLOYMENT: "restApi",
    types.INTEGRATION: "restApi",
    types.METHOD: "restApi",
    types.METHOD_SETTINGS: "restApi",
    types.PATH: "restApi",
    types.REST_API_POLICY: "restApiId",
    types.REST_API_PUT: "restApiId",
    types.STAGE: "restApi",
}
"""The property by which each part of an API refers to it."""


@dataclass(frozen=True)
class Reference:
    """What a property refers to."""

    found: tuple[Resource, ...] = ()
    """Resources of this stack; several for a list, or for an unknown value made from several."""
    elsewhere: tuple[str, ...] = ()
    """Known values that belong to no resource of this stack."""
    is_open: bool = False
    """Whether a part is unknown and was not made from a resource of the requested types."""


@dataclass(frozen=True)
class Api:
    """An API that is part of this stack or only referred to in it."""

    key: str
    """The URN of the resource, or the id of an API that is not part of this stack."""
    resource: Resource | None


class Graph:
    """The resources of one stack, found by type, by URN and by reference."""

    def __init__(self, resources: Iterable[PolicyResource]) -> None:
        self._sources: dict[str, PolicyResource] = {}
        self._urns: dict[str, list[str]] = defaultdict(list)
        for resource in resources:
            self._sources[resource.urn] = resource
            self._urns[resource.resource_type].append(resource.urn)
        self._resources: dict[str, Resource] = {}
        self._indexes: dict[tuple[tuple[str, ...], str], dict[str, list[Resource]]] = {}
        self._joins: dict[tuple[str, str, tuple[str, ...], str], dict[str, list[Resource]]] = {}
        self._results: dict[str, Any] = {}

    @property
    def has_api(self) -> bool:
        """Whether there is a part of an API, or a VPC link."""
        return not self._urns.keys().isdisjoint((*types.APIS, *types.VPC_LINKS, *API_REFERENCE))

    def once(self, key: str, compute: Callable[[], T]) -> T:
        """Return the result of `compute`, which is computed once per graph and key."""
        if key not in self._results:
            self._results[key] = compute()
        return self._results[key]  # type: ignore[no-any-return]

    def _resource(self, urn: str) -> Resource:
        """Wrap a resource when a rule first asks for it: most rules look at a few types."""
        if urn not in self._resources:
            self._resources[urn] = resource_of(self._sources[urn])
        return self._resources[urn]

    def of_type(self, *tokens: str) -> list[Resource]:
        """All resources of these types, sorted: the engine's order differs from run to run."""
        urns = (urn for token in tokens for urn in self._urns.get(token, ()))
        return [self._resource(urn) for urn in sorted(urns)]

    def sources(self, resource: Resource, prop: str, *tokens: str) -> tuple[Resource, ...]:
        """Resources of these types that a property was made from.

        An output of a component in another language is made from the component itself, so
        everything of these types inside it counts.
        """
        found: dict[str, Resource] = {}
        for urn in resource.sources.get(prop, ()):
            for one in (urn, *self._inside(urn)):
                if self._sources[one].resource_type in tokens:
                    found[one] = self._resource(one)
        return tuple(found.values())

    def _inside(self, urn: str) -> list[str]:
        """URNs of everything inside a component; none for the stack or a resource of AWS."""
        if self._sources[urn].resource_type.startswith(("aws:", "pulumi:")):
            return []
        inside = list(self._urns_by_parent.get(urn, ()))
        for one in inside:  # grows while it runs
            inside.extend(self._urns_by_parent.get(one, ()))
        return inside

    @cached_property
    def _urns_by_parent(self) -> dict[str, list[str]]:
        children = defaultdict(list)
        for urn, resource in sorted(self._sources.items()):
            if resource.parent:
                children[resource.parent.urn].append(urn)
        return children

    def follow(
        self, resource: Resource, path: str, to: Iterable[str], key: str = "id"
    ) -> Reference:
        """Resolve the values at a dotted path to resources of the types `to`.

        `key` is the property of those resources that a value equals.
        """
        return self.resolve(resource.each(path), resource, path.partition(".")[0], to, key)

    def resolve(
        self, values: Iterable[Any], holder: Resource, prop: str, to: Iterable[str], key: str = "id"
    ) -> Reference:
        """Resolve values in a property of `holder` to resources of the types `to`."""
        tokens = tuple(to)
        found: dict[str, Resource] = {}
        elsewhere, is_open = [], False
        for value in values:
            targets = self.targets(value, holder, prop, *tokens, key=key)
            found.update({target.urn: target for target in targets})
            if isinstance(value, UnknownValue):
                is_open = is_open or not targets
            elif not targets:
                elsewhere.append(str(value))
        return Reference(tuple(found.values()), tuple(elsewhere), is_open)

    def targets(
        self, value: Any, holder: Resource, prop: str, *tokens: str, key: str = "id"
    ) -> tuple[Resource, ...]:
        """Resources of these types that one value in a property of `holder` may refer to."""
        origin = self.sources(holder, prop, *tokens)
        if isinstance(value, UnknownValue):
            return origin
        known = self._having(str(value), tokens, key)
        # Not every provider includes the id in the outputs.
        return tuple(known or (r for r in origin if r.peek(key) is None))

    def referring_to(
        self, target: Resource, *tokens: str, by: str, key: str = "id"
    ) -> tuple[Resource, ...]:
        """Resources of these types whose property `by` refers to `target`."""
        join = (target.type, by, tokens, key)
        if join not in self._joins:
            found = defaultdict(list)
            for resource in self.of_type(*tokens):
                for end in self.follow(resource, by, to=[target.type], key=key).found:
                    found[end.urn].append(resource)
            self._joins[join] = found
        return tuple(self._joins[join].get(target.urn, ()))

    def _having(self, value: str, tokens: tuple[str, ...], key: str) -> list[Resource]:
        if (tokens, key) not in self._indexes:
            index = defaultdict(list)
            for resource in self.of_type(*tokens):
                own = resource.peek(key)
                if isinstance(own, str):
                    index[own].append(resource)
            self._indexes[tokens, key] = index
        return self._indexes[tokens, key].get(value, [])

    def api_of(self, part: Resource) -> Api | None:
        """Find the API that a resource is part of; `None` when nothing shows which one."""
        if part.type in types.APIS:
            return Api(part.urn, part)
        prop = API_REFERENCE[part.type]
        reference = self.follow(part, prop, to=types.APIS)
        if len(reference.found) == 1:
            return Api(reference.found[0].urn, reference.found[0])
        if reference.elsewhere:
            return Api(reference.elsewhere[0], None)
        # Made from another part, which passes the API's id on, as `put.rest_api_id` does.
        parts = self.sources(part, prop, *API_REFERENCE)
        origins = {api for other in parts if (api := self.api_of(other))}
        return origins.pop() if len(origins) == 1 else None

    @cached_property
    def _parts(self) -> dict[tuple[str, str], list[Resource]]:
        parts = defaultdict(list)
        for part in self.of_type(*API_REFERENCE):
            if api := self.api_of(part):
                parts[api.key, part.type].append(part)
        return parts

    def parts(self, api: Api, *tokens: str) -> Iterator[Resource]:
        """Parts of an API that have one of these types."""
        for token in tokens:
            yield from self._parts.get((api.key, token), ())
