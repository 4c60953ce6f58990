"""Attempts to bypass the rules, each a stack like ours that the pack has to stop."""

import json
from dataclasses import dataclass

import pytest

from policies.pack import resource_types as types
from simulation.analyzer import findings_of
from simulation.engine import UNKNOWN, Phase, Run
from simulation.pack_config import read_config
from tests.policies import parts as our
from tests.policies.changes import Change, added, changed, definition
from tests.stacks import ROOT

LINK_VARIABLE = "${stageVariables.vpcLinkId}"


def role_policy(**statement: object) -> Change:
    """A policy of one statement for the role that writes flow logs."""
    return our.POLICY.set("policy", json.dumps({"Statement": [{"Effect": "Allow", **statement}]}))


@dataclass(frozen=True)
class Attempt:
    """Changes to our stack, and the rule that stops it."""

    name: str
    rule: str
    changes: tuple[Change, ...]

    def __str__(self) -> str:
        return self.name


def attempt(name: str, rule: str, *changes: Change) -> Attempt:
    """One attempt."""
    return Attempt(name, rule, changes)


ATTEMPTS = [
    attempt(
        "an OPTIONS method without authorization that calls the service over the link",
        "route-authorization",
        our.method(authorization="NONE", httpMethod="OPTIONS"),
        added(
            types.INTEGRATION,
            "preflight",
            {
                **{"restApi": UNKNOWN, "resourceId": UNKNOWN, "httpMethod": "OPTIONS"},
                **{"type": "HTTP_PROXY", "connectionType": "VPC_LINK"},
                **{"connectionId": LINK_VARIABLE, "uri": "http://${stageVariables.backendHost}/"},
            },
            {"restApi": our.API, "resourceId": our.API},
        ),
    ),
    attempt(
        "the variables of the stage on the deployment",
        "stage-variables-complete",
        our.DEPLOYMENT.set("variables", {"vpcLinkId": "abc123", "backendHost": "host"}),
        our.STAGE.unset("variables"),
    ),
    attempt(
        "every action on everything but one resource",
        "iam-no-star",
        role_policy(Action="*", NotResource="arn:aws:s3:::x"),
    ),
    attempt(
        "a role that everyone may assume over TLS",
        "role-trust-closed",
        our.ROLE.set(
            "assumeRolePolicy",
            json.dumps(
                {
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"AWS": "*"},
                        "Action": "sts:AssumeRole",
                        "Condition": {"Bool": {"aws:SecureTransport": "true"}},
                    }
                }
            ),
        ),
    ),
    attempt(
        "a security group rule from a prefix list that holds the whole internet",
        "no-open-prefix-list",
        added(types.PREFIX_LIST, "list", {"entries": [{"cidr": "0.0.0.0/0"}]}),
        our.RULE.set("prefixListId", "id-of-list"),
    ),
    attempt(
        "two ports in one URI, one of them from a stage variable",
        "integration-port",
        definition(
            (*our.ORDERS, our.INTEGRATION, "uri"), "http://${stageVariables.backendHost}:8080/"
        ),
        our.STAGE.set("variables.backendHost", "name:8080"),
        our.LISTENER.set("port", 8080),
    ),
    attempt(
        "the two halves of the internet",
        "no-open-ingress",
        added(
            types.SECURITY_GROUP_RULE,
            "halves",
            {"type": "ingress", "cidrBlocks": ["0.0.0.0/1", "128.0.0.0/1"]},
        ),
    ),
    attempt(
        "a launch template of another stack",
        "launch-template-managed",
        our.FLEET.set("launchTemplate", {"id": "lt-0123456789abcdef0"}),
    ),
]


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=str)
def test_the_attempt_is_stopped(attempt: Attempt, runs: dict[tuple[str, Phase], Run]) -> None:
    config = read_config(ROOT / "policies" / "config.dev.json")
    stopped_by = {
        finding.policy
        for phase in Phase
        for finding in findings_of(changed(runs["dev", phase], *attempt.changes), config)
        if finding.is_mandatory
    }
    assert attempt.rule in stopped_by
