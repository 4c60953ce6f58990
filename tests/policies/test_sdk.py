"""What the pack relies on in the policy SDK, and how it fails when the SDK changes."""

import subprocess
import sys
import tomllib
from types import SimpleNamespace
from typing import Any

import pulumi_policy.policy
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime import proto
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import (
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_OBJECT_VALUE,
    UNKNOWN_STRING_VALUE,
    UnknownValueError,
    unknown_checking_proxy,
)

from policies.pack import sdk
from policies.pack.framework.servicer import serve_pack
from policies.pack.sdk import SdkChangedError, plain
from policies.pack.values import UNKNOWN, UnknownValue
from tests.stacks import ROOT


def test_the_installed_sdk_offers_what_the_pack_relies_on() -> None:
    sdk.verify()


def test_the_tested_version_is_the_pinned_one() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"pulumi-policy=={sdk.TESTED_VERSION}" in project["dependencies"]


def nothing(*_: Any) -> None:
    """What a changed SDK might do."""


@pytest.mark.parametrize(
    ("owner", "name", "problem"),
    [
        (pulumi_policy.PolicyPack, "__init__", "PolicyPack does not create"),
        (_PolicyAnalyzerServicer, "Analyze", "Analyze does not handle UnknownValueError"),
        (_PolicyAnalyzerServicer, "AnalyzeStack", "AnalyzeStack does not handle"),
        (sdk, "unknown_checking_proxy", "the proxies do not raise"),
    ],
)
def test_a_changed_sdk_stops_the_pack_at_start(
    owner: Any, name: str, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = (lambda props: props) if owner is sdk else nothing
    monkeypatch.setattr(owner, name, changed)
    with pytest.raises(SdkChangedError, match=problem) as caught:
        serve_pack()
    assert f"pulumi-policy {sdk.TESTED_VERSION} does not work with this pack" in str(caught.value)
    assert "adapt policies/pack/sdk.py" in str(caught.value)


METHODS = ("Analyze", "AnalyzeStack", "Configure", "GetAnalyzerInfo")


@pytest.mark.parametrize("missing", METHODS)
def test_a_missing_method_stops_the_pack_at_start(
    missing: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {name: getattr(_PolicyAnalyzerServicer, name) for name in METHODS if name != missing}
    monkeypatch.setattr(sdk, "_PolicyAnalyzerServicer", SimpleNamespace(**left))
    with pytest.raises(SdkChangedError, match=missing):
        serve_pack()


def test_a_renamed_internal_stops_the_pack_at_import() -> None:
    code = "import pulumi_policy.policy as p; del p._PolicyAnalyzerServicer; import pack.sdk"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "policies",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "SdkChangedError: pulumi-policy" in done.stderr
    assert "cannot import name '_PolicyAnalyzerServicer'" in done.stderr


def test_a_missing_conversion_stops_the_pack_at_import() -> None:
    with pytest.raises(SdkChangedError, match="no attribute 'deserialize_properties'"):
        sdk._convert_once(SimpleNamespace(json_format=json_format))


def test_a_request_is_converted_once_for_all_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    converted: list[object] = []
    conversion = sdk._once(lambda given: converted.append(given) or given)  # type: ignore[func-returns-value]
    monkeypatch.setattr(pulumi_policy.policy, "deserialize_properties", conversion)
    policies: list[pulumi_policy.Policy] = [
        pulumi_policy.ResourceValidationPolicy(name, "Nothing.", lambda *_: None)
        for name in ("one", "two")
    ]
    servicer = sdk.Servicer("pack", "1.0.0", policies, pulumi_policy.EnforcementLevel.ADVISORY)
    for _ in range(2):
        servicer.Analyze(proto.AnalyzeRequest(type="a", urn="urn:a", name="a"), None)
    assert len(converted) == 2


def test_nothing_is_kept_after_a_request() -> None:
    with sdk._converting_once():
        assert sdk._CONVERTED.get() == {}
    assert sdk._CONVERTED.get() is None


SENTINELS = (
    UNKNOWN_STRING_VALUE,
    UNKNOWN_NUMBER_VALUE,
    UNKNOWN_BOOLEAN_VALUE,
    UNKNOWN_ARRAY_VALUE,
    UNKNOWN_OBJECT_VALUE,
)
leaves = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3)
trees = st.recursive(
    leaves | st.sampled_from(SENTINELS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


def expected(value: Any) -> Any:
    """The tree that reading should give, built without the proxies."""
    if isinstance(value, dict):
        return {key: expected(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expected(item) for item in value]
    return UNKNOWN if value in SENTINELS else value


def alike(a: Any, b: Any) -> bool:
    """Whether two trees are equal, unknowns included."""
    if isinstance(a, UnknownValue) or isinstance(b, UnknownValue):
        return a is b
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(alike, a, b))
    return bool(a == b)


@given(st.dictionaries(st.text(max_size=3), trees, max_size=4))
def test_reading_keeps_everything_and_names_what_is_unknown(props: dict[str, Any]) -> None:
    assert alike(plain(unknown_checking_proxy(props)), expected(props))


def test_the_proxies_raise_where_reading_does_not() -> None:
    props = unknown_checking_proxy({"list": [UNKNOWN_STRING_VALUE, "b"]})
    with pytest.raises(UnknownValueError):
        list(props["list"])
    assert plain(props)["list"][1] == "b"


def test_whole_numbers_arrive_as_int() -> None:
    read_back = plain({"port": 80.0, "rate": 0.5, "on": True})
    assert read_back == {"port": 80, "rate": 0.5, "on": True}
    assert [type(value) for value in read_back.values()] == [int, float, bool]
