"""What runs behind a target on this machine: the sample service, or the user's own."""

import shlex
import shutil
import urllib.parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from operations.gateway import GatewayError


@dataclass(frozen=True)
class Running:
    """A service that runs already, reached by its URL (`--backend`)."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def authority(self) -> str:
        """Host and port, as in a URL."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Command:
    """A command that is started with `PORT` in its environment (`--run`)."""

    words: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()
    """More variables and their values: `environment` of the target's fleet."""
    secrets: tuple[str, ...] = ()
    """Variables that a fleet reads from `secrets`, and this machine does not."""

    def __str__(self) -> str:
        return f"`{shlex.join(self.words)}`"


Service = Running | Command


def parse_services(backends: Sequence[str], runs: Sequence[str]) -> dict[str, Service]:
    """The services of targets by `TARGET=URL` and `TARGET=COMMAND`; raises GatewayError."""
    services: dict[str, Service] = {}
    given = [(text, "--backend") for text in backends] + [(text, "--run") for text in runs]
    for text, option in given:
        target, separator, value = text.partition("=")
        if not separator or not target or not value.strip():
            shape = "blue=http://127.0.0.1:3000" if option == "--backend" else 'blue="npm start"'
            raise GatewayError(f"{option} {text!r} has no target or no value. Write {shape}.")
        if target in services:
            raise GatewayError(f"target {target!r} has two services. Give it one.")
        services[target] = _running(value) if option == "--backend" else _command(value)
    return services


def check_targets(services: Mapping[str, Service], targets: Sequence[str]) -> None:
    """Raise GatewayError for a service of a target that the stack does not have."""
    for name in services:
        if name not in targets:
            raise GatewayError(
                f"{name!r}, given with --backend or --run, is not a target of this stack. "
                f"Its targets: {', '.join(targets)}."
            )


def _running(url: str) -> Running:
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    shown = repr(url) if "@" not in url else "the URL"  # there may be a password before the sign
    if not parts.hostname or not port:
        raise GatewayError(f"--backend: {shown} is not a URL such as http://127.0.0.1:3000.")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise GatewayError(
            f"--backend: {shown} has more than a host and a port. A route's `backendPath` puts a "
            "path before the service's."
        )
    return Running(parts.scheme, parts.hostname, port)


def _command(text: str) -> Command:
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise GatewayError(f"--run: {text!r} is not a command: {error}.") from None
    if not words or not shutil.which(words[0]):
        raise GatewayError(
            f"--run: {text!r} cannot be started: there is no program {(words or ('',))[0]!r}. "
            "Give its path, or `sh -c '...'` for what needs a shell."
        )
    return Command(words)
