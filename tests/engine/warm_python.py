"""A Python that has the libraries loaded: a server that forks for each program.

To import pulumi and pulumi_aws takes most of the time of a small update. `environment` makes a
folder that Pulumi takes for the program's virtual environment; its `python` is `warm_client`.
`test_environment.py` covers the environment that Pulumi makes itself.
"""

import gc
import io
import marshal
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ForkingMixIn, UnixStreamServer
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

_START = """#!/bin/sh
case "$1" in
--version) exec '{python}' "$@" ;;
*) exec '{python}' -IS '{client}' '{address}' "$@" ;;
esac
"""


@contextmanager
def environment(libraries: Iterable[str]) -> Iterator[Path]:
    """A folder that is like a virtual environment, for as long as the server runs.

    Where a process with threads of its libraries cannot safely fork, it is the real environment.
    """
    if sys.platform != "linux":
        yield Path(sys.prefix)
        return
    with TemporaryDirectory(prefix="python-") as folder:
        python, address = Path(folder, "bin", "python"), Path(folder, "server")
        client = Path(__file__).with_name("warm_client.py")
        python.parent.mkdir()
        python.write_text(_START.format(python=sys.executable, client=client, address=address))
        python.chmod(0o755)
        with subprocess.Popen(
            [sys.executable, __file__, address, *libraries],
            stdout=subprocess.PIPE,
            start_new_session=True,
        ) as server:
            assert server.stdout
            assert server.stdout.readline() == b"ready\n"
            try:
                yield Path(folder)
            finally:
                server.terminate()


class _Server(ForkingMixIn, UnixStreamServer):
    request_queue_size = 50

    def __init__(self, address: str) -> None:
        super().__init__(address, _Handler)
        self._parent = os.getppid()

    def service_actions(self) -> None:
        super().service_actions()
        if os.getppid() != self._parent:
            sys.exit("the tests have ended")


class _Handler(BaseRequestHandler):
    """Runs one program in a child of this process, which is itself a fork of the server."""

    def handle(self) -> None:
        client: socket.socket = self.request
        size, streams, *_ = socket.recv_fds(client, 4, 3)
        length = int.from_bytes(size, "big")
        request = b""
        while len(request) < length:
            request += client.recv(length - len(request))
        arguments, folder, variables = marshal.loads(request)  # noqa: S302 - from the client
        process = os.fork()
        if process == 0:
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
            os.chdir(folder)
            os.environ.clear()
            os.environ.update(variables)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            threading.Thread(target=_obey, args=[client], daemon=True).start()
            _run(arguments)
        _, status = os.waitpid(process, 0)
        code = os.waitstatus_to_exitcode(status)
        with suppress(BrokenPipeError):  # the client was killed
            client.sendall(bytes([code if code >= 0 else 128 - code]))


def _obey(client: socket.socket) -> None:
    """Pass on the client's signals, and end when it ends."""
    while numbers := client.recv(1):
        os.kill(os.getpid(), numbers[0])
    os._exit(1)


def _run(arguments: list[str]) -> None:
    """Run a program as `python` does with these arguments, and end the process with it."""
    code: object = 0
    if "-u" in arguments:  # the pack prints its port, for which the engine waits
        raw = open(1, "wb", buffering=0, closefd=False)  # noqa: SIM115 - until the end
        sys.stdout = io.TextIOWrapper(cast("BinaryIO", raw), write_through=True)
    try:
        match [argument for argument in arguments if argument != "-u"]:
            case ["-c", text]:
                exec(text, {"__name__": "__main__"})  # noqa: S102 - as told
            case ["-m", module, *rest]:
                sys.argv, sys.path[0] = [module, *rest], str(Path.cwd())
                runpy.run_module(module, run_name="__main__", alter_sys=True)
            case [script, *_] as argv:
                sys.argv, sys.path[0] = argv, str(Path(script).parent)
                runpy.run_path(script, run_name="__main__")
    except SystemExit as end:
        code = end.code
        if isinstance(code, str):
            print(code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    _, address, *libraries = sys.argv
    sys.path[0] = str(Path(__file__).parents[2])
    for name in libraries:
        pkgutil.resolve_name(name)
    sys.path[0] = ""
    gc.freeze()
    with _Server(address) as server:
        print("ready", flush=True)
        server.serve_forever()
