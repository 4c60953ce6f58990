"""The requests that an API accepts: its servers, its paths, and their operations."""

import re
from collections.abc import Mapping
from typing import Any

from openapi.document import Document, mapping, sequence
from openapi.hints import listed
from openapi.lint import keys
from openapi.lint.extensions import VALIDATOR, VALIDATORS
from openapi.paths import Problems, at
from openapi.routes import path_problems


def problems(document: Document) -> Problems:
    """Everything that is wrong with servers, paths and operations, but not inside operations."""
    for position, server in enumerate(sequence(document.content.get("servers"))):
        url = str(mapping(server).get("url", "/"))
        path = re.sub(r"^[a-z]+://[^/]*", "", url).strip("/")
        if ".execute-api." not in url and path:
            yield (
                at("servers", position, "url"),
                f"{url!r} has a path or variables, which API Gateway ignores: calls start with the "
                "stage's URL. Put the path in front of every path, or remove `servers`.",
            )
    if isinstance(document.content.get("paths"), Mapping) and not document.operations:
        yield "paths", "have no operation, and an API without one cannot be deployed. Add one."
    yield from path_problems({at("paths", path): path for path in document.paths})
    for path, item in document.paths.items():
        yield from keys.unsupported(at("paths", path), item, keys.PATH_ITEM)
    yield from _validator_problems(document, "", document.content)
    first_uses: dict[str, str] = {}
    for operation in document.operations:
        yield from keys.unsupported(operation.json_path, operation.spec, keys.OPERATION)
        if operation.spec.get("deprecated"):
            yield from keys.unsupported(operation.json_path, operation.spec, keys.DEPRECATED)
        yield from _validator_problems(document, operation.json_path, operation.spec)
        name, path = operation.spec.get("operationId"), at(operation.json_path, "operationId")
        if isinstance(name, str) and first_uses.setdefault(name, path) != path:
            yield path, f"{name!r} repeats {first_uses[name]}. Give each operation its own."


def _validator_problems(document: Document, path: str, holder: Mapping[str, Any]) -> Problems:
    name, validators = holder.get(VALIDATOR), mapping(document.content.get(VALIDATORS))
    if name is not None and str(name) not in validators:
        known = f"{VALIDATORS} ({listed(validators)})"
        yield at(path, VALIDATOR), f"{name!r} is not in {known}. Define it there."
