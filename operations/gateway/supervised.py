"""A user's service, started by a command and started again when it ends."""

import contextlib
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from operations.gateway import GatewayError
from operations.gateway.child import accepts, command_child, free_port
from operations.gateway.services import Command

HOST = "localhost"  # both of its addresses: some servers listen on ::1 only
_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.05
_WARN_AFTER_SECONDS = 15.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_STEADY_SECONDS = 10.0


@contextlib.contextmanager
def supervised(
    command: Command, environ: Mapping[str, str], tell: Callable[[str], None]
) -> Iterator[int]:
    """Run a command from when it listens on a free port, the context's value, to the block's end.

    It gets the port as `PORT`, and the command's own variables. `tell` is called with every line
    that it prints, and when it ends; then it is started again, after a pause that doubles up to
    half a minute. GatewayError if it ends before it has listened once.
    """
    if unset := [name for name in command.secrets if name not in environ]:
        tell(
            f"not set on this machine: {', '.join(unset)}. Secrets are not fetched: set what the "
            "service needs, and start `serve` again"
        )
    supervisor = _Supervisor(command, environ, tell)
    supervisor.thread.start()
    try:
        supervisor.await_listening()
        yield supervisor.port
    finally:
        supervisor.stopping.set()
        supervisor.thread.join()


class _Supervisor:
    def __init__(
        self, command: Command, environ: Mapping[str, str], tell: Callable[[str], None]
    ) -> None:
        self.port = free_port()
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self._keep_running, daemon=True)
        self._command, self._tell = command, tell
        # Found here, because the variables may have another PATH.
        self._program = shutil.which(command.words[0]) or command.words[0]
        ports = dict.fromkeys(
            ("PORT", "SERVICE_PORT"), str(self.port)
        )  # the sample's is the second
        self._environ = {**environ, **dict(command.environment), **ports}
        self._has_listened = False

    def await_listening(self) -> None:
        """Return when it listens; GatewayError if it ends before that."""
        warning_due = time.monotonic() + _WARN_AFTER_SECONDS
        while not accepts(self.port, HOST):
            if not self.thread.is_alive():
                raise GatewayError(
                    f"{self._command} ended before it listened on port {self.port}, which it gets "
                    f"as PORT. What it printed is above. Start the service with that port."
                )
            if time.monotonic() > warning_due:
                self._tell(f"does not listen on port {self.port} yet, which it gets as PORT")
                warning_due = float("inf")
            time.sleep(_POLL_SECONDS)
        self._has_listened = True

    def _keep_running(self) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while not self.stopping.is_set():
            started = time.monotonic()
            code = self._run_once()
            if self.stopping.is_set():
                return
            if not self._has_listened:
                self._tell(f"ended with exit code {code}")
                return
            if time.monotonic() - started > _STEADY_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            self._tell(f"ended with exit code {code}; it starts again in {pause:g} s")
            self.stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _run_once(self) -> int | None:
        """Run the command until it ends or has to stop; the exit code."""
        reading, writing = os.pipe()
        follower = threading.Thread(target=self._follow, args=(reading,), daemon=True)
        follower.start()
        with os.fdopen(writing, "wb") as output:
            words = (self._program, *self._command.words[1:])
            running = command_child(
                words, environ=self._environ, output=output, grace=_GRACE_SECONDS
            )
            with running as process:
                while process.poll() is None and not self.stopping.is_set():
                    self.stopping.wait(_POLL_SECONDS)
                code = process.returncode
        follower.join()
        return code

    def _follow(self, reading: int) -> None:
        with os.fdopen(reading, "r", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                self._tell(line.rstrip("\r\n"))
