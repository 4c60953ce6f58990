"""A rehearsal as people read it: resources, routes, outputs, and what the policies report."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import groupby, zip_longest
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from operations.advice import allowance, correction
from operations.route_table import Called, route_table
from operations.screen import write, write_table, write_verbatim
from simulation.analyzer import Finding, Kind
from simulation.engine import PROVIDER_PREFIX, STACK_TYPE, Phase, Registered, Run
from simulation.rehearsal import Rehearsal

_UNCUT = 1_000


def show(rehearsal: Rehearsal, called: Called, out: Console) -> None:
    """Print a rehearsal; `called` returns the target that an integration calls."""
    run = rehearsal.runs[Phase.UPDATE]
    _show_tree(run, out)
    routes = route_table(run, called)
    write(out, "\nRoutes, with the target of each stage", style="bold")
    write_table(out, routes.rows, "  ")
    write(out, "\nOutputs (AWS's values are made up)", style="bold")
    _show_values(run.exports, out, "  ")
    write(out, "\nPolicies", style="bold")
    _show_policies(rehearsal, routes.open_routes, out)
    logged = (line for phase_run in rehearsal.runs.values() for line in phase_run.log)
    for severity, message in dict.fromkeys(logged):
        write(out, f"{severity.lower()}: {message}", "  ", hang="  ")


def _show_tree(run: Run, out: Console) -> None:
    shown = [r for r in run.resources if not r.type.startswith((PROVIDER_PREFIX, STACK_TYPE))]
    root = Tree(Text.assemble((f"{run.project}-{run.stack}", "bold"), f" ({len(shown)} resources)"))
    by_urn = {resource.urn: resource for resource in shown}
    branches: dict[str, Tree] = {}

    def branch(resource: Registered) -> Tree:
        if resource.urn not in branches:
            parent = by_urn.get(resource.parent)
            above = branch(parent) if parent else root
            label = Text.assemble(resource.type.rpartition(":")[2], " ", (resource.name, "cyan"))
            branches[resource.urn] = above.add(label)
        return branches[resource.urn]

    for resource in sorted(shown, key=lambda r: (r.custom, r.type, r.name)):
        branch(resource)
    width, out.width = out.width, _UNCUT  # Rich cuts the names that do not fit
    out.print(root)
    out.width = width


def _show_values(values: Mapping[str, Any], out: Console, indent: str) -> None:
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping):
            write(out, f"{name}:", indent)
            _show_values(value, out, indent + "  ")
        else:
            write(out, f"{name}: {value}", indent, hang="  ")


def _show_policies(rehearsal: Rehearsal, open_routes: Collection[str], out: Console) -> None:
    """Print what each phase adds: a finding of the preview is not repeated at the update."""
    earlier: set[Finding] = set()
    for phase, findings in rehearsal.findings.items():
        violations = sorted(
            (f for f in findings if f.kind is Kind.VIOLATION),
            key=lambda f: (not f.is_mandatory, f.policy, f.urn),
        )
        new = [finding for finding in violations if finding not in earlier]
        broken = any(finding.is_mandatory for finding in violations)
        counts = [f"{n} {level}" for level, n in Counter(f.level for f in violations).items()]
        verdict = ", ".join(["violated" if broken else "passed", *counts])
        if repeated := len(violations) - len(new):
            verdict += f" ({repeated} shown above)" if new else " (shown above)"
        if broken and phase is Phase.UPDATE:
            verdict += "; the update fails"
        write(out, f"at {phase}: {verdict}", "  ", style="red" if broken else "green")
        for policy, group in groupby(new, key=lambda finding: finding.policy):
            _show_violations(list(group), out)
            write(out, correction(policy), "      ", hang="  ")
            sentence, line = allowance(rehearsal, policy, open_routes)
            write(out, sentence, "      ", hang="  ")
            write_verbatim(out, line, "        ")
        for finding in (f for f in findings if f.kind is Kind.UNKNOWN):
            when = "decided after the update" if phase is Phase.PREVIEW else "not decided"
            text = f"{when}: {finding.policy} ({finding.unknown_values})"
            write(out, text, "    ", hang="  ")
        earlier |= set(violations)


def _show_violations(found: Sequence[Finding], out: Console) -> None:
    """Print the violations of one policy, with each sentence that they share once."""
    names = ", ".join(dict.fromkeys(finding.resource for finding in found))
    style = "red" if found[0].is_mandatory else "yellow"
    write(out, f"{found[0].level} {found[0].policy} ({names})", "    ", hang="  ", style=style)
    columns = zip_longest(*(finding.message.splitlines() for finding in found))
    for line in dict.fromkeys(line for column in columns for line in column if line):
        write(out, line, "      ", hang="  ")
