"""The life of each shipped stack in Moto, from its first update to its end."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from operations import screen
from operations.local_aws import moto
from simulation.engine import Phase
from simulation.rehearsal import rehearse
from tests.engine.stack import Change, CommandFailed, Installation
from tests.provider import by_hand
from tests.provider.stack import Call, LocalStack, replaced
from tests.stacks import ROOT, config

NOT_IN_MOTO = ("domain",)
"""It has no hosted zone with the example's id, and no update of a domain name."""
EXAMPLES = sorted(
    path.stem for path in (ROOT / "examples").glob("*.yaml") if path.stem not in NOT_IN_MOTO
)
NAMES = ("dev", "prod", *EXAMPLES)
ROLL: Change = ("targets.blue.fleet.instanceType", "t4g.medium")
SWITCH: Change = ("stages.live.target", "green")
BOUNDARY: Change = ("permissionsBoundary", f"arn:aws:iam::{moto.ACCOUNT}:policy/boundary")
"""Kept in the changes that follow: the deployer may not take it away from a role."""
IN_PLACE: tuple[Change, ...] = (
    BOUNDARY,
    ("owner", "shipping"),
    ("aws:defaultTags", {"tags": {"team": "shipping"}}),
    ("network.zones", ["us-east-2a", "us-east-2b", "us-east-2c"]),
    ("targets.blue.fleet.maxSize", 6),
    ("stages.dev.logRetentionDays", 14),
)
CHANGES: Mapping[str, Mapping[str, tuple[Change, ...]]] = {
    "dev": {
        "roll": (ROLL,),
        "edit": (ROLL, *IN_PLACE),
        "port": (ROLL, BOUNDARY, ("targets.blue.port", 8081)),
    },
    "prod": {"switch": (SWITCH,)},
    "canary": {
        "percent": (("stages.live.canary.percent", 50),),
        "end": (("stages.live", {"target": "green"}),),
    },
}
"""The edits of each stack, by name; each starts from the shipped file."""


@dataclass
class Life:
    """What was seen of a stack."""

    failure: str = ""
    """The output of the command that failed and ended it; empty if none did."""
    preview: str = ""
    """What a second preview would change."""
    refresh: str = ""
    """What a refresh found changed."""
    findings: set[tuple[str, str, str]] = field(default_factory=set)
    """Of the policies: level, policy and resource."""
    rehearsed: set[tuple[str, str, str]] = field(default_factory=set)
    """The same, of the rehearsal."""
    repaired: str = ""
    """What an update with a refresh left of what was changed by hand."""
    calls: dict[str, list[Call]] = field(default_factory=dict)
    """The calls of each change: up, those of `CHANGES`, repair, destroy."""
    others: list[Call] = field(default_factory=list)
    """The calls in between."""
    left: list[str] = field(default_factory=list)
    """What there still is after the stack was destroyed."""


def live(name: str, folder: Path) -> Life:
    """Bring a stack up, change it, destroy it."""
    path = f"examples/{name}.yaml" if name in EXAMPLES else name
    server = moto.start(screen.console(), folder / "moto")
    try:
        before = _inventory(server.url)
        texts = {"111122223333": moto.ACCOUNT}
        if name.startswith("existing") or name == "mixed":
            texts |= _existing(server.url)
        if name == "authorizers":
            _create_function(server.url, "callers", "live")
        kept = _inventory(server.url) - before
        stack = LocalStack(folder, server, Installation.create(folder / "installation"), name)
        values = replaced(config(stack=path), texts)
        stack.configure(values)
        stack.run("stack", "init", "--no-select")
        life = Life()
        try:
            _go_through(life, stack, path, texts)
            if name == "dev":
                _repair(life, stack)
            life.calls["destroy"] = stack.change("destroy")
        except CommandFailed as failed:
            life.failure = str(failed)
        life.left = sorted(_inventory(server.url) - before - kept)
        return life
    finally:
        moto.stop(server.folder)


def _go_through(life: Life, stack: LocalStack, path: str, texts: Mapping[str, str]) -> None:
    life.calls["up"] = stack.change("up")
    life.preview = stack.unchanged("preview")
    life.refresh = stack.unchanged("refresh", "--yes", "--skip-preview")
    rehearsal = rehearse(path)
    life.rehearsed = {(f.level, f.policy, f.resource) for f in rehearsal.findings[Phase.UPDATE]}
    config_text = json.dumps(rehearsal.pack_config)
    life.findings = stack.findings(json.loads(replaced({"pack": config_text}, texts)["pack"]))
    life.others = stack.calls()
    for name, changes in CHANGES.get(stack.name, {}).items():
        stack.configure(replaced(config(*changes, stack=path), texts))
        life.calls[name] = stack.change("up")


