"""A stack of the program under the real CLI, with a fake AWS account."""

import compileall
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.engine.fake_provider.account import Account
from tests.engine.fake_provider.journal import CHANGES
from tests.engine.fake_provider.provider import FakeProvider
from tests.stacks import ROOT, config, parsed

PROGRAM = ("__main__.py", "components", "openapi", "policies", "service", "settings")
Change = tuple[str, Any]
"""A path into a stack's file, and the value there."""


@dataclass(frozen=True)
class Step:
    """A change of one resource, as a preview shows it."""

    op: str
    type: str
    name: str
    changed: Mapping[str, str]
    """Changed properties by path, each with how: add, delete or update, -replace or not."""

    def __str__(self) -> str:
        return f"{self.op} {self.type.rpartition(':')[2]} {self.name}"


class CommandFailed(Exception):  # noqa: N818 - often it is what a test expects
    """A command that failed; the message is its output."""


@dataclass(frozen=True)
class Installation:
    """What stacks can share: a copy of the program, Pulumi's own folder, and a Python."""

    program: Path
    home: Path
    python: str

    @classmethod
    def create(cls, folder: Path, python: str = sys.prefix) -> "Installation":
        """Copy the program into a folder and compile it; `python` is a virtual environment.

        Without a `pyproject.toml` the CLI uses that environment as it is. From `uv.lock` it reads
        which providers to download; this one names none.
        """
        program = folder / "program"
        program.mkdir(parents=True)
        for name in (*PROGRAM, "Pulumi.yaml"):
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, program / name)
        (program / "uv.lock").write_text("version = 1\n", encoding="utf-8")
        compileall.compile_dir(program, quiet=1)
        return cls(program, folder / "home", python)


class Stack:
    """A folder with the stack's file and its state, and the commands that change it."""

    def __init__(
        self, folder: Path, aws: FakeProvider, installation: Installation, name: str = "dev"
    ) -> None:
        self.folder, self.aws, self.installation, self.name = folder, aws, installation, name
        self.program = folder / "program"
        self.output = ""
        """Of the last command."""
        shutil.copytree(installation.program, self.program)

    @classmethod
    def create(
        cls,
        folder: Path,
        aws: FakeProvider,
        *changes: Change,
        name: str = "dev",
        installation: Installation | None = None,
    ) -> "Stack":
        """A new stack, configured as the shipped one of that name, with changes."""
        installation = installation or Installation.create(folder / "installation")
        stack = cls(folder, aws, installation, name)
        (folder / "state").mkdir()
        stack.edit(*changes)
        stack.run("stack", "init", "--no-select")
        return stack

    def snapshot(self) -> "Snapshot":
        """The stack as it is, provided that it does not change any more."""
        return Snapshot(self.name, self.folder, self.aws.account)

    @classmethod
    def restore(
        cls, snapshot: "Snapshot", folder: Path, aws: FakeProvider, installation: Installation
    ) -> "Stack":
        """A stack with the state of a snapshot; `aws` has a copy of the account."""
        stack = cls(folder, aws, installation, snapshot.name)
        shutil.copytree(snapshot.folder / "state", folder / "state")
        shutil.copy(snapshot.folder / "program" / stack.file.name, stack.file)
        return stack

    @property
    def file(self) -> Path:
        """The stack's file."""
        return self.program / f"Pulumi.{self.name}.yaml"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the commands, separate from that of the tests."""
        return {
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_HOME": str(self.installation.home),
            "PULUMI_CONFIG_PASSPHRASE": "only for tests",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_DEBUG_PROVIDERS": self.aws.address,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "made-up",
            "AWS_SECRET_ACCESS_KEY": "made-up",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "UV_PROJECT_ENVIRONMENT": self.installation.python,
            # Without byte code, each command compiles the provider's SDK again.
            "PYTHONDONTWRITEBYTECODE": "",
        }

    def edit(self, *changes: Change) -> None:
        """Write the stack's file: the shipped one, with these changes (and no earlier ones)."""
        write_config(self.file, config(*changes, stack=self.name))

    def start(self, *args: str) -> "subprocess.Popen[str]":
        """Start a command."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *args, "--stack", self.name],
            cwd=self.program,
            env={**os.environ, **self.environment},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *args: str) -> str:
        """Run a command and return what it prints; raises CommandFailed with all output."""
        with self.start(*args) as process:
            printed, errors = process.communicate()
        self.output = printed + errors
        if process.returncode != 0:
            raise CommandFailed(self.output)
        return printed

    def up(self, *args: str) -> list[str]:
        """Update without preview; the changes, in the order in which they ended."""
        return self._change("up", *args)

    def destroy(self, *args: str) -> list[str]:
        """Destroy; the changes, in the order in which they ended."""
        return self._change("destroy", *args)

    def preview(self, *args: str) -> list[Step]:
        """The steps of an update, without those that change nothing."""
        steps = json.loads(self.run("preview", "--json", *args))["steps"]
        return [_step(step) for step in steps if step["op"] not in ("same", "read")]

    def state(self) -> list[dict[str, Any]]:
        """The resources of the state, with secrets in plain text."""
        exported = json.loads(self.run("stack", "export", "--show-secrets"))
        resources: list[dict[str, Any]] = exported["deployment"].get("resources", [])
        return resources

    def saved(self) -> list[dict[str, Any]]:
        """The resources of the state as its file has them: faster, and with encrypted secrets."""
        file = self.folder / "state/.pulumi/stacks/private-api" / f"{self.name}.json"
        latest = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"]
        resources: list[dict[str, Any]] = latest.get("resources") or []
        return resources

    def _change(self, *args: str) -> list[str]:
        before = len(self.aws.journal)
        self.run(*args, "--yes", "--skip-preview")
        return [str(call) for call in self.aws.journal[before:] if call.op in CHANGES]


@dataclass(frozen=True)
class Snapshot:
    """A stack from which others continue."""

    name: str
    folder: Path
    account: Account


def write_config(file: Path, values: Mapping[str, str]) -> None:
    """Write a stack's file, with objects in place of their JSON; its encryption key stays."""
    kept = YAML(typ="safe").load(file) if file.exists() else {}
    content = {**kept, "config": {key: parsed(text) for key, text in values.items()}}
    file.write_text(json.dumps(content), encoding="utf-8")


def _step(step: Mapping[str, Any]) -> Step:
    token, name = step["urn"].split("::")[2:]
    detail = step.get("detailedDiff") or {}
    changed = {path: how["kind"] for path, how in detail.items()}
    return Step(step["op"], token.rpartition("$")[2], name, changed)
