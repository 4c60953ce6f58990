"""User data that runs a program on Amazon Linux 2023, without any download."""

from collections.abc import Mapping

from .boot import NOTHING, Boot, File, checked_size
from .secrets import FILE, UNIT

PROGRAM = "/usr/local/lib/private-service/app.py"
CERTIFICATE = "/etc/private-service/certificate.pem"
KEY = "/etc/private-service/key.pem"
ENVIRONMENT = "/etc/private-service/environment"
_FIRST_FREE_PORT = 1024
_STOP_SECONDS = 310  # more than the longest answer of an API, 300 s; systemd's default is 90 s


def render(
    source: str,
    environment: Mapping[str, str],
    certificate_name: str | None = None,
    secrets: Boot = NOTHING,
) -> str:
    """A cloud-config that runs a Python program as a systemd service.

    `source` is the program, written to a file of root and run by the Python 3.9 of the image as
    an unprivileged user that systemd creates. `environment` needs `SERVICE_PORT`. With
    `certificate_name` the instance creates a certificate for that name at boot, and the program
    gets its path. `secrets` is what reads them. Raises ValueError above the 16 KiB that AWS allows.
    """
    environment = dict(environment)
    commands = ["systemctl daemon-reload"]
    if certificate_name:
        environment |= {"SERVICE_CERTIFICATE": CERTIFICATE}
        commands.append(_certificate_command(certificate_name))
    commands.append("systemctl enable --now private-service.service")
    files = (
        File(PROGRAM, source),
        File(
            "/etc/systemd/system/private-service.service",
            _unit(environment, bool(certificate_name), bool(secrets.files)),
        ),
    )
    return checked_size((Boot(files) + secrets + Boot((), commands)).cloud_config())


def added(user_data: str, environment: Mapping[str, str], secrets: Boot = NOTHING) -> str:
    """A user's own user data; before it what writes the environment to a file and reads secrets.

    Without either it is unchanged. Raises ValueError above the 16 KiB that AWS allows.
    """
    boot = secrets
    if environment:
        lines = (f'{key}="{_escaped(environment[key])}"\n' for key in sorted(environment))
        boot = Boot([File(ENVIRONMENT, "".join(lines))]) + boot
    if secrets.files:
        boot += Boot((), ["systemctl daemon-reload", f"systemctl enable --now {UNIT}"])
    return checked_size(boot.before(user_data) if boot.files else user_data)


def _unit(environment: Mapping[str, str], credential: bool, secrets: bool) -> str:
    lines = [f'Environment="{key}={_quoted(environment[key])}"' for key in sorted(environment)]
    # Without its secrets, the service never starts, and so the fleet never becomes healthy.
    required = f"\nAfter={UNIT}\nRequires={UNIT}" if secrets else ""
    if secrets:
        lines.append(f"EnvironmentFile={FILE}")
    if credential:
        # Only root can read the key; systemd passes it to the user that it creates.
        lines += [f"LoadCredential=key:{KEY}", 'Environment="SERVICE_KEY=%d/key"']
    if int(environment["SERVICE_PORT"]) < _FIRST_FREE_PORT:
        lines.append("AmbientCapabilities=CAP_NET_BIND_SERVICE")
    service = "\n".join(lines)
    return f"""\
[Unit]
Description=Private HTTP service
After=network-online.target
Wants=network-online.target{required}

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
TimeoutStopSec={_STOP_SECONDS}

[Install]
WantedBy=multi-user.target
"""


def _quoted(value: str) -> str:
    """A value between quotes in a unit file, where % and backslashes are special."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")


def _escaped(value: str) -> str:
    """A value between quotes in a file of variables, which systemd and shells read alike.

    Source: https://www.freedesktop.org/software/systemd/man/latest/systemd.exec.html#EnvironmentFile=
    """
    for special in '\\"$`':
        value = value.replace(special, f"\\{special}")
    return value


def _certificate_command(name: str) -> str:
    return (
        "install -d /etc/private-service && openssl req -x509 -newkey rsa:2048 -nodes -days 730 "
        # Clients verify the alternative name; a common name has at most 64 characters.
        f"-subj '/CN=private-service' -addext 'subjectAltName=DNS:{name}' "
        f"-keyout {KEY} -out {CERTIFICATE} && chmod 0644 {CERTIFICATE} && chmod 0600 {KEY}"
    )
