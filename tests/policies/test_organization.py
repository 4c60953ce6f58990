"""The configuration for a whole organization, whose stacks are not all private APIs."""

import functools
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

from policies.pack import resource_types as types
from policies.pack.rules import RULES, build
from simulation.analyzer import Analysis, Finding, analyze_run, analyze_state
from simulation.engine import Phase, Registered, Run, run_program
from simulation.pack_config import reconcile
from tests.policies.changes import added, changed
from tests.policies.parts import LISTENER, NLB, SUBNET_A
from tests.policies.test_own_stacks import open_routes, shipped
from tests.stacks import ROOT

ORG = shipped("org")
REGION = {"aws:region": "us-east-2"}
ABOUT_EVERY_STACK = {
    "iam-no-administrator",
    "iam-no-star",
    "invoke-permission-scoped",
    "role-trust-closed",
    "user-data-secrets",
}
"""What is dangerous in every stack: open roles and functions, and readable secrets."""


def public_web_application() -> None:
    """Somebody else's application: a public load balancer, instances with public addresses."""
    vpc = aws.ec2.Vpc("web", cidr_block="10.1.0.0/16")
    gateway = aws.ec2.InternetGateway("web", vpc_id=vpc.id)
    table = aws.ec2.RouteTable(
        "web",
        vpc_id=vpc.id,
        routes=[{"cidr_block": "0.0.0.0/0", "gateway_id": gateway.id}],
    )
    extra = aws.ec2.RouteTable("data", vpc_id=vpc.id)
    aws.ec2.Route(
        "data",
        route_table_id=extra.id,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway.id,
    )
    subnets = [
        aws.ec2.Subnet(
            f"web-{zone}",
            vpc_id=vpc.id,
            cidr_block=f"10.1.{number}.0/24",
            availability_zone=f"us-east-2{zone}",
            map_public_ip_on_launch=True,
        )
        for number, zone in enumerate("ab")
    ]
    for subnet, routes, name in zip(subnets, (table, extra), "ab", strict=True):
        aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=routes.id)
    everyone: Any = {"protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"]}
    opened: Any = [{**everyone, "from_port": port, "to_port": port} for port in (80, 443, 0)]
    balancer_group = aws.ec2.SecurityGroup(
        "balancer",
        vpc_id=vpc.id,
        ingress=opened[:2],
        egress=opened[2:],
    )
    group = aws.ec2.SecurityGroup("instances", vpc_id=vpc.id)
    aws.vpc.SecurityGroupIngressRule(
        "from-balancer",
        security_group_id=group.id,
        referenced_security_group_id=balancer_group.id,
        ip_protocol="tcp",
        from_port=8080,
        to_port=8080,
    )
    aws.vpc.SecurityGroupIngressRule(
        "ssh",
        security_group_id=group.id,
        cidr_ipv4="0.0.0.0/0",
        ip_protocol="tcp",
        from_port=22,
        to_port=22,
    )
    balancer = aws.lb.LoadBalancer(
        "web",
        load_balancer_type="application",
        internal=False,
        subnets=[subnet.id for subnet in subnets],
        security_groups=[balancer_group.id],
    )
    targets = aws.lb.TargetGroup("web", port=8080, protocol="HTTP", vpc_id=vpc.id)
    forward: Any = [{"type": "forward", "target_group_arn": targets.arn}]
    aws.lb.Listener(
        "https",
        load_balancer_arn=balancer.arn,
        port=443,
        protocol="HTTPS",
        certificate_arn="arn:aws:acm:us-east-2:111122223333:certificate/web",
        default_actions=forward,
    )
    aws.lb.Listener("http", load_balancer_arn=balancer.arn, port=80, default_actions=forward)
    for number, subnet in enumerate(subnets):
        instance = aws.ec2.Instance(
            f"web-{number}",
            ami="ami-0123456789abcdef0",
            instance_type="t3.micro",
            subnet_id=subnet.id,
            vpc_security_group_ids=[group.id],
            associate_public_ip_address=True,
        )
        aws.lb.TargetGroupAttachment(
            f"web-{number}", target_group_arn=targets.arn, target_id=instance.id, port=8080
        )
    template = aws.ec2.LaunchTemplate(
        "batch", image_id="ami-0123456789abcdef0", instance_type="t3.micro"
    )
    aws.autoscaling.Group(
        "batch",
        max_size=2,
        min_size=1,
        vpc_zone_identifiers=[subnets[0].id],
        launch_template={"id": template.id},
        target_group_arns=[targets.arn],
    )
    aws.cloudwatch.LogGroup("web")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2"}}
    aws.iam.Role(
        "web", assume_role_policy=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )


