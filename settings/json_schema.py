"""The JSON schema of a stack's configuration, for error messages and the reference."""

import ast
import functools
import inspect
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from .schema import StackConfig

Node = Mapping[str, Any]
"""A part of the JSON schema."""


class _Described(GenerateJsonSchema):
    """Describes each key by the string below its field.

    pydantic's `use_attribute_docstrings` would read these strings when the models are made, so at
    every start of the program, where only a mistake or the reference needs them.
    """

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False  # generated titles only repeat the keys

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """The schema of a model with descriptions."""
        made, model = super().model_schema(schema), schema["cls"]
        for name, text in _docstrings(model).items():
            info = model.model_fields[name]
            made["properties"][info.alias or name].setdefault("description", text)
        return made


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The strings below the fields of a model, those of its bases included."""
    found = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            (defined,) = ast.parse(inspect.getsource(each)).body
            for one, following in pairwise(getattr(defined, "body", ())):
                match one, following:
                    case (
                        ast.AnnAssign(target=ast.Name(id=name)),
                        ast.Expr(value=ast.Constant(value=str(text))),
                    ) if name in model.model_fields:
                        found[name] = inspect.cleandoc(text)
    return found


@functools.cache
def root() -> Node:
    """The JSON schema of `StackConfig`."""
    return StackConfig.model_json_schema(schema_generator=_Described)


def resolved(node: Node) -> Node:
    """A part with what it refers to, and without the null of an optional value."""
    while "$ref" in node or "anyOf" in node:
        inner = root()["$defs"][model_of(node)] if "$ref" in node else node["anyOf"][0]
        node = {**inner, **{k: v for k, v in node.items() if k not in ("$ref", "anyOf")}}
    return node


def model_of(node: Node) -> str:
    """Name of the model that a part refers to."""
    return str(node["$ref"]).rpartition("/")[2]


def items(node: Node) -> Node:
    """What a list or a map contains."""
    named = node.get("patternProperties") or {"": node.get("additionalProperties")}
    inside: Node = node.get("items") or next(iter(named.values()))
    return inside


def description(node: Node) -> str:
    """What a part means, in one line; empty without a description."""
    return " ".join(resolved(node).get("description", "").split())
