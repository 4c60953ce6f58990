"""An emulated API Gateway on loopback: LocalStack's core, which needs no account and no Docker.

It routes, maps, validates and splits like API Gateway. It ignores the VPC link, the load
balancer that an integration names for a link V2, time limits, gateway responses, signatures and the
resource policy; `operations.gateway.rules` adds what the definition alone can tell.
"""

import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.gateway import GatewayError
from operations.gateway.child import LOOPBACK, Server, python_child, server
from operations.gateway.environment import LIBRARIES, STATIC
from operations.gateway.published import PublishedStage

TRUSTED_CERTIFICATES = "trusted.pem"
_REGION = "us-east-1"
# Well-formed and worth nothing: the emulator reads account and service from it.
_AUTHORIZATION = (
    f"AWS4-HMAC-SHA256 Credential=none/20260101/{_REGION}/apigateway/aws4_request, "
    "SignedHeaders=host, Signature=none"
)


@dataclass(frozen=True)
class ImportedApi:
    """A definition that is imported and deployed."""

    id: str
    host: str
    """Host header that addresses it; its stages are the first segment of the path."""
    api_key: str
    """A throw-away key that every stage accepts."""


@dataclass(frozen=True)
class Certificate:
    """PEM files of a throw-away certificate for 127.0.0.1, and of the authority behind it."""

    chain: Path
    key: Path
    authority: Path


