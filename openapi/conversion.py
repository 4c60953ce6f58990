"""Swagger 2.0 as OpenAPI 3.0; what has no counterpart there is kept, and so left out later.

Source: https://swagger.io/blog/news/whats-new-in-openapi-3-0/
"""

from collections.abc import Iterable, Mapping
from typing import Any

from openapi.document import METHODS, mapping, sequence
from openapi.paths import Steps

_REFERENCES = {
    "#/definitions/": "#/components/schemas/",
    "#/parameters/": "#/components/parameters/",
    "#/responses/": "#/components/responses/",
}
_COMPONENTS = {
    "definitions": "schemas",
    "parameters": "parameters",
    "responses": "responses",
    "securityDefinitions": "securitySchemes",
}
"""Keys of a Swagger document, by the kind of components that they become."""
_BODY = ("body", "formData")
_OF_VALUES = (
    "type",
    "format",
    "items",
    "collectionFormat",
    "default",
    "enum",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "multipleOf",
)
_OF_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


def converted(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A document as OpenAPI 3; one that is already is returned as it is."""
    if "swagger" not in content:
        return content
    content = _with_new_references(content)
    made = {
        key: value
        for key, value in content.items()
        if key
        not in (*_COMPONENTS, "swagger", "host", "basePath", "schemes", "consumes", "produces")
    }
    made["openapi"] = "3.0.3"
    if "basePath" in content or "host" in content:
        scheme = next(iter(sequence(content.get("schemes"))), "https")
        host, base = content.get("host", "service"), content.get("basePath", "")
        made["servers"] = [{"url": f"{scheme}://{host}{base}"}]
    converter = _Converter(content)
    components = {new: content[old] for old, new in _COMPONENTS.items() if old in content}
    if "parameters" in components:
        # Those of bodies are written into the operations that name them.
        components["parameters"] = {
            name: converter.parameter(parameter)
            for name, parameter in mapping(content["parameters"]).items()
            if mapping(parameter).get("in") not in _BODY
        }
    if "responses" in components:
        components["responses"] = {
            name: converter.response(response, content.get("produces"))
            for name, response in mapping(content["responses"]).items()
        }
    if "securitySchemes" in components:
        components["securitySchemes"] = {
            name: _security_scheme(scheme)
            for name, scheme in mapping(content["securityDefinitions"]).items()
        }
    if components:
        made["components"] = components
    if isinstance(content.get("paths"), Mapping):
        made["paths"] = {path: converter.item(item) for path, item in content["paths"].items()}
    return made


def in_source(content: Mapping[str, Any], steps: Steps) -> Steps:
    """Where the converted document has something, in the file itself."""
    if "swagger" not in content:
        return steps
    old = {new: key for key, new in _COMPONENTS.items()}
    if steps[:1] == ("components",) and len(steps) > 1 and steps[1] in old:
        steps = (old[str(steps[1])], *steps[2:])
    found: list[str | int] = []
    for position, step in enumerate(steps):
        value = _value(content, found)
        following = steps[position + 1 :]
        if isinstance(value, dict | list) and _value(value, [step]) is None and following:
            # The steps in between are new: `content` with its media type, `schema` of a parameter.
            continue
        found.append(step)
    return tuple(found)


def _value(content: Any, steps: Iterable[str | int]) -> Any:
    for step in steps:
        try:
            content = content[step]
        except (LookupError, TypeError):
            return None
    return content


class _Converter:
    def __init__(self, content: Mapping[str, Any]) -> None:
        self._content = content

    def item(self, item: Any) -> Any:
        """A path item; parameters of bodies are moved into its operations."""
        if not isinstance(item, Mapping):
            return item
        shared = [self._resolved(p) for p in sequence(item.get("parameters"))]
        made = dict(item)
        if "parameters" in item and isinstance(item["parameters"], list):
            made["parameters"] = [self.parameter(p) for p in item["parameters"]]
        for method in (method for method in METHODS if isinstance(item.get(method), Mapping)):
            made[method] = self._operation(item[method], shared)
        return made

    def _operation(self, operation: Mapping[str, Any], shared: list[Any]) -> dict[str, Any]:
        consumes = operation.get("consumes", self._content.get("consumes"))
        produces = operation.get("produces", self._content.get("produces"))
        made = {k: v for k, v in operation.items() if k not in ("consumes", "produces", "schemes")}
        parameters = operation.get("parameters")
        if isinstance(parameters, list):
            # Bodies keep their place, so that the positions of the others are those of the file.
            made["parameters"] = [self.parameter(parameter) for parameter in parameters]
        own = [self._resolved(parameter) for parameter in sequence(parameters)]
        bodies = [p for p in (*own, *shared) if mapping(p).get("in") in _BODY]
        if bodies:
            made["requestBody"] = self._request_body(bodies, sequence(consumes))
        if isinstance(operation.get("responses"), Mapping):
            made["responses"] = {
                status: response if status.startswith("x-") else self.response(response, produces)
                for status, response in operation["responses"].items()
            }
        return made

    def _request_body(self, bodies: list[Any], consumes: list[Any]) -> dict[str, Any]:
        whole = next((body for body in bodies if body["in"] == "body"), None)
        if whole is not None:
            made: dict[str, Any] = {"required": whole.get("required") is True}
            media = {"schema": whole.get("schema", {})}
            types = [str(name) for name in consumes] or ["application/json"]
            return {**made, "content": dict.fromkeys(types, media)}
        properties = {str(part.get("name")): _value_schema(part) for part in bodies}
        required = [str(part.get("name")) for part in bodies if part.get("required") is True]
        schema: dict[str, Any] = {"type": "object", "properties": properties}
        if required:
            schema["required"] = required
        types = [str(name) for name in consumes if name in _OF_FORMS] or [_OF_FORMS[0]]
        return {"content": {name: {"schema": schema} for name in types}}

    def response(self, response: Any, produces: Any) -> Any:
        """A response, its schema by media type."""
        if not isinstance(response, Mapping) or "$ref" in response:
            return response
        made = {k: v for k, v in response.items() if k not in ("schema", "examples", "headers")}
        if "schema" in response:
            types = [str(name) for name in sequence(produces)] or ["application/json"]
            made["content"] = {name: {"schema": response["schema"]} for name in types}
        if isinstance(response.get("headers"), Mapping):
            made["headers"] = {
                name: self.parameter(header) for name, header in response["headers"].items()
            }
        return made

    def parameter(self, parameter: Any) -> Any:
        """A parameter or header, its rules in a schema; a body stays as a mark of its place."""
        spec = self._resolved(parameter)
        if mapping(spec).get("in") in _BODY:
            return {"in": spec["in"], "name": spec.get("name", "body")}
        if not isinstance(parameter, Mapping) or "$ref" in parameter:
            return parameter
        kept = {key: value for key, value in parameter.items() if key not in _OF_VALUES}
        return {**kept, "schema": _value_schema(parameter)}

    def _resolved(self, parameter: Any) -> Any:
        reference = str(mapping(parameter).get("$ref"))
        name = reference.removeprefix("#/components/parameters/")
        return mapping(self._content.get("parameters")).get(name, parameter)


def _value_schema(holder: Mapping[str, Any]) -> dict[str, Any]:
    schema = {key: value for key, value in holder.items() if key in _OF_VALUES}
    if schema.get("type") == "file":
        schema |= {"type": "string", "format": "binary"}
    return schema


def _security_scheme(scheme: Any) -> Any:
    spec = mapping(scheme)
    if spec.get("type") == "basic":
        return {**spec, "type": "http", "scheme": "basic"}
    flow = ("flow", "authorizationUrl", "tokenUrl", "scopes")
    return {key: value for key, value in spec.items() if key not in flow} if spec else scheme


def _with_new_references(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_new_references(part) for part in value]
    if not isinstance(value, dict):
        return value
    made = {key: _with_new_references(part) for key, part in value.items()}
    reference = made.get("$ref")
    if isinstance(reference, str):
        for old, new in _REFERENCES.items():
            if reference.startswith(old):
                made["$ref"] = new + reference.removeprefix(old)
    return made
