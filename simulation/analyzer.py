"""What a policy pack says about resources, as the engine would have it say it.

The policies run in this process, through the SDK's own side of the analyzer protocol, so that
unknown values, secrets and providers reach them as they do in a real run.
Source: https://github.com/pulumi/pulumi/tree/master/pkg/resource (analyzer and deploy)
"""

import contextvars
import json
import os
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from pulumi.runtime import proto, rpc, settings
from pulumi_policy import EnforcementLevel, Policy

from policies.pack.framework.configuration import EVERY_POLICY, StrictServicer, mistakes
from policies.pack.rules import build
from simulation.engine import (
    PROVIDER_PREFIX,
    STACK_TYPE,
    Phase,
    Registered,
    Run,
    encode,
)

PACK = "private-api"
LEVELS = {level.value: getattr(proto, level.name) for level in EnforcementLevel}
"""Levels of a policy, with their numbers on the wire."""


class PackConfigError(ValueError):
    """The configuration of the policy pack is refused; the message holds all reasons."""


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that a policy said."""

    urn: str
    policy: str
    level: str
    """mandatory or advisory; the second also for what could not be decided yet."""
    message: str
    """The title of the policy, then on lines of their own what is wrong and how to fix it; for
    what could not be decided, one sentence of the SDK's."""

    @property
    def is_mandatory(self) -> bool:
        """Whether the engine would stop for it."""
        return self.level == EnforcementLevel.MANDATORY.value


class NotApplicable(NamedTuple):
    """A policy that had nothing to judge: in a resource, or, with the stack's URN, in all of it."""

    urn: str
    policy: str
    reason: str


@dataclass(frozen=True)
class Analysis:
    """All that a pack said: what is wrong, and what it did not judge."""

    findings: tuple[Finding, ...]
    not_applicable: tuple[NotApplicable, ...]


