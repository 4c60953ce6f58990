"""The balancer is born right, and nothing gets in beside it."""

import base64
from typing import Any

import pulumi_aws as aws
import pytest

from components.nlb_target import Architecture, FleetArgs, NlbTarget, NlbTargetArgs, Protocol
from simulation.engine import UNKNOWN, Phase, Registered, Run, run_program

FLEET: FleetArgs = {
    "instance_type": "t4g.micro",
    "architecture": Architecture.ARM64,
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
GROUP = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
FLEET_GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
COMPONENT = "privateapi:index:NlbTarget"


def build(phase: Phase = Phase.UPDATE, **changes: Any) -> Run:
    args: Any = {k: v for k, v in {**ARGS, **changes}.items() if v is not None}
    return run_program(
        lambda: NlbTarget("blue", args), phase=phase, config={"aws:region": "us-east-2"}
    )


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


def test_the_balancer_is_internal_and_spans_the_given_subnets(built: Run) -> None:
    balancer = built.one(BALANCER).inputs
    assert balancer["loadBalancerType"] == "network"
    assert balancer["internal"] is True
    assert balancer["subnets"] == ["subnet-a", "subnet-b"]


def test_the_balancer_has_a_security_group_from_birth(built: Run) -> None:
    group = built.one("aws:ec2/securityGroup:SecurityGroup", "blue-nlb")
    assert built.one(BALANCER).inputs["securityGroups"] == [group.outputs["id"]]


def test_inbound_rules_do_not_judge_the_links_traffic(built: Run) -> None:
    key = "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    assert built.one(BALANCER).inputs[key] == "off"


def test_every_zone_reaches_every_instance(built: Run) -> None:
    assert built.one(BALANCER).inputs["enableCrossZoneLoadBalancing"] is True


@pytest.mark.parametrize("token", [BALANCER, GROUP, FLEET_GROUP, TEMPLATE])
def test_nothing_that_may_be_replaced_has_a_fixed_name(built: Run, token: str) -> None:
    assert built.one(token).inputs
    assert "name" not in built.one(token).inputs


@pytest.mark.parametrize("token", [BALANCER, GROUP])
def test_the_longest_target_name_fits_in_a_balancers_name(token: str) -> None:
    args = dict(ARGS)
    built = run_program(lambda: NlbTarget("a" * 16, args), phase=Phase.UPDATE)  # type: ignore[arg-type]
    suffix = "-1234567"  # what Pulumi appends
    assert len(built.one(token).name + suffix) <= 32


def test_the_group_checks_health_over_http_on_the_service_port(built: Run) -> None:
    check = built.one(GROUP).inputs["healthCheck"]
    assert check["protocol"] == "HTTP"
    assert check["path"] == "/health"
    assert check["port"] == "traffic-port"
    assert check["matcher"] == "200-399"


def test_with_https_the_health_check_speaks_it_and_the_balancer_passes_it_through() -> None:
    built = build(protocol=Protocol.HTTPS, server_name="orders.example.com")
    assert built.one(GROUP).inputs["healthCheck"]["protocol"] == "HTTPS"
    assert built.one(GROUP).inputs["protocol"] == "TCP"
    assert (built.one(LISTENER).inputs["protocol"], built.one(LISTENER).inputs["port"]) == (
        "TCP",
        443,
    )


def test_the_instances_see_the_balancers_address(built: Run) -> None:
    assert built.one(GROUP).inputs["preserveClientIp"] == "false"


@pytest.mark.parametrize(("longest", "delay"), [(5, 30), (29, 30), (29.5, 31), (300, 301)])
def test_draining_outlasts_the_longest_request(longest: float, delay: int) -> None:
    built = build(longest_request_seconds=longest)
    assert built.one(GROUP).inputs["deregistrationDelay"] == delay


def test_the_listener_forwards_to_its_own_group(built: Run) -> None:
    listener = built.one(LISTENER).inputs
    assert listener["loadBalancerArn"] == built.one(BALANCER).outputs["arn"]
    (action,) = listener["defaultActions"]
    assert action == {"type": "forward", "targetGroupArn": built.one(GROUP).outputs["arn"]}


def rules(built: Run, token: str) -> list[dict[str, Any]]:
    return [rule.inputs for rule in built.of_type(token)]


def test_instances_admit_the_balancer_on_the_service_port_and_nobody_else(
    built: Run,
) -> None:
    balancer = built.one("aws:ec2/securityGroup:SecurityGroup", "blue-nlb").outputs["id"]
    fleet = built.one("aws:ec2/securityGroup:SecurityGroup", "blue-fleet").outputs["id"]
    (rule,) = rules(built, INGRESS)
    assert (rule["securityGroupId"], rule["referencedSecurityGroupId"]) == (fleet, balancer)
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 8080, 8080)


