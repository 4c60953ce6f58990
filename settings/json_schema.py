"""The JSON schema of a stack's configuration, for error messages and the reference."""

import functools
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from .schema import StackConfig

Node = Mapping[str, Any]
"""A part of the JSON schema."""


class _WithoutTitles(GenerateJsonSchema):
    """The generated titles of fields only repeat their keys."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


@functools.cache
def root() -> Node:
    """The JSON schema of `StackConfig`."""
    return StackConfig.model_json_schema(schema_generator=_WithoutTitles)


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