def read_config(path: Path) -> dict[str, Any]:
    """Read a file that `--policy-pack-config` takes: one JSON object; PackConfigError if not."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PackConfigError(f"{path} is not JSON: {error}") from None
    if not isinstance(config, dict):
        raise PackConfigError(f"{path} has to hold one JSON object")
    return config


def findings_of(
    run: Run,
    pack_config: Mapping[str, Any],
    policies: Sequence[Policy] | None = None,
) -> tuple[Finding, ...]:
    """Findings of one preview or update over a run, sorted; see `analyze_run`."""
    return analyze_run(run, pack_config, policies).findings


def analyze_run(
    run: Run,
    pack_config: Mapping[str, Any],
    policies: Sequence[Policy] | None = None,
) -> Analysis:
    """Run the policies, by default all of the pack, over one preview or update.

    As in the engine, a preview collects everything; an update stops at the first resource that
    breaks a mandatory policy, and the stack policies then do not run. Resources that were only
    read are shown to no policy. A configuration that is wrong raises PackConfigError; a policy
    that fails raises RuleError.
    """
    analyzer = _analyzer(policies, pack_config)
    resources = [resource for resource in run.resources if not resource.read]
    is_preview = run.phase is Phase.PREVIEW
    with _engine_environment(run):
        return _apart(_run, analyzer, resources, stops=not is_preview)


def analyze_state(
    state: Mapping[str, Any],
    pack_config: Mapping[str, Any],
    policies: Sequence[Policy] | None = None,
) -> Analysis:
    """Run the policies over an exported state, as `pulumi policy analyze --file` does.

    Resources that were only read are shown as well, without inputs, and nothing stops.
    """
    exported = state.get("deployment", state)["resources"]
    resources = [_of_state(entry) for entry in exported if not entry.get("delete")]
    analyzer = _analyzer(policies, pack_config)
    return _apart(_run, analyzer, resources, stops=False)


def reconcile(
    policies: Iterable[Policy], pack_config: Mapping[str, Any]
) -> dict[str, tuple[str, dict[str, Any]]]:
    """Level and properties of each policy: its own, then "all", then what is said by name.

    Raises PackConfigError with all that is wrong: names and levels that do not exist, and
    properties that do not fit the policy's schema.
    """
    schemas = {p.name: p.config_schema.properties if p.config_schema else {} for p in policies}
    given, problems = {}, []
    for name, value in pack_config.items():
        if not isinstance(value, str | dict):
            problems.append(f"{name}: {value!r} is neither a level nor an object with properties")
            continue
        properties = {"enforcementLevel": value} if isinstance(value, str) else dict(value)
        level = properties.pop("enforcementLevel", None)
        if level is not None and level not in LEVELS:
            problems.append(f"{name}: '{level}' is no level; there are {', '.join(LEVELS)}")
        given[name] = (level, properties)
    known = {name: set(schema) for name, schema in schemas.items()}
    problems += mistakes({name: set(own) for name, (_, own) in given.items()}, known)
    every = given.get(EVERY_POLICY, (None, {}))[0]
    result = {}
    for policy in policies:
        level, own = given.get(policy.name, (None, {}))
        schema = schemas[policy.name]
        properties = {key: s["default"] for key, s in schema.items() if "default" in s} | own
        validator = Draft7Validator({"type": "object", "properties": schema})
        problems += [
            f"{policy.name}: {error.json_path.removeprefix('$.')}: {error.message}"
            for error in validator.iter_errors(properties)
        ]
        default = (policy.enforcement_level or EnforcementLevel.ADVISORY).value
        result[policy.name] = (level or every or default, properties)
    if problems:
        raise PackConfigError(
            f"the configuration of the policy pack is wrong: {'; '.join(problems)}"
        )
    return result


def _analyzer(policies: Sequence[Policy] | None, pack_config: Mapping[str, Any]) -> StrictServicer:
    policies = list(policies or build())
    analyzer = StrictServicer(PACK, "0.0.1", policies, EnforcementLevel.ADVISORY)
    request = proto.ConfigureAnalyzerRequest()
    for name, (level, properties) in reconcile(policies, pack_config).items():
        request.policyConfig[name].enforcementLevel = LEVELS[level]
        request.policyConfig[name].properties.update(properties)
    analyzer.Configure(request, None)
    return analyzer


def _apart(run: Callable[..., Analysis], *args: Any, **kwargs: Any) -> Analysis:
    """Run with the settings of a process of its own, and leave those of this one alone.

    To make settings is to set them, and the first that a context sets become the default of all
    others: so the first ones are what a fresh process has.
    """
    context = contextvars.Context()
    context.run(settings.Settings, "project", "stack", dry_run=False, organization="organization")
    return context.run(run, *args, **kwargs)


def _run(analyzer: StrictServicer, resources: Sequence[Registered], *, stops: bool) -> Analysis:
    by_urn = {resource.urn: resource for resource in resources}
    root = next((r.urn for r in resources if r.type == STACK_TYPE), "")
    findings: list[Finding] = []
    passed: list[NotApplicable] = []
    for resource in resources:
        response = analyzer.Analyze(_request(resource, by_urn), None)  # type: ignore[no-untyped-call]
        findings += _found(response, resource.urn)
        passed += _passed(response, resource.urn)
        if stops and any(finding.is_mandatory for finding in findings):
            break
    else:
        request = proto.AnalyzeStackRequest(resources=[_entry(r, by_urn) for r in resources])
        response = analyzer.AnalyzeStack(request, None)  # type: ignore[no-untyped-call]
        findings += _found(response, root, by_urn)
        passed += _passed(response, root)
    return Analysis(tuple(sorted(findings)), tuple(sorted(passed)))


def _found(response: Any, home: str, others: Container[str] = ()) -> list[Finding]:
    """Findings of a response; what names none of the `others` is said of `home`."""
    names = {number: name for name, number in LEVELS.items()}
    return [
        Finding(
            said.urn if said.urn in others else home,
            said.policyName,
            names[said.enforcementLevel],
            said.message,
        )
        for said in response.diagnostics
    ]


def _passed(response: Any, home: str) -> list[NotApplicable]:
    return [NotApplicable(home, p.policy_name, p.reason) for p in response.not_applicable]


def _request(resource: Registered, by_urn: Mapping[str, Registered]) -> Any:
    return proto.AnalyzeRequest(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=encode(resource.inputs),
        options=_options(resource),
        provider=_provider(resource, by_urn),
    )


def _entry(resource: Registered, by_urn: Mapping[str, Registered]) -> Any:
    return proto.AnalyzerResource(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=encode(resource.outputs),
        options=_options(resource),
        provider=_provider(resource, by_urn),
        parent=resource.parent,
        dependencies=sorted(resource.dependencies),
        propertyDependencies={
            key: proto.AnalyzerPropertyDependencies(urns=sorted(urns))
            for key, urns in resource.property_dependencies.items()
            if urns
        },
    )


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


def _options(resource: Registered) -> Any:
    options = resource.options
    return proto.AnalyzerResourceOptions(
        protect=options.get("protect", False),
        ignoreChanges=options.get("ignoreChanges", []),
        deleteBeforeReplace=options.get("deleteBeforeReplace", False),
        deleteBeforeReplaceDefined="deleteBeforeReplace" in options,
        additionalSecretOutputs=options.get("additionalSecretOutputs", []),
        parent=resource.parent,
    )


def _of_state(entry: Mapping[str, Any]) -> Registered:
    """Read one resource of an exported state."""
    return Registered(
        urn=entry["urn"],
        type=entry["type"],
        name=entry["urn"].rpartition("::")[2],
        parent=entry.get("parent", ""),
        custom=entry.get("custom", False),
        inputs=_of_state_value(entry.get("inputs", {})),
        outputs=_of_state_value(entry.get("outputs", {})),
        provider=entry.get("provider", "").rpartition("::")[0],
        dependencies=frozenset(entry.get("dependencies", ())),
        property_dependencies={
            key: frozenset(urns or ())
            for key, urns in entry.get("propertyDependencies", {}).items()
        },
    )


def _of_state_value(value: Any) -> Any:
    """Read a value of an exported state, in which secrets are encrypted or spelt as JSON."""
    if isinstance(value, list):
        return [_of_state_value(item) for item in value]
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            return json.loads(value["plaintext"]) if "plaintext" in value else "[secret]"
        return {key: _of_state_value(item) for key, item in value.items() if key[:2] != "__"}
    return value


@contextmanager
def _engine_environment(run: Run) -> Iterator[None]:
    """Tell the pack which run this is in the way of the engine, by its environment."""
    told = {
        "PULUMI_ORGANIZATION": "organization",
        "PULUMI_PROJECT": run.project,
        "PULUMI_STACK": run.stack,
        "PULUMI_DRY_RUN": str(run.phase is Phase.PREVIEW).lower(),
    }
    before = {key: os.environ.get(key) for key in told}
    os.environ.update(told)
    try:
        yield
    finally:
        for key, value in before.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
