"""The user data of a fleet: of the sample service, of any other service, and of one's own."""

from collections.abc import Mapping

from .boot import Boot, File, checked_size
from .secrets import UNIT
from .units import START, assignments, service

PROGRAM = "/usr/local/lib/private-service/app.py"
CERTIFICATE = "/etc/private-service/certificate.pem"
KEY = "/etc/private-service/key.pem"
ENVIRONMENT = "/etc/private-service/environment"
_FIRST_FREE_PORT = 1024
_STOP_SECONDS = 310  # more than the longest answer of an API, 300 s; systemd's default is 90 s


def sample(
    source: str,
    environment: Mapping[str, str],
    certificate_name: str | None = None,
    secrets: bool = False,
) -> Boot:
    """What runs a Python program as a systemd service on Amazon Linux, without any download.

    `source` is the program, written to a file of root and run by the Python 3.9 of the image as
    an unprivileged user that systemd creates. `environment` needs `SERVICE_PORT`. With
    `certificate_name` the instance creates a certificate for that name at boot, and the program
    gets its path.
    """
    environment = dict(environment)
    commands = ["systemctl daemon-reload"]
    if certificate_name:
        environment |= {"SERVICE_CERTIFICATE": CERTIFICATE}
        commands.append(_certificate_command(certificate_name))
    unit = _unit(environment, bool(certificate_name), secrets)
    return Boot((File(PROGRAM, source), unit), commands)


def whole(service: Boot, secrets: Boot, logs: Boot) -> str:
    """The user data of a service with its secrets and its logs.

    Raises ValueError above the 16 KiB that AWS allows.
    """
    return checked_size((secrets + service + Boot((), [START]) + logs).cloud_config())


def added(user_data: str, environment: Mapping[str, str], secrets: Boot, logs: Boot) -> str:
    """A user's own user data; before it the environment as a file, the secrets and the logs.

    Without any of them it is unchanged. Raises ValueError above the 16 KiB that AWS allows.
    """
    boot = secrets
    if environment:
        lines = (f'{key}="{_escaped(environment[key])}"\n' for key in sorted(environment))
        boot = Boot([File(ENVIRONMENT, "".join(lines))]) + boot
    if secrets.files:
        boot += Boot((), ["systemctl daemon-reload", f"systemctl enable --now {UNIT}"])
    boot += logs
    return checked_size(boot.before(user_data) if boot.files else user_data)


def _unit(environment: Mapping[str, str], credential: bool, secrets: bool) -> File:
    lines = [f"ExecStart=/usr/bin/python3 -u {PROGRAM}", *assignments(environment)]
    if credential:
        # Only root can read the key; systemd passes it to the user that it creates.
        lines += [f"LoadCredential=key:{KEY}", 'Environment="SERVICE_KEY=%d/key"']
    if int(environment["SERVICE_PORT"]) < _FIRST_FREE_PORT:
        lines.append("AmbientCapabilities=CAP_NET_BIND_SERVICE")
    lines += [
        *("DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict", "ProtectHome=yes"),
        *("PrivateTmp=yes", "Restart=always", "RestartSec=2", f"TimeoutStopSec={_STOP_SECONDS}"),
    ]
    return service(lines=lines, secrets=secrets)


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
