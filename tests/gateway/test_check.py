"""The check over real HTTP: what is right passes, and what is wrong is found."""

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from operations.gateway.check import check
from operations.gateway.emulator import Emulator
from operations.gateway.local_api import LocalApi
from operations.gateway.printer import Printer
from operations.gateway.published import Canary, PublishedApi, PublishedStage
from tests.gateway.apis import BLUE, GREEN, ORIGIN, ROOT_ROUTE, ask, published

pytestmark = pytest.mark.gateway

ALLOW = "Access-Control-Allow-Origin"
ORDER = {"method": "GET", "path": "/orders/{id}", "backendPath": "/v2/{id}/order"}
TENANT = {"method": "GET", "path": "/{tenant}/docs/{proxy+}"}
SEARCH = {"method": "GET", "path": "/search", "query": {"q": "required"}}
LEGACY = {
    "method": "PUT",
    "path": "/legacy/{id}",
    "integration": "http",
    "responses": {"200": {}, "404": {}},
    "query": {"q": "required", "z": "optional"},
    "headers": {"X-Thing": "required"},
}
EVERY_KIND: list[dict[str, Any]] = [
    ROOT_ROUTE,
    *(ORDER, TENANT, SEARCH, LEGACY),
    {"method": "DELETE", "path": "/orders/{id}"},
    {"method": "POST", "path": "/orders", "authorization": "apiKey", "body": "Order"},
    {"method": "ANY", "path": "/files/{proxy+}", "authorization": "iam"},
    {"method": "GET", "path": "/files/{proxy+}", "backendPath": "/v1/{proxy}"},
]


def checked(api: LocalApi, new: PublishedApi) -> tuple[bool, str]:
    """The result, and what is printed."""
    output = io.StringIO()
    api.publish(new)
    return check(api, Printer(Console(file=output, width=200))), output.getvalue()


@pytest.mark.parametrize(
    ("scheme", "stages", "routes"),
    [
        ("http", {"live": PublishedStage(GREEN, Canary(10, BLUE))}, EVERY_KIND),
        ("https", None, [ROOT_ROUTE, ORDER]),
    ],
)
def test_every_kind_of_route_passes(
    strict_api: LocalApi,
    scheme: str,
    stages: dict[str, PublishedStage] | None,
    routes: list[dict[str, Any]],
) -> None:
    passed, output = checked(
        strict_api, published(*routes, stages=stages, scheme=scheme, cors=True)
    )
    assert passed, output
    assert "Skipped" not in output
    assert "of them the gateway had to answer itself." in output
    assert "Not tested here: the VPC link's connection" in output


def test_a_service_that_allows_no_origin_fails(strict_api: LocalApi) -> None:
    passed, output = checked(strict_api, published(cors=True, allow_origin=""))
    assert not passed
    assert f"GET /: response header {ALLOW}: expected '{ORIGIN}', got None" in output


def test_a_promise_without_a_callable_route_fails(strict_api: LocalApi) -> None:
    new = published()
    text = json.dumps(new.promise.document).replace('"http_proxy"', '"aws_proxy"')
    promise = dataclasses.replace(new.promise, document=json.loads(text))
    passed, output = checked(strict_api, dataclasses.replace(new, promise=promise))
    assert not passed
    assert "Skipped GET /: its integration is aws_proxy" in output
    assert "No route could be called." in output


def test_a_service_of_any_kind_passes(emulator: Emulator, tmp_path: Path) -> None:
    """The sample service echoes requests; this one does not, and imports a neighboring module."""
    program = tmp_path / "app.py"
    program.write_text(
        "import os, helper\n"
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n"
        "class Handler(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_error(418)\n"
        "HTTPServer(('127.0.0.1', int(os.environ['SERVICE_PORT'])), Handler).serve_forever()\n"
    )
    (tmp_path / "helper.py").touch()
    with LocalApi(emulator, lambda _: None, program, strict=True) as api:
        passed, output = checked(api, published())
        assert passed, output
        assert ask(api).status == 418
