"""The project is consistent: pins, versions, generated documents, the public surface."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from pulumi.provider.experimental.analyzer import Analyzer
from ruamel.yaml import YAML

from components.domain import ApiDomain
from components.network import Network
from components.nlb_target import NlbTarget
from components.private_api import PrivateApi
from components.web_acl import WebAcl
from operations import pins
from operations.reference import documents
from tests.benchmarks import __main__ as benchmarks
from tests.benchmarks.table import Row
from tests.stacks import ROOT

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[a-z]*.md"))
HASH = f"--hash=sha256:{'0' * 64}"


@pytest.mark.parametrize(("path", "text"), list(documents()), ids=lambda value: str(value)[:40])
def test_a_generated_document_matches_the_code(path: Path, text: str) -> None:
    assert (ROOT / path).read_text() == text, "run make reference"


def test_the_performance_page_is_what_the_benchmarks_write() -> None:
    text = benchmarks.PAGE.read_text()
    cells = [line.strip("| ").split(" | ") for line in re.findall(r"^\| .* \|$", text, re.M)[2:]]
    taken = re.search(r"Pulumi (\S+), Python (\S+),\s(\d+) cores", text)
    assert taken
    pulumi, python, cores = taken.groups()
    rows = [Row(*(cell.strip(" |") for cell in line)) for line in cells]
    assert len(rows) > 10
    assert benchmarks.page(rows, pulumi, python, int(cores)) == text


def test_every_requirement_has_an_exact_version() -> None:
    assert pins.pinned()["pulumi"]


def test_a_version_range_is_rejected(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\ndependencies = ["pulumi>=3"]\n[dependency-groups]\n[tool.uv]\n')
    with pytest.raises(ValueError, match="has no exact version"):
        pins.pinned(project)


def test_another_version_and_an_unpinned_package_are_reported() -> None:
    assert list(pins.differences({"a": "1", "c": "1"}, {"a": "2", "b": "1", "c": "1"})) == [
        "a 2 is installed, but 1 is pinned. Run uv sync.",
        "b 1 is installed but not pinned. Run make pins.",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (f"a==1 {HASH} {HASH}", None),
        (f"a==1 ; sys_platform == 'win32' {HASH}", None),
        (f"a==2 {HASH}", "a 2 is in requirements.txt, but 1 is pinned"),
        (f"a==1 {HASH}\nz==1 {HASH}", "z 1 is in requirements.txt, but no version is pinned"),
        ("# none", "a is not in requirements.txt"),
        ("a==1", "'a==1' in requirements.txt is not name==version with hashes"),
        (f"a @ https://example.com/a.whl {HASH}", "is not name==version with hashes"),
        (f"--index-url https://example.com\na==1 {HASH}", "is not name==version with hashes"),
    ],
)
def test_requirements_that_differ_from_the_pins_are_reported(
    line: str, problem: str | None
) -> None:
    found = list(pins.requirement_differences(line, {"a": "1"}, {"a"}))
    assert problem in found[0] if problem else not found


def test_the_requirements_are_those_of_the_program() -> None:
    needed = pins.needed(["pulumi-aws"])
    assert {"pulumi", "grpcio", "protobuf"} <= needed
    assert "pytest" not in needed


def test_the_pack_and_the_changelog_have_the_version_of_the_project() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    pack = YAML(typ="safe", pure=True).load(ROOT / "policies" / "PulumiPolicy.yaml")
    released = re.findall(
        r"^## \[(\d\S+)\] - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )
    assert (pack["version"], released[0]) == (version, version)


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_has_its_status_and_date_and_is_listed(decision: Path) -> None:
    title, _, status, *_ = decision.read_text().splitlines()
    assert title.startswith("# ")
    assert re.fullmatch(r"(Accepted|Superseded by \[.+\]\(.+\)), \d{4}-\d\d-\d\d\.", status)
    assert f"]({decision.name})" in (decision.parent / "README.md").read_text()


@pytest.mark.parametrize("component", [Network, NlbTarget, PrivateApi, ApiDomain, WebAcl])
def test_the_components_can_be_used_from_other_languages(component: type) -> None:
    definition = Analyzer("privateapi").analyze_component(component)
    assert definition.inputs
    assert definition.outputs


def test_no_lock_file_is_tracked() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if not (files := listed.stdout.splitlines()):
        pytest.skip("not a git checkout")
    assert not [file for file in files if file.endswith("uv.lock")]


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
