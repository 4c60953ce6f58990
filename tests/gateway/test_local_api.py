"""A published API over real HTTP: what is published, what moves, and who is reached."""

import io
import json
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.child import LOOPBACK, free_port
from operations.gateway.emulator import Emulator
from operations.gateway.local_api import Exchange, LocalApi
from operations.gateway.printer import Printer
from operations.gateway.proxy import Response, proxy
from operations.gateway.published import SERVICE, Canary, PublishedStage
from operations.gateway.services import Command, Running
from tests.gateway.apis import BLUE, GREEN, ORIGIN, ROOT_ROUTE, ask, of, published, reached

pytestmark = pytest.mark.gateway

TO_BLUE, TO_GREEN = PublishedStage(BLUE), PublishedStage(GREEN)
BODY = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/None"}}}}
DANGLING = {
    "openapi": "3.0.1",
    "info": {"title": "t", "version": "1"},
    "paths": {"/": {"post": {"requestBody": BODY}}},
}


def test_a_stage_moves_by_its_variables_without_a_deployment(
    api: LocalApi, emulator: Emulator
) -> None:
    api.publish(published())
    assert reached(api) == "blue"
    before = emulator.call("GET", "/restapis")
    changed = api.publish(published(stages={"dev": TO_GREEN}))
    assert reached(api) == "green"
    assert changed == ["dev: blue -> green, by its stage variables only"]
    assert emulator.call("GET", "/restapis") == before


def test_one_service_of_a_stage_moves_and_the_other_stays(api: LocalApi) -> None:
    routes = [
        {"method": "GET", "path": f"/{name}", "service": name} for name in ("orders", "users")
    ]
    both = of("orders", BLUE) | of("users", BLUE)
    api.publish(published(*routes, stages={"dev": PublishedStage(both)}))
    moved = PublishedStage(both | of("users", GREEN))
    changed = api.publish(published(*routes, stages={"dev": moved}))
    assert changed == ["dev, users: blue -> green, by its stage variables only"]
    answers = {path: json.loads(ask(api, path).body)["service"] for path in ("/orders", "/users")}
    assert answers == {"/orders": "blue", "/users": "green"}


