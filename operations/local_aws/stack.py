"""A stack in Moto: its own state, its own passphrase, keys that are worth nothing."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.environment import ROOT, find_uv
from operations.local_aws import moto
from operations.screen import write
from simulation import stack_file
from simulation.stack_file import StackFile, StackFileError

FOLDER = moto.CACHE / "run"
PLUGIN = version("pulumi-aws")
"""Version of the provider's plugin: that of its SDK."""
_KEPT = ("aws:region", "aws:defaultTags")
"""Of the provider's configuration; the rest names accounts, roles and files outside of Moto."""


def missing(environ: Mapping[str, str]) -> str:
    """What to install first, as a sentence; empty if nothing is missing.

    Source: https://www.pulumi.com/docs/iac/concepts/plugins/
    """
    if not shutil.which("pulumi", path=environ.get("PATH", os.defpath)):
        return (
            "The Pulumi CLI is not on the PATH. Install it: "
            "https://www.pulumi.com/docs/iac/download-install/."
        )
    home = Path(environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    if not (home / "plugins" / f"resource-aws-v{PLUGIN}").is_dir():
        return (
            f"The Pulumi plugin for AWS is missing. Run `pulumi plugin install resource aws "
            f"v{PLUGIN}`."
        )
    return ""


def environment(folder: Path, url: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the CLI: nothing in it leads to a real account or to another state."""
    own = ("AWS_", "PULUMI_")
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith(own) or name == "PULUMI_HOME"
    }
    uv = Path(find_uv(environ)).parent
    return {
        **kept,
        "PATH": f"{kept.get('PATH', os.defpath)}{os.pathsep}{uv}",
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def up(stack: str, console: Console, folder: Path = FOLDER) -> int:
    """Start Moto, create or update the stack in it, and return an exit code.

    Raises StackFileError for a stack file that cannot be used, and GatewayError when Moto does not
    start.
    """
    if sentence := missing(os.environ):
        write(console, sentence)
        return 2
    file = stack_file.read(ROOT, stack)
    if file.secret_keys:
        raise StackFileError(
            f"{stack_file.path_of(ROOT, stack).name}: {', '.join(file.secret_keys)} is encrypted "
            "for another passphrase. Copy the file, and write made-up values in plain text."
        )
    server = moto.start(console, folder)
    variables = environment(folder, server.url, os.environ)
    config = _project(folder, file, variables)
    arguments = ["up", "--yes", "--skip-preview", "--stack", file.stack]
    done = subprocess.run(
        ["pulumi", *arguments, "--config-file", str(config)], cwd=ROOT, env=variables, check=False
    )
    write(
        console,
        f"Moto answers at {server.url}. Change the stack file and run `make up-local` again to "
        "update; `make down-local` removes everything.",
    )
    return done.returncode


def down(console: Console, folder: Path = FOLDER) -> None:
    """Stop Moto and delete the state."""
    removed = moto.stop(folder)
    write(console, "Removed." if removed else "There is nothing to remove.")


def _project(folder: Path, file: StackFile, variables: Mapping[str, str]) -> Path:
    """Write the stack's file, and initialize the stack if it is new.

    `pulumi stack init` writes into the stack's file. So it runs in a project that has a copy.
    """
    project, state = folder / "project", folder / "state"
    path = project / f"Pulumi.{file.stack}.yaml"
    if not path.exists():
        for each in (project, state):
            each.mkdir(exist_ok=True)
        shutil.copy(ROOT / "Pulumi.yaml", project)
        command = ["pulumi", "--non-interactive", "stack", "init", file.stack, "--no-select"]
        done = subprocess.run(
            command, cwd=project, env=dict(variables), check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise GatewayError(f"`{' '.join(command)}` failed:\n{done.stderr.strip()}")
    salt = yaml.safe_load(path.read_text(encoding="utf-8"))["encryptionsalt"]
    config = {key: _value(text) for key, text in file.config.items() if _is_kept(key)}
    path.write_text(json.dumps({"encryptionsalt": salt, "config": config}), encoding="utf-8")
    return path


def _is_kept(key: str) -> bool:
    return not key.startswith("aws:") or key in _KEPT


def _value(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text
