"""The configuration of the policy pack: the file, and the level and properties of each policy."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from pulumi_policy import EnforcementLevel, Policy

from policies.pack.framework.configuration import EVERY_POLICY, mistakes
from simulation.sdk import LEVELS


class PackConfigError(ValueError):
    """The configuration of the policy pack is wrong; the message lists every mistake."""


def read_config(path: Path) -> dict[str, Any]:
    """Read a file for `--policy-pack-config`; PackConfigError unless it contains a JSON object."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PackConfigError(f"{path} is not JSON: {error}. Correct the file.") from None
    if not isinstance(config, dict):
        raise PackConfigError(f"{path} must contain one JSON object")
    return config


def reconcile(
    policies: Iterable[Policy], pack_config: Mapping[str, Any]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Level and properties of each policy: by its name, else by "all", else its own defaults.

    Raises PackConfigError with every mistake: names and levels that do not exist, and properties
    that do not match the policy's schema.
    """
    schemas = {p.name: p.config_schema.properties if p.config_schema else {} for p in policies}
    given, problems = {}, []
    for name, value in pack_config.items():
        if not isinstance(value, str | dict):
            problems.append(f"{name}: {value!r} is neither a level nor an object with properties")
            continue
        properties = {"enforcementLevel": value} if isinstance(value, str) else dict(value)
        level = properties.pop("enforcementLevel", None)
        if level is not None and level not in LEVELS:
            problems.append(f"{name}: '{level}' is not a level; use one of {', '.join(LEVELS)}")
        given[name] = (level, properties)
    known = {name: set(schema) for name, schema in schemas.items()}
    problems += mistakes({name: set(own) for name, (_, own) in given.items()}, known)
    every = given.get(EVERY_POLICY, (None, {}))[0]
    result = {}
    for policy in policies:
        level, own = given.get(policy.name, (None, {}))
        schema = schemas[policy.name]
        properties = {key: s["default"] for key, s in schema.items() if "default" in s} | own
        validator = Draft7Validator({"type": "object", "properties": schema})
        problems += [
            f"{policy.name}: {error.json_path.removeprefix('$.')}: {error.message}"
            for error in validator.iter_errors(properties)
        ]
        default = (policy.enforcement_level or EnforcementLevel.ADVISORY).value
        result[policy.name] = (level or every or default, properties)
    if problems:
        raise PackConfigError(
            f"the configuration of the policy pack is wrong: {'; '.join(problems)}"
        )
    return result
