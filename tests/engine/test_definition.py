"""What a change of the routes changes in AWS."""

import pytest

from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.fake_provider.resource_types import DEPLOYMENT, REST_API, REST_API_PUT
from tests.engine.stack import Change, CommandFailed, Stack
from tests.stacks import ABSENT

pytestmark = pytest.mark.engine

ADDED = {"method": "GET", "path": "/health", "authorization": "none"}
# The new definition is deployed, the stage moves to that deployment, then the old ones go.
REDEPLOYED = [
    "create RestApiPut api-definition",
    "create Deployment api-deployment",
    "update Stage api-dev-stage",
    "delete Deployment api-deployment",
    "delete RestApiPut api-definition",
]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("api.routes.3", ADDED), id="added"),
        pytest.param(("api.routes.1.timeoutMs", 9000), id="changed"),
        pytest.param(("api.routes.1", ABSENT), id="removed"),
        pytest.param(("api.revision", 2), id="imported again"),
    ],
)
def test_a_changed_definition_is_imported_and_deployed(dev: Stack, change: Change) -> None:
    dev.edit(change)
    assert [str(step) for step in dev.preview()] == [
        "replace RestApiPut api-definition",
        "replace Deployment api-deployment",
        "update Stage api-dev-stage",
    ]
    assert dev.up() == REDEPLOYED
    assert dev.up() == []


def test_limits_of_a_route_come_after_its_deployment_and_go_with_it(dev: Stack) -> None:
    throttle = {"rateLimit": 1, "burstLimit": 2}
    dev.edit(("api.routes.3", {**ADDED, "throttle": throttle}))
    limited = "MethodSettings api-dev.GET/health"
    assert dev.up() == [*REDEPLOYED[:3], f"create {limited}", *REDEPLOYED[3:]]
    dev.edit(("api.routes.3", {**ADDED, "throttle": {**throttle, "burstLimit": 3}}))
    assert dev.up() == [f"update {limited}"]
    dev.edit()
    assert sorted(dev.up()) == sorted([*REDEPLOYED, f"delete {limited}"])


CALLERS = "arn:aws:lambda:us-east-2:111122223333:function:callers"


def asking(function: str) -> list[Change]:
    """A route for whom a function admits."""
    return [
        ("api.routes.3", {**ADDED, "authorization": "callers"}),
        ("api.authorizers", {"callers": {"lambda": {"function": function}}}),
    ]


def test_a_stage_asks_a_function_only_while_the_function_lets_it_in(dev: Stack) -> None:
    permission = "Permission api-callers-invoke"
    dev.edit(*asking(CALLERS))
    assert sorted(dev.up()) == sorted([f"create {permission}", *REDEPLOYED])
    dev.edit(*asking(f"{CALLERS}:live"))
    changed = dev.up()
    assert sorted(changed) == sorted([f"create {permission}", *REDEPLOYED, f"delete {permission}"])
    stage = changed.index("update Stage api-dev-stage")
    assert changed.index(f"create {permission}") < stage < changed.index(f"delete {permission}")
    dev.edit()
    assert sorted(dev.up()) == sorted([*REDEPLOYED, f"delete {permission}"])


def test_another_type_of_the_endpoint_is_deployed(dev: Stack) -> None:
    dev.edit(("api.endpointType", "edge"))
    assert dev.up() == ["update RestApi api-api", *REDEPLOYED]
    assert dev.up() == []


def test_an_import_keeps_the_policy_of_the_endpoint(dev: Stack) -> None:
    assert dev.up("--refresh") == []
    policy = dev.aws.account.one(REST_API).inputs["securityPolicy"]
    assert policy == "SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09"


def test_an_api_with_the_old_policy_gets_the_default_in_place(dev: Stack) -> None:
    dev.edit(("api.tls", {"policy": "TLS_1_0"}))
    assert dev.up() == ["update RestApi api-api", *REDEPLOYED]
    # AWS takes no other way from there.
    dev.edit(("api.tls", {"policy": "TLS_1_2"}))
    with pytest.raises(CommandFailed, match="cannot be changed from TLS_1_0 to TLS_1_2"):
        dev.up()
    dev.edit()
    assert dev.up() == ["update RestApi api-api", *REDEPLOYED]
    assert dev.up("--refresh") == []


def test_a_deployment_that_is_updated_without_its_import_is_still_made_later(dev: Stack) -> None:
    urns = [resource["urn"] for resource in dev.saved() if resource["type"] == DEPLOYMENT]
    dev.edit(("api.routes.3", ADDED))
    assert dev.up("--target", *urns) == []
    assert dev.up() == REDEPLOYED


def test_what_is_deployed_is_what_was_imported(dev: Stack) -> None:
    before = dev.aws.account.one(DEPLOYMENT).definition
    assert '"/orders/{id}"' in before
    dev.edit(("api.routes.1", ABSENT))
    dev.aws.latency = {REST_API_PUT: 1}
    dev.up()
    assert '"/orders/{id}"' not in dev.aws.account.one(DEPLOYMENT).definition


def test_the_order_of_keys_and_routes_changes_nothing(dev: Stack) -> None:
    dev.edit(
        ("api.routes.0", {"authorization": "iam", "timeoutMs": 5000, "path": "/orders/{id}"}),
        ("api.routes.0.method", "GET"),
        ("api.routes.1", {"authorization": "none", "path": "/", "method": "GET"}),
    )
    assert dev.preview() == []
    dev.edit(("api.routes.0.timeoutMs", 9000))
    assert dev.preview() != []


def test_a_failed_import_is_repeated_by_the_next_update(dev: Stack) -> None:
    dev.edit(("api.routes.3", ADDED))
    dev.aws.faults = [Fault("create", REST_API_PUT)]
    with pytest.raises(CommandFailed, match=INJECTED):
        dev.up()
    assert '"/health"' not in dev.aws.account.one(DEPLOYMENT).definition
    assert dev.up() == REDEPLOYED
    assert '"/health"' in dev.aws.account.one(DEPLOYMENT).definition
