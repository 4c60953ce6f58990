"""The deletion of a balancer is repeated while its link still holds it."""

import asyncio

import pulumi
import pytest

from components.release import repeat

REJECTED = "ResourceInUse: it is currently associated with another service"


@pytest.mark.parametrize(
    ("operation", "errors", "repeated"),
    [
        ("delete", [REJECTED], True),
        ("delete", [REJECTED] * 12, True),
        ("delete", [REJECTED] * 13, False),
        ("delete", ["AccessDenied", REJECTED], False),
        ("update", [REJECTED], False),
    ],
)
def test_the_deletion_is_repeated_a_limited_number_of_times(
    operation: str, errors: list[str], repeated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    args = pulumi.ErrorHookArgs("", "", "", "", failed_operation=operation, errors=errors)
    assert asyncio.run(repeat(args)) is repeated
    assert len(waited) == repeated
    assert all(2 <= seconds <= 30 for seconds in waited)