ECHO = """
import os
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["Host"].encode())
    def log_message(self, *args):
        pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


@pytest.mark.parametrize(("scheme", "ends_tls"), [("http", []), ("https", ["blue"])])
def test_a_service_sees_the_host_of_its_target_and_http_if_the_balancer_ends_tls(
    api: LocalApi, scheme: str, ends_tls: list[str]
) -> None:
    new = published(
        scheme=scheme,
        ends_tls=frozenset(ends_tls),
        host_headers={"blue": "orders.example.com"},
        services={"blue": Command((sys.executable, "-c", ECHO))},
    )
    api.publish(new)
    assert ask(api).body == b"orders.example.com"


def test_only_the_stage_that_changed_moves(api: LocalApi) -> None:
    api.publish(published(stages={"dev": TO_BLUE, "live": TO_BLUE}))
    changed = api.publish(published(stages={"dev": TO_GREEN, "live": TO_BLUE}))
    assert changed == ["dev: blue -> green, by its stage variables only"]
    assert (reached(api, "dev"), reached(api, "live")) == ("green", "blue")


def test_a_changed_definition_is_imported_behind_the_same_url(
    api: LocalApi, emulator: Emulator
) -> None:
    api.publish(published(ROOT_ROUTE, {"method": "GET", "path": "/old"}))
    url = api.url("dev")
    assert ask(api, "/old").status == 200
    apis = len(emulator.call("GET", "/restapis")["item"])
    assert api.publish(published()) == ["imported and deployed the definition"]
    assert api.url("dev") == url
    assert (ask(api).status, ask(api, "/old").status) == (200, 403)
    assert len(emulator.call("GET", "/restapis")["item"]) == apis


def test_a_canary_is_shown_whole_and_then_has_its_share_again(
    api: LocalApi, emulator: Emulator
) -> None:
    api.publish(published(stages={"dev": PublishedStage(BLUE, Canary(25, GREEN))}))
    shown = [
        (release.name, release.targets[release.variables["backendHost"]], reached(api))
        for release in api.releases("dev")
    ]
    assert shown == [("dev", "blue", "blue"), ("dev (canary)", "green", "green")]
    stage = emulator.call("GET", f"/restapis/{api.state.imported.id}/stages/dev")
    assert stage["canarySettings"]["percentTraffic"] == 25


def test_moving_a_stage_under_load_loses_no_request(api: LocalApi) -> None:
    api.publish(published())
    done = threading.Event()
    responses: SimpleQueue[Response] = SimpleQueue()

    def call_until_done() -> None:
        while not done.is_set():
            responses.put(ask(api))

    with ThreadPoolExecutor(2) as pool:
        callers = [pool.submit(call_until_done) for _ in range(2)]
        try:
            for stage, target in ((TO_GREEN, "green"), (TO_BLUE, "blue")) * 5:
                api.publish(published(stages={"dev": stage}))
                assert reached(api) == target
                seen = ""
                while seen != target:  # until a caller was moved, too
                    response = responses.get()
                    assert response.status == 200
                    seen = json.loads(response.body)["service"]
        finally:
            done.set()
    assert {future.exception() for future in callers} == {None}
    assert {responses.get().status for _ in range(responses.qsize())} <= {200}


@pytest.mark.parametrize(
    ("percent", "requests", "least", "most"), [(0, 40, 0, 0), (25, 150, 16, 59), (100, 40, 40, 40)]
)
def test_a_canary_gets_its_share(
    api: LocalApi, percent: float, requests: int, least: int, most: int
) -> None:
    # Of 150 requests 37.5 are expected at 25 %; a result more than four standard deviations, of
    # 5.3 each, away from that is chance once in sixteen thousand runs.
    api.publish(published(stages={"dev": PublishedStage(BLUE, Canary(percent, GREEN))}))
    assert least <= sum(reached(api) == "green" for _ in range(requests)) <= most


@pytest.mark.parametrize(
    ("path", "method"), [("/elsewhere", "GET"), ("/", "POST"), ("/orders/1/lines", "GET")]
)
def test_what_is_not_a_route_never_reaches_a_service(
    api: LocalApi, exchanges: list[Exchange], path: str, method: str
) -> None:
    api.publish(published(ROOT_ROUTE, {"method": "GET", "path": "/orders/{id}"}))
    assert ask(api).status == 200
    assert ask(api, path, method=method).status == 403
    assert [len(exchange.deliveries) for exchange in exchanges] == [1, 0]


def test_services_start_and_stop_with_their_targets(
    api: LocalApi, exchanges: list[Exchange]
) -> None:
    api.publish(published(hosts={"blue": "blue.example"}))
    assert api.running_targets == ["blue"]
    api.publish(published(stages={"dev": TO_GREEN}))
    assert (api.running_targets, reached(api)) == (["blue", "green"], "green")
    api.publish(published(stages={"dev": TO_GREEN}, hosts={"green": "green.example:8080"}))
    assert (api.running_targets, reached(api)) == (["green"], "green")
    assert [d.target for exchange in exchanges for d in exchange.deliveries] == ["green"] * 2


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"definition": '{"openapi": "3.0.1", "paths": {}'}, "Expecting"),
        (
            {"stages": {"dev": PublishedStage({"backendHost": "red.example"})}},
            "not a target's host",
        ),
        (
            {"stages": {"dev": PublishedStage(BLUE, Canary(5, {"backendHost": "red.example"}))}},
            "not a target's host",
        ),
        ({"definition": json.dumps(DANGLING)}, "rejected PUT /restapis/"),
    ],
)
def test_what_cannot_be_published_changes_nothing(
    api: LocalApi, bad: dict[str, Any], error: str
) -> None:
    api.publish(published())
    with pytest.raises((GatewayError, ValueError), match=error):
        api.publish(replace(published(), **bad))
    assert reached(api) == "blue"


@pytest.mark.parametrize(("path", "stage"), [("/", "nope"), ("/health", "_localstack")])
def test_what_is_not_a_stage_is_forbidden(api: LocalApi, path: str, stage: str) -> None:
    """Nor is the emulator's own interface."""
    api.publish(published())
    assert ask(api).status == 200
    assert ask(api, path, stage).status == 403


def test_a_service_that_has_to_restart_is_reached_again(api: LocalApi) -> None:
    api.publish(published())
    api.publish(published(allow_origin=ORIGIN))
    assert ask(api).header("Access-Control-Allow-Origin") == ORIGIN


@contextmanager
def serving(status: int) -> Iterator[Running]:
    """A service of somebody that runs already."""
    with proxy(lambda r: Response(status, (), (r.header("Host") or "").encode())) as port:
        yield Running("http", LOOPBACK, port)


