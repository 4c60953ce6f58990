"""The checks between the parts of a configuration."""

from collections.abc import Callable, Iterator

from openapi.compiler import POLICY
from openapi.document import mapping, operations_with_api_keys
from openapi.findings import Findings
from openapi.normalizing.schemas import normalized_models
from openapi.paths import Problems, at
from openapi.routes import MAX_TIMEOUT_MS, route_problems

from .authorizer_checks import AUTHORIZER_CHECKS
from .cache_checks import CACHE_CHECKS
from .domain_checks import domain_problems
from .endpoint_checks import ENDPOINT_CHECKS
from .errors import Problem, quoted
from .fleet_checks import FLEET_CHECKS
from .link_checks import LINK_CHECKS
from .network_checks import NETWORK_CHECKS
from .reader import Draft
from .scaling import RequestScaling
from .schema import MAX_NAMES, NAMESPACE
from .sharing_checks import SHARING_CHECKS
from .stage_checks import STAGE_CHECKS
from .targets import BALANCER_ARN, BalancerTarget, FleetTarget, InstancesTarget
from .tls_checks import TLS_CHECKS
from .vpc_endpoint_checks import VPC_ENDPOINT_CHECKS
from .web_acl_checks import WEB_ACL_CHECKS

MAX_SCALING_STAGES = 9
"""Stages whose requests count for one fleet: an alarm has ten metrics, and one is its size.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create-alarm-on-metric-math-expression.html
"""
_RESERVED = {"internal": "load balancer", "sg": "security groups"}
"""How the name of a new target must not begin, before a dash, and what takes its name."""


def cross_problems(draft: Draft) -> Iterator[Problem]:
    """Every contradiction between the valid parts of a configuration."""
    for check in _CHECKS:
        for key, message in check(draft):
            yield Problem(f"{NAMESPACE}:{key}", message)


def _there_are_not_too_many(draft: Draft) -> Problems:
    for part in ("targets", "stages"):
        if (count := len(mapping(draft.given.get(part)))) > MAX_NAMES:
            text = f"has {count} entries, above the limit of {MAX_NAMES}"
            yield part, f"{text}. Move some to another stack."


def _new_targets_have_a_network(draft: Draft) -> Problems:
    placed = FleetTarget | InstancesTarget
    new = [n for n, t in draft.targets.items() if isinstance(t, placed) or t.uses_v2]
    if new and "network" not in draft.given:
        yield (
            "network",
            f"is missing, and target {new[0]} needs one. Add a cidrBlock and zones for a new "
            "network, or a vpcId and subnetIds for an existing one.",
        )


def _new_targets_have_free_names(draft: Draft) -> Problems:
    # Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
    # and https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
    for name, target in draft.targets.items():
        first = name.partition("-")[0]
        if first in _RESERVED and isinstance(target, FleetTarget | InstancesTarget):
            yield (
                at("targets", name),
                f"{quoted(name)} would begin the name of the {_RESERVED[first]}, and AWS refuses "
                f"names that begin with {quoted(first + '-')}. Use a name without that beginning.",
            )