@contextlib.contextmanager
def emulator(python: Path) -> Iterator["Emulator"]:
    """Run the emulator with its interpreter until the end of the block, then delete its files.

    Raises GatewayError with its log when it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="gateway-", ignore_cleanup_errors=True) as temporary:
        directory, static = Path(temporary).resolve(), python.parents[1] / STATIC
        (directory / LIBRARIES).parent.mkdir(parents=True)
        (directory / LIBRARIES).symlink_to(static / LIBRARIES)
        log = directory / "log"
        with server(
            "the emulated API Gateway",
            lambda port, output: python_child(
                python,
                "localstack.runtime.main",
                environ=_environ(port, directory, static),
                directory=directory,
                output=output,
            ),
            lambda _port: _listens(log),
            log,
        ) as running:
            yield Emulator(python, directory, running)


@dataclass(frozen=True)
class Emulator:
    """A running emulator; it ends with the `emulator` block that made it."""

    python: Path
    directory: Path
    """Folder of everything that it writes."""
    server: Server

    def import_api(self, document: str, stages: Mapping[str, PublishedStage]) -> ImportedApi:
        """Import an OpenAPI document as a new API, as the program does: shell, import, deployment.

        An import over an existing API would not be the same: the emulator keeps removed parts.
        """
        api = self.call("POST", "/restapis", {"name": "imported"})["id"]
        query = "mode=overwrite&failonwarnings=true"
        self.call("PUT", f"/restapis/{api}?{query}", json.loads(document))
        deployment = self.call("POST", f"/restapis/{api}/deployments", {})["id"]
        for name, stage in stages.items():
            deployed: dict[str, Any] = {"deploymentId": deployment}
            body = {**deployed, "stageName": name, "variables": dict(stage.variables)}
            if canary := stage.canary:
                overrides = {"stageVariableOverrides": dict(canary.overrides)}
                share = {"percentTraffic": canary.percent}
                body["canarySettings"] = {**deployed, **share, **overrides}
            self.call("POST", f"/restapis/{api}/stages", body)
        host = f"{api}.execute-api.{_REGION}.amazonaws.com"
        return ImportedApi(api, host, self._api_key(api, stages))

    def remove(self, api: ImportedApi) -> None:
        """Delete an API with its stages."""
        self.call("DELETE", f"/restapis/{api.id}")

    def make_certificate(self) -> Certificate:
        """A certificate that integrations with https:// accept; it is deleted with the emulator."""
        folder = self.directory / "certificate"
        made = Certificate(folder / "server.pem", folder / "server.key", folder / "client.pem")
        if not folder.exists():
            folder.mkdir()
            command = [str(self.python), "-m", "trustme", "-q", "-d", str(folder), "-i", LOOPBACK]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                error = done.stderr.strip()[-2000:]
                raise GatewayError(f"the certificate could not be made:\n{error}")
            # The emulator reads it at every call, so it may come after the start.
            shutil.copy(made.authority, self.directory / TRUSTED_CERTIFICATES)
        return made

    def set_variables(self, api: ImportedApi, stage: str, variables: Mapping[str, str]) -> None:
        """Set variables of a stage, without a deployment; others keep their values."""
        self._patch(api, stage, {f"/variables/{name}": v for name, v in variables.items()})

    def set_canary_percent(self, api: ImportedApi, stage: str, percent: float) -> None:
        """Set the canary's share of a stage that has one."""
        self._patch(api, stage, {"/canarySettings/percentTraffic": str(percent)})

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call API Gateway's REST interface; raises GatewayError with the error that it returns.

        Source: https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html
        """
        # Without a time limit: if the emulator ends, so does the connection.
        connection = http.client.HTTPConnection(LOOPBACK, self.server.port)
        headers = {"Authorization": _AUTHORIZATION, "Content-Type": "application/json"}
        with contextlib.closing(connection):
            sent = None if body is None else json.dumps(body)
            try:
                connection.request(method, path, sent, headers)
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                raise GatewayError(f"{method} {path}: the emulated API Gateway: {error}") from error
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            reason = content.decode(errors="replace")
            raise GatewayError(f"the emulated API Gateway rejected {method} {path}: {reason}")
        return json.loads(content) if content else None

    def _patch(self, api: ImportedApi, stage: str, values: Mapping[str, str]) -> None:
        operations = [{"op": "replace", "path": p, "value": v} for p, v in values.items()]
        path = f"/restapis/{api.id}/stages/{urllib.parse.quote(stage)}"
        self.call("PATCH", path, {"patchOperations": operations})

    def _api_key(self, api: str, stages: Mapping[str, PublishedStage]) -> str:
        key = self.call("POST", "/apikeys", {"name": f"key-{api}", "enabled": True})
        scope = [{"apiId": api, "stage": stage} for stage in stages]
        plan = self.call("POST", "/usageplans", {"name": f"plan-{api}", "apiStages": scope})
        member = {"keyId": key["id"], "keyType": "API_KEY"}
        self.call("POST", f"/usageplans/{plan['id']}/keys", member)
        return str(key["value"])


def _environ(port: int, directory: Path, static: Path) -> dict[str, str]:
    """The emulator's whole environment: nothing of the caller's, least of all credentials."""
    home = str(directory)
    nowhere = f"http://{LOOPBACK}:9"
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": home,
        "TMPDIR": home,
        "LANG": "C.UTF-8",
        "SERVICES": "apigateway",
        "GATEWAY_LISTEN": f"{LOOPBACK}:{port}",
        "GATEWAY_SERVER": "hypercorn",  # the default server listens on every address
        "DNS_ADDRESS": "0",
        "DISABLE_EVENTS": "1",  # no usage statistics
        "SKIP_SSL_CERT_DOWNLOAD": "1",
        # In a container it would treat the machine as its own, and write to /var/lib.
        "OVERRIDE_IN_DOCKER": "0",
        "LOCALSTACK_VOLUME_DIR": home,
        "FILESYSTEM_ROOT": home,
        "XDG_CACHE_HOME": str(static / "cache"),
        # Without any it would ask the machine's own metadata service for some.
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        # Whatever it tries to reach beyond loopback fails at once.
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "NO_PROXY": f"{LOOPBACK},localhost",
        # Whose certificates integrations trust; the file is made when the first one needs it.
        "REQUESTS_CA_BUNDLE": str(directory / TRUSTED_CERTIFICATES),
    }


def _listens(log: Path) -> bool | None:
    """Whether the emulator has started on its own port, by its log; None while it starts.

    It reports that it is ready whichever process answers on its port, so its own server's line
    has to come first.
    """
    text = log.read_text(errors="replace")
    return "Running on" in text if "Ready." in text else None
