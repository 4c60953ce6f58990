"""A rehearsal as people and machines read it."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from simulation.analyzer import Finding
from simulation.engine import STACK_TYPE, Phase, Registered, Run, Secret, Unknown
from simulation.rehearsal import Rehearsal

_PROVIDERS = "pulumi:providers:"


def show(rehearsal: Rehearsal, console: Console) -> None:
    """Print the resources as a tree, the outputs, and the verdict of each phase."""
    update = rehearsal.runs[Phase.UPDATE]
    console.print(_tree(update))
    console.print("\n[bold]Outputs[/bold] (with made-up answers in place of AWS)")
    for name, value in update.exports.items():
        console.print(f"  {name}: {escape(_text(value))}", highlight=False)
    console.print("\n[bold]Policies[/bold]")
    for phase, found in rehearsal.findings.items():
        _verdict(phase, found, console)
    for severity, message in dict.fromkeys(m for r in rehearsal.runs.values() for m in r.log):
        console.print(f"  {severity.lower()}: {escape(message)}", highlight=False)


def machine_readable(rehearsal: Rehearsal) -> dict[str, Any]:
    """The same as JSON values: unknown ones as null, secrets as `[secret]`."""
    first = rehearsal.runs[Phase.PREVIEW]
    return {
        "project": first.project,
        "stack": first.stack,
        "passed": rehearsal.passed,
        "phases": {
            phase.value: {
                "outputs": _jsonable(run.exports),
                "resources": [_resource(r) for r in run.resources],
                "findings": [vars(finding) for finding in rehearsal.findings[phase]],
            }
            for phase, run in rehearsal.runs.items()
        },
    }


def _tree(run: Run) -> Tree:
    shown = [r for r in run.resources if not r.type.startswith(_PROVIDERS)]
    count = sum(r.type != STACK_TYPE for r in shown)
    root = Tree(f"[bold]{run.project}-{run.stack}[/bold] ({count} resources)")
    branches: dict[str, Tree] = {}
    children = {r.urn: r for r in shown}

    def branch(resource: Registered) -> Tree:
        if resource.urn not in branches:
            parent = children.get(resource.parent)
            above = branch(parent) if parent and parent.type != STACK_TYPE else root
            kind = resource.type.rpartition(":")[2]
            branches[resource.urn] = above.add(f"{kind} [cyan]{escape(resource.name)}[/cyan]")
        return branches[resource.urn]

    for resource in sorted(shown, key=lambda r: (r.custom, r.type, r.name)):
        if resource.type != STACK_TYPE:
            branch(resource)
    return root


def _verdict(phase: Phase, found: Iterable[Finding], console: Console) -> None:
    findings = sorted(found, key=lambda f: (not f.is_mandatory, f.policy, f.urn))
    broken = sum(f.is_mandatory for f in findings)
    noted = len(findings) - broken
    mark = "[red]violated[/red]" if broken else "[green]passed[/green]"
    notes = f", {noted} advisory" if noted else ""
    counted = f", {broken} mandatory" if broken else ""
    console.print(f"  at {phase}: {mark}{counted}{notes}", highlight=False)
    for finding in findings:
        name = finding.urn.rpartition("::")[2]
        console.print(
            f"    {finding.level} {finding.policy} ({escape(name)})\n"
            f"      {escape(finding.message).replace(chr(10), chr(10) + '      ')}",
            highlight=False,
        )


def _resource(resource: Registered) -> dict[str, Any]:
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent,
        "inputs": _jsonable(resource.inputs),
        "outputs": _jsonable(resource.outputs),
    }


def _jsonable(value: Any) -> Any:
    match value:
        case Unknown():
            return None
        case Secret():
            return "[secret]"
        case Mapping():
            return {key: _jsonable(item) for key, item in value.items()}
        case list():
            return [_jsonable(item) for item in value]
        case _:
            return value


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_text(item)}" for key, item in value.items())
    return str(_jsonable(value))
