"""Every example behaves over HTTP as its routes are configured, and is documented."""

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from operations.gateway.local_api import LocalApi
from operations.gateway.published import load
from tests.gateway.test_check import checked
from tests.stacks import ROOT, run_stack

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"), key=lambda path: path.name)


@pytest.mark.gateway
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_request_to_an_example_matches_its_expectations(
    example: Path, strict_api: LocalApi
) -> None:
    stack = str(example.relative_to(ROOT))
    passed, output = checked(strict_api, load(stack, run=run_stack(stack=stack)))
    assert passed, output


def test_every_example_is_in_the_readme() -> None:
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
