"""The emulated API Gateway over real HTTP: what it shows, and that what is wrong is seen."""

import dataclasses
import io
import itertools
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from openapi.compiler import INTEGRATION, compile_routes
from openapi.routes import Cors, Route
from operations.gateway.child import LOOPBACK, free_port
from operations.gateway.emulator import (
    TRUSTED_CERTIFICATES,
    Canary,
    Gateway,
    GatewayError,
    StageView,
)
from operations.gateway.proxy import Answer, Request, Upstream, forward
from operations.gateway.serve import Printer, check
from operations.gateway.site import Exchange, Publication, Site
from tests.gateway.emulator import interpreter

# One worker, because every other one would start an emulator of its own.
pytestmark = [pytest.mark.gateway, pytest.mark.xdist_group("gateway")]

BLUE = {"vpcLinkId": "abc", "backendHost": "blue.example"}
GREEN = {"vpcLinkId": "def", "backendHost": "green.example:8080"}
TARGETS = {"blue.example": "blue", "green.example:8080": "green"}
ORIGIN = "https://app.example.com"
MODEL = {
    "type": "object",
    "required": ["id", "count"],
    "properties": {"id": {"type": "string", "minLength": 12}, "count": {"type": "integer"}},
}
EVERY_KIND: list[dict[str, Any]] = [
    {"method": "GET", "path": "/"},
    {"method": "GET", "path": "/orders/{id}", "backendPath": "/v2/{id}/order"},
    {"method": "DELETE", "path": "/orders/{id}"},
    {"method": "POST", "path": "/orders", "authorization": "apiKey", "body": "Order"},
    {"method": "ANY", "path": "/files/{proxy+}", "authorization": "iam"},
    {"method": "GET", "path": "/files/{proxy+}", "backendPath": "/v1/{proxy}"},
    {"method": "GET", "path": "/{tenant}/docs/{proxy+}"},
    {"method": "GET", "path": "/search", "query": {"q": "required"}},
    {
        "method": "PUT",
        "path": "/legacy/{id}",
        "integration": "http",
        "responses": {"200": {}, "404": {}},
        "query": {"q": "required", "z": "optional"},
        "headers": {"X-Thing": "required"},
    },
]


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(scope="module")
def gateway(taken: int) -> Iterator[Gateway]:
    """The emulator, which is first told to use the taken port."""
    ports = itertools.chain([taken], iter(free_port, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("operations.gateway.emulator.free_port", lambda: next(ports))
        with Gateway(interpreter()) as running:
            yield running


@pytest.fixture(scope="module")
def calls() -> list[Exchange]:
    return []


@pytest.fixture(scope="module")
def shared(gateway: Gateway, calls: list[Exchange]) -> Iterator[Site]:
    with Site(gateway, calls.append) as running:
        yield running


@pytest.fixture
def seen(calls: list[Exchange]) -> list[Exchange]:
    """The calls of this test."""
    calls.clear()
    return calls


@pytest.fixture
def site(shared: Site) -> Site:
    """For every test the same: it shows nothing but what was published last."""
    return shared


def stand_in(folder: Path, script: str) -> Path:
    """An interpreter that does something else."""
    python = folder / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    return python


def published(
    routes: list[dict[str, Any]] | None = None,
    stages: dict[str, StageView] | None = None,
    scheme: str = "http",
    cors: bool = False,
    **more: Any,
) -> Publication:
    chosen = [Route.model_validate({"authorization": "none", **r}) for r in routes or EVERY_KIND]
    made = compile_routes(
        "test",
        chosen,
        scheme=scheme,
        cors=Cors.model_validate({"allowOrigin": ORIGIN}) if cors else None,
        models={"Order": MODEL} if any(r.body for r in chosen) else None,
    )
    promised = {f"{r.method} {r.path}": r.backend_path or r.path.replace("+}", "}") for r in chosen}
    given = {"targets": TARGETS, "backend_paths": promised, "allow_origin": ORIGIN if cors else ""}
    return Publication(made.json, stages or {"dev": StageView(BLUE)}, **{**given, **more})


def changed(publication: Publication, change: Callable[[dict[str, Any]], None]) -> Publication:
    document = publication.openapi
    change(document)
    return dataclasses.replace(publication, document=json.dumps(document))


def checked(site: Site, publication: Publication) -> tuple[int, str]:
    said = io.StringIO()
    site.publish(publication)
    return check(site, Printer(Console(file=said, width=200))), said.getvalue()


def get(site: Site, path: str, stage: str = "dev") -> Answer:
    """Call as anybody would, at the invoke URL."""
    port = int(site.url(stage).split(":")[2].partition("/")[0])
    return forward(Request("GET", f"/{stage}{path}", ()), Upstream(port))


def reached(site: Site, stage: str = "dev") -> str:
    return str(json.loads(get(site, "/", stage).body)["service"])


BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/None"}}}}
DANGLING = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1"},
    "paths": {"/": {"post": {"requestBody": BODY}}},
}
ONE = [{"method": "GET", "path": "/"}]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_it_listens_on_loopback_and_nowhere_else(gateway: Gateway) -> None:
    gateway.wait()
    sockets = {str(link.readlink()) for link in Path(f"/proc/{gateway.pid}/fd").iterdir()}
    listening = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{gateway.pid}/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in sockets:
                listening.append(local)
    assert listening == [f"0100007F:{gateway.port:04X}"]


def test_a_port_that_somebody_took_meanwhile_is_no_error(gateway: Gateway, taken: int) -> None:
    gateway.wait()
    assert gateway.port != taken
    assert (gateway.directory / f"log-{taken}").exists()


def test_an_emulator_that_ends_is_quoted(tmp_path: Path) -> None:
    broken = stand_in(tmp_path, "echo no module named localstack; exit 1")
    with Gateway(broken) as gateway, pytest.raises(GatewayError, match="ended:\nno module named"):
        gateway.call("GET", "/restapis")


def test_the_emulator_is_given_nothing_of_the_callers_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    with (
        Gateway(stand_in(tmp_path, "env; exit 1")) as gateway,
        pytest.raises(GatewayError) as caught,
    ):
        gateway.wait()
    assert "AWS_ACCESS_KEY_ID=none" in str(caught.value)
    assert "production" not in str(caught.value)


def test_nothing_of_it_stays_on_the_disk(tmp_path: Path) -> None:
    with Gateway(stand_in(tmp_path, "exit 1")) as gateway:
        assert gateway.directory.exists()
    assert not gateway.directory.exists()


def test_every_kind_of_route_does_what_it_promises(site: Site) -> None:
    stages = {"dev": StageView(BLUE), "live": StageView(GREEN, Canary(10, BLUE))}
    status, said = checked(site, published(stages=stages, cors=True))
    assert status == 0, said
    assert "Skipped" not in said
    assert "Called without the signature that AWS asks for: ANY /files/{proxy+}." in said
    assert "that a VPC link connects" in said


def test_with_https_the_gateway_trusts_its_own_authority_only(
    site: Site, gateway: Gateway, tmp_path: Path
) -> None:
    status, said = checked(site, published(scheme="https"))
    assert status == 0, said
    subprocess.run([interpreter(), "-m", "trustme", "-q", "-d", tmp_path], check=True)
    trusted = gateway.directory / TRUSTED_CERTIFICATES
    own = trusted.read_text()
    try:
        trusted.write_text((tmp_path / "client.pem").read_text())
        assert b"Network error communicating with endpoint" in get(site, "/").body
    finally:
        trusted.write_text(own)


def integration(document: dict[str, Any], path: str, method: str = "get") -> dict[str, Any]:
    return document["paths"][path][method][INTEGRATION]  # type: ignore[no-any-return]


def leads_elsewhere(document: dict[str, Any]) -> None:
    integration(document, "/orders/{id}")["uri"] += "s"


def maps_nothing(document: dict[str, Any]) -> None:
    del integration(document, "/orders/{id}")["requestParameters"]


def maps_the_wrong_one(document: dict[str, Any]) -> None:
    mapped = integration(document, "/{tenant}/docs/{proxy+}")["requestParameters"]
    mapped["integration.request.path.tenant"] = "method.request.path.proxy"


def goes_to_another_target(document: dict[str, Any]) -> None:
    chosen = integration(document, "/orders/{id}")
    chosen["uri"] = chosen["uri"].replace("backendHost", "otherHost")


def loses_a_route(document: dict[str, Any]) -> None:
    del document["paths"]["/search"]


def forgets_the_origin(document: dict[str, Any]) -> None:
    answers = integration(document, "/legacy/{id}", "put")["responses"]
    for answer in answers.values():
        answer.pop("responseParameters")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (leads_elsewhere, r"GET /orders/\{id\}: path: promised /v2/\w+/order, received .*/orders"),
        (maps_nothing, r"GET /orders/\{id\}: path: promised /v2/\w+/order, received /v2/%7Bid%7D"),
        (maps_the_wrong_one, r"docs/\{proxy\+\}: path: promised"),
        (goes_to_another_target, r"GET /orders/\{id\}: target: promised blue, reached green"),
        (loses_a_route, r"GET /search is promised by the configuration, and missing"),
        (forgets_the_origin, r"PUT /legacy/\{id\}: answer's header Access-Control-Allow-Origin"),
    ],
)
def test_a_wrong_definition_fails_the_check(
    site: Site, wrong: Callable[[dict[str, Any]], None], said: str
) -> None:
    variables = {**BLUE, "otherHost": GREEN["backendHost"]}
    right = published(stages={"dev": StageView(variables)}, cors=True)
    status, printed = checked(site, changed(right, wrong))
    assert status == 1
    assert re.search(said, printed), printed


