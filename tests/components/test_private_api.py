"""The API sends requests to its targets, and a stage moves between them."""

import json
from typing import Any

import pytest

from components.private_api import (
    ACCESS_LOG_FORMAT,
    AccountLogging,
    EndpointType,
    PrivateApi,
    PrivateApiArgs,
    StageArgs,
)
from openapi.compiler import compile_routes
from openapi.routes import Route
from simulation.engine import UNKNOWN, Phase, Registered, Run, run_program

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
LINK = "aws:apigateway/vpcLink:VpcLink"
METHODS = "aws:apigateway/methodSettings:MethodSettings"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ACCOUNT = "aws:apigateway/account:Account"
ROLE = "aws:iam/role:Role"
PLAN = "aws:apigateway/usagePlan:UsagePlan"
KEY = "aws:apigateway/apiKey:ApiKey"
STASH = "pulumi:index:Stash"
COMPONENT = "privateapi:index:PrivateApi"


def build(phase: Phase = Phase.UPDATE, **changes: Any) -> Run:
    args: Any = {**ARGS, **changes}
    return run_program(
        lambda: PrivateApi("api", args), phase=phase, config={"aws:region": "us-east-2"}
    )


def with_stage(**changes: Any) -> Run:
    return build(stages={"dev": {**STAGE, **changes}})


def stage(run: Run) -> dict[str, Any]:
    return run.one(STAGE_TYPE, "api-dev-stage").inputs


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


def test_every_balancer_gets_a_link_and_an_existing_link_is_used(built: Run) -> None:
    links = {link.name: link for link in built.of_type(LINK)}
    assert {n: link.inputs["targetArn"] for n, link in links.items()} == {
        "api-blue-link": ARN.format("blue"),
        "api-green-link": ARN.format("green"),
    }
    assert built.one(COMPONENT).outputs["vpc_link_ids"] == {
        "blue": links["api-blue-link"].outputs["id"],
        "green": links["api-green-link"].outputs["id"],
        "legacy": "a1b2c3",
    }


@pytest.mark.parametrize(
    "target",
    [{"host": "x"}, {"host": "x", "vpc_link_id": "a1b2c3", "load_balancer_arn": ARN.format("x")}],
)
def test_a_target_has_either_a_balancer_or_a_link(target: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="set either load_balancer_arn or vpc_link_id"):
        build(targets={"blue": target})


def test_the_api_has_the_title_of_the_definition_and_no_content(built: Run) -> None:
    api = built.one(API).inputs
    assert api["name"] == "private-api-dev"
    assert not {"body", "policy", "binaryMediaTypes", "apiKeySource", "description"} & api.keys()


@pytest.mark.parametrize("endpoint", EndpointType)
def test_the_endpoint_has_the_configured_type(endpoint: EndpointType) -> None:
    api = build(endpoint_type=endpoint).one(API).inputs
    assert api["endpointConfiguration"]["types"] == endpoint.upper()


def test_the_definition_is_imported_and_a_warning_fails_the_import(built: Run) -> None:
    imported = built.one(IMPORT).inputs
    assert imported["body"] == DEFINITION.json
    assert imported["failOnWarnings"] is True
    assert imported["restApiId"] == built.one(API).outputs["id"]


def test_a_deployment_follows_its_import(built: Run) -> None:
    assert built.one(IMPORT).urn in built.one(DEPLOYMENT).dependencies
    assert built.one(DEPLOYMENT).inputs["triggers"] == {
        "definition": DEFINITION.fingerprint,
        "revision": "1",
        "endpointType": "REGIONAL",
    }


@pytest.mark.parametrize(
    ("change", "trigger"),
    [
        ({"revision": 2}, {"revision": "2"}),
        ({"endpoint_type": EndpointType.EDGE}, {"endpointType": "EDGE"}),
        ({"fingerprint": "other"}, {"definition": "other"}),
    ],
)
def test_what_is_not_in_the_definition_imports_and_deploys_again(
    built: Run, change: dict[str, Any], trigger: dict[str, str]
) -> None:
    changed = build(**change)
    for token in (IMPORT, DEPLOYMENT):
        before = built.one(token).inputs["triggers"]
        assert changed.one(token).inputs["triggers"] == {**before, **trigger}


