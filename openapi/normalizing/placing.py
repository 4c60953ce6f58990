"""Where each operation goes in the tree of resources that API Gateway makes of the paths.

A path is a list of segments there, a parameter fills a whole segment, and each position has one
parameter name. The names are not visible to callers, so that they can be changed.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from openapi.compiler import INTEGRATION
from openapi.document import Document, Operation, mapping, sequence
from openapi.findings import Findings
from openapi.paths import at
from openapi.routes import path_parameters, path_problems

_PARAMETER = re.compile(r"\{([^{}]+)\}")
_MAX_VARIANTS = 20
"""Paths that the values of parameters inside of segments may make of one."""


@dataclass(frozen=True)
class Placed:
    """An operation at its path in the API."""

    operation: Operation
    path: str
    names: Mapping[str, str]
    """New names of its path parameters; those that became part of the path are missing."""


def placed(document: Document, prefix: str, findings: Findings) -> list[Placed]:
    """Every operation at each of its paths; `prefix` goes before all of them."""
    tree = _Tree()
    found: dict[tuple[str, str], Placed] = {}
    shown: dict[str, str] = {}
    for operation in document.operations:
        for literal in _variants(operation, findings):
            path = prefix.rstrip("/") + literal
            names: Mapping[str, str] = {name: name for name in path_parameters(path)}
            if INTEGRATION not in operation.spec:
                path, names = tree.place(path)
                if any(old != new for old, new in names.items()):
                    findings.leave_out("names of path parameters", operation.steps[:2])
            else:
                tree.claim(path)
            first = found.get((path, operation.method))
            if first is None:
                found[path, operation.method] = Placed(operation, path, names)
            elif _is_same(first.operation, operation):
                findings.leave_out("operations that another one stands for", operation.steps)
            else:
                findings.refuse(
                    operation.steps,
                    f"is the same operation for API Gateway as {first.operation.json_path}, and "
                    "differs from it. Make one of the two.",
                )
            shown.setdefault(at("paths", operation.path), path)
    findings.refuse_all(path_problems(shown))
    return list(found.values())


def _variants(operation: Operation, findings: Findings) -> Iterator[str]:
    """The paths of an operation without what follows # or ?.

    A parameter inside of a segment is replaced by each of its values, if they are listed.
    """
    path = re.split(r"[#?]", operation.path, maxsplit=1)[0]
    if path != operation.path:
        findings.leave_out("parts of paths behind # or ?", operation.steps[:2])
    inside = [
        name
        for segment in path.split("/")
        if not re.fullmatch(r"\{[^{}]+\}", segment)
        for name in _PARAMETER.findall(segment)
    ]
    values = [_listed_values(operation, name) for name in inside]
    variants = list(itertools.islice(itertools.product(*values), _MAX_VARIANTS + 1))
    if not inside or not variants or len(variants) > _MAX_VARIANTS:
        yield path
        return
    findings.leave_out("parameters inside of segments, in favor of their values", operation.steps)
    for variant in variants:
        literal = path
        for name, value in zip(inside, variant, strict=True):
            literal = literal.replace(f"{{{name}}}", value)
        yield literal


def _listed_values(operation: Operation, name: str) -> list[str]:
    for _, parameter in operation.parameters:
        if (parameter.get("in"), parameter.get("name")) == ("path", name):
            return [str(value) for value in sequence(mapping(parameter.get("schema")).get("enum"))]
    return []


def _is_same(first: Operation, second: Operation) -> bool:
    """Whether two operations of one path are one for a gateway that passes requests on."""
    return all(
        INTEGRATION not in operation.spec
        and not operation.validates_body
        and not operation.validates_parameters
        and operation.security == first.security
        for operation in (first, second)
    )


class _Tree:
    """The parameter name at each position, the first that a path brings."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def claim(self, path: str) -> None:
        """A path whose names cannot change."""
        parent = ""
        for segment in path.split("/")[1:]:
            if segment.startswith("{"):
                self._names.setdefault(parent, segment[1:-1])
            parent = f"{parent}/{segment}"

    def place(self, path: str) -> tuple[str, dict[str, str]]:
        """The path with the names of the tree, and the new name of each of its own."""
        names: dict[str, str] = {}
        parent = ""
        for segment in path.split("/")[1:]:
            match = _PARAMETER.fullmatch(segment)
            if match and not match[1].endswith("+"):
                known = self._names.get(parent)
                if known is None:
                    known = self._names[parent] = _unused(match[1], names.values())
                elif known.endswith("+"):  # reported as a conflict, since it cannot be renamed
                    known = match[1]
                names[match[1]] = known
                parent = f"{parent}/{{{known}}}"
            else:
                if match:
                    self._names.setdefault(parent, match[1])
                    names[match[1].rstrip("+")] = match[1].rstrip("+")
                parent = f"{parent}/{segment}"
        return parent, names


def _unused(name: str, taken: Collection[str]) -> str:
    number, made = 2, name
    while made in taken:
        made, number = f"{name}{number}", number + 1
    return made
