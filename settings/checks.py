"""What single values cannot show: the checks between the parts of a configuration."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from openapi.compiler import HOST_VARIABLE, LINK_VARIABLE, POLICY, stage_variables
from openapi.document import operations_with_api_keys
from openapi.lint import document_problems
from openapi.lint.schemas import model_problems
from openapi.routes import MAX_TIMEOUT_MS, Route, route_problems

from .errors import NAMESPACE, Problem, near, quoted
from .schema import (
    BALANCER_ARN,
    Api,
    BalancerTarget,
    FleetTarget,
    InstancesTarget,
    Network,
    NewNetwork,
    Stage,
    Target,
)

_PINNED = {LINK_VARIABLE, HOST_VARIABLE}


@dataclass
class Draft:
    """What could be parsed of a configuration; the rest is absent."""

    region: str | None = None
    account_ids: tuple[str, ...] = ()
    owner: str | None = None
    permissions_boundary: str | None = None
    network: Network | None = None
    has_network: bool = False
    """Whether the configuration has a network, be it one that did not parse."""
    target_names: frozenset[str] = frozenset()
    """All targets, those included that did not parse."""
    targets: dict[str, Target] = field(default_factory=dict)
    api: Api | None = None
    routes: dict[int, Route] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None
    """What `definitionFile` holds, if it could be read."""
    stages: dict[str, Stage] = field(default_factory=dict)


def cross_problems(draft: Draft) -> Iterator[Problem]:
    """Every contradiction between parts, as far as the parts could be parsed."""
    for check in _CHECKS:
        for key, message in check(draft):
            yield Problem(f"{NAMESPACE}:{key}", message)


Found = Iterator[tuple[str, str]]


def _zones_are_of_the_region(draft: Draft) -> Found:
    if isinstance(draft.network, NewNetwork) and draft.region:
        for position, zone in enumerate(draft.network.zones):
            if zone[:-1] != draft.region:
                yield (
                    f"network.zones[{position}]",
                    f"{quoted(zone)} is not in aws:region {draft.region}. Name a zone such as "
                    f"{draft.region}a, or change the region.",
                )


def _new_targets_have_a_network(draft: Draft) -> Found:
    new = [n for n, t in draft.targets.items() if isinstance(t, FleetTarget | InstancesTarget)]
    if new and not draft.has_network:
        yield (
            "network",
            f"is missing, and target {new[0]} needs one. Give a cidrBlock and zones for "
            "a new network, or a vpcId and subnetIds for an existing one.",
        )


def _instances_have_an_existing_network(draft: Draft) -> Found:
    for name, target in draft.targets.items():
        if isinstance(target, InstancesTarget) and isinstance(draft.network, NewNetwork):
            yield (
                f"targets.{name}.instances",
                "cannot be in a network that is yet to be made. Set `network` to the vpcId "
                "and subnetIds of the instances.",
            )


def _targets_speak_one_protocol(draft: Draft) -> Found:
    """The scheme is literal in the one definition; only the host can be a stage variable."""
    for key in ("protocol", "tls"):
        said = {name: getattr(target, key) for name, target in draft.targets.items()}
        first = next(iter(said), "")
        for name, value in said.items():
            if value != said[first]:
                yield (
                    f"targets.{name}.{key}",
                    f"differs from that of target {first}; all targets of an API share one. Use "
                    "the same, or a stack of its own for this target.",
                )


def _tls_belongs_to_https(draft: Draft) -> Found:
    for name, target in draft.targets.items():
        server_name = getattr(target, "server_name", None)
        if target.protocol == "http":
            if target.tls:
                yield (
                    f"targets.{name}.tls",
                    "has no meaning with http. Set `protocol: https`, or remove it.",
                )
            if server_name:
                yield (
                    f"targets.{name}.serverName",
                    f"{quoted(server_name)} has no meaning with http. Set `protocol: https`, or "
                    "remove it.",
                )
        elif isinstance(target, FleetTarget | InstancesTarget) and not server_name:
            yield (
                f"targets.{name}.serverName",
                "is missing with https. Give the name on the service's certificate; it is "
                "checked, and the balancer's own name never matches.",
            )


def _fleets_have_room(draft: Draft) -> Found:
    for name, target in draft.targets.items():
        if isinstance(target, FleetTarget) and target.fleet.min_size > target.fleet.max_size:
            yield (
                f"targets.{name}.fleet.minSize",
                f"{target.fleet.min_size} is above maxSize {target.fleet.max_size}. Lower "
                "one or raise the other.",
            )


def _balancers_are_at_home(draft: Draft) -> Found:
    for name, target in draft.targets.items():
        if not isinstance(target, BalancerTarget):
            continue
        parts = BALANCER_ARN.match(target.load_balancer_arn)
        key = f"targets.{name}.loadBalancerArn"
        if parts and draft.region and parts["region"] != draft.region:
            yield (
                key,
                f"is in {parts['region']}, not in aws:region {draft.region}. A VPC link, "
                "its balancer and its API share a region: use a balancer of this one.",
            )
        if parts and draft.account_ids and parts["account"] not in draft.account_ids:
            yield (
                key,
                f"belongs to account {parts['account']}, not to aws:allowedAccountIds "
                f"{', '.join(draft.account_ids)}. A VPC link, its balancer and its API "
                "share an account: use a balancer of this one.",
            )


def _balancers_carry_one_link(draft: Draft) -> Found:
    carriers: dict[str, str] = {}
    for name, target in draft.targets.items():
        if isinstance(target, BalancerTarget):
            first = carriers.setdefault(target.load_balancer_arn, name)
            if first != name:
                yield (
                    f"targets.{name}.loadBalancerArn",
                    f"is the balancer of target {first} too, and AWS puts one VPC link on a "
                    "balancer. Give this target the link instead: `vpcLinkId` with its own "
                    "`listenerPort`.",
                )


def _stages_name_targets(draft: Draft) -> Found:
    for name, stage in draft.stages.items():
        named = {"target": stage.target}
        if stage.canary:
            named["canary.target"] = stage.canary.target
        for key, target in named.items():
            if draft.target_names and target not in draft.target_names:
                yield (
                    f"stages.{name}.{key}",
                    f"{quoted(target)} is not in `targets`; {near(target, draft.target_names)}. "
                    "Name one of them, or add it.",
                )
        if stage.canary and stage.canary.target == stage.target:
            yield (
                f"stages.{name}.canary.target",
                f"{quoted(stage.target)} is the stage's own target. Name another one, or "
                "remove the canary.",
            )


def _stage_variables_are_free(draft: Draft) -> Found:
    for name, stage in draft.stages.items():
        for variable in sorted(_PINNED & stage.variables.keys()):
            yield (
                f"stages.{name}.variables.{variable}",
                "is set from the stage's target. Remove it, and set `target`.",
            )


def _keys_meet_routes(draft: Draft) -> Found:
    wanting = [f"routes[{i}]" for i, r in draft.routes.items() if r.authorization == "apiKey"]
    wanting += operations_with_api_keys(draft.document or {})
    for name, stage in draft.stages.items():
        if wanting and not stage.api_keys:
            yield (
                f"stages.{name}.apiKeys",
                f"is missing, and {wanting[0]} wants an API key. Add names and a "
                "throttle, or change its authorization.",
            )


def _either_routes_or_file(draft: Draft) -> Found:
    if draft.api is None:
        return
    if draft.routes and draft.api.definition_file:
        yield (
            "api.definitionFile",
            f"{quoted(draft.api.definition_file)} stands beside routes. Keep one of the two.",
        )
    for key in ("cors", "models"):
        if draft.api.definition_file and getattr(draft.api, key):
            yield (
                f"api.{key}",
                "belongs to routes; with `definitionFile` it stands in the file. Move it there.",
            )


def _routes_fit_together(draft: Draft) -> Found:
    if draft.api:
        found = route_problems(draft.routes, tuple(draft.api.models), draft.api.cors)
        yield from ((f"api.{key}", message) for key, message in found)
        for place, message in model_problems(draft.api.models):
            yield f"api.models{place.removeprefix('components.schemas')}", message
        limit = MAX_TIMEOUT_MS[draft.api.endpoint_type]
        for position, route in draft.routes.items():
            if route.timeout_ms > limit:
                yield (
                    f"api.routes[{position}].timeoutMs",
                    f"{route.timeout_ms} is above {limit}, the limit of an "
                    f"{draft.api.endpoint_type} endpoint. Lower it, or set `endpointType: "
                    "regional`.",
                )


def _file_can_be_imported(draft: Draft) -> Found:
    if draft.api is None or draft.document is None:
        return
    protocol = next((target.protocol for target in draft.targets.values()), None)
    for place, message in document_problems(
        draft.document, scheme=protocol, endpoint_type=draft.api.endpoint_type
    ):
        yield "api.definitionFile", f"{draft.api.definition_file}: {place}: {message}"
    if draft.api.resource_policy_file and POLICY in draft.document:
        yield (
            "api.resourcePolicyFile",
            (
                f"{quoted(draft.api.resource_policy_file)} stands beside the {POLICY} of "
                f"{draft.api.definition_file}. Keep one of the two."
            ),
        )


def _stages_set_the_variables(draft: Draft) -> Found:
    used = stage_variables(draft.document or {}) - _PINNED
    for name, stage in draft.stages.items():
        for variable in sorted(used - stage.variables.keys()):
            yield (
                f"stages.{name}.variables",
                f"has no {variable}, which the definition uses. Add it.",
            )


_CHECKS: tuple[Callable[[Draft], Found], ...] = (
    _zones_are_of_the_region,
    _new_targets_have_a_network,
    _instances_have_an_existing_network,
    _targets_speak_one_protocol,
    _tls_belongs_to_https,
    _fleets_have_room,
    _balancers_are_at_home,
    _balancers_carry_one_link,
    _either_routes_or_file,
    _routes_fit_together,
    _file_can_be_imported,
    _stages_set_the_variables,
    _stages_name_targets,
    _stage_variables_are_free,
    _keys_meet_routes,
)
