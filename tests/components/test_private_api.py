"""The API sends requests to its targets, and a stage moves between them."""

import json
from pathlib import Path
from typing import Any

import pytest

from components.api_logs import ACCESS_LOG_FORMAT, AccountLogging
from components.private_api import (
    EndpointType,
    PrivateApi,
    PrivateApiArgs,
    StageArgs,
)
from openapi.compiler import compile_routes
from openapi.routes import Route
from simulation.engine import UNKNOWN, Phase, Run, run_program
from tests.tables import check_resources, read, sentences

ROUTES = [Route.model_validate({"method": "GET", "path": "/", "authorization": "none"})]
DEFINITION = compile_routes("private-api-dev", ROUTES)
STAGE: StageArgs = {
    "target": "blue",
    "throttle": {"rate_limit": 50, "burst_limit": 100},
    "log_retention_days": 7,
}
ARN = "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/{}/50dc6c495c0c9188"
ARGS: PrivateApiArgs = {
    "title": DEFINITION.title,
    "definition": DEFINITION.json,
    "fingerprint": DEFINITION.fingerprint,
    "targets": {
        "blue": {"host": "blue.example", "load_balancer_arn": ARN.format("blue")},
        "green": {"host": "green.example:8080", "load_balancer_arn": ARN.format("green")},
        "legacy": {"host": "legacy.example", "vpc_link_id": "a1b2c3"},
    },
    "stages": {"dev": STAGE},
    "tags": {"owner": "platform"},
}
API = "aws:apigateway/restApi:RestApi"
IMPORT = "aws:apigateway/restApiPut:RestApiPut"
DEPLOYMENT = "aws:apigateway/deployment:Deployment"
STAGE_TYPE = "aws:apigateway/stage:Stage"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ACCOUNT = "aws:apigateway/account:Account"
ROLE = "aws:iam/role:Role"
RESOURCES = read(Path(__file__).with_name("resources.yaml"))
STASH = "pulumi:index:Stash"
LINK = "aws:apigateway/vpcLink:VpcLink"
COMPONENT = "privateapi:index:PrivateApi"


def build(phase: Phase = Phase.UPDATE, **changes: Any) -> Run:
    kinds = {"account_logging": AccountLogging, "endpoint_type": EndpointType}
    plain = {key: kinds.get(key, lambda value: value)(value) for key, value in changes.items()}
    args: Any = {**ARGS, **plain}
    return run_program(
        lambda: PrivateApi("api", args), phase=phase, config={"aws:region": "us-east-2"}
    )


def with_stage(**changes: Any) -> Run:
    return build(stages={"dev": {**STAGE, **changes}})


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


@pytest.mark.parametrize(
    "target",
    [{"host": "x"}, {"host": "x", "vpc_link_id": "a1b2c3", "load_balancer_arn": ARN.format("x")}],
)
def test_a_target_has_either_a_balancer_or_a_link(target: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="set either load_balancer_arn or vpc_link_id"):
        build(targets={"blue": target})


def test_a_target_of_a_link_v2_gets_no_link_of_its_own() -> None:
    balancer, link = ARN.format("blue"), "d4e5f6"
    target = {"host": "blue.example", "load_balancer_arn": balancer, "vpc_link_v2_id": link}
    run = build(targets={"blue": target})
    assert not run.of_type(LINK)
    assert run.one(STAGE_TYPE, "api-dev-stage").inputs["variables"]["vpcLinkId"] == link
    proof = run.one(STASH, "api-blue-proof").inputs["input"]
    assert proof["vpc_link_v2_id"] == link
    assert "vpc_link_id" not in proof


@pytest.mark.parametrize("expected", sentences(RESOURCES["PrivateApi"]))
def test_it_creates_as_the_table_says(built: Run, expected: dict[str, Any]) -> None:
    changed = {"$with": build, "$stage": with_stage}
    runs = [make(**expected[key]) for key, make in changed.items() if key in expected]
    check_resources(runs[0] if runs else built, expected)


def test_the_definition_is_imported_and_its_fingerprint_triggers_a_deployment(built: Run) -> None:
    assert built.one(IMPORT).inputs["body"] == DEFINITION.json
    assert built.one(DEPLOYMENT).inputs["triggers"]["definition"] == DEFINITION.fingerprint


@pytest.mark.parametrize(
    ("change", "trigger"),
    [
        ({"revision": 2}, {"revision": "2"}),
        ({"endpoint_type": EndpointType.EDGE}, {"endpointType": "EDGE"}),
        ({"fingerprint": "other"}, {"definition": "other"}),
        ({"integration_target": ARN.format("a")}, {"integrationTarget": ARN.format("a")}),
        ({"vpc_endpoint_ids": ["vpce-1"]}, {"vpcEndpoints": "vpce-1"}),
    ],
)
def test_what_is_not_in_the_definition_imports_and_deploys_again(
    built: Run, change: dict[str, Any], trigger: dict[str, str]
) -> None:
    changed = build(**change)
    for token in (IMPORT, DEPLOYMENT):
        before = built.one(token).inputs["triggers"]
        assert changed.one(token).inputs["triggers"] == {**before, **trigger}


