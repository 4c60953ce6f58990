"""What GitHub's roles may do: all that the program needs, on one stack, and nothing else."""

import itertools
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from bootstrap.delivery import policies, roles, state
from bootstrap.delivery.grants import (
    MAX_CHARACTERS,
    Document,
    Grant,
    Scope,
    both,
    document,
    fitting,
)
from simulation import analyzer
from simulation.engine import Phase, Registered, Run, run_program
from tests.bootstrap.aws_calls import ACCOUNT, Caller, calls
from tests.bootstrap.iam import Request, allowed, covers
from tests.stacks import ROOT, run_stack

PROGRAM = ROOT / "bootstrap" / "__main__.py"
PREFIX = "repo:acme@123456/private-api@456789"
CONFIG = {
    "aws:region": "us-east-2",
    "aws:allowedAccountIds": json.dumps([ACCOUNT]),
    "private-api-bootstrap:owner": "platform",
    "private-api-bootstrap:subjectPrefix": PREFIX,
    "private-api-bootstrap:githubProvider": "create",
    "private-api-bootstrap:project": "private-api",
    "private-api-bootstrap:stateBucket": "acme-state",
    "private-api-bootstrap:secretsKeyArn": f"arn:aws:kms:us-east-2:{ACCOUNT}:key/1a2b-3c4d",
}
SCOPE = Scope(account=ACCOUNT, region="us-east-2", project="private-api", stack="dev")
STATE = "acme-state", CONFIG["private-api-bootstrap:secretsKeyArn"]
READING, WRITING = policies.reading(SCOPE, *STATE), policies.writing(SCOPE, *STATE)
PREVIEW = list(READING.values())
DEPLOY = [*READING.values(), *WRITING.values()]
DOCUMENTS = {**READING, **WRITING, "boundary": roles.boundary()}
CALLS = calls(Caller())
ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
ANYTHING: list[tuple[tuple[str, Any], ...]] = [
    (),
    (
        (
            "network",
            {
                "vpcId": "vpc-0123456789abcdef0",
                "subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
            },
        ),
        (
            "targets.mine",
            {"port": 8080, "healthPath": "/health", "instances": ["i-0123456789abcdef0"]},
        ),
        ("stages.dev.canary", {"target": "mine", "percent": 10}),
        (
            "stages.dev.apiKeys",
            {"names": ["partner"], "throttle": {"rateLimit": 5, "burstLimit": 10}},
        ),
    ),
    (
        ("network", {}),
        (
            "targets.blue",
            {
                "loadBalancerArn": f"arn:aws:elasticloadbalancing:us-east-2:{ACCOUNT}:"
                "loadbalancer/net/theirs/50dc6c495c0c9188",
                "host": "theirs-50dc6c495c0c9188.elb.us-east-2.amazonaws.com",
            },
        ),
    ),
]
"""Changes to the shipped configuration that make every resource type there is."""


@pytest.fixture(scope="module")
def made() -> list[Registered]:
    """Everything that the program ever makes in AWS."""
    runs = [run_stack(*changes) for changes in ANYTHING]
    return [r for found in runs for r in found.resources if r.type.startswith("aws:")]


@pytest.fixture(scope="module")
def bootstrap() -> Run:
    return deploy()


def deploy(phase: Phase = Phase.UPDATE, **changes: str) -> Run:
    config = CONFIG | {f"private-api-bootstrap:{key}": value for key, value in changes.items()}
    return run_program(PROGRAM, phase=phase, project="private-api-bootstrap", config=config)


def attached(run: Run, role: str) -> set[str]:
    """Names of the policies that a role of the bootstrap has."""
    policies = {policy.urn: policy.name for policy in run.of_type(POLICY)}
    return {
        policies[urn]
        for attachment in run.of_type(ATTACHMENT)
        if run.one(ROLE, role).urn in attachment.dependencies
        for urn in attachment.dependencies & policies.keys()
    }


# What the program needs


