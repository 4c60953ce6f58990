"""The keys of each kind of object in OpenAPI 3.0 and 3.1, and what happens to them.

A type stays if the value has it, a text names the kind of thing that is left out, and None is for
the code that reads the object.
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
"""

from collections.abc import Mapping
from typing import Any

from openapi.document import IN_ANOTHER_FILE, METHODS
from openapi.findings import Findings
from openapi.hints import nearest
from openapi.paths import Steps
from openapi.variables import SERVICE

EXTENSIONS = "extensions of other tools"
EXAMPLES = "examples"
PARAMETER_RULES = "rules of parameters"
"""API Gateway checks whether a parameter is there, and nothing else."""
_AMAZON = ("x-amazon-",)
_TYPES = {str: "text", bool: "true or false", list: "a list", dict: "an object"}
_DOCUMENTATION = "links to documentation"
_DEPRECATED = "marks of deprecation"

Fields = Mapping[str, type | str | None]

DOCUMENT: Fields = {
    **dict.fromkeys(("openapi", "info", "paths", "components", "security", "servers")),
    "tags": None,
    "externalDocs": _DOCUMENTATION,
    "webhooks": "webhooks",
    "jsonSchemaDialect": "JSON schema dialects",
}
INFO: Fields = {
    **dict.fromkeys(("title", "version", "contact", "license")),
    **dict.fromkeys(("description", "termsOfService"), str),
    "summary": "summaries",
}
CONTACT: Fields = dict.fromkeys(("name", "url", "email"), str)
LICENSE: Fields = {**dict.fromkeys(("name", "url"), str), "identifier": "identifiers of licenses"}
TAG: Fields = {"name": str, "description": str, "externalDocs": _DOCUMENTATION}
COMPONENTS: Fields = {
    **dict.fromkeys(("schemas", "securitySchemes")),
    # These are copied to where they are used.
    **dict.fromkeys(("parameters", "responses", "headers", "requestBodies", "pathItems")),
    "examples": EXAMPLES,
    "links": "links",
    "callbacks": "callbacks",
}
PATH_ITEM: Fields = {
    **dict.fromkeys((*METHODS, "parameters", "servers", "trace")),
    **dict.fromkeys(("summary", "description"), "descriptions of paths"),
}
OPERATION: Fields = {
    **dict.fromkeys(("parameters", "requestBody", "responses", "security", "servers")),
    "tags": list,
    **dict.fromkeys(("summary", "description", "operationId"), str),
    "externalDocs": _DOCUMENTATION,
    "callbacks": "callbacks",
    "deprecated": _DEPRECATED,
}
PARAMETER: Fields = {
    **dict.fromkeys(("name", "in", "schema")),
    "description": str,
    "required": bool,
    **dict.fromkeys(
        ("content", "style", "explode", "allowReserved", "allowEmptyValue"), PARAMETER_RULES
    ),
    "deprecated": _DEPRECATED,
    **dict.fromkeys(("example", "examples"), EXAMPLES),
}
HEADER: Fields = {**PARAMETER, **dict.fromkeys(("name", "in"), PARAMETER_RULES)}
REQUEST_BODY: Fields = {"description": str, "required": bool, "content": None}
RESPONSE: Fields = {
    **dict.fromkeys(("content", "headers")),
    "description": str,
    "links": "links",
    "summary": "summaries",
}
MEDIA_TYPE: Fields = {
    "schema": None,
    **dict.fromkeys(("example", "examples"), EXAMPLES),
    "encoding": "encodings",
}
SECURITY_SCHEME: Fields = {
    **dict.fromkeys(("type", "name", "in", "description"), str),
    **dict.fromkeys(("scheme", "bearerFormat", "flows", "openIdConnectUrl"), "details of security"),
    "deprecated": _DEPRECATED,
}


def kept(findings: Findings, steps: Steps, value: Any, fields: Fields) -> dict[str, Any]:
    """The keys of an object that stay as they are; reports the others."""
    if not isinstance(value, dict):
        findings.refuse(steps, f"{value!r:.80} is not an object. Correct it.")
        return {}
    found = {}
    for key, content in value.items():
        if key.startswith("x-"):
            if key.startswith(_AMAZON):
                found[key] = content
            elif key != SERVICE:  # that of an operation is read with it
                findings.leave_out(EXTENSIONS, (*steps, key))
        elif key not in fields:
            near = nearest(key, fields)
            hint = f"; did you mean {near}?" if near else "."
            findings.refuse((*steps, key), f"is not a key of OpenAPI here{hint} Correct it.")
        else:
            rule = fields[key]
            if isinstance(rule, str):
                findings.leave_out(rule, (*steps, key))
            elif rule and isinstance(content, rule):
                found[key] = content
            elif rule:
                findings.refuse((*steps, key), _wrong_type(content, rule))
    return found


def _wrong_type(content: Any, rule: type) -> str:
    if isinstance(content, dict) and isinstance(content.get("$ref"), str):
        return f"{content['$ref']!r} {IN_ANOTHER_FILE}. Write {_TYPES[rule]} in its place."
    return f"{content!r:.80} is not {_TYPES[rule]}. Correct it."