def test_what_goes_out_is_named(built: Run) -> None:
    fleet = built.one("aws:ec2/securityGroup:SecurityGroup", "blue-fleet").outputs["id"]
    out = {
        (rule.get("referencedSecurityGroupId") or rule["prefixListId"], rule["fromPort"])
        for rule in rules(built, EGRESS)
    }
    assert out == {(fleet, 8080), ("pl-1", 443)}


def test_rules_are_not_mixed_with_inline_ones(built: Run) -> None:
    groups = built.of_type("aws:ec2/securityGroup:SecurityGroup")
    assert len(groups) == 2
    assert not any({"ingress", "egress"} & group.inputs.keys() for group in groups)


def test_without_an_endpoint_the_fleet_reaches_nothing() -> None:
    built = build(s3_prefix_list_id=None)
    assert [rule["fromPort"] for rule in rules(built, EGRESS)] == [8080]


def test_another_port_opens_before_the_old_one_closes() -> None:
    before = {r.urn for token in (INGRESS, EGRESS) for r in build().of_type(token)}
    after = {r.urn for token in (INGRESS, EGRESS) for r in build(port=9090).of_type(token)}
    assert before & after == {urn for urn in before if urn.endswith("s3")}


def test_instances_run_the_newest_image_of_their_architecture(built: Run) -> None:
    assert built.one(TEMPLATE).inputs["imageId"] == (
        "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    )


def test_instances_take_metadata_by_session_only(built: Run) -> None:
    options = built.one(TEMPLATE).inputs["metadataOptions"]
    assert (options["httpTokens"], options["httpPutResponseHopLimit"]) == ("required", 1)


def test_instances_have_no_public_address_and_no_key_pair(built: Run) -> None:
    template = built.one(TEMPLATE).inputs
    (interface,) = template["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert "keyName" not in template


def test_disks_are_encrypted(built: Run) -> None:
    (disk,) = built.one(TEMPLATE).inputs["blockDeviceMappings"]
    assert (disk["deviceName"], disk["ebs"]["encrypted"]) == ("/dev/xvda", "true")


def test_boot_instructions_are_encoded_once(built: Run) -> None:
    encoded = built.one(TEMPLATE).inputs["userData"]
    assert base64.b64decode(encoded).decode() == FLEET["user_data"]


def test_instances_and_disks_carry_the_tags(built: Run) -> None:
    tagged = built.one(TEMPLATE).inputs["tagSpecifications"]
    assert {t["resourceType"] for t in tagged} == {"instance", "volume"}
    assert all(t["tags"]["owner"] == "platform" for t in tagged)


def test_an_update_waits_until_the_smallest_fleet_is_healthy(built: Run) -> None:
    group = built.one(FLEET_GROUP).inputs
    assert group["healthCheckType"] == "ELB"
    assert group["targetGroupArns"] == [built.one(GROUP).outputs["arn"]]
    assert group["minElbCapacity"] == group["minSize"] == 2
    assert "waitForElbCapacity" not in group
    assert "desiredCapacity" not in group


def test_the_fleet_waits_for_the_listener_and_the_rules(built: Run) -> None:
    waits = built.one(FLEET_GROUP).dependencies
    assert built.one(LISTENER).urn in waits
    assert built.one(INGRESS).urn in waits
    assert built.one(EGRESS, "blue-nlb-to-fleet-8080").urn in waits


def test_the_fleet_runs_one_numbered_version_of_its_template(built: Run) -> None:
    template = built.one(FLEET_GROUP).inputs["launchTemplate"]
    assert template == {"id": built.one(TEMPLATE).outputs["id"], "version": "1"}


def trigger(built: Run, token: str) -> object:
    return built.one(token).options["replacement_trigger"]


@pytest.mark.parametrize(
    "change",
    [{"user_data": "#!"}, {"instance_type": "t4g.small"}, {"architecture": Architecture.X86_64}],
)
def test_another_version_of_the_fleet_is_a_new_fleet(change: dict[str, Any]) -> None:
    changed = build(fleet={**FLEET, **change})
    assert trigger(changed, FLEET_GROUP) != trigger(build(), FLEET_GROUP)


def test_another_size_is_the_same_fleet() -> None:
    changed = build(fleet={**FLEET, "min_size": 3, "max_size": 9})
    assert trigger(changed, FLEET_GROUP) == trigger(build(), FLEET_GROUP)


@pytest.mark.parametrize(
    "change",
    [
        {"port": 9090},
        {"protocol": Protocol.HTTPS},
        {"listener_port": 8443},
        {"health_path": "/other"},
        {"server_name": "orders.example.com"},
    ],
)
def test_what_old_and_new_instances_cannot_share_is_a_new_target(change: dict[str, Any]) -> None:
    assert trigger(build(**change), BALANCER) != trigger(build(), BALANCER)


def test_the_target_is_renewed_as_a_whole(built: Run) -> None:
    assert trigger(built, GROUP) == built.one(BALANCER).outputs["arn"]
    elsewhere = run_program(lambda: NlbTarget("green", ARGS), phase=Phase.UPDATE)
    assert trigger(built, FLEET_GROUP) != trigger(elsewhere, FLEET_GROUP)


def test_nothing_is_deleted_before_its_replacement(built: Run) -> None:
    assert built.one(BALANCER)
    assert not any(r.options.get("deleteBeforeReplace") for r in built.resources)


def host(run: Run) -> object:
    return run.one(COMPONENT).outputs["host"]


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "{dns}"),
        ({"listener_port": 80}, "{dns}"),
        ({"listener_port": 8080}, "{dns}:8080"),
        ({"protocol": Protocol.HTTPS, "server_name": "a.example"}, "a.example"),
        (
            {"protocol": Protocol.HTTPS, "server_name": "a.example", "listener_port": 8443},
            "a.example:8443",
        ),
    ],
)
def test_the_host_names_the_port_where_the_scheme_does_not(
    changes: dict[str, Any], shown: str
) -> None:
    built = build(**changes)
    assert host(built) == shown.format(dns=built.one(BALANCER).outputs["dnsName"])


