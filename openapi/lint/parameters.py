"""The parameters of operations; API Gateway reads name, location, type and `required` only."""

import re
from collections.abc import Mapping
from typing import Any

from openapi.document import Document, Operation, identity, mapping
from openapi.hints import listed
from openapi.lint import keys
from openapi.paths import Problems, at

_NAME = r"[A-Za-z0-9._$-]+"
_HEADER_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"


def problems(document: Document) -> Problems:
    """Everything that is wrong with parameters, those of a path item included."""
    for operation in document.operations:
        seen: set[tuple[str, str]] = set()
        for path, parameter in operation.parameters:
            if parameter.get("in") == "cookie":
                yield from keys.unsupported(path, parameter, keys.COOKIE)
                continue
            yield from _name_problems(operation, path, parameter)
            if identity(parameter) in seen:
                name = parameter.get("name")
                yield path, f"{name!r} occurs twice in {operation.json_path}. Remove one of them."
            seen.add(identity(parameter))
            yield from keys.unsupported(path, parameter, keys.PARAMETER)
            schema = mapping(parameter.get("schema"))
            others = [key for key in schema if key not in ("$ref", "type") and key[:2] != "x-"]
            known = dict.fromkeys(others, keys.TO_THE_SERVICE) | keys.PARAMETER_SCHEMA
            yield from keys.unsupported(at(path, "schema"), schema, known)


def _name_problems(operation: Operation, path: str, parameter: Mapping[str, Any]) -> Problems:
    name, location = parameter.get("name"), parameter.get("in")
    pattern = _HEADER_NAME if location == "header" else _NAME
    if isinstance(name, str) and not re.fullmatch(pattern, name):
        yield at(path, "name"), f"{name!r} cannot be mapped. Use letters, digits and . _ $ -"
    if location == "path" and name not in operation.path_parameters:
        known = f"{operation.path}, which has {listed(operation.path_parameters)}"
        yield at(path, "name"), f"{name!r} is not a parameter of {known}. Correct or remove it."
