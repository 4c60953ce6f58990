"""Stacks to test with: new ones, and the shipped ones, which are brought up once in a test run."""

import copy
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine import warm_python
from tests.engine.example import Example
from tests.engine.fake_provider.account import Account
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.fake_provider.resource_types import TYPES
from tests.engine.stack import Change, Installation, Snapshot, Stack
from tests.once import once

LIBRARIES = (
    *("boto3", "jsonschema", "pulumi_policy", "pydantic", "ruamel.yaml", "yaml"),
    # Of the program only this, which no test edits in a copy, and which takes the longest.
    *("openapi.importing", "openapi.compiler"),
    # `lambda` is a word of Python.
    *(
        f"pulumi_aws:{token.split('/')[0][4:].replace('lambda', 'lambda_')}.{token.split(':')[2]}"
        for token in TYPES
    ),
)

EXISTING_NETWORK: Change = (
    "network",
    {"vpcId": "vpc-01234567", "subnetIds": ["subnet-01234567", "subnet-12345678"]},
)
VARIANTS = {"existing-network": ((EXISTING_NETWORK,), "dev")}


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with warm_python.environment(LIBRARIES) as python:
        yield Installation.create(tmp_path_factory.mktemp("installation"), str(python))


@pytest.fixture
def provider() -> Iterator[Callable[..., FakeProvider]]:
    """Starts a provider, for an account if there is one already."""
    with ExitStack() as started:

        def start(account: Account | None = None) -> FakeProvider:
            return started.enter_context(FakeProvider(account))

        yield start


@pytest.fixture
def new_stack(
    installation: Installation, provider: Callable[..., FakeProvider], tmp_path: Path
) -> Callable[..., Stack]:
    """Creates a stack that is not up, with the shipped configuration, changed."""

    def create(*changes: Change, stack: str = "dev") -> Stack:
        folder = tmp_path / "new"
        return Stack.create(folder, provider(), *changes, name=stack, installation=installation)

    return create


@pytest.fixture
def restore(
    installation: Installation, provider: Callable[..., FakeProvider], tmp_path: Path
) -> Callable[[Snapshot], Stack]:
    """Continues from a snapshot."""

    def continued(snapshot: Snapshot) -> Stack:
        aws = provider(copy.deepcopy(snapshot.account))
        folder = Path(tempfile.mkdtemp(prefix="restored-", dir=tmp_path)) / "stack"
        return Stack.restore(snapshot, folder, aws, installation)

    return continued


@pytest.fixture
def shipped(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Snapshot]:
    """A shipped stack, up; `existing-network` is dev in a network that exists."""

    def bring_up(name: str) -> Snapshot:
        with FakeProvider() as aws:
            folder = tmp_path_factory.mktemp(name) / "stack"
            changes, shipped = VARIANTS.get(name, ((), name))
            stack = Stack.create(folder, aws, *changes, name=shipped, installation=installation)
            stack.up()
            return stack.snapshot()

    return lambda name: once(f"{name}-stack", lambda: bring_up(name))


@pytest.fixture
def example() -> Example:
    return Example()


@pytest.fixture
def dev(restore: Callable[[Snapshot], Stack], shipped: Callable[[str], Snapshot]) -> Stack:
    """The shipped dev stack, up."""
    return restore(shipped("dev"))


@pytest.fixture
def prod(restore: Callable[[Snapshot], Stack], shipped: Callable[[str], Snapshot]) -> Stack:
    """The shipped prod stack, up: blue and green, both receiving requests."""
    return restore(shipped("prod"))
