"""What a test run reports and skips where the Pulumi CLI or an account is missing."""

import pytest

from operations.local_aws.stack import PLUGIN
from tests.stacks import ROOT

pytest_plugins = ("pytester",)


@pytest.fixture
def tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Tests that need the CLI, its plugin or an account, on a machine that has none of them."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    engine\n    provider\n    live")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.engine
        @pytest.mark.parametrize("number", [1, 2])
        def test_with_the_cli(number): ...

        @pytest.mark.provider
        def test_with_the_plugin(): ...

        @pytest.mark.live
        def test_in_an_account(): ...

        def test_without_either(): ...
        """
    )
    monkeypatch.setenv("PATH", str(pytester.path))
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    return pytester


def test_each_missing_tool_is_one_line(tests: pytest.Pytester) -> None:
    result = tests.runpytest_inprocess()
    result.assert_outcomes(passed=1, skipped=4)
    lines = [line for line in result.outlines if line.startswith("SKIPPED")]
    assert lines == [
        "SKIPPED [3] the Pulumi CLI is not on the PATH: pulumi, pulumi-language-python, uv",
        "SKIPPED [1] for an AWS account, not given: --live, AWS_PROFILE",
    ]


def test_where_the_cli_is_required_its_absence_is_an_error(tests: pytest.Pytester) -> None:
    result = tests.runpytest_inprocess("--require-cli")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --require-cli, but the Pulumi CLI is not on the PATH: *"])


def install_cli(tests: pytest.Pytester) -> None:
    for tool in ("pulumi", "pulumi-language-python", "uv"):
        program = tests.path / tool
        program.touch()
        program.chmod(0o755)


def test_with_the_cli_nothing_is_skipped(tests: pytest.Pytester) -> None:
    install_cli(tests)
    result = tests.runpytest_inprocess("--require-cli", "-m", "engine")
    result.assert_outcomes(passed=2, deselected=3)


def test_a_missing_plugin_is_one_line_and_an_error_where_it_is_required(
    tests: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tests.path))
    install_cli(tests)
    result = tests.runpytest_inprocess("-m", "provider")
    result.assert_outcomes(skipped=1, deselected=4)
    command = f"`pulumi plugin install resource aws v{PLUGIN}`"
    (line,) = [line for line in result.outlines if line.startswith("SKIPPED")]
    assert command in line
    result = tests.runpytest_inprocess("--require-provider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert command in result.stderr.str()


def test_the_targets_require_what_their_tests_need() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = [line for line in makefile.splitlines() if "-m engine" in line]
    assert command.endswith("--require-cli")
    (command,) = [line for line in makefile.splitlines() if "-m provider" in line]
    assert command.endswith("--require-provider")
