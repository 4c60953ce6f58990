"""The proof that a target works: nothing old is deleted until it is in the state.

A proof is a value in the state that says what was seen to work. Its hook looks in the same update,
before the value is written. If that fails, so does the update, before a stage moves and before the
engine deletes what was replaced; the next update looks again. A refresh does not change a proof.
Sources: https://www.pulumi.com/docs/iac/concepts/resources/options/hooks/
https://www.pulumi.com/docs/iac/concepts/resources/stash/
"""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi import Output, ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceOptions

from openapi.variables import pairs_of

_TIMEOUT = "timeoutSeconds"
_PROVIDER_KEYS = ("region", "profile", "accessKey", "secretKey", "token")
_PROVIDER_OBJECTS = (
    "assumeRoleWithWebIdentity",
    "assumeRoles",
    "sharedConfigFiles",
    "sharedCredentialsFiles",
)


class Proofs:
    """Registers the proofs of an API's targets."""

    def __init__(self, name: str, parent: pulumi.Resource) -> None:
        self._name, self._parent = name, parent
        self._seen: dict[str, Output[None]] = {}
        config = pulumi.Config("aws")
        provider: dict[str, Any] = {key: config.get(key) for key in _PROVIDER_KEYS}
        provider |= {key: config.get_object(key) for key in _PROVIDER_OBJECTS}

        async def hook(args: ResourceHookArgs) -> None:
            value = (args.new_inputs or {})["input"]
            proven = (args.old_inputs or {}).get("input", {})
            if all(proven.get(key) == value[key] for key in value.keys() - {_TIMEOUT}):
                return  # a stage that moves away must not wait for what it leaves
            # Here and not above: only a new part needs them, and boto3 takes time to import.
            from components import aws_session, health  # noqa: PLC0415

            if "fleet" in value and proven.get("fleet", value["fleet"]) != value["fleet"]:
                value = {**value, "predecessor": proven["fleet"]}
            await health.until_it_works(
                value,
                lambda: aws_session.clients(provider),
                seconds=value[_TIMEOUT],
                report=lambda text: pulumi.info(text, ephemeral=True),
            )

        # A preview calls no hook, and the server for such calls would make it slower.
        hooks = [] if pulumi.runtime.is_dry_run() else [ResourceHook(f"{name}-proof", hook)]
        self._hooks = ResourceHookBinding(before_create=[*hooks], before_update=[*hooks])

    def add(self, target: str, evidence: Mapping[str, Any], timeout_seconds: int) -> None:
        """Require what the evidence names to work."""
        proof = pulumi.Stash(
            f"{self._name}-{target}-proof",
            input={**evidence, _TIMEOUT: timeout_seconds},
            opts=ResourceOptions(parent=self._parent, hooks=self._hooks),
        )
        # The URN, because it is known at preview, and after a failure.
        self._seen[target] = proof.urn.apply(lambda _: _check(target, evidence, proof))

    def before(self, target: str, value: pulumi.Input[str]) -> Output[str]:
        """The value, for a resource that must wait for the proof of the target.

        It is known when the proof's own outputs are not. `Output.all(value, proof.id)` would be
        unknown in the preview of every new fleet, so that each stage would show as changed.
        """
        return Output.all(value, self._seen[target]).apply(lambda both: both[0])


async def _check(target: str, evidence: Mapping[str, Any], proof: pulumi.Stash) -> None:
    """End the program if the state has another proof than this; then the engine deletes nothing.

    With `--continue-on-error`, `--target` or `--exclude`, the engine continues without the proof.
    """
    if pulumi.runtime.is_dry_run():
        return
    wanted: Output[Mapping[str, Any]] = Output.from_input(evidence)
    exists = await proof.id.is_known() and await proof.input.is_known()
    if exists and await wanted.is_known():
        expected, found = await wanted.future() or {}, await proof.input.future() or {}
        if all(found.get(key) == id for key, id in expected.items() if key != "min_size"):
            return
    raise pulumi.RunError(
        f"target {target}: this update has not seen it work, so it moves no stage to it and "
        "deletes nothing. Run `pulumi up` without `--exclude` and `--continue-on-error`; with "
        "`--target`, add `--target-dependents`."
    )


def keep_what_is_used(
    name: str,
    stage: aws.apigateway.Stage,
    ways: Sequence[tuple[pulumi.Input[str], pulumi.Input[str]]],
    deployment: Output[str] | None = None,
) -> None:
    """End the program if a stage still names what the engine is about to delete.

    So it does if its update was left out, or failed with `--continue-on-error`. What it names is a
    link and a host, whose port is that of a listener; `ways` are those of all targets. In its
    deployment, it is also the load balancer of V2 and the endpoints of a private API: with one of
    these, `deployment` is the one it needs.
    """
    wanted = stage.deployment if deployment is None else deployment
    _: Output[None] = stage.urn.apply(lambda _: _check_stage(name, stage, ways, wanted))


async def _check_stage(
    name: str,
    stage: aws.apigateway.Stage,
    ways: Sequence[tuple[pulumi.Input[str], pulumi.Input[str]]],
    deployment: Output[str],
) -> None:
    if pulumi.runtime.is_dry_run():
        return
    kept = Output.all(*(Output.all(*way) for way in ways))
    needed = (stage.variables, stage.canary_settings, kept, stage.deployment, deployment)
    known = [await output.is_known() for output in needed]
    if all(known) and await stage.deployment.future() == await deployment.future():
        canary = await stage.canary_settings.future()
        variables = await stage.variables.future() or {}
        overrides = (canary.stage_variable_overrides if canary else None) or {}
        named = {
            (each.get(pair.link), each.get(pair.host))
            for each in (variables, {**variables, **overrides})
            for pair in pairs_of(each)
        }
        if named <= {(link, host) for link, host in await kept.future() or ()}:
            return
    raise pulumi.RunError(
        f"stage {name}: this update has not moved it, so nothing that it uses is deleted. Run "
        "`pulumi up` without `--exclude`, `--target` and `--continue-on-error`."
    )
