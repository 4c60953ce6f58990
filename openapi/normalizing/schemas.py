"""Schemas as models of API Gateway, which are JSON schema draft 4.

A schema that a validator reads has to keep its meaning; what only describes may lose detail.
Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html,
docs/decisions/definition-file.md
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from openapi.document import BrokenReferenceError, Document, mapping
from openapi.findings import Findings
from openapi.hints import nearest
from openapi.normalizing import keywords
from openapi.normalizing.fields import EXTENSIONS
from openapi.paths import Steps

_PREFIX = "#/components/schemas/"
_MODELS: Steps = ("components", "schemas")
_MAX_WRITTEN_OUT = 20_000
"""Values that references inside of combinations may add to a document."""


class Schemas:
    """The schemas of a document, each in its new form."""

    def __init__(self, document: Document, findings: Findings) -> None:
        self._document, self._findings = document, findings
        self._schemas = document.components("schemas")
        self._names = _model_names(self._schemas)
        self._validated: dict[str, None] = {}
        self._inside: list[Steps] = []
        self._written_out = 0

    def schema(self, steps: Steps, value: Any, *, strict: bool) -> dict[str, Any]:
        """A schema; `strict` if a validator reads it."""
        if isinstance(value, bool):  # OpenAPI 3.1
            return {} if value else {"not": {}}
        if not isinstance(value, Mapping):
            self._findings.refuse(steps, f"{value!r:.80} is not a schema. Correct it.")
            return {}
        value = keywords.without_null(value, steps, self._findings, strict=strict)
        if isinstance(reference := value.get("$ref"), str):
            return self._reference(steps, reference, value, strict=strict)
        if combined := self._combination_with_references(steps, value):
            if only := keywords.only_branch(value, combined):
                key, branch = only
                return self.schema((*steps, key, 0), branch, strict=strict)
            value = self._without_references(steps, value, combined, strict=strict)
        found: dict[str, Any] = {}
        for key, content in value.items():
            if key in keywords.COPIED:
                place, told = (*steps, key), self._findings
                if (copy := keywords.copied(key, content, place, told, strict=strict)) is not None:
                    found[key] = copy
            elif key in _PARTS:
                if (part := self._part((*steps, key), key, content, strict=strict)) is not None:
                    found[key] = part
            elif kind := keywords.LEFT_OUT.get(key):
                self._findings.leave_out(kind, (*steps, key))
            elif key in keywords.TRANSLATED:
                continue
            elif key.startswith("x-"):
                self._findings.leave_out(EXTENSIONS, (*steps, key))
            else:
                self._unknown((*steps, key), key, strict=strict)
        keywords.translate(found, value, steps, self._findings, strict=strict)
        if strict:
            keywords.drop_read_only(found, value, steps, self._findings)
        return found

    def name(self, key: str) -> str:
        """A name for a new model, which nothing in the document has."""
        base = re.sub(r"[^A-Za-z0-9]", "", key) or "Model"
        taken, name, number = set(self._names.values()), base, 2
        while name in taken:
            name, number = f"{base}{number}", number + 1
        self._names[name] = name
        return name

    def models(self) -> dict[str, Any]:
        """The named schemas; call it last, when it is known which of them a validator reads."""
        made: dict[str, Any] = {}
        waiting = list(self._validated)
        for name in waiting:
            made[name] = self.schema((*_MODELS, name), self._schemas[name], strict=True)
            waiting += [other for other in self._validated if other not in waiting]
        for name in self._schemas:
            if isinstance(mapping(self._schemas[name]).get("$ref"), str):
                self._target((*_MODELS, name), self._schemas[name]["$ref"])
                self._findings.leave_out("second names of models", (*_MODELS, name))
            elif name not in made:
                schema = self.schema((*_MODELS, name), self._schemas[name], strict=False)
                made[name] = schema or {"type": "object"}
        for name, schema in made.items():
            made[name] = self._root(schema, made)
            if self._names[name] != name:
                self._findings.leave_out("characters of names of models", (*_MODELS, name))
        return {self._names[name]: schema for name, schema in made.items()}

    def _root(self, schema: dict[str, Any], made: Mapping[str, Any]) -> dict[str, Any]:
        """A model that is only a reference, as the model to which it refers."""
        old_names = {new: old for old, new in self._names.items()}
        for _ in made:
            if "$ref" not in schema:
                break
            schema = made[old_names[schema["$ref"].removeprefix(_PREFIX)]]
        return {"type": "object"} if "$ref" in schema else schema

    def _part(self, steps: Steps, key: str, content: Any, *, strict: bool) -> Any:
        """The schemas inside of a schema, under one of its keys."""
        if key == "properties" and isinstance(content, Mapping):
            return {
                name: self.schema((*steps, name), part, strict=strict)
                for name, part in content.items()
            }
        if key in keywords.COMBINATIONS and isinstance(content, list) and content:
            return [
                self.schema((*steps, position), part, strict=strict)
                for position, part in enumerate(content)
            ]
        if key == "additionalProperties" and isinstance(content, bool):
            return content
        if key in ("properties", *keywords.COMBINATIONS):
            self._findings.refuse(steps, f"{content!r:.80} does not hold schemas. Correct it.")
            return None
        return self.schema(steps, content, strict=strict)

    def _reference(
        self, steps: Steps, reference: str, value: Mapping[str, Any], *, strict: bool
    ) -> dict[str, Any]:
        beside = value.keys() - {"$ref"}
        if strict and self._document.content.get("openapi", "").startswith("3.1"):
            for key in sorted(beside & keywords.CHECKING):
                text = "is beside a reference, where API Gateway ignores it. Use `allOf`."
                self._findings.refuse((*steps, key), text)
        for key in beside:
            self._findings.leave_out("keys beside references", (*steps, key))
        followed = self._target(steps, reference)
        if followed is None:
            return {}
        target, content = followed
        if len(target) == len(_MODELS) + 1 and target[:2] == _MODELS:
            name = str(target[2])
            if strict:
                self._validated[name] = None
            return {"$ref": _PREFIX + self._names[name]}
        if len(target) == len(_MODELS) + 1 and target[:1] == _MODELS[:1]:
            text = f"{reference!r} is not a schema. Refer to one of components.schemas."
            self._findings.refuse((*steps, "$ref"), text)
            return {}
        if target in self._inside:
            text = f"{reference!r} leads back to itself. Refer to one of components.schemas."
            self._findings.refuse((*steps, "$ref"), text)
            return {}
        self._inside.append(target)
        try:
            return self.schema(target, content, strict=strict)
        finally:
            self._inside.pop()

    def _target(self, steps: Steps, reference: str) -> tuple[Steps, Any] | None:
        """Where a reference leads in the end, and what is there; a broken one is refused."""
        try:
            return self._document.follow(steps, {"$ref": reference})
        except BrokenReferenceError as error:
            self._findings.refuse(error.steps, str(error))
            return None

    def _combination_with_references(self, steps: Steps, value: Mapping[str, Any]) -> list[str]:
        """The keys whose alternatives refer to other schemas, which an import does not follow."""
        found = []
        for key in (*keywords.COMBINATIONS, "not"):
            references = list(_references((*steps, key), value.get(key)))
            for place, reference in references:
                self._target(place, reference)
            if references:
                found.append(key)
        return found

    def _without_references(
        self, steps: Steps, value: Mapping[str, Any], keys: Iterable[str], *, strict: bool
    ) -> dict[str, Any]:
        """The schema with the references written out, or else without these combinations."""
        changed = dict(value)
        for key in keys:
            if strict:
                changed[key] = self._written((*steps, key), changed[key], ())
            else:
                del changed[key]
                self._findings.leave_out("combinations of models", (*steps, key))
        return changed

    def _written(self, steps: Steps, value: Any, above: tuple[Steps, ...]) -> Any:
        """A value with the content of every schema in place of the reference to it."""
        self._written_out += 1
        if isinstance(value, list):
            return [self._written((*steps, n), part, above) for n, part in enumerate(value)]
        if not isinstance(value, Mapping):
            return value
        if not isinstance(reference := value.get("$ref"), str):
            data = _data_keys(steps)
            return {
                key: part if key in data else self._written((*steps, key), part, above)
                for key, part in value.items()
            }
        followed = self._target(steps, reference)
        if followed is None:
            return {}
        target, content = followed
        text = f"{reference!r} is inside of a combination, where an import does not follow it"
        if target in above:
            text += ", and it contains itself. Refer to it from a property outside of `allOf`, "
            self._findings.refuse((*steps, "$ref"), f"{text}`anyOf`, `oneOf` and `not`.")
            return {}
        if self._written_out > _MAX_WRITTEN_OUT:
            text += f", and more than {_MAX_WRITTEN_OUT} values would take its place. Simplify it."
            self._findings.refuse((*steps, "$ref"), text)
            return {}
        return self._written(target, content, (*above, target))

    def _unknown(self, steps: Steps, key: str, *, strict: bool) -> None:
        if not strict:
            self._findings.leave_out("other keywords of schemas", steps)
            return
        near = nearest(key, (*keywords.COPIED, *_PARTS))
        hint = f"; did you mean {near}?" if near else "."
        self._findings.refuse(
            steps,
            f"is not a keyword that API Gateway validates{hint} Correct it, or leave the check to "
            "the service.",
        )


_PARTS = ("properties", "items", "additionalProperties", *keywords.COMBINATIONS, "not")


def normalized_models(models: Mapping[str, Any], findings: Findings) -> dict[str, Any]:
    """The models of routes, all of which a validator may read."""
    content = {"components": {"schemas": models}}
    schemas = Schemas(Document(content), findings)
    for name in models:
        if not re.fullmatch(r"[A-Za-z0-9]+", name):
            text = f"{name!r} is not a valid model name. Use letters and digits only."
            findings.refuse((*_MODELS, name), text)
        schemas.schema((), {"$ref": _PREFIX + name}, strict=True)
    return schemas.models()


def _references(steps: Steps, value: Any) -> Iterator[tuple[Steps, str]]:
    """Every reference inside of a schema, with where it is."""
    if isinstance(value, list):
        for position, part in enumerate(value):
            yield from _references((*steps, position), part)
    elif isinstance(value, Mapping):
        if isinstance(value.get("$ref"), str):
            yield steps, value["$ref"]
        data = _data_keys(steps)
        for key, part in value.items():
            if key not in data and isinstance(part, list | Mapping):
                yield from _references((*steps, key), part)


def _data_keys(steps: Steps) -> tuple[str, ...]:
    """The keys of an object that hold data; below `properties` every key is a name."""
    return () if steps[-1:] == ("properties",) else keywords.DATA


def _model_names(schemas: Iterable[str]) -> dict[str, str]:
    """The name of each model: letters and digits, each only once."""
    names = {name: name for name in schemas if re.fullmatch(r"[A-Za-z0-9]+", name)}
    taken = set(names)
    for name in schemas:
        if name not in names:
            base = re.sub(r"[^A-Za-z0-9]", "", name) or "Model"
            made, number = base, 2
            while made in taken:
                made, number = f"{base}{number}", number + 1
            names[name] = made
            taken.add(made)
    return names