def test_permissions_are_given_for_the_types_that_the_program_makes_and_no_other(
    made: list[Registered],
) -> None:
    types = {resource.type for resource in made}
    assert policies.resource_types(SCOPE) == types
    assert CALLS.keys() == types, "tests/aws_calls.py knows what each type takes"


@pytest.mark.parametrize("token", sorted(CALLS))
def test_the_deploying_role_may_do_all_that_a_type_takes(token: str) -> None:
    asked = (*CALLS[token].read, *CALLS[token].write)
    assert [request for request in asked if not allowed(DEPLOY, request)] == []


@pytest.mark.parametrize("token", sorted(CALLS))
def test_the_previewing_role_may_read_a_type_and_not_change_it(token: str) -> None:
    refused = [request for request in CALLS[token].read if not allowed(PREVIEW, request)]
    assert refused == []
    reads = {request.action for calls in CALLS.values() for request in calls.read}
    changes = [request for request in CALLS[token].write if request.action not in reads]
    assert [request for request in changes if allowed(PREVIEW, request)] == []


def test_the_previewing_role_changes_nothing() -> None:
    verbs = {action.partition(":")[2] for one in PREVIEW for action in actions(one)}
    assert {
        verb for verb in verbs if not re.match(r"Describe|Get|GET$|List|Decrypt$", verb)
    } == set()


def test_every_permission_is_one_that_a_call_needs() -> None:
    asked = list(itertools.chain.from_iterable((*c.read, *c.write) for c in CALLS.values()))
    granted = [
        (name, action, statement)
        for name, one in DOCUMENTS.items()
        if name not in ("boundary", "state")
        for statement in one["Statement"]
        for action in statement["Action"]
        if not action.startswith(("s3:", "kms:"))
    ]
    assert granted
    idle = [
        (name, action, statement["Resource"])
        for name, action, statement in granted
        if not any(
            request.action == action and covers(statement, action, touch)
            for request in asked
            for touch in request.touches
        )
    ]
    assert idle == []


# On one stack

UNBOUND_BY_TAGS = {
    "apigateway:PATCH /account": "it is one setting of the whole account and region",
    "ec2:CreateVpcEndpointServiceConfiguration": "API Gateway calls it, with tags of its choice",
    "ec2:CreateTags vpc-endpoint-service": "likewise",
    "ec2:DeleteVpcEndpointServiceConfigurations": "AWS asks for it without a condition",
    "ec2:ModifyVpcEndpointServicePermissions": "AWS asks for it without a condition",
    "ec2:GetSecurityGroupsForVpc": "an existing network carries the tags of others",
    "iam:CreateServiceLinkedRole": "the role belongs to the account",
    "iam:PassRole": "AWS calls tags of a passed role unreliable; its name is the limit",
    "ssm:GetParameters": "the parameter is AWS's",
}


def changes(caller: Caller) -> Iterator[Request]:
    """Every request that changes something, apart from those that tags cannot limit."""
    for token in CALLS:
        for request in calls(caller)[token].write:
            path = request.touches[0].resource.split(":")[-1]
            kind = path if path == "/account" else path.partition("/")[0]
            names = {request.action, f"{request.action} {kind}"}
            looks = re.search(r":(Describe|Get|List)", request.action)
            if not looks and names.isdisjoint(UNBOUND_BY_TAGS):
                yield request


@pytest.mark.parametrize("foreign", [{"stack": "prod"}, {"project": "other"}], ids=str)
def test_nothing_of_another_stack_may_be_changed(foreign: dict[str, str]) -> None:
    assert all(allowed(DEPLOY, request) for request in changes(Caller()))
    assert [r for r in changes(Caller(**foreign)) if allowed(DEPLOY, r)] == []


def test_the_permissions_follow_the_stack_and_its_region() -> None:
    scope = Scope(account=ACCOUNT, region="eu-west-1", project="private-api", stack="prod")
    documents = [
        *policies.reading(scope, *STATE).values(),
        *policies.writing(scope, *STATE).values(),
    ]
    theirs = calls(Caller(stack="prod", region="eu-west-1")).values()
    asked = [request for each in theirs for request in (*each.read, *each.write)]
    assert [request for request in asked if not allowed(documents, request)] == []


