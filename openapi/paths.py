"""JSON paths: where a value is in a document or a configuration."""

import re
from collections.abc import Iterator
from typing import Any

Problems = Iterator[tuple[str, str]]
"""What is wrong, as (JSON path, message)."""
Steps = tuple[str | int, ...]
"""A JSON path as the keys and positions that lead to a value."""
_STEP = re.compile(r'\.?([\w-]+)|\[(\d+)\]|\["((?:\\.|[^"\\])*)"\]', re.DOTALL)


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
            escaped = re.sub(r'(["\\])', r"\\\1", step)
            path += f'["{escaped}"]'
    return path


def steps_of(path: str) -> Steps:
    """The steps of a JSON path that `at` has written."""
    return tuple(
        int(match[2])
        if match[2]
        else match[1] or re.sub(r"\\(.)", r"\1", match[3], flags=re.DOTALL)
        for match in _STEP.finditer(path)
    )


def existing(content: Any, steps: Steps) -> Steps:
    """As many of the steps as lead to something that is there."""
    for count, step in enumerate(steps):
        is_key = isinstance(content, dict) and step in content
        is_position = isinstance(content, list) and isinstance(step, int) and step < len(content)
        if not (is_key or is_position):
            return steps[:count]
        content = content[step]
    return steps
