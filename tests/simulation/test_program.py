"""The program as a whole: which resource uses which, and which waits for which."""

import json
from pathlib import Path
from typing import Any

import pytest

from simulation.engine import UNKNOWN, Phase, Run
from tests.stacks import config, run_stack
from tests.tables import check_resources, read, sentences

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


@pytest.mark.parametrize("expected", sentences(read(Path(__file__).with_name("program.yaml"))))
def test_the_program_creates_what_the_table_lists(expected: dict[str, Any]) -> None:
    check_resources(run_stack(*expected.get("$changes", {}).items()), expected)


def test_only_components_are_at_the_top(dev: Run) -> None:
    assert {r.type for r in dev.resources if r.parent == dev.one(STACK).urn} == {
        "privateapi:index:Network",
        "privateapi:index:NlbTarget",
        "privateapi:index:PrivateApi",
        "pulumi:providers:aws",
    }


@pytest.mark.parametrize("exists", [True, False])
def test_the_definition_of_a_private_api_is_known_once_its_endpoint_exists(exists: bool) -> None:
    changes = [("api.endpointType", "private")]
    changes += [("api.vpcEndpoints", {"ids": ["vpce-01234567"]})] if exists else []  # type: ignore[list-item]
    run = run_stack(*changes, phase=Phase.PREVIEW)
    imported = run.one(IMPORT).inputs
    assert (imported["body"] is UNKNOWN) != exists
    assert isinstance(imported["triggers"]["definition"], str)


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
    (urn,) = (u for u in before.keys() | after.keys() if before.get(u) != after.get(u))
    assert urn == moved.one(STAGE, "api-live-stage").urn
    assert {**before[urn], "variables": None} == {**after[urn], "variables": None}


def test_every_taggable_resource_names_project_stack_and_owner(dev: Run) -> None:
    tagged = [r.inputs["tags"] for r in dev.resources if isinstance(r.inputs.get("tags"), dict)]
    assert len(tagged) > 20
    expected = {"project": "private-api", "stack": "dev", "owner": "platform"}
    assert all(expected.items() <= tags.items() for tags in tagged)


def test_the_outputs_are_few_and_not_secret(dev: Run) -> None:
    assert dev.exports.keys() == {"invoke_urls", "rest_api_id", "vpc_link_ids"}


def test_the_prod_stack_has_two_targets_and_two_stages(prod: Run) -> None:
    assert len(prod.of_type(LINK)) == len(prod.of_type(STAGE)) == 2


def test_the_dev_stack_has_one_of_each(dev: Run) -> None:
    assert json.loads(config()["private-api:targets"]).keys() == {"blue"}
    assert len(dev.of_type(STAGE)) == 1
