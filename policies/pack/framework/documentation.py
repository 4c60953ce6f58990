"""The rules as a page of documentation: `python -m policies.pack > docs/policies.md`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .rule import EVERY_RULE, Rule

HEAD = """\
# Policies

Written by `python -m policies.pack > docs/policies.md`; `policies/README.md` tells how to run
them, configure them and make exceptions.

A *resource* policy sees the inputs of one resource before it is made, and stops an update there. A
*stack* policy sees all resources at preview, and once more when an update is done. Each table row
gives the level by default and under the configurations that are shipped.
"""
CONFIGS = ("dev", "prod", "ci")


def page(areas: Mapping[str, Sequence[Rule]], configs: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the page for rules by area, with the levels that each configuration gives them."""
    parts = [HEAD]
    for area, rules in areas.items():
        parts.append(f"## {area}\n\n{_table(rules, configs)}")
        parts += [_section(rule) for rule in rules]
    common = "\n".join(_property(name, schema) for name, schema in EVERY_RULE.items())
    parts.append(f"## Properties of every policy\n\n{common}\n")
    return "\n".join(parts)


def read_configs(folder: Path) -> dict[str, dict[str, Any]]:
    """Read the configurations that the pack is shipped with."""
    return {name: json.loads((folder / f"config.{name}.json").read_text()) for name in CONFIGS}


def _table(rules: Sequence[Rule], configs: Mapping[str, Mapping[str, Any]]) -> str:
    head = ["policy", "kind", "default", *configs]
    rows = [[f"[`{r.name}`](#{r.name})", r.kind, *_levels(r, configs)] for r in rules]
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _levels(rule: Rule, configs: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield rule.level.value
    for config in configs.values():
        own = config.get(rule.name, {})
        given = own if isinstance(own, str) else own.get("enforcementLevel")
        yield given or config.get("all") or rule.level.value


def _section(rule: Rule) -> str:
    lines = [
        f"### {rule.name}",
        "",
        f"**{rule.title}** Severity {rule.severity.value}.",
        "",
        f"- Why: {rule.protects}",
        f"- Fix: {rule.fix}",
    ]
    lines += [_property(name, schema) for name, schema in rule.config.items()]
    if rule.controls:
        lines.append(f"- Elsewhere: {', '.join(f'`{control}`' for control in rule.controls)}")
    return "\n".join(lines) + "\n"


def _property(name: str, schema: Mapping[str, Any]) -> str:
    default = f", by default `{json.dumps(schema['default'])}`" if "default" in schema else ""
    return f"- `{name}` ({schema['type']}{default}): {schema['description']}"
