"""Every version pinned in pyproject.toml, the transitive ones by uv's constraint-dependencies.

A lock file would record download addresses too. `python -m operations.pins` takes the versions
from what `uv lock` resolved; `--check` says where the running environment differs.
Source: https://docs.astral.sh/uv/reference/settings/#constraint-dependencies
"""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"
_BLOCK = re.compile(r"(constraint-dependencies = \[\n)(.*?)(^\]$)", re.S | re.M)
_NOT_OURS = frozenset(("pip", "setuptools", "uv"))


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
                f"{requirement!r} in {project.name} names no version. Write name==1.2.3."
            )
        pins[_normal(match[1])] = match[2]
    return pins


def differences(pins: dict[str, str], installed: dict[str, str]) -> Iterator[str]:
    """What is installed and not pinned, or in another version."""
    for name, version in sorted(installed.items()):
        if name not in pins:
            yield f"{name} {version} is installed and not pinned. Run make pins."
        elif pins[name] != version:
            yield f"{name} is {version}, pinned is {pins[name]}. Run uv sync."


def installed() -> dict[str, str]:
    """Version by name, of what this process can import."""
    found = {_normal(d.metadata["Name"]): d.version for d in distributions()}
    return {name: version for name, version in found.items() if name not in _NOT_OURS}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _write() -> None:
    text = PROJECT.read_text(encoding="utf-8")
    uv = os.environ.get("UV", "uv")
    # Without the old pins, or nothing would be newer.
    PROJECT.write_text(_BLOCK.sub(r"\1\3", text), encoding="utf-8")
    subprocess.run([uv, "lock", "--quiet", "--upgrade"], check=True, cwd=PROJECT.parent)
    exported = subprocess.run(
        [uv, "export", "--all-groups", "--no-hashes", "--no-header", "--no-annotate"],
        check=True,
        capture_output=True,
        text=True,
        cwd=PROJECT.parent,
    ).stdout
    data = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    direct = {
        _normal(line.partition("==")[0])
        for group in (data["project"]["dependencies"], *data["dependency-groups"].values())
        for line in group
    }
    lines = [line.strip() for line in exported.splitlines() if "==" in line]
    transitive = [line for line in lines if _normal(line.partition("==")[0]) not in direct]
    body = "".join(f'    "{line}",\n' for line in sorted(transitive))
    pinned_text = _BLOCK.sub(lambda match: match[1] + body + match[3], text)
    PROJECT.write_text(pinned_text, encoding="utf-8")


def main() -> int:
    """Write the pins, or with --check compare; 1 if something differs."""
    if sys.argv[1:] != ["--check"]:
        _write()
        return 0
    found = list(differences(pinned(), installed()))
    print("\n".join(found) or "Every installed package is pinned to its version.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
