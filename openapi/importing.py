"""A user's own OpenAPI document, made into the one that API Gateway takes.

What API Gateway ignores or cannot import is left out where it changes nothing for a caller, and
told; what would change the meaning is refused by its JSON path. The reasons are in
docs/decisions/definition-file.md.
"""

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from openapi.compiler import ANY_METHOD
from openapi.completion import compile_document
from openapi.conversion import converted, in_source
from openapi.document import Document, mapping
from openapi.findings import Findings, capped
from openapi.lint import document_problems
from openapi.lint.authorizers import uninvoked
from openapi.normalizing.items import Items
from openapi.normalizing.operations import Operations
from openapi.normalizing.placing import Placed, placed
from openapi.normalizing.schemas import Schemas
from openapi.normalizing.security import Security
from openapi.normalizing.servers import base_path
from openapi.parsing import parse
from openapi.paths import Steps

MAX_BYTES = 6_000_000
RESOURCES = 300
"""Both from https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""
_VERSION = re.compile(r"""^["']?(?P<key>openapi|swagger)["']?\s*:\s*["']?(?P<v>[\w.-]+)""", re.M)
_VERSIONS = {"openapi": r"3\.[01]\.\d+(-\w+)?", "swagger": r"2\.0"}


@dataclass(frozen=True)
class Options:
    """What the stack says about the definition."""

    schemes: tuple[tuple[str, str], ...] = ()
    """Services, each with the scheme of its targets, as far as they are known."""
    endpoint_type: str = "regional"
    """regional or edge."""
    prepend_base_path: bool = False
    """Whether the path of the document's server goes before all of its paths."""
    closed: bool = False
    """Whether the stack disables the API's own endpoint."""
    host_has_port: bool = False
    """Whether the host of a target contains a port."""
    authorizers: tuple[tuple[str, str], ...] = ()
    """Security schemes, by name and as JSON, that take the place of those of the document."""


@dataclass(frozen=True)
class Imported:
    """What came of a document; `document` is only of use without problems."""

    document: Mapping[str, Any]
    findings: Findings
    problems: tuple[tuple[str, str], ...]
    """JSON path in the file, and message, of what has to be corrected first."""
    content: Mapping[str, Any] = field(default_factory=dict)
    """The whole document, as OpenAPI 3."""
    origins: Mapping[tuple[str, str], Steps] = field(default_factory=dict)
    """Where an operation is in `content`, by its path in the API and its method or ANY."""


class Source:
    """An OpenAPI document as a file has it."""

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content
        self._imported: dict[Options, Imported] = {}

    def imported(self, options: Options) -> Imported:
        """The document that API Gateway takes, with what it lacks; made once."""
        if options not in self._imported:
            self._imported[options] = self._import(options)
        return self._imported[options]

    def _import(self, options: Options) -> Imported:
        findings = Findings()
        if problem := _version_problem(self.content):
            return Imported({}, findings, (problem,))
        content = converted(self.content)
        authorized = _with_authorizers(content, options.authorizers)
        findings.locate = functools.partial(in_source, self.content)
        document = Document(authorized)
        findings.refuse_all(document_problems(document, options))
        prefix = base_path(
            content, findings, prepend=options.prepend_base_path, closed=options.closed
        )
        places = placed(document, prefix, findings)
        made = _normalized(document, places, findings)
        ours = [name for name, _ in options.authorizers]
        for path, message in uninvoked(document, ours):
            findings.advise(path, message)
        if not findings.refused:
            _check_size(made, findings)
        problems = tuple(capped(list(findings.problems(self.content))))
        return Imported(made, findings, problems, content, _origins(places))


@functools.lru_cache(maxsize=4)
def read(text: str) -> Source:
    """A document in JSON or YAML; the version is looked at before all of it is read.

    Raises ValueError with the reason.
    """
    found = _VERSION.search(text)
    if found and not re.fullmatch(_VERSIONS[found["key"]], found["v"]):
        return Source({found["key"]: found["v"]})
    return Source(parse(text))


def _with_authorizers(
    content: Mapping[str, Any], authorizers: Iterable[tuple[str, str]]
) -> Mapping[str, Any]:
    """The document in which authorizers take the place of security schemes of the same names."""
    components = mapping(content.get("components"))
    schemes = dict(mapping(components.get("securitySchemes")))
    replaced = {name: json.loads(text) for name, text in authorizers if name in schemes}
    if not replaced:
        return content
    return {**content, "components": {**components, "securitySchemes": {**schemes, **replaced}}}


def _version_problem(content: Mapping[str, Any]) -> tuple[str, str] | None:
    key = "swagger" if "swagger" in content else "openapi"
    if key not in content:
        return "the document", "has neither `openapi` nor `swagger`. Add its version."
    version = str(content[key])
    if re.fullmatch(_VERSIONS[key], version):
        return None
    return key, f"{version!r} is not Swagger 2.0, OpenAPI 3.0 or OpenAPI 3.1. Convert the document."


def _origins(places: Iterable[Placed]) -> dict[tuple[str, str], Steps]:
    return {
        (place.path, "ANY" if method == ANY_METHOD else method.upper()): place.operation.steps
        for place in places
        for method in [place.operation.method]
    }


def _normalized(document: Document, places: Iterable[Placed], findings: Findings) -> dict[str, Any]:
    items = Items(document, findings)
    made = items.document()
    items.paths()
    schemas, security = Schemas(document, findings), Security(document, findings)
    operations = Operations(document, findings, schemas, security)
    paths: dict[str, dict[str, Any]] = {}
    for place in places:
        paths.setdefault(place.path, {})[place.operation.method] = operations.operation(place)
    components = {
        "schemas": {**schemas.models(), **operations.hoisted},
        "securitySchemes": security.schemes(),
    }
    security.advise()
    operations.advise()
    made |= {"openapi": _target_version(document), "paths": paths}
    if components := {kind: value for kind, value in components.items() if value}:
        made["components"] = components
    _advise_of_resources(paths, findings)
    return made


def _target_version(document: Document) -> str:
    version = str(document.content.get("openapi"))
    return version if version.startswith("3.0.") else "3.0.3"


def _advise_of_resources(paths: Mapping[str, Any], findings: Findings) -> None:
    resources: set[tuple[str, ...]] = {()}
    for path in paths:
        segments = tuple(path.strip("/").split("/"))
        resources |= {segments[: n + 1] for n in range(len(segments))}
    if len(resources) > RESOURCES:
        findings.advise(
            "paths",
            f"make {len(resources)} resources, above the quota of {RESOURCES} for an API, which "
            "AWS can raise. Request it (Service Quotas: Resources per API) before the update.",
        )


def _check_size(document: Mapping[str, Any], findings: Findings) -> None:
    size = len(compile_document("", document).json.encode())
    if size > MAX_BYTES:
        text = f"take {size} bytes, above the limit of {MAX_BYTES}. Split the API."
        findings.refuse(("paths",), text)
