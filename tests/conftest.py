"""For all tests: Hypothesis without a clock, shared results, and tools that may be missing."""

import gc
import os
from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import once
from tests.tools import missing_plugin, missing_tools

# With pulumi_aws there are so many objects that Python would search them for garbage all the time.
gc.set_threshold(100_000)

# How long an example takes depends on the machine's load, so there is no limit. In CI the examples
# are the same in every run: only the change decides whether it passes.
settings.register_profile(
    "tests",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("tests")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--require-cli", action="store_true", help="fail if the Pulumi CLI is missing")
    parser.addoption(
        "--sequences", type=int, default=0, help="how many tests/engine/test_search.py runs"
    )
    parser.addoption("--first-seed", type=int, default=0, help="seed of the first of them")
    parser.addoption(
        "--require-provider",
        action="store_true",
        help="fail if the CLI or its AWS plugin is missing",
    )
    parser.addoption(
        "--live", action="store_true", help="create real resources in AWS, which cost money"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--require-cli") and (reason := missing_tools()):
        raise pytest.UsageError(f"--require-cli, but the Pulumi CLI is {reason}")
    if config.getoption("--require-provider") and (reason := missing_plugin()):
        raise pytest.UsageError(f"--require-provider: {reason}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    needs = {"--live": config.getoption("--live"), "AWS_PROFILE": "AWS_PROFILE" in os.environ}
    absent = [need for need, given in needs.items() if not given]
    reasons = {}
    if tools := missing_tools():
        reasons["engine"] = f"the Pulumi CLI is {tools}"
    if plugin := missing_plugin():
        reasons["provider"] = plugin
    if absent:
        reasons["live"] = f"for an AWS account, not given: {', '.join(absent)}"
    for item in items:
        for marker, reason in reasons.items():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each reason to skip, instead of one for each test."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"SKIPPED [{count}] {reason}", yellow=True)


class _Scheduler(LoadScopeScheduling):  # type: ignore[misc]
    """Runs the tests that share an emulator in one worker: any other would start its own.

    The mark `xdist_group` has no effect: pytest-xdist 3.8 sets a node id that pytest 9.2 ignores.
    """

    def _split_scope(self, nodeid: str) -> str:
        for folder in ("tests/gateway/", "tests/local_aws/"):
            if nodeid.startswith(folder):
                return folder
        _, of, parameter = nodeid.partition("[")
        return parameter if of and nodeid.startswith("tests/provider/") else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Scheduler:
    return _Scheduler(config, log)


@pytest.fixture(scope="session", autouse=True)
def _shared(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp()
    in_worker = "PYTEST_XDIST_WORKER" in os.environ
    once.share((folder.parent if in_worker else folder) / "once")
