"""An emulated API Gateway on loopback: LocalStack's core, which needs no account and no Docker.

It routes, maps, validates and splits like API Gateway. It does not look at the VPC link, the time
limits, the gateway responses, signatures or the resource policy.
"""

import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from operations.gateway.child import LOOPBACK, free_port, python_child

TRUSTED_CERTIFICATES = "trusted.pem"
STATIC = "static"
"""Folder of the emulator's environment with what is the same in every run."""
LIBRARIES = Path("usr/lib/localstack")
"""Where the emulator looks, below its root, for its index of AWS's services."""
_REGION = "us-east-1"
_STARTS = 3
_START_SECONDS = 120.0  # the very first start compiles the whole environment
_CALL_SECONDS = 60.0
# Well-formed and worth nothing: the emulator reads account and service from it.
_AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential=none/20260101/{_REGION}/apigateway/aws4_request, "
    "SignedHeaders=host, Signature=none"
)


class GatewayError(Exception):
    """The emulated gateway could not be installed or started, or it refused a call."""


@dataclass(frozen=True)
class Canary:
    """A share of a stage's calls that sees other stage variables."""

    percent: float
    overrides: Mapping[str, str]


@dataclass(frozen=True)
class StageView:
    """What the emulator needs to know of a stage."""

    variables: Mapping[str, str] = field(default_factory=dict)
    canary: Canary | None = None


@dataclass(frozen=True)
class LoadedApi:
    """A definition that is imported and deployed."""

    id: str
    host: str
    """Host header that addresses it; its stages are the first segment of the path."""
    api_key: str
    """A throw-away key that every stage takes."""


@dataclass(frozen=True)
class Certificate:
    """PEM files of a throw-away certificate for 127.0.0.1, and of the authority behind it."""

    chain: Path
    key: Path
    authority: Path


