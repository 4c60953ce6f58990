"""The resources of a random world, how they refer to each other, and what is apart among them."""

import json
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from policies.pack import resource_types as types
from tests.policies.worlds import (
    COMPONENT,
    LISTENER,
    NLB,
    USER_POOL,
    Place,
    Provider,
    Value,
    World,
    elb_arn,
    text_of,
)


def world_of(seed: int) -> World:
    """The world of a seed."""
    world = World(random.Random(seed))  # noqa: S311
    _Wiring(world).build()
    return world


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
