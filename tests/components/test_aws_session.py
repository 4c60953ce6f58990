"""The program asks AWS with the credentials of the stack's provider."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components import aws_session
from components.aws_session import session

ROLE = "arn:aws:iam::111122223333:role/{}"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made-up")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def key_of(current: boto3.Session) -> str:
    credentials = current.get_credentials()
    assert credentials is not None
    return str(credentials.access_key)


def shared_file(folder: Path, profile: str) -> str:
    file = folder / "credentials"
    file.write_text(
        f"[{profile}]\naws_access_key_id = of-{profile}\naws_secret_access_key = made-up\n"
    )
    return str(file)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        pytest.param({}, "of-the-environment", id="environment"),
        pytest.param({"accessKey": "of-config", "secretKey": "x"}, "of-config", id="keys"),
        pytest.param({"profile": None, "assumeRoles": []}, "of-the-environment", id="empty"),
    ],
)
def test_the_credentials_are_those_of_the_configuration(config: dict[str, Any], key: str) -> None:
    current = session({"region": "us-east-2", **config})
    assert key_of(current) == key
    assert current.region_name == "us-east-2"


def test_a_profile_is_read_from_the_shared_file(tmp_path: Path) -> None:
    config = {"profile": "deployer", "sharedCredentialsFiles": [shared_file(tmp_path, "deployer")]}
    assert key_of(session(config)) == "of-deployer"


def test_roles_are_assumed_in_order_each_from_the_one_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def client(current: boto3.Session, service: str) -> Any:
        sts = current.client(service)
        asked.append(key_of(current))
        role = ROLE.format(len(asked))
        request = {"RoleArn": role, "RoleSessionName": "pulumi"}
        if len(asked) == 1:
            request |= {"RoleSessionName": "ci", "ExternalId": "secret"}
        stub = Stubber(sts)
        credentials = {
            "AccessKeyId": f"key-of-the-role-{len(asked)}",
            "SecretAccessKey": "made-up",
            "SessionToken": "made-up",
            "Expiration": datetime.now(UTC),
        }
        stub.add_response("assume_role", {"Credentials": credentials}, request)
        stub.activate()
        return sts

    monkeypatch.setattr(aws_session, "_client", client)
    first = {"roleArn": ROLE.format(1), "sessionName": "ci", "externalId": "secret"}
    roles = [first, {"roleArn": ROLE.format(2)}]
    current = session({"region": "us-east-2", "assumeRoles": roles})
    assert asked == ["of-the-environment", "key-of-the-role-1"]
    assert key_of(current) == "key-of-the-role-2"
    assert current.region_name == "us-east-2"