def test_a_service_that_allows_no_origin_fails_the_check(site: Site) -> None:
    status, said = checked(site, published(ONE, cors=True, allow_origin=""))
    assert status == 1
    assert f"header Access-Control-Allow-Origin: promised '{ORIGIN}', got None" in said


def test_a_definition_without_a_callable_route_fails_the_check(site: Site) -> None:
    def lambdas(document: dict[str, Any]) -> None:
        integration(document, "/")["type"] = "aws_proxy"

    status, said = checked(site, changed(published(ONE), lambdas))
    assert status == 1
    assert "Skipped GET /: its integration is aws_proxy" in said
    assert "0 of 0 calls" in said


def test_a_stage_moves_by_its_variables_without_a_deployment(site: Site, gateway: Gateway) -> None:
    site.publish(published(ONE))
    assert reached(site) == "blue"
    before = gateway.call("GET", "/restapis")
    said = site.publish(published(ONE, {"dev": StageView(GREEN)}))
    assert reached(site) == "green"
    assert said == ["dev: blue -> green, by its variables alone"]
    assert gateway.call("GET", "/restapis") == before


def test_only_the_stage_that_changed_moves(site: Site) -> None:
    site.publish(published(ONE, {"dev": StageView(BLUE), "live": StageView(BLUE)}))
    said = site.publish(published(ONE, {"dev": StageView(GREEN), "live": StageView(BLUE)}))
    assert said == ["dev: blue -> green, by its variables alone"]
    assert (reached(site, "dev"), reached(site, "live")) == ("green", "blue")


