"""The bootstrap's program: the roles, whom they trust, and the configuration."""

import json
import re

import pulumi
import pytest
from ruamel.yaml import YAML

from bootstrap.delivery import roles
from bootstrap.delivery.grants import Grant
from simulation import analyzer, pack_config
from simulation.engine import Phase, Run, run_program
from tests.bootstrap.aws_calls import ACCOUNT
from tests.bootstrap.documents import BUCKET, KEY, READING, SCOPE, WRITING
from tests.stacks import ROOT

OWN = "private-api-bootstrap:"
PREFIX = "repo:acme@123456/private-api@456789"
HOST = "token.actions.githubusercontent.com"
CONFIG = {
    "aws:region": "us-east-2",
    "aws:allowedAccountIds": json.dumps([ACCOUNT]),
    f"{OWN}owner": "platform",
    f"{OWN}subjectPrefix": PREFIX,
    f"{OWN}githubProvider": "create",
    f"{OWN}project": "private-api",
    f"{OWN}stateBucket": BUCKET,
    f"{OWN}secretsKeyArn": KEY,
    f"{OWN}hostedZoneIds": json.dumps(SCOPE.hosted_zones),
    f"{OWN}truststoreArns": json.dumps(SCOPE.truststores),
    f"{OWN}authorizerRoleArns": json.dumps(SCOPE.authorizer_roles),
}
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"


@pytest.fixture(scope="module")
def bootstrap() -> Run:
    return run({}, Phase.UPDATE)


def run(
    changes: dict[str, str], phase: Phase = Phase.PREVIEW, base: dict[str, str] = CONFIG
) -> Run:
    program = ROOT / "bootstrap" / "__main__.py"
    return run_program(program, phase=phase, project="private-api-bootstrap", config=base | changes)


@pytest.mark.parametrize(
    ("role", "subject"), [("preview", "pull_request"), ("deploy", "environment:dev")]
)
def test_each_role_trusts_one_kind_of_job_of_one_repository(
    role: str, subject: str, bootstrap: Run
) -> None:
    inputs = bootstrap.one(ROLE, f"private-api-dev-{role}").inputs
    (statement,) = json.loads(inputs["assumeRolePolicy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"},
        "Condition": {
            "StringEquals": {
                f"{HOST}:aud": "sts.amazonaws.com",
                f"{HOST}:sub": f"{PREFIX}:{subject}",
            }
        },
    }


def attached(run: Run, role: str) -> set[str]:
    """Names of the policies that a role of the bootstrap has."""
    policies = {policy.urn: policy.name for policy in run.of_type(POLICY)}
    return {
        policies[urn]
        for attachment in run.of_type(ATTACHMENT)
        if run.one(ROLE, role).urn in attachment.dependencies
        for urn in attachment.dependencies & policies.keys()
    }


def test_each_role_has_its_policies_and_at_most_ten(bootstrap: Run) -> None:
    reading = {f"private-api-dev-{name}" for name in READING}
    writing = {f"private-api-dev-{name}" for name in WRITING}
    assert attached(bootstrap, "private-api-dev-preview") == reading
    assert attached(bootstrap, "private-api-dev-deploy") == reading | writing
    assert len(reading | writing) <= 10


def test_the_policies_are_the_tested_ones_and_known_before_an_update() -> None:
    written = {r.name: json.loads(r.inputs["policy"]) for r in run({}).of_type(POLICY)}
    expected = {**READING, **WRITING, "role-boundary": roles.boundary(SCOPE)}
    assert written == {f"private-api-dev-{name}": policy for name, policy in expected.items()}


def test_the_boundary_has_the_name_that_the_permissions_use(bootstrap: Run) -> None:
    boundary = bootstrap.one(POLICY, "private-api-dev-role-boundary")
    assert SCOPE.boundary == f"arn:aws:iam::{ACCOUNT}:policy/{boundary.inputs['name']}"


