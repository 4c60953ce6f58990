"""OpenAPI documents to test with."""

import json
from collections.abc import Mapping
from typing import Any

from openapi.compiler import ANY_METHOD, INTEGRATION, Backend
from openapi.importing import Imported, Options, Source
from openapi.parsing import parse
from openapi.paths import at
from tests.stacks import ROOT

BASE = parse((ROOT / "tests" / "openapi" / "base.yaml").read_text())
"""A document without problems."""
EXAMPLE = parse((ROOT / "examples" / "openapi" / "orders.yaml").read_text())
LEGACY = BASE["paths"]["/legacy"]["get"][INTEGRATION]
RESPONSES = {"responses": {"200": {"description": "A response."}}}


def merged(base: Any, change: Any) -> Any:
    """A document with a change merged into it, in which None removes a key."""
    if not isinstance(change, dict):
        return change
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in change.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result


def legacy(integration: Mapping[str, Any]) -> dict[str, Any]:
    """A change of the integration in the base document."""
    return {"paths": {"/legacy": {"get": {INTEGRATION: integration}}}}


def imported(document: Any, **options: Any) -> Imported:
    """What comes of a document in a stack."""
    return Source(document).imported(Options(**{"schemes": (("", "http"),), **options}))


def left_out(found: Imported) -> dict[str, list[str]]:
    """JSON paths of what is not sent, by kind."""
    return {
        kind: [at("", *found.findings.locate(steps)) for steps in places]
        for kind, places in found.findings.left_out.items()
    }


def standard(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document for a validator, which knows neither {proxy+} nor the extension for ANY."""
    text = json.dumps(document).replace("+}", "}").replace(f'"{ANY_METHOD}":', '"trace":')
    return json.loads(text)  # type: ignore[no-any-return]


def with_backends(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of a compiler from a table."""
    backends = {name: Backend(**one) for name, one in given.get("backends", {}).items()}
    return {**given, "backends": backends}
