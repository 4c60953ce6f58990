"""What this machine lacks for `pulumi up`, with a command for each."""

import enum
import json
import os
import re
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
_LOGGED_OUT = "PULUMI_ACCESS_TOKEN must be set for login"
"""What the CLI says if it is logged in nowhere."""


class State(enum.Enum):
    """What was found: the value is a mark and its color."""

    OK = "ok", "green"
    MISSING = "missing", "red"
    UNKNOWN = "unknown", "yellow"
    """The question could not be asked."""


@dataclass(frozen=True)
class Requirement:
    """One thing that `pulumi up` needs."""

    name: str
    state: State
    advice: str = ""
    """What to do unless it is there: a command, the mistake in a file, or why nothing is known."""


@dataclass(frozen=True)
class Answer:
    """What a command printed, or why there is no answer."""

    text: str = ""
    failure: str = ""


@dataclass(frozen=True)
class Machine:
    """What is asked of a machine; tests replace the answers."""

    environ: Mapping[str, str]
    home: Path
    find: Callable[[str], str | None]
    """Path of a program, if it is on the PATH."""
    ask: Callable[[Sequence[str]], Answer]
    """Runs a command."""


def this_machine() -> Machine:
    """The machine that runs this."""
    return Machine(os.environ, Path.home(), shutil.which, _ask)


def show(requirements: Iterable[Requirement], out: Console) -> bool:
    """Print each requirement as it is checked, and return whether all are met."""
    complete = True
    for requirement in requirements:
        word, style = requirement.state.value
        mark = f"{word:<9}"
        write(out, mark + requirement.name, hang=" " * len(mark), style=style)
        if requirement.state is not State.OK:
            complete = False
            write_verbatim(out, requirement.advice, " " * len(mark))
    return complete


def examine(machine: Machine, stack: str, root: Path = ROOT) -> Iterator[Requirement]:
    """Everything that `pulumi up` needs, in the order in which it needs it."""
    yield _cli(machine, (root / VERSION_FILE).read_text(encoding="utf-8").strip())
    yield _required(
        "uv on the PATH, which Pulumi uses to create the program's environment",
        machine.find("uv") is not None,
        "python3 -m pip install --user uv",
    )
    yield _required(
        "the AWS CLI on the PATH, which the commands of this list use",
        machine.find("aws") is not None,
        "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
    )
    credentials = any(machine.environ.get(name) for name in _CREDENTIALS)
    files = any((machine.home / ".aws" / name).is_file() for name in ("config", "credentials"))
    yield _required(
        "AWS credentials in the environment or in ~/.aws",
        credentials or files,
        "aws configure sso && export AWS_PROFILE=<profile>",
    )
    yield _backend(machine)
    yield from _stack(machine, stack, root)


def _required(name: str, is_met: bool, advice: str) -> Requirement:
    return Requirement(name, State.OK if is_met else State.MISSING, advice)


def _unknown(name: str, failure: str) -> Requirement:
    return Requirement(name, State.UNKNOWN, f"could not ask: {failure}")


def _cli(machine: Machine, wanted: str) -> Requirement:
    name = f"version {wanted} of the Pulumi CLI, or a newer {wanted.partition('.')[0]}.x"
    advice = f"curl -fsSL https://get.pulumi.com | sh -s -- --version {wanted}"
    if machine.find("pulumi") is None:
        return Requirement(name, State.MISSING, advice)
    answer = machine.ask(["pulumi", "version"])
    if answer.failure:
        return _unknown(name, answer.failure)
    found = answer.text.strip().removeprefix("v")
    if found != wanted:
        name += f"; version {found} is installed"
    if newer := _version(found) > _version(wanted):
        name += f", which was not tried: the tests run with {wanted}"
    same_major = _version(found)[:1] == _version(wanted)[:1]
    return _required(name, found == wanted or (newer and same_major), advice)


def _version(text: str) -> tuple[int, ...]:
    """The numbers of a version, without what follows them, as in 3.261.0-alpha.1."""
    numbers = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, numbers[0].split("."))) if numbers else ()


def _backend(machine: Machine) -> Requirement:
    name = "a state backend that the CLI is logged in to"
    answer = machine.ask(["pulumi", "whoami", "--non-interactive"])
    if answer.failure and _LOGGED_OUT not in answer.failure:
        return _unknown(name, answer.failure)
    return _required(
        name,
        not answer.failure,
        "pulumi login s3://<bucket>   # or: pulumi login https://api.pulumi.com, "
        "or: pulumi login --local",
    )


def _stack(machine: Machine, stack: str, root: Path) -> Iterator[Requirement]:
    try:
        config = read(root, stack).config
    except StackFileError as error:
        yield _required(f"a readable Pulumi.{stack}.yaml", False, str(error))
        return
    yield _required(
        f"an account id in Pulumi.{stack}.yaml, which makes the account known at preview",
        "aws:allowedAccountIds" in config,
        f"pulumi config set --stack {stack} --path 'aws:allowedAccountIds[0]' --type string "
        '"$(aws sts get-caller-identity --query Account --output text)"',
    )
    api = json.loads(config.get("private-api:api", "{}"))
    if isinstance(api, dict) and api.get("accountLogging", "existing") == "existing":
        yield _log_role(machine, stack, config.get("aws:region", ""))


def _log_role(machine: Machine, stack: str, region: str) -> Requirement:
    name = "the role that API Gateway uses to write logs in this account and region"
    ask = ["aws", "apigateway", "get-account", "--query", "cloudwatchRoleArn"]
    answer = machine.ask([*ask, "--region", region, "--output", "text"])
    if answer.failure:
        # Creating a role would replace the one that every API of the account may be using.
        return _unknown(name, answer.failure)
    return _required(
        name,
        answer.text.startswith("arn:"),
        f"pulumi config set --stack {stack} --path private-api:api.accountLogging create"
        "   # in one stack only",
    )


def _ask(command: Sequence[str]) -> Answer:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_SECONDS
        )
    except FileNotFoundError:
        return Answer(failure=f"{command[0]} is not on the PATH")
    except subprocess.TimeoutExpired:
        return Answer(failure=f"{command[0]} did not answer within {_SECONDS} seconds")
    except OSError as error:
        return Answer(failure=f"{command[0]} cannot be run: {error.strerror}")
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return Answer(failure=f"{' '.join(command[:3])}: {lines[-1]}")
    return Answer(done.stdout)
