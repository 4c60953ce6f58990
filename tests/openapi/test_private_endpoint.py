"""How a private API is limited to VPC endpoints, and what its own policy may say."""

import json
from typing import Any

import pytest

from openapi.compiler import POLICY, Definition, compile_routes
from openapi.private_endpoint import (
    PLACEHOLDER,
    added_characters,
    limited,
    policy_problems,
    through,
)
from openapi.routes import Route

CALL = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
ALLOWED = {"Effect": "Allow", **CALL}
IDS = ["vpce-1", "vpce-2"]
SERVER = {"url": "/", "x-amazon-apigateway-endpoint-configuration": {"vpcEndpointIds": IDS}}


def definition(policy: Any = None, path: str = "/") -> Definition:
    route = Route.model_validate({"method": "GET", "path": path})
    return compile_routes("t", [route], resource_policy=policy)


def denial(*ids: str) -> dict[str, Any]:
    condition = {"StringNotEquals": {"aws:SourceVpce": [*ids]}}
    return {"Effect": "Deny", **CALL, "Condition": condition}


def test_everybody_may_call_through_the_endpoints_and_nobody_otherwise() -> None:
    document = limited(definition(), IDS).document
    assert document[POLICY]["Statement"] == [ALLOWED, denial(*IDS)]
    assert document[POLICY]["Version"] == "2012-10-17"


def test_the_api_is_associated_with_the_endpoints() -> None:
    assert limited(definition(), IDS).document["servers"] == [SERVER]


def test_what_else_is_stated_of_the_endpoint_stays() -> None:
    key = "x-amazon-apigateway-endpoint-configuration"
    closed = {"url": "/", key: {"disableExecuteApiEndpoint": True}}
    (server,) = limited(definition().stating({"servers": [closed]}), IDS).document["servers"]
    assert server[key] == {"disableExecuteApiEndpoint": True, "vpcEndpointIds": IDS}


@pytest.mark.parametrize("as_list", [True, False])
def test_a_policy_of_its_own_decides_among_those_that_come_through(as_list: bool) -> None:
    own = {"Effect": "Allow", **CALL, "Principal": {"AWS": "111122223333"}}
    given = {"Id": "own", "Statement": [own] if as_list else own}
    policy = limited(definition(given), IDS).document[POLICY]
    assert policy["Statement"] == [own, denial(*IDS)]
    assert policy["Id"] == "own"


def test_other_endpoints_make_another_hash() -> None:
    hashes = {limited(definition(), ids).fingerprint for ids in (IDS, IDS[:1], [PLACEHOLDER])}
    assert len(hashes) == 3
    assert definition().fingerprint not in hashes


def test_the_id_of_a_new_endpoint_takes_the_place_of_its_placeholder_alone() -> None:
    text = limited(definition(path=f"/{PLACEHOLDER.replace(' ', '-')}"), [PLACEHOLDER]).json
    assert through(text, "vpce-1") == text.replace(f'["{PLACEHOLDER}"]', '["vpce-1"]')
    assert json.loads(through(text, "vpce-1"))[POLICY]["Statement"] == [ALLOWED, denial("vpce-1")]
    words = {"Statement": {**ALLOWED, "Sid": f'["{PLACEHOLDER}"]'}}
    text = limited(definition(words), [PLACEHOLDER]).json
    assert PLACEHOLDER in json.loads(through(text, "vpce-1"))[POLICY]["Statement"][0]["Sid"]


def test_the_longer_policy_is_counted() -> None:
    own = {"Version": "2012-10-17", "Statement": [ALLOWED]}
    before, after = (
        json.dumps(one) for one in (own, limited(definition(own), IDS).document[POLICY])
    )
    assert len(after) - len(before) <= added_characters(IDS) + 1


@pytest.mark.parametrize("key", ["aws:SourceIp", "AWS:sourceip"])
def test_an_address_on_the_internet_means_nothing_to_a_private_api(key: str) -> None:
    statement = {**ALLOWED, "Condition": {"IpAddress": {key: "203.0.113.0/24"}}}
    (problem,) = policy_problems({"Statement": [statement]})
    assert "Use aws:VpcSourceIp" in problem
    inside = {**ALLOWED, "Condition": {"IpAddress": {"aws:VpcSourceIp": "10.0.0.0/8"}}}
    assert [*policy_problems({"Statement": [inside]})] == []
    assert [*policy_problems(None)] == []
