"""What a definition says, as far as the fake provider has to know it."""

import json
import re
from typing import Any

_INTEGRATION = "x-amazon-apigateway-integration"
_ANY_METHOD = "x-amazon-apigateway-any-method"
AUTHORIZER = "x-amazon-apigateway-authorizer"


def used_variables(definition: str) -> set[str]:
    """The stage variables that a definition uses."""
    return set(re.findall(r"stageVariables\.(\w+)", definition))


def integrations(definition: str) -> list[tuple[str, str | None]]:
    """The link and the integration target of every private integration; None for one without."""
    paths = json.loads(definition)["paths"].values()
    found = (operation.get(_INTEGRATION, {}) for path in paths for operation in path.values())
    return [
        (one["connectionId"], one.get("integration-target"))
        for one in found
        if "connectionId" in one
    ]


def targets(definition: str) -> list[str | None]:
    return [target for _, target in integrations(definition)]


def asked_functions(definition: str) -> set[str]:
    """The functions that authorizers call without a role."""
    schemes = json.loads(definition).get("components", {}).get("securitySchemes", {}).values()
    specs = [scheme.get(AUTHORIZER, {}) for scheme in schemes]
    return {
        spec["authorizerUri"].partition("/functions/")[2].removesuffix("/invocations")
        for spec in specs
        if "authorizerUri" in spec and not spec.get("authorizerCredentials")
    }


def resource_policy(definition: str) -> dict[str, Any]:
    """The resource policy of a definition, which an import takes away if it has none."""
    return json.loads(definition).get("x-amazon-apigateway-policy") or {}


def method_paths(definition: str) -> set[str]:
    """The paths of settings that a deployment has, in which slashes are written ~1."""
    found = {"*/*"}
    for path, item in json.loads(definition)["paths"].items():
        for key in item:
            method = "ANY" if key == _ANY_METHOD else key.upper()
            found.add(f"{path.replace('/', '~1')}/{method}")
    return found
