"""The roles that GitHub assumes can do what the program needs, on one stack, and nothing else."""

import fnmatch
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest

from bootstrap.delivery import state
from bootstrap.delivery.grants import Document, Scope
from bootstrap.delivery.policies import read_policies, resource_types, write_policies
from simulation.engine import Phase, Registered, run_program
from tests import stacks
from tests.bootstrap.aws_calls import ACCOUNT, TABLE, Caller, calls
from tests.bootstrap.documents import BUCKET, DEPLOY, DOCUMENTS, KEY, PREVIEW, SCOPE, actions
from tests.bootstrap.iam import Request, Target, allowed, covers

CALLER = Caller()
CALLS = calls(CALLER)
ROLE = "aws:iam/role:Role"
OWNED = "aws:ResourceTag/stack"


@pytest.fixture(scope="module")
def created() -> list[Registered]:
    """Every kind of resource that the program creates in AWS."""
    examples = (
        *("existing-balancer", "existing-instances", "api-keys", "v2", "own-image", "web-acl"),
        *("authorizers", "domain"),
    )
    configs = [stacks.config(stack=f"examples/{name}.yaml") for name in examples]
    outward = ("network.nat", "one"), ("targets.blue.fleet.scaling", {"cpuPercent": 60})
    runs = [stacks.run_stack(), stacks.run_stack(*outward)]
    runs += [run_program(stacks.PROGRAM, phase=Phase.UPDATE, config=each) for each in configs]
    return [r for found in runs for r in found.resources if r.type.startswith("aws:")]


def denied(documents: Iterable[Document], requests: Iterable[Request]) -> list[Request]:
    documents = list(documents)
    return [request for request in requests if not allowed(documents, request)]


def permitted(documents: Iterable[Document], requests: Iterable[Request]) -> list[Request]:
    documents = list(documents)
    return [request for request in requests if allowed(documents, request)]


def requests(caller: Caller) -> list[Request]:
    return [r for each in calls(caller).values() for r in (*each.read, *each.write)]


def policies(scope: Scope, bucket: str = BUCKET, key: str = KEY) -> list[Document]:
    documents = read_policies(scope, bucket, key) | write_policies(scope, bucket, key)
    return list(documents.values())


# What the program needs


def test_exactly_the_types_that_the_program_creates_have_permissions(
    created: list[Registered],
) -> None:
    types = {resource.type for resource in created}
    assert resource_types(SCOPE) == types
    assert CALLS.keys() == types, "tests/bootstrap/aws_calls.yaml lists the calls of each type"


@pytest.mark.parametrize("token", sorted(CALLS))
def test_the_deploying_role_can_do_everything_that_a_type_needs(token: str) -> None:
    assert denied(DEPLOY, (*CALLS[token].read, *CALLS[token].write)) == []


@pytest.mark.parametrize("token", sorted(CALLS))
def test_the_previewing_role_can_read_a_type_and_not_change_it(token: str) -> None:
    assert denied(PREVIEW, CALLS[token].read) == []
    reads = {request.action for each in CALLS.values() for request in each.read}
    changes = [request for request in CALLS[token].write if request.action not in reads]
    assert permitted(PREVIEW, changes) == []


def test_the_previewing_role_changes_nothing() -> None:
    verbs = {action.partition(":")[2] for policy in PREVIEW for action in actions(policy)}
    assert [v for v in verbs if not re.match(r"Describe|Get|GET$|List|Decrypt$", v)] == []


def test_every_permission_is_one_that_a_call_needs() -> None:
    granted = [
        (name, action, statement)
        for name, policy in DOCUMENTS.items()
        if name not in ("boundary", "state")
        for statement in policy["Statement"]
        for action in statement["Action"]
        if not action.startswith(("s3:", "kms:"))
    ]
    assert granted
    unused = [
        (name, action, statement["Resource"])
        for name, action, statement in granted
        if not any(
            request.action == action and covers(statement, action, target)
            for request in requests(CALLER)
            for target in request.targets
        )
    ]
    assert unused == []


# On one stack

