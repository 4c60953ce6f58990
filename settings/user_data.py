"""The boot instructions of an instance, rendered for Amazon Linux 2023 without any download."""

import json
from collections.abc import Mapping

MAX_BYTES = 16_384
"""AWS refuses more. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html"""
PROGRAM = "/usr/local/lib/private-service/app.py"
CERTIFICATE = "/etc/private-service/certificate.pem"
KEY = "/etc/private-service/key.pem"
_FIRST_FREE_PORT = 1024


def render(source: str, environment: Mapping[str, str], certificate_name: str | None = None) -> str:
    """A cloud-config that runs a Python program as a systemd service.

    `source` is the program, written to a root-owned file and run by the image's own Python 3.9
    under an unprivileged user that systemd makes up. `environment` needs `SERVICE_PORT`. With
    `certificate_name` the instance makes itself a certificate for that name at boot, and the
    program is told where it lies. Raises ValueError above the 16 KiB that AWS takes.
    """
    environment = dict(environment)
    commands = ["systemctl daemon-reload"]
    if certificate_name:
        environment |= {"SERVICE_CERTIFICATE": CERTIFICATE}
        commands.append(_make_certificate(certificate_name))
    commands.append("systemctl enable --now private-service.service")
    config = {
        "write_files": [
            {"path": PROGRAM, "permissions": "0644", "content": source},
            {
                "path": "/etc/systemd/system/private-service.service",
                "permissions": "0644",
                "content": _unit(environment, credential=bool(certificate_name)),
            },
        ],
        "runcmd": commands,
    }
    # JSON is YAML, and quotes whatever stands in the program.
    rendered = "#cloud-config\n" + json.dumps(config, indent=1, ensure_ascii=False) + "\n"
    size = len(rendered.encode())
    if size > MAX_BYTES:
        raise ValueError(
            f"user data of {size} bytes is above the {MAX_BYTES} that AWS takes: "
            "bake the program into an image, or fetch it at boot"
        )
    return rendered


def _unit(environment: Mapping[str, str], credential: bool) -> str:
    lines = [f'Environment="{key}={_quoted(environment[key])}"' for key in sorted(environment)]
    if credential:
        # The key is readable for root only; systemd hands it to the made-up user.
        lines += [f"LoadCredential=key:{KEY}", 'Environment="SERVICE_KEY=%d/key"']
    if int(environment["SERVICE_PORT"]) < _FIRST_FREE_PORT:
        lines.append("AmbientCapabilities=CAP_NET_BIND_SERVICE")
    service = "\n".join(lines)
    return f"""\
[Unit]
Description=Private HTTP service
After=network-online.target
Wants=network-online.target

[Service]
ExecStart=/usr/bin/python3 -u {PROGRAM}
{service}
DynamicUser=yes
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
Restart=always
RestartSec=2

[Install]
WantedBy=multi-user.target
"""


def _quoted(value: str) -> str:
    """A value inside quotes of a unit file, where % and backslash have a meaning."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _make_certificate(name: str) -> str:
    return (
        "install -d /etc/private-service && openssl req -x509 -newkey rsa:2048 -nodes -days 730 "
        # A common name has 64 characters at most, and only the alternative name is looked at.
        f"-subj '/CN=private-service' -addext 'subjectAltName=DNS:{name}' "
        f"-keyout {KEY} -out {CERTIFICATE} && chmod 0644 {CERTIFICATE} && chmod 0600 {KEY}"
    )
