"""What is wrong with a user's own user data, and what it would download."""

import re
from collections.abc import Iterator

import yaml  # type: ignore[import-untyped]

# Source: https://docs.cloud-init.io/en/latest/explanation/format.html
_BEGINNINGS = (
    *("#!", "#cloud-config", "#cloud-boothook", "#include", "#part-handler", "## template:"),
    *("Content-Type: multipart/", "MIME-Version:"),
)
_WAY_OUT = "Begin with #!/bin/bash for a script, or with #cloud-config."
_PACKAGES = re.compile(
    r"(?:^|[\s;&|(\[\"'])(dnf|yum|microdnf)\s+(?:-\S+\s+)*(?:install|update|upgrade)\b"
)
_DOWNLOAD = re.compile(
    r"(?:^|[\s;&|(\[\"'/])("
    r"curl|wget|git\s+clone|pip3?\s+install|python3?\s+-m\s+pip|npm\s+(?:ci|i|install)|npx|gem\s+install"
    r"|(?:docker|podman|nerdctl)\s+(?:pull|run)|apt(?:-get)?\s+(?:-\S+\s+)*(?:update|install|upgrade)"
    r"|aws\s+[a-z0-9-]+|snap\s+install|rpm\s+-[a-zA-Z]+\s+https?:"
    r")(?:\s|$)"
)
_LOCAL = re.compile(r"https?://(?:169\.254\.169\.254|localhost|127\.0\.0\.1|\[)")


def problems(text: str) -> Iterator[str]:
    """Why cloud-init would not run this user data, each with the way out."""
    first, _, rest = text.partition("\n")
    if not text.strip():
        yield f"is empty. {_WAY_OUT}"
    elif "\r" in text:
        line = text[: text.index("\r")].count("\n") + 1
        yield (
            f"has a carriage return in line {line}, as files from Windows have (CRLF), which "
            "shells take for a part of the command. Save it with the line ends of Unix (LF)."
        )
    elif not text.startswith(_BEGINNINGS):
        yield f"begins with neither #! nor #cloud-config, so that it would do nothing. {_WAY_OUT}"
    elif first.startswith("#!") and not re.match(r"#!\s*/\S", first):
        yield "names no interpreter in its first line. Begin with its path, as in #!/bin/bash."
    elif first.rstrip() == "#cloud-config" and (reason := _unreadable(rest)):
        yield f"is not a valid cloud-config: {reason}. Correct it."


def is_multipart(text: str) -> bool:
    """Whether user data is MIME with several parts already."""
    return text.startswith(_BEGINNINGS[-2:])


def downloads(text: str, *, packages: bool) -> Iterator[tuple[int, str]]:
    """The lines that download something, by number, each with its command.

    `packages`: whether the repositories of Amazon Linux can be reached.
    """
    for number, line in enumerate(text.splitlines(), 1):
        code = "" if line.lstrip().startswith("#") else line
        found = None if _LOCAL.search(code) else _DOWNLOAD.search(code)
        found = found or (None if packages else _PACKAGES.search(code))
        if found:
            yield number, " ".join(found[1].split())


def _unreadable(text: str) -> str:
    try:
        config = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"{error.problem or 'it is not YAML'}{f' in line {mark.line + 2}' if mark else ''}"
    except (yaml.YAMLError, ValueError, RecursionError):
        return "it is not YAML"
    return "" if isinstance(config, dict) else "it is not a mapping"
