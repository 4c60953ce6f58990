"""A flat program that registers the resources of a run: the least that the same stack can cost."""

import re
from collections.abc import Mapping
from typing import Any

from simulation.engine import Registered, Run

_ADDED_BY_THE_PROVIDER = "region"
_OPTIONS = {"retainOnDelete": "retain_on_delete", "replacement_trigger": "replacement_trigger"}
_DISTINCT = 6
"""The least characters with which a value is also searched for inside of others."""


def bare_program(run: Run) -> str:
    """Python source with one statement for each resource, from the run of an update.

    Values from another resource's outputs are taken from its outputs here too.
    """
    resources = [r for r in run.resources if r.type.startswith("aws:")]
    names = {resource.urn: f"r{number}" for number, resource in enumerate(resources)}
    outputs = {
        r.urn: {
            str(value): f"{names[r.urn]}.{_snake(key)}"
            for key, value in r.outputs.items()
            if isinstance(value, str | int)
        }
        for r in resources
    }
    statements = [_statement(resource, names, outputs) for resource in resources]
    return "\n".join(["import pulumi", "import pulumi_aws as aws", *statements])


def _statement(
    resource: Registered, names: Mapping[str, str], outputs: Mapping[str, Mapping[str, str]]
) -> str:
    module, _, kind = resource.type.removeprefix("aws:").partition("/")
    arguments = [repr(resource.name)]
    for key, value in resource.inputs.items():
        if key != _ADDED_BY_THE_PROVIDER:
            sources = sorted(resource.property_dependencies.get(key, ()))
            known = {text: code for urn in sources for text, code in outputs.get(urn, {}).items()}
            arguments.append(f"{_snake(key)}={_expression(value, known)}")
    used = set(re.findall(r"\br\d+\b", " ".join(arguments)))
    waits = sorted({names[urn] for urn in resource.dependencies if urn in names} - used)
    options = [
        f"{option}={resource.options[wire]!r}"
        for wire, option in _OPTIONS.items()
        if wire in resource.options
    ]
    options.append(f"depends_on=[{', '.join(waits)}]")
    arguments.append(f"opts=pulumi.ResourceOptions({', '.join(options)})")
    call = f"aws.{module}.{kind.rpartition(':')[2]}({', '.join(arguments)})"
    return f"{names[resource.urn]} = {call}"


def _expression(value: Any, outputs: Mapping[str, str]) -> str:
    """The code of a value that may contain outputs of other resources."""
    if isinstance(value, dict):
        items = (f"{key!r}: {_expression(item, outputs)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_expression(item, outputs) for item in value)}]"
    if not isinstance(value, str) or not outputs:
        return repr(value)
    if value in outputs:
        return f"{outputs[value]}.apply(str)" if value.isdigit() else outputs[value]
    long = sorted((text for text in outputs if len(text) >= _DISTINCT), key=len, reverse=True)
    if not long:
        return repr(value)
    parts = re.split(f"({'|'.join(map(re.escape, long))})", value)
    if len(parts) == 1:
        return repr(value)
    code = ", ".join(outputs.get(part, repr(part)) for part in parts if part)
    return f"pulumi.Output.concat({code})"


def _snake(key: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).lower()
