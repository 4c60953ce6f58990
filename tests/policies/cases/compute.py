"""Cases of the rules about instances."""

import base64
import gzip

from policies.pack import resource_types as types
from simulation.engine import UNKNOWN
from tests.policies import parts as our
from tests.policies.case import absent, at_preview, ignores, of_rule, passes, unknown, violates
from tests.policies.changes import Change, added

INSTANCE = our.TEMPLATE.becomes(types.INSTANCE)
FROM_TEMPLATE = our.TEMPLATE.set("launchTemplate", {"id": "lt-1"})
META = "metadataOptions"
HOPS = f"{META}.httpPutResponseHopLimit"
PUBLIC_IP, CARD = "associatePublicIpAddress", "networkInterfaces"
DISKS, ROOT_DISK = "blockDeviceMappings", "rootBlockDevice"
PROFILE = "iamInstanceProfile"
PROFILE_ARN = "arn:aws:iam::111122223333:instance-profile/x"
PASSWORD = "#!/bin/sh\nexport DB_PASSWORD=correct-horse-battery\n"


def encoded(text: str | bytes) -> str:
    """Base64."""
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


def user_data(text: str | bytes, name: str = "userData") -> Change:
    """User data of the launch template, as a program passes it on."""
    return our.TEMPLATE.set(name, encoded(text))


CASES = [
    *of_rule(
        "instance-imdsv2",
        passes(),
        passes(INSTANCE),
        passes(our.TEMPLATE.set(META, {"httpEndpoint": "disabled"})),
        violates("without a token", our.TEMPLATE.set(f"{META}.httpTokens", "optional")),
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
        absent(passes(our.TEMPLATE.unset(HOPS))),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "instance-no-public-ip",
        passes(),
        violates("public address", our.TEMPLATE.set(f"{CARD}.0.{PUBLIC_IP}", "true")),
        violates("public address", our.TEMPLATE.set(PUBLIC_IP, True), INSTANCE),
        unknown(PUBLIC_IP, our.TEMPLATE.unknown(f"{CARD}.0.{PUBLIC_IP}")),
        unknown(PUBLIC_IP, our.TEMPLATE.unknown(CARD)),
        at_preview(violates("", our.TEMPLATE.set(CARD, [UNKNOWN, {PUBLIC_IP: "true"}]))),
        absent(passes(our.TEMPLATE.unset(f"{CARD}.0.{PUBLIC_IP}"))),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "volume-encrypted",
        passes(),
        passes(
            our.TEMPLATE.set(DISKS, [{"ebs": {"encrypted": "true"}}, {"virtualName": "ephemeral0"}])
        ),
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
        unknown("encryption", our.TEMPLATE.set(DISKS, [UNKNOWN, {"ebs": {"encrypted": "true"}}])),
        passes(FROM_TEMPLATE, our.TEMPLATE.set("ebsBlockDevices", [{"encrypted": True}]), INSTANCE),
        at_preview(violates("", our.TEMPLATE.set(DISKS, [UNKNOWN, {"ebs": {}}]))),
        absent(violates("", our.TEMPLATE.unset(DISKS))),
        absent(violates("", our.TEMPLATE.unset(f"{DISKS}.0.ebs.encrypted"))),
        ignores(our.TEMPLATE.unset(DISKS), accountEncryptsByDefault=True),
        ignores(our.TEMPLATE.removed()),
    ),
    *of_rule(
        "instance-profile",
        passes(our.TEMPLATE.set(PROFILE, {"arn": PROFILE_ARN})),
        violates("no role of its own", our.TEMPLATE.set("keyName", "x")),
        passes(FROM_TEMPLATE, our.TEMPLATE.set(PROFILE, "own"), INSTANCE),
        at_preview(passes(our.TEMPLATE.unknown(PROFILE))),
        absent(violates("")),
        ignores(FROM_TEMPLATE, INSTANCE),
    ),
    *of_rule(
        "user-data-secrets",
        passes(),
        passes(user_data("export DB_PASSWORD=$(fetch)")),
        passes(user_data("TOKEN=$TOKEN_FILE")),
        violates("seems to contain a secret", user_data(PASSWORD)),
        violates("seems to contain", user_data("key AKIA" + "ABCDEFGHIJKLMNOP")),
        violates("seems to contain", user_data(gzip.compress(PASSWORD.encode(), mtime=0))),
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
        "fleet-elb-health",
        passes(),
        violates("finds unhealthy", our.FLEET.set("healthCheckType", "EC2")),
        unknown("healthCheckType", our.FLEET.unknown("healthCheckType")),
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