def test_a_changed_definition_is_imported_behind_the_same_url(site: Site, gateway: Gateway) -> None:
    two = [*ONE, {"method": "GET", "path": "/old"}]
    site.publish(published(two))
    url = site.url("dev")
    assert get(site, "/old").status == 200
    apis = len(gateway.call("GET", "/restapis")["item"])
    site.publish(published(ONE))
    assert site.url("dev") == url
    assert get(site, "/").status == 200
    assert get(site, "/old").status == 403
    assert len(gateway.call("GET", "/restapis")["item"]) == apis


def test_a_canary_is_shown_whole_and_then_has_its_share_back(site: Site, gateway: Gateway) -> None:
    site.publish(published(ONE, {"dev": StageView(BLUE, Canary(25, GREEN))}))
    shown = [(name, way.target, reached(site)) for name, way in site.ways("dev")]
    assert shown == [("dev", "blue", "blue"), ("dev (canary)", "green", "green")]
    stage = gateway.call("GET", f"/restapis/{site.api.id}/stages/dev")
    assert stage["canarySettings"]["percentTraffic"] == 25


def test_moving_a_stage_under_load_loses_nothing(site: Site) -> None:
    site.publish(published(ONE))
    done = threading.Event()

    def call_until_done() -> list[tuple[int, str]]:
        answers = []
        while not done.is_set():
            answer = get(site, "/")
            answers.append((answer.status, str(json.loads(answer.body)["service"])))
        return answers

    with ThreadPoolExecutor(2) as pool:
        callers = [pool.submit(call_until_done) for _ in range(2)]
        for variables in (GREEN, BLUE) * 5:
            site.publish(published(ONE, {"dev": StageView(variables)}))
            reached(site)  # between two moves at least one call gets through
        done.set()
        answers = [answer for caller in callers for answer in caller.result()]
    assert {status for status, _ in answers} == {200}
    assert {target for _, target in answers} == {"blue", "green"}
    assert reached(site) == "blue"


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (25, 16, 59), (100, 150, 150)])
def test_a_canary_gets_its_share(site: Site, percent: float, least: int, most: int) -> None:
    # Of 150 calls 37.5 are expected at 25 %; outside of four deviations, 5.3 each, is chance once
    # in sixteen thousand runs.
    site.publish(published(ONE, {"dev": StageView(BLUE, Canary(percent, GREEN))}))
    taken = sum(reached(site) == "green" for _ in range(150))
    assert least <= taken <= most