class Gateway:
    """The emulator as a child process, from `with` to the end of the block.

    Entering returns at once; `wait`, and every call that needs it, waits until it answers.
    `directory` holds what it writes, and dies with it.
    """

    port: int

    def __init__(self, python: Path) -> None:
        self._python = python
        self._static = python.parents[1] / STATIC
        self._ready = False
        self._resources = contextlib.ExitStack()
        self._process = contextlib.ExitStack()

    def __enter__(self) -> Self:
        temporary = tempfile.TemporaryDirectory(prefix="gateway-", ignore_cleanup_errors=True)
        self.directory = Path(self._resources.enter_context(temporary)).resolve()
        libraries = self.directory / LIBRARIES
        libraries.parent.mkdir(parents=True)
        libraries.symlink_to(self._static / LIBRARIES)
        self._resources.enter_context(self._process)
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._resources.close()

    @property
    def pid(self) -> int:
        """Process id of the emulator."""
        return self._child.pid

    def wait(self) -> None:
        """Return when the emulator answers; raise GatewayError with its log if it does not."""
        for _ in range(_STARTS):
            if self._ready or self._listens():
                self._ready = True
                return
            # Somebody took the port between our look and its start.
            self._process.close()
            self._start()
        raise GatewayError(f"no free port was left for the emulated API Gateway:\n{self._tail()}")

    def load(self, document: str, stages: Mapping[str, StageView]) -> LoadedApi:
        """Import an OpenAPI document as a new API, as the program does: shell, import, deployment.

        An import over an existing API would not be the same: the emulator keeps removed parts.
        """
        api = self.call("POST", "/restapis", {"name": "imported"})["id"]
        query = "mode=overwrite&failonwarnings=true"
        self.call("PUT", f"/restapis/{api}?{query}", json.loads(document))
        deployment = self.call("POST", f"/restapis/{api}/deployments", {})["id"]
        for name, stage in stages.items():
            wanted: dict[str, Any] = {
                "stageName": name,
                "deploymentId": deployment,
                "variables": dict(stage.variables),
            }
            if stage.canary:
                wanted["canarySettings"] = {
                    "deploymentId": deployment,
                    "percentTraffic": stage.canary.percent,
                    "stageVariableOverrides": dict(stage.canary.overrides),
                }
            self.call("POST", f"/restapis/{api}/stages", wanted)
        return LoadedApi(
            id=api,
            host=f"{api}.execute-api.{_REGION}.amazonaws.com",
            api_key=self._make_key(api, stages),
        )

    def remove(self, api: LoadedApi) -> None:
        """Delete an API with its stages."""
        self.call("DELETE", f"/restapis/{api.id}")

    def make_certificate(self) -> Certificate:
        """A certificate that integrations with https:// accept; it dies with the emulator."""
        folder = self.directory / "certificate"
        made = Certificate(folder / "server.pem", folder / "server.key", folder / "client.pem")
        if not folder.exists():
            folder.mkdir()
            command = [str(self._python), "-m", "trustme", "-q", "-d", str(folder), "-i", LOOPBACK]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise GatewayError(f"no certificate could be made:\n{done.stderr.strip()[-2000:]}")
            # Read at every call, so that it may come after the start.
            shutil.copy(made.authority, self.directory / TRUSTED_CERTIFICATES)
        return made

    def set_variables(self, api: LoadedApi, stage: str, variables: Mapping[str, str]) -> None:
        """Set variables of a stage, without a deployment; others keep their values."""
        self._patch(api, stage, {f"/variables/{name}": v for name, v in variables.items()})

    def set_canary_percent(self, api: LoadedApi, stage: str, percent: float) -> None:
        """Set the canary's share of a stage that has one."""
        self._patch(api, stage, {"/canarySettings/percentTraffic": str(percent)})

    def call(self, method: str, path: str, body: object = None) -> Any:
        """One call of API Gateway's REST interface; raises GatewayError with the refusal.

        Source: https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
        """
        self.wait()
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=_CALL_SECONDS)
        headers = {"Authorization": _AUTHORIZATION, "Content-Type": "application/json"}
        with contextlib.closing(connection):
            sent = None if body is None else json.dumps(body)
            try:
                connection.request(method, path, sent, headers)
                answer = connection.getresponse()
                content = answer.read()
            except OSError as error:
                raise GatewayError(f"{method} {path}: {error}\n{self._tail()}") from error
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            said = content.decode(errors="replace")
            raise GatewayError(f"the emulated API Gateway refused {method} {path}: {said}")
        return json.loads(content) if content else None

    def _patch(self, api: LoadedApi, stage: str, values: Mapping[str, str]) -> None:
        operations = [{"op": "replace", "path": p, "value": v} for p, v in values.items()]
        path = f"/restapis/{api.id}/stages/{urllib.parse.quote(stage)}"
        self.call("PATCH", path, {"patchOperations": operations})

    def _make_key(self, api: str, stages: Mapping[str, StageView]) -> str:
        key = self.call("POST", "/apikeys", {"name": f"key-{api}", "enabled": True})
        scope = [{"apiId": api, "stage": stage} for stage in stages]
        plan = self.call("POST", "/usageplans", {"name": f"plan-{api}", "apiStages": scope})
        wanted = {"keyId": key["id"], "keyType": "API_KEY"}
        self.call("POST", f"/usageplans/{plan['id']}/keys", wanted)
        return str(key["value"])

    def _start(self) -> None:
        self.port = free_port()
        self._log = self.directory / f"log-{self.port}"
        output = self._process.enter_context(self._log.open("wb"))
        self._child = self._process.enter_context(
            python_child(
                self._python,
                "localstack.runtime.main",
                environ=self._environ(),
                directory=self.directory,
                output=output,
            )
        )

    def _environ(self) -> dict[str, str]:
        """The emulator's whole environment: nothing of the caller's, least of all credentials."""
        home = str(self.directory)
        nowhere = f"http://{LOOPBACK}:9"
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": home,
            "TMPDIR": home,
            "LANG": "C.UTF-8",
            "SERVICES": "apigateway",
            "GATEWAY_LISTEN": f"{LOOPBACK}:{self.port}",
            "GATEWAY_SERVER": "hypercorn",  # the default server listens on every address
            "DNS_ADDRESS": "0",
            "DISABLE_EVENTS": "1",  # no usage statistics
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            # In a container it would take the machine for its own, and write to /var/lib.
            "OVERRIDE_IN_DOCKER": "0",
            "LOCALSTACK_VOLUME_DIR": home,
            "FILESYSTEM_ROOT": home,
            "XDG_CACHE_HOME": str(self._static / "cache"),
            # Without any it would ask the machine's own metadata service for some.
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            # Whatever it tries to reach beyond loopback fails at once.
            "HTTP_PROXY": nowhere,
            "HTTPS_PROXY": nowhere,
            "NO_PROXY": f"{LOOPBACK},localhost",
            # Whose certificates integrations trust; the file need not exist while no one asks.
            "REQUESTS_CA_BUNDLE": str(self.directory / TRUSTED_CERTIFICATES),
        }

    def _listens(self) -> bool:
        """Wait for the end of the start; False if another process has the port.

        The emulator calls itself ready whoever answers on its port, so its own server's line
        has to come first.
        """
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            log = self._log.read_text(errors="replace")
            if "Ready." in log:
                return "Running on" in log
            if self._child.poll() is not None:
                raise GatewayError(f"the emulated API Gateway ended:\n{self._tail()}")
            time.sleep(0.05)
        raise GatewayError(f"the emulated API Gateway did not start:\n{self._tail()}")

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-2000:].strip()