def test_a_stage_selects_its_target_by_its_variables(built: Run) -> None:
    link = built.one(LINK, "api-blue-link").outputs["id"]
    assert stage(built)["variables"] == {"vpcLinkId": link, "backendHost": "blue.example"}


def test_moving_a_stage_changes_its_variables_and_nothing_else(built: Run) -> None:
    moved = with_stage(target="green")
    before = {r.urn: r.inputs for r in built.resources}
    after = {r.urn: r.inputs for r in moved.resources}
    changed = [urn for urn in before.keys() | after.keys() if before.get(urn) != after.get(urn)]
    assert changed == [moved.one(STAGE_TYPE).urn]
    assert {**stage(moved), "variables": None} == {**stage(built), "variables": None}


def test_a_stage_can_have_more_variables_than_its_targets() -> None:
    variables = stage(with_stage(variables={"tier": "gold"}))["variables"]
    assert variables["tier"] == "gold"
    assert variables["backendHost"] == "blue.example"


def test_without_a_canary_there_are_no_canary_settings(built: Run) -> None:
    assert stage(built)["stageName"] == "dev"
    assert "canarySettings" not in stage(built)


def test_a_canary_is_the_same_deployment_with_another_target() -> None:
    built = with_stage(canary={"target": "green", "percent": 10})
    assert stage(built)["canarySettings"] == {
        "deploymentId": stage(built)["deployment"],
        "percentTraffic": 10,
        "stageVariableOverrides": {
            "vpcLinkId": built.one(LINK, "api-green-link").outputs["id"],
            "backendHost": "green.example:8080",
        },
    }


def test_every_request_is_logged_as_json_with_the_response_of_the_service(built: Run) -> None:
    settings = stage(built)["accessLogSettings"]
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


def test_every_method_is_throttled_and_has_metrics_and_error_logs(built: Run) -> None:
    methods = built.one(METHODS).inputs
    assert methods["methodPath"] == "*/*"
    assert methods["settings"] == {
        "loggingLevel": "ERROR",
        "dataTraceEnabled": False,
        "metricsEnabled": True,
        "throttlingRateLimit": 50,
        "throttlingBurstLimit": 100,
    }


def test_requests_are_traced(built: Run) -> None:
    assert stage(built)["xrayTracingEnabled"] is True


def test_the_account_is_unchanged_by_default(built: Run) -> None:
    assert built.one(API)
    assert not built.of_type(ACCOUNT) + built.of_type(ROLE)


@pytest.fixture(scope="module")
def with_account() -> Run:
    return build(account_logging=AccountLogging.CREATE)


