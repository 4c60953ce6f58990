"""Child processes, which never outlive this one."""

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

import pytest

from operations.gateway.child import accepts, free_port, python_child

# Says that it runs, and then runs for longer than any test.
LASTING = "import os, time; print('up', os.getpid(), flush=True); time.sleep(600)\n"
Run = Callable[..., contextlib.AbstractContextManager[IO[str]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a program as a child, and give what it prints.

    What it prints ends only when no process is left that could print more.
    """

    @contextlib.contextmanager
    def running(text: str, grace: float = 0) -> Iterator[IO[str]]:
        program = tmp_path / "program.py"
        program.write_text(text)
        read, write = os.pipe()
        with os.fdopen(read) as printed:
            with (
                os.fdopen(write, "wb") as output,
                python_child(
                    Path(sys.executable),
                    str(program),
                    environ=os.environ,
                    directory=tmp_path,
                    output=output,
                    grace=grace,
                ),
            ):
                yield printed
            printed.read()

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
    program = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {LASTING!r}])\n"
    with run(program) as printed:
        assert printed.readline().startswith("up")


def test_with_grace_it_may_end_by_itself(run: Run, tmp_path: Path) -> None:
    program = (
        "import pathlib, signal, sys, time\n"
        "def end(*_):\n"
        "    pathlib.Path('ended').touch()\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n" + LASTING
    )
    with run(program, grace=10) as printed:
        printed.readline()
    assert (tmp_path / "ended").exists()


def test_with_grace_one_that_will_not_end_is_ended(run: Run) -> None:
    ignoring = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    with run(ignoring + LASTING, grace=0.1) as printed:
        assert printed.readline()


def test_a_terminals_ctrl_c_does_not_reach_it(run: Run) -> None:
    with run(LASTING) as printed:
        pid = int(printed.readline().split()[1])
        assert os.getpgid(pid) == pid != os.getpgid(0)


def test_it_does_not_outlive_a_parent_that_was_killed(tmp_path: Path) -> None:
    (tmp_path / "lasting.py").write_text(LASTING)
    parent = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from operations.gateway.child import python_child\n"
        "with python_child(Path(sys.executable), sys.argv[1], environ=os.environ,\n"
        "                  directory=Path.cwd(), output=sys.stdout.buffer):\n"
        "    time.sleep(600)\n"
    )
    command = [sys.executable, "-c", parent, str(tmp_path / "lasting.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        child = int(process.stdout.readline().split()[1])
        process.send_signal(signal.SIGKILL)
        # Readable with nothing to read: nobody is left that could print.
        ended, _, _ = select.select([process.stdout], [], [], 10)
        if not ended:
            os.kill(child, signal.SIGKILL)
        assert ended
        assert process.stdout.read() == ""


def test_a_file_finds_the_modules_beside_it_and_not_those_of_the_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "beside.py").write_text("WHERE = 'beside the program'\n")
    (tmp_path / "elsewhere.py").touch()
    program = tmp_path / "here" / "program.py"
    program.write_text(
        "import beside, importlib.util\n"
        "print(__name__, beside.WHERE, importlib.util.find_spec('elsewhere'), flush=True)\n"
    )
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with (
        (tmp_path / "log").open("wb") as output,
        python_child(
            Path(sys.executable),
            str(program),
            environ=os.environ,
            directory=tmp_path,
            output=output,
        ) as process,
    ):
        process.wait(timeout=10)
    assert (tmp_path / "log").read_text() == "__main__ beside the program None\n"


def test_a_free_port_is_one_that_nobody_listens_on() -> None:
    port = free_port()
    assert not accepts(port)
    with socket.create_server(("127.0.0.1", port)):
        assert accepts(port)
