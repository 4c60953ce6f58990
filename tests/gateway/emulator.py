"""The emulator for the tests that need it."""

import os
from pathlib import Path

import pytest
from rich.console import Console

from operations.gateway.emulator import GatewayError
from operations.gateway.environment import gateway_python


def interpreter() -> Path:
    """Its interpreter; where it cannot be installed the test is skipped, but never in CI."""
    try:
        return gateway_python(Console(stderr=True))
    except GatewayError as error:
        if "CI" in os.environ:
            raise
        pytest.skip(str(error))
