"""The domain name: its certificate, its record, and the paths that lead to stages."""

from pathlib import Path
from typing import Any

import pytest

from components.domain import ApiDomain, ApiDomainArgs
from components.private_api import EndpointType
from simulation.engine import Phase, Run, run_program
from tests.stacks import ABSENT
from tests.tables import check_resources, read, sentences

ARGS: ApiDomainArgs = {
    "domain_name": "api.example.com",
    "rest_api_id": "a1b2c3",
    "paths": {"/": "live", "/next": "next"},
    "hosted_zone_id": "Z0123456789",
    "tags": {"owner": "platform"},
}
RESOURCES = read(Path(__file__).with_name("resources.yaml"))
COMPONENT = "privateapi:index:ApiDomain"


def build(phase: Phase = Phase.UPDATE, **changes: Any) -> Run:
    args: Any = {key: value for key, value in {**ARGS, **changes}.items() if value is not ABSENT}
    if "endpoint_type" in args:
        args["endpoint_type"] = EndpointType(args["endpoint_type"])
    return run_program(
        lambda: ApiDomain("domain", args), phase=phase, config={"aws:region": "us-east-2"}
    )


@pytest.fixture(scope="module")
def built() -> Run:
    return build()


@pytest.mark.parametrize("expected", sentences(RESOURCES["ApiDomain"]))
def test_it_creates_as_the_table_says(built: Run, expected: dict[str, Any]) -> None:
    check_resources(build(**expected["$with"]) if "$with" in expected else built, expected)


def test_a_certificate_is_not_requested_without_a_zone() -> None:
    with pytest.raises(ValueError, match="set certificate_arn or hosted_zone_id"):
        build(hosted_zone_id=ABSENT)


def test_what_only_aws_knows_may_be_unknown_at_preview() -> None:
    run = build(Phase.PREVIEW)
    names = {r.name for r in run.resources if r.type.startswith("aws:")}
    assert names == {r.name for r in build().resources if r.type.startswith("aws:")}


def test_every_child_has_the_component_as_parent_and_what_can_be_tagged_is(built: Run) -> None:
    children = [r for r in built.resources if r.custom and not r.type.startswith("pulumi:")]
    assert len(children) == 7
    assert {r.parent for r in children} == {built.one(COMPONENT).urn}
    tagged = {r.name for r in children if r.inputs.get("tags") == ARGS["tags"]}
    assert tagged == {"domain-certificate", "domain-name"}