NOT_LIMITED_BY_TAGS = {
    "apigateway:PATCH /account": "one setting for the whole account and region",
    "ec2:CreateVpcEndpointServiceConfiguration": "API Gateway calls it, with its own tags",
    "ec2:CreateTags vpc-endpoint-service": "likewise",
    "ec2:DeleteVpcEndpointServiceConfigurations": "AWS requires it without a condition",
    "ec2:ModifyVpcEndpointServicePermissions": "AWS requires it without a condition",
    "ec2:GetSecurityGroupsForVpc": "an existing network has other tags",
    "route53:AssociateVPCWithHostedZone": "the hosted zone belongs to AWS",
    "apigateway:AddCertificateToDomain /domainnames": "a new domain has no tags, but POST has",
    "route53:ChangeResourceRecordSets": "records have no tags; the hosted zones are named",
    "iam:CreateServiceLinkedRole": "the role belongs to the account",
    "iam:PassRole": "AWS calls tags of a passed role unreliable; its name is the limit",
    "lambda:AddPermission": "functions have other tags; it lets in API Gateway only",
    "lambda:RemovePermission": "likewise",
    "ssm:GetParameters": "the parameter belongs to AWS",
    "wafv2:AssociateWebACL": "an existing web ACL has other tags; SetWebACL is limited",
    "wafv2:DisassociateWebACL": "likewise",
}


def changes(caller: Caller) -> Iterator[Request]:
    """Every request that changes a resource, except those that tags cannot limit."""
    for token in CALLS:
        for request in calls(caller)[token].write:
            path = request.targets[0].resource.split(":")[-1]
            is_whole = path in ("/account", "/domainnames")
            kind = path if is_whole else path.partition("/")[0]
            names = {request.action, f"{request.action} {kind}"}
            reads = re.search(r":(Describe|Get|List)", request.action)
            if not reads and names.isdisjoint(NOT_LIMITED_BY_TAGS):
                yield request


@pytest.mark.parametrize("foreign", [{"stack": "prod"}, {"project": "other"}], ids=str)
def test_nothing_of_another_stack_can_be_changed(foreign: dict[str, str]) -> None:
    assert denied(DEPLOY, changes(CALLER)) == []
    assert permitted(DEPLOY, changes(Caller(**foreign))) == []


def test_nothing_is_created_in_a_resource_of_another_stack() -> None:
    mixed = []
    for ours, theirs in zip(changes(CALLER), changes(Caller(stack="prod")), strict=True):
        pairs = zip(ours.targets, theirs.targets, strict=True)
        targets = tuple(their if OWNED in their.context else our for our, their in pairs)
        if targets != ours.targets:
            mixed.append(Request(ours.action, targets))
    created = {"ec2:CreateSubnet", "ec2:RunInstances", "elasticloadbalancing:CreateListener"}
    assert created <= {request.action for request in mixed}
    # An existing network has other tags, so a group can be created in any VPC.
    assert {r.action for r in permitted(DEPLOY, mixed)} == {"ec2:CreateSecurityGroup"}


def test_no_listener_is_created_on_a_balancer_of_another_stack() -> None:
    arn = TABLE["resources"]["balancer"]
    own, foreign = (caller.owned(arn).context for caller in (CALLER, Caller(stack="prod")))
    # The listener's tags are in the request for both resources.
    request, other = (
        Request("elasticloadbalancing:CreateListener", (CALLER.created(arn, **context),))
        for context in (own, foreign)
    )
    assert denied(DEPLOY, [request]) == []
    assert permitted(DEPLOY, [other]) == []


def test_the_permissions_follow_the_stack_and_its_region() -> None:
    scope = replace(SCOPE, region="eu-west-1", stack="prod")
    assert denied(policies(scope), requests(Caller(stack="prod", region="eu-west-1"))) == []


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-east-2", "aws"),
        ("cn-north-1", "aws-cn"),
        ("us-gov-west-1", "aws-us-gov"),
        ("us-iso-east-1", "aws-iso"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eu-isoe-west-1", "aws-iso-e"),
        ("us-isof-south-1", "aws-iso-f"),
        ("eusc-de-east-1", "aws-eusc"),
    ],
)
def test_every_arn_is_in_the_partition_of_the_region(region: str, partition: str) -> None:
    scope = Scope(account=ACCOUNT, region=region, project="private-api", stack="dev")
    text = json.dumps(policies(scope, key=""))
    assert set(re.findall(r"arn:([a-z-]+):", text)) == {partition}


def test_nothing_in_another_region_can_be_changed_or_read() -> None:
    elsewhere = requests(Caller(region="eu-west-1"))
    regional = [
        request
        for request in elsewhere
        if not request.action.startswith(("iam:", "route53:", "s3:"))
    ]
    assert regional
    assert permitted(DEPLOY, regional) == []