@pytest.mark.parametrize(
    ("region", "partition"),
    [("us-east-2", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")],
)
def test_arns_are_of_the_regions_partition(region: str, partition: str) -> None:
    scope = Scope(account=ACCOUNT, region=region, project="private-api", stack="dev")
    documents = {**policies.reading(scope, "state", ""), **policies.writing(scope, "state", "")}
    assert set(re.findall(r"arn:([a-z-]+):", json.dumps(documents))) == {partition}


def test_nothing_in_another_region_may_be_changed_or_read() -> None:
    abroad = calls(Caller(region="eu-west-1")).values()
    asked = [request for calls in abroad for request in (*calls.read, *calls.write)]
    within = [r for r in asked if not r.action.startswith("iam:")]
    assert within
    assert [request for request in within if allowed(DEPLOY, request)] == []


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("iam:CreateRole", {}),
        ("iam:CreateRole", {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("iam:PutRolePolicy", {}),
        ("iam:DeleteRolePermissionsBoundary", Caller().boundary),
        ("iam:CreatePolicyVersion", {}),
    ],
)
def test_no_role_escapes_its_boundary(action: str, context: dict[str, str]) -> None:
    caller, role = Caller(), "iam:role/core-flows-1a2b3c4"
    touch = caller.own(role, **caller.new(role).context, **context)
    bound = caller.own(role, **caller.new(role).context, **caller.boundary)
    assert allowed(DEPLOY, Request("iam:CreateRole", (bound,)))
    assert not allowed(DEPLOY, Request(action, (touch,)))


def test_the_program_puts_the_boundary_on_every_role_that_it_makes() -> None:
    made = run_stack(("permissionsBoundary", SCOPE.boundary)).of_type(ROLE)
    assert len(made) == 2
    assert {role.inputs["permissionsBoundary"] for role in made} == {SCOPE.boundary}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:CreateTags", "ec2:security-group/sg-1"),
        ("iam:TagRole", "iam:role/core-flows-1a2b3c4"),
        ("logs:TagResource", "logs:log-group:core-flows-1a2b3c4"),
        ("apigateway:PUT", "apigateway:/tags/arn%3Aaws%3Aapigateway%3Aus-east-2%3A%3A%2Fx"),
    ],
)
def test_nothing_of_another_stack_may_be_claimed_by_tagging_it(action: str, resource: str) -> None:
    caller = Caller()
    nobodys = caller.new(resource)
    theirs = caller.new(resource, **Caller(stack="prod").own(resource).context)
    assert allowed(DEPLOY, Request(action, (nobodys,)))
    assert not allowed(DEPLOY, Request(action, (theirs,)))


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("core-flows-1a2b3c4", "ec2.amazonaws.com"),
        ("api-account-logs-1a2b3c4", "vpc-flow-logs.amazonaws.com"),
        ("admin", "apigateway.amazonaws.com"),
    ],
)
def test_a_role_is_handed_to_no_other_service(role: str, service: str) -> None:
    touch = Caller().bare(f"iam:role/{role}", **{"iam:PassedToService": service})
    assert not allowed(DEPLOY, Request("iam:PassRole", (touch,)))


def test_the_names_that_permissions_rely_on_are_those_of_the_program(
    made: list[Registered],
) -> None:
    found = {f"role/{r.name}-*" for r in made if r.type == ROLE}
    assert found == {roles.FLOW_LOG_ROLE, roles.ACCOUNT_LOG_ROLE}
    groups = [r for r in made if r.type == "aws:cloudwatch/logGroup:LogGroup"]
    names = {r.outputs["name"] for r in groups}
    create = [
        Request("logs:CreateLogGroup", (Caller().new(f"logs:log-group:{name}"),)) for name in names
    ]
    assert create
    assert [request for request in create if not allowed(DEPLOY, request)] == []


