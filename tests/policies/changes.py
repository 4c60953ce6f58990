"""Changes to a recorded run: each describes one, and makes a changed copy of a run."""

import copy
import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN, Registered, Run, Secret


class Absent(enum.Enum):
    """The type of `ABSENT`."""

    VALUE = "absent"


ABSENT = Absent.VALUE
"""In place of a value: remove the property."""
Path = tuple[str | int, ...]
MAX_LABEL = 60
"""Characters of a value in the name of a test."""


@dataclass(frozen=True)
class Change:
    """A function of a run, with a label for the name of the test."""

    label: str
    apply: Callable[[Run], Run]
    with_secrets: "Change | None" = None
    """The same change with its values marked secret, if it sets any."""

    def __str__(self) -> str:
        return self.label


def changed(run: Run, *changes: Change) -> Run:
    """Apply changes one after the other."""
    for change in changes:
        run = change.apply(run)
    return run


@dataclass(frozen=True)
class Part:
    """The one resource of a type, or of a type and a name, in the run that is changed."""

    type: str
    name: str | None = None

    def _replaced(self, label: str, change: Callable[[Registered], Registered]) -> Change:
        def apply(run: Run) -> Run:
            resource = run.one(self.type, self.name)
            return swap(run, resource, change(resource))

        return Change(f"{self} {label}", apply)

    def set(self, path: str, value: Any, *sides: str) -> Change:
        """Set the property at a dotted path, in inputs and outputs; numbers are indexes."""
        steps = tuple(int(step) if step.isdigit() else step for step in path.split("."))

        def change(resource: Registered) -> Registered:
            edited: dict[str, Any] = {
                side: put(getattr(resource, side), steps, value)
                for side in sides or ("inputs", "outputs")
            }
            return replace(resource, **edited)

        made = self._replaced(f"{path}={short(value)}", change)
        if value is ABSENT or isinstance(value, Secret):
            return made
        return replace(made, with_secrets=self.set(path, Secret(value), *sides))

    def unset(self, path: str, *sides: str) -> Change:
        """Remove the property at a dotted path."""
        return self.set(path, ABSENT, *sides)

    def unknown(self, path: str) -> Change:
        """Make the property at a dotted path unknown."""
        return self.set(path, UNKNOWN)

    def option(self, name: str, value: Any) -> Change:
        """Set a resource option."""
        return self._replaced(
            f"option {name}={value}", lambda r: replace(r, options={**r.options, name: value})
        )

    def becomes(self, token: str) -> Change:
        """Change the type."""
        return self._replaced(f"becomes {short_type(token)}", lambda r: replace(r, type=token))

    def without_sources(self) -> Change:
        """Forget what its properties were made from, so that only values can be followed."""
        return self._replaced("without sources", lambda r: replace(r, property_dependencies={}))

    def removed(self) -> Change:
        """Remove all resources of the type, or the one of the name."""

        def apply(run: Run) -> Run:
            gone = {r.urn for r in run.of_type(self.type) if self.name in (None, r.name)}
            return replace(run, resources=tuple(r for r in run.resources if r.urn not in gone))

        return Change(f"no {self}", apply)

    def __str__(self) -> str:
        return self.name or short_type(self.type)


def added(
    token: str, name: str, props: Mapping[str, Any], sources: Mapping[str, Part] | None = None
) -> Change:
    """Add a resource; `sources` are the resources that its properties are made from."""

    def apply(run: Run) -> Run:
        provider = next(r for r in run.resources if r.type == types.PROVIDER)
        resource = Registered(
            urn=f"urn:pulumi:{run.stack}::{run.project}::{token}::{name}",
            type=token,
            name=name,
            parent=run.resources[0].urn,
            custom=True,
            inputs=dict(props),
            outputs={**props, "id": f"id-of-{name}"},
            provider=provider.urn,
            property_dependencies={
                prop: frozenset([run.one(part.type, part.name).urn])
                for prop, part in (sources or {}).items()
            },
        )
        return replace(run, resources=(*run.resources, resource))

    made = Change(f"another {short_type(token)} {short(dict(props))}", apply)
    if all(isinstance(value, Secret) for value in props.values()):
        return made
    hidden = {key: Secret(value) for key, value in props.items()}
    return replace(made, with_secrets=added(token, name, hidden, sources))


def definition(path: Path, value: Any) -> Change:
    """Set one value in the OpenAPI document of our API."""

    def apply(run: Run) -> Run:
        document = json.loads(run.one(types.REST_API_PUT).inputs["body"])
        body = json.dumps(put(document, path, value))
        return Part(types.REST_API_PUT).set("body", body).apply(run)

    return Change(f"definition {' '.join(map(str, path))}={short(value)}", apply)


def swap(run: Run, old: Registered, new: Registered) -> Run:
    """Replace one resource by another."""
    return replace(run, resources=tuple(new if r is old else r for r in run.resources))


def put(properties: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Copy properties with one value set, or removed when it is ABSENT.

    What is unknown as a whole stays so.
    """
    copied = copy.deepcopy(dict(properties))
    inner: Any = copied
    for step in path[:-1]:
        inner = inner.setdefault(step, {}) if isinstance(inner, dict) else inner[step]
        if inner is UNKNOWN:
            return copied
    if value is ABSENT:
        inner.pop(path[-1], None)
    else:
        inner[path[-1]] = value
    return copied


def short(value: Any) -> str:
    """A value in the name of a test: the same in every process, and not too long."""
    text = "absent" if value is ABSENT else repr(value)
    return text if len(text) <= MAX_LABEL else f"{text[:MAX_LABEL]}..."


def short_type(token: str) -> str:
    """The last part of a type token."""
    return token.rpartition(":")[2]