def test_records_and_trust_stores_are_those_that_the_configuration_names() -> None:
    scope = Scope(account=ACCOUNT, region="us-east-2", project="private-api", stack="dev")
    for action, named, other in (
        ("route53:ChangeResourceRecordSets", "route53:hostedzone/Z0123456789", "Z9"),
        ("s3:GetObject", "s3:acme-trust/clients.pem", "other.pem"),
    ):
        request, foreign = (
            Request(action, (CALLER.untagged(arn),))
            for arn in (named, f"{named.rpartition('/')[0]}/{other}")
        )
        assert denied(DEPLOY, [request]) == []
        assert permitted(DEPLOY, [foreign]) == []
        # The state is in another bucket.
        assert permitted(policies(scope), [request]) == []


def test_a_certificate_is_requested_in_the_region_of_the_stack_or_of_edge_endpoints() -> None:
    regions = {"us-east-2": True, "us-east-1": True, "eu-west-1": False}
    for region, is_allowed in regions.items():
        context = {**CALLER.created("*").context, "aws:RequestedRegion": region}
        request = Request("acm:RequestCertificate", (Target("*", context),))
        assert bool(permitted(DEPLOY, [request])) is is_allowed


@pytest.mark.parametrize(
    ("action", "context"),
    [
        ("iam:CreateRole", {}),
        ("iam:CreateRole", {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("iam:PutRolePolicy", {}),
        ("iam:DeleteRolePermissionsBoundary", CALLER.boundary),
        ("iam:CreatePolicyVersion", {}),
    ],
)
def test_no_role_escapes_its_boundary(action: str, context: dict[str, str]) -> None:
    role = "iam:role/core-flows-1a2b3c4"
    tags = CALLER.created(role).context
    bounded = Request("iam:CreateRole", (CALLER.owned(role, **tags, **CALLER.boundary),))
    assert denied(DEPLOY, [bounded]) == []
    assert permitted(DEPLOY, [Request(action, (CALLER.owned(role, **tags, **context),))]) == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("secretsmanager:GetSecretValue", "secretsmanager:secret:orders-AbCdEf"),
        ("ssm:GetParameter", f"arn:aws:ssm:us-east-2:{ACCOUNT}:parameter/orders"),
    ],
)
def test_instances_read_only_secrets_with_the_tags_of_the_stack(action: str, resource: str) -> None:
    boundary = [DOCUMENTS["boundary"]]
    assert denied(boundary, [Request(action, (CALLER.owned(resource),))]) == []
    others = CALLER.untagged(resource), Caller(stack="prod").owned(resource)
    assert permitted(boundary, [Request(action, (target,)) for target in others]) == []


def test_instances_decrypt_only_through_the_services_that_keep_secrets() -> None:
    via, elsewhere = (
        CALLER.untagged("kms:key/1a2b", **{"kms:ViaService": f"{service}.us-east-2.amazonaws.com"})
        for service in ("ssm", "s3")
    )
    boundary = [DOCUMENTS["boundary"]]
    assert denied(boundary, [Request("kms:Decrypt", (via,))]) == []
    assert permitted(boundary, [Request("kms:Decrypt", (elsewhere,))]) == []


def test_the_program_puts_the_boundary_on_every_role_that_it_creates() -> None:
    created = stacks.run_stack(
        ("permissionsBoundary", SCOPE.boundary), ("targets.blue.fleet.instanceProfile", {})
    ).of_type(ROLE)
    assert len(created) == 3
    assert {role.inputs["permissionsBoundary"] for role in created} == {SCOPE.boundary}


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:CreateTags", "ec2:security-group/sg-1"),
        ("iam:TagRole", "iam:role/core-flows-1a2b3c4"),
        ("logs:TagResource", "logs:log-group:core-flows-1a2b3c4"),
        ("apigateway:PUT", "apigateway:/tags/arn%3Aaws%3Aapigateway%3Aus-east-2%3A%3A%2Fx"),
    ],
)
def test_nothing_of_another_stack_can_be_claimed_by_tagging_it(action: str, resource: str) -> None:
    untagged = CALLER.created(resource)
    foreign = CALLER.created(resource, **Caller(stack="prod").owned(resource).context)
    assert denied(DEPLOY, [Request(action, (untagged,))]) == []
    assert permitted(DEPLOY, [Request(action, (foreign,))]) == []


