"""A private HTTP service on EC2, published through API Gateway."""

from typing import cast

import pulumi

from components.network import Network
from components.nlb_target import Architecture, NlbTarget, NlbTargetArgs, PlaceArgs, Protocol
from components.private_api import (
    AccountLogging,
    EndpointType,
    LinkTargetArgs,
    PrivateApi,
    StageArgs,
)
from settings import (
    BalancerTarget,
    ExistingNetwork,
    FleetTarget,
    LinkTarget,
    NewTarget,
    Settings,
)

settings = Settings.load()
tags = {"project": pulumi.get_project(), "stack": pulumi.get_stack(), "owner": settings.owner}

place: PlaceArgs | None = None
if isinstance(settings.network, ExistingNetwork):
    place = {"vpc_id": settings.network.vpc_id, "subnet_ids": settings.network.subnet_ids}
elif settings.network:
    network = Network(
        "core",
        {
            "cidr_block": settings.network.cidr_block,
            "zones": settings.network.zones,
            "flow_log_retention_days": settings.network.flow_log_retention_days,
            "permissions_boundary": settings.permissions_boundary,
            "tags": tags,
        },
    )
    place = {
        "vpc_id": network.vpc_id,
        "subnet_ids": network.subnet_ids,
        "s3_prefix_list_id": network.s3_prefix_list_id,
    }


def balanced(name: str, target: NewTarget, place: PlaceArgs) -> NlbTarget:
    """A balancer in front of a new fleet, or of the instances that the target names."""
    args: NlbTargetArgs = {
        "vpc_id": place["vpc_id"],
        "subnet_ids": place["subnet_ids"],
        "protocol": Protocol(target.protocol),
        "port": target.port,
        "listener_port": target.open_port,
        "health_path": target.health_path,
        "longest_request_seconds": settings.definition.longest_timeout_ms / 1000,
        "tags": tags,
    }
    if "s3_prefix_list_id" in place:
        args["s3_prefix_list_id"] = place["s3_prefix_list_id"]
    if target.server_name:
        args["server_name"] = target.server_name
    if isinstance(target, FleetTarget):
        args["fleet"] = {
            "instance_type": target.fleet.instance_type,
            "architecture": Architecture(target.architecture),
            "min_size": target.fleet.min_size,
            "max_size": target.fleet.max_size,
            "user_data": settings.user_data[name],
        }
    else:
        args["instance_ids"] = target.instances
    return NlbTarget(name, args)


links: dict[str, LinkTargetArgs] = {}
admissions = {}
for name, target in settings.targets.items():
    if isinstance(target, NewTarget) and place:
        made = balanced(name, target, place)
        links[name] = {"host": made.host, "load_balancer_arn": made.load_balancer_arn}
        if not isinstance(target, FleetTarget):
            admissions[name] = {"from": made.balancer_security_group_id, "port": target.port}
    elif isinstance(target, LinkTarget):
        links[name] = {"host": target.address, "vpc_link_id": target.vpc_link_id}
    elif isinstance(target, BalancerTarget):
        links[name] = {"host": target.address, "load_balancer_arn": target.load_balancer_arn}

api = PrivateApi(
    "api",
    {
        "definition": settings.definition.json,
        "fingerprint": settings.definition.fingerprint,
        "targets": links,
        "stages": {
            name: cast(StageArgs, stage.model_dump(exclude_none=True))
            for name, stage in settings.stages.items()
        },
        "endpoint_type": EndpointType(settings.api.endpoint_type),
        "account_logging": AccountLogging(settings.api.account_logging),
        "revision": settings.api.revision,
        "permissions_boundary": settings.permissions_boundary,
        "tags": tags,
    },
)

pulumi.export("invoke_urls", api.invoke_urls)
pulumi.export("rest_api_id", api.rest_api_id)
pulumi.export("vpc_link_ids", api.vpc_link_ids)
if admissions:
    # Existing instances keep their security groups, so their owner adds this rule to them.
    pulumi.export("instances_must_admit", admissions)
