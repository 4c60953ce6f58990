"""Unit files, checked by systemd's own checker where there is one."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest


def verify(files: Mapping[str, str]) -> None:
    """Assert that systemd accepts the unit files among these, whose programs need not exist."""
    units = {Path(path).name: text for path, text in files.items() if path.endswith(".service")}
    assert units
    if not (checker := shutil.which("systemd-analyze")):
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "docker.service").write_text("[Service]\nExecStart=/bin/true\n")
        for name, text in units.items():
            known = re.sub(r"(?m)^(Exec\w+=-?)/\S+", r"\g<1>/bin/true", text)
            (Path(folder) / name).write_text(known)
        command = [checker, "verify", "--man=no", *(str(Path(folder) / name) for name in units)]
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            text=True,
            env={"SYSTEMD_UNIT_PATH": f"{folder}:"},
        )
    ours = [line for line in done.stderr.splitlines() if any(name in line for name in units)]
    assert not ours, done.stderr


# As much of cloud-init's own schema as the user data uses.
# Source: https://github.com/canonical/cloud-init/blob/main/cloudinit/config/schemas/schema-cloud-config-v1.json
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["write_files", "runcmd"],
    "properties": {
        "write_files": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["path"],
                "properties": {
                    "path": {"type": "string", "pattern": "^/"},
                    "content": {"type": "string"},
                    "permissions": {"type": "string", "pattern": "^0[0-7]{3}$"},
                },
            },
        },
        "runcmd": {"type": "array", "minItems": 1, "items": {"type": "string", "minLength": 1}},
    },
}


def check_cloud_config(config: object) -> None:
    """Assert that cloud-init accepts a configuration."""
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft4Validator(SCHEMA).validate(config)
