"""A rehearsed stack that answers real HTTP on this machine: checked once, or left running."""

import contextlib
import dataclasses
import secrets
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

import watchfiles
from rich.console import Console

from operations.gateway.emulator import Gateway, GatewayError
from operations.gateway.environment import gateway_python
from operations.gateway.expectations import disagreements
from operations.gateway.proxy import TRACE_HEADER, trace
from operations.gateway.request_plan import Call, Plan, authorization, operations, plan
from operations.gateway.site import Exchange, Publication, Site

NOT_SHOWN = (
    "Not shown here: that a VPC link connects. Time limits, throttles, gateway responses, "
    "signatures and resource policies are not judged either."
)
_TERMINATED = 128 + signal.SIGTERM


def serve(
    load: Callable[[], Publication],
    *,
    once: bool,
    watch: Sequence[Path] = (),
    console: Console | None = None,
) -> int:
    """Publish on loopback what `load` returns, and print every call.

    With `once`, call every route of every stage that can be called, and return 0 if all that
    happened is what the routes promise, else 1. Without it, serve until Ctrl-C; when one of the
    `watch` files changes, `load` again and move what changed. A `load` that raises is reported
    and changes nothing, except the first time: then it raises here. No process is left behind.
    """
    out = Printer(console or Console(emoji=False))
    with contextlib.ExitStack() as resources:
        resources.enter_context(_ended_by_sigterm())
        try:
            with out.progress("Reading the stack"):
                publication = load()  # first, so that a mistake is told before any installation
            gateway = resources.enter_context(Gateway(gateway_python(out.console)))
            site = resources.enter_context(Site(gateway, out.exchange))
            with out.progress("Starting the emulated API Gateway and the services"):
                site.publish(publication)
            out.stages(site)
            out.line("Behind every target runs service/app.py, on this machine.")
            if once:
                return check(site, out)
            _follow(site, load, watch, out)
        except GatewayError as error:
            out.problem(str(error))
            return 1
    return 0


def check(site: Site, out: "Printer") -> int:
    """Call every route of every stage; 0 if something was called and all promises were kept."""
    called = failed = 0
    plans: list[Plan] = []
    for stage in site.publication.stages:
        for name, way in site.ways(stage):
            document, promised = site.publication.openapi, site.publication.backend_paths
            made = plan(document, way, lambda: secrets.token_hex(4), promised)
            plans.append(made)
            broken = sum([_check_call(site, stage, name, call, out) for call in made.calls])
            called, failed = called + len(made.calls), failed + broken
    out.verdict(plans, called, failed)
    missing = any(made.missing for made in plans)
    return 1 if failed or missing or not called else 0


def _check_call(site: Site, stage: str, name: str, call: Call, out: "Printer") -> bool:
    """Whether the call broke a promise."""
    traced = (*call.request.headers, (TRACE_HEADER, trace()))
    request = dataclasses.replace(call.request, headers=traced)
    exchange = site.call(stage, request)
    found = disagreements(call.request, call.promise, exchange.arrivals, exchange.answer)
    for disagreement in found:
        out.problem(f"  {name}, {call.route}: {disagreement}")
    return bool(found)


def _follow(
    site: Site, load: Callable[[], Publication], watch: Sequence[Path], out: "Printer"
) -> None:
    """Serve until Ctrl-C, and follow the files meanwhile."""
    files = {str(path.resolve()) for path in watch}
    names = ", ".join(sorted({path.name for path in watch}))
    out.line(
        f"{NOT_SHOWN}\nCtrl-C ends it." + (f" Changes in {names} show at once." if names else "")
    )
    try:
        if not files:
            threading.Event().wait()
        # Folders, because many editors put a new file in the place of the old one.
        folders = {Path(file).parent for file in files}
        chosen = watchfiles.watch(
            *folders, watch_filter=lambda _, path: path in files, recursive=False
        )
        for _ in chosen:
            try:
                with out.progress("Reading the configuration"):
                    changed = site.publish(load())
            # Whatever is wrong with what was saved, the next save may be right.
            except Exception as error:
                out.problem(f"{error}\nStill serving what was there before.")
            else:
                out.line("\n".join(changed) or "Nothing changed for the API.")
                out.stages(site)
    except KeyboardInterrupt:
        out.line("Stopped.")


@contextlib.contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM unwind the stack like Ctrl-C, so that everything is put away."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(_TERMINATED)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Printer:
    """What a person sees."""

    def __init__(self, console: Console) -> None:
        self.console = console

    def line(self, text: str, style: str | None = None) -> None:
        """Some text as it is."""
        self.console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    def problem(self, text: str) -> None:
        """Some text in red."""
        self.line(text, style="red")

    @contextlib.contextmanager
    def progress(self, text: str) -> Iterator[None]:
        """Say what takes its time, turning a wheel on a terminal."""
        if self.console.is_terminal:
            with self.console.status(text):
                yield
        else:
            self.line(f"{text} ...")
            yield

    def stages(self, site: Site) -> None:
        """Where every stage is reached, and where it leads."""
        publication = site.publication
        for name, view in publication.stages.items():
            leads = publication.target(view.variables)
            if view.canary:
                other = publication.target({**view.variables, **view.canary.overrides})
                leads += f", {view.canary.percent:g} % to {other}"
            self.line(f"{name}  {site.url(name)}  -> {leads}", style="bold")
        document = publication.openapi
        if any(authorization(document, o) == "apiKey" for o in operations(document)):
            self.line(f"Routes with a key take this one: x-api-key: {site.api.api_key}")

    def exchange(self, exchange: Exchange) -> None:
        """One line a request; called by many threads."""
        request, answer = exchange.request, exchange.answer
        _, stage, *rest = request.path.split("/")
        reached = ", ".join(arrival.target for arrival in exchange.arrivals) or "the gateway itself"
        self.line(
            f"{exchange.at:%H:%M:%S}  {stage:8} {request.method:7} /{'/'.join(rest)}  "
            f"{answer.status}  {exchange.milliseconds:.0f} ms  {reached}"
        )

    def verdict(self, plans: Sequence[Plan], called: int, failed: int) -> None:
        """What was left out, what cannot be shown, and the result."""
        skipped = {route: why for made in plans for route, why in made.skipped.items()}
        for route, why in skipped.items():
            self.line(f"Skipped {route}: {why}.", style="yellow")
        missing = sorted({route for made in plans for route in made.missing})
        for route in missing:
            self.problem(
                f"{route} is promised by the configuration, and missing in the definition."
            )
        if unsigned := sorted({route for made in plans for route in made.unsigned}):
            self.line(f"Called without the signature that AWS asks for: {', '.join(unsigned)}.")
        self.line(NOT_SHOWN)
        if failed or missing or not called:
            self.problem(f"{failed} of {called} calls broke a promise.")
        else:
            self.line(f"All {called} calls did what their routes promise.", style="green")
