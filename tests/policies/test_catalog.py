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
from pulumi_policy import EnforcementLevel, Severity

from policies.pack import resource_types as types
from policies.pack.framework.documentation import page, read_configs
from policies.pack.framework.rule import (
    COMMON_PROPERTIES,
    DECIDED_LATER,
    Area,
    Config,
    Rule,
    Verdicts,
    Violation,
)
from policies.pack.graph.resource import Resource
from policies.pack.rules import AREAS, RULES, build
from simulation import analyzer
from simulation.engine import UNKNOWN, Phase, Registered, Run
from tests.policies.case import Kind
from tests.policies.case import rule as rule_named
from tests.policies.cases import CASES
from tests.policies.changes import changed, put, swap
from tests.policies.parts import NLB
from tests.stacks import ROOT

PACK = ROOT / "policies"
MODULES = sorted((PACK / "pack").rglob("*.py"))
LEFT_OUT = {
    # Every resource of their types violates these, whatever its properties are.
    ("no-default-vpc", Kind.PASSES),
    ("no-default-vpc", Kind.ILL_TYPED),
    ("resource-not-covered", Kind.ILL_TYPED),
    # These read an option of the engine, not a property.
    ("deployment-create-first", Kind.ILL_TYPED),
    ("web-acl-delete-first", Kind.ILL_TYPED),
    ("resource-not-covered", Kind.PASSES),
}


def ids(rule: Rule) -> str:
    """The name of a rule."""
    return rule.name


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_rule_has_a_case_of_every_kind(rule: Rule) -> None:
    kinds = {case.kind for case in CASES if case.rule == rule.name}
    missing = {kind for kind in Kind if kind not in kinds and (rule.name, kind) not in LEFT_OUT}
    assert missing == set()


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_record_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", rule.name)
    assert rule.title.endswith(".")
    assert rule.rationale.endswith(".")
    assert rule.fix.endswith(".")
    assert rule.fix[0].islower(), "it follows 'Fix: '"
    assert rule.resource_types
    for control in rule.controls.split():
        assert re.fullmatch(r"(fsbp|checkov|prowler|cdk-nag|trivy):[\w.-]+", control)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_rule_can_exclude_resources(rule: Rule) -> None:
    assert rule.schema.keys() >= COMMON_PROPERTIES.keys()
    assert COMMON_PROPERTIES.keys().isdisjoint(rule.config)


@pytest.mark.parametrize("rule", RULES, ids=ids)
def test_every_property_has_a_type_and_a_description(rule: Rule) -> None:
    for schema in rule.schema.values():
        assert schema["type"] in {"array", "boolean", "integer", "object", "string"}
        assert schema["description"].endswith(".")


def test_names_and_titles_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert len({rule.title for rule in RULES}) == len(RULES)


def test_a_policy_has_everything_that_its_record_says() -> None:
    for rule, policy in zip(RULES, build(), strict=True):
        assert policy.name == rule.name
        assert policy.description == rule.title
        assert policy.enforcement_level is EnforcementLevel(rule.level)
        assert policy.severity is Severity(rule.severity)
        assert policy.tags == rule.tags
        assert policy.remediation_steps == rule.fix
        assert policy.config_schema
        assert policy.config_schema.properties == rule.schema


def test_no_rule_remediates() -> None:
    assert {rule.level for rule in RULES} == {"mandatory", "advisory"}
    assert not any(getattr(policy, "has_remediation", bool)() for policy in build())


PYTHON = {"lambda": "lambda_"}
"""Names of modules that are words of Python."""
TOKENS = {
    token
    for value in vars(types).values()
    for token in (value if isinstance(value, tuple) else (value,))
    if isinstance(token, str) and token.startswith("aws:")
}


