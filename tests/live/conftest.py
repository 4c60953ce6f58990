"""Tests in a real AWS account run only when they are asked for."""

import os

import pytest

FLAG = "--live"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(FLAG, action="store_true", help="make real resources in AWS, which cost money")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    absent = [
        what
        for what, present in (
            (f"{FLAG} (pytest tests/live {FLAG})", config.getoption(FLAG, default=False)),
            ("AWS_PROFILE", "AWS_PROFILE" in os.environ),
        )
        if not present
    ]
    for item in items:
        if absent and item.get_closest_marker("live"):
            item.add_marker(pytest.mark.skip(reason=f"not given: {', '.join(absent)}"))
