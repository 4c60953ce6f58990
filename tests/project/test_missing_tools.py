"""What a test run reports and skips where the Pulumi CLI or an account is missing."""

import pytest

from tests.stacks import ROOT

pytest_plugins = ("pytester",)


@pytest.fixture
def tests(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Three tests, two of which need the CLI, on a machine that has neither CLI nor account."""
    pytester.makeconftest((ROOT / "tests" / "conftest.py").read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    engine\n    live")
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.engine
        @pytest.mark.parametrize("number", [1, 2])
        def test_with_the_cli(number): ...

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
    result.assert_outcomes(passed=1, skipped=3)
    lines = [line for line in result.outlines if line.startswith("SKIPPED")]
    assert lines == [
        "SKIPPED [2] the Pulumi CLI is not on the PATH: pulumi, pulumi-language-python, uv",
        "SKIPPED [1] for an AWS account, not given: --live, AWS_PROFILE",
    ]


def test_where_the_cli_is_required_its_absence_is_an_error(tests: pytest.Pytester) -> None:
    result = tests.runpytest_inprocess("--require-cli")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --require-cli, but the Pulumi CLI is not on the PATH: *"])


def test_with_the_cli_nothing_is_skipped(tests: pytest.Pytester) -> None:
    for tool in ("pulumi", "pulumi-language-python", "uv"):
        program = tests.path / tool
        program.touch()
        program.chmod(0o755)
    result = tests.runpytest_inprocess("--require-cli", "-m", "engine")
    result.assert_outcomes(passed=2, deselected=2)


def test_the_target_for_the_engine_requires_the_cli() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = [line for line in makefile.splitlines() if "-m engine" in line]
    assert command.endswith("--require-cli")
