"""A load balancer and an API, each made somewhere and in some way, with the link between them.

What a provider says and where things really end up are given apart, as in a program: the engine
shows the first at preview, and the second in ARNs once they exist.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies.pack.graph import tokens as t
from policies.pack.graph.arn import partition_of
from simulation.engine import UNKNOWN, Phase, Registered, Run

NLB = t.LOAD_BALANCERS[0]
STACK = "urn:pulumi:dev::halves::pulumi:pulumi:Stack::halves-dev"
OURS, THEIRS = "111122223333", "444455556666"
HERE, THERE = "us-east-2", "eu-west-1"
VARIABLE = "${stageVariables.vpcLinkId}"
STAGES = {"dev": {"vpcLinkId": "@link"}}


def role(account: str, key: str = "roleArn") -> str:
    """An assumed role, as the wire has it."""
    return json.dumps([{key: f"arn:aws:iam::{account}:role/deploy"}])


@dataclass(frozen=True)
class Half:
    """Where one half is, and what its program says about that."""

    provider: str = "default"
    says: Mapping[str, Any] = field(default_factory=lambda: {"region": HERE})
    """Inputs of the provider, as on the wire."""
    argument: Any = None
    """The region argument of its resources."""
    region: str = HERE
    account: str = OURS


@dataclass(frozen=True)
class Scene:
    """A stack of two halves. "@name" in a value stands for the id or ARN of that resource."""

    balancer: Half = field(default_factory=Half)
    api: Half = field(default_factory=Half)
    link: Half | None = None
    """Like the API, when not given."""
    regions: Mapping[str, Any] = field(default_factory=dict)
    """Region arguments by resource name."""
    balancer_type: str = NLB
    target: Any = "@nlb"
    """What the link targets."""
    connection: Any = VARIABLE
    body: bool = False
    """Whether the integration stands in a definition instead of a resource."""
    body_is_known: bool = True
    v2: Any = None
    """The integrationTarget, which makes it a link of version 2."""
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: STAGES)
    deployment: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the deployment."""
    canary: Mapping[str, Any] | None = None
    """Overrides of the first stage."""
    read: tuple[str, ...] = ()
    """Names of resources that were read: known from the start, and shown to nobody."""
    left_out: tuple[str, ...] = ()
    """Names of resources that are no part of the run."""
    api_id: Any = "@api"
    """What the parts of the API call it."""

    def run(self, phase: Phase) -> Run:
        """What the engine would show in that phase."""
        return _Builder(self, phase).run()


class _Builder:
    def __init__(self, scene: Scene, phase: Phase) -> None:
        self.scene, self.phase = scene, phase
        self.made: dict[str, Registered] = {}
        self.truth: dict[str, str] = {}

    def run(self) -> Run:
        scene = self.scene
        self.made["stack"] = Registered(
            STACK, STACK.split("::")[2], "halves-dev", "", False, {}, {}
        )
        link = scene.link or scene.api
        for half in (scene.balancer, link, scene.api):
            self._provider(half)
        kind = t.VPC_LINK_V2 if scene.v2 else t.VPC_LINK
        self._make(
            scene.balancer_type,
            "nlb",
            scene.balancer,
            {"loadBalancerType": "network", "internal": True},
            arn="elasticloadbalancing:{place}:loadbalancer/net/nlb/0123456789abcdef",
        )
        self._make(kind, "link", link, {} if scene.v2 else {"targetArn": scene.target})
        self._make(t.REST_API, "api", scene.api, self._body() if scene.body else {})
        api = "restApi", scene.api_id
        if not scene.body:
            call = {
                "connectionType": "VPC_LINK",
                "connectionId": scene.connection,
                "uri": "http://host/",
            }
            call |= {"integrationTarget": scene.v2} if scene.v2 else {}
            self._make(t.INTEGRATION, "call", scene.api, {**dict([api]), **call})
        deployed = {"variables": scene.deployment} if scene.deployment else {}
        self._make(t.DEPLOYMENT, "deployment", scene.api, {**dict([api]), **deployed})
        for index, (name, variables) in enumerate(scene.stages.items()):
            props: dict[str, Any] = {**dict([api]), "stageName": name, "variables": variables}
            props["deployment"] = "@deployment"
            if scene.canary is not None and index == 0:
                props["canarySettings"] = {"stageVariableOverrides": scene.canary}
            self._make(t.STAGE, name, scene.api, props)
        kept = {name: r for name, r in self.made.items() if name not in scene.left_out}
        kept |= {name: replace(kept[name], read=True) for name in scene.read}
        return Run(self.phase, "halves", "dev", tuple(kept.values()))

    def _body(self) -> dict[str, Any]:
        integration = {"connectionType": "VPC_LINK", "connectionId": self.scene.connection}
        integration |= {"uri": "http://host/"}
        operation = {"get": {"x-amazon-apigateway-integration": integration}}
        text = json.dumps({"openapi": "3.0.1", "paths": {"/": operation}})
        return {"body": text if self.scene.body_is_known else f"@link:{text}"}

    def _provider(self, half: Half) -> None:
        urn = f"urn:pulumi:dev::halves::{t.PROVIDER}::{half.provider}"
        says = dict(half.says)
        if self.phase is Phase.UPDATE:
            truth = {"region": half.region, "assumeRoles": role(half.account)}
            says |= {key: truth[key] for key, value in says.items() if value is UNKNOWN}
        self.made[f"provider {half.provider}"] = Registered(
            urn, t.PROVIDER, half.provider, STACK, True, says, says
        )

    def _make(
        self, kind: str, name: str, half: Half, props: Mapping[str, Any], arn: str = ""
    ) -> None:
        provider = self.made[f"provider {half.provider}"]
        said = self.scene.regions.get(name, half.argument) or provider.inputs.get("region")
        region = {} if said in (None, UNKNOWN) else {"region": said}
        settled, sources = {}, {}
        for key, value in props.items():
            settled[key], made_from = self._settle(value)
            if made_from:
                sources[key] = frozenset(self.made[origin].urn for origin in made_from)
        inputs = {**settled, **region}
        place = f"{half.region}:{half.account}"
        prefix = f"arn:{partition_of(half.region)}"
        answers = {"id": f"{name}0id", "region": half.region}
        if arn:
            answers["arn"] = answers["id"] = f"{prefix}:{arn.format(place=place)}"
        if kind in (t.REST_API, t.STAGE):
            answers["executionArn"] = f"{prefix}:execute-api:{place}:{name}0id"
        self.truth[name] = answers["id"]
        if self.phase is Phase.PREVIEW:
            answers = dict.fromkeys(answers, UNKNOWN)  # type: ignore[arg-type]
        urn = f"urn:pulumi:dev::halves::{kind}::{name}"
        self.made[name] = Registered(
            urn=urn,
            type=kind,
            name=name,
            parent=STACK,
            custom=True,
            inputs=inputs,
            outputs={**answers, **inputs},
            provider=provider.urn,
            property_dependencies=sources,
        )

    def _settle(self, value: Any) -> tuple[Any, set[str]]:
        """A value with its references resolved, and the names of what it was made from."""
        if isinstance(value, Mapping):
            parts = {key: self._settle(item) for key, item in value.items()}
            made_from = set().union(*(origin for _, origin in parts.values()))
            return {key: item for key, (item, _) in parts.items()}, made_from
        if not isinstance(value, str) or not value.startswith("@"):
            return value, set()
        name, _, text = value[1:].partition(":")
        is_read = name in self.scene.read
        is_known = is_read or self.phase is Phase.UPDATE
        value = (text or self.truth[name]) if is_known else UNKNOWN
        return value, set() if is_read else {name}
