"""The program asks AWS with the credentials of the stack's provider."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from components import aws_session
from components.aws_session import clients, session

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


class Sts:
    """An STS that issues numbered credentials, and notes who asks for what."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.requests: list[dict[str, str]] = []

    def client(self, current: boto3.Session, service: str) -> Any:
        client = current.client(service)
        client.meta.events.register("before-call.sts", self.answer)
        self.caller = key_of(current)
        return client

    def answer(self, model: Any, params: Any, **_: Any) -> Any:
        """In place of the call; its parameters have been checked."""
        self.asked.append((model.name, self.caller))
        self.requests.append(params["body"])
        credentials = {
            "AccessKeyId": f"key-{len(self.asked)}",
            "SecretAccessKey": "made-up",
            "SessionToken": "made-up",
        }
        return SimpleNamespace(status_code=200), {"Credentials": credentials}


@pytest.fixture
def sts(monkeypatch: pytest.MonkeyPatch) -> Sts:
    found = Sts()
    monkeypatch.setattr(aws_session, "_client", found.client)
    return found


def test_roles_are_assumed_in_order_each_from_the_one_before(sts: Sts) -> None:
    first = {"roleArn": ROLE.format(1), "sessionName": "ci", "externalId": "shared"}
    roles = [first, {"roleArn": ROLE.format(2)}]
    current = session({"region": "us-east-2", "assumeRoles": roles})
    assert sts.asked == [("AssumeRole", "of-the-environment"), ("AssumeRole", "key-1")]
    expected = [("ci", "shared"), ("pulumi", None)]
    assert [(r["RoleSessionName"], r.get("ExternalId")) for r in sts.requests] == expected
    assert key_of(current) == "key-2"
    assert current.region_name == "us-east-2"


def test_a_web_identity_comes_before_the_roles(sts: Sts, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a token", encoding="utf-8")
    identity = {"roleArn": ROLE.format(1), "webIdentityTokenFile": str(tmp_path / "token")}
    current = session(
        {
            "region": "us-east-2",
            "assumeRoleWithWebIdentity": identity,
            "assumeRoles": [{"roleArn": ROLE.format(2)}],
        }
    )
    assert [operation for operation, _ in sts.asked] == ["AssumeRoleWithWebIdentity", "AssumeRole"]
    assert sts.requests[0]["WebIdentityToken"] == "a token"
    assert key_of(current) == "key-2"


def test_a_role_is_assumed_with_everything_that_the_configuration_says(sts: Sts) -> None:
    role = {
        "roleArn": ROLE.format(1),
        "policy": "{}",
        "policyArns": ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
        "sourceIdentity": "deployer",
        "tags": {"team": "orders"},
        "transitiveTagKeys": ["team"],
        "duration": "1h",
    }
    session({"region": "us-east-2", "assumeRoles": [role]})
    (request,) = sts.requests
    assert request["Policy"] == "{}"
    assert request["PolicyArns.member.1.arn"] == "arn:aws:iam::aws:policy/ReadOnlyAccess"
    assert request["SourceIdentity"] == "deployer"
    assert request["Tags.member.1.Key"] == "team"
    assert request["TransitiveTagKeys.member.1"] == "team"


def test_the_client_of_a_service_is_made_once() -> None:
    found = clients({"region": "us-east-2"})
    assert found("elbv2") is found("elbv2")
    assert found("elbv2") is not found("apigateway")
