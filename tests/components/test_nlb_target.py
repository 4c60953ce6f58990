"""The balancer is configured correctly from the start, and nothing bypasses it."""

import base64
from typing import Any

import pytest

from components.nlb_target import Architecture, FleetArgs, NlbTarget, NlbTargetArgs, Protocol
from simulation.engine import UNKNOWN, Phase, Run, run_program

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
TARGETS = "aws:lb/targetGroup:TargetGroup"
LISTENER = "aws:lb/listener:Listener"
FLEET_GROUP = "aws:autoscaling/group:Group"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
COMPONENT = "privateapi:index:NlbTarget"
HTTPS: dict[str, Any] = {"protocol": Protocol.HTTPS, "server_name": "a.example"}


def build(phase: Phase = Phase.UPDATE, name: str = "blue", **changes: Any) -> Run:
    args: Any = {k: v for k, v in {**ARGS, **changes}.items() if v is not None}
    return run_program(
        lambda: NlbTarget(name, args), phase=phase, config={"aws:region": "us-east-2"}
    )


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


def group_id(built: Run, name: str) -> object:
    return built.one(SECURITY_GROUP, name).outputs["id"]


def test_the_balancer_is_internal_and_spans_the_given_subnets(built: Run) -> None:
    balancer = built.one(BALANCER).inputs
    assert balancer["loadBalancerType"] == "network"
    assert balancer["internal"] is True
    assert balancer["subnets"] == ["subnet-a", "subnet-b"]


def test_the_balancer_is_created_with_a_security_group(built: Run) -> None:
    assert built.one(BALANCER).inputs["securityGroups"] == [group_id(built, "blue-nlb")]


def test_inbound_rules_do_not_apply_to_the_vpc_link(built: Run) -> None:
    key = "enforceSecurityGroupInboundRulesOnPrivateLinkTraffic"
    assert built.one(BALANCER).inputs[key] == "off"


def test_every_zone_reaches_every_instance(built: Run) -> None:
    assert built.one(BALANCER).inputs["enableCrossZoneLoadBalancing"] is True


@pytest.mark.parametrize("token", [BALANCER, TARGETS, FLEET_GROUP, TEMPLATE])
def test_a_resource_that_can_be_replaced_has_no_fixed_name(built: Run, token: str) -> None:
    assert built.one(token).inputs
    assert "name" not in built.one(token).inputs


@pytest.mark.parametrize("token", [BALANCER, TARGETS])
def test_the_longest_target_name_fits_into_the_names_of_aws(token: str) -> None:
    suffix = "-1234567"  # appended by Pulumi
    assert len(build(name="a" * 16).one(token).name + suffix) <= 32


def test_the_target_group_checks_health_over_http_on_the_service_port(built: Run) -> None:
    check = built.one(TARGETS).inputs["healthCheck"]
    assert check["protocol"] == "HTTP"
    assert check["path"] == "/health"
    assert check["port"] == "traffic-port"
    assert check["matcher"] == "200-399"


def test_with_https_the_health_check_uses_it_and_the_balancer_passes_it_through() -> None:
    built = build(**HTTPS)
    targets, listener = built.one(TARGETS).inputs, built.one(LISTENER).inputs
    assert targets["healthCheck"]["protocol"] == "HTTPS"
    assert targets["protocol"] == listener["protocol"] == "TCP"
    assert listener["port"] == 443


def test_the_instances_see_the_balancers_address(built: Run) -> None:
    assert built.one(TARGETS).inputs["preserveClientIp"] == "false"


@pytest.mark.parametrize(("longest", "delay"), [(5, 150), (149, 150), (149.5, 151), (300, 301)])
def test_draining_takes_longer_than_the_longest_request(longest: float, delay: int) -> None:
    built = build(longest_request_seconds=longest)
    assert built.one(TARGETS).inputs["deregistrationDelay"] == delay


def test_a_draining_instance_keeps_its_connections(built: Run) -> None:
    assert built.one(TARGETS).inputs["connectionTermination"] is False


def test_the_listener_forwards_to_its_own_target_group(built: Run) -> None:
    listener = built.one(LISTENER).inputs
    assert listener["loadBalancerArn"] == built.one(BALANCER).outputs["arn"]
    (action,) = listener["defaultActions"]
    assert action == {"type": "forward", "targetGroupArn": built.one(TARGETS).outputs["arn"]}


def test_instances_admit_only_the_balancer_on_the_service_port(built: Run) -> None:
    rule = built.one(INGRESS).inputs
    assert rule["securityGroupId"] == group_id(built, "blue-fleet")
    assert rule["referencedSecurityGroupId"] == group_id(built, "blue-nlb")
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 8080, 8080)


def test_every_outbound_connection_has_a_named_destination(built: Run) -> None:
    rules = [rule.inputs for rule in built.of_type(EGRESS)]
    assert {
        (rule.get("referencedSecurityGroupId") or rule["prefixListId"], rule["fromPort"])
        for rule in rules
    } == {(group_id(built, "blue-fleet"), 8080), ("pl-1", 443)}


def test_security_groups_have_no_inline_rules(built: Run) -> None:
    groups = built.of_type(SECURITY_GROUP)
    assert len(groups) == 2
    assert not any({"ingress", "egress"} & group.inputs.keys() for group in groups)


def test_without_an_s3_endpoint_the_fleet_reaches_nothing() -> None:
    rules = build(s3_prefix_list_id=None).of_type(EGRESS)
    assert [rule.inputs["fromPort"] for rule in rules] == [8080]