@pytest.mark.parametrize(
    ("path", "method"), [("/elsewhere", "GET"), ("/", "POST"), ("/orders/1/lines", "GET")]
)
def test_what_is_no_route_never_reaches_a_service(
    site: Site, seen: list[Exchange], path: str, method: str
) -> None:
    site.publish(published([*ONE, {"method": "GET", "path": "/orders/{id}"}]))
    assert get(site, "/").status == 200
    port = int(site.url("dev").split(":")[2].partition("/")[0])
    answer = forward(Request(method, f"/dev{path}", ()), Upstream(port))
    assert answer.status == 403
    assert [len(exchange.arrivals) for exchange in seen] == [1, 0]


def test_services_come_and_go_with_their_targets(site: Site, seen: list[Exchange]) -> None:
    site.publish(published(ONE, targets={"blue.example": "blue"}))
    assert site.running == ["blue"]
    site.publish(published(ONE, {"dev": StageView(GREEN)}))
    assert (site.running, reached(site)) == (["blue", "green"], "green")
    site.publish(published(ONE, {"dev": StageView(GREEN)}, targets={"green.example:8080": "green"}))
    assert (site.running, reached(site)) == (["green"], "green")
    assert [arrival.target for exchange in seen for arrival in exchange.arrivals] == ["green"] * 2


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"document": '{"openapi": "3.0.1", "paths": {}'}, "Expecting"),
        ({"stages": {"dev": StageView({"backendHost": "red.example"})}}, "no target's host"),
        ({"document": json.dumps(DANGLING)}, "refused PUT /restapis/"),
    ],
)
def test_what_cannot_be_published_leaves_what_is_there(
    site: Site, bad: dict[str, Any], said: str
) -> None:
    site.publish(published(ONE))
    with pytest.raises((GatewayError, ValueError), match=said):
        site.publish(dataclasses.replace(published(ONE), **bad))
    assert reached(site) == "blue"


def test_a_stage_that_does_not_exist_is_forbidden(site: Site) -> None:
    site.publish(published(ONE))
    assert get(site, "/", "dev").status == 200
    assert get(site, "/", "nope").status == 403


def test_the_emulators_own_interface_is_not_behind_the_url(site: Site) -> None:
    site.publish(published(ONE))
    assert get(site, "/health", "_localstack").status == 403


def test_a_service_that_has_to_start_anew_is_found_again(site: Site) -> None:
    site.publish(published(ONE))
    site.publish(published(ONE, allow_origin=ORIGIN))
    assert get(site, "/").header("Access-Control-Allow-Origin") == ORIGIN


def test_what_a_call_did_is_told(site: Site, seen: list[Exchange]) -> None:
    site.publish(published(ONE))
    get(site, "/?a=1")
    (exchange,) = seen
    assert exchange.request.target == "/dev/?a=1"
    assert exchange.answer.status == 200
    assert exchange.milliseconds > 0
    assert [arrival.target for arrival in exchange.arrivals] == ["blue"]


def test_a_service_that_does_not_start_is_quoted(gateway: Gateway, tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_text("raise SystemExit('no database')")
    with (
        Site(gateway, lambda _: None, program) as site,
        pytest.raises(GatewayError, match=r"the service of blue .* does not listen:\nno database"),
    ):
        site.publish(published(ONE))


def test_any_service_may_stand_behind_a_target(gateway: Gateway, tmp_path: Path) -> None:
    """One that echoes nothing is checked all the same, by what the relay before it received."""
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
    with Site(gateway, lambda _: None, program) as site:
        status, said = checked(site, published(ONE))
        assert status == 0, said
        assert get(site, "/").status == 418
