"""What this machine lacks for `pulumi up`, with the line to paste for each."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulation.rehearsal import ROOT
from simulation.stack_file import StackFileError, read

VERSION_FILE = ".pulumi.version"
_SECONDS = 30
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")


@dataclass(frozen=True)
class Finding:
    """One thing that `pulumi up` needs: whether it is there, and what to do if not."""

    what: str
    present: bool
    advice: str = ""


@dataclass(frozen=True)
class Machine:
    """What can be asked of a machine; a test gives answers of its own."""

    environ: Mapping[str, str]
    home: Path
    find: Callable[[str], str | None]
    """Where a program is on the PATH."""
    output: Callable[[Sequence[str]], str | None]
    """What a command prints, or None if it fails."""


def this_machine() -> Machine:
    """The machine that this runs on."""
    return Machine(os.environ, Path.home(), shutil.which, _output)


def examine(machine: Machine, stack: str, root: Path = ROOT) -> Iterator[Finding]:
    """Everything `pulumi up` needs, in the order in which it is needed."""
    wanted = (root / VERSION_FILE).read_text(encoding="utf-8").strip()
    yield _cli(machine, wanted)
    yield Finding(
        "uv on the PATH, with which Pulumi makes the program's environment",
        machine.find("uv") is not None,
        "python3 -m pip install --user uv",
    )
    credentials = any(machine.environ.get(name) for name in _CREDENTIALS)
    files = any((machine.home / ".aws" / name).is_file() for name in ("config", "credentials"))
    yield Finding(
        "AWS credentials in the environment or in ~/.aws",
        credentials or files,
        "aws configure sso && export AWS_PROFILE=<profile>",
    )
    logged_in = machine.output(["pulumi", "whoami", "--non-interactive"])
    yield Finding(
        "a state backend that the CLI is logged in to",
        logged_in is not None,
        "pulumi login s3://<bucket>   # or: pulumi login, or: pulumi login --local",
    )
    yield from _stack(machine, stack, root)


def _cli(machine: Machine, wanted: str) -> Finding:
    printed = machine.output(["pulumi", "version"]) or ""
    found = printed.strip().removeprefix("v")
    what = f"the Pulumi CLI {wanted}" + (f", found {found}" if found and found != wanted else "")
    advice = f"curl -fsSL https://get.pulumi.com | sh -s -- --version {wanted}"
    return Finding(what, found == wanted, advice)


def _stack(machine: Machine, stack: str, root: Path) -> Iterator[Finding]:
    try:
        config = read(root, stack).config
    except StackFileError as error:
        yield Finding(f"a readable Pulumi.{stack}.yaml", False, str(error))
        return
    yield Finding(
        f"an account pin in Pulumi.{stack}.yaml, which makes the account known at preview",
        "aws:allowedAccountIds" in config,
        f"pulumi config set --stack {stack} --path 'aws:allowedAccountIds[0]' --type string "
        '"$(aws sts get-caller-identity --query Account --output text)"',
    )
    api = json.loads(config.get("private-api:api", "{}"))
    if isinstance(api, dict) and api.get("accountLogging", "existing") == "existing":
        ask = ["aws", "apigateway", "get-account", "--query", "cloudwatchRoleArn"]
        ask += ["--region", config.get("aws:region", "")]
        answer = machine.output([*ask, "--output", "text"]) or ""
        yield Finding(
            "the role with which API Gateway logs in this account and region",
            answer.strip().startswith("arn:"),
            f"pulumi config set --stack {stack} --path private-api:api.accountLogging create"
            "   # in one stack only",
        )


def _output(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout
