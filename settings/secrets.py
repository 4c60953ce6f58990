"""Secrets of the service, which the instances read at every boot with their own role."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator

from .boot import NOTHING, Boot, File
from .values import reject

UNIT = "private-service-secrets.service"
FILE = "/run/private-service/secrets"
"""Variables in memory, for root only."""
SERVICES = {"secretsmanager": "Secrets Manager", "ssm": "Parameter Store"}
_LIST = "/etc/private-service/secrets.json"
_PROGRAM = "/usr/local/lib/private-service/read_secrets.py"
_SOURCE = Path(__file__).parent / "on_instance" / "read_secrets.py"
# Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
# and https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
_ARN = r"arn:aws[a-z-]*:{}:(?P<region>[a-z0-9-]+):[0-9]{{12}}:"
_REFERENCES = {
    "secretsmanager": re.compile(
        # The last six characters are those that AWS adds to the name.
        rf"{_ARN.format('secretsmanager')}secret:[A-Za-z0-9/_+=.@-]{{1,512}}-[A-Za-z0-9]{{6}}"
        r"|[A-Za-z0-9/_+=.@-]{1,512}"
    ),
    "ssm": re.compile(rf"({_ARN.format('ssm')}parameter)?[A-Za-z0-9_./-]{{1,1011}}"),
}


def _source(text: str) -> str:
    service, reference = split(text)
    if service not in _REFERENCES or not _REFERENCES[service].fullmatch(reference):
        reject("is neither secretsmanager: nor ssm: with a name or an ARN after it")
    return text


Source = Annotated[str, AfterValidator(_source)]
"""Where a secret is: the service, a colon, and its name or ARN there."""


def split(source: str) -> tuple[str, str]:
    """The service of a source, and the name or the ARN."""
    service, _, reference = source.partition(":")
    return service, reference


def region_of(source: str) -> str | None:
    """The region in the ARN of a source; None if it is a name."""
    service, reference = split(source)
    found = _REFERENCES[service].fullmatch(reference)
    return found and found["region"]


def reading(secrets: Mapping[str, str], region: str) -> Boot:
    """What reads secrets at every boot, from their sources by variable; empty without any.

    It does not start `UNIT`, without which the services that require it do not start.
    """
    if not secrets:
        return NOTHING
    # A form in which no name and reference look like a secret to those who look for some.
    listed = json.dumps([(name, *split(secrets[name])) for name in sorted(secrets)]) + "\n"
    unit = f"""\
[Unit]
Description=Secrets of the private HTTP service
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
RuntimeDirectory=private-service
RuntimeDirectoryMode=0700
Environment=AWS_DEFAULT_REGION={region} AWS_MAX_ATTEMPTS=1
ExecStart=/usr/bin/python3 {_PROGRAM} {_LIST} {FILE}
TimeoutStartSec=900

[Install]
WantedBy=multi-user.target
"""
    source = _SOURCE.read_text(encoding="utf-8")
    return Boot(
        (
            File(_PROGRAM, source),
            File(_LIST, listed),
            File(f"/etc/systemd/system/{UNIT}", unit),
        )
    )
