"""The program as a whole: which resource uses which, and which waits for which."""

import json
from typing import Any

import pytest

from simulation.engine import UNKNOWN, Phase, Run
from tests.stacks import ABSENT, config, run_stack

API = "aws:apigateway/restApi:RestApi"
IMPORT = "aws:apigateway/restApiPut:RestApiPut"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
STAGE = "aws:apigateway/stage:Stage"
LINK = "aws:apigateway/vpcLink:VpcLink"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
FLEET = "aws:autoscaling/group:Group"
STACK = "pulumi:pulumi:Stack"


@pytest.fixture(scope="module")
def dev() -> Run:
    return run_stack()


@pytest.fixture(scope="module")
def preview() -> Run:
    return run_stack(phase=Phase.PREVIEW)


def types_before(run: Run, token: str) -> set[str]:
    """Types of everything that a resource waits for, directly or through others."""
    found: set[str] = set()
    waiting = [run.one(token)]
    while waiting:
        for urn in waiting.pop().dependencies:
            if urn not in found:
                found.add(urn)
                waiting.append(run.by_urn(urn))
    return {run.by_urn(urn).type for urn in found}


def test_the_vpc_link_points_at_the_balancer_of_the_target(dev: Run) -> None:
    assert dev.one(LINK).inputs["targetArn"] == dev.one(BALANCER).outputs["arn"]


def test_the_stage_reaches_the_balancer_through_its_link(dev: Run) -> None:
    assert dev.one(STAGE).inputs["variables"] == {
        "vpcLinkId": dev.one(LINK).outputs["id"],
        "backendHost": dev.one(BALANCER).outputs["dnsName"],
    }


def test_only_components_are_at_the_top(dev: Run) -> None:
    assert {r.type for r in dev.resources if r.parent == dev.one(STACK).urn} == {
        "privateapi:index:Network",
        "privateapi:index:NlbTarget",
        "privateapi:index:PrivateApi",
        "pulumi:providers:aws",
    }


@pytest.mark.parametrize("token", [API, IMPORT, DEPLOYMENT])
def test_the_api_does_not_wait_for_balancer_or_link(preview: Run, token: str) -> None:
    assert {LINK, BALANCER} <= types_before(preview, STAGE), "the search finds them where they are"
    assert not {LINK, BALANCER} & types_before(preview, token)


def test_the_stage_waits_for_a_healthy_fleet(preview: Run) -> None:
    assert FLEET in types_before(preview, STAGE)


def test_a_preview_knows_the_definition_and_the_deployments_trigger(preview: Run) -> None:
    assert json.loads(preview.one(IMPORT).inputs["body"])["paths"]
    assert UNKNOWN not in preview.one(DEPLOYMENT).inputs["triggers"].values()


def with_routes(count: int) -> list[dict[str, Any]]:
    return [{"method": "GET", "path": f"/r{n}", "authorization": "none"} for n in range(count)]


def test_three_hundred_routes_need_as_many_resources_as_one() -> None:
    few, many = (run_stack(("api.routes", with_routes(count))) for count in (1, 300))
    assert len(json.loads(many.one(IMPORT).inputs["body"])["paths"]) == 300
    assert len(few.resources) == len(many.resources)


@pytest.fixture(scope="module")
def prod() -> Run:
    return run_stack(stack="prod")


def test_moving_a_stage_is_one_update_of_the_stage(prod: Run) -> None:
    moved = run_stack(("stages.live.target", "green"), stack="prod")
    before, after = ({r.urn: r.inputs for r in run.resources} for run in (prod, moved))
    changed = {urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn)}
    assert changed == {moved.one(STAGE, "api-live-stage").urn}


def test_every_taggable_resource_names_project_stack_and_owner(dev: Run) -> None:
    tagged = [r.inputs["tags"] for r in dev.resources if isinstance(r.inputs.get("tags"), dict)]
    assert len(tagged) > 20
    expected = {"project": "private-api", "stack": "dev", "owner": "platform"}
    assert all(expected.items() <= tags.items() for tags in tagged)