def test_the_administrator_decides_what_else_instances_may_do() -> None:
    statement = {"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::orders/*"]}
    widened = run({f"{OWN}instanceStatements": json.dumps([statement])})
    policy = json.loads(widened.one(POLICY, "private-api-dev-role-boundary").inputs["policy"])
    grant = Grant(("s3:GetObject",), ("arn:aws:s3:::orders/*",))
    assert policy == roles.boundary(SCOPE, [grant])
    assert policy != roles.boundary(SCOPE)


def test_the_identity_provider_outlives_the_stack(bootstrap: Run) -> None:
    provider = bootstrap.one(PROVIDER)
    assert provider.inputs["url"] == f"https://{HOST}"
    assert provider.inputs["clientIdLists"] == ["sts.amazonaws.com"]
    assert provider.options["retainOnDelete"] is True
    assert provider.urn in bootstrap.one(ROLE, "private-api-dev-deploy").dependencies


def test_an_existing_identity_provider_is_used_as_it_is(bootstrap: Run) -> None:
    assert bootstrap.of_type(PROVIDER)
    existing = run({f"{OWN}githubProvider": "existing"}, Phase.UPDATE)
    assert existing.of_type(ROLE)
    assert existing.of_type(PROVIDER) == []


def test_the_tags_of_the_roles_give_no_stack_access_to_them(bootstrap: Run) -> None:
    tags = {"project": "private-api-bootstrap", "stack": "dev", "owner": "platform"}
    for resource in (*bootstrap.of_type(ROLE), *bootstrap.of_type(POLICY)):
        assert resource.inputs["tags"] == tags


def test_the_default_project_is_the_deployed_one() -> None:
    own, deployed = (
        YAML(typ="safe", pure=True).load(folder / "Pulumi.yaml")
        for folder in (ROOT / "bootstrap", ROOT)
    )
    assert own["config"]["project"]["default"] == deployed["name"]


def test_the_policy_pack_finds_no_violation(bootstrap: Run) -> None:
    config = pack_config.read_config(ROOT / "policies" / "config.ci.json")
    assert analyzer.findings_of(bootstrap, config) == ()
    findings = analyzer.findings_of(run({}), config)
    assert [finding for finding in findings if finding.is_mandatory] == []


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("aws:region", "Ohio", "aws:region is 'Ohio'"),
        ("aws:allowedAccountIds", "[]", "aws:allowedAccountIds is []"),
        ("aws:allowedAccountIds", "[111122223333]", "exactly one account id in quotes"),
        (f"{OWN}owner", "", "private-api-bootstrap:owner is ''"),
        (f"{OWN}subjectPrefix", "acme/private-api", "sub_claim_prefix"),
        (f"{OWN}subjectPrefix", "repo:acme/*", "subjectPrefix is 'repo:acme/*'"),
        (f"{OWN}subjectPrefix", "repo:acme@1/private-api", "sub_claim_prefix"),
        (f"{OWN}githubProvider", "yes", "create, or existing"),
        (f"{OWN}project", "a b", "the project name in the deployed Pulumi.yaml"),
        (f"{OWN}stateBucket", "s3://acme", "the name of a bucket"),
        (f"{OWN}secretsKeyArn", "alias/state", "not of an alias"),
        (f"{OWN}instanceStatements", '[{"actions": ["*"], "resources": ["*"]}]', "s3:GetObject"),
        (f"{OWN}instanceStatements", '[{"actions": ["s3:Get*"]}]', "one of `resources`"),
        (f"{OWN}instanceStatements", '["s3:GetObject"]', "has 's3:GetObject'"),
        (f"{OWN}hostedZoneIds", '["example.com"]', "has 'example.com'; each must be the ID"),
        (f"{OWN}truststoreArns", '["s3://acme-trust/a.pem"]', "each must be the ARN of a file"),
        (
            f"{OWN}authorizerRoleArns",
            '["callers"]',
            "has 'callers'; each must be the ARN of a role",
        ),
    ],
)
def test_a_bad_value_is_rejected_in_one_line_that_names_its_key(
    key: str, value: str, message: str
) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(message)) as caught:
        run({key: value})
    assert str(caught.value).startswith(key)
    assert len(str(caught.value).splitlines()) == 1


def test_all_bad_values_are_rejected_at_once() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run({}, base={})
    assert len(str(caught.value).splitlines()) == 6
