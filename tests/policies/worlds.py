"""Random worlds in which the truth is known: who works where, and what the engine shows of it.

A world says where everything really ends up, and what the engine shows of it at preview and at
update. So a test can compare what the policies report with the truth.
"""

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN, Phase, Registered, Run

STACK = "urn:pulumi:dev::world::pulumi:pulumi:Stack::world-dev"
ACCOUNTS, REGIONS = ("111122223333", "444455556666"), ("us-east-2", "eu-west-1")
COMPONENT, USER_POOL = "lab:index:Service", "aws:cognito/userPool:UserPool"
NLB, LISTENER = types.LOAD_BALANCERS[0], types.LISTENERS[0]


class Place(NamedTuple):
    """An account and a region."""

    account: str
    region: str


@dataclass(frozen=True)
class Provider:
    """A provider: what its inputs show in each phase, and where it really works."""

    name: str
    inputs: Mapping[str, Any]
    later: Mapping[str, Any]
    """Inputs at update."""
    place: Place
    is_pinned: bool


@dataclass
class World:
    """One stack, what is true about it, and what the engine shows of it."""

    rng: random.Random
    environment: Place = field(init=False)
    """Where whoever runs the update works without further configuration."""
    features: set[str] = field(default_factory=set)
    """What is special about it, in words."""
    apart: list[str] = field(default_factory=list)
    """What is not in one place."""
    unshown: set[str] = field(default_factory=set)
    """Why even the update does not show whether it is in one place."""
    is_hidden: bool = False
    """Whether only the preview can show it: no ARN has the account that a profile leads to now, or
    the account of a link that the stage of another stack may select."""
    vouched: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    """Ids and ARNs by name."""

    def __post_init__(self) -> None:
        self.environment = self.place()
        self.providers = [self._provider(number) for number in range(self.rng.choice([1, 1, 2, 3]))]
        if len(self.providers) > 1 and self.chance(0.15):
            self.providers[1] = self._with_inputs_of(self.providers[0])

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.rng.random() < probability

    def place(self) -> Place:
        """Some place, more often the first."""
        account, region = (self.rng.choice([x[0], x[0], x[1]]) for x in (ACCOUNTS, REGIONS))
        return Place(account, region)

    def provider(self) -> Provider:
        """Some provider."""
        return self.rng.choice(self.providers)

    def _with_inputs_of(self, other: Provider) -> Provider:
        """Another provider with the same inputs; only a pin or keys lead to the same account.

        So does the profile named default, as the README says.
        """
        self.features.add("environment of its own")
        is_same = other.is_pinned or other.inputs.get("accessKey")
        is_same = is_same or other.inputs.get("profile") == "default"
        account = other.place.account if is_same else self.place().account
        place = Place(account, other.place.region)
        return replace(other, name="explicit1", place=place)

    def _provider(self, number: int) -> Provider:
        wanted = self.place()
        is_default = number == 0 and self.chance(0.7)
        name = "default_7_51_1" if is_default else f"explicit{number}"
        kinds = ["environment", "environment", "profile", "keys", "role", "later role", "chain"]
        kind = self.rng.choice([*kinds, "pin", "metadata", "files", "default", "empty", "pins"])
        is_own = kind in ("environment", "default", "empty")
        account = self.environment.account if is_own else wanted.account
        if kind == "environment" and not is_default and self.chance(0.2):
            account = wanted.account
            self.features.add("environment of its own")
        profile = f"{account}-{wanted.region}-{self.rng.choice('ab')}"
        role = {"roleArn": f"arn:aws:iam::{account}:role/deploy"}
        other = {"role_arn": f"arn:aws:iam::{ACCOUNTS[0]}:role/first"}
        by_kind: dict[str, dict[str, Any]] = {
            "profile": {"profile": profile},
            "keys": {"accessKey": f"AKIA{account}", "secretKey": account},
            "role": {"assumeRoles": json.dumps([role])},
            "later role": {"assumeRoles": UNKNOWN},
            "chain": {
                "assumeRoles": json.dumps([other, role]),
                "assumeRoleWithWebIdentity": json.dumps(other),
            },
            "pin": {"profile": profile, "allowedAccountIds": json.dumps([account])},
            "pins": {"profile": profile, "allowedAccountIds": json.dumps(ACCOUNTS)},
            "metadata": {"ec2MetadataServiceEndpoint": f"http://{account}"},
            "files": {"profile": "x", "sharedConfigFiles": json.dumps([f"/{account}"])},
            "default": {"profile": "default"},
            "empty": {"profile": "", "accessKey": ""},
        }
        inputs = by_kind.get(kind, {})
        later = dict(inputs)
        if kind == "later role":
            later = {"assumeRoles": json.dumps([role])}
        region = wanted.region
        shown = self.rng.choice(["set", "set", "set", "later", "unset"])
        if shown != "set":
            self.features.add("region not configured")
        if shown == "unset":
            region = wanted.region if profile in str(inputs) else self.environment.region
        else:
            inputs["region"] = region if shown == "set" else UNKNOWN
            later["region"] = region
        is_pinned = kind in ("role", "later role", "chain", "pin")
        return Provider(name, inputs, later, Place(account, region), is_pinned)

    def argument(self, name: str, provider: Provider, probability: float = 0.08) -> Place:
        """Decide the region argument of a resource, and with it where the resource is."""
        if not self.chance(probability):
            return provider.place
        region = self.rng.choice(REGIONS)
        kind = self.rng.choice(["literal", "later"])
        self.features.add(f"region argument, {kind}")
        self.resources[name] |= {"region": region, "region kind": kind}
        return Place(provider.place.account, region)

    def make(
        self, token: str, name: str, provider: Provider, props: Mapping[str, Any], **more: Any
    ) -> str:
        """Add a resource; `Value`s in its properties are resolved by phase."""
        self.resources[name] = {"token": token, "provider": provider, "props": props, **more}
        place = self.argument(name, provider) if more.get("argument", True) else provider.place
        self.places[name] = place = more.get("place") or place
        kind, ident = token.rpartition(":")[2], f"{name}0id"
        if kind in ("LoadBalancer", "Listener"):
            path = "loadbalancer" if kind == "LoadBalancer" else "listener"
            ident = elb_arn(place, path, name)
        self.values[name] = ident
        return name

    def run(self, phase: Phase) -> Run:
        """What the engine shows in that phase."""
        shown = [Registered(STACK, STACK.split("::")[2], "world-dev", "", False, {}, {})]
        for one in self.providers:
            props = dict(one.inputs if phase is Phase.PREVIEW else one.later)
            urn = urn_of(types.PROVIDER, one.name)
            shown.append(Registered(urn, types.PROVIDER, one.name, STACK, True, props, props))
        shown += [self._registered(name, phase) for name in self.resources]
        return Run(phase, "world", "dev", tuple(shown))

    def _registered(self, name: str, phase: Phase) -> Registered:
        made = self.resources[name]
        token, provider, place = made["token"], made["provider"], self.places[name]
        exists = made.get("exists", False) or phase is Phase.UPDATE
        sources: dict[str, frozenset[str]] = {}
        inputs = {}
        for prop, value in made["props"].items():
            inputs[prop], origin = resolve(value, self, phase)
            if origin:
                sources[prop] = frozenset(self.urn(one) for one in origin)
        region = provider.inputs.get("region") if phase is Phase.PREVIEW else provider.place.region
        if "region" in made:
            is_later = made["region kind"] == "later" and not exists
            region = UNKNOWN if is_later else made["region"]
        if phase is Phase.UPDATE and "region" not in provider.inputs and "region" not in made:
            region = None
        is_argument = "region" in made
        if region is not None and (is_argument or region is not UNKNOWN):
            inputs["region"] = region
        computed: dict[str, Any] = {"id": self.values[name], "region": place.region}
        if token in (NLB, LISTENER):
            computed["arn"] = self.values[name]
        if token in (*types.APIS, *types.STAGES):
            computed["executionArn"] = f"arn:aws:execute-api:{place.region}:{place.account}:{name}"
        if not exists:
            computed = dict.fromkeys(computed, UNKNOWN)
        return Registered(
            urn=self.urn(name),
            type=token,
            name=name,
            parent=self.urn(made["parent"]) if made.get("parent") else STACK,
            custom=token != COMPONENT,
            inputs=inputs,
            outputs={**computed, **inputs} if token != COMPONENT else {},
            provider="" if token == COMPONENT else urn_of(types.PROVIDER, provider.name),
            property_dependencies=sources,
            read=made.get("read", False),
        )

    def urn(self, name: str) -> str:
        """URN of a resource."""
        return urn_of(self.resources[name]["token"], name)


