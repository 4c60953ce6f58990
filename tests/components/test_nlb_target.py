"""The balancer is configured correctly from the start, and nothing bypasses it."""

from pathlib import Path
from typing import Any

import pytest

from components.instance_role import InstanceRoleArgs, StatementArgs
from components.launch_template import FleetArgs
from components.nlb_target import NlbTarget, NlbTargetArgs, Protocol, SharedBalancerArgs, TlsArgs
from simulation.engine import UNKNOWN, Phase, Run, run_program
from tests.tables import check_resources, read, sentences

FLEET: FleetArgs = {
    "instance_type": "t4g.micro",
    "image_id": "resolve:ssm:/images/arm64",
    "min_size": 2,
    "max_size": 4,
    "user_data": "#cloud-config\n",
}
ARGS: NlbTargetArgs = {
    "vpc_id": "vpc-1",
    "subnet_ids": ["subnet-a", "subnet-b"],
    "port": 8080,
    "health_path": "/health",
    "fleet": FLEET,
    "s3_prefix_list_id": "pl-1",
    "tags": {"owner": "platform"},
}
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
TARGETS = "aws:lb/targetGroup:TargetGroup"
FLEET_GROUP = "aws:autoscaling/group:Group"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
COMPONENT = "privateapi:index:NlbTarget"
RESOURCES = read(Path(__file__).with_name("resources.yaml"))
TLS: TlsArgs = {"certificate_arn": "arn:aws:acm:x", "policy": "p"}
HTTPS: dict[str, Any] = {"protocol": Protocol.HTTPS, "server_name": "a.example"}


def build(phase: Phase = Phase.UPDATE, name: str = "blue", **changes: Any) -> Run:
    args: Any = {k: v for k, v in {**ARGS, **changes}.items() if v is not None}
    return run_program(
        lambda: NlbTarget(name, args), phase=phase, config={"aws:region": "us-east-2"}
    )


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


@pytest.mark.parametrize("expected", sentences(RESOURCES["NlbTarget"]))
def test_it_creates_as_the_table_says(built: Run, expected: dict[str, Any]) -> None:
    check_resources(build(**expected["$with"]) if "$with" in expected else built, expected)


@pytest.mark.parametrize("token", [BALANCER, TARGETS])
def test_the_longest_target_name_fits_into_the_names_of_aws(token: str) -> None:
    suffix = "-1234567"  # appended by Pulumi
    assert len(build(name="a" * 16).one(token).name + suffix) <= 32


@pytest.mark.parametrize(("longest", "delay"), [(5, 150), (149, 150), (149.5, 151), (300, 301)])
def test_draining_takes_longer_than_the_longest_request(longest: float, delay: int) -> None:
    built = build(longest_request_seconds=longest)
    assert built.one(TARGETS).inputs["deregistrationDelay"] == delay


def test_a_new_port_opens_before_the_old_one_closes() -> None:
    before = {r.urn for token in (INGRESS, EGRESS) for r in build().of_type(token)}
    after = {r.urn for token in (INGRESS, EGRESS) for r in build(port=9090).of_type(token)}
    assert before & after == {urn for urn in before if urn.endswith("s3")}


def trigger(built: Run, token: str) -> object:
    return built.one(token).options["replacement_trigger"]


@pytest.mark.parametrize(
    ("change", "replaced"),
    [
        ({"user_data": "#!"}, True),
        ({"instance_type": "t4g.small"}, True),
        ({"image_id": "ami-0123456789abcdef0"}, True),
        ({"profile_name": "own"}, True),
        ({"role": {}}, True),
        ({"min_size": 3, "max_size": 9}, False),
    ],
)
def test_a_new_version_replaces_the_fleet_and_a_new_size_keeps_it(
    built: Run, change: dict[str, Any], replaced: bool
) -> None:
    changed = build(fleet={**FLEET, **change})
    assert (trigger(changed, FLEET_GROUP) != trigger(built, FLEET_GROUP)) is replaced


@pytest.mark.parametrize(
    "change",
    [
        {"port": 9090},
        {"protocol": Protocol.HTTPS},
        {"listener_port": 8443},
        {"health_path": "/other"},
        {"server_name": "orders.example.com"},
        {"listener_tls": TLS, "listener_port": 80},
    ],
)
def test_a_change_that_old_instances_cannot_serve_replaces_the_target(
    built: Run, change: dict[str, Any]
) -> None:
    assert trigger(build(**change), BALANCER) != trigger(built, BALANCER)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"host_header": "orders.example.com"}),
        ({"listener_tls": TLS}, {"listener_tls": {**TLS, "certificate_arn": "arn:aws:acm:y"}}),
    ],
)
def test_another_host_and_another_certificate_keep_the_target(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert trigger(build(**before), BALANCER) == trigger(build(**after), BALANCER)


OTHER: SharedBalancerArgs = {
    "load_balancer_arn": "arn:of:other",
    "dns_name": "other.example",
    "security_group_id": "sg-other",
}
LISTENER = "aws:lb/listener:Listener"


@pytest.mark.parametrize(
    "change",
    [
        {"port": 9090},
        {"listener_port": 8082},
        {"health_path": "/other"},
        {"balancer": {**OTHER, "load_balancer_arn": "arn:of:its:successor"}},
    ],
)
def test_a_target_on_a_shared_balancer_is_replaced_without_it(change: dict[str, Any]) -> None:
    shared: dict[str, Any] = {"balancer": OTHER, "listener_port": 8081}
    before, after = build(**shared), build(**{**shared, **change})
    for token in (LISTENER, TARGETS):
        assert trigger(before, token) != trigger(after, token)


def test_a_listener_on_a_balancer_of_its_own_is_replaced_with_that(built: Run) -> None:
    assert "replacement_trigger" not in built.one(LISTENER).options


def test_other_permissions_of_the_same_role_keep_the_fleet() -> None:
    statement: StatementArgs = {"actions": ["s3:GetObject"], "resources": ["*"]}
    roles: tuple[InstanceRoleArgs, ...] = ({}, {"statements": [statement]})
    before, after = (build(fleet={**FLEET, "role": role}) for role in roles)
    assert trigger(before, FLEET_GROUP) == trigger(after, FLEET_GROUP)


def test_a_target_is_replaced_with_its_fleet(built: Run) -> None:
    assert trigger(built, FLEET_GROUP) != trigger(build(name="green"), FLEET_GROUP)


def test_nothing_is_deleted_before_its_replacement_exists(built: Run) -> None:
    assert built.one(BALANCER)
    assert not any(r.options.get("deleteBeforeReplace") for r in built.resources)


def test_the_host_is_unknown_before_the_balancer_exists() -> None:
    assert build(Phase.PREVIEW).one(COMPONENT).outputs["host"] is UNKNOWN


@pytest.mark.parametrize("changes", [{"fleet": None}, {"instance_ids": ["i-1"]}])
def test_a_target_has_either_a_fleet_or_instances(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="blue: set either fleet or instance_ids"):
        build(**changes)


def test_every_child_has_the_component_as_parent(built: Run) -> None:
    children = [r for r in built.resources if r.custom and not r.type.startswith("pulumi:")]
    assert len(children) == 10
    assert {r.parent for r in children} == {built.one(COMPONENT).urn}
