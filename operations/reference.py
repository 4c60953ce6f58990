"""The documents that are generated from the code: `python -m operations.reference` writes them."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from settings.json_schema import Node, description, items, model_of, resolved, root

ROOT = Path(__file__).parent.parent
CONFIGURATION = Path("docs/configuration.md")
SCHEMA = Path("config.schema.json")
_HEAD = """\
# Configuration

The keys of `Pulumi.<stack>.yaml` below `config:`. An invalid configuration is rejected before the
first resource is created, and every error in it is reported at once.

This page and `config.schema.json` are generated from the code by `make reference`. An editor
checks a stack file that starts with `# yaml-language-server: $schema=config.schema.json`.

Put text that looks like another value in quotes, such as `"on"`, `"017"` or `"2026-01-31"`. The
commands that need no AWS reject it without quotes, because programs read it differently.
"""


def documents() -> Iterator[tuple[Path, str]]:
    """Every generated document, by its path."""
    yield CONFIGURATION, configuration()
    yield SCHEMA, _json(schema()) + "\n"


def configuration() -> str:
    """The reference of the configuration, as Markdown."""
    config = schema()["properties"]["config"]
    sections = [_HEAD, _table(config)]
    for name, node in schema()["$defs"].items():
        sections.append(f"\n## {name}\n\n{description(node)}\n{_table(node)}")
    return "".join(sections)


def schema() -> dict[str, Any]:
    """The JSON schema of a stack file, for editors."""
    parts = {name: resolved(node) for name, node in root()["properties"].items()}
    properties = {
        f"{n}:{key}": v for n, part in parts.items() for key, v in part["properties"].items()
    }
    required = [f"{n}:{key}" for n, part in parts.items() for key in part["required"]]
    models = list(dict.fromkeys(_models(properties)))
    for model in models:  # grows
        models += [name for name in _models(root()["$defs"][model]) if name not in models]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Stack file of private-api",
        "type": "object",
        "properties": {
            "config": {"type": "object", "properties": properties, "required": required}
        },
        "$defs": {name: root()["$defs"][name] for name in models},
    }


def _models(node: Any) -> Iterator[str]:
    """Names of the models that a part refers to."""
    if isinstance(node, dict):
        if "$ref" in node:
            yield model_of(node)
        node = list(node.values())
    if isinstance(node, list):
        for inner in node:
            yield from _models(inner)


def _json(value: Any, indent: str = "") -> str:
    """JSON with one key of a stack file on a line, so that a diff shows which key changed."""
    parts = [key for key in ("properties", "$defs") if isinstance(value, dict) and key in value]
    if not parts:
        return json.dumps(value, ensure_ascii=False)
    others = {key: member for key, member in value.items() if key not in parts}
    members = [json.dumps(others, ensure_ascii=False)[1:-1]]
    for part in parts:
        inner = f"{indent}    "
        keys = (f"{inner}{json.dumps(k)}: {_json(v, inner)}" for k, v in value[part].items())
        members.append(f'"{part}": {{\n' + ",\n".join(keys) + f"\n{indent}  }}")
    return f"{{\n{indent}  " + f",\n{indent}  ".join(members) + f"\n{indent}}}"


def _table(node: Node) -> str:
    rows = "".join(_row(key, value) for key, value in node["properties"].items())
    return f"\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n{rows}"


def _row(key: str, node: Node) -> str:
    default = f"`{_plain(node['default'])}`" if "default" in node else "required"
    meaning = description(node).replace("|", "\\|")
    return f"| `{key}` | {_type(node)} | {default} | {meaning} |\n"


def _plain(value: Any) -> str:
    if value is None:
        return "none"
    return value if value and isinstance(value, str) else json.dumps(value)


def _type(node: Node) -> str:
    match node:
        case {"$ref": _}:
            return f"[{model_of(node)}](#{model_of(node).lower()})"
        case {"anyOf": [inner, {"type": "null"}]}:
            return _type(inner)
        case {"oneOf": choices} | {"anyOf": choices}:
            return _either([_type(choice) for choice in choices])
        case {"enum": values}:
            return _either([f"`{value}`" for value in values])
        case {"type": "array"}:
            return f"list of {_type(items(node))}"
        case {"additionalProperties": True}:
            return "JSON schema"
        case {"type": "object"}:
            return f"map of {_type(items(node))}"
    return str(node["type"])


def _either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"


def main() -> int:
    """Write every generated document."""
    for path, text in documents():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
