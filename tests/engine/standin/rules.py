"""What AWS refuses: each function answers with a message in AWS's words, or None.

The messages and cases come from AWS's documentation and from reports in the trackers of the
upstream provider.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from . import kinds as k
from .cloud import Cloud, Thing
from .values import Props

_Rule = Callable[[Cloud, Thing], str | None]


class _User(NamedTuple):
    """What keeps a thing from being deleted while it names it."""

    kind: str
    keys: tuple[str, ...]
    message: str


_DEPENDENT = "DependencyViolation: has a dependent object and cannot be deleted"
_ATTACHED = "DeleteConflict: Cannot delete entity, must detach all policies first"
_BALANCER_IN_USE = (
    "ResourceInUse: Load balancer cannot be deleted because it is currently associated with "
    "another service"
)
_USERS: Mapping[str, tuple[_User, ...]] = {
    k.VPC_LINK: (
        _User(
            k.STAGE,
            ("variables", "canarySettings"),
            "BadRequestException: Cannot delete vpc link. Vpc link is referenced",
        ),
    ),
    k.LOAD_BALANCER: (_User(k.VPC_LINK, ("targetArn",), _BALANCER_IN_USE),),
    k.TARGET_GROUP: (
        _User(
            k.LISTENER,
            ("defaultActions",),
            "ResourceInUse: Target group is currently in use by a listener or a rule",
        ),
    ),
    k.DEPLOYMENT: (
        _User(
            k.STAGE,
            ("deployment", "canarySettings"),
            "BadRequestException: Active stages pointing to this deployment must be moved",
        ),
    ),
    k.SECURITY_GROUP: (
        _User(k.LOAD_BALANCER, ("securityGroups",), _DEPENDENT),
        _User(k.INGRESS_RULE, ("referencedSecurityGroupId",), _DEPENDENT),
        _User(k.EGRESS_RULE, ("referencedSecurityGroupId",), _DEPENDENT),
    ),
    k.SUBNET: (
        _User(k.LOAD_BALANCER, ("subnets",), _DEPENDENT),
        _User(k.FLEET, ("vpcZoneIdentifiers",), _DEPENDENT),
    ),
    k.ROUTE_TABLE: (_User(k.ROUTE_TABLE_ASSOCIATION, ("routeTableId",), _DEPENDENT),),
    k.VPC: (
        _User(k.SUBNET, ("vpcId",), _DEPENDENT),
        _User(k.SECURITY_GROUP, ("vpcId",), _DEPENDENT),
        _User(k.VPC_ENDPOINT, ("vpcId",), _DEPENDENT),
    ),
    k.ROLE: (
        _User(k.ROLE_POLICY, ("role",), _ATTACHED),
        _User(k.ROLE_POLICY_ATTACHMENT, ("role",), _ATTACHED),
    ),
}


def refuses_delete(cloud: Cloud, kind: str, id: str) -> str | None:
    """Why the thing cannot go yet."""
    for user in _USERS.get(kind, ()):
        for thing in cloud.of(user.kind):
            given = thing.given
            if given.get("securityGroupId") != id and any(
                _names(given.get(key), id) for key in user.keys
            ):
                return f"{user.message} ({id} is named by {thing.id})"
    if id in cloud.held:
        cloud.held.remove(id)
        return f"{_BALANCER_IN_USE} (its link went a moment ago)"
    return None


def refuses_create(cloud: Cloud, thing: Thing) -> str | None:
    """Why the thing cannot be made."""
    if (thing.kind, thing.id) in cloud.things and not k.KINDS[thing.kind].overwrites:
        return f"ResourceAlreadyExistsException: {thing.id} already exists"
    return refuses(cloud, thing)


def refuses(cloud: Cloud, thing: Thing) -> str | None:
    """Why the thing cannot be as it is asked to be."""
    rule = _RULES.get(thing.kind)
    return rule(cloud, thing) if rule else None


def variables_named(definition: str) -> set[str]:
    """The stage variables that a definition uses."""
    return set(re.findall(r"stageVariables\.(\w+)", definition))


def _others(cloud: Cloud, thing: Thing) -> Iterator[Props]:
    """The inputs of everything else of that type."""
    return (other.given for other in cloud.of(thing.kind) if other.id != thing.id)


def _subnet(cloud: Cloud, thing: Thing) -> str | None:
    given = thing.given
    block = ipaddress.ip_network(given["cidrBlock"])
    for other in _others(cloud, thing):
        if other["vpcId"] == given["vpcId"] and block.overlaps(
            ipaddress.ip_network(other["cidrBlock"])
        ):
            return f"InvalidSubnet.Conflict: {block} conflicts with another subnet"
    return None


def _association(cloud: Cloud, thing: Thing) -> str | None:
    for other in _others(cloud, thing):
        if other["subnetId"] == thing.given["subnetId"]:
            return "Resource.AlreadyAssociated: the subnet already has a route table association"
    return None


def _security_group_rule(cloud: Cloud, thing: Thing) -> str | None:
    words = ("tags", "description")
    same = {key: value for key, value in thing.given.items() if key not in words}
    if any(same.items() <= other.items() for other in _others(cloud, thing)):
        return "InvalidPermission.Duplicate: the specified rule already exists"
    return None


def _link(cloud: Cloud, thing: Thing) -> str | None:
    for other in _others(cloud, thing):
        if other["targetArn"] == thing.given["targetArn"]:
            return "NLB is already associated with another VPC Endpoint Service"
    return None


def _listener(cloud: Cloud, thing: Thing) -> str | None:
    given = thing.given
    groups = set(_target_groups(given))
    for other in _others(cloud, thing):
        if other["loadBalancerArn"] == given["loadBalancerArn"]:
            if other["port"] == given["port"]:
                return "DuplicateListener: A listener already exists on this port"
        elif groups & set(_target_groups(other)):
            return (
                "TargetGroupAssociationLimit: The following target groups cannot be associated "
                f"with more than one load balancer: {', '.join(sorted(groups))}"
            )
    return None


def _fleet(cloud: Cloud, thing: Thing) -> str | None:
    given = thing.given
    used = {group for listener in cloud.of(k.LISTENER) for group in _target_groups(listener.given)}
    if given.get("minElbCapacity") and not set(given.get("targetGroupArns", [])) <= used:
        return "timeout while waiting for ELB capacity: no listener uses the target group"
    return None


def _deployment(cloud: Cloud, thing: Thing) -> str | None:
    if thing.given["restApi"] not in cloud.definitions:
        return "BadRequestException: The REST API doesn't contain any methods"
    return None


def _stage(cloud: Cloud, thing: Thing) -> str | None:
    given = thing.given
    base = given.get("variables") or {}
    sides = [(given["deployment"], base)]
    if canary := given.get("canarySettings"):
        overrides = canary.get("stageVariableOverrides") or {}
        sides.append((canary["deploymentId"], {**base, **overrides}))
    for deployment_id, variables in sides:
        deployment = cloud.things.get((k.DEPLOYMENT, deployment_id))
        if deployment is None or deployment.given["restApi"] != given["restApi"]:
            return f"BadRequestException: Deployment id {deployment_id} does not exist"
        if missing := variables_named(deployment.definition) - variables.keys():
            # AWS takes such a stage and answers its calls with 500; here it shows at once.
            return f"stage variables that the deployment uses are not set: {sorted(missing)}"
    return _logs(cloud) if given.get("accessLogSettings") else None


def _method_settings(cloud: Cloud, thing: Thing) -> str | None:
    given = thing.given
    if (k.STAGE, f"ags-{given['restApi']}-{given['stageName']}") not in cloud.things:
        return "NotFoundException: Invalid stage identifier specified"
    return _logs(cloud) if given["settings"].get("loggingLevel", "OFF") != "OFF" else None


def _logs(cloud: Cloud) -> str | None:
    if cloud.may_log:
        return None
    return "BadRequestException: CloudWatch Logs role ARN must be set in account settings"


_RULES: Mapping[str, _Rule] = {
    k.SUBNET: _subnet,
    k.ROUTE_TABLE_ASSOCIATION: _association,
    k.INGRESS_RULE: _security_group_rule,
    k.EGRESS_RULE: _security_group_rule,
    k.VPC_LINK: _link,
    k.LISTENER: _listener,
    k.FLEET: _fleet,
    k.DEPLOYMENT: _deployment,
    k.STAGE: _stage,
    k.METHOD_SETTINGS: _method_settings,
}


def _target_groups(given: Props) -> Iterator[str]:
    for action in given.get("defaultActions") or []:
        yield action["targetGroupArn"]


def _names(value: object, id: str) -> bool:
    if isinstance(value, dict):
        return any(_names(item, id) for item in value.values())
    if isinstance(value, list):
        return any(_names(item, id) for item in value)
    return value == id
