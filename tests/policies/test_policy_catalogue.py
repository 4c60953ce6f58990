"""What holds for all rules, their documentation and the pack."""

import ast
import importlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi_aws
import pytest
from pulumi_policy import EnforcementLevel

from policies.pack.framework.documentation import page, read_configs
from policies.pack.framework.rule import EVERY_RULE, Rule
from policies.pack.graph import tokens
from policies.pack.rules import AREAS, RULES, build
from simulation import analyzer
from simulation.engine import Phase, Registered, Run
from tests.policies.scene import Kind, put, swap
from tests.policies.test_each_rule import CASES
from tests.stacks import ROOT

PACK = ROOT / "policies"
MODULES = sorted((PACK / "pack").rglob("*.py"))
LEFT_OUT = {
    # These refuse whatever they see: there is nothing that they pass.
    ("no-default-vpc", Kind.PASSES),
    ("resource-not-covered", Kind.PASSES),
}


def ids(rule: Rule) -> str:
    """The name of a rule."""
    return rule.name


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_rule_is_tried_on_every_kind_of_case(rule: Rule) -> None:
    kinds = {case.kind for case in CASES if case.rule == rule.name}
    missing = {kind for kind in Kind if kind not in kinds and (rule.name, kind) not in LEFT_OUT}
    assert missing == set()


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_rule_says_what_it_is_for(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", rule.name)
    assert rule.title.endswith(".")
    assert rule.protects.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.fix[0].islower(), "it follows on 'Fix: '"
    assert rule.subjects
    for control in rule.controls:
        assert re.fullmatch(r"(fsbp|checkov|prowler|cdk-nag|trivy):[\w.-]+", control)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_rule_can_leave_resources_out(rule: Rule) -> None:
    assert rule.schema.keys() >= EVERY_RULE.keys()
    assert EVERY_RULE.keys().isdisjoint(rule.config)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_property_has_a_type_and_a_description(rule: Rule) -> None:
    for schema in rule.schema.values():
        assert schema["type"] in {"array", "boolean", "integer", "object", "string"}
        assert schema["description"].endswith(".")


def test_names_and_titles_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({rule.title for rule in RULES}) == len(RULES)


def test_a_policy_carries_all_that_its_rule_says() -> None:
    for rule, policy in zip(RULES, build(), strict=True):
        assert policy.name == rule.name
        assert policy.description == rule.title
        assert policy.enforcement_level is rule.level
        assert policy.severity is rule.severity
        assert policy.tags == list(rule.controls)
        assert policy.remediation_steps == rule.fix
        assert policy.config_schema
        assert policy.config_schema.properties == rule.schema


def test_no_rule_changes_what_a_program_says() -> None:
    assert {rule.level for rule in RULES} == {
        EnforcementLevel.MANDATORY,
        EnforcementLevel.ADVISORY,
    }
    assert not any(getattr(policy, "has_remediation", bool)() for policy in build())


TOKENS = {
    token
    for value in vars(tokens).values()
    for token in (value if isinstance(value, tuple) else (value,))
    if isinstance(token, str) and token.startswith("aws:")
}


@pytest.mark.parametrize("token", sorted(TOKENS))
def test_every_type_token_is_one_of_pulumi_aws(token: str) -> None:
    module, _, name = token.removeprefix("aws:").partition("/")
    owner = importlib.import_module(f"{pulumi_aws.__name__}.{module}")
    assert getattr(owner, name.partition(":")[2]).pulumi_type == token


WIRE_NAMES = {
    tokens.VPC_LINK: "targetArn",
    tokens.STAGE: "variables accessLogSettings canarySettings xrayTracingEnabled stageName "
    "webAclArn restApi deployment",
    tokens.REST_API: "body failOnWarnings endpointConfiguration securityPolicy rootResourceId",
    tokens.REST_API_PUT: "body failOnWarnings restApiId",
    tokens.INTEGRATION: "connectionId connectionType integrationTarget uri tlsConfig restApi",
    tokens.METHOD: "authorization apiKeyRequired httpMethod resourceId",
    tokens.METHOD_SETTINGS: "methodPath stageName settings",
    tokens.USAGE_PLAN: "apiStages throttleSettings quotaSettings",
    tokens.LOAD_BALANCERS[0]: "internal loadBalancerType subnets subnetMappings securityGroups "
    "enableCrossZoneLoadBalancing enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    tokens.LISTENERS[0]: "port protocol sslPolicy defaultActions loadBalancerArn",
    tokens.TARGET_GROUPS[0]: "healthCheck port",
    tokens.FLEET: "vpcZoneIdentifiers healthCheckType targetGroupArns launchTemplate "
    "mixedInstancesPolicy availabilityZones",
    tokens.LAUNCH_TEMPLATE: "metadataOptions networkInterfaces blockDeviceMappings userData "
    "iamInstanceProfile vpcSecurityGroupIds",
    tokens.INSTANCE: "metadataOptions associatePublicIpAddress rootBlockDevice ebsBlockDevices "
    "userData userDataBase64 iamInstanceProfile launchTemplate subnetId vpcSecurityGroupIds",
    tokens.VOLUME: "encrypted",
    tokens.SUBNET: "mapPublicIpOnLaunch availabilityZone vpcId",
    tokens.ROUTE_TABLE: "routes",
    tokens.ROUTE: "routeTableId gatewayId",
    tokens.ROUTE_TABLE_ASSOCIATION: "routeTableId subnetId",
    tokens.MAIN_ROUTE_TABLE: "routeTableId vpcId",
    tokens.DEFAULT_ROUTE_TABLE: "defaultRouteTableId routes",
    tokens.VPC: "cidrBlock defaultRouteTableId",
    tokens.FLOW_LOG: "vpcId trafficType",
    tokens.SECURITY_GROUP: "ingress",
    tokens.DEFAULT_SECURITY_GROUP: "ingress egress vpcId",
    tokens.SECURITY_GROUP_RULE: "type cidrBlocks ipv6CidrBlocks",
    tokens.INGRESS_RULE: "cidrIpv4 cidrIpv6 fromPort toPort referencedSecurityGroupId "
    "securityGroupId",
    tokens.ROLE: "assumeRolePolicy inlinePolicies managedPolicyArns",
    tokens.ROLE_POLICY: "policy",
    tokens.ROLE_POLICY_ATTACHMENT: "policyArn",
    tokens.LOG_GROUP: "retentionInDays",
    tokens.API_ACCOUNT: "cloudwatchRoleArn",
    tokens.DOMAIN_NAME: "securityPolicy",
    tokens.WEB_ACL_ASSOCIATION: "resourceArn",
    tokens.AUTHORIZER: "authorizerUri restApi",
}


@pytest.mark.parametrize(("token", "names"), WIRE_NAMES.items(), ids=lambda v: str(v)[-40:])
def test_every_property_that_rules_read_exists(token: str, names: str) -> None:
    module, _, name = token.removeprefix("aws:").partition("/")
    owner = importlib.import_module(f"{pulumi_aws.__name__}.{module}")
    resource = getattr(owner, name.partition(":")[2])
    known = {
        getattr(value.fget, "_pulumi_name", "")
        for value in vars(resource).values()
        if isinstance(value, property)
    }
    assert set(names.split()) <= known


def test_the_page_is_what_the_records_say() -> None:
    written = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert written == page(AREAS, read_configs(PACK)), "python -m policies.pack > docs/policies.md"


def test_the_page_is_printed_by_a_command() -> None:
    command = [sys.executable, "-m", "policies.pack"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout == page(AREAS, read_configs(PACK))


def test_the_page_tells_every_rule_and_every_level() -> None:
    text = page(AREAS, {"x": {"nlb-internal": "disabled", "all": "advisory"}})
    assert "| [`nlb-internal`](#nlb-internal) | resource | mandatory | disabled |" in text
    assert "| [`nlb-zones`](#nlb-zones) | stack | mandatory | advisory |" in text
    for rule in RULES:
        assert f"### {rule.name}\n\n**{rule.title}**" in text
        assert rule.fix in text
        for control in rule.controls:
            assert f"`{control}`" in text


def test_the_pack_imports_neither_the_provider_s_sdk_nor_the_project() -> None:
    code = (
        "import sys; from pack.rules import build; build(); "
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('pulumi_aws', 'operations', 'components', 'settings', 'tests', 'jsonschema')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PACK, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACK / "pack")))
def test_modules_of_the_pack_import_each_other_relatively(path: Path) -> None:
    absolute = [
        name
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom) and not node.level
            else []
        )
    ]
    assert {name.split(".")[0] for name in absolute}.isdisjoint({"pack", "policies"})


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACK / "pack")))
def test_no_rule_slices_what_the_sdk_hands_over(path: Path) -> None:
    """A slice of a proxied list shows its unknowns as text, so only `values` touches proxies."""
    text = path.read_text()
    assert "args.props" not in text
    assert path.name in {"resource.py", "values.py"} or "_seen.props" not in text


