"""`serve` as a person runs it: a process of its own, its output, and its end."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from operations.gateway.proxy import Request, Upstream, forward
from tests.gateway.emulator import interpreter

pytestmark = [pytest.mark.gateway, pytest.mark.xdist_group("gateway")]

# Publishes one route; the file named on its command line says which target the stage leads to.
PROGRAM = """
import json, sys
from pathlib import Path
from openapi.compiler import compile_routes
from openapi.routes import Route
from operations.gateway.emulator import StageView
from operations.gateway.serve import serve
from operations.gateway.site import Publication

chosen = Path(sys.argv[1])

def load():
    said = json.loads(chosen.read_text())
    route = Route(method="GET", path=said.get("path", "/"), authorization="none")
    variables = {"vpcLinkId": "a", "backendHost": said["target"] + ".example"}
    return Publication(
        compile_routes("test", [route]).json,
        {"dev": StageView(variables)},
        {"blue.example": "blue", "green.example": "green"},
        {"GET /": said.get("promised", "/")},
    )

sys.exit(serve(load, once="--once" in sys.argv, watch=[chosen]))
"""


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    interpreter()


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    path = tmp_path / "chosen.json"
    path.write_text('{"target": "blue"}')
    return path


@contextmanager
def serving(chosen: Path, *options: str) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PROGRAM, str(chosen), *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        # A test that waits for a line that does not come fails instead of hanging.
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def until(process: "subprocess.Popen[str]", text: str) -> str:
    """Read what it prints up to a line with `text`; returns all of it."""
    assert process.stdout
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"{text!r} was not printed:\n{read}")


def descendants(pid: int) -> set[int]:
    listed = subprocess.run(
        ["ps", "-axo", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    pairs = [line.split() for line in listed.stdout.splitlines()]
    parents = {int(child): int(parent) for child, parent in pairs}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> list[str]:
    listed = subprocess.run(
        ["ps", "-o", "stat=,command=", "-p", ",".join(map(str, pids))],
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in listed.stdout.splitlines() if not line.startswith("Z")]


def called(read: str) -> str:
    """Call the URL that was printed, and return the target that answers."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)/dev", read)
    assert found, read
    answer = forward(Request("GET", "/dev/", ()), Upstream(int(found[1])))
    return str(json.loads(answer.body)["service"])


def test_serving_follows_the_file_until_ctrl_c(chosen: Path) -> None:
    with serving(chosen) as process:
        read = until(process, "Ctrl-C ends it. Changes in chosen.json show at once.")
        children = descendants(process.pid)
        assert "that a VPC link connects" in read
        assert called(read) == "blue"
        assert re.search(r"dev +GET +/  200  \d+ ms  blue", until(process, " 200 "))

        chosen.write_text('{"target": "green"}')
        until(process, "dev: blue -> green, by its variables alone")
        assert called(read) == "green"

        chosen.write_text("{")
        assert "Expecting" in until(process, "Still serving what was there before.")
        assert called(read) == "green"

        chosen.write_text('{"target": "blue", "path": "/other"}')
        until(process, "imported the definition and deployed it")
        until(process, "-> blue")

        assert len(alive(children)) == 3  # the emulator, and a service for each target
        process.send_signal(signal.SIGINT)
        until(process, "Stopped.")
        assert process.wait() == 0
        assert alive(children) == []


def test_sigterm_while_it_starts_leaves_no_process(chosen: Path) -> None:
    with serving(chosen) as process:
        until(process, "Starting the emulated API Gateway")
        children = descendants(process.pid)
        assert alive(children)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM
        assert alive(children) == []


def test_once_is_the_check_and_its_exit_code(chosen: Path) -> None:
    chosen.write_text('{"target": "blue", "promised": "/elsewhere"}')
    with serving(chosen, "--once") as process:
        read = until(process, "1 of 1 calls broke a promise.")
        assert "GET /: path: promised /elsewhere, received /" in read
        assert process.wait() == 1
