"""A stack of the program under the real CLI and the real AWS plugin, in Moto."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from operations.local_aws.moto import CALLS, Moto
from operations.local_aws.stack import environment
from tests.engine.stack import CommandFailed, Installation, Stack, write_config
from tests.stacks import ROOT, parsed

PACK = ("--policy-pack", "policies", "--policy-pack-config")
_FINDING = re.compile(r"\[(mandatory|advisory)\] .*?  (\S+)  \(\S+: (\S+)\)")
_SCOPE = re.compile(r"Credential=[^/]+/\d+/[^/]+/([^/]+)/")


class Call(NamedTuple):
    """A request that Moto received."""

    service: str
    action: str
    """As in a policy; for API Gateway, the method of HTTP."""
    path: str

    @property
    def permission(self) -> str:
        """The action that AWS checks."""
        return f"{self.service}:{self.action}"


class LocalStack(Stack):
    """As `Stack`, without a fake provider."""

    def __init__(self, folder: Path, server: Moto, installation: Installation, name: str) -> None:
        self.folder, self.server, self.installation, self.name = folder, server, installation, name
        self.program = shutil.copytree(installation.program, folder / "program")
        shutil.copytree(ROOT / "examples", self.program / "examples")
        (folder / "state").mkdir()
        self.output = ""
        self._seen = 0
        self._ask("recorder/start-recording")

    @property
    def environment(self) -> dict[str, str]:
        python = {"UV_PROJECT_ENVIRONMENT": sys.prefix, "PYTHONDONTWRITEBYTECODE": ""}
        return {**environment(self.folder, self.server.url, os.environ), **python}

    def start(self, *args: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *args, "--stack", self.name],
            cwd=self.program,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def configure(self, values: Mapping[str, str]) -> None:
        """Write the stack's file."""
        write_config(self.file, values)

    def change(self, *args: str) -> list[Call]:
        """Run a command that changes the stack; the calls."""
        self.calls()
        self.run(*args, "--yes", "--skip-preview")
        return self.calls()

    def unchanged(self, *args: str) -> str:
        """Run a command that should change nothing; what it printed if it did."""
        try:
            self.run(*args, "--expect-no-changes", "--diff")
        except CommandFailed as failed:
            return str(failed)
        return ""

    def findings(self, config: Mapping[str, Any]) -> set[tuple[str, str, str]]:
        """Level, policy and resource of what the pack reports in an update."""
        path = self.folder / "policies.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        self.run("up", "--yes", "--skip-preview", *PACK, str(path))
        return {(m[1], m[2], m[3]) for m in _FINDING.finditer(self.output)}

    def calls(self) -> list[Call]:
        """The requests since the last time."""
        file = self.server.folder / CALLS
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        found = [_call(json.loads(line)) for line in lines[self._seen :]]
        self._seen = len(lines)
        return found

    def _ask(self, path: str) -> None:
        request = urllib.request.Request(f"{self.server.url}/moto-api/{path}", method="POST")  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310 - of this machine


def _call(entry: Mapping[str, Any]) -> Call:
    headers = {key.lower(): value for key, value in entry["headers"].items()}
    scope = _SCOPE.search(headers.get("authorization", ""))
    assert scope, f"a request without a signature: {entry['url']}"
    body = base64.b64decode(entry["body"]).decode() if entry["body_encoded"] else entry["body"]
    path = urllib.parse.urlsplit(entry["url"]).path
    form = urllib.parse.parse_qs(body or "").get("Action", [""])[0]
    action = headers.get("x-amz-target", "").rpartition(".")[2] or form or entry["method"]
    return Call(scope[1], action, path)


def replaced(values: Mapping[str, str], texts: Mapping[str, str]) -> dict[str, str]:
    """A configuration with texts replaced in every value."""
    found = {}
    for key, value in values.items():
        text = value
        for old, new in texts.items():
            text = text.replace(old, new)
        found[key] = text
        assert type(parsed(text)) is type(parsed(value))
    return found
