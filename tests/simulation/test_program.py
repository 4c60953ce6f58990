"""The program as a whole: what is wired to what, and what waits for what."""

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


def needs(run: Run, token: str) -> set[str]:
    """Types of everything a resource waits for, at any distance."""
    found: set[str] = set()
    waiting = [run.one(token)]
    while waiting:
        for urn in waiting.pop().dependencies:
            if urn not in found:
                found.add(urn)
                waiting.append(run.by_urn(urn))
    return {run.by_urn(urn).type for urn in found}


def test_the_link_reaches_the_targets_balancer() -> None:
    built = run_stack()
    assert built.one(LINK).inputs["targetArn"] == built.one(BALANCER).outputs["arn"]


def test_the_stage_sends_to_the_balancer_by_its_link() -> None:
    built = run_stack()
    assert built.one(STAGE).inputs["variables"] == {
        "vpcLinkId": built.one(LINK).outputs["id"],
        "backendHost": built.one(BALANCER).outputs["dnsName"],
    }


def test_only_components_stand_at_the_top() -> None:
    built = run_stack()
    top = {r.type for r in built.resources if r.parent == built.one(STACK).urn}
    assert top == {
        "privateapi:index:Network",
        "privateapi:index:NlbTarget",
        "privateapi:index:PrivateApi",
        "pulumi:providers:aws",
    }


@pytest.mark.parametrize("token", [API, IMPORT, DEPLOYMENT])
def test_the_api_is_made_without_waiting_for_balancer_or_link(token: str) -> None:
    built = run_stack(phase=Phase.PREVIEW)
    assert {LINK, BALANCER} <= needs(built, STAGE), "the walk finds them where they are"
    assert not {LINK, BALANCER} & needs(built, token)


def test_the_stage_waits_until_the_fleet_answers() -> None:
    assert FLEET in needs(run_stack(phase=Phase.PREVIEW), STAGE)


def test_at_preview_the_definition_and_its_trigger_are_known() -> None:
    built = run_stack(phase=Phase.PREVIEW)
    assert json.loads(built.one(IMPORT).inputs["body"])["paths"]
    assert UNKNOWN not in built.one(DEPLOYMENT).inputs["triggers"].values()


def with_routes(count: int) -> list[dict[str, Any]]:
    return [{"method": "GET", "path": f"/r{n}", "authorization": "none"} for n in range(count)]


def test_three_hundred_routes_cost_as_many_resources_as_one() -> None:
    few, many = (run_stack(("api.routes", with_routes(count))) for count in (1, 300))
    assert len(json.loads(many.one(IMPORT).inputs["body"])["paths"]) == 300
    assert len(few.resources) == len(many.resources)


def test_moving_a_stage_is_one_update_of_the_stage() -> None:
    before = {r.urn: r.inputs for r in run_stack(stack="prod").resources}
    moved = run_stack(("stages.live.target", "green"), stack="prod")
    after = {r.urn: r.inputs for r in moved.resources}
    changed = {urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn)}
    assert changed == {moved.one(STAGE, "api-live-stage").urn}


def test_everything_taggable_names_project_stack_and_owner() -> None:
    tagged = [
        r.inputs["tags"] for r in run_stack().resources if isinstance(r.inputs.get("tags"), dict)
    ]
    assert len(tagged) > 20
    expected = {"project": "private-api", "stack": "dev", "owner": "platform"}
    assert all(expected.items() <= tags.items() for tags in tagged)


def test_the_outputs_are_few_and_no_secret() -> None:
    exports = run_stack().exports
    assert exports.keys() == {"invoke_urls", "rest_api_id", "vpc_link_ids"}


ARN = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/old/50dc6c495c0c9188"
EXISTING_BALANCER = {"loadBalancerArn": ARN, "host": "old.elb.us-east-2.amazonaws.com"}
EXISTING_LINK = {"vpcLinkId": "a1b2c3", "host": "b.example", "listenerPort": 8080}


def test_an_existing_balancer_gets_a_link_and_nothing_else() -> None:
    built = run_stack(
        ("targets", {"old": EXISTING_BALANCER}),
        ("network", ABSENT),
        ("stages.dev.target", "old"),
    )
    assert built.one(LINK).inputs["targetArn"] == ARN
    assert not [r for r in built.resources if r.type.startswith(("aws:ec2/", "aws:lb/"))]


def test_an_existing_link_is_used_as_it_is() -> None:
    built = run_stack(
        ("targets", {"old": EXISTING_LINK}), ("network", ABSENT), ("stages.dev.target", "old")
    )
    assert built.one(STAGE).inputs["variables"] == {
        "vpcLinkId": "a1b2c3",
        "backendHost": "b.example:8080",
    }
    assert not built.of_type(LINK)


def test_fleets_and_existing_things_stand_side_by_side() -> None:
    built = run_stack(("targets.old", EXISTING_BALANCER), ("targets.older", EXISTING_LINK))
    assert len(built.of_type(LINK)) == 2
    assert built.exports["vpc_link_ids"].keys() == {"blue", "old", "older"}


EXISTING_NETWORK = {
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
}


def test_in_an_existing_network_only_what_the_target_needs_is_made() -> None:
    built = run_stack(("network", EXISTING_NETWORK))
    kinds = {r.type.rpartition(":")[2] for r in built.resources if r.type.startswith("aws:ec2/")}
    assert kinds == {"SecurityGroup", "LaunchTemplate"}
    assert built.one(BALANCER).inputs["subnets"] == EXISTING_NETWORK["subnetIds"]


def test_existing_instances_are_attached_and_their_owner_is_told_the_rule() -> None:
    built = run_stack(
        ("network", EXISTING_NETWORK),
        (
            "targets.blue",
            {"port": 8080, "healthPath": "/", "instances": ["i-0123456789abcdef0"]},
        ),
    )
    attached = built.one("aws:lb/targetGroupAttachment:TargetGroupAttachment")
    assert attached.inputs["targetId"] == "i-0123456789abcdef0"
    group = built.one("aws:ec2/securityGroup:SecurityGroup").outputs["id"]
    assert built.exports["instances_must_admit"] == {"blue": {"from": group, "port": 8080}}


def test_https_goes_end_to_end_by_the_name_on_the_certificate() -> None:
    built = run_stack(
        ("targets.blue.protocol", "https"),
        ("targets.blue.serverName", "orders.example.com"),
        ("targets.blue.tls", {"verifyCertificateAuthority": False}),
    )
    assert built.one(STAGE).inputs["variables"]["backendHost"] == "orders.example.com"
    paths = json.loads(built.one(IMPORT).inputs["body"])["paths"]
    made = paths["/"]["get"]["x-amazon-apigateway-integration"]
    assert made["uri"] == "https://${stageVariables.backendHost}/"
    assert made["tlsConfig"] == {"insecureSkipVerification": True}


def test_the_prod_stack_has_two_targets_and_two_stages() -> None:
    built = run_stack(stack="prod")
    assert len(built.of_type(LINK)) == len(built.of_type(STAGE)) == 2


def test_the_dev_stack_has_one_of_each() -> None:
    assert json.loads(config()["private-api:targets"]).keys() == {"blue"}
    assert len(run_stack().of_type(STAGE)) == 1
