"""What `new` asks on a terminal, and what it says when it is done."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from operations import screen
from operations.new import (
    INSTANCE_TYPE,
    Kind,
    NewStackError,
    Wishes,
    begun,
    roles_variable,
    write,
)
from settings.schema import NAMESPACE
from simulation.rehearsal import ROOT

_QUESTIONS: Mapping[str, tuple[str, str]] = {
    "region": ("Region", "us-east-2"),
    "owner": ("Owning team, for the tags", "platform"),
    "kind": (f"Service: {', '.join(Kind)}", "sample"),
}
_INSTANCE_TYPE = ("Instance type, for the architecture of the image", INSTANCE_TYPE)
_OF_KINDS: Mapping[str, Mapping[str, tuple[str, str | None]]] = {
    Kind.CONTAINER: {
        "image": ("Container image with a tag, such as ghcr.io/acme/orders:1.4", None),
        "instance_type": _INSTANCE_TYPE,
    },
    Kind.IMAGE: {
        "image": ("ID of an AMI, or SSM parameter that contains one", None),
        "instance_type": _INSTANCE_TYPE,
        "user_data_file": ("File with its user data; without one, it runs service/app.py", ""),
    },
    Kind.INSTANCES: {
        "vpc": ("VPC of the instances", None),
        "subnets": ("Private subnets of it, with commas", None),
        "instances": ("IDs of the instances, with commas", None),
    },
    Kind.BALANCER: {
        "balancer_arn": ("ARN of the load balancer", None),
        "host": ("DNS name of the load balancer", None),
    },
}
_LISTS = ("routes", "subnets", "instances")
_FLAGS = {"kind": "--service", "subnets": "--subnet", "instances": "--instance"}
_NEEDED = ("region", "owner")


def new_stack(
    name: str,
    given: Mapping[str, Any],
    more: Mapping[str, Any],
    out: Console,
    root: Path = ROOT,
) -> None:
    """Write a new stack from options; on a terminal, ask for those that are empty.

    Raises NewStackError and ConfigError, before anything is written.
    """
    answers = dict(given)
    asks, written_before = has_terminal(), begun(root / f"Pulumi.{name}.yaml") or {}
    config = written_before.get("config") or {}
    for key, full in (("region", "aws:region"), ("owner", f"{NAMESPACE}:owner")):
        answers[key] = answers[key] or config.get(full, "")
    for key, (question, default) in _QUESTIONS.items():
        answers[key] = answers[key] or _answer(key, question, default, asks=asks)
    if answers["kind"] not in list(Kind):
        kinds = ", ".join(Kind)
        raise NewStackError(f"--service: {answers['kind']!r} is not one of {kinds}.")
    for key, (question, usual) in _OF_KINDS.get(answers["kind"], {}).items():
        answers[key] = answers[key] or _answer(key, question, usual, asks=asks)
    if not answers["routes"] and not answers["definition_file"]:
        text = "Routes with commas, such as `GET / none, ANY /{proxy+}`, or an OpenAPI file"
        answer = _answer("routes", text, "GET / none, ANY /{proxy+}", asks=asks)
        key = "routes" if " " in answer.strip() else "definition_file"
        answers[key] = answer
    for key in _LISTS:
        if isinstance(answers[key], str):
            answers[key] = [part.strip() for part in answers[key].split(",")]
    answers["kind"] = Kind(answers["kind"])
    written = write(Wishes(name=name, **answers, **more), root)
    for path in written:
        screen.write(out, f"wrote {path.relative_to(root)}")
    screen.write(out, _next(name), hang="  ")


def has_terminal() -> bool:
    """Whether there is somebody to ask."""
    return sys.stdin.isatty()


def _answer(key: str, question: str, default: str | None, *, asks: bool) -> str:
    """What a person answers, or what is taken without a terminal."""
    if asks:
        return str(typer.prompt(question, default=default))
    if default is None or key in _NEEDED:
        flag = _FLAGS.get(key, f"--{key.replace('_', '-')}")
        raise NewStackError(f"{flag} is missing ({question}), and there is no terminal to ask.")
    return default


def _next(name: str) -> str:
    variable = roles_variable(name)
    return (
        f"Look at it: `make demo STACK={name}`\n"
        f"Create it: `pulumi stack init {name}`, then as in README.md\n"
        f"In GitHub: the environment {name} with DEPLOY_ROLE, and the variable "
        f"{variable}_PREVIEW_ROLE (docs/continuous-delivery.md)"
    )
