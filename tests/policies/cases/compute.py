"""Cases of the rules about instances."""

import base64
import gzip
from collections.abc import Mapping

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import (
    absent,
    at_preview,
    ignores,
    ill_typed,
    of_rule,
    passes,
    unknown,
    violates,
)
from tests.policies.changes import Change, Part, added

SPOT = our.TEMPLATE.becomes(types.SPOT_INSTANCE)
CONFIGURATION = our.TEMPLATE.becomes(types.LAUNCH_CONFIGURATION)
INSTANCE = our.TEMPLATE.becomes(types.INSTANCE)
FROM_TEMPLATE = our.TEMPLATE.set("launchTemplate", {"id": "lt-1"})
META = "metadataOptions"
HOPS = f"{META}.httpPutResponseHopLimit"
PUBLIC_IP, CARD = "associatePublicIpAddress", "networkInterfaces"
DISKS, ROOT_DISK = "blockDeviceMappings", "rootBlockDevice"
ROOT = {"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}
PROFILE = "iamInstanceProfile"
PROFILE_ARN = "arn:aws:iam::111122223333:instance-profile/x"
SPECIFICATION = "launchTemplateSpecification"
TEMPLATE_ID = "launchTemplate.id"
BY_NAME = our.FLEET.set("launchTemplate", {"name": "x"})
MIXED = f"mixedInstancesPolicy.launchTemplate.{SPECIFICATION}"
OVERRIDES = "mixedInstancesPolicy.launchTemplate.overrides"
PASSWORD = "#!/bin/sh\nexport DB_PASSWORD=correct-horse-battery\n"


def encoded(text: str | bytes) -> str:
    """Base64."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def user_data(text: str | bytes, name: str = "userData") -> Change:
    """User data of the launch template, as a program passes it on."""
    return our.TEMPLATE.set(name, encoded(text))


def profile(sources: Mapping[str, Part] | None = None, **props: object) -> Change:
    """An instance profile."""
    return added(
        types.INSTANCE_PROFILE, "own", {"name": "own", "arn": PROFILE_ARN, **props}, sources
    )


OWN_PROFILE = (
    our.ROLE.set("name", "role"),
    profile(role="role"),
    our.TEMPLATE.set(PROFILE, {"name": "own"}),
)

CASES = [
    *of_rule(
        "instance-imdsv2",
        passes(),
        passes(INSTANCE),
        passes(our.TEMPLATE.set(META, {"httpEndpoint": "disabled"})),
        violates("without a token", our.TEMPLATE.set(f"{META}.httpTokens", "optional")),
        violates("without a token", our.TEMPLATE.unset(META), SPOT),
        violates("without a token", our.TEMPLATE.unset(META), CONFIGURATION),
        ill_typed(violates("wrong type in", our.TEMPLATE.set(f"{META}.httpTokens", ["required"]))),
        ill_typed(violates("wrong type in", our.TEMPLATE.set(META, [{"httpTokens": "required"}]))),
        violates(
            "without a token",
            FROM_TEMPLATE,
            our.TEMPLATE.set(META, {"httpTokens": "optional"}),
            INSTANCE,
        ),
        unknown(f"{META}.httpTokens", our.TEMPLATE.unknown(f"{META}.httpTokens")),
        unknown(f"{META}.httpTokens", our.TEMPLATE.unknown(META)),
        absent(violates("", our.TEMPLATE.unset(META))),
        absent(violates("", our.TEMPLATE.unset(META), INSTANCE)),
        ignores(our.TEMPLATE.unset(META), FROM_TEMPLATE, INSTANCE),
    ),
    *of_rule(
        "instance-hop-limit",
        passes(),
        passes(our.TEMPLATE.set(HOPS, 2), maxHops=2),
        violates("over 2 hops", our.TEMPLATE.set(HOPS, 2)),
        unknown(HOPS, our.TEMPLATE.unknown(HOPS)),
        violates("over 2 hops", our.TEMPLATE.set(HOPS, "2")),
        ill_typed(violates("wrong type in", our.TEMPLATE.set(HOPS, "many"))),
        ill_typed(violates("wrong type in", our.TEMPLATE.set(META, "text"))),
        absent(passes(our.TEMPLATE.unset(HOPS))),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "instance-no-public-ip",
        passes(),
        violates("public address", our.TEMPLATE.set(f"{CARD}.0.{PUBLIC_IP}", "true")),
        violates("public address", our.TEMPLATE.set(PUBLIC_IP, True), INSTANCE),
        violates("public address", our.TEMPLATE.set(PUBLIC_IP, True), SPOT),
        violates("public address", our.TEMPLATE.set(PUBLIC_IP, True), CONFIGURATION),
        passes(our.TEMPLATE.set(f"{CARD}.0.{PUBLIC_IP}", "")),
        violates("gives an instance", added(types.EIP, "ip", {"instance": "i-1"})),
        violates("gives an instance", added(types.EIP, "ip", {"networkInterface": "eni-1"})),
        violates("gives an instance", added(types.EIP_ASSOCIATION, "ip", {"instanceId": "i-1"})),
        unknown("instance of 'ip'", added(types.EIP, "ip", {"instance": UNKNOWN})),
        ill_typed(violates("public address", our.TEMPLATE.set(f"{CARD}.0.{PUBLIC_IP}", "yes"))),
        ill_typed(violates("wrong type", our.TEMPLATE.set(CARD, "text"))),
        ill_typed(violates("gives an instance", added(types.EIP, "ip", {"instance": 5}))),
        ignores(our.TEMPLATE.removed(), added(types.EIP, "for-nat", {"domain": "vpc"})),
        ignores(our.TEMPLATE.removed(), added(types.EIP, "for-nat", {"instance": ""})),
        unknown(PUBLIC_IP, our.TEMPLATE.unknown(f"{CARD}.0.{PUBLIC_IP}")),
        unknown(PUBLIC_IP, our.TEMPLATE.unknown(CARD)),
        at_preview(violates("", our.TEMPLATE.set(CARD, [UNKNOWN, {PUBLIC_IP: "true"}]))),
        absent(passes(our.TEMPLATE.unset(f"{CARD}.0.{PUBLIC_IP}"))),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "volume-encrypted",
        passes(),
        passes(our.TEMPLATE.set(DISKS, [ROOT, {"virtualName": "ephemeral0"}])),
        passes(our.TEMPLATE.set(ROOT_DISK, {"encrypted": True}), INSTANCE),
        passes(added(types.VOLUME, "disk", {"encrypted": True})),
        violates("not encrypted", our.TEMPLATE.set(f"{DISKS}.0.ebs.encrypted", "false")),
        violates("not encrypted", added(types.VOLUME, "disk", {"encrypted": False})),
        violates("not encrypted", INSTANCE),
        violates(
            "not encrypted",
            our.TEMPLATE.set(ROOT_DISK, {"encrypted": True}),
            our.TEMPLATE.set("ebsBlockDevices", [{"encrypted": False}]),
            INSTANCE,
        ),
        unknown("encryption", our.TEMPLATE.unknown(f"{DISKS}.0.ebs.encrypted")),
        unknown("encryption", our.TEMPLATE.unknown(DISKS)),
        unknown("encryption", our.TEMPLATE.set(DISKS, [UNKNOWN, ROOT])),
        violates("not encrypted", our.TEMPLATE.set(DISKS, [{**ROOT, "deviceName": "/dev/sdb"}])),
        violates("not encrypted", our.TEMPLATE.unset(f"{DISKS}.0.deviceName")),
        passes(our.TEMPLATE.set(DISKS, [{**ROOT, "deviceName": "/dev/sda1"}])),
        unknown("encryption", our.TEMPLATE.unknown(f"{DISKS}.0.deviceName")),
        violates("not encrypted", our.TEMPLATE.becomes(types.SPOT_INSTANCE)),
        violates("not encrypted", our.TEMPLATE.becomes(types.LAUNCH_CONFIGURATION)),
        ill_typed(violates("wrong type", our.TEMPLATE.set(DISKS, "text"))),
        ill_typed(violates("not encrypted", our.TEMPLATE.set(f"{DISKS}.0.ebs.encrypted", 1))),
        passes(FROM_TEMPLATE, our.TEMPLATE.set("ebsBlockDevices", [{"encrypted": True}]), INSTANCE),
        at_preview(violates("", our.TEMPLATE.set(DISKS, [UNKNOWN, {"ebs": {}}]))),
        absent(violates("", our.TEMPLATE.unset(DISKS))),
        absent(violates("", our.TEMPLATE.unset(f"{DISKS}.0.ebs.encrypted"))),
        ignores(our.TEMPLATE.unset(DISKS), accountEncryptsByDefault=True),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "instance-profile",
        ill_typed(violates("no role of its own", our.TEMPLATE.set(PROFILE, 5))),
        violates("no role of its own", our.TEMPLATE.set(PROFILE, {})),
        violates("no role of its own", our.TEMPLATE.set(PROFILE, {"name": "", "arn": None})),
        passes(our.TEMPLATE.set(PROFILE, {"arn": PROFILE_ARN})),
        violates("no role of its own", our.TEMPLATE.set("keyName", "x")),
        passes(FROM_TEMPLATE, our.TEMPLATE.set(PROFILE, "own"), INSTANCE),
        at_preview(passes(our.TEMPLATE.unknown(PROFILE))),
        violates("no role of its own", our.TEMPLATE.set(PROFILE, "")),
        absent(violates("")),
        ignores(FROM_TEMPLATE, INSTANCE),
    ),
    *of_rule(
        "instance-profile-managed",
        passes(*OWN_PROFILE),
        passes(*OWN_PROFILE, our.TEMPLATE.set(PROFILE, {"arn": PROFILE_ARN})),
        passes(our.TEMPLATE.set(PROFILE, {"name": "x"}), allowedProfiles=["x"]),
        passes(our.TEMPLATE.set(PROFILE, {"arn": PROFILE_ARN}), allowedProfiles=[PROFILE_ARN]),
        passes(profile(role="shared"), allowedProfiles=["shared"]),
        violates("the instance profile of another", our.TEMPLATE.set(PROFILE, {"name": "x"})),
        violates("the instance profile of another", our.TEMPLATE.set(PROFILE, "x"), INSTANCE),
        violates("the instance profile of another", our.TEMPLATE.set(PROFILE, "x"), SPOT),
        violates("the instance profile of another", our.TEMPLATE.set(PROFILE, "x"), CONFIGURATION),
        violates("the role of another", profile(role="shared")),
        unknown(PROFILE, our.TEMPLATE.unknown(PROFILE)),
        unknown(PROFILE, our.TEMPLATE.set(PROFILE, {"name": UNKNOWN})),
        unknown("role of 'own'", profile(role=UNKNOWN)),
        at_preview(passes(OWN_PROFILE[0], profile({"role": our.ROLE}, role=UNKNOWN))),
        absent(ignores()),
        absent(ignores(profile(role=""))),
        ill_typed(violates("the role of another", profile(role=5))),
        ill_typed(ignores(our.TEMPLATE.set(PROFILE, 5))),
        ignores(our.TEMPLATE.set(PROFILE, {"name": ""})),
    ),
    *of_rule(
        "user-data-secrets",
        passes(),
        passes(user_data("export DB_PASSWORD=$(fetch)")),
        passes(user_data("TOKEN=$TOKEN_FILE")),
        violates("seems to contain a secret", user_data(PASSWORD)),
        violates("seems to contain", user_data("PASSWORD=hunter2\n")),
        violates("seems to contain", user_data("password: 'p@ss w0rd'")),
        violates("seems to contain", our.TEMPLATE.set("userData", PASSWORD), SPOT),
        ill_typed(violates("wrong type in userData", our.TEMPLATE.set("userData", ["x"]))),
        violates("seems to contain", user_data("key AKIA" + "ABCDEFGHIJKLMNOP")),
        violates("seems to contain", user_data(gzip.compress(PASSWORD.encode(), mtime=0))),
        violates("seems to contain", user_data(f"#cloud-config\ncontent: {encoded(PASSWORD)}\n")),
        violates("seems to contain", our.TEMPLATE.set("userData", PASSWORD), INSTANCE),
        violates("seems to contain", user_data(PASSWORD, "userDataBase64"), INSTANCE),
        unknown("userData", our.TEMPLATE.unknown("userData")),
        at_preview(
            violates("", our.TEMPLATE.unknown("userData"), user_data(PASSWORD, "userDataBase64"))
        ),
        absent(passes(our.TEMPLATE.unset("userData"))),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "fleet-launch-template",
        ill_typed(violates("does not use", our.FLEET.set("launchTemplate", "x"))),
        passes(),
        passes(our.FLEET.unset("launchTemplate"), our.FLEET.set("mixedInstancesPolicy", {})),
        violates(
            "does not use",
            our.FLEET.unset("launchTemplate"),
            our.FLEET.set("launchConfiguration", "old"),
        ),
        at_preview(passes(our.FLEET.unknown("launchTemplate"))),
        absent(violates("", our.FLEET.unset("launchTemplate"))),
        ignores(our.FLEET.removed()),
    ),
    *of_rule(
        "launch-template-managed",
        passes(),
        passes(our.FLEET.set(TEMPLATE_ID, "lt-1"), allowedTemplates=["lt-1"]),
        passes(BY_NAME, our.TEMPLATE.set("name", "x")),
        violates("not part of this stack", our.FLEET.set(TEMPLATE_ID, "lt-1")),
        violates(
            "not part", our.FLEET.set("launchTemplate", {"name": "x"}), our.FLEET.without_sources()
        ),
        violates("not part", added(types.INSTANCE, "own", {"launchTemplate": {"id": "lt-1"}})),
        violates("not part", added(types.SPOT_INSTANCE, "own", {"launchTemplate": {"id": "lt-1"}})),
        violates("not part", our.FLEET.set(MIXED, {"launchTemplateName": "x"})),
        violates(
            "not part", our.FLEET.set(OVERRIDES, [{SPECIFICATION: {"launchTemplateId": "l"}}])
        ),
        unknown("launchTemplate", our.FLEET.without_sources()),
        at_preview(passes()),
        at_preview(violates("not part of this stack", our.FLEET.set(TEMPLATE_ID, "lt-1"))),
        absent(ignores(our.FLEET.unset("launchTemplate"))),
        ill_typed(violates("not part of this stack", our.FLEET.set("launchTemplate", 5))),
        ill_typed(violates("wrong type in mixedInst", our.FLEET.set("mixedInstancesPolicy", "x"))),
        ignores(our.FLEET.removed()),
    ),
    *of_rule(
        "fleet-elb-health",
        passes(),
        violates("finds unhealthy", our.FLEET.set("healthCheckType", "EC2")),
        unknown("healthCheckType", our.FLEET.unknown("healthCheckType")),
        ill_typed(violates("wrong type", our.FLEET.set("healthCheckType", True))),
        at_preview(
            violates(
                "", our.FLEET.set("healthCheckType", "EC2"), our.FLEET.unknown("targetGroupArns")
            )
        ),
        absent(violates("", our.FLEET.unset("healthCheckType"))),
        ignores(our.FLEET.set("targetGroupArns", []), our.FLEET.set("healthCheckType", "EC2")),
    ),
    *of_rule(
        "fleet-zones",
        ill_typed(violates("0 of 2", our.FLEET.set("vpcZoneIdentifiers", [5, 6]))),
        passes(),
        passes(
            our.FLEET.unset("vpcZoneIdentifiers"), our.FLEET.set("availabilityZones", ["a", "b"])
        ),
        violates("1 of 2", our.ZONE_B),
        violates("1 of 2", our.FLEET.set("vpcZoneIdentifiers", ["subnet-1"])),
        violates(
            "1 of 2",
            our.FLEET.unset("vpcZoneIdentifiers"),
            our.FLEET.set("availabilityZones", ["a"]),
        ),
        passes(our.FLEET.set("availabilityZones", ["a"])),
        unknown("Availability Zones", our.SUBNET_A.unknown("availabilityZone")),
        at_preview(passes()),
        absent(violates("", our.FLEET.unset("vpcZoneIdentifiers"))),
        ignores(our.FLEET.removed()),
    ),
]
