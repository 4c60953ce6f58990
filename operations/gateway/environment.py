"""The Python environments of the emulators, made once and kept in `.cache`."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from operations.gateway import GatewayError

STATIC = "static"
"""Folder of the environment with everything that is the same in every run of the emulator."""
LIBRARIES = Path("usr/lib/localstack")
"""Where the emulator looks, below its root, for its index of AWS's services."""
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "gateway"
PYTHON = "3.11"
"""The only version that these pins were tested with."""


def gateway_python(
    console: Console, *, cache: Path = CACHE, requirements: Path = REQUIREMENTS
) -> Path:
    """The interpreter of the emulated API Gateway: see `installed`."""
    return installed(
        console, "the emulated API Gateway", cache=cache, requirements=requirements, finish=_index
    )


def installed(
    console: Console,
    name: str,
    *,
    cache: Path,
    requirements: Path,
    finish: Callable[[Path], None] = lambda _environment: None,
) -> Path:
    """The interpreter of an emulator's environment, which is made now if it is missing.

    The environment is made in `cache` under a temporary name, and renamed when it is complete, so
    that an interrupted run leaves nothing behind. `finish` does what comes after the installation.
    Concurrent runs wait for each other. Raises GatewayError with uv's error when it cannot be made.
    """
    environment = cache / _key(requirements)
    python = environment / "bin" / "python"
    if python.exists():
        return python
    console.print(f"Installing {name}, once, in {environment} ...", soft_wrap=True)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not python.exists():
                _make(environment, requirements, finish)
    except OSError as error:
        raise GatewayError(
            f"{name} cannot be installed in {cache}: {error.strerror or error}. Make the folder "
            "writable."
        ) from None
    return python


def _make(environment: Path, requirements: Path, finish: Callable[[Path], None]) -> None:
    for unfinished in environment.parent.glob("unfinished-*"):
        shutil.rmtree(unfinished)
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=environment.parent) as scratch:
        made = Path(scratch) / "environment"
        python = made / "bin" / "python"
        uv = find_uv(os.environ)
        # As in pyproject.toml, which uv does not read here.
        environ = {**os.environ, "UV_SYSTEM_CERTS": "true"}
        _run([uv, "venv", "--quiet", "--python", PYTHON, str(made)], environ)
        install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", str(python)]
        _run([*install, "--requirement", str(requirements)], environ)
        finish(made)
        # There may be one already, whose base interpreter has been removed.
        shutil.rmtree(environment, ignore_errors=True)
        made.rename(environment)


def _index(environment: Path) -> None:
    """Make the index of AWS's services, which takes seconds and 400 MB, and so only once."""
    (environment / STATIC / LIBRARIES).mkdir(parents=True)
    home = str(environment / STATIC)
    environ = {"HOME": home, "FILESYSTEM_ROOT": home, "OVERRIDE_IN_DOCKER": "0"}
    python = environment / "bin" / "python"
    _run([str(python), "-m", "localstack.aws.spec"], {"PATH": os.defpath, **environ})


def find_uv(environ: Mapping[str, str], root: Path = ROOT) -> str:
    """The uv that runs this program (`UV`), else the one on the PATH, else the project's."""
    on_path = shutil.which("uv", path=environ.get("PATH", os.defpath))
    found = environ.get("UV") or on_path or shutil.which(str(root / ".uv" / "bin" / "uv"))
    if not found:
        raise GatewayError(
            "The emulators are installed with uv, which is not on the PATH. Run "
            "`make serve`, which fetches it, or install it: https://docs.astral.sh/uv/."
        )
    return str(Path(found).absolute())


def _key(requirements: Path) -> str:
    """Name of the environment, which is different for other pins or another kind of machine."""
    parts = (PYTHON, sysconfig.get_platform(), requirements.read_text())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _run(command: list[str], environ: Mapping[str, str] | None = None) -> None:
    # In the root directory: inside the project uv would apply the constraints of the project's
    # own environment to everything that it installs.
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, cwd=Path("/")
    )
    if done.returncode:
        raise GatewayError(f"`{' '.join(command[:3])}` failed:\n{done.stderr.strip()[-2000:]}")
