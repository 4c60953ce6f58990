"""How long an update takes: as long as AWS needs, and no longer."""

import re
from collections.abc import Callable

import pytest

from tests.engine.critical_path import LATENCY, critical_path, graph
from tests.engine.fake_provider import resource_types as rt
from tests.engine.stack import Stack

pytestmark = pytest.mark.engine

SCALE = 1 / 25
"""The time that the fake provider takes, relative to AWS."""
TOLERANCE = 1.15
"""For the engine itself, on a busy machine; a needless wait for a balancer, a fleet or a link takes
longer."""

# What waits for a resource that is in none of its inputs, and why.
ORDERED = {
    # A target group that no listener uses is never healthy, nor is one behind a closed port.
    ("blue-fleet", "blue-listener"),
    ("blue-fleet", "blue-nlb-to-fleet-8080"),
    ("blue-fleet", "blue-fleet-from-nlb-8080"),
    # A flow log whose role may not write delivers nothing, and reports no error.
    ("core-flows", "core-flows"),
    # The account accepts only a role that can write, and a stage logs only with the account's role.
    ("api-account", "api-account-logs"),
    ("api-dev-stage", "api-account"),
    ("api-dev-methods", "api-account"),
    # A log group that API Gateway creates never expires its logs.
    ("api-dev-stage", "api-dev-access-canary"),
    ("api-dev-stage", "api-dev-execution"),
    ("api-dev-stage", "api-dev-execution-canary"),
}


def test_nothing_waits_without_a_reason(dev: Stack) -> None:
    unexplained = set()
    for resource in dev.saved():
        inputs = resource.get("propertyDependencies", {}).values()
        for urn in set(resource.get("dependencies", ())).difference(*inputs):
            unexplained.add((_name(resource["urn"]), _name(urn)))
    assert unexplained == ORDERED


def test_an_update_takes_as_long_as_its_critical_path(
    new_stack: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = new_stack(stack="prod")
    stack.aws.latency = {token: seconds * SCALE for token, seconds in LATENCY.items()}
    stack.up()
    calls = stack.aws.calls("create")
    duration = max(call.end for call in calls) - min(call.start for call in calls)
    path = critical_path(graph(stack.saved()), {c.urn: LATENCY[c.type] * SCALE for c in calls})
    with capsys.disabled():
        print(f"\n{path}: {path.seconds / SCALE:.0f} s; the update: {duration / SCALE:.0f} s")
    # The fleets boot while the links are created; the API is deployed before any balancer exists.
    # With or without the proof, which takes no time, the path to a stage is as long.
    assert [token for token in path.types if token.startswith("aws:")] == [
        rt.VPC,
        rt.SUBNET,
        rt.LOAD_BALANCER,
        rt.VPC_LINK,
        rt.STAGE,
        rt.METHOD_SETTINGS,
    ]
    assert duration <= TOLERANCE * path.seconds


def _name(urn: str) -> str:
    """The name of a resource, without a hash."""
    return re.sub("-[0-9a-f]{8}$", "", urn.rpartition("::")[2])
