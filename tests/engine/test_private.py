"""A private API: its endpoint, its resource policy, and the way from a public one and back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.stack import Change, CommandFailed, Installation, Snapshot, Stack
from tests.once import once

pytestmark = pytest.mark.engine

PRIVATE: Change = ("api.endpointType", "private")
EXISTING: Change = ("api.vpcEndpoints", {"ids": ["vpce-0123456789abcdef0"]})
ENDPOINT = "VpcEndpoint core-execute-api"
REDEPLOYED = [
    "create RestApiPut api-definition",
    "create Deployment api-deployment",
    "update Stage api-dev-stage",
]


@pytest.fixture
def private(
    installation: Installation,
    tmp_path_factory: pytest.TempPathFactory,
    restore: Callable[[Snapshot], Stack],
) -> Stack:
    """The dev stack with a private API and a new endpoint, brought up once in a test run."""

    def bring_up() -> Snapshot:
        folder: Path = tmp_path_factory.mktemp("private") / "stack"
        with FakeProvider() as aws:
            stack = Stack.create(folder, aws, PRIVATE, installation=installation)
            stack.up()
            return stack.snapshot()

    return restore(once("private", bring_up))


def own_endpoint(stack: Stack) -> str:
    (id,) = [
        one.id
        for one in stack.aws.account.of_type(rt.VPC_ENDPOINT)
        if one.inputs["serviceName"].endswith(".execute-api")
    ]
    return id


def served(stack: Stack) -> dict[str, Any]:
    """The document that the stage serves."""
    stage = stack.aws.account.one(rt.STAGE).inputs
    deployment = stack.aws.account.resources[rt.DEPLOYMENT, stage["deployment"]]
    document: dict[str, Any] = json.loads(deployment.definition)
    return document


def admitted(stack: Stack) -> list[str]:
    """The endpoints that the published resource policy does not deny."""
    *_, denial = served(stack)["x-amazon-apigateway-policy"]["Statement"]
    assert denial["Effect"] == "Deny"
    found: list[str] = denial["Condition"]["StringNotEquals"]["aws:SourceVpce"]
    return found


def assert_order(changes: list[str], *expected: str) -> None:
    assert sorted(expected, key=changes.index) == list(expected)


def test_a_preview_predicts_the_first_update_and_the_second_makes_no_call(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack(PRIVATE)
    steps = [step for step in stack.preview() if step.type.startswith("aws:")]
    changes = stack.up()
    assert sorted(changes) == sorted(map(str, steps))
    assert_order(changes, f"create {ENDPOINT}", "create RestApi api-api", *REDEPLOYED[:2])
    assert admitted(stack) == [own_endpoint(stack)]
    assert stack.preview() == []
    assert stack.up() == []
    # The import takes away what it does not carry: the endpoints of the API are still there.
    assert stack.up("--refresh") == []
    configured = stack.aws.account.one(rt.REST_API).inputs["endpointConfiguration"]
    assert configured["vpcEndpointIds"] == [own_endpoint(stack)]


def test_a_failed_import_leaves_nothing_published_and_is_repeated(
    new_stack: Callable[..., Stack],
) -> None:
    stack = new_stack(PRIVATE)
    stack.aws.faults = [Fault("create", rt.REST_API_PUT)]
    with pytest.raises(CommandFailed, match=INJECTED):
        stack.up()
    assert not list(stack.aws.account.of_type(rt.DEPLOYMENT))
    stack.up()
    assert admitted(stack) == [own_endpoint(stack)]


def test_a_route_more_keeps_the_endpoints_and_is_known_at_preview(private: Stack) -> None:
    route = {"method": "GET", "path": "/health", "authorization": "none"}
    private.edit(PRIVATE, ("api.routes.3", route))
    steps = private.preview()
    (imported,) = [step for step in steps if str(step) == "replace RestApiPut api-definition"]
    assert "body" in imported.changed
    private.up()
    assert admitted(private) == [own_endpoint(private)]
    assert "/health" in served(private)["paths"]
    assert private.up("--refresh") == []


def test_a_public_api_becomes_private_in_one_update_and_public_in_another(dev: Stack) -> None:
    dev.edit(PRIVATE)
    changes = dev.up()
    assert_order(changes, f"create {ENDPOINT}", "update RestApi api-api", *REDEPLOYED)
    assert admitted(dev) == [own_endpoint(dev)]
    assert dev.up("--refresh") == []
    dev.edit()
    changes = dev.up()
    assert_order(changes, "update RestApi api-api", *REDEPLOYED, f"delete {ENDPOINT}")
    assert "x-amazon-apigateway-policy" not in served(dev)
    assert dev.up("--refresh") == []


def test_aws_does_not_change_a_private_api_into_an_edge_one(private: Stack) -> None:
    private.edit(("api.endpointType", "edge"))
    with pytest.raises(CommandFailed, match="Cannot change a private API"):
        private.up()


def test_callers_move_to_an_existing_endpoint_before_the_new_one_is_deleted(
    private: Stack,
) -> None:
    private.edit(PRIVATE, EXISTING)
    changes = private.up()
    assert_order(
        changes,
        "update RestApi api-api",
        *REDEPLOYED,
        f"delete {ENDPOINT}",
        "delete SecurityGroup core-execute-api",
    )
    assert admitted(private) == ["vpce-0123456789abcdef0"]
    assert private.up("--refresh") == []


def test_an_endpoint_is_not_deleted_while_a_stage_was_left_behind(private: Stack) -> None:
    own = own_endpoint(private)
    private.edit(PRIVATE, EXISTING)
    left = private.aws.account.one(rt.STAGE).urn
    with pytest.raises(CommandFailed, match="this update has not moved it"):
        private.up("--exclude", left)
    assert own_endpoint(private) == own
    assert admitted(private) == [own]
    private.up()
    assert admitted(private) == ["vpce-0123456789abcdef0"]


def test_another_caller_opens_the_endpoint_and_leaves_the_api_alone(private: Stack) -> None:
    private.edit(PRIVATE, ("api.vpcEndpoints", {"callers": ["10.20.0.0/16", "10.70.0.0/16"]}))
    rule = "SecurityGroupIngressRule core-execute-api-from-10.70.0.0-16"
    assert private.up() == [f"create {rule}"]
    private.edit(PRIVATE, ("api.vpcEndpoints", {"privateDns": False}))
    assert sorted(private.up()) == [f"delete {rule}", f"update {ENDPOINT}"]


def test_the_outputs_say_how_to_call_it(private: Stack) -> None:
    outputs = json.loads(private.run("stack", "output", "--json"))
    api, endpoint = outputs["rest_api_id"], own_endpoint(private)
    url = f"https://{api}-{endpoint}.execute-api.us-east-2.amazonaws.com/dev"
    assert outputs["private_access"] == {
        "private_dns": True,
        "urls": {"dev": [url]},
        "vpc_endpoint_ids": [endpoint],
    }


def test_a_destroyed_stack_leaves_no_endpoint(private: Stack) -> None:
    private.destroy()
    assert not list(private.aws.account.of_type(rt.VPC_ENDPOINT))
