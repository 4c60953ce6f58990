"""The emulated API Gateway as a process: where it listens, what it gets, what it leaves."""

import sys
from pathlib import Path

import pytest

from operations.gateway import GatewayError
from operations.gateway.emulator import TRUSTED_CERTIFICATES, Emulator
from operations.gateway.emulator import emulator as run_emulator
from operations.gateway.local_api import LocalApi
from tests.gateway.apis import ask, published

pytestmark = pytest.mark.gateway


def start_error(folder: Path, script: str) -> str:
    """The error of an emulator whose interpreter runs a shell script instead."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\n{script}\nexit 1\n")
    python.chmod(0o755)
    with pytest.raises(GatewayError) as caught, run_emulator(python):
        pass
    return str(caught.value)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_it_listens_on_loopback_and_nowhere_else(emulator: Emulator) -> None:
    process = Path(f"/proc/{emulator.server.pid}")
    sockets = {str(link.readlink()) for link in (process / "fd").iterdir()}
    listening = []
    for table in ("tcp", "tcp6"):
        for line in (process / "net" / table).read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in sockets:
                listening.append(local)
    assert listening == [f"0100007F:{emulator.server.port:04X}"]


def test_it_starts_on_another_port_when_the_first_is_taken(
    emulator: Emulator, taken_port: int
) -> None:
    assert emulator.server.port != taken_port
    assert emulator.call("GET", "/restapis") is not None


def test_its_output_is_quoted_when_it_does_not_start(tmp_path: Path) -> None:
    error = start_error(tmp_path, "echo no module named localstack")
    assert error == "could not start the emulated API Gateway:\nno module named localstack"


def test_it_gets_nothing_of_the_callers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    error = start_error(tmp_path, "env")
    assert "AWS_ACCESS_KEY_ID=none" in error
    assert "production" not in error


def test_it_leaves_no_files(tmp_path: Path) -> None:
    directory = Path(start_error(tmp_path, "pwd").splitlines()[-1])
    assert directory.name.startswith("gateway-")
    assert not directory.exists()


def test_it_trusts_only_its_own_authority(api: LocalApi, emulator: Emulator) -> None:
    api.publish(published(scheme="https"))
    assert ask(api).status == 200
    trusted = emulator.directory / TRUSTED_CERTIFICATES
    own = trusted.read_text()
    (public,) = emulator.python.parents[1].glob("lib/*/site-packages/certifi/cacert.pem")
    try:
        trusted.write_text(public.read_text())
        assert b"Network error communicating with endpoint" in ask(api).body
    finally:
        trusted.write_text(own)
