"""Programs run as child processes that never outlive this one."""

import contextlib
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import IO, NamedTuple

from operations.gateway import GatewayError

LOOPBACK = "127.0.0.1"
_ATTEMPTS = 3
_POLL_SECONDS = 0.02
_CONNECT_SECONDS = 5.0
_WARN_AFTER_SECONDS = 15.0
_LOG = logging.getLogger(__name__)

# The child keeps reading a pipe whose other end only this process holds. The pipe ends when this
# process does, whatever ended it, so that even SIGKILL leaves nothing behind. Unlike Linux's
# parent-death signal it works on macOS, and with any thread as the parent.
_LEASH = """
import os, runpy, sys, threading
threading.Thread(target=lambda: (os.read(0, 1), os._exit(0)), daemon=True).start()
del sys.argv[0]
if sys.argv[0].endswith(".py"):
    sys.path.insert(0, os.path.dirname(sys.argv[0]))
    runpy.run_path(sys.argv[0], run_name="__main__")
else:
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
# The same for any command: it runs beside the pipe's reader, which ends the whole group. A handler,
# because what is ignored here would be ignored by the command too.
_COMMAND_LEASH = """
import os, signal, subprocess, sys, threading
signal.signal(signal.SIGTERM, lambda *_: None)
threading.Thread(target=lambda: (os.read(0, 1), os.killpg(0, signal.SIGKILL)), daemon=True).start()
code = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL).wait()
os._exit(code if code >= 0 else 128 - code)
"""


class Server(NamedTuple):
    """A child process that listens on a port of loopback."""

    pid: int
    port: int


def python_child(
    python: Path,
    program: str,
    *,
    environ: Mapping[str, str],
    directory: Path,
    output: IO[bytes],
    grace: float = 0,
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Run a module, or a file ending in .py, with an interpreter until the end of the block.

    See `_group`.
    """
    command = [str(python), "-P", "-c", _LEASH, program]
    return _group(command, environ, directory, output, grace)


def command_child(
    words: Sequence[str], *, environ: Mapping[str, str], output: IO[bytes], grace: float
) -> contextlib.AbstractContextManager[subprocess.Popen[bytes]]:
    """Run any command in this directory until the end of the block; it reads no input.

    The exit code is the command's, 128 and more for a signal. See `_group`.
    """
    command = [sys.executable, "-I", "-c", _COMMAND_LEASH, *words]
    return _group(command, environ, Path.cwd(), output, grace)


@contextlib.contextmanager
def _group(
    command: Sequence[str],
    environ: Mapping[str, str],
    directory: Path,
    output: IO[bytes],
    grace: float,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command that reads the pipe of the leash.

    The child leads its own process group: a terminal's Ctrl-C reaches only this process, and the
    whole group is ended here. `grace` is the number of seconds between SIGTERM and SIGKILL; with
    0 there is only SIGKILL.
    """
    process = subprocess.Popen(
        command,
        env=environ,
        cwd=directory,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        try:
            if grace:
                _signal_group(process.pid, signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(grace)
        finally:
            _signal_group(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdin:
                process.stdin.close()


@contextlib.contextmanager
def server(
    name: str,
    start: Callable[[int, IO[bytes]], contextlib.AbstractContextManager[subprocess.Popen[bytes]]],
    listens: Callable[[int], bool | None],
    log: Path,
) -> Iterator[Server]:
    """Run a server on a free port from when it listens until the end of the block.

    `start` starts it on a port, with `log` for its output. `listens` says whether it listens on
    that port: None means not yet, False that another process took the port first. In that case,
    and when the server ends, another port is tried. After three attempts GatewayError quotes the
    end of the log.
    """
    for _ in range(_ATTEMPTS):
        port = free_port()
        with log.open("wb") as output, start(port, output) as process:
            if _wait(process, partial(listens, port), f"{name} to listen on {LOOPBACK}:{port}"):
                yield Server(process.pid, port)
                return
    tail = log.read_text(errors="replace")[-2000:].strip()
    raise GatewayError(f"could not start {name}:\n{tail}")


def free_port() -> int:
    """A loopback port that is free now; another process may still take it first.

    It lies below the range from which systems assign ports to connections, and to servers that
    ask for any: such a port could be assigned again while the server starts.
    """
    while True:
        port = 20_000 + secrets.randbelow(10_000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind((LOOPBACK, port))
            return port


def accepts(port: int, host: str = LOOPBACK) -> bool:
    """Whether something listens on that port."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), _CONNECT_SECONDS):
        return True
    return False


def _wait(
    process: subprocess.Popen[bytes], answer: Callable[[], bool | None], awaited: str
) -> bool:
    """Wait for an answer as long as the process lives, however slow the machine is."""
    warning_due = time.monotonic() + _WARN_AFTER_SECONDS
    while process.poll() is None:
        # The process may have ended because another one has its port, and answers in its place.
        if (found := answer()) is not None and process.poll() is None:
            return found
        if time.monotonic() > warning_due:
            _LOG.warning("Still waiting for %s. Ctrl-C stops waiting.", awaited)
            warning_due = float("inf")
        time.sleep(_POLL_SECONDS)
    return False


def _signal_group(leader: int, number: signal.Signals) -> None:
    # The group has ended (macOS reports "not permitted" for one that has only zombies left).
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
