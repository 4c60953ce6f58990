"""The resources that exist in the account, and how they are created and deleted."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

from policies.pack.graph.definition import endpoint_of
from simulation.fake_aws import declared
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.resource_type import VERSION
from tests.engine.fake_provider.values import Props, plain, secret

ACCOUNT = "111122223333"
_IMPORTED: Props = {
    "securityPolicy": "TLS_1_0",
    "endpointAccessMode": "",
    "disableExecuteApiEndpoint": False,
}
"""Inputs of an API that an import overwrites, with their defaults."""


@dataclass
class Resource:
    """One resource in AWS."""

    type: str
    id: str
    urn: str
    wrapped: Props
    """Its inputs, with secrets wrapped as the engine sent them."""
    outputs: Props
    """Computed outputs."""
    definition: str = ""
    """Of a deployment: the document that it froze."""
    status: str = ""
    """One of `ResourceType.states`. Of a fleet: the health of its instances. The provider's Read
    does not look at it."""
    status_message: str = ""
    """Why it is in that state, if it failed."""

    @property
    def inputs(self) -> Props:
        """Its inputs in plain text."""
        return plain(self.wrapped)  # type: ignore[no-any-return]


@dataclass
class Account:
    """One account in one region."""

    resources: dict[tuple[str, str], Resource] = field(default_factory=dict)
    """By type and id."""
    definitions: dict[str, str] = field(default_factory=dict)
    """The document imported last, by REST API."""
    has_log_role: bool = True
    """Whether API Gateway has a role that may write logs."""
    releases_late: bool = False
    """Whether the first delete of a load balancer after its link is rejected, as AWS may do."""
    not_released: set[str] = field(default_factory=set)
    """Load balancers whose next delete is rejected."""
    unhealthy: set[str] = field(default_factory=set)
    """Patterns, as in `fnmatch`, of fleets and instances whose health checks fail, by id."""
    healthy: set[str] = field(default_factory=set)
    """Ids of fleets and instances that no pattern of `unhealthy` matches."""
    created: Counter[str] = field(default_factory=Counter)
    """How often a resource was created, by URN."""

    def of_type(self, token: str) -> Iterator[Resource]:
        """Every resource of a type."""
        return (found for found in list(self.resources.values()) if found.type == token)

    def one(self, token: str) -> Resource:
        """The only resource of a type."""
        (found,) = self.of_type(token)
        return found

    def instances(self, fleet: Resource) -> list[str]:
        """The ids of a fleet's instances."""
        size: int = fleet.outputs["desiredCapacity"]
        digests = (hashlib.sha256(f"{fleet.id} {number}".encode()) for number in range(size))
        return [f"i-0{digest.hexdigest()[:16]}" for digest in digests]

    def resize(self, fleet: Resource, size: int) -> None:
        """Let a fleet have as many instances, within its limits, as its scaling does."""
        inputs = fleet.inputs
        within = min(max(size, inputs["minSize"]), inputs.get("maxSize", size))
        fleet.outputs["desiredCapacity"] = within

    def health(self, target_group: str) -> dict[str, str]:
        """The health of every target of a target group, by instance id, in AWS's words."""
        found = {}
        for fleet in self.of_type(rt.FLEET):
            if target_group in fleet.inputs.get("targetGroupArns", ()):
                for instance in self.instances(fleet):
                    found[instance] = self._health(fleet.status, fleet.id, instance)
        for attachment in self.of_type(rt.ATTACHMENT):
            inputs = attachment.inputs
            if inputs["targetGroupArn"] == target_group:
                found[inputs["targetId"]] = self._health("healthy", inputs["targetId"])
        return found

    def _health(self, otherwise: str, *ids: str) -> str:
        if not self.healthy.isdisjoint(ids):
            return otherwise
        patterns = self.unhealthy
        matched = any(fnmatch(id, pattern) for id in ids for pattern in patterns)
        return "unhealthy" if matched else otherwise

    def settle(self) -> None:
        """Let end what is in progress: what waits for nothing but time has been made."""
        for resource in self.resources.values():
            states = rt.TYPES[resource.type].states
            if states and resource.status == states.begun:
                resource.status = states.made

    def build(self, token: str, urn: str, inputs: Props, region: str) -> Resource:
        """A new resource; the digits in its id come from its URN and how often it was created."""
        given = plain(inputs)
        long, key, short = digits(urn, self.created[urn])
        template = rt.TYPES[token]
        fields = {
            "account": ACCOUNT,
            "region": given.get("region", region),
            "hex": f"0{long}",
            "hex16": long,
            "key": key,
            "short": short,
            "stamp": _stamp(str(given.get("policyArn"))),
            "vpc": str(given.get("vpcId", "")).removeprefix("vpc-"),
            "balancer": str(given.get("loadBalancerArn", "")).partition("loadbalancer/")[2],
            "name": given.get("name", ""),
            "given": defaultdict(str, given),
        }
        fields["id"] = template.id.format(**fields)
        outputs: Props = dict.fromkeys(declared(token))
        for key, value in template.outputs.items():
            outputs[key] = 1 if value is VERSION else _filled(value, fields)
        if template.secret:
            outputs[template.secret] = secret(outputs[template.secret])
        return Resource(token, str(fields["id"]), urn, inputs, outputs)

    def add(self, resource: Resource) -> None:
        """Create a resource."""
        states = rt.TYPES[resource.type].states
        if states and not resource.status:
            resource.status = states.made
        inputs = resource.inputs
        if resource.type == rt.WEB_ACL_ASSOCIATION:
            self._delete_all(rt.WEB_ACL_ASSOCIATION, "resourceArn", inputs["resourceArn"])
        self.resources[resource.type, resource.id] = resource
        self.created[resource.urn] += 1
        if resource.type == rt.REST_API_PUT:
            self.definitions[resource.id] = inputs["body"]
            self._overwrite(self.resources[rt.REST_API, resource.id], inputs["body"])
        if resource.type == rt.DEPLOYMENT:
            resource.definition = self.definitions[inputs["restApi"]]
        if resource.type == rt.FLEET:
            self.resize(resource, inputs["minSize"])
        if resource.type == rt.API_ACCOUNT:
            self.has_log_role = bool(inputs.get("cloudwatchRoleArn"))

    def _overwrite(self, api: Resource, body: str) -> None:
        """What an import does to an API: what the definition leaves out falls back to a default.

        Source: https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
        """
        stated = {k: v for k, v in endpoint_of(json.loads(body)).items() if v is not None}
        endpoint = dict(api.wrapped.get("endpointConfiguration") or {})
        endpoint.pop("vpcEndpointIds", None)
        if (ids := stated.pop("vpcEndpointIds", None)) is not None:
            endpoint["vpcEndpointIds"] = ids
        given = {key: value for key, value in api.wrapped.items() if key not in _IMPORTED}
        reset = {key: _IMPORTED[key] for key in _IMPORTED.keys() & api.wrapped.keys()}
        api.wrapped = {**given, **reset, **stated}
        if endpoint:
            api.wrapped["endpointConfiguration"] = endpoint

    def delete(self, token: str, id: str) -> None:
        """Delete a resource, and what AWS deletes with it; if it is gone already, do nothing."""
        deleted = self.resources.pop((token, id), None)
        if token == rt.VPC_LINK and self.releases_late and deleted is not None:
            self.not_released.add(deleted.inputs["targetArn"])
        if token == rt.LOAD_BALANCER:
            self._delete_all(rt.LISTENER, "loadBalancerArn", id)
        if token == rt.WEB_ACL_ASSOCIATION:  # the call names the stage alone
            self._delete_all(rt.WEB_ACL_ASSOCIATION, "resourceArn", id.rpartition(",")[2])
        if token == rt.STAGE and deleted is not None:
            self._delete_all(rt.WEB_ACL_ASSOCIATION, "resourceArn", deleted.outputs["arn"])
        if token == rt.REST_API:
            self.definitions.pop(id, None)
            self._delete_all(rt.REST_API_PUT, "restApiId", id)
            for owned in (rt.DEPLOYMENT, rt.STAGE, rt.METHOD_SETTINGS):
                self._delete_all(owned, "restApi", id)

    def _delete_all(self, token: str, key: str, value: str) -> None:
        for found in self.of_type(token):
            if found.inputs.get(key) == value:
                del self.resources[token, found.id]


def _filled(template: Any, fields: Mapping[str, Any]) -> Any:
    """The texts of a template, at any depth, with the fields that they name."""
    if isinstance(template, str):
        return template.format(**fields)
    if isinstance(template, list):
        return [_filled(each, fields) for each in template]
    if isinstance(template, dict):
        return {key: _filled(each, fields) for key, each in template.items()}
    return template


def digits(urn: str, number: int) -> tuple[str, str, str]:
    """16, 10 and 6 digits for the ids of a resource that was created that many times before."""
    found = hashlib.sha256(f"{urn} {number}".encode()).hexdigest()
    return found[:16], found[16:26], found[26:32]


def _stamp(policy_arn: str) -> str:
    """Digits in place of the time in the id of an attachment: the same for the same policy."""
    return str(int(hashlib.sha256(policy_arn.encode()).hexdigest(), 16))[:26]
