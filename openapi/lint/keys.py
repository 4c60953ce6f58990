"""Keys of OpenAPI that API Gateway ignores or rejects, each with the remedy.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html;
it does not mention `writeOnly`, `xml`, `externalDocs` and `examples`.
"""

from collections.abc import Mapping
from typing import Any

from openapi.document import mapping
from openapi.paths import Problems, at

TO_THE_SERVICE = "Leave the check to the service, and remove it here."
_STAGES = "Remove it: a stage selects its target."
_DESCRIBE = "Put it in the description."
_ONE_SHAPE = "Describe one shape, or let the service check."
_TWO_SCHEMAS = "Use one schema for requests and one for responses."

PATH_ITEM = {
    "trace": "Remove it.",
    "servers": _STAGES,
    "$ref": "Write the operations in its place.",
}
OPERATION = {"callbacks": "Remove it.", "servers": _STAGES}
DEPRECATED = {"deprecated": _DESCRIBE}
PARAMETER = {
    **dict.fromkeys(("deprecated", "example", "examples"), _DESCRIBE),
    **dict.fromkeys(
        ("allowEmptyValue", "allowReserved", "content", "explode", "style"), TO_THE_SERVICE
    ),
}
PARAMETER_SCHEMA = {"$ref": "Write the type in its place."}
COOKIE = {"in": "Remove the parameter; the service receives cookies unchanged."}
RESPONSE = {"links": _DESCRIBE}
SCHEMA = {
    **dict.fromkeys(("anyOf", "oneOf", "discriminator"), _ONE_SHAPE),
    **dict.fromkeys(("readOnly", "writeOnly"), _TWO_SCHEMAS),
    **dict.fromkeys(("minItems", "maxItems"), TO_THE_SERVICE),
    **dict.fromkeys(
        ("default", "deprecated", "example", "examples", "externalDocs", "xml"), _DESCRIBE
    ),
    "exclusiveMinimum": "Set `minimum` to the first value that is allowed.",
    "nullable": "Leave the property out of `required`, and out of the message.",
}
MEDIA_TYPE = {"encoding": TO_THE_SERVICE, **SCHEMA}


def unsupported(path: str, holder: Any, keys: Mapping[str, str]) -> Problems:
    """The keys of an object that API Gateway does not support, out of a table of this module."""
    for key in mapping(holder):
        if key in keys:
            yield at(path, key), f"is not supported by API Gateway. {keys[key]}"