def in_the_default_network() -> None:
    """Another one, in the default VPC."""
    vpc = aws.ec2.DefaultVpc("default")
    subnet = aws.ec2.DefaultSubnet("default", availability_zone="us-east-2a")
    group = aws.ec2.SecurityGroup("web", vpc_id=vpc.id)
    aws.ec2.SecurityGroupRule(
        "all",
        security_group_id=group.id,
        type="ingress",
        protocol="-1",
        from_port=0,
        to_port=0,
        cidr_blocks=["0.0.0.0/0"],
    )
    aws.alb.LoadBalancer("web", subnets=[subnet.id], security_groups=[group.id])


PROGRAMS = (public_web_application, in_the_default_network)
Program = Callable[[], None]


@functools.cache
def run(program: Program, phase: Phase) -> Run:
    """One phase of a program."""
    return run_program(program, phase=phase, project="web", stack="prod", config=REGION)


def mandatory(analysis: Analysis) -> list[Finding]:
    """Findings that would stop the engine."""
    return [finding for finding in analysis.findings if finding.is_mandatory]


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_public_web_application_without_any_api_is_not_refused(
    program: Program, phase: Phase
) -> None:
    stack = run(program, phase)
    assert mandatory(analyze_run(stack, ORG)) == []
    assert mandatory(analyze_run(stack, {})), "otherwise the stack proves nothing"


def test_nothing_about_it_is_undecided_in_more_than_one_line() -> None:
    found = analyze_run(run(public_web_application, Phase.PREVIEW), ORG).findings
    assert len([one for one in found if "not known yet" in one.message]) <= 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_mandatory_policy_is_about_an_api_or_about_every_stack(rule: Any) -> None:
    level, properties = reconcile(build(), ORG)[rule.name]
    about_api = all(token.startswith("aws:apigateway") for token in rule.resource_types)
    assert (
        level != "mandatory"
        or about_api
        or properties.get("onlyWithApi")
        or rule.name in ABOUT_EVERY_STACK
    ), "decide in config.org.json: advisory, or onlyWithApi"


def test_it_weakens_no_policy_about_an_api() -> None:
    about_api = {
        rule.name: rule.level
        for rule in RULES
        if all(token.startswith("aws:apigateway") for token in rule.resource_types)
    }
    levels = reconcile(build(), ORG)
    assert {name: levels[name][0] for name in about_api} == about_api


def test_it_contains_no_exemption() -> None:
    allowed = {"enforcementLevel", "onlyWithApi"}
    for value in ORG.values():
        assert isinstance(value, str) or value.keys() <= allowed
    assert "disabled" not in json.dumps(ORG)


def without_our_exemptions(stack: Run) -> dict[str, Any]:
    """The configuration with the open routes of one stack."""
    return {**ORG, "route-authorization": {"openRoutes": sorted(open_routes(stack))}}


@pytest.mark.parametrize("phase", Phase)
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_our_stacks_need_only_their_open_routes(
    name: str, phase: Phase, runs: dict[tuple[str, Phase], Run]
) -> None:
    stack = runs[name, phase]
    assert {one.policy for one in mandatory(analyze_run(stack, ORG))} == {"route-authorization"}
    assert mandatory(analyze_run(stack, without_our_exemptions(stack))) == []


@pytest.mark.parametrize(
    ("policy", "change"),
    [
        ("vpclink-target-private", NLB.set("internal", False)),
        ("subnet-no-public-ip", SUBNET_A.set("mapPublicIpOnLaunch", True)),
        ("nlb-zones", NLB.set("subnets", ["subnet-1"])),
        ("integration-port", LISTENER.set("port", 8081)),
    ],
)
def test_a_private_api_is_still_protected(
    policy: str, change: Any, runs: dict[tuple[str, Phase], Run]
) -> None:
    stack = runs["dev", Phase.UPDATE]
    found = mandatory(analyze_run(changed(stack, change), without_our_exemptions(stack)))
    assert policy in {one.policy for one in found}


