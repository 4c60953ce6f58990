"""How many instances a fleet has: a target that Auto Scaling tracks."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
from pulumi_aws import autoscaling

_INSTANCES = "instances"
SIZE_METRIC = "GroupInServiceInstances"
PERIOD_SECONDS = 60
"""Requests are counted a minute. It is AWS's default, which a refresh would otherwise add."""
Tracked = autoscaling.PolicyTargetTrackingConfigurationArgsDict


class RequestsArgs(TypedDict):
    """The requests of one stage that a target gets."""

    api: str
    """Name of the API, which is the dimension of its metrics."""
    stage: str
    """Name of the stage."""
    share: float
    """The part of the stage's requests, 0 to 1."""


class ScalingArgs(TypedDict):
    """Exactly one of `cpu_percent` and `requests_per_instance`."""

    cpu_percent: NotRequired[pulumi.Input[float]]
    """Average use of the processors, in percent."""
    requests_per_instance: NotRequired[pulumi.Input[float]]
    """Requests a minute for each instance."""
    requests: NotRequired[Sequence[RequestsArgs]]
    """What counts as a request. Plain, because an expression is made of it."""


def size_metrics(args: ScalingArgs | None) -> list[pulumi.Input[autoscaling.Metric]] | None:
    """The metrics that the group has to publish for its own scaling; they cost nothing."""
    counts = args and "requests_per_instance" in args
    return [autoscaling.Metric.GROUP_IN_SERVICE_INSTANCES] if counts else None


def scaling_policy(
    name: str, group: autoscaling.Group, args: ScalingArgs, opts: pulumi.ResourceOptions
) -> autoscaling.Policy:
    """The policy that raises and lowers the size of a group, between its limits.

    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/as-scaling-target-tracking.html
    """
    tracked: Tracked
    if "cpu_percent" in args:
        tracked = {
            "target_value": args["cpu_percent"],
            "predefined_metric_specification": {
                "predefined_metric_type": "ASGAverageCPUUtilization"
            },
        }
    else:
        tracked = {
            "target_value": args["requests_per_instance"],
            "customized_metric_specification": {"metrics": _metrics(group, args["requests"])},
        }
    return autoscaling.Policy(
        name,
        autoscaling_group_name=group.name,
        policy_type="TargetTrackingScaling",
        target_tracking_configuration=tracked,
        opts=opts,
    )


def _metrics(group: autoscaling.Group, requests: Sequence[RequestsArgs]) -> list[Any]:
    """Requests a minute, divided by the instances that are in service.

    A Network Load Balancer counts connections, which API Gateway keeps open, and no requests. API
    Gateway counts them by stage, and publishes nothing in a minute without any.
    Source: https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-target-tracking-metric-math.html
    """
    parts = [f"{_decimal(one['share'])} * FILL(m{i}, 0)" for i, one in enumerate(requests)]
    return [
        *(
            _metric(
                f"m{i}",
                "AWS/ApiGateway",
                "Count",
                "Sum",
                {"ApiName": one["api"], "Stage": one["stage"]},
            )
            for i, one in enumerate(requests)
        ),
        _metric(
            _INSTANCES,
            "AWS/AutoScaling",
            SIZE_METRIC,
            "Average",
            {"AutoScalingGroupName": group.name},
        ),
        {
            "id": "requests_per_instance",
            "expression": f"({' + '.join(parts) or '0'}) / {_INSTANCES}",
            "return_data": True,
        },
    ]


def _decimal(share: float) -> str:
    """A number without an exponent, which metric math does not have."""
    return f"{share:.6f}".rstrip("0").rstrip(".")


def _metric(
    id: str, namespace: str, metric: str, stat: str, dimensions: dict[str, pulumi.Input[str]]
) -> Any:
    named = [{"name": name, "value": value} for name, value in dimensions.items()]
    return {
        "id": id,
        "metric_stat": {
            "metric": {"namespace": namespace, "metric_name": metric, "dimensions": named},
            "stat": stat,
            "period": PERIOD_SECONDS,
        },
        "return_data": False,
    }
