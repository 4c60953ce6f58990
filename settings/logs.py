"""The journal of the service in CloudWatch Logs, by Amazon Linux's package of AWS's agent."""

import json

from openapi.model import Model

from .boot import Boot, File
from .values import Retention

_FILE = "/var/log/private-service.log"
_AGENT = "/opt/aws/amazon-cloudwatch-agent"
_CONFIG = "/etc/private-service/logs.json"
# The agent reads files, not the journal.
# Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Agent-Configuration-File-Details.html
_UNIT = f"""\
[Unit]
Description=Journal of the private HTTP service, as a file

[Service]
ExecStart=/usr/bin/journalctl --boot --follow --no-tail --output=cat --unit=private-service.service
StandardOutput=append:{_FILE}
Restart=always

[Install]
WantedBy=multi-user.target
"""
_ROTATION = f"""\
{_FILE} {{
  daily
  size 50M
  rotate 1
  copytruncate
  missingok
}}
"""


class Logs(Model):
    """The log group of a fleet."""

    retention_days: Retention = 30
    """Retention of the log group, a number of days."""


def group_name(title: str, target: str) -> str:
    """Name of the log group of a target; those of stages have more parts."""
    return f"/private-api/{title}/{target}"


def sending(group: str, region: str) -> Boot:
    """What sends the journal of the service to a log group, in a stream for each instance."""
    collected = {"file_path": _FILE, "log_group_name": group, "log_stream_name": "{instance_id}"}
    config = {
        "agent": {"region": region},
        "logs": {"logs_collected": {"files": {"collect_list": [collected]}}},
    }
    start = f"{_AGENT}/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:{_CONFIG}"
    return Boot(
        (
            File("/etc/systemd/system/private-service-log.service", _UNIT),
            File("/etc/logrotate.d/private-service", _ROTATION),
            File(_CONFIG, json.dumps(config) + "\n"),
        ),
        (
            "systemctl daemon-reload",
            "systemctl enable --now private-service-log.service",
            # The service comes first: it works without its logs.
            "for n in 1 2 3 4 5; do"
            " dnf install -y amazon-cloudwatch-agent && break; sleep 10; done",
            f"{start} || true",
        ),
    )
