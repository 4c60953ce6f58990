"""How long an update takes: as long as AWS needs, and no longer."""

from collections.abc import Callable

import pytest

from .critical_path import LATENCY, critical_path, graph
from .stack import Stack
from .standin import kinds as k

pytestmark = pytest.mark.engine

SCALE = 1 / 20
"""How much faster the stand-in is than AWS."""

# What waits for something that none of its inputs tells of, and why.
ORDERED = {
    # A target group that no listener uses is never healthy, nor is one behind a closed port.
    ("blue-fleet", "blue-listener"),
    ("blue-fleet", "blue-nlb-to-fleet-8080"),
    ("blue-fleet", "blue-fleet-from-nlb-8080"),
    # A flow log whose role may not write delivers nothing, and says so to nobody.
    ("core-flows", "core-flows"),
    # The account takes no role that cannot write, and a stage no log without the account's role.
    ("api-account", "api-account-logs"),
    ("api-dev-stage", "api-account"),
    ("api-dev-methods", "api-account"),
    # Log groups that API Gateway makes by itself have no end.
    ("api-dev-stage", "api-dev-access-canary"),
    ("api-dev-stage", "api-dev-execution"),
    ("api-dev-stage", "api-dev-execution-canary"),
}


def test_nothing_is_ordered_without_a_reason(dev: Stack) -> None:
    unexplained = set()
    for resource in dev.state():
        told = {urn for urns in resource.get("propertyDependencies", {}).values() for urn in urns}
        for urn in set(resource.get("dependencies", ())) - told:
            unexplained.add((_name(resource["urn"]), _name(urn)))
    assert unexplained == ORDERED


def test_an_update_takes_as_long_as_its_critical_path(
    new_stack: Callable[..., Stack], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = new_stack(stack="prod")
    stack.aws.latency = {kind: seconds * SCALE for kind, seconds in LATENCY.items()}
    stack.up()
    calls = stack.aws.calls("create")
    makespan = max(call.end for call in calls) - min(call.start for call in calls)
    path = critical_path(graph(stack.state()), {c.urn: LATENCY[c.kind] * SCALE for c in calls})
    with capsys.disabled():
        print(f"\n{path}: {path.seconds / SCALE:.0f} s; the update: {makespan / SCALE:.0f} s")
    # The fleets boot beside the links, and the API is deployed while there is no balancer yet.
    assert path.kinds == [
        k.VPC,
        k.SUBNET,
        k.LOAD_BALANCER,
        k.VPC_LINK,
        k.STAGE,
        k.METHOD_SETTINGS,
    ]
    assert makespan <= 1.05 * path.seconds


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
