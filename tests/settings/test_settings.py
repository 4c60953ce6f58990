"""What the configuration accepts, and how it refuses the rest."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from settings import ConfigError, Settings
from settings.schema import FleetTarget, Stage
from tests.stacks import ABSENT, ROOT, config


def read(*changes: tuple[str, Any], stack: str = "dev") -> Settings:
    return Settings.read(config(*changes, stack=stack), title=f"private-api-{stack}")


def problems(*changes: tuple[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(*changes)
    return [str(problem) for problem in caught.value.problems]


def refusals() -> list[Any]:
    yaml = YAML(typ="safe", pure=True)
    yaml.constructor.add_constructor("!absent", lambda *_: ABSENT)
    cases = yaml.load(ROOT / "tests" / "settings" / "refusals.yaml")
    return [pytest.param(c["change"], c["refused"], id=c["refused"][:70]) for c in cases]


@pytest.mark.parametrize(("change", "refused"), refusals())
def test_a_bad_value_is_refused_in_one_sentence(change: dict[str, Any], refused: str) -> None:
    assert problems(*change.items()) == [refused]


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_shipped_stacks_are_accepted(stack: str) -> None:
    assert set(read(stack=stack).stages)


def test_a_type_error_and_a_cross_error_are_two_lines() -> None:
    found = problems(("targets.blue.port", "x"), ("stages.dev.target", "red"))
    assert [line.partition(": ")[0] for line in found] == [
        "private-api:targets.blue.port",
        "private-api:stages.dev.target",
    ]


def test_a_route_that_does_not_parse_hides_no_other_route() -> None:
    found = problems(("api.routes.1", 5), ("api.routes.3", {"method": "GET", "path": "/"}))
    assert [line.partition(": ")[0] for line in found] == [
        "private-api:api.routes[1]",
        "private-api:api.routes[3]",
    ]


def test_a_stage_may_name_a_target_that_did_not_parse() -> None:
    found = problems(("targets.blue.port", 0))
    assert len(found) == 1


def test_a_secret_is_refused_without_its_value() -> None:
    with pytest.raises(ConfigError) as caught:
        Settings.read(
            config(("owner", "hush")), title="t", secret_keys=("private-api:owner", "aws:token")
        )
    first = str(caught.value.problems[0])
    assert first.startswith("private-api:owner: is a secret")
    assert "hush" not in str(caught.value)


def test_all_problems_stand_in_the_one_error_that_the_cli_prints() -> None:
    with pytest.raises(ConfigError) as caught:
        read(("owner", ABSENT), ("stages.dev.target", "red"))
    assert all(str(problem) in str(caught.value) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("instance_type", "architecture"),
    [
        ("t4g.micro", "arm64"),
        ("c7gn.large", "arm64"),
        ("a1.medium", "arm64"),
        ("g4dn.xlarge", "x86_64"),
        ("t3.micro", "x86_64"),
        ("m7i-flex.large", "x86_64"),
    ],
)
def test_the_architecture_follows_from_the_instance_type(
    instance_type: str, architecture: str
) -> None:
    target = read(("targets.blue.fleet.instanceType", instance_type)).targets["blue"]
    assert isinstance(target, FleetTarget)
    assert target.architecture == architecture


def test_an_architecture_that_is_said_wins() -> None:
    change = ("targets.blue.fleet.architecture", "x86_64")
    target = read(change).targets["blue"]
    assert isinstance(target, FleetTarget)
    assert target.architecture == "x86_64"


def test_a_stage_has_a_real_throttle_without_being_asked() -> None:
    stage = Stage.model_validate({"target": "blue"})
    assert (stage.throttle.rate_limit, stage.throttle.burst_limit) == (50, 100)


def test_the_order_of_routes_does_not_change_the_definition() -> None:
    routes = json.loads(config()["private-api:api"])["routes"]
    turned = read(("api.routes", routes[::-1]))
    assert turned.definition.fingerprint == read().definition.fingerprint


def test_the_allowed_origin_reaches_the_service() -> None:
    origin = "https://app.example.com"
    settings = read(("api.cors", {"allowOrigin": origin}))
    assert f"SERVICE_ALLOW_ORIGIN={origin}" in settings.user_data["blue"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no JSON"),
        ('{"Statement": 5}', "allows nothing"),
        ('{"Statement": [{"Effect": "Deny"}]}', "allows nothing"),
        ('{"Statement": [{"Effect": "Allow", "x": NaN}]}', "is no JSON"),
        ('{"Statement": [{"Effect": "Allow", "x": "\\ud800"}]}', "surrogate"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_a_resource_policy_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, reason: str
) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "app.py").touch()
    (tmp_path / "policy.json").write_text(text)
    with pytest.raises(ConfigError) as caught:
        Settings.read(config(("api.resourcePolicyFile", "policy.json")), title="t", root=tmp_path)
    (problem,) = caught.value.problems
    assert problem.key == "private-api:api.resourcePolicyFile"
    assert reason in problem.message


def test_user_data_of_a_file_is_taken_as_it_is() -> None:
    settings = read(("targets.blue.fleet.userDataFile", "Pulumi.yaml"))
    assert settings.user_data["blue"] == (ROOT / "Pulumi.yaml").read_text()
