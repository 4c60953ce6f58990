"""User data of one's own: what cloud-init would not run is refused, what it cannot reach told."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from settings import ConfigError, Settings
from settings.boot import MAX_BYTES
from settings.own_user_data import downloads
from tests.stacks import config, run_stack

FILE = "targets.blue.fleet.userDataFile"
SCRIPT = "#!/bin/bash\nsystemctl start orders\n"
EXISTING = {"vpcId": "vpc-12345678", "subnetIds": ["subnet-12345678", "subnet-12345679"]}


def read(folder: Path, text: str | bytes, *changes: tuple[str, Any]) -> Settings:
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "boot.sh").write_bytes(content)
    return Settings.read(config((FILE, "boot.sh"), *changes), title="t", root=folder)


def problems(folder: Path, text: str | bytes, *changes: tuple[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, *changes)
    assert {problem.key for problem in caught.value.problems} == {f"private-api:{FILE}"}
    return [problem.message for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty. Begin with #!/bin/bash"),
        (" \n\t\n", "is empty."),
        ("echo hello\n", "begins with neither #! nor #cloud-config"),
        ("\ufeff#!/bin/sh\n", "begins with neither"),
        ("\n#!/bin/sh\n", "begins with neither"),
        ("#!\necho", "names no interpreter in its first line."),
        ("#! bash\necho", "names no interpreter"),
        ("#!/bin/sh\necho\r\n", "has a carriage return in line 2"),
        ("#!/bin/sh\r\necho\r\n", "has a carriage return in line 1"),
        (b"#!/bin/sh\n\xff", "is not UTF-8 text"),
        ("#cloud-config\n", "is not a valid cloud-config: it is not a mapping."),
        ("#cloud-config\n- a\n", "is not a valid cloud-config: it is not a mapping."),
        ("#cloud-config\nruncmd:\n\t- a\n", "is not a valid cloud-config: found character"),
        ("#cloud-config\na: [b\n", "in line 3."),
        ("#!/bin/sh\n" + "#" * MAX_BYTES, f"above the {MAX_BYTES} that AWS allows"),
    ],
)
def test_user_data_that_cannot_work_is_refused(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    (found,) = problems(tmp_path, text)
    assert message in found


@pytest.mark.parametrize(
    "text",
    [
        SCRIPT,
        "#! /usr/bin/env python3\n",
        "#cloud-config\nruncmd: [ls]\n",
        "#cloud-boothook\nls\n",
        "## template: jinja\n#cloud-config\n{% if 1 %}\n",
        'Content-Type: multipart/mixed; boundary="b"\n\n--b--\n',
        "MIME-Version: 1.0\n",
        "#!/bin/sh\necho \u00e9\n",
    ],
)
def test_other_user_data_arrives_unchanged(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).user_data["blue"] == text


@pytest.mark.parametrize(
    ("key", "value"), [("environment", {"A": "b"}), ("secrets", {"A": "ssm:/a"}), ("logs", {})]
)
def test_nothing_can_be_added_to_several_parts(
    tmp_path: Path, key: str, value: dict[str, str]
) -> None:
    reached = ("network.endpoints", {"interfaces": ["logs", "ssm"]})
    changes = (f"targets.blue.fleet.{key}", value), reached
    (found,) = problems(tmp_path, "MIME-Version: 1.0\n", *changes)
    assert found.startswith(
        "is MIME with several parts, to which `environment`, `secrets` and `logs`"
    )


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("curl -fsS https://example.com/x | sh", "curl"),
        ("  - [wget, x]", None),
        ("  - wget https://example.com/x", "wget"),
        ("sudo /usr/bin/pip3 install flask", "pip3 install"),
        ("python3 -m pip install flask", "python3 -m pip"),
        ("x=$(curl -s https://example.com)", "curl"),
        ("docker  pull nginx:1.27", "docker pull"),
        ("npm ci", "npm ci"),
        ("git clone https://example.com/x", "git clone"),
        ("aws s3 cp s3://b/k .", "aws s3"),
        ("apt-get -y install nginx", "apt-get -y install"),
        ("dnf -y install nginx", "dnf"),
        ("# curl https://example.com", None),
        ("echo recurl curled", None),
        ("curl -s http://169.254.169.254/latest/meta-data", None),
        ("curl -s http://localhost:8080/health", None),
        ("systemctl start docker", None),
    ],
)
def test_a_line_that_downloads_is_found(line: str, command: str | None) -> None:
    found = [*downloads(f"#!/bin/sh\n{line}\n", packages=False)]
    assert found == ([(2, command)] if command else [])


def test_amazon_linux_packages_are_no_download_where_they_can_be_reached() -> None:
    assert [*downloads("dnf install -y nginx", packages=True)] == []


def advice(folder: Path, text: str, *changes: tuple[str, Any]) -> Sequence[str]:
    return read(folder, text, *changes).advice


def test_a_download_that_cannot_reach_anything_is_told_with_its_line(tmp_path: Path) -> None:
    secret = "#!/bin/sh\n\ncurl -H 'Authorization: hush' https://example.com\n"
    assert advice(tmp_path, SCRIPT) == ()
    (line,) = advice(tmp_path, secret)
    assert line.startswith(
        f'private-api:{FILE}: line 3 of "boot.sh" downloads (curl), but the instances reach only '
        "the package repositories of Amazon Linux. "
    )
    assert "hush" not in line


def test_an_existing_network_reaches_no_packages_either(tmp_path: Path) -> None:
    text = "#!/bin/sh\ndnf install -y nginx\n"
    assert advice(tmp_path, text) == ()
    (line,) = advice(tmp_path, text, ("network", EXISTING))
    assert "line 2" in line
    assert "the instances reach nothing" in line


def test_the_program_warns_of_a_download() -> None:
    run = run_stack((FILE, "tests/settings/downloads.sh"))
    (message,) = [text for severity, text in run.log if severity == "WARNING"]
    assert "line 3" in message
