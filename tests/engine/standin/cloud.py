"""What exists, and how things come and go, when nothing refuses them."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import kinds as k
from .values import Props, plain

ACCOUNT = "111122223333"


@dataclass
class Thing:
    """One thing in the cloud."""

    kind: str
    id: str
    urn: str
    inputs: Props
    """What AWS has of the inputs, secrets wrapped as the engine sent them."""
    outputs: Props
    """Computed outputs."""
    definition: str = ""
    """Of a deployment: the document that it froze."""

    @property
    def given(self) -> Props:
        """The inputs, unwrapped."""
        return plain(self.inputs)  # type: ignore[no-any-return]


@dataclass
class Cloud:
    """One account and region."""

    things: dict[tuple[str, str], Thing] = field(default_factory=dict)
    """By type and id."""
    definitions: dict[str, str] = field(default_factory=dict)
    """By REST API: the document imported last."""
    may_log: bool = True
    """Whether the account has a role for API Gateway's logs."""
    releases_slowly: bool = False
    """Whether the first delete of a balancer after its link went is refused, as AWS may do."""
    held: set[str] = field(default_factory=set)
    """Balancers whose next delete is refused."""
    made: Counter[str] = field(default_factory=Counter)
    """How often something was made, by URN."""

    def of(self, kind: str) -> Iterator[Thing]:
        """Everything of one type."""
        return (thing for thing in list(self.things.values()) if thing.kind == kind)

    def one(self, kind: str) -> Thing:
        """The only thing of a type."""
        (thing,) = self.of(kind)
        return thing

    def make(self, kind: str, urn: str, inputs: Props, region: str) -> Thing:
        """The thing as it would be; its digits come from its URN and how often it was made."""
        given = plain(inputs)
        seed = f"{urn} {self.made[urn]}"
        digits = hashlib.sha256(seed.encode()).hexdigest()
        template = k.KINDS[kind]
        fields = {
            "account": ACCOUNT,
            "region": given.get("region", region),
            "hex": f"0{digits[:16]}",
            "hex16": digits[:16],
            "key": digits[16:26],
            "short": digits[26:32],
            "vpc": str(given.get("vpcId", "")).removeprefix("vpc-"),
            "balancer": str(given.get("loadBalancerArn", "")).partition("loadbalancer/")[2],
            "name": given.get("name", ""),
            "given": defaultdict(str, given),
        }
        fields["id"] = template.id.format(**fields)
        outputs = {
            key: 1 if value is k.VERSION else value.format(**fields)
            for key, value in template.outputs.items()
        }
        return Thing(kind, str(fields["id"]), urn, inputs, outputs)

    def store(self, thing: Thing) -> None:
        """Let the thing exist."""
        self.things[thing.kind, thing.id] = thing
        self.made[thing.urn] += 1
        given = thing.given
        if thing.kind == k.REST_API_PUT:
            self.definitions[thing.id] = given["body"]
        if thing.kind == k.DEPLOYMENT:
            thing.definition = self.definitions[given["restApi"]]
        if thing.kind == k.API_ACCOUNT:
            self.may_log = bool(given.get("cloudwatchRoleArn"))

    def drop(self, kind: str, id: str) -> None:
        """Let the thing, and what AWS deletes with it, be gone; gone already is no error."""
        thing = self.things.pop((kind, id), None)
        if kind == k.VPC_LINK and self.releases_slowly and thing is not None:
            self.held.add(thing.given["targetArn"])
        if kind == k.LOAD_BALANCER:
            self._drop_all(k.LISTENER, "loadBalancerArn", id)
        if kind == k.REST_API:
            self.definitions.pop(id, None)
            self._drop_all(k.REST_API_PUT, "restApiId", id)
            for owned in (k.DEPLOYMENT, k.STAGE, k.METHOD_SETTINGS):
                self._drop_all(owned, "restApi", id)

    def _drop_all(self, kind: str, key: str, value: str) -> None:
        for thing in self.of(kind):
            if thing.given.get(key) == value:
                del self.things[kind, thing.id]
