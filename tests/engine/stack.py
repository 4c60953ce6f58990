"""A stack of the program under the real CLI, with a cloud of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pulumi.automation import CommandError, PulumiCommand
from ruamel.yaml import YAML

from tests.stacks import config

from .standin.journal import CHANGES, Call
from .standin.provider import Standin

ROOT = Path(__file__).parents[2]
PROGRAM = ("__main__.py", "components", "openapi", "policies", "service", "settings")
Change = tuple[str, Any]
"""A path into a stack's file, and the value there."""
_PASSPHRASE = "of stacks that live as long as a test"


@dataclass(frozen=True)
class Step:
    """What a preview says of one resource that it would change."""

    op: str
    kind: str
    name: str
    changed: Mapping[str, str]
    """Changed properties by path, each with how: add, delete or update, -replace or not."""
    inputs: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.op} {self.kind.rpartition(':')[2]} {self.name}"


class Failed(Exception):  # noqa: N818 - it often is what a test wants
    """A command that failed; the message is all it printed."""


class Stack:
    """A folder with a copy of the program and the state, driven by commands."""

    def __init__(self, folder: Path, aws: Standin, name: str = "dev") -> None:
        self.folder, self.aws, self.name = folder, aws, name
        self.program = folder / "program"
        self.output = ""
        """What the last command printed."""
        self._pulumi = PulumiCommand()

    @classmethod
    def create(cls, folder: Path, aws: Standin, *changes: Change, name: str = "dev") -> "Stack":
        """A new stack, configured as the shipped one of that name, with changes."""
        stack = cls(folder, aws, name)
        copy_program(stack.program)
        (folder / "state").mkdir()
        stack.edit(*changes)
        stack.run("stack", "init", name)
        return stack

    def fork(self, folder: Path, aws: Standin) -> "Stack":
        """The same stack once more, to go another way; `aws` has a copy of the cloud."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return Stack(folder, aws, self.name)

    @property
    def environment(self) -> dict[str, str]:
        """What the commands need to be told; the program runs in the tests' own environment."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": _PASSPHRASE,
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": self.aws.attach,
            "UV_PROJECT_ENVIRONMENT": sys.prefix,
            # Without byte code the provider's SDK is compiled anew by each command.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def edit(self, *changes: Change) -> None:
        """Write the stack's file: the shipped one, with these changes (and no earlier ones)."""
        write_config(self.program / f"Pulumi.{self.name}.yaml", config(*changes, stack=self.name))

    def run(self, *args: str) -> str:
        """Run a command; raises Failed with its output."""
        try:
            done = self._pulumi.run([*args], str(self.program), self.environment)
        except CommandError as error:
            self.output = str(error)
            raise Failed(self.output) from None
        self.output = done.stdout + done.stderr
        return done.stdout

    def up(self, *args: str) -> list[str]:
        """Update without preview; the changes, in the order in which they ended."""
        return self._change("up", *args)

    def destroy(self, *args: str) -> list[str]:
        """Destroy; the changes, in the order in which they ended."""
        return self._change("destroy", *args)

    def preview(self, *args: str) -> list[Step]:
        """The steps that an update would take, without those that change nothing."""
        steps = json.loads(self.run("preview", "--json", "--stack", self.name, *args))["steps"]
        return [_step(step) for step in steps if step["op"] not in ("same", "read")]

    def state(self) -> list[dict[str, Any]]:
        """The resources of the state."""
        exported = json.loads(self.run("stack", "export", "--show-secrets", "--stack", self.name))
        resources: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return resources

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs."""
        outputs: dict[str, Any] = json.loads(
            self.run("stack", "output", "--json", "--stack", self.name)
        )
        return outputs

    def _change(self, *args: str) -> list[str]:
        with self.recorded() as calls:
            self.run(*args, "--yes", "--skip-preview", "--stack", self.name)
        return [str(call) for call in calls]

    @contextmanager
    def recorded(self) -> Iterator[list[Call]]:
        """The changes that are made meanwhile, filled in at the end."""
        seen = len(self.aws.journal)
        calls: list[Call] = []
        try:
            yield calls
        finally:
            calls += [call for call in self.aws.journal[seen:] if call.op in CHANGES]


def copy_program(folder: Path) -> None:
    """The program without its `pyproject.toml`, so that the CLI takes the environment as it is.

    Of an `uv.lock` the CLI reads which providers to download, and here there is none.
    """
    ignored = shutil.ignore_patterns("__pycache__")
    for name in PROGRAM:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=ignored)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, folder / name)
    shutil.copy(ROOT / "Pulumi.yaml", folder)
    (folder / "uv.lock").write_text("version = 1\n", encoding="utf-8")


def write_config(file: Path, values: Mapping[str, str]) -> None:
    """Write a stack's file, with objects in place of their JSON; what encrypts it stays."""
    kept = YAML(typ="safe").load(file) if file.exists() else {}
    parsed = {key: _parsed(text) for key, text in values.items()}
    file.write_text(json.dumps({**kept, "config": parsed}), encoding="utf-8")


def missing() -> str:
    """What is missing on this machine to run any of this; empty if nothing is."""
    absent = [tool for tool in ("pulumi", "pulumi-language-python", "uv") if not shutil.which(tool)]
    return f"not on the PATH: {', '.join(absent)}" if absent else ""


def interruptible(stack: Stack, *args: str) -> "subprocess.Popen[str]":
    """A command under way, to be stopped by a signal."""
    return subprocess.Popen(
        ["pulumi", "--non-interactive", *args, "--stack", stack.name],
        cwd=stack.program,
        env={**os.environ, **stack.environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def _step(step: Mapping[str, Any]) -> Step:
    kind, name = step["urn"].split("::")[2:]
    detail = step.get("detailedDiff") or {}
    return Step(
        step["op"],
        kind.rpartition("$")[2],
        name,
        {path: how["kind"] for path, how in detail.items()},
        step.get("newState", {}).get("inputs", {}),
    )


def _parsed(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text
