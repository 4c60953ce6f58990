"""Random worlds in which the truth is known: who works where, and how resources are wired.

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
        _wire(self)

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


def _wire(world: World) -> None:
    """Choose the resources of a world, and how they refer to each other."""
    wiring = _Wiring(world)
    wiring.build()


class _Target(NamedTuple):
    """What a link or an integration leads to."""

    value: Any
    place: Place


class _Link(NamedTuple):
    """A VPC link as something that is referred to."""

    value: Any
    place: Place | None
    """None when only AWS knows."""
    target: Place | None
    is_v2: bool


class _Wiring:
    def __init__(self, world: World) -> None:
        self.world, self.rng = world, world.rng
        self.api_provider = world.provider()
        self.count = 0
        self.variable = self.rng.choice(["vpcLinkId", "vpcLinkId", "primary"])

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def near(self) -> Provider:
        """A provider, more often the one of the API."""
        return self.api_provider if self.world.chance(0.6) else self.world.provider()

    def target(self, *, listener: bool = False) -> _Target:
        """A load balancer or a listener, and a reference to it."""
        world, token, path = self.world, NLB, "loadbalancer"
        if listener:
            token, path = LISTENER, "listener"
        kind = self.rng.choice(
            ["output", "output", "output", "mapping", "component", "literal", "read", "later"]
        )
        world.features.add(f"target by {kind}")
        if kind in ("literal", "later"):
            place = self.near().place if world.chance(0.6) else world.place()
            text = elb_arn(place, path, "old")
            return _Target(Value(text, is_later=kind == "later"), place)
        made = self._balancer(token, kind)
        sources = [made]
        if kind == "component":
            sources = [world.resources[made]["parent"]]
        if kind == "mapping":
            sources.append(self._balancer(token, kind))
        is_later = not (world.resources[made].get("exists") or kind == "read")
        return _Target(Value(world.values[made], tuple(sources), is_later), world.places[made])

    def _balancer(self, token: str, kind: str) -> str:
        world, provider, more = self.world, self.near(), dict[str, Any]()
        if kind == "read":
            more |= {"read": True, "exists": True, "argument": False}
        elif world.chance(0.12):
            world.features.add("load balancer exists")
            more["exists"] = True
            if provider.inputs.get("profile") and not provider.is_pinned and world.chance(0.4):
                world.features.add("profile changed")
                more["place"] = Place(world.place().account, provider.place.region)
                more["argument"] = False
        if kind == "component":
            parent = self.name("component")
            world.make(COMPONENT, parent, provider, {}, argument=False)
            more["parent"] = parent
        return world.make(token, self.name("nlb"), provider, {"internal": True}, **more)

    def link(self, *, is_v2: bool) -> _Link:
        """A VPC link, and a reference to it."""
        world = self.world
        if world.chance(0.15):
            world.features.add("external link")
            ident = f"ext{self.rng.randrange(10**6):06}"
            place, behind = self.near().place, self.near().place
            if world.chance(0.5):
                arn = elb_arn(behind, "loadbalancer", "old")
                entry = {"nlbArn": arn, "account": place.account, "region": place.region}
                world.vouched[ident] = entry
                return _Link(Value(ident, is_later=False), place, behind, is_v2)
            if not is_v2:
                world.unshown.add("external link")
            return _Link(Value(ident, is_later=world.chance(0.2)), None, None, is_v2)
        provider = self.near()
        to = None if is_v2 else self.target()
        token = types.VPC_LINK_V2 if to is None else types.VPC_LINK
        props = {} if to is None else {"targetArn": to.value}
        made = world.make(token, self.name("link"), provider, props)
        sources = [made]
        if world.chance(0.12):
            world.features.add("link by mapping")
            other = types.VPC_LINK_V2 if is_v2 else types.VPC_LINK
            more = {} if is_v2 else {"targetArn": self.target().value}
            second = world.make(other, self.name("link"), self.near(), more)
            sources.append(second)
            if not is_v2:  # it is a VPC link like any other, and its own target counts
                self.same(second, world.places[second], self._place_of_target(second))
        target = to.place if to else None
        return _Link(Value(world.values[made], tuple(sources)), world.places[made], target, is_v2)

    def _place_of_target(self, link: str) -> Place | None:
        """Where the load balancer of a link is; None for one of version 2."""
        text = text_of(self.world.resources[link]["props"].get("targetArn"))
        return Place(text.split(":")[4], text.split(":")[3]) if text else None

    def same(self, label: str, one: Place | None, other: Place | None) -> None:
        """Note what is apart."""
        if one is not None and other is not None and one != other:
            self.world.apart.append(f"{label}: {one} and {other}")

    def build(self) -> None:
        world, rng = self.world, self.rng
        is_http = world.chance(0.3)
        is_v2 = world.chance(0.7 if is_http else 0.3)
        token = types.HTTP_API if is_http else types.REST_API
        reference = "apiId" if is_http else "restApi"
        form = rng.choice(["discrete", "discrete", "document", "document", "elsewhere"])
        api_kind = "here" if form == "document" else rng.choice(["here", "here", "id", "later"])
        world.features |= {f"integration {form}", f"API {api_kind}", "V2" if is_v2 else "V1"}
        world.features.add("HTTP" if is_http else "REST")
        by_variable = form == "elsewhere" or world.chance(0.6)
        links = [self.link(is_v2=is_v2)]
        named = is_v2 and form != "elsewhere"
        target = self.target(listener=is_http) if named else None
        call = self.call(links[0], target, by_variable, is_http)
        api_value: Any = Value("ext1234567", is_later=api_kind == "later")
        place = self.api_provider.place
        if api_kind == "here":
            body = {"body": self.document(call)} if form == "document" else {}
            made = world.make(token, "api", self.api_provider, body)
            api_value, place = Value(world.values[made], (made,)), world.places[made]
        if form == "discrete":
            kind = types.HTTP_INTEGRATION if is_http else types.INTEGRATION
            props = {reference: api_value, **call}
            made = world.make(kind, "call", self.api_provider, props)
            if api_kind != "here":  # only its parts show where it is
                place = world.places[made]
            self.same("integration", world.places[made], place)
        is_elsewhere = by_variable and api_kind == "here" and form != "elsewhere"
        has_stage = by_variable and not (is_elsewhere and world.chance(0.2))
        if has_stage:
            self.stage(links, api_value, reference, is_http)
            if form == "elsewhere" and api_kind != "here":  # nothing else shows where the API is
                place = world.places["stage"]
            self.same("stage", world.places["stage"], place)
        elif by_variable:
            world.features.add("stage elsewhere")
        for link in links if has_stage or not by_variable else ():
            self.same("link", link.place, place)
            self.same("target of the link", link.target, place)
        if by_variable and not has_stage:  # the stage of another stack may select any link
            made_links = [n for n, m in world.resources.items() if m["token"] in types.VPC_LINKS]
            ends = [{world.places[n], self._place_of_target(n) or place} for n in made_links]
            if ends and all(one != {place} for one in ends):
                world.apart.append(f"every link: {ends} and {place}")
        if target:
            self.same("target", target.place, place)
            world.unshown.discard("external link")
        if form == "elsewhere" and any(link.place is None for link in links):
            world.unshown.add("external link")
        self.compare_links_with_targets()
        self.note_unshown(by_variable and not has_stage)

    def compare_links_with_targets(self) -> None:
        """A VPC link of version 1 is where its load balancer is."""
        for name, made in self.world.resources.items():
            if made["token"] == types.VPC_LINK:
                self.same(name, self.world.places[name], self._place_of_target(name))

    def note_unshown(self, stage_elsewhere: bool) -> None:
        """A provider without a pin shows its account only by the ARNs of what it creates."""
        world = self.world
        tokens = (NLB, LISTENER, *types.APIS, *types.STAGES)
        showing = {
            made["provider"].name
            for made in world.resources.values()
            if made["token"] in tokens and not made.get("read")
        }
        for name, made in world.resources.items():
            provider = made["provider"]
            has_arn = made["token"] in (*tokens, COMPONENT, USER_POOL)
            if not has_arn and not provider.is_pinned and provider.name not in showing:
                world.unshown.add(f"account of {name}")
        new = {
            made["provider"].name
            for made in world.resources.values()
            if made["token"] in (*types.APIS, *types.STAGES)
        }
        for name, made in world.resources.items():
            if world.places[name].account != made["provider"].place.account:
                world.unshown.add("a provider with resources in two accounts")
        changed = {m["provider"].name for m in world.resources.values() if "place" in m}
        world.is_hidden = bool(changed - new)
        if stage_elsewhere and world.unshown:
            world.is_hidden = True
        if stage_elsewhere:
            world.unshown.discard("external link")

    def call(
        self, link: _Link, target: _Target | None, by_variable: bool, is_http: bool
    ) -> dict[str, Any]:
        """The properties of the integration."""
        connection: Any = f"${{stageVariables.{self.variable}}}" if by_variable else link.value
        call = {"connectionType": "VPC_LINK", "connectionId": connection}
        uri = "integrationUri" if is_http else "uri"
        if target is None:
            return {**call, uri: "http://host/"}
        return (
            {**call, uri: target.value}
            if is_http
            else {
                **call,
                "integrationTarget": target.value,
            }
        )

    def document(self, call: Mapping[str, Any]) -> Value:
        """The integration as a document, which may be unknown at preview."""
        world, rng = self.world, self.rng
        renamed = {"integrationTarget": "integration-target", "integrationUri": "uri"}
        plain = {renamed.get(key, key): text_of(value) for key, value in call.items()}
        key, ref = "x-amazon-apigateway-integration", {"$ref": "#/components/x~1y"}
        form = rng.choice(["plain", "plain", "integration", "operation", "path"])
        world.features.add(f"document, {form}")
        operation: Any = {"get": {key: plain}}
        components: dict[str, Any] = {}
        if form == "integration":
            operation, components = {"get": {key: ref}}, {"x/y": plain}
        elif form == "operation":
            operation, components = {"get": ref}, {"x/y": {key: plain}}
        elif form == "path":
            operation, components = ref, {"x/y": {"get": {key: plain}}}
        paths = {"/": operation, "/other": {"get": {key: {"type": "mock"}}}}
        body = json.dumps({"openapi": "3.0.1", "paths": paths, "components": components})
        values = [value for value in call.values() if isinstance(value, Value)]
        sources = {one for value in values for one in value.sources}
        if world.chance(0.2):
            world.features.add("document with a user pool")
            sources.add(world.make(USER_POOL, "pool", self.api_provider, {}))
        is_later = any(value.is_later for value in values) or "pool" in sources
        return Value(body, tuple(sorted(sources)), is_later)

    def stage(self, links: list[_Link], api: Any, reference: str, is_http: bool) -> None:
        """The stage, which selects the link, and perhaps a canary that selects another."""
        world = self.world
        variables = {self.variable: links[0].value, "host": "name"}
        props: dict[str, Any] = {reference: api}
        props["stageVariables" if is_http else "variables"] = variables
        if not is_http and world.chance(0.15):
            world.features.add("canary")
            links.append(self.link(is_v2=links[0].is_v2))
            override = {self.variable: links[1].value}
            props["canarySettings"] = {"stageVariableOverrides": override}
        provider = self.api_provider if world.chance(0.9) else world.provider()
        world.make(types.HTTP_STAGE if is_http else types.STAGE, "stage", provider, props)