def reader_of_the_host(**changes: Any) -> Registered:
    def program() -> None:
        target = NlbTarget("blue", {**ARGS, **changes})  # type: ignore[typeddict-item]
        aws.cloudwatch.LogGroup("reader", name=target.host)

    return run_program(program, phase=Phase.PREVIEW).one("aws:cloudwatch/logGroup:LogGroup")


def test_whoever_uses_the_host_waits_for_the_fleet() -> None:
    waits = {urn.split("::")[-2].rpartition("$")[2] for urn in reader_of_the_host().dependencies}
    assert {FLEET_GROUP, BALANCER} <= waits


def test_a_host_that_is_known_stays_known_although_the_fleet_is_not() -> None:
    reader = reader_of_the_host(protocol=Protocol.HTTPS, server_name="a.example")
    assert reader.inputs["name"] == "a.example"


def test_the_host_is_unknown_before_the_balancer_exists() -> None:
    assert host(build(Phase.PREVIEW)) is UNKNOWN


def test_existing_instances_are_attached_and_no_fleet_is_made() -> None:
    built = build(fleet=None, instance_ids=["i-1", "i-2"])
    attached = built.of_type("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert {a.inputs["targetId"] for a in attached} == {"i-1", "i-2"}
    assert not built.of_type(FLEET_GROUP) + built.of_type(TEMPLATE) + built.of_type(INGRESS)


def test_existing_instances_are_told_which_group_to_admit() -> None:
    built = build(fleet=None, instance_ids=["i-1"])
    group = built.one("aws:ec2/securityGroup:SecurityGroup")
    assert built.one(COMPONENT).outputs["balancer_security_group_id"] == group.outputs["id"]


@pytest.mark.parametrize("changes", [{"fleet": None}, {"instance_ids": ["i-1"]}])
def test_a_target_has_either_a_fleet_or_instances(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="blue: give either fleet or instance_ids"):
        build(**changes)


def test_every_child_hangs_off_the_component(built: Run) -> None:
    component = built.one(COMPONENT)
    children = [r for r in built.resources if r.custom and not r.type.startswith("pulumi:")]
    assert len(children) == 10
    assert {r.parent for r in children} == {component.urn}
