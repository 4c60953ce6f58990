"""Rules about instances, their launch templates, their volumes and their fleet."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from .. import resource_types as types
from ..framework.checks import MIN_ZONES, check_values, check_zones, too_few_zones
from ..framework.rule import Area, Config, NotApplicable, Unknown, Verdicts, Violation
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..graph.secrets import holds_secret
from ..graph.user_data import decode
from ..values import UnknownValue, as_boolean, equals, is_set, items, peek

AREA = Area("Instances")
_INSTANCES = (
    *(types.INSTANCE, types.SPOT_INSTANCE),
    *(types.LAUNCH_TEMPLATE, types.LAUNCH_CONFIGURATION),
)
_FROM_TEMPLATE = NotApplicable("leaves it to its launch template")


def _leaves_to_template(resource: Resource, prop: str) -> bool:
    """Whether an instance takes a property from a launch template, which is checked itself.

    A launch template of another stack is not: `launch-template-managed` reports that.
    """
    return resource.peek("launchTemplate") is not None and not is_set(resource.peek(prop))


@AREA.resource_rule(
    name="instance-imdsv2",
    title="Instances require a token for their metadata.",
    level="mandatory",
    severity="high",
    resource_types=_INSTANCES,
    rationale="Otherwise a service that can be made to fetch a URL reveals its credentials.",
    fix='set http_tokens="required" in metadata_options.',
    controls=(
        "fsbp:EC2.8 fsbp:EC2.170 fsbp:AutoScaling.3 checkov:CKV_AWS_79 "
        "prowler:ec2_instance_imdsv2_enabled prowler:ec2_launch_template_imdsv2_required "
        "trivy:AWS-0028 trivy:AWS-0130"
    ),
)
def _requires_token(resource: Resource, _: Config) -> Verdicts:
    if _leaves_to_template(resource, "metadataOptions"):
        yield _FROM_TEMPLATE
    elif equals(resource.peek("metadataOptions.httpEndpoint"), "disabled"):
        return
    elif resource.text("metadataOptions.httpTokens") != "required":
        yield Violation(resource, "returns its credentials to requests without a token.")


@AREA.resource_rule(
    name="instance-hop-limit",
    title="Metadata does not leave the instance.",
    level="advisory",
    severity="low",
    resource_types=_INSTANCES,
    rationale="With more hops, containers on the instance can use its role.",
    fix="set http_put_response_hop_limit=1 in metadata_options.",
    controls="fsbp:AutoScaling.4 checkov:CKV_AWS_341",
    config={
        "maxHops": {
            "type": "integer",
            "minimum": 1,
            "maximum": 64,
            "default": 1,
            "description": "Maximum number of hops; containers with the instance's role need 2.",
        }
    },
)
def _limits_hops(resource: Resource, config: Config) -> Verdicts:
    hops = resource.number("metadataOptions.httpPutResponseHopLimit")
    if hops is not None and hops > config["maxHops"]:
        yield Violation(resource, f"answers requests for metadata over {hops:.0f} hops.")


@AREA.resource_rule(
    name="instance-no-public-ip",
    title="Instances have no public address.",
    level="mandatory",
    severity="critical",
    resource_types=[*_INSTANCES, types.EIP, types.EIP_ASSOCIATION],
    rationale="A public address bypasses the load balancer and the API.",
    fix="set associate_public_ip_address=False, and do not associate an Elastic IP address.",
    controls=(
        "fsbp:EC2.9 fsbp:EC2.25 fsbp:AutoScaling.5 checkov:CKV_AWS_88 "
        "prowler:ec2_instance_public_ip prowler:ec2_launch_template_no_public_ip trivy:AWS-0009"
    ),
)
def _has_no_public_ip(resource: Resource, _: Config) -> Verdicts:
    if resource.type in _ELASTIC_ADDRESSES:
        return _is_of_no_instance(resource)
    name = "associatePublicIpAddress"
    values = resource.elements(name) + resource.elements(f"networkInterfaces.{name}")
    return check_values(resource, name, values, _may_be_true, "gets a public address.")


def _may_be_true(value: Any) -> bool:
    """Whether a value is set to anything but false; a value of the wrong type may mean true."""
    return is_set(value) and as_boolean(value) is not False


_ELASTIC_ADDRESSES = {
    types.EIP: ("instance", "networkInterface"),
    types.EIP_ASSOCIATION: ("instanceId", "networkInterfaceId"),
}
"""The properties by which an Elastic IP address belongs to an instance; a NAT gateway has none."""


def _is_of_no_instance(address: Resource) -> Verdicts:
    owners = [address.peek(name) for name in _ELASTIC_ADDRESSES[address.type]]
    if not any(map(is_set, owners)):
        yield NotApplicable("does not belong to an instance")
        return
    text = "gives an instance a public address."
    yield from check_values(address, "instance", owners, is_set, text)


@AREA.resource_rule(
    name="volume-encrypted",
    title="Volumes are encrypted.",
    level="mandatory",
    severity="medium",
    resource_types=[*_INSTANCES, types.VOLUME],
    rationale="Otherwise snapshots and discarded disks of a private service are readable.",
    fix="set encrypted=True for every volume, including the root volume.",
    controls=(
        "fsbp:EC2.3 fsbp:EC2.181 cdk-nag:EC26 checkov:CKV_AWS_3 checkov:CKV_AWS_8 "
        "prowler:ec2_ebs_volume_encryption trivy:AWS-0026 trivy:AWS-0131"
    ),
    config={
        "accountEncryptsByDefault": {
            "type": "boolean",
            "default": False,
            "description": "Whether the account encrypts new volumes by default.",
        }
    },
)
def _is_encrypted(resource: Resource, config: Config) -> Verdicts:
    if config["accountEncryptsByDefault"]:
        return [NotApplicable("the account encrypts new volumes")]
    values, text = _encryption(resource), "has a volume that is not encrypted."
    return check_values(resource, "volume encryption", values, _is_false, text)


def _encryption(resource: Resource) -> Iterator[Any]:
    """Whether each volume is encrypted; a root volume that is not configured is not."""
    if resource.type == types.VOLUME:
        yield resource.peek("encrypted")
    elif resource.type == types.LAUNCH_TEMPLATE:
        disks = resource.elements("blockDeviceMappings.ebs")
        yield from (peek(disk, "encrypted") for disk in disks)
        names = [peek(disk, "deviceName") for disk in resource.each("blockDeviceMappings")]
        if not any(equals(name, root) for name in names for root in _ROOT_DEVICES):
            yield next((name for name in names if isinstance(name, UnknownValue)), False)
    else:
        if not _leaves_to_template(resource, "rootBlockDevice"):
            yield resource.peek("rootBlockDevice.encrypted")
        yield from (peek(disk, "encrypted") for disk in resource.elements("ebsBlockDevices"))


_ROOT_DEVICES = ("/dev/xvda", "/dev/sda1", "/dev/sda", "xvda", "sda1")
"""Names of root volumes. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/device_naming.html"""


def _is_false(value: Any) -> bool:
    return as_boolean(value) is not True


@AREA.resource_rule(
    name="instance-profile",
    title="Instances have their own role.",
    level="advisory",
    severity="low",
    resource_types=_INSTANCES,
    rationale="A service that needs AWS and has no role gets its keys in less safe ways.",
    fix="set iam_instance_profile.",
    controls="checkov:CKV2_AWS_41 prowler:ec2_instance_profile_attached",
)
def _has_profile(resource: Resource, _: Config) -> Verdicts:
    if _leaves_to_template(resource, "iamInstanceProfile"):
        yield _FROM_TEMPLATE
    elif not _profile_in(resource):
        yield Violation(resource, "has no role of its own.")


def _profile_in(resource: Resource) -> list[tuple[Any, str]]:
    """The instance profile that a resource names, if any, and whether by its name or its ARN."""
    value = resource.peek("iamInstanceProfile")
    keys = ("name", "arn") if isinstance(value, dict) else ("name",)
    named = [(peek(value, key) if isinstance(value, dict) else value, key) for key in keys]
    found = [(v, k) for v, k in named if isinstance(v, (str, UnknownValue)) and is_set(v)]
    return found[:1]


@AREA.stack_rule(
    name="instance-profile-managed",
    title="Instances have a role of this stack.",
    level="advisory",
    severity="medium",
    resource_types=[*_INSTANCES, types.INSTANCE_PROFILE],
    rationale="The rules about permissions check the roles of this stack, and not any others.",
    fix="create the role and its instance profile here, or list them under allowedProfiles.",
    config={
        "allowedProfiles": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "default": [],
            "description": "Names or ARNs of instance profiles, and names of roles, that belong to "
            "other stacks and that instances may have.",
        }
    },
)
def _has_managed_profile(resource: Resource, graph: Graph, config: Config) -> Verdicts:
    if resource.type == types.INSTANCE_PROFILE:
        prop, token, noun = "role", types.ROLE, "role"
        role = resource.peek(prop)
        found = [(role, "name")] if is_set(role) else []
    else:
        prop, token, noun = "iamInstanceProfile", types.INSTANCE_PROFILE, "instance profile"
        found = _profile_in(resource)
    if not found:
        yield NotApplicable("has no role")
    for value, key in found:
        if graph.targets(value, resource, prop, token, key=key):
            return
        if isinstance(value, UnknownValue):
            yield Unknown(resource, prop)
        elif value not in config["allowedProfiles"]:
            yield Violation(resource, f"has the {noun} of another stack.")


@AREA.resource_rule(
    name="user-data-secrets",
    title="User data contains no secrets.",
    level="mandatory",
    severity="critical",
    resource_types=_INSTANCES,
    rationale="Everyone who can describe an instance can read its user data.",
    fix="let the instance read the secret from Secrets Manager, with its role.",
    controls=(
        "checkov:CKV_AWS_46 prowler:ec2_instance_secrets_user_data "
        "prowler:ec2_launch_template_no_secrets trivy:AWS-0029 trivy:AWS-0129"
    ),
)
def _has_no_secrets(resource: Resource, _: Config) -> Verdicts:
    values = {name: resource.peek(name) for name in ("userData", "userDataBase64")}
    text = "seems to contain a secret in its user data."
    yield from check_values(resource, "userData", values.values(), _is_secret, text)
    for name, value in values.items():
        if not isinstance(value, UnknownValue):
            resource.text(name)


def _is_secret(user_data: Any) -> bool:
    return isinstance(user_data, str) and _decoded_holds_secret(user_data)


@lru_cache(maxsize=64)  # instances and templates of one stack often have the same user data
def _decoded_holds_secret(user_data: str) -> bool:
    return holds_secret(user_data) or holds_secret(decode(user_data))


@AREA.resource_rule(
    name="fleet-launch-template",
    title="Fleets use a launch template.",
    level="mandatory",
    severity="low",
    resource_types=[types.FLEET],
    rationale="AWS has retired launch configurations; new features need a launch template.",
    fix="set launch_template.",
    controls="fsbp:AutoScaling.9 checkov:CKV_AWS_315",
)
def _uses_template(fleet: Resource, _: Config) -> Verdicts:
    found = [fleet.peek(prop) for prop in ("launchTemplate", "mixedInstancesPolicy")]
    if not any(isinstance(template, (dict, UnknownValue)) for template in found):
        yield Violation(fleet, "does not use a launch template.")


@AREA.stack_rule(
    name="launch-template-managed",
    title="Instances and fleets use a launch template of this stack.",
    level="mandatory",
    severity="medium",
    resource_types=[types.INSTANCE, types.SPOT_INSTANCE, types.FLEET],
    rationale=(
        "The rules about instances check the launch template, not what is made from it. Nothing "
        "shows what a launch template of another stack contains."
    ),
    fix="use a LaunchTemplate of this stack, or list the template under allowedTemplates.",
    config={
        "allowedTemplates": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "default": [],
            "description": "Ids or names of launch templates of other stacks that may be used.",
        }
    },
)
def _uses_managed_template(resource: Resource, graph: Graph, config: Config) -> Verdicts:
    specifications = [(path, s) for path in _TEMPLATE_PATHS for s in resource.elements(path)]
    if not specifications:
        yield NotApplicable("does not use a launch template")
    for path, specification in specifications:
        prop = path.partition(".")[0]
        value, key = _template_in(specification)
        if graph.targets(value, resource, prop, types.LAUNCH_TEMPLATE, key=key):
            continue
        if isinstance(value, UnknownValue):
            # The provider accepts one of the two, but at preview does not know the other yet.
            if prop == "launchTemplate" or not is_set(resource.peek("launchTemplate")):
                yield Unknown(resource, prop)
        elif value not in config["allowedTemplates"]:
            yield Violation(resource, "uses a launch template that is not part of this stack.")


_MIXED = "mixedInstancesPolicy.launchTemplate"
_TEMPLATE_PATHS = (
    "launchTemplate",
    f"{_MIXED}.launchTemplateSpecification",
    f"{_MIXED}.overrides.launchTemplateSpecification",
)


def _template_in(specification: Any) -> tuple[Any, str]:
    """The id or else the name of a launch template, and which of the two it is."""
    ids = peek(specification, "id"), peek(specification, "launchTemplateId")
    names = peek(specification, "name"), peek(specification, "launchTemplateName")
    found = [(v, key) for key, vs in (("id", ids), ("name", names)) for v in vs if is_set(v)]
    return found[0] if found else (None, "id")


@AREA.resource_rule(
    name="fleet-elb-health",
    title="Fleets behind a load balancer replace the instances that it finds unhealthy.",
    level="mandatory",
    severity="medium",
    resource_types=[types.FLEET],
    rationale="Otherwise an instance whose service hangs is never replaced.",
    fix='set health_check_type="ELB".',
    controls="fsbp:AutoScaling.1 checkov:CKV2_AWS_15",
)
def _replaces_unhealthy(fleet: Resource, _: Config) -> Verdicts:
    if not items(fleet.peek("targetGroupArns")):
        yield NotApplicable("is not behind a load balancer")
    elif fleet.text("healthCheckType") != "ELB":
        yield Violation(fleet, "keeps instances that the load balancer finds unhealthy.")


@AREA.stack_rule(
    name="fleet-zones",
    title="Fleets span at least two Availability Zones.",
    level="advisory",
    severity="medium",
    resource_types=[types.FLEET],
    rationale="With one zone, its failure stops the whole service.",
    fix="set vpc_zone_identifiers to subnets in more Availability Zones.",
    controls="fsbp:AutoScaling.2",
    config=MIN_ZONES,
)
def _spans_zones(fleet: Resource, graph: Graph, config: Config) -> Verdicts:
    zones, minimum = fleet.peek("availabilityZones"), config["minZones"]
    if not fleet.elements("vpcZoneIdentifiers") and isinstance(zones, list):
        if len(zones) < minimum:
            yield Violation(fleet, too_few_zones(len(zones), minimum))
        return
    yield from check_zones(fleet, graph, minimum, "vpcZoneIdentifiers")
