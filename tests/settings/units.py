"""Unit files, checked by systemd's own checker where there is one."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path


def verify(files: Mapping[str, str]) -> None:
    """Assert that systemd accepts the unit files among these, whose programs need not exist."""
    units = {Path(path).name: text for path, text in files.items() if path.endswith(".service")}
    assert units
    if not (checker := shutil.which("systemd-analyze")):
        return
    with tempfile.TemporaryDirectory() as folder:
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
    assert ours == []
