"""One emulator for all tests of a worker: it takes seconds to start, and 550 MB."""

import itertools
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.child import LOOPBACK, free_port
from operations.gateway.emulator import Emulator
from operations.gateway.emulator import emulator as run_emulator
from operations.gateway.environment import gateway_python
from operations.gateway.local_api import Exchange, LocalApi


@pytest.fixture(scope="session")
def interpreter() -> Path:
    """The emulator's; where it cannot be installed the test is skipped, but never in CI."""
    try:
        return gateway_python(Console(stderr=True))
    except GatewayError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def taken_port() -> Iterator[int]:
    """A port that another process listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="session")
def emulator(interpreter: Path, taken_port: int) -> Iterator[Emulator]:
    """The emulator, which first tries to start on the taken port."""
    ports = itertools.chain([taken_port], iter(free_port, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operations.gateway.child.free_port", lambda: next(ports))
        with run_emulator(interpreter) as running:
            yield running


@pytest.fixture(scope="session")
def all_exchanges() -> list[Exchange]:
    return []


@pytest.fixture(scope="session")
def api(emulator: Emulator, all_exchanges: list[Exchange]) -> Iterator[LocalApi]:
    """The same for every test: it shows nothing but what was published last."""
    with LocalApi(emulator, all_exchanges.append) as running:
        yield running


@pytest.fixture(scope="session")
def strict_api(emulator: Emulator) -> Iterator[LocalApi]:
    """The same, but it refuses what AWS would refuse."""
    with LocalApi(emulator, lambda _: None, strict=True) as running:
        yield running


@pytest.fixture
def exchanges(all_exchanges: list[Exchange]) -> list[Exchange]:
    """Those of one test."""
    all_exchanges.clear()
    return all_exchanges
