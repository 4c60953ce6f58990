"""Whatever OpenAPI document there is: it is refused by a path in it, or every operation stands."""

import json
import re
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from openapi.compiler import ANY_METHOD, INTEGRATION
from openapi.completion import compile_document
from openapi.importing import Imported
from openapi.paths import at, existing, steps_of
from tests.openapi.documents import imported, standard
from tests.openapi.grammar import DOCUMENTS

_HTTP = ("get", "put", "post", "delete", "options", "head", "patch", "trace", ANY_METHOD)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(DOCUMENTS)
def test_a_document_is_refused_by_a_path_in_it_or_every_operation_stands(document: Any) -> None:
    before = json.dumps(document)
    found = imported(document)
    assert json.dumps(document) == before
    if found.problems:
        event("refused")
        for path, message in found.problems:
            assert path == "the document" or existing(document, steps_of(path)) == steps_of(path)
            assert message
        return
    event("taken")
    completed = json.loads(compile_document("t", found.document).json)
    validate(standard(completed))
    for path, method, names in _operations(document):
        sent = _sent(completed, path, method)
        assert INTEGRATION in sent
        declared = {(p["in"], p["name"]) for p in sent.get("parameters", [])}
        assert names - declared <= _told(found, path, method)
    again = imported(completed)
    assert again.problems == ()
    assert compile_document("t", again.document).json == compile_document("t", found.document).json


def _operations(document: Any) -> Iterator[tuple[str, str, set[tuple[str, str]]]]:
    """Path, method, and the query and header parameters of every operation."""
    for path, item in document["paths"].items():
        for method in (key for key in item if key in _HTTP):
            parameters = [*item["parameters"], *item[method].get("parameters", [])]
            yield path, method, {_identity(document, p) for p in parameters} - {("path", "")}


def _identity(document: Any, parameter: Any) -> tuple[str, str]:
    if "$ref" in parameter:
        kind, name = parameter["$ref"].split("/")[-2:]
        parameter = document["components"][kind][name]
    return ("path", "") if parameter["in"] == "path" else (parameter["in"], parameter["name"])


def _sent(completed: Any, path: str, method: str) -> Any:
    """The operation that a request for the path reaches, whatever its parameters are called."""
    literal = re.split("[#?]", path)[0]
    pattern = "".join(
        r"\{[^{}/]+\}" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{[^}]+\})", literal)
    )
    (item,) = (v for key, v in completed["paths"].items() if re.fullmatch(pattern, key))
    return item[method]


def _told(found: Imported, path: str, method: str) -> set[tuple[str, str]]:
    """The parameters of which it is told that they are not sent, or those of an operation."""
    told = set()
    for kind, places in found.findings.left_out.items():
        if kind == "operations that another one stands for" and ("paths", path, method) in places:
            told |= {(where, name) for where in ("query", "header", "cookie") for name in _NAMES}
        for steps in places if kind in _KINDS else ():
            value: Any = found.content
            for step in steps:
                value = value[step]
            told.add((value["in"], value["name"]))
    return told


_KINDS = (
    "cookie parameters",
    "parameters that cannot be named",
    "parameters with the name of another one",
)
_NAMES = ("q", "ids[]", "a:b", "page", "x")


@given(st.lists(st.text(max_size=6) | st.integers(0, 99), max_size=5))
def test_a_json_path_can_be_read_back(steps: list[Any]) -> None:
    assert steps_of(at("", *steps)) == tuple(steps)
