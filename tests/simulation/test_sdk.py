"""The private parts of the SDK are the ones that this code was written for."""

import re
import runpy
import tomllib

import pytest
from pulumi.runtime import rpc

from simulation import sdk


def test_a_changed_sdk_fails_at_import_and_names_the_pinned_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pinned = tomllib.loads(sdk.PROJECT_FILE.read_text())["project"]["dependencies"]
    [version] = [pin for pin in pinned if pin.startswith("pulumi==")]
    monkeypatch.delattr(rpc, "_special_secret_sig")
    with pytest.raises(ImportError, match=rf"_special_secret_sig.* {re.escape(version)} and"):
        runpy.run_path(sdk.__file__)