@pytest.mark.parametrize("token", sorted(TOKENS))
def test_every_type_token_is_one_of_pulumi_aws(token: str) -> None:
    module, _, name = token.removeprefix("aws:").partition("/")
    owner = importlib.import_module(f"{pulumi_aws.__name__}.{PYTHON.get(module, module)}")
    assert getattr(owner, name.partition(":")[2]).pulumi_type == token


WIRE_NAMES = {
    types.VPC_LINK: "targetArn",
    types.VPC_LINK_V2: "securityGroupIds subnetIds",
    types.CLASSIC_BALANCER: "internal subnets",
    types.EIP: "instance networkInterface",
    types.VPC_ENDPOINT: "policy serviceName subnetIds vpcEndpointType",
    types.EIP_ASSOCIATION: "instanceId networkInterfaceId",
    types.EXCLUSIVE_ATTACHMENTS[0]: "policyArns",
    types.EXCLUSIVE_ATTACHMENTS[1]: "policyArns",
    types.EXCLUSIVE_ATTACHMENTS[2]: "policyArns",
    types.LAUNCH_CONFIGURATION: "metadataOptions associatePublicIpAddress rootBlockDevice "
    "ebsBlockDevices userData userDataBase64 iamInstanceProfile",
    types.SPOT_INSTANCE: "metadataOptions associatePublicIpAddress rootBlockDevice "
    "ebsBlockDevices userData userDataBase64 iamInstanceProfile launchTemplate subnetId",
    types.PREFIX_LIST: "entries",
    types.PREFIX_LIST_ENTRY: "cidr prefixListId",
    types.INTERNET_GATEWAY_ATTACHMENT: "internetGatewayId vpcId",
    types.STAGE: "variables accessLogSettings canarySettings xrayTracingEnabled stageName "
    "webAclArn restApi deployment",
    types.REST_API: "body failOnWarnings endpointConfiguration securityPolicy rootResourceId "
    "disableExecuteApiEndpoint endpointAccessMode executionArn",
    types.REST_API_PUT: "body failOnWarnings restApiId",
    types.INTEGRATION: "connectionId connectionType integrationTarget uri tlsConfig restApi type "
    "cacheKeyParameters requestParameters requestTemplates",
    types.METHOD: "authorization apiKeyRequired httpMethod requestParameters resourceId",
    types.METHOD_SETTINGS: "methodPath stageName settings",
    types.USAGE_PLAN: "apiStages throttleSettings quotaSettings",
    types.LOAD_BALANCERS[0]: "internal loadBalancerType subnets subnetMappings securityGroups "
    "enableCrossZoneLoadBalancing enforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
    types.LISTENERS[0]: "port protocol sslPolicy defaultActions loadBalancerArn",
    types.TARGET_GROUPS[0]: "healthCheck port",
    types.FLEET: "vpcZoneIdentifiers healthCheckType targetGroupArns launchTemplate "
    "mixedInstancesPolicy availabilityZones",
    types.LAUNCH_TEMPLATE: "metadataOptions networkInterfaces blockDeviceMappings userData "
    "iamInstanceProfile vpcSecurityGroupIds",
    types.INSTANCE: "metadataOptions associatePublicIpAddress rootBlockDevice ebsBlockDevices "
    "userData userDataBase64 iamInstanceProfile launchTemplate subnetId vpcSecurityGroupIds",
    types.VOLUME: "encrypted",
    types.SUBNET: "mapPublicIpOnLaunch availabilityZone vpcId",
    types.ROUTE_TABLE: "routes",
    types.ROUTE: "routeTableId gatewayId",
    types.ROUTE_TABLE_ASSOCIATION: "routeTableId subnetId",
    types.MAIN_ROUTE_TABLE: "routeTableId vpcId",
    types.DEFAULT_ROUTE_TABLE: "defaultRouteTableId routes",
    types.VPC: "cidrBlock defaultRouteTableId mainRouteTableId",
    types.FLOW_LOG: "vpcId trafficType logDestination",
    types.SECURITY_GROUP: "ingress egress",
    types.EGRESS_RULE: "cidrIpv4 cidrIpv6 fromPort toPort ipProtocol prefixListId "
    "referencedSecurityGroupId securityGroupId",
    types.DEFAULT_SECURITY_GROUP: "ingress egress vpcId",
    types.SECURITY_GROUP_RULE: "type cidrBlocks ipv6CidrBlocks prefixListIds self",
    types.INGRESS_RULE: "cidrIpv4 cidrIpv6 fromPort toPort ipProtocol prefixListId "
    "referencedSecurityGroupId securityGroupId",
    types.ROLE: "assumeRolePolicy inlinePolicies managedPolicyArns",
    types.ROLE_POLICY: "policy",
    types.ROLE_POLICY_ATTACHMENT: "policyArn",
    types.LOG_GROUP: "retentionInDays",
    types.API_ACCOUNT: "cloudwatchRoleArn",
    types.DOMAIN_NAME: "securityPolicy domainName endpointConfiguration region certificateArn "
    "regionalCertificateArn mutualTlsAuthentication",
    types.BASE_PATH_MAPPING: "domainName restApi",
    types.WEB_ACL_ASSOCIATION: "resourceArn",
    types.AUTHORIZER: "authorizerUri authorizerCredentials authorizerResultTtlInSeconds "
    "identitySource restApi type",
    types.LAMBDA_PERMISSION: "function principal qualifier sourceArn",
}


