"""The user's own service behind a target: how it is given, started, followed and stopped."""

import ast
import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from operations.gateway import GatewayError
from operations.gateway.proxy import Request, Upstream, forward
from operations.gateway.services import Command, Running, check_targets, parse_services
from operations.gateway.supervised import HOST, supervised
from tests.gateway.test_serve import alive

SERVER = """
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/end":
            os._exit(3)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(os.getpid()).encode())
    def log_message(self, *args):
        pass
print("starts", os.getpid(), flush=True)
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], Command]:
    def written(text: str) -> Command:
        program = tmp_path / "program.py"
        program.write_text(text)
        return Command((sys.executable, str(program)))

    return written


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:3000", Running("http", "127.0.0.1", 3000)),
        ("http://localhost", Running("http", "localhost", 80)),
        ("https://orders.test/", Running("https", "orders.test", 443)),
        ("http://[::1]:3000", Running("http", "::1", 3000)),
    ],
)
def test_a_backend_is_a_url(url: str, expected: Running) -> None:
    assert parse_services([f"blue={url}"], []) == {"blue": expected}
    assert str(expected).startswith(url.removesuffix("/"))


def test_a_command_is_split_like_in_a_shell() -> None:
    parsed = parse_services([], [f"blue={sys.executable} -c 'print(1, 2)'", "green=sh x=y"])
    assert parsed == {
        "blue": Command((sys.executable, "-c", "print(1, 2)")),
        "green": Command(("sh", "x=y")),
    }


@pytest.mark.parametrize(
    ("backends", "runs", "error"),
    [
        (["blue"], [], "--backend 'blue' has no target or no value. Write blue=http://"),
        ([], ["=x"], "--run '=x' has no target"),
        ([], ["blue= "], "has no target or no value"),
        (["blue=http://a:1", "blue=http://a:2"], [], "'blue' has two services"),
        (["blue=http://a:1"], ["blue=sh"], "'blue' has two services"),
        (["blue=ftp://a"], [], "'ftp://a' is not a URL"),
        (["blue=http://a:port"], [], "is not a URL"),
        (["blue=3000"], [], "is not a URL"),
        (["blue=http://a/v1"], [], "more than a host and a port. A route's `backendPath`"),
        (["blue=http://u:hush@a"], [], "more than a host"),
        ([], ["blue=no-such-program 1"], "there is no program 'no-such-program'"),
        ([], ["blue='open"], "is not a command: No closing quotation"),
        ([], ["blue=''"], "there is no program ''"),
    ],
)
def test_what_cannot_be_a_service_is_one_sentence(
    backends: list[str], runs: list[str], error: str
) -> None:
    with pytest.raises(GatewayError) as raised:
        parse_services(backends, runs)
    assert error in str(raised.value)
    assert "\n" not in str(raised.value)
    assert "hush" not in str(raised.value)


def test_an_unknown_target_is_answered_with_the_known_ones() -> None:
    services = {"blue": Command(("sh",))}
    check_targets(services, ["blue", "green"])
    with pytest.raises(GatewayError, match=r"'blue'.* is not a target .*: red, green\."):
        check_targets(services, ["red", "green"])


def ask(port: int, path: str = "/") -> str:
    return forward(Request("GET", path, ()), Upstream(port, address=HOST)).body.decode()


def assert_ended(pid: int) -> None:
    deadline = time.monotonic() + 60
    while alive({pid}):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_command_is_followed_started_again_and_stopped(
    command: Callable[[str], Command], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.gateway.supervised._FIRST_PAUSE_SECONDS", 0.01)
    with supervised(command(SERVER), os.environ, told.append) as port:
        first = ask(port)
        assert told == [f"starts {first}"]
        ask(port, "/end")
        second = first
        while not second.isdigit() or second == first:
            second = ask(port)
        assert told[:3] == [
            f"starts {first}",
            "ended with exit code 3; it starts again in 0.01 s",
            f"starts {second}",
        ]
    assert_ended(int(second))


def test_a_command_that_ends_again_and_again_is_started_ever_later(
    command: Callable[[str], Command], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.gateway.supervised._FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("operations.gateway.supervised._LONGEST_PAUSE_SECONDS", 0.03)
    program = command(SERVER)
    with supervised(program, os.environ, told.append) as port:
        Path(program.words[1]).write_text("raise SystemExit(4)")
        ask(port, "/end")
        while len(told) < 5:
            time.sleep(0.01)
    pauses = [line.rpartition(" in ")[2] for line in told[1:5]]
    assert pauses == ["0.01 s", "0.02 s", "0.03 s", "0.03 s"]


def test_a_command_that_ends_before_it_listens_is_one_sentence(
    command: Callable[[str], Command], told: list[str]
) -> None:
    failing = command("import sys; print('no database'); sys.exit(5)")
    with (
        pytest.raises(GatewayError, match=r"ended before it listened on port \d+, which it gets"),
        supervised(failing, os.environ, told.append),
    ):
        pass
    assert told == ["no database", "ended with exit code 5"]


def test_what_a_command_started_itself_ends_with_it(
    command: Callable[[str], Command], told: list[str]
) -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SERVER!r}])"
    with supervised(command(nested), os.environ, told.append) as port:
        inner = int(ask(port))
    assert_ended(inner)


PRINTS = SERVER.replace('print("starts", os.getpid(), ', "print(dict(os.environ), ")


def test_a_command_gets_the_environment_of_its_fleet(
    command: Callable[[str], Command], told: list[str]
) -> None:
    """Also one that would hide the program."""
    words = ("sh", "-c", shlex.join(["exec", *command(PRINTS).words]))
    program = Command(words, (("LEVEL", "info"), ("PATH", "/no")))
    environ = {**os.environ, "LEVEL": "the caller's", "HOME": "/"}
    with supervised(program, environ, told.append) as port:
        (printed,) = told
    found = ast.literal_eval(printed)
    expected = {"LEVEL": "info", "PATH": "/no", "HOME": "/", "PORT": str(port)}
    assert found.items() >= expected.items()


def test_a_secret_is_the_callers_or_is_mentioned_without_a_value(
    command: Callable[[str], Command], told: list[str]
) -> None:
    secrets = ("DB_PASSWORD", "TOKEN", "KEY")
    program = replace(command(PRINTS), secrets=secrets)
    with supervised(program, {**os.environ, "TOKEN": "hush"}, told.append):
        line, printed = told
    assert line.startswith("not set on this machine: DB_PASSWORD, KEY. ")
    found = ast.literal_eval(printed)
    assert [found.get(name) for name in secrets] == [None, "hush", None]


def test_nothing_is_mentioned_of_secrets_that_are_set(
    command: Callable[[str], Command], told: list[str]
) -> None:
    program = replace(command("raise SystemExit(5)"), secrets=("TOKEN",))
    with pytest.raises(GatewayError), supervised(program, {"TOKEN": ""}, told.append):
        pass
    assert told == ["ended with exit code 5"]


def test_a_command_that_does_not_listen_is_mentioned(
    command: Callable[[str], Command], told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("operations.gateway.supervised._WARN_AFTER_SECONDS", 0)
    with supervised(command(SERVER), os.environ, told.append) as port:
        assert f"does not listen on port {port} yet, which it gets as PORT" in told