def test_what_tags_limit_is_made_with_these_tags(made: list[Registered]) -> None:
    for resource in made:
        if created := resource.inputs.get("tags"):
            tags = (
                created
                if isinstance(created, dict)
                else {tag["key"]: tag["value"] for tag in created}
            )
            assert {"project": "private-api", "stack": "dev"}.items() <= tags.items(), resource.urn
    tagged = {r.type for r in made if r.inputs.get("tags")}
    bound = {
        token
        for token, each in CALLS.items()
        if any("aws:RequestTag/project" in t.context for r in each.write for t in r.touches)
    }
    assert bound == tagged


# As AWS takes it


@pytest.fixture(scope="module")
def linter() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it still looks its files up by pkg_resources
        import parliament
    return parliament


def issues(linter: Any, one: Document) -> list[str]:
    found = linter.analyze_policy_string(json.dumps(one)).findings
    return [f"{f.issue}: {f.detail}" for f in found]


def actions(one: Document) -> set[str]:
    return {action for statement in one["Statement"] for action in statement["Action"]}


def test_no_action_is_a_pattern() -> None:
    assert [a for one in DOCUMENTS.values() for a in actions(one) if "*" in a or "?" in a] == []


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_the_linter_finds_no_mistake(linter: Any, name: str) -> None:
    # An action on several resources is spread over statements, which the next test puts together.
    # The linter keeps an older list of load balancing actions beside the present one.
    known = ["RESOURCE_MISMATCH", r".* elasticloadbalancing:CreateAction "]
    if name == "boundary":
        known.append("RESOURCE_STAR")  # AWS's own policy for these roles names no resource
    found = issues(linter, DOCUMENTS[name])
    assert [issue for issue in found if not re.match("|".join(known), issue)] == []


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_an_action_is_allowed_on_every_kind_of_resource_it_requires(linter: Any, name: str) -> None:
    by_action: dict[str, set[str]] = {}
    for statement in DOCUMENTS[name]["Statement"]:
        for action in statement["Action"]:
            by_action.setdefault(action, set()).update(statement["Resource"])
    for action, resources in by_action.items():
        one = document([Grant((action,), tuple(resources))])
        found = [i for i in issues(linter, one) if i.startswith("RESOURCE_MISMATCH")]
        # Listeners of application load balancers count as required; there are none here.
        assert [issue for issue in found if "listener/app" not in issue] == [], action


def test_the_linter_would_find_mistakes(linter: Any) -> None:
    vpc, tag = SCOPE.ec2("vpc"), {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    for wrong, issue in (
        (Grant(("ec2:CreateVpcs",), vpc), "UNKNOWN_ACTION"),
        (Grant(("ec2:CreateVpc",), vpc, tag), "UNKNOWN_CONDITION_FOR_ACTION"),
        (Grant(("ec2:CreateVpc",), ("*",)), "RESOURCE_STAR"),
        (Grant(("ec2:CreateVpc",), SCOPE.ec2("subnet")), "RESOURCE_MISMATCH"),
    ):
        assert any(found.startswith(issue) for found in issues(linter, document([wrong])))


def test_tags_limit_only_actions_that_know_them(linter: Any) -> None:
    known: dict[str, set[str]] = {}
    for service in linter.iam_definition:
        by_resource = {r["resource"]: r["condition_keys"] for r in service["resources"]}
        for action in service["privileges"]:
            keys = known.setdefault(f"{service['prefix']}:{action['privilege']}", set())
            for resource in action["resource_types"]:
                keys.update(resource["condition_keys"])
                keys.update(by_resource.get(resource["resource_type"].rstrip("*"), ()))
    for one in DOCUMENTS.values():
        for statement in one["Statement"]:
            used = {key for by_key in statement.get("Condition", {}).values() for key in by_key}
            wanted = {re.sub(r"(Tag)/\w+$", r"\1/${TagKey}", key) for key in used if "Tag/" in key}
            for action in statement["Action"]:
                assert wanted <= known[action], action


def test_a_policy_is_as_long_as_aws_takes_at_most() -> None:
    one = document([Grant(tuple(f"ec2:Describe{n:04}" for n in range(400)), ("*",))])
    with pytest.raises(ValueError, match=f"big has .* above the {MAX_CHARACTERS}"):
        fitting("big", one)


grants = st.builds(
    Grant,
    st.lists(st.sampled_from("abcd"), min_size=1).map(tuple),
    st.lists(st.sampled_from("wxyz"), min_size=1).map(tuple),
    st.sampled_from([{}, SCOPE.made, SCOPE.ours]),
)


def expanded(parts: Iterable[tuple[Iterable[str], Iterable[str], Any]]) -> set[tuple[str, ...]]:
    return {
        (action, resource, json.dumps(condition, sort_keys=True))
        for actions, resources, condition in parts
        for action in actions
        for resource in resources
    }


@given(st.lists(grants))
def test_a_document_allows_what_its_grants_allow_and_no_more(some: list[Grant]) -> None:
    made = document(some)["Statement"]
    assert expanded((s["Action"], s["Resource"], s.get("Condition", {})) for s in made) == expanded(
        (g.actions, g.resources, g.condition) for g in some
    )


def test_two_values_of_one_condition_key_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="two values of one key"):
        both(SCOPE.made, Scope(account=ACCOUNT, region="x", project="y", stack="z").made)


