"""The keywords of a schema: which API Gateway takes, which it ignores, and what replaces which.

Sources: https://datatracker.ietf.org/doc/html/draft-fge-json-schema-validation-00,
https://spec.openapis.org/oas/v3.0.3#schema-object
"""

import re
from collections.abc import Mapping
from typing import Any

from openapi.findings import Findings
from openapi.normalizing.fields import EXAMPLES
from openapi.paths import Steps

COMBINATIONS = ("allOf", "anyOf", "oneOf")
CHECKING = frozenset(
    (
        "enum",
        "multipleOf",
        "maximum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
        "type",
        "properties",
        "items",
        "additionalProperties",
        *COMBINATIONS,
        "not",
    )
)
"""Keywords that a validator reads, in OpenAPI 3.0 as in JSON schema draft 4."""
COPIED: dict[str, tuple[str, tuple[type, ...]]] = {
    **dict.fromkeys(("title", "description", "pattern"), ("text", (str,))),
    **dict.fromkeys(("multipleOf", "maximum", "minimum"), ("a number", (int, float))),
    **dict.fromkeys(
        ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties"),
        ("a whole number", (int,)),
    ),
    "uniqueItems": ("true or false", (bool,)),
    **dict.fromkeys(("enum", "required"), ("a list", (list,))),
}
"""Keywords that stay as they are, each with its type."""
TRANSLATED = {
    "type",
    "format",
    "nullable",
    "const",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "x-nullable",
}
LEFT_OUT = {
    "default": "default values",
    **dict.fromkeys(("example", "examples"), EXAMPLES),
    "deprecated": "marks of deprecation",
    "externalDocs": "links to documentation",
    "xml": "XML names",
    "discriminator": "discriminators",
    **dict.fromkeys(("readOnly", "writeOnly"), "marks of direction"),
    **dict.fromkeys(("$id", "$schema", "$anchor", "$comment", "$defs"), "identifiers of schemas"),
    **dict.fromkeys(("contentMediaType", "contentEncoding"), "encodings"),
}
"""Keywords that check nothing, by what they are."""
DATA = ("example", "examples", "default", "enum", "const")
"""Keywords whose content is data, in which `$ref` is a key as any other."""
# Groups of ECMA 262 are (?:...), (?=...), (?!...), (?<=...), (?<!...) and (?<name>...).
_OTHER_GROUP = re.compile(r"(?<!\\)\(\?(?![:=!]|<[=!A-Za-z])")
_TYPES = ("string", "number", "integer", "boolean", "array", "object")
_NULL = (
    "admits null, which a validator of API Gateway would refuse. Leave the property out of "
    "`required` and of the message, or do not validate the body."
)


def copied(key: str, value: Any, steps: Steps, findings: Findings, *, strict: bool) -> Any:
    """The value of a keyword that stays, its elements once only; None if it does not."""
    kind, types = COPIED[key]
    if key == "required" and value == []:  # draft 4 has no empty list
        return None
    negative = kind == "a whole number" and type(value) is int and value < 0
    if (
        type(value) not in types
        or negative
        or value == []
        or (key == "required" and not _are_texts(value))
    ):
        findings.refuse(steps, f"{value!r:.80} is not {kind}. Correct it.")
        return None
    if key == "pattern" and _OTHER_GROUP.search(value):
        _refuse_pattern(value, steps, findings, strict=strict)
        return None
    if isinstance(value, list):
        return [element for n, element in enumerate(value) if element not in value[:n]]
    return value


def _refuse_pattern(value: str, steps: Steps, findings: Findings, *, strict: bool) -> None:
    if strict:
        text = f"{value!r} has a group that JSON schema does not have, such as (?i). Write it out."
        findings.refuse(steps, text)
    else:
        findings.leave_out("patterns of other dialects", steps)


def _are_texts(value: Any) -> bool:
    return all(isinstance(element, str) for element in value)


def without_null(
    value: Mapping[str, Any], steps: Steps, findings: Findings, *, strict: bool
) -> Mapping[str, Any]:
    """A schema without the alternative null, in the notations of OpenAPI 3.0 and of 3.1."""
    places = [(key,) for key in ("nullable", "x-nullable") if value.get(key) is True]
    changed = dict(value)
    kind = value.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind):
        places.append(("type",))
        rest = [name for name in kind if name != "null"] if isinstance(kind, list) else []
        changed["type"] = rest[0] if len(rest) == 1 else rest
        if not rest:
            del changed["type"]
    for key in ("anyOf", "oneOf"):
        branches = value.get(key)
        if isinstance(branches, list) and any(map(_is_null, branches)):
            places.append((key,))
            changed[key] = [branch for branch in branches if not _is_null(branch)]
            if not changed[key]:
                del changed[key]
    if not places:
        return value
    for place in places:
        if strict:
            findings.refuse((*steps, *place), _NULL)
        else:
            findings.leave_out("marks that null is allowed", (*steps, *place))
    return changed


