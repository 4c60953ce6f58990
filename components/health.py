"""Whether a target works: what AWS says of everything that a request passes through."""

import asyncio
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, NotRequired, TypedDict

from botocore.exceptions import ClientError, HTTPClientError

Clients = Callable[[str], Any]
"""Makes the client of an AWS service, such as `boto3.Session().client`."""


class Evidence(TypedDict):
    """What has to work before a stage uses a target; an absent part is not examined."""

    vpc_link_id: NotRequired[str]
    """Link that has to be AVAILABLE."""
    vpc_link_v2_id: NotRequired[str]
    """Link V2 that has to be AVAILABLE."""
    load_balancer_arn: NotRequired[str]
    """Balancer that must not apply its security groups to the link's traffic."""
    target_group_arn: NotRequired[str]
    """Target group in which the instances have to be healthy."""
    fleet: NotRequired[str]
    """Name of the Auto Scaling group whose instances count."""
    min_size: NotRequired[float]
    """How many instances of the fleet have to be healthy."""
    predecessor: NotRequired[str]
    """Name of the Auto Scaling group that the fleet replaces, whose size it takes over."""
    instance_ids: NotRequired[list[str]]
    """Instances that all have to be healthy."""


_GONE = "does not exist. Run `pulumi up --refresh`, which creates another one."
_POLL_SECONDS = 5
_TRANSIENT = {
    "ExpiredToken",
    "ExpiredTokenException",
    "RequestExpired",
    "RequestLimitExceeded",
    "ScalingActivityInProgress",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
}
"""Codes of errors that another attempt, with new credentials, may not have."""


class NotWorkingError(Exception):
    """A part of a target does not work, and waiting does not help."""


async def until_it_works(
    evidence: Evidence,
    connect: Callable[[], Clients],
    *,
    seconds: float,
    report: Callable[[str], object],
) -> None:
    """Wait until a target works, and report what it waits for.

    `connect` is called again after an error that may pass, such as expired credentials. Raises
    `NotWorkingError` after that time or if a part of the target failed, else botocore's errors.
    """
    deadline = time.monotonic() + seconds
    clients = await asyncio.to_thread(connect)
    while True:
        try:
            await asyncio.to_thread(take_over, evidence, clients)
            reasons = await asyncio.to_thread(pending, evidence, clients)
        except (ClientError, HTTPClientError) as error:
            if not _is_transient(error):
                raise
            reasons = [str(error)]
            clients = await asyncio.to_thread(connect)
        if not reasons:
            return
        text = "; ".join(reasons)
        if time.monotonic() >= deadline:
            raise NotWorkingError(f"{text}. Gave up after {seconds:g} s (healthTimeoutSeconds)")
        report(f"Waiting: {text}")
        await asyncio.sleep(min(_POLL_SECONDS, max(0, deadline - time.monotonic())))


def _is_transient(error: Exception) -> bool:
    if not isinstance(error, ClientError):
        return True  # no answer
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return (
        status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.response["Error"]["Code"] in _TRANSIENT
    )


def pending(evidence: Evidence, clients: Clients) -> list[str]:
    """What the target still has to wait for, a sentence each; empty if it works.

    Raises `NotWorkingError` if a part of it failed.
    """
    return [
        *_link(evidence, clients),
        *_link_v2(evidence, clients),
        *_balancer(evidence, clients),
        *_instances(evidence, clients),
    ]


def take_over(evidence: Evidence, clients: Clients) -> None:
    """Raise a new fleet to the present size of the one it replaces, within its own limits.

    That is more than its minimum if the old one was scaled since.
    Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_SetDesiredCapacity.html
    """
    if "predecessor" not in evidence:
        return
    old, new = (_group(evidence[key], clients) for key in ("predecessor", "fleet"))
    size = min(old["DesiredCapacity"], new["MaxSize"]) if old and new else 0
    if new and size > new["DesiredCapacity"]:
        clients("autoscaling").set_desired_capacity(
            AutoScalingGroupName=evidence["fleet"], DesiredCapacity=size, HonorCooldown=False
        )


def _link(evidence: Evidence, clients: Clients) -> Iterator[str]:
    """The link, by its status.

    Source: https://docs.aws.amazon.com/apigateway/latest/api/API_VpcLink.html
    """
    if (link_id := evidence.get("vpc_link_id")) is None:
        return
    client = clients("apigateway")
    try:
        link = client.get_vpc_link(vpcLinkId=link_id)
    except client.exceptions.NotFoundException:
        raise NotWorkingError(
            f"VPC link {link_id} does not exist in this account and region. If the stack file "
            "names it (`vpcLinkId`), correct it there; otherwise run `pulumi up --refresh`, which "
            "creates another one."
        ) from None
    match link["status"]:
        case "AVAILABLE":
            pass
        case "PENDING":
            yield f"VPC link {link_id} is pending"
        case "DELETING":
            raise NotWorkingError(
                f"VPC link {link_id} is DELETING. Once it is deleted, run `pulumi up --refresh`, "
                "which creates another one."
            )
        case status:
            reason = f": {link['statusMessage']}" if link.get("statusMessage") else ""
            raise NotWorkingError(
                f"VPC link {link_id} is {status}{reason}. If the stack file names it "
                "(`vpcLinkId`), choose another one there. Otherwise delete it with `aws apigateway "
                f"delete-vpc-link --vpc-link-id {link_id}`, then run `pulumi up --refresh`, which "
                "creates another one."
            )


