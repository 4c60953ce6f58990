"""Stacks to test with: brought up once, then forked by each test."""

import copy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .stack import Change, Stack, missing
from .standin.provider import Standin


@pytest.fixture(autouse=True)
def _cli(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("engine") and (reason := missing()):
        pytest.skip(reason)


@pytest.fixture
def new_stack(tmp_path: Path) -> Iterator[Callable[..., Stack]]:
    """Makes a stack that is not up, with the shipped configuration, changed."""
    with ExitStack() as providers:

        def make(*changes: Change, stack: str = "dev") -> Stack:
            aws = providers.enter_context(Standin())
            folder = tmp_path / f"new-{len(list(tmp_path.iterdir()))}"
            return Stack.create(folder, aws, *changes, name=stack)

        yield make


@pytest.fixture(scope="session")
def _shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Stack]]:
    made: dict[str, Stack] = {}
    with ExitStack() as providers:

        def get(name: str) -> Stack:
            if reason := missing():
                pytest.skip(reason)
            if name not in made:
                aws = providers.enter_context(Standin())
                folder = tmp_path_factory.mktemp(name)
                made[name] = Stack.create(folder, aws, name=name)
                made[name].up()
            return made[name]

        yield get


@pytest.fixture
def _fork(_shipped: Callable[[str], Stack], tmp_path: Path) -> Iterator[Callable[[str], Stack]]:
    with ExitStack() as providers:

        def fork(name: str) -> Stack:
            original = _shipped(name)
            aws = providers.enter_context(Standin(copy.deepcopy(original.aws.cloud)))
            return original.fork(tmp_path / name, aws)

        yield fork


@pytest.fixture
def dev(_fork: Callable[[str], Stack]) -> Stack:
    """The shipped dev stack, up."""
    return _fork("dev")


@pytest.fixture
def prod(_fork: Callable[[str], Stack]) -> Stack:
    """The shipped prod stack, up: blue and green, both taking traffic."""
    return _fork("prod")