def _repair(life: Life, stack: LocalStack) -> None:
    aws = _clients(stack.server.url)
    other = by_hand.change(aws)
    life.calls["repair"] = stack.change("up", "--refresh")
    life.repaired = stack.unchanged("preview", "--refresh")
    aws("elbv2").delete_target_group(TargetGroupArn=other)


def _clients(url: str) -> Any:
    def client(service: str) -> Any:
        keys = {"aws_access_key_id": "none", "aws_secret_access_key": "none"}
        return boto3.client(service, region_name="us-east-2", endpoint_url=url, **keys)

    return client


def _inventory(url: str) -> set[str]:
    """What there is, of everything that the program creates and that costs money or has a limit."""
    aws = _clients(url)
    ec2, balancing, gateway = aws("ec2"), aws("elbv2"), aws("apigateway")
    waf = aws("wafv2")
    internet = ec2.describe_internet_gateways()["InternetGateways"]
    groups = aws("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    return {
        *(each["VpcId"] for each in ec2.describe_vpcs()["Vpcs"]),
        *(each["SubnetId"] for each in ec2.describe_subnets()["Subnets"]),
        *(each["GroupId"] for each in ec2.describe_security_groups()["SecurityGroups"]),
        *(each["InternetGatewayId"] for each in internet),
        *(each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]),
        *(
            each["NatGatewayId"]
            for each in ec2.describe_nat_gateways()["NatGateways"]
            if each["State"] != "deleted"
        ),
        *(each["VpcEndpointId"] for each in ec2.describe_vpc_endpoints()["VpcEndpoints"]),
        *(each["LaunchTemplateId"] for each in ec2.describe_launch_templates()["LaunchTemplates"]),
        *(each["LoadBalancerArn"] for each in balancing.describe_load_balancers()["LoadBalancers"]),
        *(each["TargetGroupArn"] for each in balancing.describe_target_groups()["TargetGroups"]),
        *(each["AutoScalingGroupARN"] for each in groups),
        *(each["id"] for each in gateway.get_vpc_links()["items"]),
        *(each["id"] for each in gateway.get_rest_apis()["items"]),
        *(each["id"] for each in gateway.get_usage_plans()["items"]),
        *(each["id"] for each in gateway.get_api_keys()["items"]),
        *(each["Id"] for each in waf.list_web_acls(Scope="REGIONAL")["WebACLs"]),
        *(each["Id"] for each in waf.list_ip_sets(Scope="REGIONAL")["IPSets"]),
    }


def _create_function(url: str, name: str, alias: str) -> None:
    """Create a function that an authorizer calls."""
    aws, code = _clients(url), io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("callers.py", "def handler(event, context): ...")
    role = aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    aws("lambda").create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role,
        Handler="callers.handler",
        Code={"ZipFile": code.getvalue()},
        Publish=True,
    )
    aws("lambda").create_alias(FunctionName=name, Name=alias, FunctionVersion="1")


def _existing(url: str) -> dict[str, str]:
    """Create what the examples expect to exist; the ids, by the placeholders in the examples."""
    aws = _clients(url)
    ec2, balancing = aws("ec2"), aws("elbv2")
    vpc = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
    found = {"vpc-0123456789abcdef0": vpc}
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    for number, zone in enumerate(("us-east-2a", "us-east-2b")):
        block = f"10.90.{number}.0/24"
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=zone)["Subnet"]
        found[f"subnet-0123456789abcdef{number}"] = subnet["SubnetId"]
        run = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet["SubnetId"])
        found[f"i-0123456789abcdef{number}"] = run["Instances"][0]["InstanceId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="database", Description="database")
    found["sg-0123456789abcdef0"] = group["GroupId"]
    prefixes = ec2.create_managed_prefix_list(
        PrefixListName="storage", MaxEntries=1, AddressFamily="IPv4"
    )
    found["pl-0123456789abcdef0"] = prefixes["PrefixList"]["PrefixListId"]
    arns = {
        name: balancing.create_load_balancer(
            Name=name, Type="network", Scheme="internal", Subnets=[subnet["SubnetId"]]
        )["LoadBalancers"][0]["LoadBalancerArn"]
        for name in ("orders", "shared")
    }
    found["50dc6c495c0c9188"] = arns["orders"].rpartition("/")[2]
    link = aws("apigateway").create_vpc_link(name="shared", targetArns=[arns["shared"]])
    found["a1b2c3"] = link["id"]
    return found
