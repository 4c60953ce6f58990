"""What this machine lacks for `pulumi up`, with a command for each."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from operations.screen import write, write_verbatim
from simulation.rehearsal import ROOT
from simulation.stack_file import StackFileError, read

VERSION_FILE = ".pulumi.version"
_SECONDS = 30
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE")


@dataclass(frozen=True)
class Requirement:
    """One thing that `pulumi up` needs."""

    name: str
    is_met: bool
    advice: str = ""
    """What to do if it is missing: a command, or the mistake in a file."""


@dataclass(frozen=True)
class Machine:
    """What is asked of a machine; tests replace the answers."""

    environ: Mapping[str, str]
    home: Path
    find: Callable[[str], str | None]
    """Path of a program, if it is on the PATH."""
    output: Callable[[Sequence[str]], str | None]
    """Output of a command, or None if it fails."""


def this_machine() -> Machine:
    """The machine that runs this."""
    return Machine(os.environ, Path.home(), shutil.which, _output)


def show(requirements: Iterable[Requirement], out: Console) -> bool:
    """Print each requirement as it is checked, and return whether all are met."""
    complete = True
    for requirement in requirements:
        complete &= requirement.is_met
        mark, style = ("ok       ", "green") if requirement.is_met else ("missing  ", "red")
        write(out, mark + requirement.name, hang=" " * len(mark), style=style)
        if not requirement.is_met:
            write_verbatim(out, requirement.advice, " " * len(mark))
    return complete


def examine(machine: Machine, stack: str, root: Path = ROOT) -> Iterator[Requirement]:
    """Everything that `pulumi up` needs, in the order in which it needs it."""
    yield _cli(machine, (root / VERSION_FILE).read_text(encoding="utf-8").strip())
    yield Requirement(
        "uv on the PATH, which Pulumi uses to create the program's environment",
        machine.find("uv") is not None,
        "python3 -m pip install --user uv",
    )
    credentials = any(machine.environ.get(name) for name in _CREDENTIALS)
    files = any((machine.home / ".aws" / name).is_file() for name in ("config", "credentials"))
    yield Requirement(
        "AWS credentials in the environment or in ~/.aws",
        credentials or files,
        "aws configure sso && export AWS_PROFILE=<profile>",
    )
    yield Requirement(
        "a state backend that the CLI is logged in to",
        machine.output(["pulumi", "whoami", "--non-interactive"]) is not None,
        "pulumi login s3://<bucket>   # or: pulumi login, or: pulumi login --local",
    )
    yield from _stack(machine, stack, root)


def _cli(machine: Machine, wanted: str) -> Requirement:
    found = (machine.output(["pulumi", "version"]) or "").strip().removeprefix("v")
    other = f"; version {found} is installed" if found and found != wanted else ""
    advice = f"curl -fsSL https://get.pulumi.com | sh -s -- --version {wanted}"
    return Requirement(f"version {wanted} of the Pulumi CLI{other}", found == wanted, advice)


def _stack(machine: Machine, stack: str, root: Path) -> Iterator[Requirement]:
    try:
        config = read(root, stack).config
    except StackFileError as error:
        yield Requirement(f"a readable Pulumi.{stack}.yaml", False, str(error))
        return
    yield Requirement(
        f"an account id in Pulumi.{stack}.yaml, which makes the account known at preview",
        "aws:allowedAccountIds" in config,
        f"pulumi config set --stack {stack} --path 'aws:allowedAccountIds[0]' --type string "
        '"$(aws sts get-caller-identity --query Account --output text)"',
    )
    api = json.loads(config.get("private-api:api", "{}"))
    if isinstance(api, dict) and api.get("accountLogging", "existing") == "existing":
        ask = ["aws", "apigateway", "get-account", "--query", "cloudwatchRoleArn"]
        ask += ["--region", config.get("aws:region", "")]
        answer = machine.output([*ask, "--output", "text"]) or ""
        yield Requirement(
            "the role that API Gateway uses to write logs in this account and region",
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
