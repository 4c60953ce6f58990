"""A new stack is written whole or not at all, and what is written rehearses without a violation."""

import io
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from ruamel.yaml import YAML

from operations import new_questions
from operations.new import Kind, NewStackError, Wishes, write
from operations.new_questions import new_stack
from settings import ConfigError
from simulation.rehearsal import rehearse
from tests.stacks import ROOT

INSTANCES: dict[str, Any] = {
    "kind": "instances",
    "vpc": "vpc-0123456789abcdef0",
    "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "instances": ["i-0123456789abcdef0"],
}
BALANCER: dict[str, Any] = {
    "kind": "balancer",
    "balancer_arn": "arn:aws:elasticloadbalancing:us-east-2:111122223333:loadbalancer/net/orders/"
    "50dc6c495c0c9188",
    "host": "orders-50dc6c495c0c9188.elb.us-east-2.amazonaws.com",
}
ECR = "111122223333.dkr.ecr.us-east-2.amazonaws.com/orders:1.4"
AMI = "ami-0123456789abcdef0"
ROUTES = ("GET / none", "GET /orders/{id}", "POST /orders apiKey")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of what a stack is written into."""
    for name in ("Pulumi.yaml", "Pulumi.dev.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    for folder in ("policies", ".github/workflows", "service", "examples"):
        ignored = shutil.ignore_patterns("*.py[co]", "pack", "__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    return tmp_path


def wishes(name: str = "next-one", **more: Any) -> Wishes:
    return Wishes(name=name, region="us-east-2", owner="team", **{"routes": ROUTES, **more})


@pytest.mark.parametrize(
    ("more", "open_routes", "open_ports"),
    [
        ({}, ["GET /"], None),
        ({"kind": "container", "image": "ghcr.io/acme/orders:1.4"}, ["GET /"], [443]),
        ({"kind": "container", "image": "images.test:5000/orders:1.4"}, ["GET /"], [5000]),
        ({"kind": "container", "image": ECR.replace("-2", "-1")}, ["GET /"], [443]),
        ({"kind": "container", "image": ECR}, ["GET /"], None),
        (
            {"kind": "image", "image": AMI, "user_data_file": "examples/own-image.sh"},
            ["GET /"],
            None,
        ),
        (
            {"kind": "image", "image": "/images/x86_64/orders:3", "instance_type": "t3.micro"},
            ["GET /"],
            None,
        ),
        (
            {
                "routes": (),
                "definition_file": "examples/openapi/orders.yaml",
                "variables": ("release=v2",),
            },
            ["GET /"],
            None,
        ),
        ({**INSTANCES, "routes": ("GET /a",)}, [], None),
        (BALANCER, ["GET /"], None),
    ],
    ids=[
        *("sample", "container", "port", "other-region", "ecr", "image", "parameter"),
        *("definition", "instances", "balancer"),
    ],
)
def test_what_is_written_rehearses_without_a_violation(
    root: Path, more: dict[str, Any], open_routes: list[str], open_ports: list[int] | None
) -> None:
    kind = Kind(more.get("kind", "sample"))
    written = write(wishes(**{**more, "kind": kind}), root)
    assert {path.relative_to(root).as_posix() for path in written} == {
        "Pulumi.next-one.yaml",
        "policies/config.next-one.json",
        ".github/workflows/preview.yml",
        ".github/workflows/deploy.yml",
    }
    config = json.loads((root / "policies/config.next-one.json").read_text())
    assert config == {
        "route-authorization": {"openRoutes": open_routes},
        "instance-profile": "disabled",
        **({"no-open-egress": {"allowedPorts": open_ports}} if open_ports else {}),
    }
    rehearsal = rehearse("next-one", root=root)
    assert rehearsal.passed
    assert rehearsal.pack_config == config


def test_a_container_reaches_its_registry_in_the_cheapest_way(root: Path) -> None:
    write(wishes("asked", kind=Kind.CONTAINER, image=ECR), root)
    config = written(root)
    assert config["private-api:targets"]["blue"]["fleet"]["container"] == {"image": ECR}
    assert config["private-api:network"]["endpoints"] == {"interfaces": ["ecr"]}
    assert "nat" not in config["private-api:network"]
    assert "egress" not in config["private-api:targets"]["blue"]


def test_the_workflows_have_a_row_of_the_stack_and_are_otherwise_as_before(root: Path) -> None:
    before = {p: p.read_text().splitlines() for p in (root / ".github/workflows").iterdir()}
    write(wishes(), root)
    yaml = YAML(typ="safe", pure=True)
    preview = yaml.load(root / ".github/workflows/preview.yml")["jobs"]
    deploy = yaml.load(root / ".github/workflows/deploy.yml")["jobs"]
    assert preview["rehearse"]["strategy"]["matrix"]["stack"][-1] == "next-one"
    assert deploy["deploy"]["strategy"]["matrix"]["stack"][-1] == "next-one"
    row = {"stack": "next-one", "role": "${{ vars.NEXT_ONE_PREVIEW_ROLE }}"}
    assert preview["preview"]["strategy"]["matrix"]["include"][-1] == row
    for path, lines in before.items():
        gone = [line for line in lines if line not in path.read_text().splitlines()]
        assert all("stack: [" in line for line in gone), gone


def test_a_second_stack_comes_after_the_first(root: Path) -> None:
    write(wishes("one"), root)
    write(wishes("two"), root)
    yaml = YAML(typ="safe", pure=True)
    matrix = yaml.load(root / ".github/workflows/preview.yml")["jobs"]["preview"]["strategy"]
    assert [row["stack"] for row in matrix["matrix"]["include"]][-2:] == ["one", "two"]


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"region": "us-east2"}, 'aws:region: "us-east2" does not have the right format'),
        ({"zones": ("us-east-2a",)}, "private-api:network.zones: "),
        ({"cidr_block": "8.8.0.0/16"}, "is not within 10.0.0.0/8"),
        ({"port": 0}, "private-api:targets.blue.port: 0"),
        ({"routes": ("GET orders",)}, 'private-api:api.routes[0].path: "orders"'),
        ({"routes": ("GET / nobody",)}, "private-api:api.routes[0].authorization: "),
        ({"routes": (), "definition_file": "nowhere.yaml"}, '"nowhere.yaml" cannot be read'),
        (
            {"routes": (), "definition_file": "examples/openapi/orders.yaml"},
            "does not set release, which the definition uses",
        ),
        ({"variables": ("release",)}, "'release' is not a stage variable. Write release=v2."),
        (
            {"kind": Kind.CONTAINER, "image": "orders"},
            'private-api:targets.blue.fleet.container.image: "orders" names no version',
        ),
        ({"kind": Kind.CONTAINER, "image": "Orders:1"}, "is not a valid reference"),
        (
            {"kind": Kind.CONTAINER, "image": ECR, "user_data_file": "service/app.py"},
            "cannot be combined with a container",
        ),
        ({"kind": Kind.IMAGE, "image": "orders"}, "is neither the ID of an AMI nor the name"),
        ({"kind": Kind.IMAGE}, 'private-api:targets.blue.fleet.image: "" is neither'),
        ({"kind": Kind.IMAGE, "image": "/x86_64/a"}, "Use an image for arm64, or another"),
        (
            {"kind": Kind.IMAGE, "image": AMI, "user_data_file": "no.sh"},
            'private-api:targets.blue.fleet.userDataFile: "no.sh" cannot be read',
        ),
        ({"image": AMI}, f"--image {AMI} does not go with --service sample, but with container"),
        (
            {"kind": Kind.BALANCER, "user_data_file": "boot.sh"},
            "--user-data-file boot.sh does not go with --service balancer, but with sample or",
        ),
        (
            {"kind": Kind.INSTANCES, "instance_type": "t3.micro"},
            "--instance-type t3.micro does not go with --service instances",
        ),
        ({"routes": ("GET",)}, "'GET' is not a route. Write a method and a path"),
        ({"name": "my stack"}, "'my stack' cannot be the name of a stack here"),
        ({"name": "Prod"}, "'Prod' cannot be the name"),
        ({"name": "dev"}, "Pulumi.dev.yaml exists already. Choose another name"),
        ({"name": "org"}, "config.org.json exists already. Choose another name"),
        ({"owner": "a\nb: c"}, "private-api:owner: "),
        ({"name": "x", "owner": "yes: no"}, None),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(
    root: Path, more: dict[str, Any], error: str | None
) -> None:
    given = {"name": "next-one", "region": "us-east-2", "owner": "team", "routes": ROUTES, **more}
    before = contents(root)
    if error is None:
        assert write(Wishes(**given), root)
        return
    with pytest.raises((ConfigError, NewStackError)) as raised:
        write(Wishes(**given), root)
    assert error in str(raised.value)
    assert contents(root) == before


def contents(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


OF_FLEETS = ("image", "user_data_file", "instance_type")


def asked(
    root: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], **given: Any
) -> list[str]:
    """The questions that are asked on a terminal."""
    questions: list[str] = []

    def prompt(question: str, default: str | None) -> str:
        questions.append(question)
        return next((a for q, a in answers.items() if question.startswith(q)), default or "")

    monkeypatch.setattr(new_questions, "has_terminal", lambda: True)
    monkeypatch.setattr("operations.new_questions.typer.prompt", prompt)
    options = dict.fromkeys(
        ("region", "owner", "kind", "definition_file", "vpc", "balancer_arn", "host", *OF_FLEETS),
        "",
    )
    lists: dict[str, Any] = dict.fromkeys(("routes", "subnets", "instances"), ())
    new_stack("asked", {**options, **lists, **given}, {}, Console(file=io.StringIO()), root)
    return questions


def written(root: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(root / "Pulumi.asked.yaml")["config"]
    return loaded


def test_a_terminal_is_asked_for_what_is_missing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = asked(root, monkeypatch, {"Region": "eu-west-1", "Routes": "GET /a, GET /b none"})
    assert [question.partition(" ")[0].rstrip(":,") for question in questions] == [
        "Region",
        "Owning",
        "Service",
        "Routes",
    ]
    config = written(root)
    assert config["private-api:network"]["zones"] == ["eu-west-1a", "eu-west-1b"]
    assert [route["path"] for route in config["private-api:api"]["routes"]] == ["/a", "/b"]


def test_what_is_given_is_not_asked(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"region": "us-east-2", "owner": "team", "kind": "sample", "routes": ["GET /"]}
    assert asked(root, monkeypatch, {}, **given) == []


def test_existing_parts_are_asked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "Service": "instances",
        "VPC": INSTANCES["vpc"],
        "Private subnets": ", ".join(INSTANCES["subnets"]),
        "IDs": INSTANCES["instances"][0],
        "Routes": "examples/openapi/orders.yaml",
    }
    asked(root, monkeypatch, answers, variables=["release=v2"])
    config = written(root)
    assert config["private-api:stages"]["asked"]["variables"] == {"release": "v2"}
    assert config["private-api:network"]["subnetIds"] == INSTANCES["subnets"]
    assert config["private-api:targets"]["blue"]["instances"] == INSTANCES["instances"]
    assert config["private-api:api"]["definitionFile"] == "examples/openapi/orders.yaml"


@pytest.mark.parametrize(
    ("answers", "fleet"),
    [
        (
            {"Service": "container", "Container image": "ghcr.io/acme/orders:1.4"},
            {"instanceType": "t4g.micro", "container": {"image": "ghcr.io/acme/orders:1.4"}},
        ),
        (
            {"Service": "image", "ID of an AMI": AMI, "Instance type": "t3.small"},
            {"instanceType": "t3.small", "image": AMI},
        ),
        (
            {
                "Service": "image",
                "ID of an AMI": AMI,
                "File with its user data": "examples/own-image.sh",
            },
            {"instanceType": "t4g.micro", "image": AMI, "userDataFile": "examples/own-image.sh"},
        ),
    ],
    ids=["container", "image", "image-with-user-data"],
)
def test_an_image_is_asked_for(
    root: Path, monkeypatch: pytest.MonkeyPatch, answers: dict[str, str], fleet: dict[str, Any]
) -> None:
    questions = asked(root, monkeypatch, answers)
    assert {a for a in answers if any(q.startswith(a) for q in questions)} == set(answers)
    found = written(root)["private-api:targets"]["blue"]["fleet"]
    assert found == {"minSize": 2, "maxSize": 4, **fleet}


BEGUN = """encryptionsalt: v1:salt
config:
  aws:region: eu-west-1
  private-api:owner: others