# The state


@pytest.mark.parametrize(
    "path",
    [
        ".pulumi/stacks/private-api/dev.json",
        ".pulumi/stacks/private-api/dev.json.bak",
        ".pulumi/history/private-api/dev/dev-1795371601224950687.history.json",
        ".pulumi/backups/private-api/dev/dev.1795371600556413832.json",
        ".pulumi/locks/organization/private-api/dev/6b1f.json",
    ],
)
def test_a_stack_keeps_its_own_state_and_no_other(path: str) -> None:
    for action in ("s3:PutObject", "s3:DeleteObject"):
        own = Request(action, (Caller().bare(f"s3:acme-state/{path}"),))
        other = Request(
            action, (Caller().bare(f"s3:acme-state/{path.replace('/dev', '/prod', 1)}"),)
        )
        assert allowed(DEPLOY, own)
        assert not allowed(DEPLOY, other)
        assert not allowed(PREVIEW, own)
    assert allowed(PREVIEW, Request("s3:GetObject", (Caller().bare(f"s3:acme-state/{path}"),)))


def test_a_state_elsewhere_takes_no_permission_in_aws() -> None:
    needs = state.needs(SCOPE, "", "")
    assert (needs.read, needs.write) == ((), ())


# The program


def test_each_role_trusts_one_kind_of_job_of_one_repository(bootstrap: Run) -> None:
    host = "token.actions.githubusercontent.com"
    for name, subject in (("preview", "pull_request"), ("deploy", "environment:dev")):
        role = bootstrap.one(ROLE, f"private-api-dev-{name}")
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement == {
            "Effect": "Allow",
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"},
            "Condition": {
                "StringEquals": {
                    f"{host}:aud": "sts.amazonaws.com",
                    f"{host}:sub": f"{PREFIX}:{subject}",
                }
            },
        }


def test_each_role_has_its_policies_and_room_for_no_more_than_ten(bootstrap: Run) -> None:
    reading = {f"private-api-dev-{name}" for name in READING}
    writing = {f"private-api-dev-{name}" for name in WRITING}
    assert attached(bootstrap, "private-api-dev-preview") == reading
    assert attached(bootstrap, "private-api-dev-deploy") == reading | writing
    assert len(reading | writing) <= 10


def test_the_policies_say_what_was_tested_and_are_known_before_an_update() -> None:
    preview = deploy(phase=Phase.PREVIEW)
    written = {r.name: json.loads(r.inputs["policy"]) for r in preview.of_type(POLICY)}
    expected = {f"private-api-dev-{name}": one for name, one in {**READING, **WRITING}.items()}
    expected["private-api-dev-role-boundary"] = roles.boundary()
    assert written == expected


