"""What a recording says of what is published: pure code."""

import json
from typing import Any

import pytest

from operations.gateway import Canary, GatewayError, StageView
from operations.recording import Phase, Recorded, Recording
from operations.site import Publication

BLUE = {"vpcLinkId": "a", "backendHost": "blue.example"}
GREEN = {"vpcLinkId": "b", "backendHost": "green.example"}
TARGETS = {"blue.example": "blue", "green.example": "green"}


def recorded(kind: str, name: str, inputs: dict[str, Any]) -> Recorded:
    return Recorded(f"urn:{name}", kind, name, "", custom=True, inputs=inputs, outputs={})


def recording(**stage: Any) -> Recording:
    uri = stage.pop("uri", "http://${stageVariables.backendHost}/")
    integration = {"x-amazon-apigateway-integration": {"type": "http_proxy", "uri": uri}}
    body = json.dumps({"paths": {"/": {"get": integration}}})
    return Recording(
        Phase.UPDATE,
        "private-api",
        "dev",
        (
            recorded("aws:apigateway/restApi:RestApi", "api", {"name": "x"}),
            recorded("aws:apigateway/restApiPut:RestApiPut", "definition", {"body": body}),
            recorded(
                "aws:apigateway/stage:Stage",
                "stage",
                {"stageName": "dev", "variables": BLUE, **stage},
            ),
        ),
    )


def test_the_document_is_the_imported_one() -> None:
    assert list(Publication.of(recording(), TARGETS).openapi["paths"]) == ["/"]


def test_a_stage_has_its_variables() -> None:
    assert Publication.of(recording(), TARGETS).stages == {"dev": StageView(BLUE)}


def test_a_canary_has_its_share_and_its_variables() -> None:
    settings = {"percentTraffic": 10, "deploymentId": "d", "stageVariableOverrides": GREEN}
    published = Publication.of(recording(canarySettings=settings), TARGETS)
    assert published.stages["dev"].canary == Canary(10, GREEN)


def test_a_stage_leads_to_the_target_of_its_host() -> None:
    assert Publication.of(recording(), TARGETS).target(GREEN) == "green"


def test_a_host_of_no_target_is_refused_with_those_there_are() -> None:
    published = Publication.of(recording(), TARGETS)
    with pytest.raises(GatewayError, match=r"'red.example'.*\(blue.example, green.example\)"):
        published.target({"backendHost": "red.example"})


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_scheme_is_the_definitions(scheme: str) -> None:
    made = recording(uri=scheme + "://${stageVariables.backendHost}/")
    assert Publication.of(made, TARGETS).is_https is (scheme == "https")
