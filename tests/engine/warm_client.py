"""Has the server of `warm_python` run a program, with this process's files, signals and end."""

import marshal
import os
import signal
import socket
import sys


def main(address: str, *arguments: str) -> int:
    """Run the program; returns its exit code."""
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        request = marshal.dumps((list(arguments), os.getcwd(), dict(os.environ)))  # noqa: PTH109
        socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
        server.sendall(request)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: server.sendall(bytes([number])))
        return server.recv(1)[0]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
