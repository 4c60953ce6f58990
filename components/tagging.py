"""Tags as the console shows them."""

from collections.abc import Mapping


def named(name: str, tags: Mapping[str, str] | None) -> dict[str, str]:
    """The tags, with the `Name` that EC2's lists show; an explicit `Name` wins."""
    return {"Name": name, **(tags or {})}