def test_the_outputs_are_few_and_not_secret(dev: Run) -> None:
    assert dev.exports.keys() == {"invoke_urls", "rest_api_id", "vpc_link_ids"}


ARN = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/old/50dc6c495c0c9188"
EXISTING_BALANCER = {"loadBalancerArn": ARN, "host": "old.elb.us-east-2.amazonaws.com"}
EXISTING_LINK = {"vpcLinkId": "a1b2c3", "host": "b.example", "listenerPort": 8080}
EXISTING_NETWORK = {
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}


def with_target(target: dict[str, Any]) -> Run:
    """The program with one existing target and no network."""
    return run_stack(
        ("targets", {"old": target}), ("network", ABSENT), ("stages.dev.target", "old")
    )


def test_an_existing_balancer_gets_a_link_and_nothing_else() -> None:
    built = with_target(EXISTING_BALANCER)
    assert built.one(LINK).inputs["targetArn"] == ARN
    assert not [r for r in built.resources if r.type.startswith(("aws:ec2/", "aws:lb/"))]


def test_an_existing_link_is_used_unchanged() -> None:
    built = with_target(EXISTING_LINK)
    assert built.one(STAGE).inputs["variables"] == {
        "vpcLinkId": "a1b2c3",
        "backendHost": "b.example:8080",
    }
    assert not built.of_type(LINK)


def test_new_and_existing_targets_can_be_combined() -> None:
    built = run_stack(("targets.old", EXISTING_BALANCER), ("targets.older", EXISTING_LINK))
    assert len(built.of_type(LINK)) == 2
    assert built.exports["vpc_link_ids"].keys() == {"blue", "old", "older"}


def test_an_existing_network_gets_only_the_resources_of_the_target() -> None:
    built = run_stack(("network", EXISTING_NETWORK))
    kinds = {r.type.rpartition(":")[2] for r in built.resources if r.type.startswith("aws:ec2/")}
    assert kinds == {"SecurityGroup", "LaunchTemplate"}
    assert built.one(BALANCER).inputs["subnets"] == EXISTING_NETWORK["subnetIds"]


def test_existing_instances_are_attached_and_the_rule_they_need_is_an_output() -> None:
    instances = {"port": 8080, "healthPath": "/", "instances": ["i-0123456789abcdef0"]}
    built = run_stack(("network", EXISTING_NETWORK), ("targets.blue", instances))
    attached = built.one("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert attached.inputs["targetId"] == "i-0123456789abcdef0"
    group = built.one("aws:ec2/securityGroup:SecurityGroup").outputs["id"]
    assert built.exports["instances_must_admit"] == {"blue": {"from": group, "port": 8080}}


def test_https_is_end_to_end_with_the_name_on_the_certificate() -> None:
    built = run_stack(
        ("targets.blue.protocol", "https"),
        ("targets.blue.serverName", "orders.example.com"),
        ("targets.blue.tls", {"verifyCertificateAuthority": False}),
    )
    assert built.one(STAGE).inputs["variables"]["backendHost"] == "orders.example.com"
    paths = json.loads(built.one(IMPORT).inputs["body"])["paths"]
    integration = paths["/"]["get"]["x-amazon-apigateway-integration"]
    assert integration["uri"] == "https://${stageVariables.backendHost}/"
    assert integration["tlsConfig"] == {"insecureSkipVerification": True}


def test_the_prod_stack_has_two_targets_and_two_stages(prod: Run) -> None:
    assert len(prod.of_type(LINK)) == len(prod.of_type(STAGE)) == 2


def test_the_dev_stack_has_one_of_each(dev: Run) -> None:
    assert json.loads(config()["private-api:targets"]).keys() == {"blue"}
    assert len(dev.of_type(STAGE)) == 1
