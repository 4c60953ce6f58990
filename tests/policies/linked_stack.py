"""A stack of a load balancer and an API, each with its own location, and the VPC link between them.

What a provider is configured with and where its resources really end up are given separately: the
engine shows the first at preview, and the second in ARNs once the resources exist.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.pack import resource_types as types
from policies.pack.graph.arn import partition_of
from simulation.engine import UNKNOWN, Phase, Registered, Run

NLB = types.LOAD_BALANCERS[0]
STACK = "urn:pulumi:dev::linked::pulumi:pulumi:Stack::linked-dev"
OURS, THEIRS = "111122223333", "444455556666"
HERE, THERE = "us-east-2", "eu-west-1"
VARIABLE = "${stageVariables.vpcLinkId}"
STAGES = {"dev": {"vpcLinkId": "@link"}}


def role(account: str, key: str = "roleArn") -> str:
    """An assumed role, as the engine passes it on."""
    return json.dumps([{key: f"arn:aws:iam::{account}:role/deploy"}])


@dataclass(frozen=True)
class Side:
    """Where one side of the link is, and what its program configures."""

    provider: str = "default"
    inputs: Mapping[str, Any] = field(default_factory=lambda: {"region": HERE})
    """Inputs of the provider."""
    argument: Any = None
    """The region argument of its resources."""
    region: str = HERE
    account: str = OURS


@dataclass(frozen=True)
class LinkedStack:
    """The stack. "@name" in a value stands for the id or ARN of that resource."""

    balancer: Side = field(default_factory=Side)
    api: Side = field(default_factory=Side)
    link: Side | None = None
    """The same as the API if not given."""
    regions: Mapping[str, Any] = field(default_factory=dict)
    """Region arguments by resource name."""
    balancer_type: str = NLB
    target: Any = "@nlb"
    """What the link targets."""
    connection: Any = VARIABLE
    body: bool = False
    """Whether a definition contains the integration, instead of a separate resource."""
    body_is_known: bool = True
    v2: Any = None
    """The integrationTarget, which makes it a VPC link of version 2."""
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: STAGES)
    deployment: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the deployment."""
    canary: Mapping[str, Any] | None = None
    """Overrides of the first stage."""
    read: tuple[str, ...] = ()
    """Names of resources that were only read: known from the start, and not shown to policies."""
    left_out: tuple[str, ...] = ()
    """Names of resources that are not part of the run."""
    api_id: Any = "@api"
    """How the parts of the API refer to it."""

    def run(self, phase: Phase) -> Run:
        """The run that the engine would show in that phase."""
        return _Builder(self, phase).run()


