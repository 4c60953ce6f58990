"""What Pulumi Cloud shows about the pack and its rules, asked of the running pack."""

import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from policies.pack import about
from policies.pack.framework.rule import FSBP, Rule
from policies.pack.rules import RULES
from tests.stacks import ROOT

LEVELS = {proto.ADVISORY: "advisory", proto.MANDATORY: "mandatory"}
TEXT = {".json", ".md", ".py", ".yaml"}
SEVERITIES = ("", "low", "medium", "high", "critical")


@pytest.fixture(scope="module")
def info() -> Iterator[Any]:
    """The answer of the pack, started as the engine starts it."""
    command = [sys.executable, "-u", "."]
    with subprocess.Popen(command, cwd=ROOT / "policies", stdout=subprocess.PIPE) as started:
        try:
            assert started.stdout
            port = int(started.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                stub: Any = analyzer_pb2_grpc.AnalyzerStub(channel)
                yield stub.GetAnalyzerInfo(Empty(), timeout=60, wait_for_ready=True)
        finally:
            started.terminate()


@pytest.fixture(params=RULES, ids=lambda rule: rule.name)
def rule(request: pytest.FixtureRequest) -> Rule:
    """Each rule."""
    found: Rule = request.param
    return found


@pytest.fixture
def policy(rule: Rule, info: Any) -> Any:
    """What the pack answers about a rule."""
    return next(policy for policy in info.policies if policy.name == rule.name)


def test_the_pack_describes_itself(info: Any) -> None:
    manifest = about.manifest()
    assert (info.name, info.displayName, info.provider) == ("private-api", "Private API", "AWS")
    assert info.description == manifest["description"]
    assert info.repository == manifest["website"]
    assert info.readme.startswith("# The policy pack\n")
    assert "vpc-link" in info.tags
    assert info.supportsConfig


def test_it_answers_with_every_rule_in_order(info: Any) -> None:
    assert [policy.name for policy in info.policies] == [rule.name for rule in RULES]


def test_a_policy_has_its_texts(rule: Rule, policy: Any) -> None:
    assert policy.description == rule.title
    assert policy.remediation_steps == rule.fix
    assert LEVELS[policy.enforcementLevel] == rule.level
    assert SEVERITIES[policy.severity] == rule.severity


def test_a_display_name_is_a_few_words(policy: Any) -> None:
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]*( [A-Za-z0-9]+)+", policy.displayName)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("nlb-api-same-account-region", "NLB API same account region"),
        ("instance-imdsv2", "Instance IMDSv2"),
        ("vpclink-target-private", "VPC link target private"),
        ("route-authorization", "Route authorization"),
    ],
)
def test_abbreviations_are_spelled_as_aws_does(name: str, shown: str) -> None:
    assert next(rule for rule in RULES if rule.name == name).display_name == shown


def test_a_url_leads_to_the_section_of_the_policy(rule: Rule, policy: Any) -> None:
    page, _, anchor = policy.url.removeprefix(f"{about.documents()}/").partition("#")
    assert f"\n### {anchor}\n" in (ROOT / page).read_text()
    assert anchor == rule.name


def test_a_policy_belongs_to_a_framework_and_has_tags(rule: Rule, policy: Any) -> None:
    framework = policy.framework
    assert framework.specification == rule.title
    assert set(policy.tags) == {f"area:{rule.area.slug}", *rule.controls.split()}
    assert all(re.fullmatch(r"[a-z-]+:\S+", tag) for tag in policy.tags)
    if "fsbp:" in rule.controls:
        assert (framework.name, framework.version) == FSBP
        ids = [f"fsbp:{reference}" for reference in framework.reference.split(", ")]
        assert ids == [tag for tag in policy.tags if tag.startswith("fsbp:")]
    else:
        version = about.manifest()["version"]
        expected = ("Private API", version, rule.name)
        assert (framework.name, framework.version, framework.reference) == expected


def test_the_manifest_has_what_pulumi_reads() -> None:
    known = {"author", "description", "license", "main", "runtime", "version", "website"}
    manifest = about.manifest()
    assert manifest.keys() == known - {"main"}
    assert re.fullmatch(r"https://\S+[^/]", manifest["website"])


def test_the_address_of_the_repository_is_set_in_one_place() -> None:
    address = about.manifest()["website"].removeprefix("https://")
    files = [path for path in (ROOT / "policies").rglob("*") if path.suffix in TEXT]
    assert [path.name for path in files if address in path.read_text()] == ["PulumiPolicy.yaml"]
    assert address not in (ROOT / "docs" / "policies.md").read_text()


def test_links_of_the_readme_lead_somewhere_outside_of_the_repository() -> None:
    targets = re.findall(r"\]\(([^)#\s]+)\)", about.readme())
    assert all(target.startswith("https://") for target in targets)
    ours = [target for target in targets if target.startswith(about.documents())]
    assert ours
    for target in ours:
        assert (ROOT / target.removeprefix(f"{about.documents()}/")).exists()
