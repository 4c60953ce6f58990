"""Property values as the engine sends them, and what changed between two sets of them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime import rpc

from simulation.fake_aws import UNORDERED

Props = dict[str, Any]

DOCUMENTS = frozenset({"assumeRolePolicy", "policy"})
"""Strings that are compared as JSON."""


def received(message: Struct) -> Props:
    """A message as Python values: integers where numbers are whole, unknown outputs as unknown."""
    props: Props = _whole(MessageToDict(message))
    return props


def sent(props: Mapping[str, Any]) -> Struct:
    """Python values as a message."""
    message = Struct()
    message.update(dict(props))
    return message


def plain(value: Any) -> Any:
    """The value without the engine's wrapping and the bridge's `__defaults`."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    signature = value.get(rpc._special_sig_key)
    if signature is None:
        return {key: plain(item) for key, item in value.items() if key[:2] != "__"}
    if signature == rpc._special_resource_sig:
        return value.get("id", value.get("urn"))
    return plain(value["value"])


def stated(value: Any) -> Any:
    """The value as outputs have it: wrapped as it is, without the bridge's `__defaults`."""
    if isinstance(value, list):
        return [stated(item) for item in value]
    if isinstance(value, dict):
        return {key: stated(item) for key, item in value.items() if key[:2] != "__"}
    return value


def secret(value: Any) -> Props:
    """The value, marked secret."""
    return {rpc._special_sig_key: rpc._special_secret_sig, "value": value}


def is_wrapped(value: Props) -> bool:
    """Whether an object is a wrapping of the engine's."""
    return rpc._special_sig_key in value


def changes(old: Props, new: Props) -> dict[str, tuple[str, ...]]:
    """The changed inputs, each with the paths of what changed in it, marked `+`, `-` or `~`."""
    keys = sorted(key for key in old.keys() | new.keys() if not key.startswith("__"))
    return {
        key: tuple(_paths(key, old.get(key), new.get(key)))
        for key in keys
        if _comparable(key, old.get(key)) != _comparable(key, new.get(key))
    }


def _paths(path: str, old: object, new: object) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key):
                step = f".{key}" if key.isidentifier() else f"[{json.dumps(key)}]"
                yield from _paths(path + step, old.get(key), new.get(key))
    elif (
        isinstance(old, list)
        and isinstance(new, list)
        and len(old) == len(new)
        and path not in UNORDERED
    ):
        for index, (before, after) in enumerate(zip(old, new, strict=True)):
            if before != after:
                yield from _paths(f"{path}[{index}]", before, after)
    else:
        yield ("+" if old is None else "-" if new is None else "~") + path


def _comparable(key: str, value: object) -> object:
    if key in UNORDERED and isinstance(value, list):
        return sorted(value, key=json.dumps)
    if key in DOCUMENTS and isinstance(value, str) and value.startswith("{"):
        return json.loads(value)
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        if (
            value.get(rpc._special_sig_key) == rpc._special_output_value_sig
            and "value" not in value
        ):
            return rpc.UNKNOWN
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