def urn_of(token: str, name: str) -> str:
    """URN of a resource of the stack."""
    return f"urn:pulumi:dev::world::{token}::{name}"


def elb_arn(place: Place, path: str, name: str) -> str:
    """The ARN of a load balancer or a listener."""
    where = f"{place.region}:{place.account}"
    return f"arn:aws:elasticloadbalancing:{where}:{path}/net/{name}/0123456789abcdef"


@dataclass(frozen=True)
class Value:
    """A value that may be unknown at preview."""

    text: str
    sources: tuple[str, ...] = ()
    """Names of the resources that it is made from."""
    is_later: bool = True
    """Whether it is unknown at preview."""


def resolve(value: Any, world: World, phase: Phase) -> tuple[Any, set[str]]:
    """The value in a phase, and the names of what it is made from."""
    if isinstance(value, Value):
        origin = set(value.sources)
        is_unknown = value.is_later and phase is Phase.PREVIEW
        return (UNKNOWN if is_unknown else value.text), origin
    if isinstance(value, Mapping):
        parts = {key: resolve(item, world, phase) for key, item in value.items()}
        origin = set().union(*(found for _, found in parts.values())) if parts else set()
        return {key: item for key, (item, _) in parts.items()}, origin
    return value, set()


def text_of(value: Any) -> Any:
    """A value as it is at update."""
    return value.text if isinstance(value, Value) else value
