"""Every example does over HTTP what it promises, and is documented."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from ruamel.yaml import YAML

from operations.gateway.emulator import Gateway
from operations.gateway.published import load
from operations.gateway.serve import Printer, check
from operations.gateway.site import Site
from tests.gateway.emulator import interpreter
from tests.stacks import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"), key=lambda path: path.name)


def name(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module", params=EXAMPLES, ids=name)
def example(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway(interpreter()) as running:
        yield running


@pytest.mark.gateway
@pytest.mark.xdist_group("gateway")
def test_an_example_does_over_http_what_it_promises(example: Path, gateway: Gateway) -> None:
    publication = load(str(example.relative_to(ROOT)))
    out = Printer(Console(stderr=True))
    with Site(gateway, out.exchange) as site:
        site.publish(publication)
        assert check(site, out) == 0


def test_every_example_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert EXAMPLES
    assert not [path.name for path in EXAMPLES if f"(examples/{path.name})" not in readme]


def test_every_example_fits_the_schema_for_editors() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((ROOT / "config.schema.json").read_text())
    validator = jsonschema.Draft202012Validator(schema)
    yaml = YAML(typ="safe", pure=True)
    for path in (*EXAMPLES, ROOT / "Pulumi.dev.yaml", ROOT / "Pulumi.prod.yaml"):
        validator.validate(yaml.load(path))
