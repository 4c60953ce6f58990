"""Which folder may import which, without import cycles."""

import ast
from functools import cache
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
"""The folders of the product, each with those that it may import; tests may import all of them."""
BASE = {"resource_types", "values", "sdk"}
PACK_MAY_IMPORT = {
    "about": set(),
    "resource_types": set(),
    "values": set(),
    "sdk": {"values"},
    "graph": BASE,
    "framework": {*BASE, "graph", "about"},
    "location": {*BASE, "graph", "framework"},
    "rules": {*BASE, "graph", "framework", "location"},
    "__main__": {"framework", "rules"},
    "__init__": set(),
}
"""The same inside `policies/pack`."""
PURE = (
    "openapi",
    "components.addressing",
    "settings.egress",
    "settings.network",
    "settings.scaling",
    "settings.schema",
    "settings.user_data",
)
"""Modules that do not need Pulumi, and so must not wait a second for its import."""


def modules() -> dict[str, Path]:
    paths = [path for folder in MAY_IMPORT for path in (ROOT / folder).rglob("*.py")]
    found = {_name(path): path for path in paths}
    return {"__main__": ROOT / "__main__.py", **found}


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(name: str, path: Path) -> set[str]:
    """Every module that a module's source imports, inside of functions too."""
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


@cache
def graph() -> dict[str, set[str]]:
    """What every module imports."""
    return {name: imports(name, path) for name, path in modules().items()}


def used(part: str, within: str = "") -> set[str]:
    """The parts of a package, or the top-level folders, that one of them imports."""

    def part_of(name: str) -> str:
        return name.removeprefix(within).split(".", maxsplit=1)[0]

    importing = [name for name in graph() if name.startswith(within) and part_of(name) == part]
    targets = {target for name in importing for target in graph()[name]}
    return {part_of(target) for target in targets if target.startswith(within)} - {part}


@pytest.mark.parametrize("folder", MAY_IMPORT)
def test_a_folder_imports_only_folders_below_it(folder: str) -> None:
    assert used(folder) & MAY_IMPORT.keys() <= MAY_IMPORT[folder]


@pytest.mark.parametrize("part", PACK_MAY_IMPORT)
def test_a_part_of_the_pack_imports_only_parts_below_it(part: str) -> None:
    assert used(part, "policies.pack.") <= PACK_MAY_IMPORT[part]


def test_there_is_no_import_cycle() -> None:
    packages = {name for name, path in modules().items() if path.name == "__init__.py"}
    inner = {
        # A package's own modules import each other by its name.
        name: {
            t for t in targets & graph().keys() if not (t in packages and name.startswith(f"{t}."))
        }
        for name, targets in graph().items()
    }
    order = TopologicalSorter({name: targets - {name} for name, targets in inner.items()})
    assert len(list(order.static_order())) == len(graph())


@pytest.mark.parametrize("name", [n for n in modules() if n in PURE or n.split(".")[0] in PURE])
def test_pure_modules_do_not_import_pulumi(name: str) -> None:
    assert not {target for target in graph()[name] if target.startswith("pulumi")}
