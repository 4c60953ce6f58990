"""What an instance does at its first boot: files that it writes, commands that it runs."""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_BYTES = 16_384
"""Limit of AWS. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html"""
# Source: https://yaml.org/spec/1.1/#id868524
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that JSON may contain as they are, and that YAML refuses or takes for line breaks."""
_BOUNDARY = "==private-service=="
_HEADERS = f"""\
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="{_BOUNDARY}"

"""


@dataclass(frozen=True)
class File:
    """A file of root on the instance."""

    path: str
    content: str
    mode: str = "0644"


@dataclass(frozen=True)
class Boot:
    """Files, and shell commands that run after they are written."""

    files: Sequence[File] = ()
    commands: Sequence[str] = ()

    def __add__(self, other: "Boot") -> "Boot":
        return Boot((*self.files, *other.files), (*self.commands, *other.commands))

    def cloud_config(self) -> str:
        """User data that does this."""
        config = {
            "write_files": [
                {"path": file.path, "permissions": file.mode, "content": file.content}
                for file in self.files
            ],
            "runcmd": list(self.commands),
        }
        # JSON is YAML, and quotes whatever the files contain.
        text = json.dumps(config, indent=1, ensure_ascii=False)
        return "#cloud-config\n" + _NOT_IN_YAML.sub(_escaped, text) + "\n"

    def before(self, user_data: str) -> str:
        """User data of two parts, this and a user's own, in this order.

        This is a script: the scripts of a first boot run in the order of their names, parts first,
        and then the commands of a cloud-config.
        Source: https://docs.cloud-init.io/en/latest/explanation/format.html
        """
        # cloud-init recognizes plain text by its first line.
        parts = (_part("x-shellscript", self.script()), _part("plain", user_data))
        return f"{_HEADERS}{''.join(parts)}--{_BOUNDARY}--\n"

    def script(self) -> str:
        """A shell script that does this, and stops at the first command that fails."""
        lines = ["#!/bin/bash", "set -euo pipefail"]
        for file in self.files:
            end = _absent_from(file.content)
            written = f"install -D -m {file.mode} /dev/stdin {file.path} <<'{end}'"
            lines += [written, file.content.removesuffix("\n"), end]
        return "\n".join([*lines, *self.commands, ""])


NOTHING = Boot()


def checked_size(user_data: str) -> str:
    """The user data itself; raises ValueError above the 16 KiB that AWS allows."""
    size = len(user_data.encode())
    if size > MAX_BYTES:
        raise ValueError(
            f"user data of {size} bytes, above the {MAX_BYTES} that AWS allows: put the program "
            "into a `container` or an `image`"
        )
    return user_data


def _escaped(character: re.Match[str]) -> str:
    return f"\\u{ord(character[0]):04x}"


def _part(kind: str, text: str) -> str:
    headers = f'--{_BOUNDARY}\nContent-Type: text/{kind}; charset="utf-8"\n'
    if text.isascii():
        return f"{headers}\n{text.rstrip()}\n\n"
    encoded = base64.encodebytes(text.encode()).decode()
    return f"{headers}Content-Transfer-Encoding: base64\n\n{encoded}\n"


def _absent_from(text: str) -> str:
    """A line that does not occur in a text, to end it."""
    end = "END"
    while end in text.splitlines():
        end += "_"
    return end