def test_every_request_is_logged_as_json_with_the_response_of_the_service(built: Run) -> None:
    settings = built.one(STAGE_TYPE).inputs["accessLogSettings"]
    group = built.one(LOG_GROUP, "api-dev-access")
    assert settings == {"destinationArn": group.outputs["arn"], "format": ACCESS_LOG_FORMAT}
    logged = json.loads(ACCESS_LOG_FORMAT)
    assert {"$context.requestId", "$context.integration.status", "$context.integration.error"} <= {
        *logged.values()
    }
    assert not any("userAgent" in variable for variable in logged.values())
    assert "\n" not in ACCESS_LOG_FORMAT
    assert len(ACCESS_LOG_FORMAT) <= 3 * 1024


def test_log_groups_exist_before_the_stage_and_expire_their_logs(built: Run) -> None:
    api = built.one(API).outputs["id"]
    groups = built.of_type(LOG_GROUP)
    names = (f"API-Gateway-Execution-Logs_{api}/dev", "/private-api/private-api-dev/dev/access")
    assert {g.inputs["name"] for g in groups} == {*names, *(f"{name}/Canary" for name in names)}
    assert {g.inputs["retentionInDays"] for g in groups} == {7}
    assert {g.urn for g in groups} <= built.one(STAGE_TYPE).dependencies


@pytest.mark.parametrize(("logs", "kept"), [("keep", {True}), ("delete", {False})])
def test_the_log_groups_of_a_stage_outlive_it_on_request(logs: str, kept: set[bool]) -> None:
    groups = with_stage(logs=logs).of_type(LOG_GROUP)
    assert {bool(group.options.get("retainOnDelete")) for group in groups} == kept


def test_resources_of_the_whole_account_are_kept_on_destroy() -> None:
    built = build(account_logging=AccountLogging.CREATE)
    kept = {r.type for r in built.resources if r.options.get("retainOnDelete")}
    assert kept == {ACCOUNT, ROLE, "aws:iam/rolePolicyAttachment:RolePolicyAttachment"}


def test_keys_of_two_stages_never_share_a_name_and_stay_secret() -> None:
    keys = {"dev": ["b-ops"], "dev-b": ["ops"]}
    stages = {
        name: {**STAGE, "api_keys": {"names": names, "throttle": STAGE["throttle"]}}
        for name, names in keys.items()
    }
    built = build(stages=stages)
    assert len(built.of_type("aws:apigateway/apiKey:ApiKey")) == 2
    # The provider marks the value of a key as secret, but not the copy in its usage plan.
    copies = built.of_type("aws:apigateway/usagePlanKey:UsagePlanKey")
    assert [copy.options["additionalSecretOutputs"] for copy in copies] == [["value"]] * 2


def test_every_child_has_the_component_as_parent(built: Run) -> None:
    children = [r for r in built.resources if r.custom and not r.type.startswith("pulumi:")]
    assert len(children) == 11
    assert {r.parent for r in children} == {built.one(COMPONENT).urn}


def proofs(run: Run) -> dict[str, Any]:
    """What is to be proven, by the name of the proof."""
    return {r.name: r.inputs["input"] for r in run.of_type(STASH)}


def test_every_new_link_and_every_used_one_is_proven() -> None:
    unused = proofs(build())
    assert set(unused) == {"api-blue-proof", "api-green-proof"}
    used = proofs(with_stage(canary={"target": "legacy", "percent": 10}))
    assert used["api-legacy-proof"] == {"vpc_link_id": "a1b2c3", "timeoutSeconds": 900}
    assert set(used) == {*unused, "api-legacy-proof"}


def test_a_proof_has_the_evidence_of_its_target() -> None:
    blue = {**ARGS["targets"]["blue"], "evidence": {"fleet": "f"}, "timeout_seconds": 60}
    run = build(targets={"blue": blue})
    link = run.one(LINK).outputs["id"]
    assert proofs(run) == {
        "api-blue-proof": {"vpc_link_id": link, "fleet": "f", "timeoutSeconds": 60}
    }


def test_a_stage_waits_for_the_proofs_of_its_targets() -> None:
    run = with_stage(canary={"target": "green", "percent": 10})
    dependencies = run.one(STAGE_TYPE).dependencies
    for name in ("api-blue-proof", "api-green-proof"):
        assert run.one(STASH, name).urn in dependencies


def test_a_stage_stays_known_while_its_proof_is_not() -> None:
    legacy = build(Phase.PREVIEW, stages={"dev": {**STAGE, "target": "legacy"}})
    assert legacy.one(STAGE_TYPE).inputs["variables"]["vpcLinkId"] == "a1b2c3"
    assert build(Phase.PREVIEW).one(STAGE_TYPE).inputs["variables"]["vpcLinkId"] is UNKNOWN