STACK_RULES = [rule for rule in RULES if rule.kind == "stack"]


@pytest.mark.parametrize("rule", STACK_RULES, ids=lambda rule: rule.name)
def test_a_stack_policy_can_be_limited_to_stacks_with_an_api(rule: Any) -> None:
    stack = run(public_web_application, Phase.UPDATE)
    analysis = analyze_run(stack, {rule.name: {"onlyWithApi": True}}, [rule.policy()])
    assert analysis.findings == ()
    assert [entry.reason for entry in analysis.not_applicable] == [
        "the stack has no API and no VPC link"
    ]


PARTS: dict[str, dict[str, Any]] = {
    types.REST_API: {},
    types.HTTP_API: {},
    types.STAGE: {"restApi": "abc123"},
    types.VPC_LINK: {},
    types.VPC_LINK_V2: {},
}


@pytest.mark.parametrize("token", PARTS)
def test_any_part_of_an_api_and_any_link_counts(token: str) -> None:
    stack = changed(run(public_web_application, Phase.UPDATE), added(token, "x", PARTS[token]))
    limited = {"vpc-flow-logs": {"onlyWithApi": True}}
    assert "vpc-flow-logs" in {f.policy for f in mandatory(analyze_stack_rules(stack, limited))}


def analyze_stack_rules(stack: Run, config: dict[str, Any]) -> Analysis:
    """The stack policies, which do not run after a violation of a resource policy."""
    return analyze_run(stack, config, [rule.policy() for rule in STACK_RULES])


def exported(stack: Run) -> dict[str, Any]:
    """The state of a run, as `pulumi stack export` writes it."""
    providers = {r.urn: f"{r.urn}::id" for r in stack.resources if r.type == types.PROVIDER}
    resources = [_entry(r, providers) for r in stack.resources if not r.read]
    manifest = {"time": "2026-01-01T00:00:00Z", "magic": "", "version": "v3.259.0"}
    return {"version": 3, "deployment": {"manifest": manifest, "resources": resources}}


def _entry(r: Registered, providers: dict[str, str]) -> dict[str, Any]:
    shown = {
        "parent": r.parent,
        "provider": providers.get(r.provider),
        "id": "id" if r.urn in providers else r.outputs.get("id"),
        "inputs": r.inputs,
        "outputs": r.outputs,
        "propertyDependencies": {key: sorted(u) for key, u in r.property_dependencies.items()},
    }
    kept = {key: value for key, value in shown.items() if value}
    return {"urn": r.urn, "type": r.type, "custom": r.custom, **kept}


@pytest.mark.parametrize("program", PROGRAMS)
def test_its_exported_state_is_not_refused(program: Program) -> None:
    state = exported(run(program, Phase.UPDATE))
    assert mandatory(analyze_state(state, ORG)) == []
    assert mandatory(analyze_state(state, {}))


MISSING = [tool for tool in ("pulumi", "pulumi-language-python", "uv") if not shutil.which(tool)]


@pytest.mark.engine
@pytest.mark.skipif(bool(MISSING), reason=f"not on the PATH: {', '.join(MISSING)}")
@pytest.mark.parametrize(("options", "code"), [(["config.org.json"], 0), ([], 1)])
def test_another_project_uses_the_pack_by_its_path(
    options: list[str], code: int, tmp_path: Path
) -> None:
    file = tmp_path / "state.json"
    file.write_text(json.dumps(exported(run(public_web_application, Phase.UPDATE))))
    pack = ROOT / "policies"
    configs = [f"--policy-pack-config={pack / name}" for name in options]
    done = subprocess.run(
        [
            *("pulumi", "policy", "analyze", f"--file={file}", f"--policy-pack={pack}"),
            *configs,
        ],
        cwd=tmp_path,
        env={**os.environ, "PULUMI_HOME": str(tmp_path), "PULUMI_SKIP_UPDATE_CHECK": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert (done.returncode != 0) == bool(code), output
    assert "nlb-internal" in output
    assert ("[mandatory]" in output) == bool(code)
