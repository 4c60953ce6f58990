"""Tools that only some tests need."""

import os
import shutil

from operations.local_aws.stack import missing


def missing_tools() -> str:
    """Which parts of the Pulumi CLI are missing on this machine; empty if none is."""
    absent = [tool for tool in ("pulumi", "pulumi-language-python", "uv") if not shutil.which(tool)]
    return f"not on the PATH: {', '.join(absent)}" if absent else ""


def missing_plugin() -> str:
    """What to install for the tests with the real AWS plugin; empty if nothing is missing."""
    tools = missing_tools()
    return f"the Pulumi CLI is {tools}" if tools else missing(os.environ)
