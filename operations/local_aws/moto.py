"""Moto's server in the background; everything that it writes is in one folder."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.child import LOOPBACK, accepts, free_port
from operations.gateway.environment import ROOT, installed

CACHE = ROOT / ".cache" / "local-aws"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
CALLS = "calls.jsonl"
"""In the folder: the requests, if Moto was told to record them. See
https://docs.getmoto.org/en/latest/docs/configuration/recorder/index.html."""
ACCOUNT = "123456789012"
"""Where Moto puts everything."""
_PORT = "port"
_ATTEMPTS = 3
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Moto:
    """A running server."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Its address, for `AWS_ENDPOINT_URL`."""
        return f"http://{LOOPBACK}:{self.port}"


def start(console: Console, folder: Path) -> Moto:
    """The server of a folder, which is started if it does not run; it outlives this process.

    A new server knows nothing of an earlier one, so what that one left in the folder is deleted.
    Raises GatewayError with its log when it does not start.
    """
    if found := running(folder):
        return found
    python = installed(console, "Moto", cache=CACHE, requirements=REQUIREMENTS)
    stop(folder)
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log"
    for _ in range(_ATTEMPTS):
        port = free_port()
        with log.open("wb") as output:
            server = subprocess.Popen(
                [str(python), "-P", "-m", "operations.local_aws.server", str(folder), str(port)],
                env=_environ(folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        while server.poll() is None:
            # Not the port: another process may have taken it first.
            if "Running on" in log.read_text(errors="replace"):
                (folder / _PORT).write_text(str(port), encoding="utf-8")
                server.returncode = 0  # else Python warns of a process that is still running
                return Moto(folder, port)
            time.sleep(_POLL_SECONDS)
    raise GatewayError(f"could not start Moto:\n{log.read_text(errors='replace')[-2000:].strip()}")


def running(folder: Path) -> Moto | None:
    """The server of a folder, if there is one."""
    try:
        port = int((folder / _PORT).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Moto(folder, port) if accepts(port) else None


def stop(folder: Path) -> bool:
    """Delete the folder, which ends its server; returns whether there was one of the two."""
    found = running(folder)
    existed = folder.exists()
    shutil.rmtree(folder, ignore_errors=True)
    while found and accepts(found.port):
        time.sleep(_POLL_SECONDS)
    return existed


def _environ(folder: Path) -> dict[str, str]:
    """The server's whole environment: nothing of the caller's."""
    return {
        "PATH": os.defpath,
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # The role for API Gateway's logs has a policy of AWS's.
        "MOTO_IAM_LOAD_MANAGED_POLICIES": "true",
        "MOTO_RECORDER_FILEPATH": str(folder / CALLS),
    }
