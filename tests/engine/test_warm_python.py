"""The Python that has the libraries loaded runs programs as Python itself does."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine import warm_python

PROGRAM = (
    "import json, os, sys; print(json.dumps([sys.argv, os.getcwd(), os.environ['A'], __name__]))"
)


@pytest.fixture(scope="module")
def python() -> Iterator[Path]:
    with warm_python.environment(["json"]) as folder:
        yield folder / "bin" / "python"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--version"], id="version"),
        pytest.param(["-c", "print(1)"], id="text"),
        pytest.param(["-c", "import sys; sys.exit(3)"], id="exit code"),
        pytest.param(["-c", "import sys; sys.exit('no')"], id="exit message"),
        pytest.param(["script.py", "--option", "x"], id="script"),
        pytest.param(["-u", "-m", "script", "--option", "x"], id="module"),
        pytest.param(["-m", "nothing"], id="missing module"),
    ],
)
def test_a_program_runs_as_under_python_itself(
    python: Path, tmp_path: Path, arguments: list[str]
) -> None:
    (tmp_path / "script.py").write_text(PROGRAM, encoding="utf-8")

    def run(interpreter: str | Path) -> tuple[int, str, bool]:
        done = subprocess.run(
            [interpreter, *arguments],
            cwd=tmp_path,
            env={"A": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, bool(done.stderr)

    assert run(python) == run(sys.executable)


def test_a_signal_ends_the_program(python: Path) -> None:
    text = "import time; print('started', flush=True); time.sleep(600)"
    with subprocess.Popen([python, "-c", text], stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        process.terminate()
        assert process.stdout.read() == b""  # the program has it open, until it ends
        assert process.wait() != 0


def test_an_unbuffered_program_is_read_while_it_runs(python: Path) -> None:
    text = "import sys, time; sys.stdout.buffer.write(b'started\\n'); time.sleep(600)"
    with subprocess.Popen([python, "-u", "-c", text], env={}, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"started\n"
        process.terminate()