def _scaling_has_room(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        fleet = target.fleet if isinstance(target, FleetTarget) else None
        if fleet is None or fleet.scaling is None:
            continue
        if fleet.min_size == fleet.max_size:
            yield (
                at("targets", name, "fleet", "scaling"),
                f"has no effect, because minSize and maxSize are both {fleet.max_size}. Raise "
                "maxSize, or remove it.",
            )
        users = [one for one, stage in draft.stages.items() if name in stage.shares]
        if not isinstance(fleet.scaling, RequestScaling):
            continue
        if shared := [one for one in users if len(draft.stages[one].targets) > 1]:
            yield (
                at("targets", name, "fleet", "scaling", "requestsPerInstance"),
                f"cannot count: AWS counts the requests of a stage, and those of {shared[0]} go to "
                "several services. Use cpuPercent.",
            )
        if len(users) > MAX_SCALING_STAGES:
            yield (
                at("targets", name, "fleet", "scaling", "requestsPerInstance"),
                f"counts the requests of {len(users)} stages, above the {MAX_SCALING_STAGES} that "
                "one alarm of CloudWatch can add up. Use cpuPercent, or another target for some.",
            )


def _balancers_are_in_the_account_and_region(draft: Draft) -> Problems:
    for name, target in draft.targets.items():
        parts = isinstance(target, BalancerTarget) and BALANCER_ARN.match(target.load_balancer_arn)
        if parts and draft.region and parts["region"] != draft.region:
            yield (
                at("targets", name, "loadBalancerArn"),
                f"is in {parts['region']}, not in aws:region {draft.region}. A VPC link, its load "
                "balancer and its API share a region: use a load balancer in this one.",
            )
        if parts and draft.account_ids and parts["account"] not in draft.account_ids:
            yield (
                at("targets", name, "loadBalancerArn"),
                f"belongs to account {parts['account']}, not to aws:allowedAccountIds "
                f"{', '.join(draft.account_ids)}. A VPC link, its load balancer and its API share "
                "an account: use a load balancer in this one.",
            )


def _stages_have_keys_for_routes(draft: Draft) -> Problems:
    keyed = [f"routes[{i}]" for i, r in draft.routes.items() if r.authorization == "apiKey"]
    keyed += operations_with_api_keys(draft.document)
    for name in [name for name, stage in draft.stages.items() if keyed and not stage.api_keys]:
        yield (
            at("stages", name, "apiKeys"),
            f"is missing, and {keyed[0]} requires an API key. Add names and a throttle, or change "
            "the authorization.",
        )


def _either_routes_or_file(draft: Draft) -> Problems:
    api = draft.given.get("api")
    file, routes = mapping(api).get("definitionFile"), mapping(api).get("routes")
    if isinstance(api, dict) and file is None and routes is None:
        yield "api.routes", "is missing. Add routes, or a `definitionFile`."
    if file and routes:
        text = f"{quoted(file)} cannot be combined with routes"
        yield "api.definitionFile", f"{text}. Keep one of them."
    if not file and mapping(api).get("basePath") == "prepend":
        yield "api.basePath", '"prepend" is for a `definitionFile`. Write it into the routes.'
    for key in ("cors", "models"):
        if file and draft.api and getattr(draft.api, key):
            yield f"api.{key}", "belongs to routes. With `definitionFile`, move it to that file."


def _routes_are_consistent(draft: Draft) -> Problems:
    if draft.api is None:
        return
    for path, message in route_problems(draft.routes, tuple(draft.api.models), draft.api.cors):
        yield f"api.{path}", message
    findings = Findings()
    normalized_models(draft.api.models, findings)
    source = {"components": {"schemas": draft.api.models}}
    for path, message in findings.problems(source):
        yield f"api.models{path.removeprefix('components.schemas')}", message
    limit = MAX_TIMEOUT_MS[draft.api.endpoint_type]
    for position, route in draft.routes.items():
        if route.timeout_ms > limit:
            yield (
                f"api.routes[{position}].timeoutMs",
                f"{route.timeout_ms} is above {limit}, the limit of an {draft.api.endpoint_type} "
                "endpoint. Lower it, or set `endpointType: regional`.",
            )


def _the_file_can_be_imported(draft: Draft) -> Problems:
    if draft.api is None or draft.imported is None:
        return
    file, policy = draft.api.definition_file, draft.api.resource_policy_file
    for path, message in draft.imported.problems:
        yield "api.definitionFile", f"{file}: {path}: {message}"
    if policy and POLICY in draft.document:
        yield (
            "api.resourcePolicyFile",
            f"{quoted(policy)} cannot be combined with the {POLICY} of {file}. Keep one of them.",
        )


_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _there_are_not_too_many,
    _new_targets_have_a_network,
    _new_targets_have_free_names,
    *TLS_CHECKS,
    _scaling_has_room,
    *FLEET_CHECKS,
    _balancers_are_in_the_account_and_region,
    *NETWORK_CHECKS,
    *LINK_CHECKS,
    *SHARING_CHECKS,
    *ENDPOINT_CHECKS,
    domain_problems,
    *CACHE_CHECKS,
    *WEB_ACL_CHECKS,
    *VPC_ENDPOINT_CHECKS,
    *AUTHORIZER_CHECKS,
    _either_routes_or_file,
    _routes_are_consistent,
    _the_file_can_be_imported,
    *STAGE_CHECKS,
    _stages_have_keys_for_routes,
)
