"""Exact versions in `pyproject.toml`, and hashes of the program's packages in `requirements.txt`.

uv's `constraint-dependencies` pin the transitive packages. A lock file would also record download
addresses. `python -m operations.pins` takes both files from what `uv lock` resolved; `--check`
reports where the running environment or `requirements.txt` differs from the pins.
Source: https://docs.astral.sh/uv/reference/settings/#constraint-dependencies
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
REQUIREMENTS = PROJECT.with_name("requirements.txt")
_BLOCK = re.compile(r"(constraint-dependencies = \[\n)(.*?)(^\]$)", re.S | re.M)
_LINE = re.compile(r"([a-z0-9-]+)==(\S+)( ; [^;@]+?)?( --hash=sha256:[0-9a-f]{64})+")
_EXPORT = ("--frozen", "--no-header", "--no-annotate")
_HEADER = (
    "# Written by `make pins`: what the program needs, for `uv pip install --require-hashes`.\n"
)
_UNPINNED = frozenset(("pip", "setuptools", "uv"))


def pinned(project: Path = PROJECT) -> dict[str, str]:
    """Version by name, for every requirement in the file; ValueError for one without a version."""
    data = tomllib.loads(project.read_text(encoding="utf-8"))
    requirements = [
        *data["project"]["dependencies"],
        *(line for group in data["dependency-groups"].values() for line in group),
        *data["tool"]["uv"].get("constraint-dependencies", []),
    ]
    pins = {}
    for requirement in requirements:
        match = re.fullmatch(r"([A-Za-z0-9._-]+)==([^\s;]+)(\s*;.*)?", requirement)
        if not match:
            raise ValueError(
                f"{requirement!r} in {project.name} has no exact version. Write name==1.2.3."
            )
        pins[_normalized(match[1])] = match[2]
    return pins


def installed() -> dict[str, str]:
    """Version by name, of the packages in the running environment."""
    found = {_normalized(d.metadata["Name"]): d.version for d in distributions()}
    return {name: version for name, version in found.items() if name not in _UNPINNED}


def needed(names: Iterable[str]) -> set[str]:
    """Some installed packages and, transitively, those that they require on this machine."""
    found: set[tuple[str, str]] = set()
    queue = {(_normalized(name), "") for name in names}
    while queue:
        name, extra = package = queue.pop()
        found.add(package)
        for line in distribution(name).requires or ():
            required = Requirement(line)
            if required.marker is None or required.marker.evaluate({"extra": extra}):
                wanted = {(_normalized(required.name), extra) for extra in ("", *required.extras)}
                queue |= wanted - found
    return {name for name, _ in found}


def differences(pins: Mapping[str, str], installed: Mapping[str, str]) -> Iterator[str]:
    """What is installed without a pin, or in another version."""
    for name, version in sorted(installed.items()):
        if name not in pins:
            yield f"{name} {version} is installed but not pinned. Run make pins."
        elif pins[name] != version:
            yield f"{name} {version} is installed, but {pins[name]} is pinned. Run uv sync."


def requirement_differences(
    text: str, pins: Mapping[str, str], needed: Iterable[str]
) -> Iterator[str]:
    """Where the text of `requirements.txt` differs from the pins and from what is needed."""
    listed = {}
    for line in text.splitlines():
        if match := _LINE.fullmatch(line):
            listed[match[1]] = match[2]
        elif not line.startswith("#"):
            yield f"{line[:60]!r} in requirements.txt is not name==version with hashes."
    for name, version in listed.items():
        if pins.get(name) != version:
            pin = pins.get(name, "no version")
            yield f"{name} {version} is in requirements.txt, but {pin} is pinned. Run make pins."
    for name in sorted(set(needed) - listed.keys()):
        yield f"{name} is not in requirements.txt. Run make pins."


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _program(project: Path = PROJECT) -> list[str]:
    """Names of the packages that the program itself requires."""
    data = tomllib.loads(project.read_text(encoding="utf-8"))
    return [line.partition("==")[0] for line in data["project"]["dependencies"]]


def _uv(*arguments: str) -> str:
    command = [os.environ.get("UV", "uv"), *arguments]
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, cwd=PROJECT.parent
    ).stdout


def _write_constraints() -> None:
    text = PROJECT.read_text(encoding="utf-8")
    # The old constraints would keep every version as it is.
    PROJECT.write_text(_BLOCK.sub(r"\1\3", text), encoding="utf-8")
    direct = pinned()
    _uv("lock", "--quiet", "--upgrade")
    exported = _uv("export", *_EXPORT, "--all-groups", "--no-hashes")
    lines = [line.strip() for line in exported.splitlines() if "==" in line]
    transitive = [line for line in lines if _normalized(line.partition("==")[0]) not in direct]
    body = "".join(f'    "{line}",\n' for line in sorted(transitive))
    PROJECT.write_text(_BLOCK.sub(lambda match: match[1] + body + match[3], text), encoding="utf-8")


def _write_requirements() -> None:
    lines = _uv("export", *_EXPORT, "--no-dev").replace(" \\\n    ", " ")
    REQUIREMENTS.write_text(_HEADER + lines, encoding="utf-8")


def main() -> int:
    """Write the pins, or with --check compare; 1 if something differs."""
    if sys.argv[1:] != ["--check"]:
        _write_constraints()
        _write_requirements()
        return 0
    requirements = REQUIREMENTS.read_text(encoding="utf-8")
    found = [
        *differences(pinned(), installed()),
        *requirement_differences(requirements, pinned(), needed(_program())),
    ]
    print("\n".join(found) or "Everything that is installed is pinned, and required by its hash.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
