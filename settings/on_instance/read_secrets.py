"""Writes secrets as variables to a file, from a list of [name, service, reference] in another."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

QUERIES = {
    "secretsmanager": ["get-secret-value", "--query", "SecretString", "--secret-id"],
    "ssm": ["get-parameter", "--with-decryption", "--query", "Parameter.Value", "--name"],
}
OPTIONS = ["--cli-connect-timeout", "5", "--cli-read-timeout", "10", "--output", "json"]


def read(service: str, reference: str) -> str:
    """Wait up to some five minutes: the role and the network may not be ready at once."""
    for seconds in (2, 4, 8, 16, *[30] * 7, 0):
        command = ["aws", *OPTIONS, service, *QUERIES[service], reference]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        value = json.loads(done.stdout or "null")
        if isinstance(value, str):
            return "".join("\\" + c if c in '\\"$`' else c for c in value)
        time.sleep(seconds)
    sys.exit(f"{service} returned no text for {reference}")


os.umask(0o077)
listed, written = map(Path, sys.argv[1:])
lines = [f'{name}="{read(*other)}"\n' for name, *other in json.loads(listed.read_text())]
written.write_text("".join(lines))