@pytest.mark.parametrize(
    ("role", "service"),
    [
        ("core-flows-1a2b3c4", "ec2.amazonaws.com"),
        ("api-account-logs-1a2b3c4", "vpc-flow-logs.amazonaws.com"),
        ("admin", "apigateway.amazonaws.com"),
        ("admin", "ec2.amazonaws.com"),
        ("private-api/prod/blue-fleet-1a2b3c4", "ec2.amazonaws.com"),
        ("private-api/dev/blue-fleet-1a2b3c4", "lambda.amazonaws.com"),
    ],
)
def test_a_role_is_passed_to_no_other_service(role: str, service: str) -> None:
    target = CALLER.untagged(f"iam:role/{role}", **{"iam:PassedToService": service})
    assert permitted(DEPLOY, [Request("iam:PassRole", (target,))]) == []


@pytest.mark.parametrize("action", ["lambda:AddPermission", "lambda:RemovePermission"])
@pytest.mark.parametrize("principal", ["s3.amazonaws.com", "444455556666", "*"])
def test_functions_let_in_nobody_but_api_gateway(action: str, principal: str) -> None:
    target = CALLER.untagged("lambda:function:callers", **{"lambda:Principal": principal})
    assert permitted(DEPLOY, [Request(action, (target,))]) == []


def test_the_names_in_the_permissions_are_those_that_the_program_gives(
    created: list[Registered],
) -> None:
    statements = (s for policy in DEPLOY for s in policy["Statement"])
    (named,) = (s["Resource"] for s in statements if "iam:CreateRole" in s["Action"])
    roles = {f"{r.outputs['arn']}" for r in created if r.type == ROLE}
    assert {arn for arn in named if not fnmatch.filter(roles, arn)} == set()
    assert {role for role in roles if not any(fnmatch.fnmatch(role, arn) for arn in named)} == set()
    groups = [r for r in created if r.type == "aws:cloudwatch/logGroup:LogGroup"]
    targets = [CALLER.created(f"logs:log-group:{r.outputs['name']}") for r in groups]
    assert targets
    assert denied(DEPLOY, [Request("logs:CreateLogGroup", (target,)) for target in targets]) == []


def test_every_type_that_tags_limit_is_created_with_these_tags(created: list[Registered]) -> None:
    for resource in created:
        if tags := resource.inputs.get("tags"):
            pairs = tags if isinstance(tags, dict) else {tag["key"]: tag["value"] for tag in tags}
            assert {"project": "private-api", "stack": "dev"}.items() <= pairs.items(), resource.urn
    limited = {
        token
        for token, each in CALLS.items()
        if any("aws:RequestTag/project" in t.context for r in each.write for t in r.targets)
    }
    assert limited == {r.type for r in created if r.inputs.get("tags")}


# The state


@pytest.mark.parametrize(
    "path",
    [
        "stacks/private-api/dev.json",
        "stacks/private-api/dev.json.bak",
        "history/private-api/dev/dev-1795371601224950687.history.json",
        "backups/private-api/dev/dev.1795371600556413832.json",
        "locks/organization/private-api/dev/6b1f.json",
    ],
)
def test_a_stack_writes_its_own_state_and_no_other(path: str) -> None:
    own = (CALLER.untagged(f"s3:acme-state/.pulumi/{path}"),)
    other = (CALLER.untagged(f"s3:acme-state/.pulumi/{path.replace('/dev', '/prod', 1)}"),)
    write = "s3:PutObject", "s3:DeleteObject"
    assert denied(DEPLOY, [Request(action, own) for action in write]) == []
    assert permitted(DEPLOY, [Request(action, other) for action in write]) == []
    assert permitted(PREVIEW, [Request(action, own) for action in write]) == []
    assert denied(PREVIEW, [Request("s3:GetObject", own)]) == []


def test_a_bucket_can_encrypt_the_files_that_are_written_with_the_key_of_the_secrets() -> None:
    key = CALLER.untagged(f"kms:key/{KEY.rpartition('/')[2]}")
    assert key.resource == KEY
    assert (
        denied(DEPLOY, [Request(f"kms:{a}", (key,)) for a in ("Decrypt", "GenerateDataKey")]) == []
    )
    assert denied(PREVIEW, [Request("kms:Decrypt", (key,))]) == []
    assert permitted(PREVIEW, [Request("kms:GenerateDataKey", (key,))]) == []


def test_a_state_elsewhere_needs_no_permission_in_aws() -> None:
    needed = state.permissions(SCOPE, "", "")
    assert (needed.read, needed.write) == ((), ())
