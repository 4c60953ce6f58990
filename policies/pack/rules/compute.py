"""Rules about instances, their launch templates, their volumes and their fleet."""

import base64
import binascii
import gzip
from collections.abc import Iterator
from typing import Any

from pulumi_policy import Severity

from ..framework.rule import (
    ADVISORY,
    MANDATORY,
    Config,
    NotApplicable,
    Refusal,
    ResourceRule,
    StackRule,
    Undecided,
    Verdict,
)
from ..framework.zones import MIN_ZONES, judge_zones
from ..graph.graph import Graph
from ..graph.resource import Resource
from ..graph.secrets import holds_secret
from ..graph.tokens import FLEET, INSTANCE, LAUNCH_TEMPLATE, VOLUME
from ..graph.values import Unknown, items, peek, same, truth

_FROM_TEMPLATE = NotApplicable("leaves it to its launch template")


def _leaves_to_template(resource: Resource, prop: str) -> bool:
    """Whether an instance takes this from a launch template, which is judged itself."""
    return resource.peek("launchTemplate") is not None and resource.peek(prop) is None


def _demands_token(resource: Resource, _: Config) -> Iterator[Verdict]:
    if _leaves_to_template(resource, "metadataOptions"):
        yield _FROM_TEMPLATE
        return
    tokens = resource.peek("metadataOptions", "httpTokens")
    if same(tokens, "required") or same(
        resource.peek("metadataOptions", "httpEndpoint"), "disabled"
    ):
        return
    if isinstance(tokens, Unknown):
        yield Undecided(resource, "metadataOptions.httpTokens")
    else:
        yield Refusal(resource, "gives its credentials to anybody who asks without a token.")


def _limits_hops(resource: Resource, config: Config) -> Iterator[Verdict]:
    hops = resource.peek("metadataOptions", "httpPutResponseHopLimit")
    if isinstance(hops, Unknown):
        yield Undecided(resource, "metadataOptions.httpPutResponseHopLimit")
    elif hops is not None and hops > config["maxHops"]:
        yield Refusal(resource, f"answers the metadata service over {hops} hops.")


def _has_no_public_ip(resource: Resource, _: Config) -> Iterator[Verdict]:
    given = [resource.peek("associatePublicIpAddress")] + [
        peek(interface, "associatePublicIpAddress")
        for interface in items(resource.peek("networkInterfaces"))
    ]
    if any(truth(value) for value in given):
        yield Refusal(resource, "gets a public address.")
    elif any(isinstance(value, Unknown) for value in given):
        yield Undecided(resource, "associatePublicIpAddress")


def _is_encrypted(resource: Resource, config: Config) -> Iterator[Verdict]:
    if config["accountEncryptsByDefault"]:
        yield NotApplicable("the account encrypts new volumes")
        return
    encrypted = list(_encryption(resource))
    if any(truth(value) is not True and not isinstance(value, Unknown) for value in encrypted):
        yield Refusal(resource, "has a volume that is not encrypted.")
    elif any(isinstance(value, Unknown) for value in encrypted):
        yield Undecided(resource, "encryption of its volumes")


def _encryption(resource: Resource) -> Iterator[Any]:
    """For each volume whether it is encrypted; an unencrypted one for a root nobody mentions."""
    if resource.type == VOLUME:
        yield resource.peek("encrypted")
    elif resource.type == LAUNCH_TEMPLATE:
        mappings = items(resource.peek("blockDeviceMappings"))
        yield from (
            peek(mapping, "ebs", "encrypted")
            for mapping in mappings
            if peek(mapping, "ebs") is not None
        )
        if not mappings:
            yield False
    else:
        if not _leaves_to_template(resource, "rootBlockDevice"):
            yield resource.peek("rootBlockDevice", "encrypted")
        yield from (peek(d, "encrypted") for d in items(resource.peek("ebsBlockDevices")))


