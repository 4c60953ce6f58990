"""What a stack publishes, by a run of its program."""

import json
from pathlib import Path

import pytest

from openapi.compiler import INTEGRATION
from openapi.variables import Pair
from operations.gateway import GatewayError
from operations.gateway.published import load
from operations.gateway.services import Command, Running
from tests.gateway.apis import GREEN, published
from tests.stacks import config, run_stack

ONE = Pair()
FLEET = {"instanceType": "t4g.micro"}


def test_a_stack_publishes_its_definition_and_its_stages() -> None:
    made = load("prod", run=run_stack(stack="prod"))
    assert "/orders/{id}" in made.document["paths"]
    assert made.promise.document["paths"].keys() == made.document["paths"].keys()
    assert made.promise.releases["next"]["next"].targets == {ONE: "green"}
    assert made.links.keys() == {"blue", "green"}
    assert made.health_paths == {"blue": "/health", "green": "/health"}
    targets = {name: made.reached(stage.variables) for name, stage in made.stages.items()}
    assert targets == {"live": {ONE: "blue"}, "next": {ONE: "green"}}
    assert {stage.canary for stage in made.stages.values()} == {None}


def test_a_stack_with_a_domain_promises_its_urls() -> None:
    made = load("examples/domain.yaml", run=run_stack(stack="examples/domain.yaml"))
    urls = {"https://api.example.com": "live", "https://api.example.com/next": "next"}
    assert made.promise.urls == urls


def test_a_canary_has_its_share_and_its_variables() -> None:
    made = load("examples/canary.yaml", run=run_stack(stack="examples/canary.yaml"))
    canary = made.stages["live"].canary
    assert canary
    assert canary.percent == 10
    releases = made.releases("live")
    targets = {name: made.reached(variables) for name, variables in releases.items()}
    assert targets == {"live": {ONE: "blue"}, "live (canary)": {ONE: "green"}}
    assert len({variables["vpcLinkId"] for variables in releases.values()}) == 2
    promised = {name: release.targets for name, release in made.promise.releases["live"].items()}
    assert promised == targets


def test_a_command_has_the_variables_of_its_fleet_and_a_running_service_none() -> None:
    stack, command = "examples/own-image.yaml", Command(("sh",))
    run = run_stack(stack=stack)
    given = (("TEMPLATES", "acme-order-templates"),)
    made = load(stack, run=run, services={"blue": command}).services
    assert made == {"blue": Command(("sh",), given, ("DB_PASSWORD",))}
    running = {"blue": Running("http", "localhost", 3000)}
    assert load(stack, run=run, services=running).services == running


def test_a_command_of_a_target_without_a_fleet_has_no_variables() -> None:
    stack, given = "examples/existing-balancer.yaml", {"theirs": Command(("sh",))}
    assert load(stack, run=run_stack(stack=stack), services=given).services == given


def test_a_host_that_is_not_a_targets_is_rejected_with_those_that_are() -> None:
    made = published()
    assert made.reached(GREEN) == {ONE: "green"}
    with pytest.raises(GatewayError, match=r"'red.example'.*\(blue.example, green.example:8080\)"):
        made.reached({"backendHost": "red.example"})


def test_targets_that_share_a_host_differ_in_their_links() -> None:
    made = published(hosts={"blue": "orders.example.com", "green": "orders.example.com"})
    variables = {"backendHost": "orders.example.com", "vpcLinkId": GREEN["vpcLinkId"]}
    assert made.reached(variables) == {ONE: "green"}
    local = made.localized(variables, {"blue": "127.0.0.1:1", "green": "127.0.0.1:2"})
    assert local == {**variables, "backendHost": "127.0.0.1:2"}


@pytest.mark.parametrize(
    ("stack", "https", "ends_tls"),
    [("dev", [], []), ("https", ["blue"], []), ("tls-listener", ["blue"], ["blue"])],
)
def test_a_target_is_called_with_tls_which_its_balancer_may_end(
    stack: str, https: list[str], ends_tls: list[str]
) -> None:
    name = stack if stack == "dev" else f"examples/{stack}.yaml"
    made = load(name, run=run_stack(stack=name))
    assert ([*made.https], [*made.ends_tls]) == (https, ends_tls)


def test_services_that_share_a_link_and_a_host_differ_in_their_balancers(tmp_path: Path) -> None:
    target = {"port": 80, "healthPath": "/", "link": "v2", "hostHeader": "x.example"}
    services = {"orders": "blue", "users": "green"}
    routes = [{"method": "GET", "path": f"/{name}", "service": name} for name in services]
    given = config(
        *((f"targets.{name}", {**target, "fleet": FLEET}) for name in services.values()),
        ("api.routes", routes),
        ("stages.dev", {"services": services}),
    )
    (tmp_path / "same.yaml").write_text(json.dumps({"config": given}))
    made = load(str(tmp_path / "same.yaml"))
    variables = made.stages["dev"].variables
    assert made.hosts["blue"] == made.hosts["green"]
    assert made.reached(variables) == {Pair(service): name for service, name in services.items()}
    calls = {path: item["get"][INTEGRATION] for path, item in made.document["paths"].items()}
    called = {path: made.called(call, variables) for path, call in calls.items()}
    assert called == {f"/{service}": name for service, name in services.items()}
