"""What API Gateway rejects in an OpenAPI 3.0 document, or would silently leave out.

Documented at
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html are path
characters, model names, security schemes, security at the root, attributes of parameters, most of
the schema keywords, `deprecated`, references to other files, and responses that are primitives.
The rest is assumed, and reported to be on the safe side: cookies, callbacks, links, `encoding`,
`default` responses, media type ranges, alternatives of security, inline models for validators,
repeated operation ids, names that cannot be mapped, recursive models, and `oneOf` and `anyOf`
without references.
"""

import re
from collections.abc import Mapping
from itertools import chain
from typing import Any

from openapi.document import Document, compile_document
from openapi.lint import (
    bodies,
    extensions,
    integrations,
    parameters,
    paths,
    schemas,
    security,
    structure,
)
from openapi.paths import Problems

MAX_BYTES = 6_000_000
"""Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"""


def document_problems(
    document: Mapping[str, Any], *, scheme: str | None = None, endpoint_type: str = "regional"
) -> Problems:
    """Everything that is wrong with a document.

    `scheme` is that of the targets, if it is known; `endpoint_type` is regional or edge.
    """
    version = document.get("openapi", document.get("swagger"))
    if not re.fullmatch(r"3\.0\.\d+", str(version)) or "swagger" in document:
        key = "swagger" if "swagger" in document else "openapi"
        yield (
            key,
            f"{version!r} is not OpenAPI 3.0. Convert the document, and set `openapi: 3.0.3`.",
        )
        return
    read = Document(document)
    everything = chain(
        structure.problems(read),
        extensions.problems(read),
        paths.problems(read),
        parameters.problems(read),
        bodies.problems(read),
        schemas.model_problems(read.components("schemas")),
        security.problems(read),
        integrations.problems(read, scheme, endpoint_type),
    )
    # Each one once: an inherited parameter is checked with every operation.
    problems = dict.fromkeys(everything)
    yield from problems
    if not problems:
        size = len(compile_document("", document).json.encode())
        if size > MAX_BYTES:
            yield "paths", f"take {size} bytes, above the limit of {MAX_BYTES}. Split the API."