def _link_v2(evidence: Evidence, clients: Clients) -> Iterator[str]:
    """The link V2, by its status.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-vpc-links-v2.html
    """
    if (link_id := evidence.get("vpc_link_v2_id")) is None:
        return
    client = clients("apigatewayv2")
    try:
        link = client.get_vpc_link(VpcLinkId=link_id)
    except client.exceptions.NotFoundException:
        raise NotWorkingError(
            f"VPC link V2 {link_id} does not exist in this account and region. Run `pulumi up "
            "--refresh`, which creates another one."
        ) from None
    match link["VpcLinkStatus"]:
        case "AVAILABLE":
            pass
        case "PENDING":
            yield f"VPC link V2 {link_id} is pending"
        case "DELETING":
            raise NotWorkingError(
                f"VPC link V2 {link_id} is DELETING. Once it is deleted, run `pulumi up "
                "--refresh`, which creates another one."
            )
        case "INACTIVE":
            raise NotWorkingError(
                f"VPC link V2 {link_id} is INACTIVE: nothing used it for 60 days, and API Gateway "
                "deleted its network interfaces. Call a stage that uses it until it answers, which "
                "takes minutes; if there is none, replace the link with `pulumi up --replace "
                "<its URN>`."
            )
        case status:
            reason = f": {text}" if (text := link.get("VpcLinkStatusMessage")) else ""
            raise NotWorkingError(
                f"VPC link V2 {link_id} is {status}{reason}. Delete it with `aws apigatewayv2 "
                f"delete-vpc-link --vpc-link-id {link_id}`, then run `pulumi up --refresh`, which "
                "creates another one."
            )


def _balancer(evidence: Evidence, clients: Clients) -> Iterator[str]:
    """The balancer, by its state and by what it applies to the traffic of a link.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
    """
    if (arn := evidence.get("load_balancer_arn")) is None:
        return
    client = clients("elbv2")
    try:
        (balancer,) = client.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
    except client.exceptions.LoadBalancerNotFoundException:
        raise NotWorkingError(f"load balancer {arn} {_GONE}") from None
    enforced = balancer.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic")
    if balancer.get("SecurityGroups") and enforced != "off":
        raise NotWorkingError(
            f"load balancer {arn} applies its security groups to the traffic of the VPC link, "
            "which they reject. Run `pulumi up --refresh`, which corrects the setting."
        )
    if (state := balancer["State"]["Code"]) == "failed":
        reason = balancer["State"].get("Reason", "no reason given")
        raise NotWorkingError(
            f"load balancer {arn} is failed: {reason}. Delete it with `aws elbv2 "
            f"delete-load-balancer --load-balancer-arn {arn}`, then run `pulumi up --refresh`, "
            "which creates another one."
        )
    if state == "provisioning":
        yield f"load balancer {arn} is provisioning"


def _instances(evidence: Evidence, clients: Clients) -> Iterator[str]:
    """The instances, by their health in the target group.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
    """
    if (target_group := evidence.get("target_group_arn")) is None:
        return
    if "fleet" in evidence:
        counted, required = _fleet(evidence, clients)
    else:
        counted, required = evidence["instance_ids"], len(evidence["instance_ids"])
    client = clients("elbv2")
    try:
        described = client.describe_target_health(TargetGroupArn=target_group)
    except client.exceptions.TargetGroupNotFoundException:
        raise NotWorkingError(f"target group {target_group} {_GONE}") from None
    health = {
        target["Target"]["Id"]: target["TargetHealth"]
        for target in described["TargetHealthDescriptions"]
    }
    states = {instance: health.get(instance, {}) for instance in counted}
    healthy = [i for i, state in states.items() if state.get("State") == "healthy"]
    if len(healthy) < required:
        others = "".join(
            f"; {instance} is {state.get('State', 'not registered')}"
            + (f" ({state['Reason']})" if "Reason" in state else "")
            for instance, state in states.items()
            if instance not in healthy
        )
        yield f"{len(healthy)} of {required} instances are healthy in {target_group}{others}"


def _fleet(evidence: Evidence, clients: Clients) -> tuple[list[str], int]:
    """The instances of a fleet that are in service, and how many have to be healthy.

    Of a fleet that replaces another one, these are as many as it is to have; of another one, the
    minimum, because its size may be higher, and change meanwhile.
    Source: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Instance.html
    """
    name, required = evidence["fleet"], int(evidence["min_size"])
    group = _group(name, clients)
    if group is None:
        raise NotWorkingError(f"Auto Scaling group {name} {_GONE}")
    if (size := group["DesiredCapacity"]) < required:
        raise NotWorkingError(
            f"Auto Scaling group {name} is to have {size} instances, below minSize {required}, so "
            "that waiting does not help. Run `pulumi up --refresh`, which corrects its limits."
        )
    if "predecessor" in evidence:
        required = size
    counted = [
        instance["InstanceId"]
        for instance in group["Instances"]
        if instance["LifecycleState"] == "InService"
    ]
    return counted, required


def _group(name: str, clients: Clients) -> dict[str, Any] | None:
    """An Auto Scaling group, or None if there is none of that name."""
    found = clients("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return next(iter(found["AutoScalingGroups"]), None)