"""


def test_a_file_that_only_the_cli_has_written_to_is_completed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "Pulumi.asked.yaml").write_text(BEGUN)
    questions = asked(root, monkeypatch, {})
    assert "Region" not in questions
    config = written(root)
    assert (config["aws:region"], config["private-api:owner"]) == ("eu-west-1", "others")
    assert "private-api:stages" in config
    whole = YAML(typ="safe", pure=True).load(root / "Pulumi.asked.yaml")
    assert whole["encryptionsalt"] == "v1:salt"


@pytest.mark.parametrize(
    "text",
    [f"{BEGUN}  private-api:permissionsBoundary: x\n", f"{BEGUN}other: 1\n", "- a", "config: ["],
)
def test_a_file_that_somebody_has_written_to_is_kept(root: Path, text: str) -> None:
    (root / "Pulumi.next-one.yaml").write_text(text)
    with pytest.raises(NewStackError, match=r"Pulumi\.next-one\.yaml exists already"):
        write(wishes(), root)
    assert (root / "Pulumi.next-one.yaml").read_text() == text


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({}, "--region is missing"),
        ({"region": "us-east-2"}, "--owner is missing"),
        ({"region": "us-east-2", "owner": "x", "kind": "lambda"}, "'lambda' is not one of sample,"),
        ({"region": "us-east-2", "owner": "x", "kind": "instances"}, "--vpc is missing"),
        (
            {"region": "us-east-2", "owner": "x", "kind": "instances", "vpc": "v"},
            "--subnet is missing",
        ),
        ({"region": "us-east-2", "owner": "x", "kind": "container"}, "--image is missing"),
        ({"region": "us-east-2", "owner": "x", "kind": "image"}, "--image is missing"),
        ({"region": "us-east-2", "owner": "x", "kind": "balancer"}, "--balancer-arn is missing"),
    ],
)
def test_without_a_terminal_the_missing_option_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], error: str
) -> None:
    monkeypatch.setattr(new_questions, "has_terminal", lambda: False)
    empty: dict[str, Any] = dict.fromkeys(
        ("region", "owner", "kind", "routes", "definition_file", "vpc", "subnets", "instances"), ""
    )
    empty |= dict.fromkeys(("balancer_arn", "host", *OF_FLEETS), "")
    with pytest.raises(NewStackError, match=error):
        new_stack("asked", {**empty, **given}, {}, Console(file=io.StringIO()), root)