def test_a_users_own_service_is_reached_and_its_health_is_checked(emulator: Emulator) -> None:
    told: list[tuple[str, str]] = []
    tell: Callable[[str, str], None] = lambda target, line: told.append((target, line))  # noqa: E731
    new = published(health_paths={"blue": "/health"})
    with LocalApi(emulator, lambda _: None, tell=tell) as api:
        with serving(418) as own:
            api.publish(replace(new, services={"blue": own}))
            response = ask(api)
            assert (response.status, response.body) == (418, own.authority.encode())
        assert told == [
            ("blue", "GET /health returns 418: on AWS, it would be unhealthy and get no requests")
        ]
        assert ask(api).status == 502
        with serving(200) as healthy:
            api.publish(replace(new, services={"blue": healthy}))
            assert ask(api).status == 200
        assert len(told) == 1
        gone = Running("http", LOOPBACK, healthy.port)
        api.publish(replace(new, services={"blue": gone, "green": gone}))
        assert told[1:] == [("green", f"nothing listens at {gone} yet")]


def test_a_changed_sample_service_is_started_again(emulator: Emulator, tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_bytes(SERVICE.read_bytes())
    with LocalApi(emulator, lambda _: None, program) as api:
        api.publish(published())
        assert reached(api) == "blue"
        program.write_bytes(SERVICE.read_bytes().replace(b'"service": self', b'"changed": self'))
        changed = api.publish(published())
        assert changed == ["blue: restarted its service", "green: restarted its service"]
        assert json.loads(ask(api).body)["changed"] == "blue"


GUARDED = {"method": "GET", "path": "/orders", "authorization": "iam"}


def test_what_aws_would_refuse_is_marked(api: LocalApi, exchanges: list[Exchange]) -> None:
    api.publish(published(ROOT_ROUTE, GUARDED))
    assert (ask(api, "/orders").status, ask(api).status) == (200, 200)
    refusals = [exchange.refusal for exchange in exchanges]
    assert [refusal and refusal.reason for refusal in refusals] == ["unsigned", None]
    output = io.StringIO()
    Printer(Console(file=output, width=200)).exchange(exchanges[0])
    assert output.getvalue().endswith("blue  403 on AWS: unsigned\n")


def test_with_strict_it_is_refused_as_by_aws(emulator: Emulator) -> None:
    seen: list[Exchange] = []
    with LocalApi(emulator, seen.append, strict=True) as api:
        api.publish(published(ROOT_ROUTE, GUARDED, cors=True))
        refused = ask(api, "/orders")
        assert refused.status == 403
        assert json.loads(refused.body)["message"] == "Missing Authentication Token"
        assert refused.header("Access-Control-Allow-Origin") == ORIGIN
        assert ask(api).status == 200
        assert [len(exchange.deliveries) for exchange in seen] == [0, 1]


def test_the_gateways_own_responses_have_the_shape_of_the_definition(api: LocalApi) -> None:
    api.publish(published(cors=True))
    response = ask(api, "/elsewhere")
    assert response.status == 403
    assert json.loads(response.body).keys() == {"message", "requestId"}
    assert response.header("Access-Control-Allow-Origin") == ORIGIN


def test_a_port_that_is_in_use_is_one_sentence(emulator: Emulator, taken_port: int) -> None:
    with (
        pytest.raises(GatewayError, match=rf"^port {taken_port} cannot .* Choose another --port.$"),
        LocalApi(emulator, lambda _: None, port=taken_port),
    ):
        pass


def test_a_port_that_is_given_is_that_of_the_urls(emulator: Emulator) -> None:
    port = free_port()
    with LocalApi(emulator, lambda _: None, port=port) as api:
        api.publish(published())
        assert api.url("dev") == f"http://{LOOPBACK}:{port}/dev"
        assert reached(api) == "blue"


def test_every_request_is_reported_with_its_deliveries(
    api: LocalApi, exchanges: list[Exchange]
) -> None:
    api.publish(published())
    ask(api, "/?a=1")
    (exchange,) = exchanges
    assert exchange.request.target == "/dev/?a=1"
    assert exchange.response.status == 200
    assert exchange.milliseconds > 0
    assert [delivery.target for delivery in exchange.deliveries] == ["blue"]


def test_a_service_that_does_not_start_is_quoted(emulator: Emulator, tmp_path: Path) -> None:
    program = tmp_path / "app.py"
    program.write_text("raise SystemExit('no database')")
    with (
        LocalApi(emulator, lambda _: None, program) as api,
        pytest.raises(GatewayError, match=r"could not start the service of blue .*:\nno database"),
    ):
        api.publish(published())
