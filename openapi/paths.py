"""JSON paths: where a value is in a document or a configuration."""

import re
from collections.abc import Iterator

Problems = Iterator[tuple[str, str]]
"""What is wrong, as (JSON path, message)."""


def at(path: str, *steps: str | int) -> str:
    """The JSON path some steps below a path, such as `paths["/orders"].get.tags[0]`.

    The spelling is the one that `pulumi config set --path` reads.
    """
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif re.fullmatch(r"[\w-]+", step):
            path += f".{step}" if path else step
        else:
            path += f'["{step}"]'
    return path
