"""The commands: `python -m operations --help`."""

import os
import re
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from operations import screen

# Each command imports what it needs: Pulumi alone takes a second.
if TYPE_CHECKING:
    from operations.gateway.services import Service
    from simulation.engine import Run

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
StackName = Annotated[
    str,
    typer.Argument(
        help="Stack, as in Pulumi.<stack>.yaml, or a stack file.",
        callback=lambda name: re.sub(r"^Pulumi\.([^/]+)\.yaml$", r"\1", name),
    ),
]
PackConfig = Annotated[
    Path | None,
    typer.Option(
        "--policy-pack-config",
        help="Configuration of the policies, by default policies/config.STACK.json, and "
        "policies/config.ci.json for a stack without one.",
        dir_okay=False,
        exists=True,
    ),
]
Verbose = Annotated[
    bool, typer.Option("--verbose", help="List what is left out of a definition file.")
]
_T = TypeVar("_T")
_INTERRUPTED = 128 + signal.SIGINT


@app.callback()
def commands() -> None:
    """Commands that need no AWS account."""


@app.command()
def rehearse(
    stack: StackName = "dev", pack_config: PackConfig = None, verbose: Verbose = False
) -> None:
    """Run the program and the policies in-process, at preview and at update.

    Exit code 0 if no mandatory policy is violated, 1 if one is, 2 if the configuration is wrong.
    """
    _rehearse(stack, pack_config, verbose=verbose)


@app.command()
def serve(
    stack: StackName = "dev",
    once: Annotated[
        bool, typer.Option("--once", help="Call every route, compare, and end.")
    ] = False,
    backend: Annotated[
        list[str] | None,
        typer.Option(help="A service that runs already: blue=http://127.0.0.1:3000."),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option(
            help="A command that starts a service on $PORT: blue='node server.js'. It is started "
            "again when it ends."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option(help="Port of the API; 0 is any.", min=0, max=65_535, show_default=False)
    ] = 0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what AWS would refuse, and not only mark it.")
    ] = False,
    url: Annotated[
        str,
        typer.Option(
            help="With this invoke URL, call a deployed stage once and serve nothing: only GET, "
            "HEAD and OPTIONS, and what has to be refused. Routes with IAM are signed."
        ),
    ] = "",
    api_key: Annotated[
        str,
        typer.Option(help="With --url: name of the environment variable with an API key."),
    ] = "",
    token: Annotated[
        list[str] | None,
        typer.Option(
            help="With --url: an authorizer and the name of the environment variable with a token "
            "for it, such as users=TOKEN. May be repeated."
        ),
    ] = None,
    all_methods: Annotated[
        bool, typer.Option("--all-methods", help="With --url: send every method.")
    ] = False,
) -> None:
    """Serve a stack's API on this machine: an emulated gateway in front of your service.

    A target without --backend or --run is the sample service. Runs until Ctrl-C; saving the stack
    file with another target moves the stage. With --once, exit code 0 if every request matches its
    expectations, 1 if not, 2 if the configuration is wrong.
    """
    if url and (backend or run or port or strict):
        raise typer.BadParameter(
            "--url serves nothing, so --backend, --run, --port and --strict do not go with it."
        )
    if not url and (api_key or token or all_methods):
        raise typer.BadParameter("--api-key, --token and --all-methods go with --url only.")
    if url:
        _smoke(stack, url, api_key, token or (), all_methods=all_methods)
    services = _or_explain(lambda: _services(backend or (), run or ()))
    _serve(stack, once=once, services=services, port=port, strict=strict)


