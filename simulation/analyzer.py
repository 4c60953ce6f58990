"""An in-process analyzer, which runs the policy pack over the resources of a run.

It calls the policies as the engine does, through the SDK's side of the analyzer protocol, so that
they receive unknown values, secrets and providers as in a real preview or update.
Source: https://github.com/pulumi/pulumi/tree/master/pkg/resource (analyzer and deploy)
"""

import enum
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pulumi.runtime import proto
from pulumi_policy import EnforcementLevel, Policy

from policies.pack import about
from policies.pack.framework.rule import NOT_KNOWN_YET
from policies.pack.framework.servicer import PackServicer
from policies.pack.rules import build
from simulation import sdk, state
from simulation.engine import (
    PROVIDER_PREFIX,
    STACK_TYPE,
    Phase,
    Registered,
    Run,
    encode,
    environment,
)
from simulation.pack_config import reconcile


class Kind(enum.StrEnum):
    """Whether a policy is violated, or needs a value that is not known yet."""

    VIOLATION = "violation"
    UNKNOWN = "unknown"


@dataclass(frozen=True, order=True)
class Finding:
    """What a policy reported about one resource, or about the stack."""

    urn: str
    policy: str
    level: str
    """mandatory or advisory; what is unknown is always advisory."""
    message: str
    """For a violation the title of the policy, what is wrong, and the fix, each on a line; for an
    unknown one sentence of the SDK."""
    kind: Kind = Kind.VIOLATION

    @property
    def is_mandatory(self) -> bool:
        """Whether the engine stops because of it."""
        return self.level == EnforcementLevel.MANDATORY.value

    @property
    def resource(self) -> str:
        """Logical name of the resource."""
        return self.urn.rpartition("::")[2]

    @property
    def unknown_values(self) -> str:
        """The values that it needs and that are not known yet; empty for a violation."""
        return self.message.partition(NOT_KNOWN_YET)[2]


class NotApplicable(NamedTuple):
    """A policy that does not apply to a resource or, with the URN of the stack, to any."""

    urn: str
    policy: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """Everything that a pack reported, sorted."""

    findings: tuple[Finding, ...]
    not_applicable: tuple[NotApplicable, ...]


def findings_of(
    run: Run, pack_config: Mapping[str, Any], policies: Sequence[Policy] | None = None
) -> tuple[Finding, ...]:
    """Findings of `analyze_run`."""
    return analyze_run(run, pack_config, policies).findings


def analyze_run(
    run: Run, pack_config: Mapping[str, Any], policies: Sequence[Policy] | None = None
) -> Analysis:
    """Run the policies, by default the whole pack, over one preview or update.

    As in the engine, a preview collects every finding; an update stops at the first resource that
    violates a mandatory policy, before the stack policies. Resources that were only read are
    shown to no policy. Raises PackConfigError, and RuleError when a policy fails.
    """
    servicer = _servicer(policies, pack_config)
    resources = [resource for resource in run.resources if not resource.read]
    is_preview = run.phase is Phase.PREVIEW
    passed = {
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_PROJECT": run.project,
        "PULUMI_STACK": run.stack,
        "PULUMI_DRY_RUN": str(is_preview).lower(),
    }
    with environment(passed):
        return sdk.isolated(_analyze, servicer, resources, stops=not is_preview)


def analyze_state(
    exported: Mapping[str, Any],
    pack_config: Mapping[str, Any],
    policies: Sequence[Policy] | None = None,
) -> Analysis:
    """Run the policies over an exported state, as `pulumi policy analyze --file` does.

    Resources that were only read are included, without inputs, and nothing stops.
    """
    servicer = _servicer(policies, pack_config)
    return sdk.isolated(_analyze, servicer, state.resources_of(exported), stops=False)


def _servicer(policies: Sequence[Policy] | None, pack_config: Mapping[str, Any]) -> PackServicer:
    policies = list(policies or build())
    servicer = PackServicer(about.NAME, "0.0.1", policies, EnforcementLevel.ADVISORY)
    request = proto.ConfigureAnalyzerRequest()
    for name, (level, properties) in reconcile(policies, pack_config).items():
        request.policyConfig[name].enforcementLevel = sdk.LEVELS[level]
        request.policyConfig[name].properties.update(properties)
    servicer.Configure(request, None)
    return servicer


def _analyze(servicer: Any, resources: Sequence[Registered], *, stops: bool) -> Analysis:
    by_urn = {resource.urn: resource for resource in resources}
    root = next((r.urn for r in resources if r.type == STACK_TYPE), "")
    findings: list[Finding] = []
    not_applicable: list[NotApplicable] = []

    def collect(response: Any, urn: str, others: Container[str] = ()) -> None:
        findings.extend(_findings(response, urn, others))
        not_applicable.extend(
            NotApplicable(urn, entry.policy_name, entry.reason) for entry in response.not_applicable
        )

    for resource in resources:
        collect(servicer.Analyze(_request(resource, by_urn), None), resource.urn)
        if stops and any(finding.is_mandatory for finding in findings):
            break
    else:
        request = proto.AnalyzeStackRequest(resources=[_entry(r, by_urn) for r in resources])
        collect(servicer.AnalyzeStack(request, None), root, by_urn)
    return Analysis(tuple(sorted(findings)), tuple(sorted(not_applicable)))


def _findings(response: Any, urn: str, others: Container[str]) -> list[Finding]:
    """Findings of a response; those that name none of the `others` belong to `urn`."""
    levels = {number: level for level, number in sdk.LEVELS.items()}
    return [
        Finding(
            reported.urn if reported.urn in others else urn,
            reported.policyName,
            levels[reported.enforcementLevel],
            reported.message,
            Kind.UNKNOWN if sdk.is_unknown(reported) else Kind.VIOLATION,
        )
        for reported in response.diagnostics
    ]


def _request(resource: Registered, by_urn: Mapping[str, Registered]) -> Any:
    return proto.AnalyzeRequest(
        **_common(resource, by_urn),
        properties=encode(resource.inputs),
    )


def _entry(resource: Registered, by_urn: Mapping[str, Registered]) -> Any:
    return proto.AnalyzerResource(
        **_common(resource, by_urn),
        properties=encode(resource.outputs),
        parent=resource.parent,
        dependencies=sorted(resource.dependencies),
        propertyDependencies={
            key: proto.AnalyzerPropertyDependencies(urns=sorted(urns))
            for key, urns in resource.property_dependencies.items()
            if urns
        },
    )


def _common(resource: Registered, by_urn: Mapping[str, Registered]) -> dict[str, Any]:
    """What policies of both kinds receive about a resource."""
    options = resource.options
    return {
        "type": resource.type,
        "name": resource.name,
        "urn": resource.urn,
        "options": proto.AnalyzerResourceOptions(
            protect=options.get("protect", False),
            ignoreChanges=options.get("ignoreChanges", []),
            deleteBeforeReplace=options.get("deleteBeforeReplace", False),
            deleteBeforeReplaceDefined="deleteBeforeReplace" in options,
            additionalSecretOutputs=options.get("additionalSecretOutputs", []),
            parent=resource.parent,
        ),
        "provider": _provider(resource, by_urn),
    }


def _provider(resource: Registered, by_urn: Mapping[str, Registered]) -> Any:
    provider = by_urn.get(resource.provider)
    if provider is None or resource.type.startswith(PROVIDER_PREFIX):
        return None
    return proto.AnalyzerProviderResource(
        type=provider.type,
        name=provider.name,
        urn=provider.urn,
        properties=encode(provider.inputs),
    )
