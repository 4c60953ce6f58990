"""Every create fails once, in each way that a create can fail, and is recovered as documented.

After the recovery, state and account equal those of an update without a fault.
"""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from tests.engine.fake_provider.journal import INJECTED, Fault
from tests.engine.fake_provider.provider import FakeProvider
from tests.engine.fake_provider.resource_types import (
    ATTACHMENT,
    BASE_PATH_MAPPING,
    CERTIFICATE,
    CERTIFICATE_VALIDATION,
    DOMAIN_NAME,
    ELASTIC_IP,
    INTERNET_GATEWAY,
    NAT_GATEWAY,
    NEVER_IN_PART,
    RECORD,
    ROUTE,
    SCALING_POLICY,
    TYPES,
    VPC_LINK_V2,
)
from tests.engine.outcome import Outcome
from tests.engine.recovery import delete
from tests.engine.stack import Change, CommandFailed, Installation, Snapshot, Stack
from tests.once import once

pytestmark = pytest.mark.engine

STATEMENT = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::orders/*"]}
FUNCTION = "arn:aws:lambda:us-east-2:111122223333:function:callers"
CONFIGURATIONS: dict[str, list[Change]] = {
    "fleet": [
        ("api.routes.0.throttle", {"rateLimit": 5, "burstLimit": 5}),
        ("api.routes.1.authorization", "callers"),
        ("api.authorizers", {"callers": {"lambda": {"function": FUNCTION}}}),
        ("targets.blue.fleet.instanceProfile", {"statements": [STATEMENT]}),
        ("stages.dev.apiKeys", {"names": ["ci"], "throttle": {"rateLimit": 5, "burstLimit": 5}}),
        ("api.webAcl", {"managed": {"block": ["203.0.113.0/24"]}}),
    ],
    "instances": [
        ("network", {"vpcId": "vpc-01234567", "subnetIds": ["subnet-01234567", "subnet-12345678"]}),
        ("targets.blue", {"port": 8080, "healthPath": "/", "instances": ["i-0123456789abcdef0"]}),
    ],
    "v2": [("targets.blue.link", "v2")],
    "domain": [
        ("api.defaultEndpoint", "disabled"),
        (
            "api.domain",
            {
                "name": "api.example.com",
                "certificate": "request",
                "hostedZoneId": "Z0123456789",
                "mutualTls": {"truststore": "s3://acme-trust/clients.pem"},
            },
        ),
    ],
    "outward": [
        ("network.nat", "one"),
        ("targets.blue.egress", [{"cidr": "0.0.0.0/0"}]),
        ("targets.blue.fleet.scaling", {"requestsPerInstance": 600}),
    ],
}
"""Stacks that together have every type that the program can register."""
DOMAIN = (BASE_PATH_MAPPING, CERTIFICATE, CERTIFICATE_VALIDATION, DOMAIN_NAME, RECORD)
OUTWARD = (ELASTIC_IP, INTERNET_GATEWAY, NAT_GATEWAY, ROUTE, SCALING_POLICY)
WAITING = {token: found.states for token, found in TYPES.items() if found.states}
"""The states of the types whose create waits for AWS."""


class Prepared(NamedTuple):
    """A stack that is not up yet, and the outcome of its update when nothing fails."""

    new: Snapshot
    expected: Outcome


@pytest.fixture
def prepared(
    installation: Installation, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Prepared]:
    """Each configuration, prepared once in a test run."""

    def prepare(name: str) -> Prepared:
        folder = tmp_path_factory.mktemp("prepared")
        with FakeProvider() as aws:
            changes = CONFIGURATIONS[name]
            new = Stack.create(folder / "new", aws, *changes, installation=installation).snapshot()
        with FakeProvider() as aws:
            faultless = Stack.restore(new, folder / "faultless", aws, installation)
            faultless.up()
            return Prepared(new, Outcome.of(faultless))

    return lambda name: once(f"{name}-prepared", lambda: prepare(name))


class Trial(NamedTuple):
    """A stack that is not up yet, and how it should end."""

    stack: Stack
    expected: Outcome

    def assert_recovered(self) -> None:
        assert Outcome.of(self.stack).differences(self.expected) == set()


@pytest.fixture
def trial(
    prepared: Callable[[str], Prepared], restore: Callable[[Snapshot], Stack]
) -> Callable[[str], Trial]:
    """Starts a trial with a stack that has a resource of a type."""

    kinds = {ATTACHMENT: "instances", VPC_LINK_V2: "v2"}
    kinds |= {**dict.fromkeys(OUTWARD, "outward"), **dict.fromkeys(DOMAIN, "domain")}

    def start(token: str) -> Trial:
        new, expected = prepared(kinds.get(token, "fleet"))
        return Trial(restore(new), expected)

    return start


def test_the_stacks_of_this_file_create_every_type(prepared: Callable[[str], Prepared]) -> None:
    urns = [urn for name in CONFIGURATIONS for urn in prepared(name).expected.state]
    created = {urn.split("::")[2].rpartition("$")[2] for urn in urns}
    assert {token for token in created if token.startswith("aws:")} == set(TYPES)


@pytest.mark.parametrize("token", TYPES)
def test_a_create_that_failed_and_then_happened_in_part_is_completed(
    trial: Callable[[str], Trial], token: str
) -> None:
    stack, _ = started = trial(token)
    faults = [Fault("create", token)]
    if token not in NEVER_IN_PART:
        waits = TYPES[token].states
        faults.append(Fault.canceled(token) if waits else Fault("create", token, saved=True))
    for fault in faults:
        stack.aws.faults = [fault]
        with pytest.raises(CommandFailed, match=fault.message):
            stack.up()
        assert stack.aws.calls("update", "delete") == []
    stack.aws.account.settle()
    stack.up("--refresh")
    started.assert_recovered()
    in_part = set() if token in NEVER_IN_PART else {token}
    assert {call.type for call in stack.aws.calls("update", "delete")} <= in_part


@pytest.mark.parametrize("token", [token for token, states in WAITING.items() if states.failed])
def test_what_ended_as_failed_is_deleted_by_hand_and_created_again(
    trial: Callable[[str], Trial], token: str
) -> None:
    stack, _ = started = trial(token)
    stack.aws.faults = [Fault.failed(token)]
    with pytest.raises(CommandFailed, match=INJECTED):
        stack.up()
    for resource in [r for r in stack.aws.account.of_type(token) if r.status_message == INJECTED]:
        delete(stack, resource)
    stack.up("--refresh")
    started.assert_recovered()
