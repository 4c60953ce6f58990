"""Secrets reach the service through a file in memory, or it does not start."""

import json
import os
import runpy
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from policies.pack.graph.secrets import holds_secret
from settings.secrets import FILE, UNIT, reading
from tests.settings.test_boot import content, parts
from tests.settings.test_settings import read
from tests.settings.units import verify
from tests.stacks import ROOT, run_stack

SECRETS = {
    "DB_PASSWORD": "secretsmanager:orders/db",
    "API_TOKEN": "ssm:/orders/partner-token",
    "SIGNING_KEY": "secretsmanager:arn:aws:secretsmanager:us-east-2:111122223333:secret:k-AbCdEf",
}
REACHED = ("network.endpoints", {"interfaces": ["secretsmanager", "ssm"]})
CHANGES = (("targets.blue.fleet.secrets", SECRETS), REACHED)
PROGRAM = ROOT / "settings" / "on_instance" / "read_secrets.py"
AWS = """\
#!/bin/bash
echo "$*" >> "$(dirname "$0")/calls"
case "$*" in
  *get-secret-value*orders/db*) cat "$(dirname "$0")/value" ;;
  *get-parameter*--with-decryption*/token*) echo '"hush"' ;;
  *) echo "AccessDeniedException" >&2; exit 254 ;;
esac
"""


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs the program with another `aws`, whose secret orders/db has this value."""
    (tmp_path / "aws").write_text(AWS)
    (tmp_path / "aws").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    def run(value: str, *listed: tuple[str, str, str]) -> Path:
        (tmp_path / "value").write_text(json.dumps(value))
        (tmp_path / "list").write_text(json.dumps(listed))
        monkeypatch.setattr(sys, "argv", ["", *(str(tmp_path / n) for n in ("list", "secrets"))])
        runpy.run_path(str(PROGRAM))
        return tmp_path / "secrets"

    mask = os.umask(0)
    os.umask(mask)
    yield run
    os.umask(mask)


@pytest.mark.parametrize(
    "value", ["plain", '{"user": "a"}', "two\nlines", "$HOME `id` \\", "\u00e9"]
)
def test_the_program_writes_values_that_systemd_and_shells_read(value: str, written: Any) -> None:
    listed = ("DB", "secretsmanager", "orders/db"), ("TOKEN", "ssm", "/orders/token")
    file = written(value, *listed)
    script = f'. {file}; printf "%s|%s" "$DB" "$TOKEN"'
    done = subprocess.run(["bash", "-c", script], check=True, capture_output=True)
    assert done.stdout.decode() == f"{value}|hush"
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_program_waits_for_a_secret_and_then_fails_without_a_file(
    written: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    listed = ("DB", "secretsmanager", "orders/db"), ("OTHER", "secretsmanager", "other")
    with pytest.raises(SystemExit, match="secretsmanager returned no text for other"):
        written("hush", *listed)
    assert 120 < sum(slept) < 300
    assert (tmp_path / "calls").read_text().count("other") == len(slept)
    assert not (tmp_path / "secrets").exists()


def test_the_service_starts_with_its_secrets_or_not_at_all() -> None:
    config = json.loads(read(*CHANGES).user_data["blue"].partition("\n")[2])
    files = {file["path"]: file["content"] for file in config["write_files"]}
    service = files["/etc/systemd/system/private-service.service"].splitlines()
    assert {f"Requires={UNIT}", f"After={UNIT}", f"EnvironmentFile={FILE}"} <= {*service}
    reader = files[f"/etc/systemd/system/{UNIT}"]
    assert json.loads(files["/etc/private-service/secrets.json"])[:2] == [
        ["API_TOKEN", "ssm", "/orders/partner-token"],
        ["DB_PASSWORD", "secretsmanager", "orders/db"],
    ]
    assert "AWS_DEFAULT_REGION=us-east-2" in reader
    assert files["/usr/local/lib/private-service/read_secrets.py"] == PROGRAM.read_text()


def test_systemd_accepts_both_units() -> None:
    config = json.loads(read(*CHANGES).user_data["blue"].partition("\n")[2])
    verify({f["path"]: f["content"] for f in config["write_files"]})


def test_with_ones_own_user_data_the_secrets_are_read_first() -> None:
    file = ("targets.blue.fleet.userDataFile", "tests/settings/downloads.sh")
    first, second = parts(read(file, *CHANGES).user_data["blue"])
    assert content(first).endswith(f"systemctl daemon-reload\nsystemctl enable --now {UNIT}\n")
    assert content(second) == (ROOT / "tests/settings/downloads.sh").read_text()


def test_the_names_of_secrets_do_not_look_like_secrets() -> None:
    """The policy about secrets in user data would refuse every stack that has some."""
    assert holds_secret("DB_PASSWORD=orders/db")
    assert not holds_secret(read(*CHANGES).user_data["blue"])
    assert not holds_secret("".join(f.content for f in reading(SECRETS, "us-east-2").files))


def test_the_instances_may_read_exactly_these_secrets() -> None:
    run = run_stack(*CHANGES)
    policy = run.one("aws:iam/rolePolicy:RolePolicy", "blue-fleet").inputs["policy"]
    secret, parameter, key = json.loads(policy)["Statement"]
    here = "us-east-2:111122223333"
    assert secret == {
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": [
            f"arn:aws:secretsmanager:{here}:secret:k-AbCdEf",
            f"arn:aws:secretsmanager:{here}:secret:orders/db-??????",
        ],
    }
    assert parameter["Action"] == "ssm:GetParameter"
    assert parameter["Resource"] == [f"arn:aws:ssm:{here}:parameter/orders/partner-token"]
    assert (key["Action"], key["Resource"]) == ("kms:Decrypt", f"arn:aws:kms:{here}:key/*")
    services = {f"{service}.us-east-2.amazonaws.com" for service in ("secretsmanager", "ssm")}
    assert {*key["Condition"]["StringEquals"]["kms:ViaService"]} == services
