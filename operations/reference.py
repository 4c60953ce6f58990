"""The documents that are made from the code: `python -m operations.reference` writes them anew."""

import json
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from openapi.model import Model
from settings.errors import model_in
from settings.schema import NETWORK_SHAPES, TARGET_SHAPES, Api, Network, Stage, Target

ROOT = Path(__file__).parent.parent
CONFIGURATION = Path("docs/configuration.md")
SCHEMA = Path("config.schema.json")
_OWNER = "Team that the tags name: up to 256 letters, digits and `_.:/=+@-`."
_BOUNDARY = """\

## `private-api:permissionsBoundary`

ARN of an IAM policy that limits every role that is made; none by default. Roles that deploy from
GitHub ask for theirs (docs/continuous-delivery.md).
"""
_TABLE = "| key | type | default | meaning |\n| --- | --- | --- | --- |\n"
_HEAD = """\
# Configuration

Everything that `Pulumi.<stack>.yaml` may say below `config:`. This page is made from the code
(`make reference`); `config.schema.json` says the same to an editor that reads
`# yaml-language-server: $schema=config.schema.json`. A wrong value is refused before the first
resource, together with all other wrong values, with its key, the limit and the way out.

## Before the project's own keys

| key | meaning |
| --- | --- |
| `aws:region` | Region of everything. Required. |
| `aws:allowedAccountIds` | List of account ids, in quotes; one pins the account at preview. |

## `private-api:owner`

"""


def documents() -> Iterator[tuple[Path, str]]:
    """Every generated document, by its path."""
    yield CONFIGURATION, configuration()
    yield SCHEMA, json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def configuration() -> str:
    """The reference of the configuration, as Markdown."""
    parts = [_HEAD + _OWNER + "\n" + _BOUNDARY]
    parts.append("\n## `private-api:network`\n\nOptional where no target is new.\n")
    parts += [_section(3, model) for model in NETWORK_SHAPES.values()]
    parts.append("\n## `private-api:targets`\n\nOne to ten, each under a name of its own.\n")
    parts += [_section(3, model) for model in TARGET_SHAPES.values()]
    parts.append(_section(2, Api, "`private-api:api`"))
    parts.append(_section(2, Stage, "`private-api:stages`", "One to ten, by name. "))
    seen: list[type[Model]] = [*NETWORK_SHAPES.values(), *TARGET_SHAPES.values(), Api, Stage]
    parts.append("\n## Shapes that stand inside\n")
    for model in seen:  # grows while it is walked
        for field in model.model_fields.values():
            inner = model_in(field.annotation)
            if inner and inner not in seen:
                seen.append(inner)
                parts.append(_section(3, inner))
    return "".join(parts)


class StackFile(Model):
    """The project's own keys in a stack file."""

    owner: str
    """Team that the tags name."""
    permissions_boundary: str = ""
    """ARN of the IAM policy that limits the roles that are made."""
    network: Network | None = None
    """The network of new targets."""
    targets: dict[str, Target]
    """What stages can send to, by name."""
    api: Api
    """The REST API."""
    stages: dict[str, Stage]
    """Published stages, by name."""


def schema() -> dict[str, Any]:
    """The JSON schema of a stack file, for editors."""
    made = StackFile.model_json_schema(ref_template="#/$defs/{model}")
    properties = {f"private-api:{key}": value for key, value in made["properties"].items()}
    required = [f"private-api:{key}" for key in made["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of private-api",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": {"aws:region": {"type": "string"}, **properties},
                "required": ["aws:region", *required],
            }
        },
        "$defs": made["$defs"],
    }


def _section(level: int, model: type[Model], title: str = "", lead: str = "") -> str:
    text = lead + " ".join((model.__doc__ or "").split())
    rows = "".join(_row(name, field) for name, field in model.model_fields.items())
    heading = f"{'#' * level} {title or model.__name__}"
    return f"\n{heading}\n\n{text}\n\n{_TABLE}{rows}"


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split()).replace("|", "\\|")
    default = "required" if field.is_required() else f"`{_plain(field.default)}`"
    return f"| `{field.alias or name}` | {_type(field.annotation)} | {default} | {meaning} |\n"


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, Model):
        value = value.model_dump(by_alias=True)
    return json.dumps(value) if not isinstance(value, str) else value


def _type(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        return _type(next(a for a in arguments if a is not type(None)))
    if origin in (tuple, list):
        return f"list of {_type(arguments[0])}"
    if origin in (dict, Mapping):
        return f"map of {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Model):
        name = annotation.__name__
        return f"[{name}](#{name.lower()})"
    return {str: "text", int: "whole number", float: "number", bool: "`true` or `false`"}.get(
        annotation, "JSON schema"
    )


def main() -> int:
    """Write every generated document."""
    for path, text in documents():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
