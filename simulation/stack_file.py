"""Project and stack files, read as the CLI reads them.

The CLI hands every value over as a string, objects as JSON.
Source: https://www.pulumi.com/docs/iac/concepts/projects/project-file/
"""

import json
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

# The CLI's own parser is a port of libyaml; where that is missing, the one in Python is slower.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_CHARACTERS = 4_000_000
"""Of a file with its aliases written out."""
_CONSTANTS = {"": None, "~": None, "null": None, "true": True, "false": False}
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?")
_AMBIGUOUS = re.compile(
    r"""y | n | yes | no | on | off | true | false | null    # in any case
      | [-+]? \. (inf | nan)
      | [-+]? (\.\d+ | \d+ (\.\d*)?) (e [-+]? \d+)?       # 017, +5, .5, 1e3
      | [-+]? 0 [box] [\da-f]+                            # 0x1F
      | [-+]? \d+ (:\d+)+ (\.\d*)?                        # 1:30, which can be 90
      | \d{4} - \d\d? - \d\d? ([t\s] .*)?                # 2026-01-31
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
"""What YAML 1.1, YAML 1.2 and the CLI may read differently, compared without underscores."""


class StackFileError(Exception):
    """A project or stack file that cannot be read; the message names the file and the remedy."""


@dataclass(frozen=True)
class StackFile:
    """The configuration of one stack, as the CLI hands it to the program."""

    project: str
    stack: str
    config: dict[str, str]
    """Strings by full key, such as aws:region; objects as JSON."""
    secret_keys: tuple[str, ...]
    """Keys whose values are encrypted, and therefore not in `config`."""


def read(root: Path, stack: str) -> StackFile:
    """`Pulumi.yaml` and `Pulumi.<stack>.yaml` of a folder; raises StackFileError.

    A name that ends in `.yaml` is a file, as for `pulumi --config-file`, and names the stack.
    """
    project, path = _load(root / "Pulumi.yaml", root), path_of(root, stack)
    if not isinstance(project, dict) or "name" not in project:
        raise StackFileError(f"{root / 'Pulumi.yaml'}: has no name. Add `name: private-api`.")
    name = str(project["name"])
    values = {
        _full(name, key): declared.get("default", declared.get("value"))
        for key, declared in _section(project, "Pulumi.yaml").items()
        if isinstance(declared, dict) and {"default", "value"} & declared.keys()
    }
    for key, value in _section(_load(path, root) or {}, path.name).items():
        full = _full(name, key)
        if not re.fullmatch(r"[^:]+:[^:]+", full):
            raise StackFileError(
                f"{path.name}: {key!r} is not a valid configuration key. Write namespace:name."
            )
        values[full] = value
    secret = tuple(key for key, value in values.items() if _is_secret(value))
    config = {key: _text(value) for key, value in values.items() if key not in secret}
    return StackFile(name, path.stem if stack.endswith(".yaml") else stack, config, secret)


def path_of(root: Path, stack: str) -> Path:
    """The file of a stack, given by its name or by the file itself; raises StackFileError."""
    if not stack.endswith(".yaml") and not re.fullmatch(r"[A-Za-z0-9_.-]+", stack):
        raise StackFileError(
            f"{stack!r} is neither the name of a stack, of letters, digits, dots, dashes and "
            f"underscores, nor a file that ends in .yaml. {_known(root)}"
        )
    return root / (stack if stack.endswith(".yaml") else f"Pulumi.{stack}.yaml")


def _section(file: Any, name: str) -> dict[str, Any]:
    section = (file.get("config") or {}) if isinstance(file, dict) else None
    if not isinstance(section, dict):
        raise StackFileError(
            f"{name}: config should map keys to values. Write `config:` and below it, indented, "
            "lines such as `aws:region: us-east-2`."
        )
    return section


def _full(project: str, key: str) -> str:
    return key if ":" in key else f"{project}:{key}"


def _is_secret(value: Any) -> bool:
    if isinstance(value, dict):
        encrypted = set(value) == {"secure"} and isinstance(value["secure"], str)
        return encrypted or any(map(_is_secret, value.values()))
    return isinstance(value, list) and any(map(_is_secret, value))


def _load(path: Path, root: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
        for event in yaml.parse(text, _LOADER):
            if getattr(event, "tag", None):
                raise _error(
                    event, "a tag such as !!str is not supported. Remove it, or use quotes."
                )
        node = yaml.compose(text, _LOADER)
        if node is not None and _size(node, {}) > MAX_CHARACTERS:
            raise StackFileError(
                f"its aliases make it larger than {MAX_CHARACTERS} characters. Remove some."
            )
        return None if node is None else _value(node)
    except FileNotFoundError:
        raise StackFileError(f"{path}: there is no such file. {_known(root)}") from None
    except StackFileError as error:
        raise StackFileError(f"{path.name}: {error}") from None
    except RecursionError:
        raise StackFileError(f"{path.name}: an alias contains itself. Remove it.") from None
    except (OSError, yaml.YAMLError, ValueError) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise StackFileError(f"{path.name}: cannot be read: {reason}. Correct the file.") from None


def _known(root: Path) -> str:
    known = ", ".join(sorted(p.name.split(".")[1] for p in root.glob("Pulumi.*.yaml")))
    return f"Known stacks: {known or 'none'}."


def _size(node: yaml.Node, sizes: dict[int, int]) -> int:
    """Characters of a value, those of an alias as often as it is used; each node is read once."""
    if isinstance(node, yaml.ScalarNode):
        return len(node.value) + 1
    if id(node) not in sizes:
        children = node.value if isinstance(node, yaml.SequenceNode) else chain(*node.value)
        sizes[id(node)] = 1 + sum(_size(child, sizes) for child in children)
    return sizes[id(node)]


def _value(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    return _mapping(node) if isinstance(node, yaml.MappingNode) else _scalar(node)


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key_node, value_node in node.value:
        value = _value(value_node)
        if key_node.value == "<<" and not key_node.style:
            for other in value if isinstance(value, list) else [value]:
                if not isinstance(other, dict):
                    raise _error(key_node, f"<< needs a mapping, not {other!r}.")
                merged = {**other, **merged}
            continue
        name = _value(key_node)
        if name is None or isinstance(name, dict | list | float):
            raise _error(key_node, "a key has to be text. Put it in quotes.")
        if (key := _text(name)) in own:
            raise _error(key_node, f"{key!r} is already a key of this mapping. Remove one of them.")
        own[key] = value
    return {**merged, **own}


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    if node.style:  # in quotes, or a block
        return text
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    # Python and the CLI write tiny numbers with different exponents.
    if _NUMBER.fullmatch(text) and "e" not in repr(number := float(text)):
        return int(number) if number.is_integer() else number
    if _AMBIGUOUS.fullmatch(text.replace("_", "")):
        raise _error(
            node,
            f"{text} is read differently by different YAML parsers. Put it in quotes if it is "
            "text; write true, false, null or a plain number if it is not.",
        )
    return text


def _error(node: Any, message: str) -> StackFileError:
    return StackFileError(f"line {node.start_mark.line + 1}: {message}")


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
