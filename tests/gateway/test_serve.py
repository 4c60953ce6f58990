"""`serve` as a person runs it: what it prints, how it ends, and what it leaves."""

import io
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from rich.console import Console

from operations.gateway.emulator import Emulator
from operations.gateway.printer import Printer
from operations.gateway.proxy import Request, Upstream, forward
from operations.gateway.serve import _follow, serve
from tests.gateway.apis import published

pytestmark = [pytest.mark.gateway, pytest.mark.usefixtures("interpreter")]

# Publishes one route; the file named on its command line says which target the stage leads to.
PROGRAM = """
import json, sys
from pathlib import Path
from operations.gateway.published import PublishedStage
from operations.gateway.serve import serve
from tests.gateway.apis import published

chosen = Path(sys.argv[1])

def load():
    content = json.loads(chosen.read_text())
    variables = {"vpcLinkId": "a", "backendHost": content["host"]}
    route = {"method": "GET", "path": content["path"]}
    return published(route, stages={"dev": PublishedStage(variables)})

def watch():
    return [chosen, *map(Path, json.loads(chosen.read_text()).get("files", []))]

sys.exit(serve(load, once=False, watch=watch))
"""
LAST_RESORT_SECONDS = 600
"""How long a test waits for a line that is never printed, by a process that never ends."""


def choose(file: Path, host: str, path: str = "/", *files: Path) -> None:
    file.write_text(json.dumps({"host": host, "path": path, "files": list(map(str, files))}))


@pytest.fixture
def chosen(tmp_path: Path) -> Path:
    choose(tmp_path / "chosen.json", "blue.example")
    return tmp_path / "chosen.json"


@contextmanager
def serving(chosen: Path) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-c", PROGRAM, str(chosen)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        last_resort = threading.Timer(LAST_RESORT_SECONDS, process.kill)
        last_resort.start()
        try:
            yield process
        finally:
            last_resort.cancel()
            process.kill()


def until(process: "subprocess.Popen[str]", text: str) -> str:
    """Read what it prints up to a line with `text`, which is returned."""
    assert process.stdout
    read = ""
    for line in process.stdout:
        read += line
        if text in line:
            return read
    raise AssertionError(f"{text!r} was not printed:\n{read}")


def ps(*options: str) -> list[str]:
    done = subprocess.run(["ps", *options], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def descendants(pid: int) -> set[int]:
    pairs = [line.split() for line in ps("-axo", "pid=,ppid=")]
    parents = {int(child): int(parent) for child, parent in pairs}
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def alive(pids: set[int]) -> list[str]:
    listed = ps("-o", "stat=,command=", "-p", ",".join(map(str, pids)))
    return [line for line in listed if not line.startswith("Z")]


def called(read: str) -> str:
    """Call the URL that was printed, and return the target that responds."""
    found = re.search(r"http://127\.0\.0\.1:(\d+)/dev", read)
    assert found, read
    response = forward(Request("GET", "/dev/", ()), Upstream(int(found[1])))
    return str(json.loads(response.body)["service"])


def test_serving_follows_the_file_until_ctrl_c(chosen: Path) -> None:
    with serving(chosen) as process:
        until(process, "Starting the emulated API Gateway")
        choose(chosen, "green.example:8080")  # after it was read, and before it is watched
        read = until(process, "Ctrl-C stops it. Changes in chosen.json are published")
        children = descendants(process.pid)
        assert "the VPC link's connection" in read
        until(process, "dev: blue -> green, by its stage variables only")
        assert called(read) == "green"
        assert re.search(r"dev +GET +/  200  \d+ ms  green", until(process, " 200 "))

        chosen.write_text("{")
        assert "Expecting" in until(process, "Still serving the last version.")
        assert called(read) == "green"

        choose(chosen, "blue.example", "/other")
        until(process, "imported and deployed the definition")
        until(process, "-> blue")

        later = chosen.parent / "elsewhere" / "later.json"
        later.parent.mkdir()
        later.touch()
        choose(chosen, "blue.example", "/other", later)
        until(process, "Nothing changed for the API.")
        later.write_text("{}")
        until(process, "Nothing changed for the API.")

        assert len(alive(children)) == 3  # the emulator, and a service for each target
        process.send_signal(signal.SIGINT)
        until(process, "Stopped.")
        assert process.wait() == 0
        assert alive(children) == []


def test_ctrl_c_stops_even_if_its_exception_is_lost(
    chosen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def watch(*_: Path, stop_event: threading.Event, **__: object) -> Iterator[set[str]]:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        while not stop_event.is_set():
            yield set()

    monkeypatch.setattr("watchfiles.watch", watch)
    handler = signal.getsignal(signal.SIGINT)
    printed = io.StringIO()
    contents, unused = {chosen: chosen.read_bytes()}, MagicMock()
    _follow(unused, unused, lambda: [chosen], contents, Printer(Console(file=printed)))
    assert printed.getvalue().endswith("Stopped.\n")
    assert signal.getsignal(signal.SIGINT) is handler


def test_sigterm_while_it_starts_leaves_no_process(chosen: Path) -> None:
    with serving(chosen) as process:
        deadline = time.monotonic() + LAST_RESORT_SECONDS
        until(process, "Starting the emulated API Gateway")
        while not (children := descendants(process.pid)):
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 128 + signal.SIGTERM
        # A child that was just being started notices by itself that its parent has ended.
        while time.monotonic() < deadline and alive(children):
            time.sleep(0.05)
        assert alive(children) == []


@pytest.mark.parametrize(
    ("expected", "code", "printed"),
    [
        ("/", 0, "All 7 requests matched their expectations; 2 of them the gateway had to"),
        ("/elsewhere", 1, "dev, GET /: path: expected /elsewhere, got /\n"),
    ],
)
def test_once_ends_with_the_exit_code_of_the_check(
    emulator: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    expected: str,
    code: int,
    printed: str,
) -> None:
    monkeypatch.setattr("operations.gateway.serve.emulator", lambda _: nullcontext(emulator))
    output = io.StringIO()
    console = Console(file=output, width=200)
    api, other = published(), published({"method": "GET", "path": "/", "backendPath": expected})
    urls = {"https://api.example.com": "dev", "https://api.example.com/next": "next"}
    promising = replace(api, promise=replace(other.promise, urls=urls))
    assert serve(lambda: promising, once=True, console=console) == code
    assert printed in output.getvalue()
    assert "-> blue  on AWS: https://api.example.com\n" in output.getvalue()