@app.command()
def demo(
    stack: StackName = "dev", pack_config: PackConfig = None, verbose: Verbose = False
) -> None:
    """Rehearse a stack, then call every route of its API: `rehearse` and `serve --once` in one.

    Exit codes are those of the two commands. A stack that violates a policy is not served.
    """
    _serve(stack, once=True, run=_rehearse(stack, pack_config, verbose=verbose))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the stack.")],
    region: Annotated[str, typer.Option(help="Region, such as us-east-2.")] = "",
    owner: Annotated[str, typer.Option(help="Owning team, for the tags.")] = "",
    service: Annotated[
        str,
        typer.Option(
            help="sample (service/app.py), container, image (an AMI), instances (existing ones) or "
            "balancer (an existing one)."
        ),
    ] = "",
    route: Annotated[
        list[str] | None,
        typer.Option(help="A route: 'GET /orders/{id}', or 'GET / none' for everyone."),
    ] = None,
    definition_file: Annotated[
        str, typer.Option(help="An OpenAPI file of the project, instead of routes.")
    ] = "",
    variable: Annotated[
        list[str] | None, typer.Option(help="A stage variable that the file uses: release=v2.")
    ] = None,
    zone: Annotated[
        list[str] | None, typer.Option(help="Zones of a new network; by default a and b.")
    ] = None,
    cidr_block: Annotated[str, typer.Option(help="Range of a new network.")] = "10.20.0.0/16",
    port: Annotated[int, typer.Option(help="Port of the service, or of the balancer.")] = 8080,
    health_path: Annotated[str, typer.Option(help="Path of the health check.")] = "/health",
    image: Annotated[
        str, typer.Option(help="A container image, or an AMI: its ID or an SSM parameter.")
    ] = "",
    user_data_file: Annotated[
        str, typer.Option(help="A file of the project, to start instead of service/app.py.")
    ] = "",
    instance_type: Annotated[
        str, typer.Option(help="Type of new instances; by default t4g.micro, which is arm64.")
    ] = "",
    vpc: Annotated[str, typer.Option(help="VPC of existing instances.")] = "",
    subnet: Annotated[list[str] | None, typer.Option(help="A private subnet of it.")] = None,
    instance: Annotated[list[str] | None, typer.Option(help="ID of an instance.")] = None,
    balancer_arn: Annotated[str, typer.Option(help="ARN of an existing balancer.")] = "",
    host: Annotated[str, typer.Option(help="DNS name of an existing balancer.")] = "",
) -> None:
    """Write the stack file, the policy configuration and the workflow rows of a new stack.

    On a terminal it asks for what is not given. Nothing is overwritten, and nothing is written if
    the configuration would be wrong: exit code 2.
    """
    from operations.new_questions import new_stack

    given = {
        "region": region,
        "owner": owner,
        "kind": service,
        "routes": route or (),
        "definition_file": definition_file,
        "image": image,
        "user_data_file": user_data_file,
        "instance_type": instance_type,
        "vpc": vpc,
        "subnets": subnet or (),
        "instances": instance or (),
        "balancer_arn": balancer_arn,
        "host": host,
    }
    more = {
        "zones": zone or (),
        "cidr_block": cidr_block,
        "port": port,
        "health_path": health_path,
        "variables": variable or (),
    }
    _or_explain(lambda: new_stack(name, given, more, screen.console()))


@app.command()
def doctor(stack: StackName = "dev") -> None:
    """Show what this machine lacks for `pulumi up`, with a command for each."""
    from operations.doctor import examine, show, this_machine

    raise typer.Exit(0 if show(examine(this_machine(), stack), screen.console()) else 1)


@app.command()
def up_local(stack: StackName = "dev") -> None:
    """Create or update a stack in Moto, an emulated AWS on this machine, with the Pulumi CLI.

    Exit code 2 if the CLI or its plugin for AWS is missing, or the configuration is wrong, else
    that of `pulumi up`.
    """
    from operations.local_aws.stack import up

    raise typer.Exit(_or_explain(lambda: up(stack, screen.console())))


@app.command()
def down_local() -> None:
    """Remove the emulated AWS with all its stacks, and their state."""
    from operations.local_aws.stack import down

    down(screen.console())


def _rehearse(stack: str, pack_config: Path | None, *, verbose: bool) -> "Run":
    """Print a rehearsal and return the run at update; a violation ends the command."""
    from operations import report
    from operations.gateway.published import load
    from simulation.engine import Phase
    from simulation.rehearsal import rehearse

    rehearsal = _or_explain(lambda: rehearse(stack, pack_config))
    run = rehearsal.runs[Phase.UPDATE]
    published = load(stack, run=run)
    report.show(rehearsal, published.called, screen.console())
    for line in published.left_out if verbose else ():
        screen.write(screen.console(), line, "  ", hang="  ")
    if not rehearsal.passed:
        raise typer.Exit(1)
    return run


def _smoke(
    stack: str, url: str, api_key: str, tokens: Sequence[str], *, all_methods: bool
) -> NoReturn:
    from operations.gateway.deployed import smoke

    out = screen.console()
    code = _or_explain(
        lambda: smoke(stack, url, api_key, out, token_variables=tokens, all_methods=all_methods)
    )
    raise typer.Exit(code)


def _services(backends: Sequence[str], runs: Sequence[str]) -> "Mapping[str, Service]":
    from operations.gateway.services import parse_services

    return parse_services(backends, runs)


def _serve(
    stack: str,
    *,
    once: bool,
    run: "Run | None" = None,
    services: "Mapping[str, Service] | None" = None,
    **options: Any,
) -> None:
    from operations.gateway.published import load, read_from
    from operations.gateway.serve import serve

    code = _or_explain(
        lambda: serve(
            lambda: load(stack, run=run, services=services or {}),
            once=once,
            watch=lambda: read_from(stack),
            **options,
        )
    )
    raise typer.Exit(code)


def _or_explain(action: Callable[[], _T]) -> _T:
    """Run the action; what is wrong is printed, and ends with exit code 2."""
    from operations.gateway import GatewayError
    from operations.new import NewStackError
    from settings import ConfigError
    from simulation.pack_config import PackConfigError
    from simulation.stack_file import StackFileError

    try:
        return action()
    except (ConfigError, GatewayError, NewStackError, PackConfigError, StackFileError) as mistake:
        screen.write(screen.console(stderr=True), str(mistake), hang="  ")
        raise typer.Exit(2) from None


def main() -> None:
    """Run a command; Ctrl-C ends it with one word."""
    try:
        app(prog_name="python -m operations")
    except SystemExit as end:
        if end.code != _INTERRUPTED:
            raise
        screen.write(screen.console(stderr=True), "Stopped.")
        # Whatever a library still does in other threads would be interrupted with a traceback.
        sys.stdout.flush()
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
