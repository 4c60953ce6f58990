"""What happens after two rejections: a deletion is repeated, and a port in use is explained."""

import asyncio

import pulumi
import pytest

from components.release import advise, repeat

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


@pytest.mark.parametrize(
    ("operation", "error", "advised"),
    [
        ("create", "DuplicateListener: A listener already exists on this port", 1),
        ("create", "AccessDenied", 0),
        ("update", "DuplicateListener", 0),
    ],
)
def test_a_port_in_use_is_explained_and_not_tried_again(
    operation: str, error: str, advised: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulumi, "error", said.append)
    args = pulumi.ErrorHookArgs("", "", "", "", failed_operation=operation, errors=[error])
    assert asyncio.run(advise(args)) is False
    assert ["Change the `listenerPort`" in text for text in said] == [True] * advised
