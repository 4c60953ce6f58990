"""What a run says of what is published: pure code."""

import json
from typing import Any

import pytest

from operations.gateway.emulator import Canary, GatewayError, StageView
from operations.gateway.site import Publication
from simulation.engine import Phase, Registered, Run

BLUE = {"vpcLinkId": "a", "backendHost": "blue.example"}
GREEN = {"vpcLinkId": "b", "backendHost": "green.example"}
TARGETS = {"blue.example": "blue", "green.example": "green"}


def registered(kind: str, name: str, inputs: dict[str, Any]) -> Registered:
    return Registered(f"urn:{name}", kind, name, "", custom=True, inputs=inputs, outputs={})


def run(**stage: Any) -> Run:
    uri = stage.pop("uri", "http://${stageVariables.backendHost}/")
    integration = {"x-amazon-apigateway-integration": {"type": "http_proxy", "uri": uri}}
    body = json.dumps({"paths": {"/": {"get": integration}}})
    return Run(
        Phase.UPDATE,
        "private-api",
        "dev",
        (
            registered("aws:apigateway/restApi:RestApi", "api", {"name": "x"}),
            registered("aws:apigateway/restApiPut:RestApiPut", "definition", {"body": body}),
            registered(
                "aws:apigateway/stage:Stage",
                "stage",
                {"stageName": "dev", "variables": BLUE, **stage},
            ),
        ),
    )


def test_the_document_is_the_imported_one() -> None:
    assert list(Publication.of(run(), TARGETS).openapi["paths"]) == ["/"]


def test_a_stage_has_its_variables() -> None:
    assert Publication.of(run(), TARGETS).stages == {"dev": StageView(BLUE)}


def test_a_canary_has_its_share_and_its_variables() -> None:
    settings = {"percentTraffic": 10, "deploymentId": "d", "stageVariableOverrides": GREEN}
    published = Publication.of(run(canarySettings=settings), TARGETS)
    assert published.stages["dev"].canary == Canary(10, GREEN)


def test_a_stage_leads_to_the_target_of_its_host() -> None:
    assert Publication.of(run(), TARGETS).target(GREEN) == "green"


def test_a_host_of_no_target_is_refused_with_those_there_are() -> None:
    published = Publication.of(run(), TARGETS)
    with pytest.raises(GatewayError, match=r"'red.example'.*\(blue.example, green.example\)"):
        published.target({"backendHost": "red.example"})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_scheme_is_the_definitions(scheme: str) -> None:
    made = run(uri=scheme + "://${stageVariables.backendHost}/")
    assert Publication.of(made, TARGETS).is_https is (scheme == "https")
