"""The user data is what cloud-init and systemd need."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from openapi.routes import MAX_TIMEOUT_MS
from service.app import DRAIN_SECONDS
from settings.boot import MAX_BYTES, NOTHING
from settings.user_data import PROGRAM, sample, whole
from tests.stacks import ROOT

SOURCE = (ROOT / "service" / "app.py").read_text()


def render(source: str, environment: dict[str, str], name: str | None = None) -> str:
    return whole(sample(source, environment, name), NOTHING, NOTHING)


def rendered(port: int = 8080, name: str | None = None, **more: str) -> dict[str, Any]:
    text = render(SOURCE, {"SERVICE_PORT": str(port), **more}, name)
    first, _, rest = text.partition("\n")
    assert first == "#cloud-config"
    config: dict[str, Any] = json.loads(rest)
    return config


def unit(**more: Any) -> str:
    files = {f["path"]: f["content"] for f in rendered(**more)["write_files"]}
    return str(files["/etc/systemd/system/private-service.service"])


def test_the_program_arrives_unchanged() -> None:
    files = {f["path"]: f["content"] for f in rendered()["write_files"]}
    assert files[PROGRAM] == SOURCE


def test_no_file_belongs_to_a_user_that_does_not_exist_yet() -> None:
    files = rendered()["write_files"]
    assert files
    assert not any("owner" in f for f in files)


def test_nothing_is_installed() -> None:
    assert rendered().keys() == {"write_files", "runcmd"}


def test_the_service_runs_without_privileges() -> None:
    lines = unit().splitlines()
    assert {"DynamicUser=yes", "NoNewPrivileges=yes", "ProtectSystem=strict"} <= set(lines)


def test_systemd_lets_the_longest_answer_of_an_api_finish() -> None:
    (line,) = [line for line in unit().splitlines() if line.startswith("TimeoutStopSec=")]
    longest = max(MAX_TIMEOUT_MS.values()) / 1000
    assert longest <= DRAIN_SECONDS < int(line.partition("=")[2])


@pytest.mark.parametrize(("port", "needed"), [(80, True), (1023, True), (1024, False)])
def test_a_low_port_needs_a_capability(port: int, needed: bool) -> None:
    assert ("CAP_NET_BIND_SERVICE" in unit(port=port)) is needed


def test_a_value_cannot_end_its_quotes_in_the_unit() -> None:
    assert 'Environment="SERVICE_HEALTH_PATH=/a\\"%%20\\\\"' in unit(SERVICE_HEALTH_PATH='/a"%20\\')


def test_the_certificate_is_for_the_name_and_only_root_can_read_its_key() -> None:
    commands = " ".join(rendered(name="orders.example.com")["runcmd"])
    assert "subjectAltName=DNS:orders.example.com" in commands
    assert "chmod 0600 /etc/private-service/key.pem" in commands
    assert "LoadCredential=key:/etc/private-service/key.pem" in unit(name="orders.example.com")


def test_without_https_there_is_no_certificate() -> None:
    assert "openssl" not in json.dumps(rendered())


def test_user_data_above_the_limit_is_rejected_with_its_size() -> None:
    with pytest.raises(ValueError, match=f"above the {MAX_BYTES} that AWS allows"):
        render("x" * MAX_BYTES, {"SERVICE_PORT": "8080"})


@pytest.mark.parametrize("file", ["service/app.py", "settings/on_instance/read_secrets.py"])
def test_what_runs_on_an_instance_is_written_for_the_images_python(file: str) -> None:
    assert ast.parse(Path(ROOT / file).read_text(), feature_version=(3, 9))
