"""Python programs run as child processes that never outlive this one."""

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

LOOPBACK = "127.0.0.1"

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


@contextlib.contextmanager
def python_child(
    python: Path,
    program: str,
    *,
    environ: Mapping[str, str],
    directory: Path,
    output: IO[bytes],
    grace: float = 0,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module, or a file ending in .py, with an interpreter; end it with the block.

    It leads a process group of its own: a terminal's Ctrl-C reaches only this process, and the
    whole group is ended here. `grace` is how many seconds SIGTERM has before SIGKILL; without it
    there is only SIGKILL.
    """
    process = subprocess.Popen(
        [str(python), "-P", "-c", _LEASH, program],
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


def free_port() -> int:
    """A loopback port that is free now; somebody else may still take it first."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def accepts(port: int) -> bool:
    """Whether something listens on that loopback port."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


def _signal_group(leader: int, number: signal.Signals) -> None:
    # The group is gone (macOS says "not permitted" of one that has only zombies left).
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)
