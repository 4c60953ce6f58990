"""Serves a stack's API on this machine: checked once, or left running."""

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import watchfiles
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.check import check
from operations.gateway.emulator import emulator
from operations.gateway.environment import gateway_python
from operations.gateway.local_api import LocalApi
from operations.gateway.printer import NOT_TESTED, Printer
from operations.gateway.published import PublishedApi

_TERMINATED = 128 + signal.SIGTERM
_RECHECK_MS = 1000


def serve(
    load: Callable[[], PublishedApi],
    *,
    once: bool,
    watch: Callable[[], Sequence[Path]] = tuple,
    port: int = 0,
    strict: bool = False,
    console: Console | None = None,
) -> int:
    """Publish on loopback what `load` returns, print every request, and return an exit code.

    With `once`, call every route of every stage that can be called, and return 0 if everything
    matched the expectations, else 1. Without it, serve until Ctrl-C, on a `port` or on any; when
    one of the files that `watch` returns changes, `load` again and apply the changes. If `load`
    raises then, the error is printed and nothing changes; the first time it raises here. With
    `strict`, what AWS would refuse is refused, and not only marked. No process is left behind.
    """
    printer = Printer(console or Console(emoji=False))
    with contextlib.ExitStack() as resources:
        # SIGTERM then cleans up, as Ctrl-C does.
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))
        resources.callback(signal.signal, signal.SIGTERM, previous)
        contents = _contents(watch())
        printer.line("Reading the stack ...")
        published = load()  # first, so that a mistake is reported before any installation
        try:
            for note in published.notes:
                printer.line(note, style="yellow")
            python = gateway_python(printer.console)
            printer.line("Starting the emulated API Gateway and the services ...")
            running = resources.enter_context(emulator(python))
            local = LocalApi(
                running, printer.exchange, tell=printer.service, port=port, strict=strict or once
            )
            api = resources.enter_context(local)
            api.publish(published)
            printer.stages(api)
            printer.services(published)
            if once:
                return 0 if check(api, printer) else 1
            _follow(api, load, watch, contents, printer)
        except GatewayError as error:
            printer.problem(str(error))
            return 1
    return 0


def _follow(
    api: LocalApi,
    load: Callable[[], PublishedApi],
    watch: Callable[[], Sequence[Path]],
    contents: Mapping[Path, bytes],
    printer: Printer,
) -> None:
    """Serve until Ctrl-C, and publish again when the contents of a file change."""
    names = ", ".join(sorted({path.name for path in contents}))
    changes = f" Changes in {names} are published when they are saved." if names else ""
    printer.line(f"{NOT_TESTED}\nCtrl-C stops it.{changes}")
    stopped = threading.Event()

    def stop(*_: object) -> None:
        stopped.set()  # the exception can be lost in code that is not Python's
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGINT, stop)
    try:
        while contents and (now := _changed(contents, stopped)):
            # It may name other files now. If it cannot be read, the same files are watched.
            contents = now
            with contextlib.suppress(Exception):
                contents = {
                    path: contents.get(path, found) for path, found in _contents(watch()).items()
                }
            _publish_again(api, load, printer)
        stopped.wait()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGINT, previous)
    printer.line("Stopped.")


def _changed(contents: Mapping[Path, bytes], stopped: threading.Event) -> dict[Path, bytes] | None:
    """Wait until the contents of a file are others, and return all of them; None once stopped."""
    # Folders, because many editors replace the file. Timeouts, because a file may have been
    # saved before it was watched.
    folders = {parent for path in contents if (parent := path.resolve().parent).is_dir()}
    changes = watchfiles.watch(
        *folders,
        recursive=False,
        yield_on_timeout=True,
        rust_timeout=_RECHECK_MS,
        stop_event=stopped,
    )
    # Closed here, and not when it is collected as garbage, where Ctrl-C would be lost.
    with contextlib.closing(changes):
        return next((now for _ in changes if (now := _contents(contents)) != contents), None)


def _publish_again(api: LocalApi, load: Callable[[], PublishedApi], printer: Printer) -> None:
    try:
        changed = api.publish(load())
    # Whatever is wrong with what was saved, the next save may be right.
    except Exception as error:
        printer.problem(f"{error}\nStill serving the last version.")
    else:
        printer.line("\n".join(changed) or "Nothing changed for the API.")
        printer.stages(api)


def _contents(files: Iterable[Path]) -> dict[Path, bytes]:
    """What the files contain; nothing for those that cannot be read."""
    contents = dict.fromkeys(files, b"")
    for path in contents:
        with contextlib.suppress(OSError):
            contents[path] = path.read_bytes()
    return contents
