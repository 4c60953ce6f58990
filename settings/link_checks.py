"""The checks of what the VPC links, V1 and V2, can reach and share."""

from collections.abc import Callable

from openapi.paths import Problems, at

from .errors import quoted
from .network import NewNetwork
from .reader import Draft
from .stage_checks import Use, uses
from .targets import BALANCER_ARN, BalancerTarget, NewTarget, Target
from .values import taken


def balancer_of(name: str, target: Target) -> str:
    """The load balancer of a target: its ARN, or the target that the stack creates it for."""
    if isinstance(target, BalancerTarget):
        return target.load_balancer_arn
    return owner_of(name, target)


def owner_of(name: str, target: Target) -> str:
    """The target that has the load balancer: the one that it is behind, or itself."""
    return (isinstance(target, NewTarget) and target.behind) or name


def _balancers_have_one_link(draft: Draft) -> Problems:
    linked = [
        (name, target)
        for name, target in draft.targets.items()
        if isinstance(target, BalancerTarget) and not target.uses_v2
    ]
    for name, _, first in taken(linked, lambda _, target: target.load_balancer_arn):
        yield (
            at("targets", name, "loadBalancerArn"),
            f"is also the load balancer of target {first}, and AWS allows one VPC link per "
            "load balancer. Give this target the link instead: `vpcLinkId` and a "
            "`listenerPort`.",
        )


def _links_reach_their_balancers(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        if not isinstance(target, BalancerTarget):
            continue
        key, parts = (
            at("targets", name, "loadBalancerArn"),
            BALANCER_ARN.match(target.load_balancer_arn),
        )
        if parts and parts["type"] == "app" and not target.uses_v2:
            yield (
                key,
                f"{quoted(target.load_balancer_arn)} is an Application Load Balancer, which a VPC "
                "link V1 does not reach. Set `link: v2`, or use a Network Load Balancer.",
            )
        if target.uses_v2 and isinstance(draft.network, NewNetwork):
            yield (
                key,
                "cannot be reached with `link: v2` from a network that does not exist yet. Set "
                "`network` to the vpcId and subnetIds of the load balancer, or move this target to "
                "another stack.",
            )


def _stages_share_the_balancer_of_v2(draft: Draft) -> Problems:
    # The definition names the load balancer of a service with V2, and all stages, with their
    # canaries, share it.
    firsts: dict[str, Use] = {}
    for use in (use for use in uses(draft) if use.target in draft.targets):
        one = firsts.setdefault(use.service, use)
        first, target = draft.targets[one.target], draft.targets[use.target]
        if first.uses_v2 != target.uses_v2:
            version, other = ("V2", "V1") if target.uses_v2 else ("V1", "V2")
            yield (
                use.key,
                f"{quoted(use.target)} uses a VPC link {version}, but {one.words} sends to "
                f"{one.target} through a VPC link {other}, and all stages of an API share one "
                "definition. Move all of them in one update, use targets with the same `link`, or "
                "move one to another stack.",
            )
        elif target.uses_v2 and balancer_of(use.target, target) != balancer_of(one.target, first):
            yield (
                use.key,
                f"{quoted(use.target)} is not behind the load balancer of {one.target}, to which "
                f"{one.words} sends. With `link: v2` the definition names one load balancer, "
                "for all stages: use targets that share one, by `behind` or as an existing one "
                "with another `listenerPort`, or `link: v1`, or another stack.",
            )


LINK_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _balancers_have_one_link,
    _links_reach_their_balancers,
    _stages_share_the_balancer_of_v2,
)
