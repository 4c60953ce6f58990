"""The services of the examples are started by what their instances get, as far as it can be run."""

import json
import re
import shutil
import subprocess
import urllib.request
from typing import Any

import pytest

from settings import Settings
from settings.container import running
from settings.targets import FleetTarget
from tests.settings.test_boot import content, parts
from tests.settings.units import check_cloud_config, verify
from tests.stacks import ROOT, config


def read(name: str) -> tuple[FleetTarget, str]:
    """The target of an example, and its user data."""
    settings = Settings.read(config(stack=f"examples/{name}.yaml"), title="private-api-dev")
    target = settings.targets["blue"]
    assert isinstance(target, FleetTarget)
    assert settings.advice == ()
    return target, settings.user_data["blue"]


def written(script: str) -> dict[str, str]:
    """The files that a script writes from here-documents."""
    found = re.findall(r"(?:>|/dev/stdin) (\S+) <<'(\w+)'\n(.*?)\n\2\n", script, re.DOTALL)
    return {path: f"{text}\n" for path, _, text in found}


def test_the_container_of_the_example_is_one_that_cloud_init_and_systemd_accept() -> None:
    _, user_data = read("container")
    cloud_config = json.loads(user_data.removeprefix("#cloud-config"))
    check_cloud_config(cloud_config)
    verify({file["path"]: file["content"] for file in cloud_config["write_files"]})


def test_the_own_image_of_the_example_starts_with_scripts_that_shells_and_systemd_accept() -> None:
    _, user_data = read("own-image")
    scripts = [content(part) for part in parts(user_data)]
    assert scripts[1] == (ROOT / "examples" / "own-image.sh").read_text()
    files: dict[str, str] = {}
    for script in scripts:
        subprocess.run(["bash", "-n", "-c", script], check=True)
        files |= written(script)
    units = {path for path in files if path.endswith(".service")}
    names = ("private-service", "private-service-secrets", "private-service-log")
    assert units == {f"/etc/systemd/system/{name}.service" for name in names}
    verify(files)
    assert files["/etc/private-service/environment"].startswith('PORT="8080"\n')
    if checker := shutil.which("shellcheck"):
        subprocess.run([checker, "-"], input=scripts[1], text=True, check=True)


def systemd_words(line: str) -> list[str]:
    """The arguments of a line in a unit, as systemd reads them."""
    words = re.findall(r'"((?:\\.|[^"\\])*)"|(\S+)', line)
    return [
        re.sub(r"\\(.)", r"\1", quoted).replace("$$", "$").replace("%%", "%") if quoted else plain
        for quoted, plain in words
    ]


@pytest.fixture
def command() -> list[str]:
    """What the unit of the example runs in the container."""
    target, _ = read("container")
    assert target.fleet.container
    boot = running(target.fleet.container, target.port, target.fleet.environment, {})
    (unit,) = (file.content for file in boot.files if file.path.endswith(".service"))
    (line,) = re.findall(r"(?m)^ExecStart=(.*)$", unit)
    return systemd_words(line.partition(target.fleet.container.image)[2])


def test_the_node_service_of_the_example_gets_its_program(command: list[str]) -> None:
    target, _ = read("container")
    assert target.fleet.container
    assert command == [*target.fleet.container.command]


@pytest.mark.skipif(not shutil.which("node"), reason="node is missing")
def test_the_node_service_of_the_example_answers_and_stops(command: list[str]) -> None:
    environment: dict[str, Any] = {"PORT": "0", "SERVICE": "orders"}
    program = command[-1].replace(
        "server.listen(process.env.PORT)",
        "server.listen(process.env.PORT, () => console.log(server.address().port))",
    )
    with subprocess.Popen(
        [*command[:-1], program],
        stdout=subprocess.PIPE,
        env={**environment, "PATH": "/usr/bin:/usr/local/bin"},
        text=True,
    ) as service:
        assert service.stdout
        port = service.stdout.readline().strip()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/orders/1") as answer:
            assert json.load(answer) == {"service": "orders", "path": "/orders/1"}
        service.terminate()
        assert service.wait(timeout=60) == 0