def test_the_boundary_has_the_name_that_the_permissions_rely_on(bootstrap: Run) -> None:
    boundary = bootstrap.one(POLICY, "private-api-dev-role-boundary")
    assert SCOPE.boundary == f"arn:aws:iam::{ACCOUNT}:policy/{boundary.inputs['name']}"


def test_the_identity_provider_outlives_the_stack(bootstrap: Run) -> None:
    provider = bootstrap.one(PROVIDER)
    assert provider.inputs["url"] == "https://token.actions.githubusercontent.com"
    assert provider.inputs["clientIdLists"] == ["sts.amazonaws.com"]
    assert provider.options["retainOnDelete"] is True
    assert provider.urn in bootstrap.one(ROLE, "private-api-dev-deploy").dependencies


def test_an_existing_identity_provider_is_used_as_it_is(bootstrap: Run) -> None:
    assert bootstrap.of_type(PROVIDER)
    existing = deploy(githubProvider="existing")
    assert existing.of_type(ROLE)
    assert existing.of_type(PROVIDER) == []


def test_the_tags_of_the_roles_open_them_to_no_stack(bootstrap: Run) -> None:
    for resource in (*bootstrap.of_type(ROLE), *bootstrap.of_type(POLICY)):
        assert resource.inputs["tags"] == {
            "project": "private-api-bootstrap",
            "stack": "dev",
            "owner": "platform",
        }


def test_the_default_project_is_the_one_that_is_deployed() -> None:
    own, deployed = (
        YAML(typ="safe", pure=True).load(folder / "Pulumi.yaml")
        for folder in (ROOT / "bootstrap", ROOT)
    )
    assert own["config"]["project"]["default"] == deployed["name"]


def test_the_policy_pack_has_nothing_against_it(bootstrap: Run) -> None:
    config = analyzer.read_config(ROOT / "policies" / "config.ci.json")
    assert analyzer.findings_of(bootstrap, config) == ()
    undecided = analyzer.findings_of(deploy(phase=Phase.PREVIEW), config)
    assert [finding for finding in undecided if finding.is_mandatory] == []


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("aws:region", "Ohio", "aws:region is 'Ohio'"),
        ("aws:allowedAccountIds", "[]", "aws:allowedAccountIds is []"),
        ("aws:allowedAccountIds", "[111122223333]", "the one account, in quotes"),
        ("private-api-bootstrap:owner", "", "private-api-bootstrap:owner is ''"),
        ("private-api-bootstrap:subjectPrefix", "acme/private-api", "sub_claim_prefix"),
        ("private-api-bootstrap:subjectPrefix", "repo:acme/*", "subjectPrefix is 'repo:acme/*'"),
        ("private-api-bootstrap:subjectPrefix", "repo:acme@1/private-api", "sub_claim_prefix"),
        ("private-api-bootstrap:githubProvider", "yes", "create, or existing"),
        ("private-api-bootstrap:project", "a b", "the name in the Pulumi.yaml"),
        ("private-api-bootstrap:stateBucket", "s3://acme", "the name of a bucket"),
        ("private-api-bootstrap:secretsKeyArn", "alias/state", "not of an alias"),
    ],
)
def test_a_bad_value_is_refused_by_its_key(key: str, value: str, said: str) -> None:
    with pytest.raises(pulumi.RunError, match=re.escape(said)) as caught:
        run_program(
            PROGRAM,
            phase=Phase.PREVIEW,
            project="private-api-bootstrap",
            config=CONFIG | {key: value},
        )
    assert str(caught.value).startswith(key)
    assert len(str(caught.value).splitlines()) == 1


def test_all_bad_values_are_refused_at_once() -> None:
    with pytest.raises(pulumi.RunError) as caught:
        run_program(PROGRAM, phase=Phase.PREVIEW, project="private-api-bootstrap", config={})
    assert len(str(caught.value).splitlines()) == 6
