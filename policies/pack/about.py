"""What Pulumi Cloud shows about the pack, from the files next to it."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

NAME = "private-api"
DISPLAY_NAME = "Private API"
_FOLDER = Path(__file__).parent.parent
_LINK = re.compile(r"\]\(\.\./")


@cache
def manifest() -> dict[str, Any]:
    """Read `PulumiPolicy.yaml`, which the CLI reads too."""
    text = (_FOLDER / "PulumiPolicy.yaml").read_text("utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the first is faster
    content: dict[str, Any] = yaml.load(text, Loader=loader)  # noqa: S506 (both are safe)
    return content


def documents() -> str:
    """URL of the files of the repository, without a slash at the end."""
    return f"{manifest()['website']}/blob/main"


def readme() -> str:
    """The README, with links that also work outside of the repository."""
    text = (_FOLDER / "README.md").read_text("utf-8")
    return _LINK.sub(f"]({documents()}/", text)


def pack() -> dict[str, Any]:
    """The arguments of `PolicyPack` other than the policies."""
    return {
        "name": NAME,
        "display_name": DISPLAY_NAME,
        "description": manifest()["description"],
        "readme": readme(),
        "provider": "AWS",
        "tags": ["api-gateway", "network-load-balancer", "vpc-link"],
        "repository": manifest()["website"],
    }