class _Builder:
    def __init__(self, stack: LinkedStack, phase: Phase) -> None:
        self.stack, self.phase = stack, phase
        self.resources: dict[str, Registered] = {}
        self.ids: dict[str, str] = {}

    def run(self) -> Run:
        stack = self.stack
        self.resources["stack"] = Registered(
            STACK, STACK.split("::")[2], "linked-dev", "", False, {}, {}
        )
        link = stack.link or stack.api
        for side in (stack.balancer, link, stack.api):
            self._provider(side)
        kind = types.VPC_LINK_V2 if stack.v2 else types.VPC_LINK
        self._make(
            stack.balancer_type,
            "nlb",
            stack.balancer,
            {"loadBalancerType": "network", "internal": True},
            arn="elasticloadbalancing:{place}:loadbalancer/net/nlb/0123456789abcdef",
        )
        self._make(kind, "link", link, {} if stack.v2 else {"targetArn": stack.target})
        self._make(types.REST_API, "api", stack.api, self._body() if stack.body else {})
        api = {"restApi": stack.api_id}
        if not stack.body:
            integration = self._integration()
            integration |= {"integrationTarget": stack.v2} if stack.v2 else {}
            self._make(types.INTEGRATION, "call", stack.api, {**api, **integration})
        deployment = {"variables": stack.deployment} if stack.deployment else {}
        self._make(types.DEPLOYMENT, "deployment", stack.api, {**api, **deployment})
        for index, (name, variables) in enumerate(stack.stages.items()):
            props: dict[str, Any] = {**api, "stageName": name, "variables": variables}
            props["deployment"] = "@deployment"
            if stack.canary is not None and index == 0:
                props["canarySettings"] = {"stageVariableOverrides": stack.canary}
            self._make(types.STAGE, name, stack.api, props)
        kept = {name: r for name, r in self.resources.items() if name not in stack.left_out}
        kept |= {name: replace(kept[name], read=True) for name in stack.read}
        return Run(self.phase, "linked", "dev", tuple(kept.values()))

    def _integration(self) -> dict[str, Any]:
        private = {"connectionType": "VPC_LINK", "connectionId": self.stack.connection}
        return {**private, "uri": "http://host/"}

    def _body(self) -> dict[str, Any]:
        operation = {"get": {"x-amazon-apigateway-integration": self._integration()}}
        text = json.dumps({"openapi": "3.0.1", "paths": {"/": operation}})
        return {"body": text if self.stack.body_is_known else f"@link:{text}"}

    def _provider(self, side: Side) -> None:
        urn = f"urn:pulumi:dev::linked::{types.PROVIDER}::{side.provider}"
        inputs = dict(side.inputs)
        if self.phase is Phase.UPDATE:
            known = {"region": side.region, "assumeRoles": role(side.account)}
            inputs |= {key: known[key] for key, value in inputs.items() if value is UNKNOWN}
        self.resources[f"provider {side.provider}"] = Registered(
            urn, types.PROVIDER, side.provider, STACK, True, inputs, inputs
        )

    def _make(
        self, kind: str, name: str, side: Side, props: Mapping[str, Any], arn: str = ""
    ) -> None:
        provider = self.resources[f"provider {side.provider}"]
        region = self.stack.regions.get(name, side.argument) or provider.inputs.get("region")
        resolved, sources = {}, {}
        for key, value in props.items():
            resolved[key], made_from = self._resolve(value)
            if made_from:
                sources[key] = frozenset(self.resources[origin].urn for origin in made_from)
        inputs = {**resolved, **({} if region in (None, UNKNOWN) else {"region": region})}
        place = f"{side.region}:{side.account}"
        prefix = f"arn:{partition_of(side.region)}"
        computed = {"id": f"{name}0id", "region": side.region}
        if arn:
            computed["arn"] = computed["id"] = f"{prefix}:{arn.format(place=place)}"
        if kind in (types.REST_API, types.STAGE):
            computed["executionArn"] = f"{prefix}:execute-api:{place}:{name}0id"
        self.ids[name] = computed["id"]
        if self.phase is Phase.PREVIEW:
            computed = dict.fromkeys(computed, UNKNOWN)  # type: ignore[arg-type]
        urn = f"urn:pulumi:dev::linked::{kind}::{name}"
        self.resources[name] = Registered(
            urn=urn,
            type=kind,
            name=name,
            parent=STACK,
            custom=True,
            inputs=inputs,
            outputs={**computed, **inputs},
            provider=provider.urn,
            property_dependencies=sources,
        )

    def _resolve(self, value: Any) -> tuple[Any, set[str]]:
        """A value with its references resolved, and the names of what it was made from."""
        if isinstance(value, Mapping):
            parts = {key: self._resolve(item) for key, item in value.items()}
            made_from = set().union(*(origin for _, origin in parts.values()))
            return {key: item for key, (item, _) in parts.items()}, made_from
        if not isinstance(value, str) or not value.startswith("@"):
            return value, set()
        name, _, text = value[1:].partition(":")
        is_read = name in self.stack.read
        is_known = is_read or self.phase is Phase.UPDATE
        value = (text or self.ids[name]) if is_known else UNKNOWN
        return value, set() if is_read else {name}
