"""What AWS has to say of a target before a stage uses it."""

from collections.abc import Mapping
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from components.health import Evidence, NotWorkingError, pending

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
            clients[service] = Stubber(
                boto3.client(
                    service,
                    region_name="us-east-2",
                    aws_access_key_id="made-up",
                    aws_secret_access_key="made-up",
                )
            )
            clients[service].activate()
        clients[service].add_response(operation, answer)
    found = pending(evidence, lambda service: clients[service].client)
    for stub in clients.values():
        stub.assert_no_pending_responses()
    return found


def link(status: str, **more: str) -> Answers:
    return {("apigateway", "get_vpc_link"): {"id": "a1b2c3", "status": status, **more}}


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
            "a1b2c3 is FAILED: NLB ARN is malformed. Delete it with `aws apigateway "
            "delete-vpc-link --vpc-link-id a1b2c3`",
            id="failed link",
        ),
        pytest.param(
            {"vpc_link_id": "a1b2c3"}, link("DELETING"), "a1b2c3 is DELETING", id="leaving link"
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
            "failed: no address",
            id="failed balancer",
        ),
        pytest.param(
            FLEET,
            {("autoscaling", "describe_auto_scaling_groups"): {"AutoScalingGroups": []}},
            "a-fleet does not exist",
            id="missing fleet",
        ),
    ],
)
def test_what_waiting_does_not_help(evidence: Evidence, answers: Answers, error: str) -> None:
    with pytest.raises(NotWorkingError, match=error.replace("(", r"\(")):
        ask(evidence, answers)


def test_a_link_that_does_not_exist_is_told() -> None:
    stub = Stubber(boto3.client("apigateway", region_name="us-east-2"))
    stub.add_client_error("get_vpc_link", "NotFoundException")
    with stub, pytest.raises(NotWorkingError, match="a1b2c3 does not exist in this account"):
        pending({"vpc_link_id": "a1b2c3"}, lambda _: stub.client)


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
