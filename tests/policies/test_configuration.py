"""Configurations that are rejected, and the levels and properties that others result in."""

import json
from pathlib import Path
from typing import Any

import grpc
import pulumi_policy.policy
import pytest
from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer

from policies.pack.framework.configuration import mistakes
from policies.pack.framework.servicer import PackServicer, serve_pack
from policies.pack.rules import build
from simulation.pack_config import PackConfigError, read_config, reconcile

KNOWN = {"nlb-internal": {"include", "exclude"}, "log-retention": {"minDays"}}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"nlb-internal": set(), "all": set()}, []),
        ({"log-retention": {"minDays"}}, []),
        (
            {"nlb-internl": set()},
            ["there is no policy 'nlb-internl', did you mean 'nlb-internal'?"],
        ),
        (
            {"log-retention": {"minDay"}},
            ["policy 'log-retention' has no property 'minDay', did you mean 'minDays'?"],
        ),
        ({"zzz": {"x"}}, ["there is no policy 'zzz'"]),
        ({"all": {"x"}}, ["policy 'all' has no property 'x'"]),
        ({"nlb-internal": {"zzz"}}, ["policy 'nlb-internal' has no property 'zzz'"]),
        ({"b": set(), "a": set()}, ["there is no policy 'a'", "there is no policy 'b'"]),
    ],
)
def test_every_unknown_name_is_reported_with_the_most_similar_one(
    given: dict[str, set[str]], found: list[str]
) -> None:
    assert mistakes(given, KNOWN) == found


def configure(**config: dict[str, Any]) -> Any:
    """A request as the engine sends it: every policy, and every other name in the file."""
    request = proto.ConfigureAnalyzerRequest()
    for name, properties in config.items():
        request.policyConfig[name.replace("_", "-")].enforcementLevel = proto.MANDATORY
        request.policyConfig[name.replace("_", "-")].properties.update(properties)
    return request


def servicer() -> PackServicer:
    """The pack's side of the protocol."""
    return PackServicer("pack", "0.0.1", build(), EnforcementLevel.ADVISORY)


def test_the_servicer_rejects_what_the_engine_accepts() -> None:
    with pytest.raises(ValueError, match="did you mean 'log-retention'"):
        servicer().Configure(configure(log_retentoin={}), None)
    with pytest.raises(ValueError, match="did you mean 'minDays'"):
        servicer().Configure(configure(log_retention={"minDay": 3}), None)


def test_the_servicer_accepts_known_names() -> None:
    strict = servicer()
    strict.Configure(configure(all={}, log_retention={"minDays": 3, "exclude": ["x"]}), None)
    assert strict._get_policy_config("log-retention") == {"minDays": 3, "exclude": ["x"]}


def test_over_grpc_the_rejection_is_an_error_with_the_message() -> None:
    class Context:
        def abort(self, code: grpc.StatusCode, details: str) -> None:
            raise RuntimeError(f"{code.name}: {details}")

    with pytest.raises(RuntimeError, match=r"INVALID_ARGUMENT: the configuration .* 'no-such'"):
        servicer().Configure(configure(no_such={}), Context())


def test_the_pack_is_served_by_its_own_servicer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulumi_policy.policy, "_PolicyAnalyzerServicer", _PolicyAnalyzerServicer)
    serve_pack()
    assert pulumi_policy.policy._PolicyAnalyzerServicer is PackServicer


def levels(config: dict[str, Any]) -> dict[str, str]:
    """The level of each policy under a configuration."""
    return {name: level for name, (level, _) in reconcile(build(), config).items()}


def test_without_configuration_each_policy_has_its_own_level() -> None:
    assert levels({})["nlb-internal"] == "mandatory"
    assert levels({})["stage-web-acl"] == "advisory"


def test_a_level_by_name_overrides_the_level_for_all() -> None:
    found = levels({"all": "disabled", "nlb-internal": {"enforcementLevel": "advisory"}})
    assert found.pop("nlb-internal") == "advisory"
    assert set(found.values()) == {"disabled"}


def test_properties_are_the_defaults_overridden_by_the_configuration() -> None:
    found = reconcile(build(), {"nlb-zones": {"minZones": 3}, "fleet-zones": "advisory"})
    assert found["nlb-zones"] == ("mandatory", {"minZones": 3})
    assert found["fleet-zones"] == ("advisory", {"minZones": 2})


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"nlb-internl": "advisory"}, "there is no policy 'nlb-internl'"),
        ({"nlb-zones": {"minzones": 3}}, "did you mean 'minZones'?"),
        (
            {"nlb-internal": "advisry"},
            "nlb-internal: 'advisry' is not a level; use one of",
        ),
        ({"nlb-zones": {"minZones": "three"}}, "nlb-zones: minZones: 'three' is not of type"),
        ({"nlb-zones": {"minZones": 0}}, "nlb-zones: minZones: 0 is less than the minimum"),
        ({"nlb-zones": {"include": []}}, "nlb-zones: include: []"),
        ({"nlb-zones": {"exclude": [""]}}, "nlb-zones: exclude[0]: ''"),
        ({"route-authorization": {"openRoutes": ["health"]}}, "openRoutes[0]: 'health' does not"),
        (
            {"nlb-api-same-account-region": {"expectedAccountId": "1"}},
            "expectedAccountId: '1' does not match",
        ),
        (
            {"nlb-api-same-account-region": {"externalVpcLinks": {"abc": {"region": "x"}}}},
            "externalVpcLinks.abc: 'nlbArn' is a required property",
        ),
    ],
)
def test_a_wrong_configuration_is_reported(config: dict[str, Any], reason: str) -> None:
    with pytest.raises(PackConfigError) as caught:
        reconcile(build(), config)
    assert reason in str(caught.value)


def test_all_mistakes_are_reported_at_once() -> None:
    with pytest.raises(PackConfigError) as caught:
        reconcile(build(), {"a-b": "advisory", "nlb-zones": {"minZones": 0}, "all": "x"})
    assert str(caught.value).count(";") >= 2
    for part in ("'a-b'", "minZones: 0", "'x' is not a level"):
        assert part in str(caught.value)


def test_a_configuration_file_is_one_json_object(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"all": "advisory"}))
    assert read_config(file) == {"all": "advisory"}
    for text, reason in (("[1]", "one JSON object"), ("{", "is not JSON")):
        file.write_text(text)
        with pytest.raises(PackConfigError, match=reason):
            read_config(file)
