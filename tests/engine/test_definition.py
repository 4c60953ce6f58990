"""What a change of the routes sets in motion."""

import pytest

from tests.stacks import ABSENT

from .stack import Failed, Stack
from .standin import kinds as k
from .standin.journal import Fault

pytestmark = pytest.mark.engine

ADDED = {"method": "GET", "path": "/health", "authorization": "none"}
# A deployment is made from the new definition, the stage moves on to it, then the old ones go.
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
def test_a_changed_definition_is_imported_and_deployed(
    dev: Stack, change: tuple[str, object]
) -> None:
    dev.edit(change)
    assert [str(step) for step in dev.preview()] == [
        "replace RestApiPut api-definition",
        "replace Deployment api-deployment",
        "update Stage api-dev-stage",
    ]
    assert dev.up() == REDEPLOYED
    assert dev.up() == []


def test_what_is_deployed_is_what_was_imported(dev: Stack) -> None:
    before = dev.aws.cloud.one(k.DEPLOYMENT).definition
    assert '"/orders/{id}"' in before
    dev.edit(("api.routes.1", ABSENT))
    dev.aws.latency = {k.REST_API_PUT: 1}
    dev.up()
    assert '"/orders/{id}"' not in dev.aws.cloud.one(k.DEPLOYMENT).definition


def test_the_order_of_keys_and_routes_changes_nothing(dev: Stack) -> None:
    dev.edit(
        ("api.routes.0", {"authorization": "iam", "timeoutMs": 5000, "path": "/orders/{id}"}),
        ("api.routes.0.method", "GET"),
        ("api.routes.1", {"authorization": "none", "path": "/", "method": "GET"}),
    )
    assert dev.preview() == []
    dev.edit(("api.routes.0.timeoutMs", 9000))
    assert dev.preview() != []


def test_a_failed_import_is_made_by_the_next_update(dev: Stack) -> None:
    dev.edit(("api.routes.3", ADDED))
    dev.aws.faults = [Fault("create", k.REST_API_PUT)]
    with pytest.raises(Failed, match="the cloud stumbled"):
        dev.up()
    assert '"/health"' not in dev.aws.cloud.one(k.DEPLOYMENT).definition
    assert dev.up() == REDEPLOYED
    assert '"/health"' in dev.aws.cloud.one(k.DEPLOYMENT).definition
