"""Moto's server with the additions, for the tests of a worker."""

from collections.abc import Iterator
from typing import Any, Protocol

import boto3
import pytest

from operations import screen
from operations.local_aws import moto
from operations.local_aws.moto import Moto


class Clients(Protocol):
    """Makes a client of a service."""

    def __call__(self, service: str) -> Any: ...


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    folder = tmp_path_factory.mktemp("moto") / "run"
    yield moto.start(screen.console(), folder)
    moto.stop(folder)


@pytest.fixture
def aws(server: Moto) -> Iterator[Clients]:
    made: list[Any] = []

    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        found = boto3.client(service, region_name="us-east-2", endpoint_url=server.url, **keys)
        made.append(found)
        return found

    yield client
    for each in made:
        each.close()
