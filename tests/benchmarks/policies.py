"""How long the rules of the policy pack take on large stacks.

The dev stack, as it is after an update, is repeated until there are enough resources. The time that
the SDK takes to pass every resource to every policy is not included: no pack can change it.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pulumi_policy import (
    PolicyProviderResource,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
)
from pulumi_policy.proxy import unknown_checking_proxy

from policies.pack.rules import build
from simulation.engine import Registered, Run

SIZES = (1_000, 3_000, 10_000)
APIS = 200
"""At most; a larger stack has more copies of the network and the fleet."""


def grown(run: Run, size: int) -> Run:
    """Repeat the AWS resources of a run, each copy with its own ids and URNs."""
    once = [r for r in run.resources if r.custom and not r.type.startswith("pulumi:")]
    plain = [r for r in once if not r.type.startswith("aws:apigateway/")]
    resources = list(run.resources)
    copies = 0
    while len(resources) < size:
        copies += 1
        resources += _copied(once if copies < APIS else plain, copies)
    return replace(run, resources=tuple(resources[:size]))


def _copied(resources: list[Registered], number: int) -> list[Registered]:
    urns = {r.urn: f"{r.urn}-{number}" for r in resources}
    ids = {
        value: f"{value}{number}"
        for r in resources
        for key in ("id", "arn")
        if isinstance(value := r.outputs.get(key), str)
    }
    return [
        replace(
            r,
            urn=urns[r.urn],
            name=f"{r.name}-{number}",
            inputs=_renamed(r.inputs, ids),
            outputs=_renamed(r.outputs, ids),
            property_dependencies={
                key: frozenset(urns.get(urn, urn) for urn in sources)
                for key, sources in r.property_dependencies.items()
            },
        )
        for r in resources
    ]


def _renamed(value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: _renamed(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, ids) for item in value]
    return ids.get(value, value) if isinstance(value, str) else value


def seconds(run: Run) -> float:
    """Processor time that all rules take for a run."""
    options = PolicyResourceOptions(False, [], None, [], None, [])  # type: ignore[arg-type]
    proxy = unknown_checking_proxy
    providers = {
        r.urn: PolicyProviderResource(r.type, proxy(r.inputs), r.urn, r.name)
        for r in run.resources
        if r.type.startswith("pulumi:providers:")
    }
    arguments, resources = [], {}
    for r in run.resources:
        provider = providers.get(r.provider)
        arguments.append(
            ResourceValidationArgs(r.type, proxy(r.inputs), r.urn, r.name, options, provider)
        )
        resources[r.urn] = PolicyResource(
            r.type, proxy(r.outputs), r.urn, r.name, options, provider, None, [], {}
        )
    for r in run.resources:
        resources[r.urn].property_dependencies = {
            key: [resources[urn] for urn in urns if urn in resources]
            for key, urns in r.property_dependencies.items()
        }
    started = time.process_time()
    for policy in build():
        if isinstance(policy, ResourceValidationPolicy):
            for argument in arguments:
                _validate(policy, argument)
        else:
            _validate(policy, StackValidationArgs(list(resources.values())))
    return time.process_time() - started


def _validate(policy: Any, arguments: Any) -> None:
    try:
        policy.validate(arguments, lambda _message, _urn=None: None)
    except Exception as error:
        # The SDK reports "not applicable" by a private exception.
        if type(error).__name__ != "_NotApplicableError":
            raise
