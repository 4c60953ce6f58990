"""The proof that a target works: nothing old is deleted until it is in the state.

A proof is a value in the state that says what was seen to work. Its hook looks in the same update,
before the value is written. If that fails, so does the update, before a stage moves and before the
engine deletes what was replaced; the next update looks again. A refresh does not change a proof.
Sources: https://www.pulumi.com/docs/iac/concepts/resources/options/hooks/
https://www.pulumi.com/docs/iac/concepts/resources/stash/
"""

import hashlib
from collections.abc import Awaitable, Iterable, Mapping
from typing import Any, cast

import pulumi
from pulumi import Output, ResourceHook, ResourceHookArgs, ResourceHookBinding, ResourceOptions

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
        self._proofs: dict[str, pulumi.Stash] = {}
        self._required: dict[str, Output[Any]] = {}
        self._generations: list[str] = []
        config = pulumi.Config("aws")
        provider: dict[str, Any] = {key: config.get(key) for key in _PROVIDER_KEYS}
        provider |= {key: config.get_object(key) for key in _PROVIDER_OBJECTS}

        async def hook(args: ResourceHookArgs) -> None:
            # Here and not above, because only an update needs them, and boto3 takes time to import.
            from components import aws_session, health  # noqa: PLC0415

            value = (args.new_inputs or {})["input"]
            proven = (args.old_inputs or {}).get("input", {})
            if all(proven.get(key) == value[key] for key in value.keys() - {_TIMEOUT}):
                return  # a stage that moves away must not wait for what it leaves
            await health.until_it_works(
                value,
                lambda: aws_session.clients(provider),
                seconds=value[_TIMEOUT],
                report=lambda text: pulumi.info(text, ephemeral=True),
            )

        self._hook = ResourceHook(f"{name}-proof", hook)

    def add(
        self, target: str, evidence: Mapping[str, Any], timeout_seconds: int, generation: str
    ) -> None:
        """Require what the evidence names to work; another `generation` replaces a part of it."""
        self._generations.append(f"{target}:{generation}")
        self._required[target] = Output.from_input(evidence)
        self._proofs[target] = pulumi.Stash(
            f"{self._name}-{target}-proof",
            input={**evidence, _TIMEOUT: timeout_seconds},
            opts=ResourceOptions(
                parent=self._parent,
                hooks=ResourceHookBinding(before_create=[self._hook], before_update=[self._hook]),
            ),
        )

    def seal(self) -> None:
        """Protect what serves from `pulumi up --target`, which leaves the proofs out.

        The engine refuses to delete a resource that was not named with `--target`, and then deletes
        nothing. When a generation changes, the old seal is such a resource, because its name
        differs; it depends on the proofs, and so on everything that is replaced.
        """
        digest = hashlib.sha256(" ".join(sorted(self._generations)).encode()).hexdigest()[:8]
        pulumi.Stash(
            f"{self._name}-proofs-{digest}",
            input=digest,
            opts=ResourceOptions(parent=self._parent, depends_on=[*self._proofs.values()]),
        )

    def guard(self, stage: str, targets: Iterable[str]) -> ResourceHookBinding:
        """Hooks of a stage, which fail unless the state has the proofs of its targets.

        An update that leaves a proof out (`--target`, `--exclude`) keeps the proof's old value.
        """

        async def hook(_: ResourceHookArgs) -> None:
            for target in targets:
                found = {**(await self._proofs[target].input.future() or {})}
                found.pop(_TIMEOUT, None)
                if found != await self._required[target].future():
                    raise RuntimeError(
                        f"target {target} was not seen to work, because this update leaves out "
                        f"{self._name}-{target}-proof. Run `pulumi up` without `--target` and "
                        "`--exclude`."
                    )

        guard = ResourceHook(f"{self._name}-{stage}-guard", hook)
        return ResourceHookBinding(before_create=[guard], before_update=[guard])

    def before(self, target: str, value: pulumi.Input[str]) -> Output[str]:
        """The value, for a resource that must wait for the proof of the target.

        It has a dependency on the proof, but is known when the proof's own outputs are not.
        `Output.all(value, proof.id)` would be unknown in the preview of every new fleet, so that
        each stage would show as changed.
        """
        output = Output.from_input(value)

        async def dependencies() -> set[pulumi.Resource]:
            return {*await output.resources(), self._proofs[target]}

        future = cast(Awaitable[str], output.future())  # None if unknown; is_known tells
        return Output(dependencies(), future, output.is_known(), output.is_secret())
