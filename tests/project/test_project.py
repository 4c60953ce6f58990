"""The project keeps its own promises: pins, generated documents, the public surface."""

import re
import subprocess
from pathlib import Path

import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from components.network import Network
from components.nlb_target import NlbTarget
from components.private_api import PrivateApi
from operations.pins import differences, pinned
from operations.reference import documents
from tests.stacks import ROOT


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda value: str(value)[:40])
def test_a_generated_document_says_what_the_code_says(path: Path, text: str) -> None:
    assert (ROOT / path).read_text() == text, "run make reference"


def test_every_requirement_names_one_version() -> None:
    assert pinned()["pulumi"]


def test_a_range_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["pulumi>=3"]\n[dependency-groups]\n[tool.uv]\n')
    with pytest.raises(ValueError, match="names no version"):
        pinned(project)


def test_another_version_and_an_unpinned_package_are_told() -> None:
    found = list(differences({"a": "1"}, {"a": "2", "b": "1"}))
    assert found == [
        "a is 2, pinned is 1. Run uv sync.",
        "b 1 is installed and not pinned. Run make pins.",
    ]


def test_what_fits_is_not_told() -> None:
    assert not list(differences({"a": "1", "b": "1"}, {"a": "1"}))


@pytest.mark.parametrize("component", [Network, NlbTarget, PrivateApi])
def test_the_components_can_be_used_from_other_languages(component: type) -> None:
    definition = Analyzer("privateapi").analyze_component(component)
    assert definition.inputs
    assert definition.outputs


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_lock_file_is_tracked() -> None:
    if not (files := tracked()):
        pytest.skip("not a git checkout")
    assert not [f for f in files if f.name == "uv.lock"]


def test_links_within_the_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    assert pages
    broken = [
        f"{page.name} -> {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
