"""Stack files, read as the CLI reads them.

The CLI resolves plain YAML scalars by rules of its own, neither YAML 1.1 nor 1.2, and hands every
value over as a string. Source: https://www.pulumi.com/docs/iac/concepts/projects/project-file/
"""

import datetime
import decimal
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WHOLE = re.compile(r"([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")
_DATE = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|[ ]+)(\d{1,2}):(\d{1,2}):(\d{1,2})(?P<fraction>\.\d+)?"
    r"(?P<offset>Z|[-+]\d{2}:\d{2})?)?"
)
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_NOT_JSON = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_LARGEST_PLAIN_FLOAT, _SMALLEST_PLAIN_FLOAT = 1e21, 1e-6


class StackFileError(Exception):
    """A project or stack file that cannot be read; the message names the file and the way out."""


@dataclass(frozen=True)
class StackFile:
    """The configuration of one stack, as the CLI hands it to the program."""

    project: str
    stack: str
    config: dict[str, str]
    """Strings by full key, such as aws:region; objects as JSON."""
    secret_keys: tuple[str, ...]
    """Keys whose value is encrypted; it is not in `config`, since nothing here can decrypt it."""


def read(root: Path, stack: str) -> StackFile:
    """`Pulumi.yaml` and `Pulumi.<stack>.yaml` of a folder; raises StackFileError.

    A name that ends in `.yaml` is a file, as for `pulumi --config-file`, and names the stack.
    """
    project = _load(root / "Pulumi.yaml")
    if not isinstance(project, dict) or "name" not in project:
        raise StackFileError(f"{root / 'Pulumi.yaml'}: has no name. Give the project one.")
    path = path_of(root, stack)
    if path.suffix == Path(stack).suffix:
        stack = path.stem
    if not _is_file(path):
        known = sorted(p.name.split(".")[1] for p in root.glob("Pulumi.*.yaml"))
        raise StackFileError(
            f"{path.name}: there is no such file. Known stacks are {', '.join(known) or 'none'}."
        )
    name = str(project["name"])
    values = {
        _full(name, key): declared.get("default", declared.get("value"))
        for key, declared in _section(project, "config", "Pulumi.yaml").items()
        if isinstance(declared, dict) and {"default", "value"} & declared.keys()
    }
    for key, value in _section(_load(path) or {}, "config", path.name).items():
        full = _full(name, key)
        if not re.fullmatch(r"[^:]+:[^:]+", full):
            raise StackFileError(
                f"{path.name}: {key!r} is no configuration key, which reads namespace:name."
            )
        values[full] = value
    secrets = tuple(key for key, value in values.items() if _is_secret(value))
    config = {key: _text(value) for key, value in values.items() if key not in secrets}
    return StackFile(name, stack, config, secrets)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long
        return False


def _section(file: Any, key: str, name: str) -> dict[str, Any]:
    """A mapping of a file, empty where it is left out."""
    section = (file.get(key) or {}) if isinstance(file, dict) else None
    if not isinstance(section, dict):
        raise StackFileError(
            f"{name}: {key} should map keys to values, as in `config:` and below it, indented, "
            "`aws:region: us-east-2`. Correct the file."
        )
    return section


def path_of(root: Path, stack: str) -> Path:
    """The file of a stack, given by its name or by the file itself."""
    return root / (stack if stack.endswith(".yaml") else f"Pulumi.{stack}.yaml")


def _full(project: str, key: str) -> str:
    return key if ":" in str(key) else f"{project}:{key}"


def _is_secret(value: Any) -> bool:
    if isinstance(value, dict):
        encrypted = set(value) == {"secure"} and isinstance(value["secure"], str)
        return encrypted or any(map(_is_secret, value.values()))
    return isinstance(value, list) and any(map(_is_secret, value))


def _load(path: Path) -> Any:
    try:
        node = YAML(pure=True).compose(path.read_text(encoding="utf-8"))
        return None if node is None else _value(node)
    except FileNotFoundError:
        raise StackFileError(f"{path}: there is no such file. Run this in the project.") from None
    except RecursionError:
        raise StackFileError(
            f"{path.name}: cannot be read: it is nested without end. Correct the file."
        ) from None
    except (OSError, UnicodeDecodeError, YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise StackFileError(f"{path.name}: cannot be read: {reason}. Correct the file.") from None


def _value(node: Node) -> Any:
    if isinstance(node, SequenceNode):
        return [_value(item) for item in node.value]
    if isinstance(node, MappingNode):
        return _mapping(node)
    if not isinstance(node, ScalarNode):
        raise ValueError(f"a {node.tag} is neither a scalar, a list nor a mapping")
    mark = node.start_mark
    tagged = mark.buffer[mark.index] == "!"
    return _scalar(node.value) if node.style is None and not tagged else node.value


def _mapping(node: MappingNode) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if key_node.value == "<<" and key_node.style is None:
            value = _value(value_node)
            for other in value if isinstance(value, list) else [value]:
                if not isinstance(other, dict):
                    raise ValueError(f"<< merges {other!r}, which is no mapping")
                merged = {**other, **merged}
            continue
        key = _scalar_key(_value(key_node))
        if key in own:
            line = key_node.start_mark.line + 1
            raise ValueError(f"{key!r} stands there twice, the second time in line {line}")
        own[key] = _value(value_node)
    return {**merged, **own}


def _scalar_key(value: Any) -> str:
    return "<nil>" if value is None else _text(value)


def _scalar(text: str) -> Any:
    """A plain scalar as the CLI's YAML library resolves it."""
    if text in _WORDS:
        return _WORDS[text]
    if _NOT_JSON.fullmatch(text):
        raise ValueError(f"{text} is no number that JSON has")
    if (date := _DATE.fullmatch(text)) and (moment := _moment(date)):
        return moment
    digits = text.replace("_", "")
    if match := _WHOLE.fullmatch(digits):
        sign, number = match.groups()
        # A leading zero makes it octal, with or without an o.
        whole = int(number, 8 if re.fullmatch(r"0[0-7]+", number) else 0)
        whole = -whole if sign == "-" else whole
        if -(2**63) <= whole < 2**64:
            return whole
    return float(digits) if _FLOAT.fullmatch(digits) else text


def _moment(match: re.Match[str]) -> str | None:
    """A date or a time in the one form that the CLI prints; None if there is no such day."""
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    fraction, offset = match["fraction"] or "", match["offset"] or "Z"
    try:
        moment = datetime.datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
    zone = "+0000 UTC" if offset == "Z" else " ".join([offset.replace(":", "")] * 2)
    return f"{moment:%Y-%m-%d %H:%M:%S}{fraction.rstrip('0').rstrip('.')} {zone}"


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, dict):
        items = (f"{_json(key)}:{_json(value[key])}" for key in sorted(value))
        return "{" + ",".join(items) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    text = json.dumps(value, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _number(value: float) -> str:
    if value == 0:
        return "0"
    if _SMALLEST_PLAIN_FLOAT <= abs(value) < _LARGEST_PLAIN_FLOAT:
        return format(decimal.Decimal(repr(value).removesuffix(".0")), "f")
    return re.sub(r"e([-+])0*", r"e\1", repr(value))
