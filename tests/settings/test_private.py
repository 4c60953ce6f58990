"""A private API in the configuration: its own resource policy, and its place in the network."""

import json
from pathlib import Path
from typing import Any

import pytest

from openapi.private_endpoint import PLACEHOLDER
from settings import ConfigError, Settings
from settings.files import MAX_POLICY_CHARACTERS
from tests.stacks import ABSENT, config

PRIVATE = ("api.endpointType", "private")
POLICY = "x-amazon-apigateway-policy"
CALL = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
ALLOWED = {"Effect": "Allow", **CALL}
INSIDE = {**ALLOWED, "Condition": {"IpAddress": {"aws:VpcSourceIp": "10.70.0.0/16"}}}
INTERNET = {**ALLOWED, "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with the sample service."""
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "app.py").touch()
    return tmp_path


def read(root: Path, policy: Any, *changes: tuple[str, Any]) -> Settings:
    (root / "policy.json").write_text(json.dumps(policy))
    file = ("api.resourcePolicyFile", "policy.json")
    return Settings.read(config(PRIVATE, file, *changes), title="t", root=root)


def problem(root: Path, policy: Any, *changes: tuple[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        read(root, policy, *changes)
    (found,) = caught.value.problems
    return str(found)


def test_a_policy_of_its_own_stands_before_the_limit_to_the_endpoint(root: Path) -> None:
    policy = read(root, {"Statement": [INSIDE]}).definition.document[POLICY]
    own, denial = policy["Statement"]
    assert own == INSIDE
    assert denial["Condition"] == {"StringNotEquals": {"aws:SourceVpce": [PLACEHOLDER]}}


def test_a_policy_for_the_internet_is_refused(root: Path) -> None:
    assert problem(root, {"Statement": [INTERNET]}) == (
        'private-api:api.resourcePolicyFile: "policy.json" names aws:SourceIp, which the requests '
        "of a private API do not have. Use aws:VpcSourceIp, the caller's address in its VPC."
    )


def test_a_policy_of_a_definition_file_for_the_internet_is_refused(root: Path) -> None:
    operation = {"responses": {"200": {"description": "ok"}}}
    document = {
        "openapi": "3.0.1",
        "info": {"title": "t", "version": "1"},
        "paths": {"/": {"get": operation}},
        POLICY: {"Version": "2012-10-17", "Statement": [INTERNET]},
    }
    (root / "api.json").write_text(json.dumps(document))
    file = (("api.definitionFile", "api.json"), ("api.routes", ABSENT))
    with pytest.raises(ConfigError) as caught:
        Settings.read(config(PRIVATE, *file), title="t", root=root)
    (found,) = caught.value.problems
    assert str(found).startswith(f"private-api:api.definitionFile: api.json: {POLICY}: names aws:S")
    document[POLICY] = {"Statement": [INSIDE]}
    (root / "api.json").write_text(json.dumps(document))
    settings = Settings.read(config(PRIVATE, *file), title="t", root=root)
    assert len(settings.definition.document[POLICY]["Statement"]) == 2


def test_a_policy_leaves_room_for_the_limit(root: Path) -> None:
    few, many = ({"ids": [f"vpce-{n:08x}" for n in range(count)]} for count in (1, 20))
    spare = MAX_POLICY_CHARACTERS - 400 - len(json.dumps({"Statement": [ALLOWED]}))
    policy = {"Statement": [{**ALLOWED, "Sid": "x" * spare}]}
    assert read(root, policy, ("api.vpcEndpoints", few))
    found = problem(root, policy, ("api.vpcEndpoints", many))
    assert "that AWS allows beside the limit to the VPC endpoints. Shorten it." in found


def test_the_endpoint_takes_an_address_of_each_subnet() -> None:
    full = (
        ("network.cidrBlock", "10.20.0.0/24"),
        ("targets.blue.fleet.minSize", 1),
        ("targets.blue.fleet.maxSize", 17),
    )
    assert Settings.read(config(*full), title="t")
    with pytest.raises(ConfigError, match="has room for 32 instances"):
        Settings.read(config(*full, PRIVATE), title="t")
    ids = ("api.vpcEndpoints", {"ids": ["vpce-01234567"]})
    assert Settings.read(config(*full, PRIVATE, ids), title="t")