@pytest.mark.parametrize(("token", "names"), WIRE_NAMES.items(), ids=lambda v: str(v)[-40:])
def test_every_property_that_rules_read_exists(token: str, names: str) -> None:
    module, _, name = token.removeprefix("aws:").partition("/")
    owner = importlib.import_module(f"{pulumi_aws.__name__}.{PYTHON.get(module, module)}")
    resource = getattr(owner, name.partition(":")[2])
    known = {
        getattr(value.fget, "_pulumi_name", "")
        for value in vars(resource).values()
        if isinstance(value, property)
    }
    assert set(names.split()) <= known


def test_the_page_is_generated_from_the_records() -> None:
    written = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert written == page(AREAS, read_configs(PACK)), "python -m policies.pack > docs/policies.md"


def test_a_command_prints_the_page() -> None:
    command = [sys.executable, "-m", "policies.pack"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed.stdout == page(AREAS, read_configs(PACK))


def test_the_page_shows_every_rule_and_every_level() -> None:
    text = page(AREAS, {"x": {"nlb-internal": "disabled", "all": "advisory"}})
    assert "| [`nlb-internal`](#nlb-internal) | resource | mandatory | disabled |" in text
    assert "| [`nlb-zones`](#nlb-zones) | stack | mandatory | advisory |" in text
    for rule in RULES:
        assert f"### {rule.name}\n\n**{rule.title}**" in text
        assert rule.fix in text
        for control in rule.controls.split():
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
def test_only_one_module_touches_the_internals_of_the_sdk(path: Path) -> None:
    """For one, a slice of a proxied list shows its unknown values as text."""
    if path.name != "sdk.py":
        text = path.read_text()
        for internal in ("args.props", "self._source.", "pulumi_policy.p", "UnknownValueError"):
            assert internal not in text


def test_the_pack_uses_the_environment_of_the_project() -> None:
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


SECRET = "hunter2-of-the-cellar"


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


def with_secret(run: Run, index: int) -> Run:
    """The run with the text at an index replaced by a secret, in every resource."""
    for resource in run.resources:
        new: Registered = resource
        for side in ("inputs", "outputs"):
            paths = leaves(getattr(resource, side))
            if resource.custom and len(paths) > index:
                changed = put(getattr(resource, side), paths[index], SECRET)
                new = new.__class__(**{**vars(new), side: changed})
        run = swap(run, resource, new)
    return run


@pytest.mark.parametrize("index", range(10))
def test_no_finding_quotes_what_might_be_a_secret(
    index: int, runs: dict[tuple[str, Phase], Run]
) -> None:
    run = with_secret(runs["dev", Phase.UPDATE], index)
    assert SECRET in repr([r.inputs for r in run.resources])
    analysis = analyzer.analyze_run(run, {"all": "advisory"})
    assert SECRET not in repr(analysis)


@pytest.mark.parametrize("rule", [r for r in RULES if r.kind == "resource"], ids=ids)
def test_a_resource_that_was_only_read_is_not_checked(rule: Rule) -> None:
    urn = "urn:pulumi:dev::x::t::read"
    for token in rule.resource_types:
        read = Registered(urn, token, "read", "", True, {}, {"id": "x"})
        analysis = analyzer.analyze_run(
            Run(Phase.PREVIEW, "x", "dev", (read,)), {}, [rule.policy()]
        )
        if rule.name != "no-default-vpc":
            assert analysis.findings == ()
            assert [entry.reason for entry in analysis.not_applicable] == [
                "was read, not created here"
            ]


def lab_rule() -> Rule:
    """A rule for which `settings.wrong` is wrong, and which then needs `settings.later`."""
    lab = Area("Lab").resource_rule(
        name="lab-rule",
        title="Is right.",
        level="mandatory",
        severity="low",
        resource_types=[types.VPC],
        rationale="x",
        fix="x",
    )

    @lab
    def check(resource: Resource, _: Config) -> Verdicts:
        if resource.peek("settings.wrong"):
            yield Violation(resource, "is wrong.")
        resource.known("settings.later")

    return lab


def analyzed(phase: Phase, **settings: Any) -> analyzer.Analysis:
    """What that rule reports about a VPC."""
    urn = "urn:pulumi:dev::x::t::vpc"
    vpc = Registered(urn, types.VPC, "vpc", "", True, {"settings": settings}, {})
    return analyzer.analyze_run(Run(phase, "x", "dev", (vpc,)), {}, [lab_rule().policy()])


@pytest.mark.parametrize("phase", Phase)
def test_a_violation_is_reported_although_a_later_property_is_unknown(phase: Phase) -> None:
    found = analyzed(phase, wrong=True, later=UNKNOWN).findings
    assert "Is right.\n'vpc' is wrong.\nFix: x" in {finding.message for finding in found}


def test_at_a_preview_an_unknown_input_is_not_applicable_yet() -> None:
    analysis = analyzed(Phase.PREVIEW, later=UNKNOWN)
    assert analysis.findings == ()
    [entry] = analysis.not_applicable
    assert entry.reason == f"{DECIDED_LATER}settings.later of 'vpc'"


def test_outside_a_preview_an_unknown_input_is_reported() -> None:
    [finding] = analyzed(Phase.UPDATE, later=UNKNOWN).findings
    assert finding.message.endswith("not known yet: settings.later of 'vpc'")


def test_the_update_decides_what_the_preview_left_open() -> None:
    assert analyzed(Phase.UPDATE, wrong=True, later=1).findings[0].is_mandatory
    assert analyzed(Phase.UPDATE, later=1) == analyzer.Analysis((), ())


EXCLUDED = [
    ("nlb-internal", {"exclude": ["blue-*"]}),
    ("nlb-internal", {"include": ["green-*"]}),
    ("nlb-zones", {"exclude": ["blue-nlb"]}),
    ("nlb-zones", {"include": ["?reen-nlb"]}),
]


@pytest.mark.parametrize(("name", "config"), EXCLUDED)
def test_resources_are_excluded_by_name(
    name: str, config: dict[str, Any], runs: dict[tuple[str, Phase], Run]
) -> None:
    bad = (NLB.set("internal", False), NLB.set("subnets", ["subnet-1"]))
    run = changed(runs["dev", Phase.UPDATE], *bad)
    pack = [rule_named(name).policy()]
    assert analyzer.findings_of(run, {}, pack)
    assert analyzer.findings_of(run, {name: config}, pack) == ()
