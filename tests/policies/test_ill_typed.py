"""Values of the wrong type anywhere in a stack: no rule raises an exception."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as HPhase
from hypothesis import strategies as st

from policies.pack import resource_types as types
from policies.pack.framework.rule import Rule
from policies.pack.rules import RULES
from simulation import analyzer
from simulation.engine import UNKNOWN, Phase, Registered, Run
from tests.policies.changes import Path, added, changed, put, swap
from tests.policies.parts import integration, method
from tests.policies.test_catalog import WIRE_NAMES
from tests.policies.test_catalog import ids as name_of

EXAMPLES = 4
"""For each rule in each phase; other runs try other ones."""
IN_RANGE, ANYWHERE = "10.0.0.0/8", "0.0.0.0/0"
KEYS = st.sampled_from(
    [
        *("policy", "Statement", "Effect", "Action", "Principal", "AWS", "Service", "Condition"),
        *("ebs", "encrypted", "deviceName", "cidrBlocks", "cidr", "gatewayId", "id", "arn"),
        *("type", "uri", "connectionId", "get", "$ref", "x-amazon-apigateway-integration", "x"),
    ]
)
TEXTS = st.sampled_from(
    [
        *(
            "",
            "x",
            "*",
            "true",
            "80",
            "Allow",
            ANYWHERE,
            "10.0.0.0/99",
            "http://h:1:2/",
            "arn:aws:",
        ),
        *("${stageVariables.backendHost}", "http://${stageVariables.x}:80/", "{", "[1]", "#/a/0"),
        *(
            "2001-99-99",
            "a: &a [*a]",
            "https://h:99999/",
            "http://[",
            "[" * 2000,
            "{a: " * 2000,
            "!!set {1}",
        ),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(-9, 9) | TEXTS | st.just(UNKNOWN)
KNOWN = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)


def _nested(leaves: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return leaves | _containers(leaves | _containers(leaves))


VALUES = _nested(LEAVES) | _nested(KNOWN).map(json.dumps)

SAMPLES = (
    method(authorization="NONE", apiKeyRequired=False),
    integration(uri="http://host:80/", connectionId="abc", tlsConfig={}),
    added(types.INSTANCE, "instance", {"rootBlockDevice": {"encrypted": True}}),
    added(types.VOLUME, "volume", {"encrypted": True}),
    added(types.SECURITY_GROUP_RULE, "rule", {"type": "ingress", "cidrBlocks": [IN_RANGE]}),
    added(types.DOMAIN_NAME, "domain", {"securityPolicy": "TLS_1_2"}),
    added(types.USAGE_PLAN, "plan", {"apiStages": [{"apiId": "x", "stage": "y"}]}),
    added(types.ROUTE, "route", {"routeTableId": "rtb-1", "gatewayId": "igw-1"}),
    added(types.IAM_POLICY, "policy", {"policy": "{}"}),
    added(types.SPOT_INSTANCE, "spot", {"launchTemplate": {"id": "lt-1"}}),
    added(types.EIP, "address", {"instance": "i-1"}),
    added(types.PREFIX_LIST, "list", {"entries": [{"cidr": IN_RANGE}]}),
    added(types.INGRESS_RULE, "from-list", {"prefixListId": "id-of-list"}),
    added(
        types.EXCLUSIVE_ATTACHMENTS[0], "attached", {"policyArns": ["arn:aws:iam::aws:policy/x"]}
    ),
)


@pytest.fixture(scope="module")
def samples(runs: dict[tuple[str, Phase], Run]) -> dict[Phase, Run]:
    """Our stack with resources of further types, in both phases."""
    return {phase: changed(runs["dev", phase], *SAMPLES) for phase in Phase}


def positions(value: Any, path: Path = ()) -> Iterator[Path]:
    """Paths to everything inside properties, also inside a property that is a JSON document."""
    if path:
        yield path
    value = parsed(value) if len(path) == 1 else value
    entries: Any = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else entries:
        yield from positions(item, (*path, key))


def parsed(value: Any) -> Any:
    """The document that a text contains, and any other value as it is."""
    try:
        return json.loads(value) if isinstance(value, str) and value.startswith("{") else value
    except ValueError:
        return value


def misplaced(resource: Registered, path: Path, value: Any) -> Registered:
    """The resource with one value in a property, which may be inside a JSON document."""
    name, top = path[0], resource.inputs.get(str(path[0]))
    if isinstance(top, str) and len(path) > 1:
        known = None if value is UNKNOWN else json.loads(json.dumps(value, default=str))
        new: Any = json.dumps(put(parsed(top), path[1:], known))
    else:
        new = put(resource.inputs, path, value)[str(name)]
    return replace(
        resource,
        inputs={**resource.inputs, str(name): new},
        outputs={**resource.outputs, str(name): new},
    )


@pytest.mark.parametrize("rule", RULES, ids=name_of)
@settings(
    max_examples=EXAMPLES,
    phases=[HPhase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_a_value_of_the_wrong_type_raises_no_exception(
    rule: Rule, samples: dict[Phase, Run], data: st.DataObject
) -> None:
    run = samples[data.draw(st.sampled_from(list(Phase)))]
    checked = [r for r in run.resources if r.type in rule.resource_types]
    if rule.kind == "resource":
        run = replace(run, resources=(run.resources[0], *checked))
    candidates = st.sampled_from(checked or run.resources)
    for _ in range(data.draw(st.integers(1, 3))):
        resource = data.draw(candidates)
        candidates |= st.sampled_from(run.resources)
        current = next(r for r in run.resources if r.urn == resource.urn)
        named = [(name,) for name in WIRE_NAMES.get(current.type, "").split()]
        paths = [*named, *positions(current.inputs)]
        if paths:
            path = data.draw(st.sampled_from(paths))
            run = swap(run, current, misplaced(current, path, data.draw(VALUES)))
    analyzer.analyze_run(run, {rule.name: "advisory"}, [rule.policy()])
