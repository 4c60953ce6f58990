"""The checks of targets that share the load balancer of another one."""

from collections.abc import Callable, Iterator

from openapi.document import mapping
from openapi.paths import Problems, at
from openapi.routes import SCHEME_PORTS

from .errors import hint, quoted
from .link_checks import owner_of
from .reader import Draft
from .targets import InstancesTarget, NewTarget
from .values import taken


def _targets_are_behind_new_ones(draft: Draft) -> Problems:
    known = mapping(draft.given.get("targets"))
    for name, target in _behind(draft):
        key, owner = at("targets", name, "behind"), draft.targets.get(target.behind or "")
        if target.behind not in known:
            others = known.keys() - {name} or known
            text = f"is not in `targets`; {hint(str(target.behind), others)}. Use one of them."
        elif target.behind == name:
            text = "is the target itself. Name another one, or remove it."
        elif owner is None:
            continue  # it is wrong itself
        elif not isinstance(owner, NewTarget):
            text = (
                "is not a target whose load balancer the stack creates. Add a listener to the "
                "existing one, and name it as another target with its `listenerPort`."
            )
        elif owner.behind:
            text = f"is itself behind {owner.behind}. Name that one."
        elif owner.link != target.link:
            key = at("targets", name, "link")
            yield (
                key,
                f"{quoted(target.link)} differs from that of target {target.behind}, behind whose "
                "load balancer it is. Use the same.",
            )
            continue
        else:
            continue
        yield key, f"{quoted(target.behind)} {text}"


def _listeners_have_ports_of_their_own(draft: Draft) -> Problems:
    def place(name: str, target: NewTarget) -> object:
        return owner_of(name, target), target.open_port

    for name, target, first in taken(_by_owner(draft), place):
        yield (
            at("targets", name, "listenerPort"),
            f"{target.open_port} is also the port of target {first}, on the same load "
            "balancer. Use another one, above 1024.",
        )


def _instances_have_ports_of_their_own(draft: Draft) -> Problems:
    # Their security groups are not known, so that a rule is for their port at any address.
    def rule(name: str, target: NewTarget) -> object:
        return owner_of(name, target), target.port

    instances = [item for item in _by_owner(draft) if isinstance(item[1], InstancesTarget)]
    for name, target, first in taken(instances, rule):
        yield (
            at("targets", name, "port"),
            f"{target.port} is also the port of the instances of target {first}, behind the "
            "same load balancer, and AWS refuses the same rule twice. Remove `behind`, or use "
            "another port.",
        )


def _addresses_differ(draft: Draft) -> Problems:
    # Stages tell targets apart by link and host, and a host has no port that is its scheme's own.
    def address(name: str, target: NewTarget) -> object:
        return owner_of(name, target), target.host

    bare = [
        (name, target)
        for name, target in _by_owner(draft)
        if target.host is not None and target.open_port == SCHEME_PORTS[target.scheme]
    ]
    for name, target, first in taken(bare, address):
        yield (
            at("targets", name, "serverName" if target.server_name else "hostHeader"),
            f"{quoted(target.host)} is also the host of target {first} on the same load "
            "balancer, and stages could not tell them apart. Use another name, or a "
            "`listenerPort` above 1024.",
        )


def _behind(draft: Draft) -> Iterator[tuple[str, NewTarget]]:
    for name, target in draft.targets.items():
        if isinstance(target, NewTarget) and target.behind is not None:
            yield name, target


def _by_owner(draft: Draft) -> list[tuple[str, NewTarget]]:
    """New targets, those that have a load balancer before those that are behind one."""
    new = [(name, one) for name, one in draft.targets.items() if isinstance(one, NewTarget)]
    return sorted(new, key=lambda item: item[1].behind is not None)


SHARING_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _targets_are_behind_new_ones,
    _listeners_have_ports_of_their_own,
    _instances_have_ports_of_their_own,
    _addresses_differ,
)