def test_api_gateway_can_assume_the_accounts_role_and_write_logs(with_account: Run) -> None:
    trust = json.loads(with_account.one(ROLE).inputs["assumeRolePolicy"])
    assert trust["Statement"][0]["Principal"] == {"Service": "apigateway.amazonaws.com"}
    attachment = with_account.one("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    assert attachment.inputs["policyArn"] == (
        "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    )
    account = with_account.one(ACCOUNT)
    assert account.inputs["cloudwatchRoleArn"] == with_account.one(ROLE).outputs["arn"]
    assert attachment.urn in account.dependencies


def test_resources_of_the_whole_account_are_kept_on_destroy(with_account: Run) -> None:
    kept = {r.type for r in with_account.resources if r.options.get("retainOnDelete")}
    assert kept == {ACCOUNT, ROLE, "aws:iam/rolePolicyAttachment:RolePolicyAttachment"}


def test_a_stage_and_its_methods_wait_for_the_accounts_role(with_account: Run) -> None:
    account = with_account.one(ACCOUNT).urn
    assert account in with_account.one(STAGE_TYPE).dependencies
    assert account in with_account.one(METHODS).dependencies


def test_without_account_logging_nothing_is_logged() -> None:
    built = build(account_logging=AccountLogging.OFF)
    assert built.one(METHODS).inputs["settings"]["loggingLevel"] == "OFF"
    assert "accessLogSettings" not in stage(built)
    assert not built.of_type(LOG_GROUP)


KEYS: dict[str, Any] = {
    "names": ["partner-a", "partner-b"],
    "throttle": {"rate_limit": 5, "burst_limit": 10},
    "quota": {"limit": 1000, "period": "DAY"},
}


@pytest.fixture(scope="module")
def with_keys() -> Run:
    return with_stage(api_keys=KEYS)


def test_api_keys_give_access_to_the_stage_through_a_usage_plan(with_keys: Run) -> None:
    plan = with_keys.one(PLAN)
    assert plan.inputs["throttleSettings"] == {"rateLimit": 5, "burstLimit": 10}
    assert plan.inputs["quotaSettings"] == {"limit": 1000, "period": "DAY"}
    (opened,) = plan.inputs["apiStages"]
    assert opened == {"apiId": with_keys.one(API).outputs["id"], "stage": "dev"}
    assert with_keys.one(STAGE_TYPE).urn in plan.dependencies
    keys = with_keys.of_type(KEY)
    joined = with_keys.of_type("aws:apigateway/usagePlanKey:UsagePlanKey")
    assert {j.inputs["keyId"] for j in joined} == {k.outputs["id"] for k in keys}
    assert len(keys) == 2


def test_keys_of_two_stages_never_share_a_name() -> None:
    stages = {
        "dev": {**STAGE, "api_keys": {**KEYS, "names": ["b-ops"]}},
        "dev-b": {**STAGE, "api_keys": {**KEYS, "names": ["ops"]}},
    }
    assert len(build(stages=stages).of_type(KEY)) == 2


def test_the_value_of_a_key_is_generated_by_aws(with_keys: Run) -> None:
    assert with_keys.of_type(KEY)
    assert not any("value" in key.inputs for key in with_keys.of_type(KEY))


def test_a_key_has_no_quota_by_default() -> None:
    unlimited = {key: value for key, value in KEYS.items() if key != "quota"}
    assert "quotaSettings" not in with_stage(api_keys=unlimited).one(PLAN).inputs


def test_at_preview_the_whole_definition_and_its_trigger_are_known() -> None:
    built = build(Phase.PREVIEW)
    assert built.one(IMPORT).inputs["body"] == DEFINITION.json
    assert UNKNOWN not in built.one(DEPLOYMENT).inputs["triggers"].values()


def test_the_urls_of_all_stages_are_an_output(built: Run) -> None:
    urls = built.one(COMPONENT).outputs["invoke_urls"]
    assert urls == {"dev": built.one(STAGE_TYPE).outputs["invokeUrl"]}


def test_every_child_has_the_component_as_parent(built: Run) -> None:
    children = [r for r in built.resources if r.custom and not r.type.startswith("pulumi:")]
    assert len(children) == 11
    assert {r.parent for r in children} == {built.one(COMPONENT).urn}


def proofs(run: Run) -> dict[str, Any]:
    """What is to be proven, by the name of the proof."""
    found = {r.name: r.inputs["input"] for r in run.of_type(STASH)}
    return {name: value for name, value in found.items() if name.endswith("-proof")}


def seal(run: Run) -> Registered:
    (found,) = (r for r in run.of_type(STASH) if not r.name.endswith("-proof"))
    return found


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
    assert stage(legacy)["variables"]["vpcLinkId"] == "a1b2c3"
    assert stage(build(Phase.PREVIEW))["variables"]["vpcLinkId"] is UNKNOWN


def test_the_seal_depends_on_every_proof_and_nothing_on_the_seal(built: Run) -> None:
    sealed = seal(built)
    assert sealed.dependencies == {
        built.one(STASH, "api-blue-proof").urn,
        built.one(STASH, "api-green-proof").urn,
    }
    assert not any(sealed.urn in resource.dependencies for resource in built.resources)


def test_another_generation_is_another_seal(built: Run) -> None:
    blue = {**ARGS["targets"]["blue"], "generation": "2"}
    changed = build(targets={**ARGS["targets"], "blue": blue})
    assert seal(changed).name != seal(built).name
    assert seal(build()).name == seal(built).name
