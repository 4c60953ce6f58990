"""The objects above operations: the document itself, its information, and its path items."""

from collections.abc import Mapping
from typing import Any

from openapi.document import METHODS, BrokenReferenceError, Document, mapping, sequence
from openapi.findings import Findings
from openapi.normalizing import fields
from openapi.paths import Steps


class Items:
    """Checks what is around the operations of a document."""

    def __init__(self, document: Document, findings: Findings) -> None:
        self._document, self._findings = document, findings

    def document(self) -> dict[str, Any]:
        """What stays of the document, apart from paths and components."""
        content = self._document.content
        kept = fields.kept(self._findings, (), content, fields.DOCUMENT)
        kept["info"] = self._info(content.get("info", {}))
        tags = [
            fields.kept(self._findings, ("tags", position), tag, fields.TAG)
            for position, tag in enumerate(sequence(content.get("tags")))
        ]
        if named := [tag for tag in tags if "name" in tag]:
            kept["tags"] = named
        components = content.get("components", {})
        fields.kept(self._findings, ("components",), components, fields.COMPONENTS)
        for kind, value in mapping(components).items():
            if not isinstance(value, Mapping) and not kind.startswith("x-"):
                self._findings.refuse(("components", kind), "is not an object. Correct it.")
        return kept

    def _info(self, info: Any) -> dict[str, Any]:
        kept = fields.kept(self._findings, ("info",), info, fields.INFO)
        version = mapping(info).get("version")
        if version is not None:
            kept["version"] = str(version)
        for key, known in (("contact", fields.CONTACT), ("license", fields.LICENSE)):
            if key in mapping(info):
                kept[key] = fields.kept(self._findings, ("info", key), info[key], known)
        if "license" in kept and "name" not in kept["license"]:
            self._findings.leave_out("licenses without a name", ("info", "license"))
            del kept["license"]
        return kept

    def paths(self) -> None:
        """Refuse what is wrong with path items, and with what stands for their operations."""
        paths = self._document.content.get("paths")
        if not isinstance(paths, Mapping):
            self._findings.refuse(("paths",), "is not an object with paths. Add some.")
            return
        for path, value in paths.items():
            steps: Steps = ("paths", path)
            if path.startswith("/"):
                self._item(steps, value)
            elif path.startswith("x-"):
                self._findings.leave_out(fields.EXTENSIONS, steps)
            else:
                self._findings.refuse(steps, f"{path!r} does not start with a slash. Add it.")
        if not self._document.operations:
            text = "have no operation, and an API without one cannot be deployed. Add one."
            self._findings.refuse(("paths",), text)

    def _item(self, steps: Steps, value: Any) -> None:
        place, item = self._follow(steps, value)
        fields.kept(self._findings, place, item, fields.PATH_ITEM)
        if not isinstance(item, Mapping):
            return
        self._parameters(place, item)
        if "trace" in item:
            text = "is a method that API Gateway does not have. Remove the operation."
            self._findings.refuse((*place, "trace"), text)
        for method in (method for method in METHODS if method in item):
            spec_place, spec = self._follow((*place, method), item[method])
            if isinstance(spec, Mapping):
                self._parameters(spec_place, spec)
            else:
                self._findings.refuse(spec_place, "is not an operation. Correct it.")

    def _parameters(self, steps: Steps, holder: Mapping[str, Any]) -> None:
        """Refuse what is not a parameter, and tell of servers, which a stage replaces."""
        if "servers" in holder:
            self._findings.leave_out("servers", (*steps, "servers"))
        parameters = holder.get("parameters", [])
        if not isinstance(parameters, list):
            self._findings.refuse((*steps, "parameters"), "is not a list. Correct it.")
        for position, value in enumerate(sequence(parameters)):
            place, parameter = self._follow((*steps, "parameters", position), value)
            if not isinstance(parameter, Mapping):
                text = f"{parameter!r:.80} is not a parameter. Correct it."
                self._findings.refuse(place, text)

    def _follow(self, steps: Steps, value: Any) -> tuple[Steps, Any]:
        """Where a value is and what it is; a broken reference is refused, and leads to nothing."""
        try:
            return self._document.follow(steps, value)
        except BrokenReferenceError as error:
            self._findings.refuse(error.steps, str(error))
            return steps, {}