def _is_null(branch: Any) -> bool:
    return isinstance(branch, Mapping) and branch.get("type") in ("null", ["null"])


def only_branch(value: Mapping[str, Any], combined: list[str]) -> tuple[str, Any] | None:
    """The one alternative that a schema consists of, apart from what describes it."""
    if (value.keys() & (CHECKING | TRANSLATED)) - {"nullable", "x-nullable"} != set(combined):
        return None
    key = combined[0]
    branches = value[key]
    if len(combined) == 1 and key != "not" and isinstance(branches, list) and len(branches) == 1:
        return key, branches[0]
    return None


def translate(
    found: dict[str, Any],
    value: Mapping[str, Any],
    steps: Steps,
    findings: Findings,
    *,
    strict: bool,
) -> None:
    """Add what replaces the keywords that draft 4 has not, or has in another form."""
    _translate_type(found, value, steps, findings, strict=strict)
    kind, form = found.get("type"), value.get("format")
    if form == "decimal" or (kind == "number" and form in ("int32", "int64")):
        findings.leave_out("formats of numbers", (*steps, "format"))
    elif isinstance(form, str):
        found["format"] = form
    elif form is not None:
        findings.refuse((*steps, "format"), f"{form!r:.80} is not text. Correct it.")
    if "const" in value:
        found["enum"] = [value["const"]]
    maximum = value.get("exclusiveMaximum")
    if isinstance(maximum, bool):
        found["exclusiveMaximum"] = maximum
        if "maximum" not in found:
            del found["exclusiveMaximum"]
    elif isinstance(maximum, int | float):
        found |= {"maximum": maximum, "exclusiveMaximum": True}
    elif maximum is not None:
        findings.refuse(
            (*steps, "exclusiveMaximum"), f"{maximum!r:.80} is not a number. Correct it."
        )
    minimum = value.get("exclusiveMinimum")
    if minimum is True:
        minimum = found.pop("minimum", None)
    if isinstance(minimum, int) and not isinstance(minimum, bool) and kind == "integer":
        found["minimum"] = minimum + 1
    elif minimum is not None and minimum is not False:
        if strict:
            findings.refuse(
                (*steps, "exclusiveMinimum"),
                "is not supported by API Gateway. Set `minimum` to the first value that is "
                "allowed, or leave the check to the service.",
            )
        else:
            findings.leave_out("limits of numbers", (*steps, "exclusiveMinimum"))


def _translate_type(
    found: dict[str, Any],
    value: Mapping[str, Any],
    steps: Steps,
    findings: Findings,
    *,
    strict: bool,
) -> None:
    kind = value.get("type")
    if isinstance(kind, list) and all(name in _TYPES for name in kind):
        if not kind:
            return
        if "anyOf" not in found:
            found["anyOf"] = [{"type": name} for name in kind]
        elif strict:
            findings.refuse((*steps, "type"), "is a list beside `anyOf`. Write it into `anyOf`.")
        else:
            findings.leave_out("combinations of types", (*steps, "type"))
    elif kind in _TYPES:
        found["type"] = kind
        if kind == "array" and "items" not in found:
            found["items"] = {}
    elif kind is not None:
        allowed = ", ".join(_TYPES)
        findings.refuse((*steps, "type"), f"{kind!r} is not a type. Use one of {allowed}.")


def drop_read_only(
    found: dict[str, Any], value: Mapping[str, Any], steps: Steps, findings: Findings
) -> None:
    """Requests need not have what only responses have, although the schema requires it."""
    required, properties = found.get("required"), value.get("properties")
    if not isinstance(required, list) or not isinstance(properties, Mapping):
        return
    for name in list(required):
        part = properties.get(name)
        if isinstance(part, Mapping) and part.get("readOnly") is True:
            findings.leave_out("requirements that only hold for responses", (*steps, "required"))
            found["required"] = [other for other in found["required"] if other != name]
    if not found["required"]:
        del found["required"]