def test_a_new_port_opens_before_the_old_one_closes() -> None:
    before = {r.urn for token in (INGRESS, EGRESS) for r in build().of_type(token)}
    after = {r.urn for token in (INGRESS, EGRESS) for r in build(port=9090).of_type(token)}
    assert before & after == {urn for urn in before if urn.endswith("s3")}


def test_instances_run_the_newest_image_of_their_architecture(built: Run) -> None:
    assert built.one(TEMPLATE).inputs["imageId"] == (
        "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"
    )


def test_instances_require_session_tokens_for_metadata(built: Run) -> None:
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


def test_user_data_is_encoded_once(built: Run) -> None:
    encoded = built.one(TEMPLATE).inputs["userData"]
    assert base64.b64decode(encoded).decode() == FLEET["user_data"]


def test_instances_and_disks_carry_the_tags(built: Run) -> None:
    tagged = built.one(TEMPLATE).inputs["tagSpecifications"]
    assert {t["resourceType"] for t in tagged} == {"instance", "volume"}
    assert all(t["tags"]["owner"] == "platform" for t in tagged)


def test_the_fleet_is_created_without_waiting_for_its_instances(built: Run) -> None:
    group = built.one(FLEET_GROUP).inputs
    assert group["healthCheckType"] == "ELB"
    assert group["targetGroupArns"] == [built.one(TARGETS).outputs["arn"]]
    assert group["waitForCapacityTimeout"] == "0"
    assert not {"minElbCapacity", "waitForElbCapacity", "desiredCapacity"} & group.keys()


def test_an_instance_stays_until_its_successor_is_healthy(built: Run) -> None:
    policy = built.one(FLEET_GROUP).inputs["instanceMaintenancePolicy"]
    assert policy == {"minHealthyPercentage": 100, "maxHealthyPercentage": 200}


def test_the_fleet_waits_for_the_listener_and_the_rules(built: Run) -> None:
    dependencies = built.one(FLEET_GROUP).dependencies
    assert built.one(LISTENER).urn in dependencies
    assert built.one(INGRESS).urn in dependencies
    assert built.one(EGRESS, "blue-nlb-to-fleet-8080").urn in dependencies


def test_the_fleet_runs_a_numbered_version_of_its_template(built: Run) -> None:
    template = built.one(FLEET_GROUP).inputs["launchTemplate"]
    assert template == {"id": built.one(TEMPLATE).outputs["id"], "version": "1"}


def trigger(built: Run, token: str) -> object:
    return built.one(token).options["replacement_trigger"]


@pytest.mark.parametrize(
    "change",
    [{"user_data": "#!"}, {"instance_type": "t4g.small"}, {"architecture": Architecture.X86_64}],
)
def test_a_new_version_replaces_the_fleet(built: Run, change: dict[str, Any]) -> None:
    changed = build(fleet={**FLEET, **change})
    assert trigger(changed, FLEET_GROUP) != trigger(built, FLEET_GROUP)


def test_a_new_size_keeps_the_fleet(built: Run) -> None:
    changed = build(fleet={**FLEET, "min_size": 3, "max_size": 9})
    assert trigger(changed, FLEET_GROUP) == trigger(built, FLEET_GROUP)


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
def test_a_change_that_old_instances_cannot_serve_replaces_the_target(
    built: Run, change: dict[str, Any]
) -> None:
    assert trigger(build(**change), BALANCER) != trigger(built, BALANCER)


def test_a_target_is_replaced_as_a_whole(built: Run) -> None:
    assert trigger(built, TARGETS) == built.one(BALANCER).outputs["arn"]
    assert trigger(built, FLEET_GROUP) != trigger(build(name="green"), FLEET_GROUP)


def test_nothing_is_deleted_before_its_replacement_exists(built: Run) -> None:
    assert built.one(BALANCER)
    assert not any(r.options.get("deleteBeforeReplace") for r in built.resources)


def host(run: Run) -> object:
    return run.one(COMPONENT).outputs["host"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "{dns}"),
        ({"listener_port": 80}, "{dns}"),
        ({"listener_port": 8080}, "{dns}:8080"),
        (HTTPS, "a.example"),
        ({**HTTPS, "listener_port": 8443}, "a.example:8443"),
    ],
)
def test_the_host_has_a_port_unless_it_is_the_schemes_own(
    changes: dict[str, Any], expected: str
) -> None:
    built = build(**changes)
    assert host(built) == expected.format(dns=built.one(BALANCER).outputs["dnsName"])


def test_the_host_is_unknown_before_the_balancer_exists() -> None:
    assert host(build(Phase.PREVIEW)) is UNKNOWN


def test_existing_instances_are_attached_without_a_fleet() -> None:
    built = build(fleet=None, instance_ids=["i-1", "i-2"])
    attached = built.of_type("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert {a.inputs["targetId"] for a in attached} == {"i-1", "i-2"}
    assert not built.of_type(FLEET_GROUP) + built.of_type(TEMPLATE) + built.of_type(INGRESS)


def test_the_security_group_that_existing_instances_admit_is_an_output() -> None:
    built = build(fleet=None, instance_ids=["i-1"])
    group = built.one(COMPONENT).outputs["balancer_security_group_id"]
    assert group == group_id(built, "blue-nlb")


@pytest.mark.parametrize("changes", [{"fleet": None}, {"instance_ids": ["i-1"]}])
def test_a_target_has_either_a_fleet_or_instances(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="blue: set either fleet or instance_ids"):
        build(**changes)


def test_every_child_has_the_component_as_parent(built: Run) -> None:
    children = [r for r in built.resources if r.custom and not r.type.startswith("pulumi:")]
    assert len(children) == 10
    assert {r.parent for r in children} == {built.one(COMPONENT).urn}
