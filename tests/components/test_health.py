"""What AWS has to say of a target before a stage uses it."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from components.health import Evidence, NotWorkingError, pending, take_over, until_it_works

BALANCER = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/a/50dc6c495c0c9188"
GROUP = "arn:aws:elasticloadbalancing:us-east-2:111122223333:targetgroup/a/50dc6c495c0c9188"
FLEET: Evidence = {"target_group_arn": GROUP, "fleet": "a-fleet", "min_size": 2.0}
INSTANCES: Evidence = {"target_group_arn": GROUP, "instance_ids": ["i-1", "i-2"]}

Answers = dict[tuple[str, str], dict[str, Any]]


def ask(evidence: Evidence, answers: Answers) -> list[str]:
    """Ask an AWS that has these answers, whose shape botocore checks."""
    clients = {}
    for (service, operation), answer in answers.items():
        if service not in clients:
            clients[service] = Stubber(client(service))
            clients[service].activate()
        clients[service].add_response(operation, answer)
    found = pending(evidence, lambda service: clients[service].client)
    for stub in clients.values():
        stub.assert_no_pending_responses()
    return found


def link(status: str, **more: str) -> Answers:
    return {("apigateway", "get_vpc_link"): {"id": "a1b2c3", "status": status, **more}}


def link_v2(status: str, **more: str) -> Answers:
    described = {
        "VpcLinkId": "d4e5f6",
        "Name": "v2-link",
        "SubnetIds": [],
        "SecurityGroupIds": [],
        "VpcLinkStatus": status,
        **more,
    }
    return {("apigatewayv2", "get_vpc_link"): described}


def balancer(state: str, enforced: str = "off", **more: Any) -> Answers:
    described = {
        "State": {"Code": state},
        "SecurityGroups": ["sg-1"],
        "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": enforced,
        **more,
    }
    return {("elbv2", "describe_load_balancers"): {"LoadBalancers": [described]}}


def health(states: Mapping[str, str]) -> Answers:
    described = [
        {"Target": {"Id": instance}, "TargetHealth": {"State": state}}
        for instance, state in states.items()
    ]
    return {("elbv2", "describe_target_health"): {"TargetHealthDescriptions": described}}


def fleet(*instances: str, state: str = "InService") -> Answers:
    group = {
        "AutoScalingGroupName": "a-fleet",
        "MinSize": 2,
        "MaxSize": 4,
        "DesiredCapacity": 2,
        "DefaultCooldown": 300,
        "AvailabilityZones": ["us-east-2a"],
        "HealthCheckType": "ELB",
        "CreatedTime": "2026-01-01T00:00:00Z",
        "Instances": [
            {
                "InstanceId": instance,
                "AvailabilityZone": "us-east-2a",
                "LifecycleState": state,
                "HealthStatus": "Healthy",
                "ProtectedFromScaleIn": False,
            }
            for instance in instances
        ],
    }
    return {("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": [group]}}


HEALTHY = {"i-1": "healthy", "i-2": "healthy"}


@pytest.mark.parametrize(
    ("evidence", "answers", "expected"),
    [
        pytest.param({"vpc_link_id": "a1b2c3"}, link("AVAILABLE"), [], id="available link"),
        pytest.param(
            {"vpc_link_id": "a1b2c3"},
            link("PENDING"),
            ["VPC link a1b2c3 is pending"],
            id="pending link",
        ),
        pytest.param({"vpc_link_v2_id": "d4e5f6"}, link_v2("AVAILABLE"), [], id="available V2"),
        pytest.param(
            {"vpc_link_v2_id": "d4e5f6"},
            link_v2("PENDING"),
            ["VPC link V2 d4e5f6 is pending"],
            id="pending V2",
        ),
        pytest.param({"load_balancer_arn": BALANCER}, balancer("active"), [], id="balancer"),
        pytest.param(
            {"load_balancer_arn": BALANCER},
            balancer("active", "on", SecurityGroups=[]),
            [],
            id="balancer without groups",
        ),
        pytest.param(
            {"load_balancer_arn": BALANCER},
            balancer("provisioning"),
            [f"load balancer {BALANCER} is provisioning"],
            id="new balancer",
        ),
        pytest.param(FLEET, {**fleet("i-1", "i-2"), **health(HEALTHY)}, [], id="healthy fleet"),
        pytest.param(
            FLEET,
            {**fleet("i-1", "i-2"), **health({"i-1": "healthy", "i-2": "unhealthy"})},
            [f"1 of 2 instances are healthy in {GROUP}; i-2 is unhealthy"],
            id="one unhealthy",
        ),
        pytest.param(
            {**FLEET, "min_size": 1.0},
            {**fleet("i-1", "i-2"), **health({"i-1": "healthy", "i-2": "unhealthy"})},
            [],
            id="above its minimum",
        ),
        pytest.param(
            {**FLEET, "min_size": 1.0, "predecessor": "old-fleet"},
            {**fleet("i-1", "i-2"), **health({"i-1": "healthy", "i-2": "unhealthy"})},
            [f"1 of 2 instances are healthy in {GROUP}; i-2 is unhealthy"],
            id="below the size that it took over",
        ),
        pytest.param(
            FLEET,
            {**fleet("i-3"), **health(HEALTHY)},
            [f"0 of 2 instances are healthy in {GROUP}; i-3 is not registered"],
            id="only those of another fleet",
        ),
        pytest.param(
            FLEET,
            {**fleet("i-1", "i-2", state="Terminating"), **health(HEALTHY)},
            [f"0 of 2 instances are healthy in {GROUP}"],
            id="leaving",
        ),
        pytest.param(INSTANCES, health(HEALTHY), [], id="healthy instances"),
        pytest.param(
            INSTANCES,
            health({"i-1": "healthy"}),
            [f"1 of 2 instances are healthy in {GROUP}; i-2 is not registered"],
            id="one unknown",
        ),
        pytest.param({}, {}, [], id="nothing"),
    ],
)
def test_what_a_target_waits_for(evidence: Evidence, answers: Answers, expected: list[str]) -> None:
    assert ask(evidence, answers) == expected


@pytest.mark.parametrize(
    ("evidence", "answers", "error"),
    [
        pytest.param(
            {"vpc_link_id": "a1b2c3"},
            link("FAILED", statusMessage="NLB ARN is malformed"),
            "a1b2c3 is FAILED: NLB ARN is malformed. If the stack file names it (`vpcLinkId`), "
            "choose another one there. Otherwise delete it with `aws apigateway delete-vpc-link "
            "--vpc-link-id a1b2c3`",
            id="failed link",
        ),
        pytest.param(
            {"vpc_link_id": "a1b2c3"}, link("DELETING"), "a1b2c3 is DELETING", id="leaving link"
        ),
        pytest.param(
            {"vpc_link_v2_id": "d4e5f6"},
            link_v2("FAILED", VpcLinkStatusMessage="no address"),
            "d4e5f6 is FAILED: no address. Delete it with `aws apigatewayv2 "
            "delete-vpc-link --vpc-link-id d4e5f6`",
            id="failed V2",
        ),
        pytest.param(
            {"vpc_link_v2_id": "d4e5f6"},
            link_v2("INACTIVE"),
            "d4e5f6 is INACTIVE: nothing used it for 60 days, and API Gateway deleted its network "
            "interfaces. Call a stage that uses it",
            id="inactive V2",
        ),
        pytest.param(
            {"vpc_link_v2_id": "d4e5f6"},
            link_v2("DELETING"),
            "d4e5f6 is DELETING. Once it is deleted, run `pulumi up --refresh`",
            id="leaving V2",
        ),
        pytest.param(
            {"load_balancer_arn": BALANCER},
            balancer("active", "on"),
            "applies its security groups",
            id="balancer that blocks",
        ),
        pytest.param(
            {"load_balancer_arn": BALANCER},
            balancer("failed", State={"Code": "failed", "Reason": "no address"}),
            "is failed: no address",
            id="failed balancer",
        ),
        pytest.param(
            FLEET,
            {("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": []}},
            "a-fleet does not exist",
            id="missing fleet",
        ),
        pytest.param(
            {**FLEET, "min_size": 3.0},
            fleet("i-1", "i-2"),
            "a-fleet is to have 2 instances, below minSize 3",
            id="minimum that did not arrive",
        ),
    ],
)
def test_what_waiting_does_not_help(evidence: Evidence, answers: Answers, error: str) -> None:
    with pytest.raises(NotWorkingError, match=re.escape(error)):
        ask(evidence, answers)


def client(service: str) -> Any:
    return boto3.client(
        service,
        region_name="us-east-2",
        aws_access_key_id="made-up",
        aws_secret_access_key="made-up",
    )


@pytest.mark.parametrize(
    ("service", "operation", "code", "evidence", "error"),
    [
        (
            *("apigateway", "get_vpc_link", "NotFoundException"),
            {"vpc_link_id": "a1b2c3"},
            "VPC link a1b2c3 does not exist in this account",
        ),
        (
            *("apigatewayv2", "get_vpc_link", "NotFoundException"),
            {"vpc_link_v2_id": "d4e5f6"},
            "VPC link V2 d4e5f6 does not exist in this account",
        ),
        (
            *("elbv2", "describe_load_balancers", "LoadBalancerNotFound"),
            {"load_balancer_arn": BALANCER},
            f"load balancer {BALANCER} does not exist. Run `pulumi up --refresh`",
        ),
        (
            *("elbv2", "describe_target_health", "TargetGroupNotFound"),
            INSTANCES,
            f"target group {GROUP} does not exist. Run `pulumi up --refresh`",
        ),
    ],
)
def test_what_does_not_exist_is_told(
    service: str, operation: str, code: str, evidence: Evidence, error: str
) -> None:
    stub = Stubber(client(service))
    stub.add_client_error(operation, code)
    with stub, pytest.raises(NotWorkingError, match=re.escape(error)):
        pending(evidence, lambda _: stub.client)


class Waited(NamedTuple):
    """How a wait for a link went."""

    reports: list[str]
    connections: int


def wait(*answers: dict[str, Any] | tuple[str, int], seconds: float = 60) -> Waited:
    """Wait for a link with these answers: of AWS, or errors with a code and a status."""
    stub, reports, connections = Stubber(client("apigateway")), list[str](), list[None]()
    for answer in answers:
        if isinstance(answer, tuple):
            stub.add_client_error("get_vpc_link", answer[0], http_status_code=answer[1])
        else:
            stub.add_response("get_vpc_link", answer)

    def connect() -> Any:
        connections.append(None)
        return lambda _: stub.client

    evidence: Evidence = {"vpc_link_id": "a1b2c3"}
    with stub:
        asyncio.run(until_it_works(evidence, connect, seconds=seconds, report=reports.append))
    stub.assert_no_pending_responses()
    return Waited(reports, len(connections))


@pytest.fixture(autouse=True)
def no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(_: float) -> None:
        return None

    monkeypatch.setattr(asyncio, "sleep", sleep)


def test_a_wait_ends_once_everything_works() -> None:
    waited = wait({"status": "PENDING"}, {"status": "PENDING"}, {"status": "AVAILABLE"})
    assert waited == Waited(["Waiting: VPC link a1b2c3 is pending"] * 2, 1)


def test_a_wait_ends_in_time_and_says_for_what() -> None:
    error = "VPC link a1b2c3 is pending. Gave up after 0 s (healthTimeoutSeconds)"
    with pytest.raises(NotWorkingError, match=re.escape(error)):
        wait({"status": "PENDING"}, seconds=0)


@pytest.mark.parametrize(
    "error",
    [
        ("ThrottlingException", 429),
        ("ExpiredToken", 403),
        ("InternalError", 500),
        ("ScalingActivityInProgress", 400),
    ],
)
def test_an_error_that_may_pass_does_not_end_a_wait(error: tuple[str, int]) -> None:
    waited = wait(error, {"status": "AVAILABLE"})
    assert waited.connections == 2  # with credentials that are not expired
    assert error[0] in waited.reports[0]


def test_an_error_that_does_not_pass_ends_a_wait() -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        wait(("AccessDenied", 403), {"status": "AVAILABLE"})


def test_the_reason_of_an_unhealthy_instance_is_told() -> None:
    answers = health({"i-1": "healthy"})
    (described,) = answers.values()
    described["TargetHealthDescriptions"].append(
        {
            "Target": {"Id": "i-2"},
            "TargetHealth": {"State": "unhealthy", "Reason": "Target.FailedHealthChecks"},
        }
    )
    (reason,) = ask(INSTANCES, answers)
    assert reason.endswith("; i-2 is unhealthy (Target.FailedHealthChecks)")


@pytest.mark.parametrize(
    ("old", "new", "largest", "expected"),
    [(5, 2, 6, 5), (5, 2, 4, 4), (2, 2, 4, None), (1, 2, 4, None), (5, 6, 6, None)],
)
def test_a_new_fleet_is_raised_to_the_size_of_the_old_one_and_never_lowered(
    old: int, new: int, largest: int, expected: int | None
) -> None:
    with Stubber(client("autoscaling")) as autoscaling:
        for name, size in (("old-fleet", old), ("a-fleet", new)):
            (answer,) = fleet().values()
            (group,) = answer["AutoScalingGroups"]
            group |= {"DesiredCapacity": size, "MaxSize": largest}
            asked = {"AutoScalingGroupNames": [name]}
            autoscaling.add_response("describe_auto_scaling_groups", answer, asked)
        if expected is not None:
            asked_for = {"DesiredCapacity": expected, "HonorCooldown": False}
            request = {"AutoScalingGroupName": "a-fleet", **asked_for}
            autoscaling.add_response("set_desired_capacity", {}, request)
        take_over({**FLEET, "predecessor": "old-fleet"}, lambda _: autoscaling.client)
        autoscaling.assert_no_pending_responses()


def test_nothing_is_taken_over_from_a_fleet_that_is_gone() -> None:
    with Stubber(client("autoscaling")) as autoscaling:
        for answer in ({"AutoScalingGroups": []}, *fleet().values()):
            autoscaling.add_response("describe_auto_scaling_groups", answer)
        take_over({**FLEET, "predecessor": "old-fleet"}, lambda _: autoscaling.client)
        autoscaling.assert_no_pending_responses()


def test_a_fleet_without_a_predecessor_is_asked_nothing() -> None:
    with Stubber(client("autoscaling")) as autoscaling:
        take_over(FLEET, lambda _: autoscaling.client)
