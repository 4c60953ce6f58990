"""Unit files of systemd for the service."""

from collections.abc import Iterable, Mapping, Sequence

from .boot import File
from .secrets import FILE, UNIT

SERVICE = "private-service.service"
START = f"systemctl enable --now {SERVICE}"


def service(*, lines: Sequence[str], secrets: bool, after: Sequence[str] = ()) -> File:
    """The unit of the service, which starts after some units, and not without them.

    `secrets`: whether it has secrets. Without them it never starts, and so the fleet never becomes
    healthy.
    """
    after = [*after, *([UNIT] if secrets else [])]
    required = "".join(f"\nAfter={unit}\nRequires={unit}" for unit in after)
    unlimited = "\nStartLimitIntervalSec=0" if after else ""
    listed = "\n".join([*([f"EnvironmentFile={FILE}"] if secrets else []), *lines])
    return File(
        f"/etc/systemd/system/{SERVICE}",
        f"""\
[Unit]
Description=Private HTTP service
After=network-online.target
Wants=network-online.target{required}{unlimited}

[Service]
{listed}

[Install]
WantedBy=multi-user.target
""",
    )


def assignments(environment: Mapping[str, str]) -> Iterable[str]:
    """The lines that set variables."""
    return [f"Environment={quoted(f'{key}={environment[key]}')}" for key in sorted(environment)]


def quoted(value: str) -> str:
    """A value in quotes in a unit file, where % and backslashes are special."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'
