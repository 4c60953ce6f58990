"""Which room may import which, and that no imports run in a circle."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.stacks import ROOT

MAY_IMPORT = {
    "openapi": set(),
    "settings": {"openapi"},
    "components": {"settings", "openapi"},
    "__main__": {"components", "settings"},
    "policies": set(),
    "simulation": {"policies"},
    "operations": {"simulation", "settings", "openapi"},
    "service": set(),
    "bootstrap": set(),
}
"""Rooms of the product, each with the rooms that its modules import; tests import all of them."""
PACK_MAY_IMPORT = {
    "graph": set(),
    "framework": {"graph"},
    "location": {"graph", "framework"},
    "rules": {"graph", "framework", "location"},
    "__main__": {"framework", "rules"},
    "__init__": set(),
}
"""The same inside `policies/pack`."""
PURE = ("openapi", "components.addressing", "settings.schema", "settings.user_data")
"""What needs no Pulumi, and so must not wait a second for its import."""


def modules() -> dict[str, Path]:
    found = {"__main__": ROOT / "__main__.py"}
    for room in MAY_IMPORT:
        for path in (ROOT / room).rglob("*.py"):
            found[_name(path)] = path
    return found


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(name: str, path: Path) -> set[str]:
    """Every module that a module's source names in an import, at whatever depth it stands."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return found


GRAPH = {name: imports(name, path) for name, path in modules().items()}


def room_of(name: str) -> str:
    return name.split(".", maxsplit=1)[0]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_rooms_below_it(room: str) -> None:
    used = {
        room_of(target)
        for name, targets in GRAPH.items()
        if room_of(name) == room
        for target in targets
        if room_of(target) in MAY_IMPORT and room_of(target) != room
    }
    assert used <= MAY_IMPORT[room]


@pytest.mark.parametrize("part", PACK_MAY_IMPORT)
def test_a_part_of_the_pack_imports_only_parts_below_it(part: str) -> None:
    inside = "policies.pack."
    used = {
        target.removeprefix(inside).split(".")[0]
        for name, targets in GRAPH.items()
        if name.startswith(inside) and name.removeprefix(inside).split(".")[0] == part
        for target in targets
        if target.startswith(inside)
    }
    assert used - {part} <= PACK_MAY_IMPORT[part]


def test_no_imports_run_in_a_circle() -> None:
    known = {
        name: {t for t in targets if t in GRAPH and t != name} for name, targets in GRAPH.items()
    }
    packages = {name for name, path in modules().items() if path.name == "__init__.py"}
    # A package's own modules import each other by its name.
    inner = {
        name: {t for t in targets if not (t in packages and name.startswith(f"{t}."))}
        for name, targets in known.items()
    }
    assert len(list(TopologicalSorter(inner).static_order())) == len(GRAPH)


@pytest.mark.parametrize("name", [n for n in GRAPH if n in PURE or room_of(n) in PURE])
def test_pure_modules_import_no_pulumi(name: str) -> None:
    assert not {target for target in GRAPH[name] if room_of(target).startswith("pulumi")}
