"""Tools that only some tests need."""

import shutil


def missing_tools() -> str:
    """Which parts of the Pulumi CLI are missing on this machine; empty if none is."""
    absent = [tool for tool in ("pulumi", "pulumi-language-python", "uv") if not shutil.which(tool)]
    return f"not on the PATH: {', '.join(absent)}" if absent else ""