def test_the_pack_is_one_call_that_needs_no_environment_of_its_own() -> None:
    assert sorted(p.name for p in PACK.iterdir() if p.suffix in {".toml", ".txt", ".py"}) == [
        "__main__.py"
    ]
    manifest = (PACK / "PulumiPolicy.yaml").read_text()
    assert "toolchain: uv" in manifest
    assert re.search(r"^version: \d+\.\d+\.\d+$", manifest, re.MULTILINE)


def test_importing_the_pack_s_main_module_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(PACK)
    spec = importlib.util.spec_from_file_location("pack_main", PACK / "__main__.py")
    assert spec
    assert spec.loader
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


WHISPER = "hunter2-of-the-cellar"


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths to every text inside a value."""
    if isinstance(value, str):
        return [path]
    entries: Any = ()
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    return [found for key, item in entries for found in leaves(item, (*path, key))]


def whispering(run: Run, index: int) -> Run:
    """The run with one text of every resource, the same one, replaced by a secret."""
    for resource in run.resources:
        new: Registered = resource
        for side in ("inputs", "outputs"):
            paths = leaves(getattr(resource, side))
            if resource.custom and len(paths) > index:
                changed = put(getattr(resource, side), paths[index], WHISPER)
                new = new.__class__(**{**vars(new), side: changed})
        run = swap(run, resource, new)
    return run


@pytest.mark.parametrize("index", range(10))
def test_no_finding_quotes_what_might_be_a_secret(
    index: int, runs: dict[tuple[str, Phase], Run]
) -> None:
    told = whispering(runs["dev", Phase.UPDATE], index)
    assert WHISPER in repr([r.inputs for r in told.resources])
    judged = analyzer.analyze_run(told, {"all": "advisory"})
    assert WHISPER not in repr(judged)


@pytest.mark.parametrize("rule", [r for r in RULES if r.kind == "resource"], ids=ids)
def test_a_resource_that_was_only_read_is_not_judged_by_its_missing_inputs(rule: Rule) -> None:
    urn = "urn:pulumi:dev::x::t::read"
    for subject in rule.subjects:
        read = Registered(urn, subject, "read", "", True, {}, {"id": "x"})
        judged = analyzer.analyze_run(Run(Phase.PREVIEW, "x", "dev", (read,)), {}, [rule.policy()])
        if rule.name != "no-default-vpc":
            assert judged.findings == ()
            assert [entry.reason for entry in judged.not_applicable] == ["was read, not made here"]


EXCLUDED = [
    ("nlb-internal", {"exclude": ["blue-*"]}),
    ("nlb-internal", {"include": ["green-*"]}),
    ("nlb-zones", {"exclude": ["blue-nlb"]}),
    ("nlb-zones", {"include": ["?reen-nlb"]}),
]


@pytest.mark.parametrize(("name", "config"), EXCLUDED)
def test_resources_are_left_out_by_name(
    name: str, config: dict[str, Any], runs: dict[tuple[str, Phase], Run]
) -> None:
    run = runs["dev", Phase.UPDATE]
    nlb = run.one(tokens.LOAD_BALANCERS[0])
    changes = {"internal": False, "subnets": ["subnet-1"]}
    bad = nlb.__class__(
        **{**vars(nlb), "inputs": nlb.inputs | changes, "outputs": nlb.outputs | changes}
    )
    pack = [next(rule for rule in RULES if rule.name == name).policy()]
    assert analyzer.findings_of(swap(run, nlb, bad), {}, pack)
    assert analyzer.findings_of(swap(run, nlb, bad), {name: config}, pack) == ()
