"""The commands: `python -m operations --help`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

# Each command imports what it needs: Pulumi alone takes a second.

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
StackName = Annotated[
    str, typer.Argument(help="Stack, as in Pulumi.<stack>.yaml, or a stack file.")
]
PackConfig = Annotated[
    Path | None,
    typer.Option(
        "--policy-pack-config",
        help="Levels of the policies [default: policies/config.STACK.json, else config.ci.json]",
        dir_okay=False,
        exists=True,
    ),
]
_T = TypeVar("_T")


@app.callback()
def commands() -> None:
    """What a person runs beside pulumi, with no AWS account and no Pulumi CLI."""


@app.command()
def rehearse(
    stack: StackName = "dev",
    pack_config: PackConfig = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything to this file, for machines.")
    ] = None,
) -> None:
    """Run the program and the policies in-process, at preview and at update.

    Exit code 0 when all is fine, 1 when a mandatory policy is violated, 2 when the configuration
    is wrong.
    """
    from operations import report
    from simulation.rehearsal import rehearse as run

    rehearsal = _or_explain(lambda: run(stack, pack_config))
    report.show(rehearsal, Console(soft_wrap=True, emoji=False))
    if json_file:
        text = json.dumps(report.machine_readable(rehearsal), indent=2, ensure_ascii=False)
        try:
            json_file.write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
            console.print(f"--json {json_file}: {error.strerror}. Name a file that can be written.")
            raise typer.Exit(2) from None
    raise typer.Exit(0 if rehearsal.passed else 1)


@app.command()
def serve(
    stack: StackName = "dev",
    once: Annotated[
        bool, typer.Option("--once", help="Call every route, compare, and end.")
    ] = False,
) -> None:
    """Serve a stack's API on this machine: an emulated gateway in front of the sample service.

    Until Ctrl-C; saving the stack file with another target moves the stage. With --once, exit
    code 0 when every call did what its route promises, 1 when not, 2 when the configuration is
    wrong.
    """
    from operations.gateway.published import load, read_from
    from operations.gateway.serve import serve as run

    code = _or_explain(lambda: run(lambda: load(stack), once=once, watch=read_from(stack)))
    raise typer.Exit(code)


@app.command()
def doctor(stack: StackName = "dev") -> None:
    """Say what this machine lacks for `pulumi up`, and the line to paste for each."""
    from operations.doctor import examine, this_machine

    console = Console(soft_wrap=True, highlight=False, markup=False)
    missing = 0
    for finding in examine(this_machine(), stack):
        console.print(f"{'ok      ' if finding.present else 'missing '} {finding.what}")
        if not finding.present:
            missing += 1
            console.print(f"           {finding.advice}")
    raise typer.Exit(1 if missing else 0)


def _or_explain(action: Callable[[], _T]) -> _T:
    """Run the action; a person's mistake is printed plainly, with exit code 2."""
    from settings import ConfigError
    from simulation.pack_config import PackConfigError
    from simulation.stack_file import StackFileError

    try:
        return action()
    except (ConfigError, PackConfigError, StackFileError) as mistake:
        Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False).print(
            str(mistake)
        )
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app(prog_name="python -m operations")