def _has_profile(resource: Resource, _: Config) -> Iterator[Verdict]:
    if _leaves_to_template(resource, "iamInstanceProfile"):
        yield _FROM_TEMPLATE
    elif resource.peek("iamInstanceProfile") is None:
        yield Refusal(resource, "has no role of its own.")


def _tells_no_secrets(resource: Resource, _: Config) -> Iterator[Verdict]:
    given = [resource.peek("userData"), resource.peek("userDataBase64")]
    if any(isinstance(value, str) and holds_secret(decoded(value)) for value in given):
        yield Refusal(resource, "seems to carry a secret in its user data.")
    elif any(isinstance(value, Unknown) for value in given):
        yield Undecided(resource, "userData")


def decoded(text: str) -> str:
    """Decode user data, which may be plain, or base64 of text, or base64 of gzip."""
    try:
        raw = base64.b64decode(text, validate=True)
        return (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode(errors="replace")
    except (binascii.Error, ValueError, OSError, EOFError):
        return text


def _uses_template(fleet: Resource, _: Config) -> Iterator[Verdict]:
    if all(fleet.peek(prop) is None for prop in ("launchTemplate", "mixedInstancesPolicy")):
        yield Refusal(fleet, "is not made from a launch template.")


def _asks_balancer(fleet: Resource, _: Config) -> Iterator[Verdict]:
    if not items(fleet.peek("targetGroupArns")):
        yield NotApplicable("stands behind no load balancer")
        return
    asked = fleet.peek("healthCheckType")
    if isinstance(asked, Unknown):
        yield Undecided(fleet, "healthCheckType")
    elif asked != "ELB":
        yield Refusal(fleet, "keeps instances that the load balancer has given up.")


def _spans_zones(fleet: Resource, graph: Graph, config: Config) -> Iterator[Verdict]:
    named = fleet.peek("availabilityZones")
    if fleet.peek("vpcZoneIdentifiers") is None and isinstance(named, list):
        if len(named) < config["minZones"]:
            yield Refusal(fleet, f"stands in {len(named)} zone.")
        return
    yield from judge_zones(fleet, graph, config["minZones"], ("vpcZoneIdentifiers",))


IMDSV2 = ResourceRule(
    name="instance-imdsv2",
    title="Instances give metadata only for a token.",
    level=MANDATORY,
    severity=Severity.HIGH,
    subjects=(INSTANCE, LAUNCH_TEMPLATE),
    protects="A service that can be made to fetch a URL gives its credentials away otherwise.",
    fix='set http_tokens="required" in metadata_options.',
    controls=(
        "fsbp:EC2.8",
        "fsbp:EC2.170",
        "fsbp:AutoScaling.3",
        "checkov:CKV_AWS_79",
        "prowler:ec2_instance_imdsv2_enabled",
        "prowler:ec2_launch_template_imdsv2_required",
        "trivy:AWS-0028",
        "trivy:AWS-0130",
    ),
    judge=_demands_token,
)
HOP_LIMIT = ResourceRule(
    name="instance-hop-limit",
    title="Metadata do not leave the instance.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=(INSTANCE, LAUNCH_TEMPLATE),
    protects="With more hops, containers on the instance take its role.",
    fix="set http_put_response_hop_limit=1 in metadata_options.",
    controls=("fsbp:AutoScaling.4", "checkov:CKV_AWS_341"),
    config={
        "maxHops": {
            "type": "integer",
            "minimum": 1,
            "maximum": 64,
            "default": 1,
            "description": "Hops at most; containers with roles of the instance need 2.",
        }
    },
    judge=_limits_hops,
)
NO_PUBLIC_IP = ResourceRule(
    name="instance-no-public-ip",
    title="Instances get no public address.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(INSTANCE, LAUNCH_TEMPLATE),
    protects="A public address goes around the load balancer and the API.",
    fix="set associate_public_ip_address=False.",
    controls=(
        "fsbp:EC2.9",
        "fsbp:EC2.25",
        "fsbp:AutoScaling.5",
        "checkov:CKV_AWS_88",
        "prowler:ec2_instance_public_ip",
        "prowler:ec2_launch_template_no_public_ip",
        "trivy:AWS-0009",
    ),
    judge=_has_no_public_ip,
)
VOLUMES_ENCRYPTED = ResourceRule(
    name="volume-encrypted",
    title="Volumes are encrypted.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(INSTANCE, LAUNCH_TEMPLATE, VOLUME),
    protects="Snapshots and discarded disks of a private service would be readable.",
    fix="set encrypted=True for every volume, the root included.",
    controls=(
        "fsbp:EC2.3",
        "fsbp:EC2.181",
        "cdk-nag:EC26",
        "checkov:CKV_AWS_3",
        "checkov:CKV_AWS_8",
        "prowler:ec2_ebs_volume_encryption",
        "trivy:AWS-0026",
        "trivy:AWS-0131",
    ),
    config={
        "accountEncryptsByDefault": {
            "type": "boolean",
            "default": False,
            "description": "Whether the account encrypts new volumes, so that nobody has to ask.",
        }
    },
    judge=_is_encrypted,
)
PROFILE = ResourceRule(
    name="instance-profile",
    title="Instances have a role of their own.",
    level=ADVISORY,
    severity=Severity.LOW,
    subjects=(INSTANCE, LAUNCH_TEMPLATE),
    protects="A service that needs AWS and has no role gets keys by other ways.",
    fix="set iam_instance_profile.",
    controls=("checkov:CKV2_AWS_41", "prowler:ec2_instance_profile_attached"),
    judge=_has_profile,
)
USER_DATA_SECRETS = ResourceRule(
    name="user-data-secrets",
    title="User data hold no secrets.",
    level=MANDATORY,
    severity=Severity.CRITICAL,
    subjects=(INSTANCE, LAUNCH_TEMPLATE),
    protects="Everybody who may describe an instance reads its user data.",
    fix="let the instance fetch the secret by its role, from Secrets Manager.",
    controls=(
        "checkov:CKV_AWS_46",
        "prowler:ec2_instance_secrets_user_data",
        "prowler:ec2_launch_template_no_secrets",
        "trivy:AWS-0029",
        "trivy:AWS-0129",
    ),
    judge=_tells_no_secrets,
)
FLEET_TEMPLATE = ResourceRule(
    name="fleet-launch-template",
    title="Fleets are made from a launch template.",
    level=MANDATORY,
    severity=Severity.LOW,
    subjects=(FLEET,),
    protects="Launch configurations are retired, and know no IMDSv2.",
    fix="set launch_template.",
    controls=("fsbp:AutoScaling.9", "checkov:CKV_AWS_315"),
    judge=_uses_template,
)
FLEET_HEALTH = ResourceRule(
    name="fleet-elb-health",
    title="Fleets behind a load balancer replace what it finds unhealthy.",
    level=MANDATORY,
    severity=Severity.MEDIUM,
    subjects=(FLEET,),
    protects="An instance whose service hangs would stay, and never be replaced.",
    fix='set health_check_type="ELB".',
    controls=("fsbp:AutoScaling.1", "checkov:CKV2_AWS_15"),
    judge=_asks_balancer,
)
FLEET_ZONES = StackRule(
    name="fleet-zones",
    title="Fleets stand in at least two zones.",
    level=ADVISORY,
    severity=Severity.MEDIUM,
    subjects=(FLEET,),
    protects="With one zone, its failure takes the whole service away.",
    fix="give vpc_zone_identifiers of more zones.",
    controls=("fsbp:AutoScaling.2",),
    config=MIN_ZONES,
    judge=_spans_zones,
)

RULES = (
    IMDSV2,
    HOP_LIMIT,
    NO_PUBLIC_IP,
    VOLUMES_ENCRYPTED,
    PROFILE,
    USER_DATA_SECRETS,
    FLEET_TEMPLATE,
    FLEET_HEALTH,
    FLEET_ZONES,
)
