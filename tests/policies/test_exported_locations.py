"""Exported states whose parts are apart, or are not: one for each kind of request path."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from policies.pack import resource_types as types
from tests.policies.locations import PROVEN, SHARED, TARGET, arn
from tests.policies.test_exported_state import (
    PREFIX,
    PROVIDER,
    STACK,
    exported_state,
    rehearsed,
    resource,
)

State = dict[str, Any]
HERE, THERE, OURS, THEIRS = "us-east-2", "eu-west-1", "111122223333", "444455556666"
LOCATION = {SHARED, PROVEN, TARGET}


@dataclass(frozen=True)
class Case:
    """A change of the sample, and the location policies that stop it."""

    change: Callable[[State], None]
    stopped_by: set[str]
    config: dict[str, Any] = field(default_factory=dict)


def balancer_moved(state: State, place: str) -> None:
    """Everything that names the load balancer names one elsewhere."""
    old = resource(state, types.LOAD_BALANCERS[0])["outputs"]["arn"]
    new = old.replace(f"{HERE}:{OURS}", place)
    text = json.dumps(state["deployment"]).replace(old, new)
    state["deployment"] = json.loads(text)
    resource(state, types.LOAD_BALANCERS[0])["outputs"]["region"] = place.partition(":")[0]


def remove(state: State, *tokens: str) -> None:
    """Remove resources, and references to them."""
    entries = state["deployment"]["resources"]
    gone = {entry["urn"] for entry in entries if entry["type"] in tokens}
    kept = [entry for entry in entries if entry["urn"] not in gone]
    for entry in kept:
        sources = entry.get("propertyDependencies", {})
        entry["propertyDependencies"] = {
            key: [urn for urn in urns if urn not in gone] for key, urns in sources.items()
        }
        entry["dependencies"] = [urn for urn in entry.get("dependencies", []) if urn not in gone]
    state["deployment"]["resources"] = kept


def add(state: State, token: str, name: str, inputs: State, **computed: Any) -> None:
    """Add a resource of the sample's provider."""
    inputs = {"region": HERE, **inputs}
    entry = {
        "urn": f"{PREFIX}{token}::{name}",
        "type": token,
        "custom": True,
        "id": f"{name}0id",
        "parent": f"{PREFIX}{STACK}",
        "provider": f"{PREFIX}{PROVIDER}::default_id",
        "inputs": inputs,
        "outputs": {**computed, **inputs, "id": f"{name}0id"},
    }
    state["deployment"]["resources"].append(entry)


def set_everywhere(entry: State, **values: Any) -> None:
    """Set properties in inputs and outputs."""
    entry["inputs"] |= values
    entry["outputs"] |= values


def only_the_stage(state: State) -> None:
    """The API is part of another stack, and the link is in another region."""
    balancer_moved(state, f"{THERE}:{OURS}")
    set_everywhere(resource(state, types.VPC_LINK), region=THERE)
    remove(state, types.REST_API, types.REST_API_PUT, types.DEPLOYMENT)


def a_literal_link(state: State) -> None:
    """Nobody vouches for the link."""
    variables = {"vpcLinkId": "abc123", "backendHost": "host"}
    set_everywhere(resource(state, types.STAGE), variables=variables)
    remove(state, types.VPC_LINK, types.REST_API, types.REST_API_PUT)


def an_http_api(state: State, listener: str) -> None:
    """An HTTP API next to the sample."""
    add(state, types.HTTP_API, "http", {}, executionArn=f"arn:aws:execute-api:{HERE}:{OURS}:http")
    add(state, types.VPC_LINK_V2, "second", {"subnetIds": ["subnet-1"]})
    call = {"apiId": "http0id", "connectionType": "VPC_LINK", "connectionId": "second0id"}
    add(state, types.HTTP_INTEGRATION, "call", {**call, "integrationUri": listener})


def document(state: State, integration: State, components: State | None = None) -> None:
    """Give the sample another document."""
    operation = {"get": {"x-amazon-apigateway-integration": integration}}
    body = {"openapi": "3.0.1", "paths": {"/": operation}, "components": components or {}}
    set_everywhere(resource(state, types.REST_API_PUT), body=json.dumps(body))


def private(connection: str, **more: str) -> State:
    """A private integration of a document."""
    call = {"type": "http_proxy", "connectionType": "VPC_LINK", "connectionId": connection}
    return {**call, "uri": "http://host/", **more}


def by_reference(state: State, pointer: str) -> None:
    """The integration, by a reference, uses a link of another region."""
    link = resource(state, types.VPC_LINK)["id"]
    add(state, types.VPC_LINK, "far", {"region": THERE, "targetArn": arn(THERE)})
    components = {"x-integrations": {"a/b": private("far0id"), "good": private(link)}}
    document(state, {"$ref": pointer}, components)


def two_profiles(state: State) -> None:
    """The link has a provider of which nothing shows the account."""
    provider = resource(state, "pulumi:providers:aws")
    other = json.loads(json.dumps(provider))
    other["urn"] += "b"
    other["inputs"]["profile"] = "other"
    state["deployment"]["resources"].insert(2, other)
    resource(state, types.VPC_LINK)["provider"] = f"{other['urn']}::default_id"


VOUCHED = {"externalVpcLinks": {"abc123": {"nlbArn": arn()}}}
VOUCHES = {SHARED: VOUCHED, PROVEN: VOUCHED}
CASES = {
    "one place": Case(lambda _: None, set()),
    "another region": Case(lambda s: balancer_moved(s, f"{THERE}:{OURS}"), {SHARED, TARGET}),
    "another account": Case(lambda s: balancer_moved(s, f"{HERE}:{THEIRS}"), {SHARED}),
    "stage without an API": Case(only_the_stage, {SHARED}),
    "literal link": Case(a_literal_link, {SHARED}),
    "literal link, vouched for": Case(a_literal_link, set(), VOUCHES),
    "HTTP API": Case(lambda s: an_http_api(s, arn().replace("loadbalancer", "listener")), set()),
    "HTTP API, listener of another region": Case(
        lambda s: an_http_api(s, arn(THERE).replace("loadbalancer", "listener")), {SHARED, TARGET}
    ),
    "HTTP API, listener of another account": Case(
        lambda s: an_http_api(s, arn(account=THEIRS).replace("loadbalancer", "listener")), {SHARED}
    ),
    "target in a document": Case(
        lambda s: document(s, private("abc123", **{"integration-target": arn(THERE)})),
        {SHARED, TARGET},
        VOUCHES,
    ),
    "target of a link of another stack": Case(
        lambda s: document(s, private("abc123", **{"integration-target": arn()})), set()
    ),
    "reference": Case(lambda s: by_reference(s, "#/components/x-integrations/good"), set()),
    "escaped reference": Case(
        lambda s: by_reference(s, "#/components/x-integrations/a~1b"), {SHARED}
    ),
    "reference that leads nowhere": Case(lambda s: by_reference(s, "#/nowhere"), {SHARED}),
    "unproven": Case(two_profiles, {SHARED}),
}


def state_of(case: Case) -> State:
    """The changed sample."""
    state = exported_state()
    case.change(state)
    return state


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_location_of_an_exported_state_is_checked(case: Case) -> None:
    found = rehearsed(state_of(case), case.config)
    stopped = {(policy, level) for _, policy, level, _ in found if policy in LOCATION}
    assert {policy for policy, level in stopped if level == "mandatory"} == case.stopped_by, found
