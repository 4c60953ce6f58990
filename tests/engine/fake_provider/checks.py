"""What the provider's Check adds to the inputs of a resource, and which names it refuses.

The defaults and the messages are those of the upstream provider, which validates at Check.
Source: https://github.com/hashicorp/terraform-provider-aws/tree/main/internal/service
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi_aws  # noqa: F401 - `computed` looks types up in it

from simulation.fake_aws import computed, is_regional
from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.values import Props, is_wrapped

_DEFAULTS: Mapping[str, Props] = {
    rt.API_KEY: {"description": "Managed by Pulumi"},
    rt.FLEET: {"metricsGranularity": "1Minute"},
    rt.FLOW_LOG: {"maxAggregationInterval": 600},
    rt.INSTANCE_PROFILE: {"path": "/"},
    rt.LOAD_BALANCER: {
        "clientKeepAlive": 3600,
        "desyncMitigationMode": "defensive",
        "dnsRecordClientRoutingPolicy": "any_availability_zone",
        "enableHttp2": True,
        "idleTimeout": 60,
        "xffHeaderProcessingMode": "append",
    },
    rt.REST_API: {"putRestApiMode": "overwrite"},
    rt.ROLE: {"maxSessionDuration": 3600, "path": "/"},
    rt.TARGET_GROUP: {"healthCheck": {"enabled": True}},
}
"""Defaults of the provider; an object is one of a nested property."""
_WITHOUT_DEFAULTS = frozenset({rt.REST_API_PUT, rt.INGRESS_RULE, rt.EGRESS_RULE})
"""Types that the plugin framework serves: Check leaves their inputs as they are."""
_PREFIXES: Mapping[str, tuple[str, str]] = {
    rt.LOAD_BALANCER: ("internal-", '"name" cannot begin with "internal-"'),
    rt.SECURITY_GROUP: ("sg-", "invalid value for name (cannot begin with sg-)"),
}
"""How a name must not begin, and what the provider says."""


def checked(token: str, name: str, seed: bytes, olds: Props, news: Props, region: str) -> Props:
    """The inputs with the region, a generated name, the defaults and all tags.

    The name is kept from the old inputs, if it was generated. Raises ValueError if it is too long.
    """
    given = dict(news)
    if is_regional(token):
        given.setdefault("region", region)
    if token in _WITHOUT_DEFAULTS:
        return given
    added = {}
    resource_type = rt.TYPES[token]
    if resource_type.name_length and not {"name", "namePrefix"} & given.keys():
        kept = olds.get("name") if "name" in olds.get("__defaults", []) else None
        added["name"] = kept or _generated(name, seed, resource_type.name_length)
    inputs: Props = _with_defaults(given, {**_DEFAULTS.get(token, {}), **added})
    if "tagsAll" in computed(token) and "tags" in inputs:
        inputs["tagsAll"] = inputs["tags"]
    return inputs


def name_problems(token: str, inputs: Props) -> Iterator[str]:
    """What the provider has against the name."""
    name = inputs.get("name")
    if not isinstance(name, str):
        return
    limit = rt.TYPES[token].longest_name
    if limit and len(name) > limit:
        yield f'"name" cannot be longer than {limit} characters: "{name}"'
    prefix, message = _PREFIXES.get(token, ("", ""))
    if prefix and name.startswith(prefix):
        yield f'{message}: "{name}"'


def _generated(name: str, seed: bytes, length: int) -> str:
    suffix = f"-{seed.hex()[:7]}"
    if len(name) + len(suffix) > length:
        raise ValueError(
            f"name {name!r} plus {len(suffix)} characters is longer than maximum length {length}"
        )
    return name + suffix


def _with_defaults(given: Any, defaults: Props) -> Any:
    """An object with the defaults of what it lacks, and in `__defaults` their names."""
    if isinstance(given, list):
        return [_with_defaults(item, {}) for item in given]
    if not isinstance(given, dict) or is_wrapped(given):
        return given
    nested = {key: value for key, value in defaults.items() if isinstance(value, dict)}
    added = {k: v for k, v in defaults.items() if k not in given and k not in nested}
    inner = {key: _with_defaults(value, nested.get(key, {})) for key, value in given.items()}
    return {**inner, **added, "__defaults": sorted(added)}
