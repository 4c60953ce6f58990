"""Child processes, which never outlive this one."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from operations.gateway import GatewayError
from operations.gateway.child import LOOPBACK, Server, accepts, free_port, python_child, server

# Prints that it runs, and later, after longer than any test takes, that nothing ended it.
LASTING = (
    "import os, time\n"
    "print('up', os.getpid(), flush=True)\n"
    "time.sleep(600)\n"
    "print('survived', flush=True)\n"
)
python = partial(python_child, Path(sys.executable), environ=os.environ)
Context = contextlib.AbstractContextManager
Run = Callable[..., Context[IO[str]]]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    return tmp_path / "program.py"


@pytest.fixture
def run(program: Path) -> Run:
    """Run a program as a child, and yield what it prints, which ends with the last process."""

    @contextlib.contextmanager
    def running(text: str, grace: float = 0) -> Iterator[IO[str]]:
        program.write_text(text)
        read, write = os.pipe()
        with os.fdopen(read) as printed:
            try:
                with (
                    os.fdopen(write, "wb") as output,
                    python(str(program), directory=program.parent, output=output, grace=grace),
                ):
                    yield printed
            finally:
                assert "survived" not in printed.read()

    return running


def test_it_ends_with_the_block(run: Run) -> None:
    with run(LASTING) as printed:
        assert printed.readline().startswith("up")


def test_it_ends_when_the_block_fails(run: Run) -> None:
    def fail() -> None:
        with run(LASTING) as printed:
            assert printed.readline()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_its_own_children_end_with_it(run: Run) -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {LASTING!r}])"
    with run(nested) as printed:
        assert printed.readline().startswith("up")


def test_with_grace_it_may_end_by_itself(run: Run, tmp_path: Path) -> None:
    cleaning_up = (
        "import pathlib, signal, sys\n"
        "def end(*_):\n"
        "    pathlib.Path('ended').touch()\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
    )
    with run(cleaning_up + LASTING, grace=600) as printed:
        printed.readline()
    assert (tmp_path / "ended").exists()


def test_after_the_grace_it_is_ended(run: Run) -> None:
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    with run(ignoring + LASTING, grace=0.1) as printed:
        assert printed.readline()


def test_a_terminals_ctrl_c_does_not_reach_it(run: Run) -> None:
    with run(LASTING) as printed:
        pid = int(printed.readline().split()[1])
        assert os.getpgid(pid) == pid != os.getpgid(0)


def test_it_does_not_outlive_a_parent_that_was_killed(program: Path) -> None:
    program.write_text(LASTING)
    parent = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from operations.gateway.child import python_child\n"
        "with python_child(Path(sys.executable), sys.argv[1], environ=os.environ,\n"
        "                  directory=Path.cwd(), output=sys.stdout.buffer):\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", parent, str(program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline().startswith("up")
        process.send_signal(signal.SIGKILL)
        assert process.stdout.read() == ""


def test_a_file_finds_the_modules_beside_it_and_not_those_of_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "here" / "program.py"
    program.parent.mkdir()
    program.with_name("beside.py").write_text("WHERE = 'beside the program'\n")
    (tmp_path / "elsewhere.py").touch()
    program.write_text(
        "import beside, importlib.util\n"
        "print(__name__, beside.WHERE, importlib.util.find_spec('elsewhere'), flush=True)\n"
    )
    monkeypatch.delenv("PYTHONPATH", raising=False)
    log = tmp_path / "log"
    with log.open("wb") as output, python(str(program), directory=tmp_path, output=output) as child:
        child.wait()
    assert log.read_text() == "__main__ beside the program None\n"


def test_a_free_port_is_one_that_nothing_listens_on() -> None:
    port = free_port()
    assert not accepts(port)
    with socket.create_server((LOOPBACK, port)):
        assert accepts(port)


def started(program: Path, text: str, listens: Callable[[int], bool | None]) -> Context[Server]:
    program.write_text(text)

    def start(_port: int, output: IO[bytes]) -> Context[subprocess.Popen[bytes]]:
        return python(str(program), directory=program.parent, output=output)

    return server("the server", start, listens, program.with_name("log"))


def test_a_slow_server_is_awaited_and_mentioned(
    program: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("operations.gateway.child._WARN_AFTER_SECONDS", 0)
    answers = iter([None, None, None, True])
    with started(program, LASTING, lambda _: next(answers)) as running:
        assert caplog.messages == [
            f"Still waiting for the server to listen on {LOOPBACK}:{running.port}. "
            "Ctrl-C stops waiting."
        ]


def test_a_server_that_ends_is_tried_three_times_and_quoted(program: Path) -> None:
    failing = "open('starts', 'a').write('x')\nraise SystemExit('no database')"
    with (
        pytest.raises(GatewayError, match="could not start the server:\nno database"),
        started(program, failing, lambda _: None),
    ):
        pass
    assert program.with_name("starts").read_text() == "xxx"
