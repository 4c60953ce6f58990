"""The environment that the emulated API Gateway runs in, made once and kept in `.cache`."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console

from operations.gateway.emulator import LIBRARIES, STATIC, GatewayError

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "gateway"
PYTHON = "3.11"
"""With other interpreters these pins were not tried."""


def gateway_python(
    console: Console, *, cache: Path = CACHE, requirements: Path = REQUIREMENTS
) -> Path:
    """The interpreter of the emulator's environment, which is made now if it is missing.

    An interrupted run leaves none behind: the environment is made under another name, in
    `cache`, and moved into place when it is whole. Runs at the same time wait for each other.
    Raises GatewayError with what uv said when it cannot be made.
    """
    wanted = cache / _key(requirements)
    python = wanted / "bin" / "python"
    if python.exists():
        return python
    cache.mkdir(parents=True, exist_ok=True)
    with _locked(cache / "lock", console):
        if not python.exists():
            console.print(f"Installing the emulated API Gateway, once, in {wanted}", soft_wrap=True)
            with console.status("Installing the emulated API Gateway"):
                _make(wanted, requirements)
    return python


def _make(wanted: Path, requirements: Path) -> None:
    for unfinished in wanted.parent.glob("unfinished-*"):
        shutil.rmtree(unfinished)
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=wanted.parent) as scratch:
        made = Path(scratch) / "environment"
        python = made / "bin" / "python"
        uv = find_uv(os.environ)
        # As in pyproject.toml, which is not read here.
        trusting = {**os.environ, "UV_SYSTEM_CERTS": "true"}
        _run([uv, "venv", "--quiet", "--python", PYTHON, str(made)], trusting)
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python)]
        _run([*install, "--requirement", str(requirements)], trusting)
        # The index of AWS's services takes it seconds and 400 MB, so that it is made only here.
        (made / STATIC / LIBRARIES).mkdir(parents=True)
        home = str(made / STATIC)
        own = {"HOME": home, "FILESYSTEM_ROOT": home, "OVERRIDE_IN_DOCKER": "0"}
        _run([str(python), "-m", "localstack.aws.spec"], {"PATH": os.defpath, **own})
        shutil.rmtree(wanted, ignore_errors=True)  # one whose base interpreter has gone
        made.rename(wanted)


@contextlib.contextmanager
def _locked(path: Path, console: Console) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with console.status("Waiting for another run that installs the emulated API Gateway"):
                fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def find_uv(environ: Mapping[str, str], root: Path = ROOT) -> str:
    """The uv that runs this program (`UV`), else the one on the PATH, else the project's own."""
    on_path = shutil.which("uv", path=environ.get("PATH", os.defpath))
    found = environ.get("UV") or on_path or shutil.which(str(root / ".uv" / "bin" / "uv"))
    if not found:
        raise GatewayError(
            "uv is needed to install the emulated API Gateway, and is not on the PATH: "
            "run `make serve`, which fetches it, or install it (https://docs.astral.sh/uv/)"
        )
    return str(Path(found).absolute())


def _key(requirements: Path) -> str:
    """Name of the environment: other pins or another machine get another one."""
    parts = (PYTHON, sysconfig.get_platform(), requirements.read_text())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _run(command: list[str], environ: Mapping[str, str] | None = None) -> None:
    # In the root directory, because uv would apply the constraints of this project's own
    # environment to anything that it installs from inside the project.
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, cwd=Path("/")
    )
    if done.returncode:
        raise GatewayError(f"`{' '.join(command[:3])}` failed:\n{done.stderr.strip()[-2000:]}")
