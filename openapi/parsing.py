"""Reading JSON and YAML files as JSON values."""

import json
import math
import re
from typing import Any, NoReturn

import yaml  # type: ignore[import-untyped]
from yaml import events

MAX_VALUES = 1_000_000
"""Values of a document, aliases counted as often as they are used."""
_TEXT_OF_ONE_VALUE = 100
"""Characters of a text that count as one value more."""
_STANDARD = "tag:yaml.org,2002:"
# The core schema of YAML 1.2: https://yaml.org/spec/1.2.2/#103-core-schema
_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_KINDS: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def parse(text: str) -> dict[str, Any]:
    """A document in JSON or YAML 1.2 as a JSON object: every key is text, no value is a date.

    Values that aliases share are shared here, too: do not change them. Raises ValueError with the
    reason.
    """
    try:
        try:
            document = parse_json(text)
        except json.JSONDecodeError:
            document = _Builder(text).document()
            _encode(document)
    except yaml.YAMLError as error:
        raise ValueError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("it is not a mapping")
    return document


def parse_json(text: str) -> Any:
    """A JSON value that can be written as JSON again; raises ValueError with the reason."""
    try:
        value = json.loads(text, object_pairs_hook=_distinct, parse_constant=_reject_constant)
        _encode(value)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return value


class _Builder:
    """Makes values of the events of libyaml, without the tree in between, which is slow."""

    def __init__(self, text: str) -> None:
        try:
            loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
        except UnicodeEncodeError:
            raise ValueError("it contains an unpaired surrogate, such as \\ud800") from None
        self._next = loader.get_event
        self._plain: dict[str, Any] = {}
        self._anchored: dict[str, tuple[Any, int]] = {}
        self._count = 0

    def document(self) -> Any:
        """The only document of the text; None without one."""
        self._next()  # the start of the stream
        if isinstance(self._next(), events.StreamEndEvent):
            return None
        value = self._value(self._next())
        self._next()  # the end of the document
        if not isinstance(self._next(), events.StreamEndEvent):
            raise ValueError("it has more than one document")
        return value

    def _value(self, event: Any) -> Any:
        self._count += 1
        if isinstance(event, events.AliasEvent):
            return self._aliased(event)
        before = self._count
        if isinstance(event, events.ScalarEvent):
            value = self._scalar(event)
            self._count += len(event.value) // _TEXT_OF_ONE_VALUE
        elif isinstance(event, events.MappingStartEvent):
            _expect_tag(event, "map")
            value = self._mapping()
        else:
            _expect_tag(event, "seq")
            value = self._sequence()
        if event.anchor:
            self._anchored[event.anchor] = value, self._count - before + 1
        return value

    def _aliased(self, event: Any) -> Any:
        if event.anchor not in self._anchored:  # libyaml has checked that there is one
            raise ValueError(f"it contains itself: *{event.anchor} is inside of it{_line(event)}")
        value, size = self._anchored[event.anchor]
        self._count += size
        if self._count > MAX_VALUES:
            raise ValueError(f"its aliases make it larger than {MAX_VALUES} values")
        return value

    def _mapping(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        event = self._next()
        while not isinstance(event, events.MappingEndEvent):
            if isinstance(event, events.ScalarEvent) and event.value == "<<" and event.implicit[0]:
                merged = {**self._merged(self._next()), **merged}
            else:
                key = self._key(event)
                if key in found:
                    raise ValueError(f"the key {key!r} occurs twice in one object{_line(event)}")
                found[key] = self._value(self._next())
            event = self._next()
        return {**merged, **found} if merged else found

    def _merged(self, event: Any) -> dict[str, Any]:
        """The mapping that `<<` merges, or several of which the first wins."""
        value = self._value(event)
        merged: dict[str, Any] = {}
        for part in value if isinstance(value, list) else [value]:
            if not isinstance(part, dict):
                raise ValueError(f"<< merges something other than a mapping{_line(event)}")
            merged = {**part, **merged}
        return merged

    def _sequence(self) -> list[Any]:
        found = []
        event = self._next()
        while not isinstance(event, events.SequenceEndEvent):
            found.append(self._value(event))
            event = self._next()
        return found

    def _key(self, event: Any) -> str:
        key = self._value(event)
        if isinstance(key, str):
            return key
        if isinstance(key, int) and not isinstance(key, bool):
            return str(key)
        shown = "of a mapping or list" if isinstance(key, dict | list) else repr(key)
        raise ValueError(f"the key {shown} is not text; put it in quotes{_line(event)}")

    def _scalar(self, event: Any) -> Any:
        text, tag = event.value, event.tag
        if event.implicit[0]:
            if text not in self._plain:
                self._plain[text] = _resolved(text, event)
            return self._plain[text]
        # A date in a document is text: JSON has none.
        if tag is None or tag in ("!", f"{_STANDARD}str", f"{_STANDARD}timestamp"):
            return text
        value = _resolved(text, event)
        kinds = _KINDS.get(tag.removeprefix(_STANDARD), ())
        if type(value) not in kinds:
            raise ValueError(f"the tag {tag} does not exist in JSON{_line(event)}")
        return value


def _resolved(text: str, event: Any) -> Any:
    """The value of a plain scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] in "-+.0123456789":
        if _INTEGER.fullmatch(text):
            return int(text, 0 if text[:2] in ("0o", "0x") else 10)
        if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
            return number
        if _NOT_FINITE.fullmatch(text) or _FLOAT.fullmatch(text):
            raise ValueError(f"{text} is not a JSON number{_line(event)}")
    return text


def _expect_tag(event: Any, kind: str) -> None:
    if event.tag not in (None, "!", _STANDARD + kind):
        raise ValueError(f"the tag {event.tag} does not exist in JSON{_line(event)}")


def _line(event: Any) -> str:
    return f" (line {event.start_mark.line + 1})"


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    distinct = dict(pairs)
    if len(distinct) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} occurs twice in one object")
    return distinct


def _reject_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a JSON number")


def _encode(value: Any) -> None:
    """Raise ValueError for a text with half of a surrogate pair, which has no UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it contains an unpaired surrogate, such as \\ud800") from None
