"""How the emulator's environment is made, with a fake uv."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from operations.gateway import GatewayError
from operations.gateway.environment import find_uv, gateway_python

# Makes an environment whose interpreter does nothing, and records its arguments.
UV = """#!/bin/sh
echo "$PWD $*" >> "$CALLS"
case "$1" in
venv)
    for last; do :; done
    mkdir -p "$last/bin"
    printf '#!/bin/sh\\nexit 0\\n' > "$last/bin/python"
    chmod +x "$last/bin/python" ;;
pip) [ -z "$BROKEN" ] || { echo "no route to the index" >&2; exit 1; } ;;
esac
"""
Make = Callable[[], Path]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    program(tmp_path / "uv", UV)
    (tmp_path / "pins").write_text("emulator==1\n")
    monkeypatch.setenv("UV", str(tmp_path / "uv"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    console = Console(quiet=True)
    return lambda: gateway_python(console, cache=tmp_path / "cache", requirements=tmp_path / "pins")


def program(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o755)
    return path


def calls(tmp_path: Path) -> list[str]:
    return (tmp_path / "calls").read_text().splitlines()


def test_the_environment_is_made_from_the_pins_and_nothing_else(make: Make, tmp_path: Path) -> None:
    made = make()
    venv, install = calls(tmp_path)
    assert made.exists()
    assert "venv --quiet --python 3.11 " in venv
    assert "pip install --quiet --no-deps --python " in install
    assert install.endswith(f"--requirement {tmp_path / 'pins'}")


def test_uv_does_not_apply_the_projects_constraints(make: Make, tmp_path: Path) -> None:
    make()
    assert {call.split()[0] for call in calls(tmp_path)} == {"/"}


def test_the_second_run_needs_no_uv(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make()
    monkeypatch.setenv("UV", "/nowhere/uv")
    assert make() == first
    assert len(calls(tmp_path)) == 2


@pytest.mark.parametrize("where", ["cache", "cache/lock"])
def test_a_cache_folder_that_cannot_be_written_is_one_sentence(
    make: Make, tmp_path: Path, where: str
) -> None:
    if where == "cache":
        (tmp_path / where).touch()  # a file, since root may write to every folder
    else:
        (tmp_path / where).mkdir(parents=True)
    with pytest.raises(GatewayError, match=r"^the emulated API Gateway cannot be .*writable\.$"):
        make()


def test_other_pins_get_another_environment(make: Make, tmp_path: Path) -> None:
    first = make()
    (tmp_path / "pins").write_text("emulator==2\n")
    assert make() != first


def test_an_environment_without_its_base_interpreter_is_made_again(make: Make) -> None:
    python = make()
    python.unlink()
    python.symlink_to("/nowhere/python")
    make()
    assert python.exists()


def test_a_failed_install_leaves_nothing_and_quotes_uv(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROKEN", "yes")
    with pytest.raises(GatewayError, match="no route to the index"):
        make()
    assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]
    monkeypatch.delenv("BROKEN")
    assert make().exists()


def test_what_a_killed_run_left_is_removed_and_not_used(make: Make, tmp_path: Path) -> None:
    half = tmp_path / "cache" / "unfinished-1" / "environment" / "bin"
    half.mkdir(parents=True)
    program(half / "python", "#!/bin/sh\nexit 1\n")
    assert make().parents[1].parent == tmp_path / "cache"
    assert not half.exists()


def test_concurrent_runs_make_it_once(make: Make, tmp_path: Path) -> None:
    made: list[Path] = []
    threads = [threading.Thread(target=lambda: made.append(make())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 2
    assert len(set(made)) == 1
    assert len(calls(tmp_path)) == 2


def test_the_uv_that_runs_the_program_comes_before_that_on_the_path(tmp_path: Path) -> None:
    on_path = program(tmp_path / "uv", UV)
    assert find_uv({"PATH": str(tmp_path)}) == str(on_path)
    assert find_uv({"PATH": str(tmp_path), "UV": "/opt/uv"}) == "/opt/uv"


def test_a_relative_uv_is_found_from_anywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_uv({"UV": ".uv/bin/uv"}) == str(tmp_path / ".uv" / "bin" / "uv")


def test_without_uv_the_error_names_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="`make serve`"):
        find_uv({"PATH": os.devnull}, tmp_path)


def test_the_projects_own_uv_is_found(tmp_path: Path) -> None:
    (tmp_path / ".uv" / "bin").mkdir(parents=True)
    own = program(tmp_path / ".uv" / "bin" / "uv", UV)
    assert find_uv({"PATH": os.devnull}, tmp_path) == str(own)
