"""Operations with everything that they refer to written into them.

API Gateway reads `security` of operations only, path-level parameters in part, and references to
schemas only.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from openapi.compiler import ANY_MEDIA_TYPE, BINARY_MEDIA_TYPES, INTEGRATION
from openapi.document import BrokenReferenceError, Document, Operation, identity, mapping
from openapi.findings import Findings
from openapi.hints import listed
from openapi.normalizing import fields
from openapi.normalizing.placing import Placed
from openapi.normalizing.schemas import Schemas
from openapi.normalizing.security import Security
from openapi.paths import Steps, at
from openapi.variables import SERVICE

PARAMETER_NAME = re.compile(r"[a-zA-Z0-9:._$-]+")
"""Source: the error of an import, as quoted in docs/decisions/definition-file.md"""
_JSON = re.compile(r"application/([\w.-]+\+)?json\b.*", re.IGNORECASE)
_BINARY = re.compile(
    r"(image|audio|video|font)/.+|multipart/.+|application/(octet-stream|pdf|zip|gzip|.*\+zip)",
    re.IGNORECASE,
)
_LOCATIONS = ("query", "header", "path", "cookie")
_UNNAMED = "parameters that cannot be named"


class Operations:
    """Makes the operations of one document."""

    def __init__(
        self, document: Document, findings: Findings, schemas: Schemas, security: Security
    ) -> None:
        self._document, self._findings = document, findings
        self._schemas, self._security = schemas, security
        self.hoisted: dict[str, Any] = {}
        """Models that were written into a request body, by their new names."""
        self._made: set[Steps] = set()
        self._binary: dict[str, Steps] = {}

    def operation(self, placed: Placed) -> dict[str, Any]:
        """One operation in its new form."""
        operation = placed.operation
        made = fields.kept(self._findings, operation.steps, operation.spec, fields.OPERATION)
        if operation.steps in self._made:  # at another path; an id is for one operation
            made.pop("operationId", None)
        self._made.add(operation.steps)
        for position, tag in enumerate(made.get("tags", [])):
            if not isinstance(tag, str):
                text = f"{tag!r:.80} is not text. Correct it."
                self._findings.refuse((*operation.steps, "tags", position), text)
        if parameters := list(self._parameters(placed)):
            made["parameters"] = parameters
        if "requestBody" in operation.spec and (body := self._request_body(operation)):
            made["requestBody"] = body
        made["responses"] = self._responses(operation)
        if (security := self._security.of(operation)) is not None:
            made["security"] = security
        if operation.service and INTEGRATION not in operation.spec:
            made[SERVICE] = operation.service
        return made

    def advise(self) -> None:
        """Name the media types whose bodies would not arrive unchanged."""
        if self._binary and BINARY_MEDIA_TYPES not in self._document.content:
            place = at("", *next(iter(self._binary.values())))
            listed_types = ", ".join(sorted(self._binary))
            self._findings.advise(
                place,
                f"is one of the media types that are not text ({listed_types}), and API Gateway "
                f'reads every body as text. Add {BINARY_MEDIA_TYPES}: ["*/*"] to the file.',
            )

    def _parameters(self, placed: Placed) -> Iterator[dict[str, Any]]:
        operation = placed.operation
        # Those of the path are needed, so that others have to make room for them.
        names, seen = set(placed.names.values()), set()
        for steps, parameter in operation.parameters:
            if identity(parameter) in seen:
                text = f"{parameter.get('name')!r} occurs twice in {operation.json_path}. "
                self._findings.refuse(steps, text + "Remove one of them.")
            seen.add(identity(parameter))
            made = self._parameter(steps, parameter, placed)
            if made is None:
                continue
            if made["in"] != "path" and made["name"] in names:
                # Recorded: "Parameter names must be unique across querystring, header and path".
                self._drop(operation, steps, made, "parameters with the name of another one")
                continue
            names.add(made["name"])
            yield made

    def _parameter(
        self, steps: Steps, parameter: Mapping[str, Any], placed: Placed
    ) -> dict[str, Any] | None:
        name, location = parameter.get("name"), parameter.get("in")
        if location in ("body", "formData"):  # Swagger 2.0, converted to a request body
            return None
        if not isinstance(name, str) or location not in _LOCATIONS:
            text = "needs a `name`, and `in`: query, header, path or cookie. Correct it."
            self._findings.refuse(steps, text)
            return None
        made = fields.kept(self._findings, steps, parameter, fields.PARAMETER)
        made |= {"name": name, "in": location, "schema": self._type(steps, parameter)}
        if location == "path":
            return self._path_parameter(steps, made, placed)
        if location == "cookie":
            self._findings.leave_out("cookie parameters", steps)
            return None
        if not PARAMETER_NAME.fullmatch(name):
            return self._drop(placed.operation, steps, made, _UNNAMED)
        return made

    def _path_parameter(
        self, steps: Steps, made: dict[str, Any], placed: Placed
    ) -> dict[str, Any] | None:
        operation, name = placed.operation, made["name"]
        if name not in operation.path_parameters:
            known = f"{operation.path}, which has {listed(operation.path_parameters)}"
            text = f"{name!r} is not a parameter of {known}. Correct or remove it."
            self._findings.refuse((*steps, "name"), text)
        if name not in placed.names:
            return None
        return {**made, "name": placed.names[name], "required": True}

    def _drop(
        self, operation: Operation, steps: Steps, made: Mapping[str, Any], kind: str
    ) -> dict[str, Any] | None:
        """Leave a parameter out; it still reaches the service, but cannot be required."""
        if operation.validates_parameters and made.get("required"):
            self._findings.refuse(
                (*steps, "name"),
                f"{made['name']!r} cannot be required: names have letters, digits and : . _ $ -, "
                "and are not used twice in an operation. Rename it, or leave it to the service.",
            )
        self._findings.leave_out(kind, steps)
        return None

    def _type(self, steps: Steps, holder: Mapping[str, Any]) -> dict[str, Any]:
        """The schema of a parameter or header; API Gateway reads nothing but the type."""
        schema = holder.get("schema")
        try:
            place, schema = self._document.follow((*steps, "schema"), schema)
        except BrokenReferenceError as error:
            self._findings.refuse(error.steps, str(error))
            return {"type": "string"}
        if schema is not None and not isinstance(schema, Mapping):
            self._findings.refuse(place, f"{schema!r:.80} is not a schema. Correct it.")
        schema = mapping(schema)
        for key in schema.keys() - {"type"}:
            self._findings.leave_out(fields.PARAMETER_RULES, (*place, key))
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((name for name in kind if name != "null"), None)
        if kind not in ("string", "number", "integer", "boolean", "array", "object"):
            kind = "string"
        return {"type": kind, "items": {"type": "string"}} if kind == "array" else {"type": kind}

    def _request_body(self, operation: Operation) -> dict[str, Any] | None:
        steps: Steps = (*operation.steps, "requestBody")
        followed = self._follow(steps, operation.spec["requestBody"])
        if followed is None:
            return None
        place, body = followed
        made = fields.kept(self._findings, place, body, fields.REQUEST_BODY)
        strict = operation.validates_body
        content = self._content(place, body, strict=strict)
        if strict and content:
            self._name_models(operation, content)
            content.setdefault(ANY_MEDIA_TYPE, next(iter(content.values())))
        return {**made, "content": content} if content else None

    def _name_models(self, operation: Operation, content: dict[str, Any]) -> None:
        """A validator needs named models."""
        for media in content.values():
            if "$ref" not in media["schema"]:
                label = operation.spec.get("operationId") or f"{operation.method}{operation.path}"
                name = self._schemas.name(f"{label}Body")
                self.hoisted[name] = media["schema"]
                media["schema"] = {"$ref": f"#/components/schemas/{name}"}

    def _content(self, steps: Steps, holder: Any, *, strict: bool) -> dict[str, Any]:
        """The models by media type."""
        made: dict[str, Any] = {}
        content = mapping(holder).get("content", {})
        if not isinstance(content, Mapping):
            self._findings.refuse((*steps, "content"), "is not an object. Correct it.")
            return {}
        for media_type, value in content.items():
            place: Steps = (*steps, "content", media_type)
            if _BINARY.fullmatch(media_type):
                self._binary.setdefault(media_type, place)
            followed = self._follow(place, value)
            if followed is None:
                continue
            media = fields.kept(self._findings, *followed, fields.MEDIA_TYPE)
            if strict and not _JSON.fullmatch(media_type) and media_type != ANY_MEDIA_TYPE:
                self._findings.refuse(
                    place,
                    "is not JSON, which is all that a validator reads: it would refuse every "
                    "body. Remove this media type, or the validator.",
                )
            elif "schema" not in mapping(followed[1]):
                self._findings.leave_out("media types without a model", place)
            else:
                schema = followed[1]["schema"]
                new = self._schemas.schema((*followed[0], "schema"), schema, strict=strict)
                if "*" in media_type:
                    self._findings.leave_out("ranges of media types", place)
                elif new:
                    made[media_type] = {**media, "schema": new}
        return made

    def _responses(self, operation: Operation) -> dict[str, Any]:
        steps: Steps = (*operation.steps, "responses")
        responses = operation.spec.get("responses", {})
        made: dict[str, Any] = {}
        if not isinstance(responses, Mapping):
            self._findings.refuse(steps, "is not an object. Correct it.")
            responses = {}
        for status, value in responses.items():
            place: Steps = (*steps, status)
            if status.startswith("x-"):
                self._findings.leave_out(fields.EXTENSIONS, place)
            elif re.fullmatch(r"[1-5]\d\d", status):
                made[status] = self._response(place, value)
            elif status == "default" or re.fullmatch(r"[1-5]XX", status, re.IGNORECASE):
                self._response(place, value)
                self._findings.leave_out("responses without a status of their own", place)
            else:
                text = f"{status!r} is not a status code. Use one such as 404."
                self._findings.refuse(place, text)
        return made or {"200": {"description": "Whatever the service answers."}}

    def _response(self, steps: Steps, value: Any) -> dict[str, Any]:
        followed = self._follow(steps, value)
        if followed is None:
            return {}
        place, response = followed
        made = {"description": "", **fields.kept(self._findings, place, response, fields.RESPONSE)}
        content = self._content(place, response, strict=False)
        for media_type, media in list(content.items()):
            schema = media["schema"]
            if "$ref" not in schema and schema.get("type") != "object":
                self._findings.leave_out(
                    "models of responses that are not objects", (*place, "content", media_type)
                )
                del content[media_type]
        if content:
            made["content"] = content
        if headers := self._headers(place, response):
            made["headers"] = headers
        return made

    def _headers(self, steps: Steps, response: Any) -> dict[str, Any]:
        headers = mapping(response).get("headers", {})
        made = {}
        for name, value in mapping(headers).items():
            followed = self._follow((*steps, "headers", name), value)
            if followed:
                kept = fields.kept(self._findings, *followed, fields.HEADER)
                kept.pop("required", None)
                made[name] = {**kept, "schema": self._type(followed[0], mapping(followed[1]))}
        return made

    def _follow(self, steps: Steps, value: Any) -> tuple[Steps, Any] | None:
        """Where a value or its reference is, and what it is; a broken reference is refused."""
        try:
            return self._document.follow(steps, value)
        except BrokenReferenceError as error:
            self._findings.refuse(error.steps, str(error))
            return None
