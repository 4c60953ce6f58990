"""The only reader of a stack's configuration, `Pulumi.<stack>.yaml`.

Everything that is wrong is reported at once, before the first resource: each key with its value,
the limit and how to correct it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from openapi.compiler import Definition, compile_routes
from openapi.completion import compile_document
from openapi.findings import Findings
from openapi.importing import Imported
from openapi.normalizing.schemas import normalized_models
from openapi.private_endpoint import limited
from openapi.routes import Route

from .backends import backends, published
from .checks import cross_problems
from .domain_checks import domain_advice
from .errors import ConfigError, Problem
from .files import Files, Surroundings
from .link_checks import balancer_of, owner_of
from .network import ExistingNetwork, NewNetwork
from .reach import reach
from .reader import Draft, decoded, validated
from .schema import NAMESPACE, Api, Project
from .stages import Stage
from .targets import FleetTarget, NewTarget, Target

__all__ = ["ConfigError", "Settings"]
PROJECT_ROOT = Path(__file__).parent.parent
_NEVER_ENCRYPTED = (
    "is a secret, and no key of this project may be one: its value would be readable in the "
    "definition and in the stages. Set it again without --secret."
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The valid configuration of a stack, with the files that it names."""

    title: str
    """Name of the project and the stack."""
    owner: str
    region: str
    network: NewNetwork | ExistingNetwork | None
    targets: Mapping[str, Target]
    api: Api
    routes: Sequence[Route]
    """Empty if the definition is a file."""
    stages: Mapping[str, Stage]
    published: Mapping[str, str]
    """Name of a target by service; with V2, all of the service are behind the same balancer."""
    definition: Definition
    imported: Imported | None
    """What came of the definition file; None for routes."""
    user_data: Mapping[str, str]
    """User data of the instances by fleet target."""
    advice: Sequence[str]
    """What will probably not work, a line each; `load` warns of it."""
    permissions_boundary: str | None
    """ARN of the policy that limits the roles of the stack."""

    @property
    def uses_v2(self) -> bool:
        """Whether a target is reached through a VPC link V2."""
        return any(target.uses_v2 for target in self.targets.values())

    @property
    def new_targets(self) -> dict[str, NewTarget]:
        """The targets that the stack creates, those behind another one after it."""
        new = {n: target for n, target in self.targets.items() if isinstance(target, NewTarget)}
        return dict(sorted(new.items(), key=lambda item: item[1].behind is not None))

    def owner_of(self, name: str) -> str:
        """The target that has the load balancer of a target: another one, or itself."""
        return owner_of(name, self.targets[name])

    @property
    def notice(self) -> str:
        """What a preview should say about the moves between targets of V2; empty if nothing."""
        names = {
            balancer_of(name, target): name
            for name, target in self.targets.items()
            if target.uses_v2
        }
        used = {
            balancer_of(name, self.targets[name])
            for name in self.published.values()
            if self.targets[name].uses_v2
        }
        if len(names) < 2 or names.keys() == used:  # noqa: PLR2004
            return ""  # those of several services do not replace each other
        return (
            f"Targets {', '.join(names.values())} use a VPC link V2 and are behind different load "
            "balancers: a stage moves from one of them to another by redeploying the API. Between "
            "targets of one load balancer, it moves in place."
        )

    @classmethod
    def load(cls) -> "Settings":
        """The running stack's settings; raises ConfigError with everything that is wrong.

        What is left out of a definition file is logged, and what will probably not work.
        """
        settings = cls.read(
            pulumi.runtime.get_config_env(),
            title=f"{pulumi.get_project()}-{pulumi.get_stack()}",
            secret_keys=tuple(pulumi.runtime.get_config_secret_keys_env()),
        )
        if settings.imported:
            file, findings = settings.api.definition_file, settings.imported.findings
            if findings.summary:
                pulumi.log.info(f"{file}: {findings.summary}")
            for path, message in findings.advice:
                pulumi.log.warn(f"{file}: {path}: {message}")
        for line in settings.advice:
            pulumi.log.warn(line)
        return settings

    @classmethod
    def read(
        cls,
        config: Mapping[str, str],
        *,
        title: str,
        secret_keys: tuple[str, ...] = (),
        root: Path = PROJECT_ROOT,
    ) -> "Settings":
        """Settings from the strings that the CLI hands over, objects as JSON.

        `title` names the API; files are relative to `root`. Raises ConfigError.
        """
        secret = [key for key in secret_keys if key.startswith(f"{NAMESPACE}:")]
        raw = decoded({key: text for key, text in config.items() if key not in secret})
        valid, problems = validated(raw)
        draft, files = Draft.of(raw), Files(root)
        policy = None
        if draft.api:
            policy = files.resource_policy(draft.api)
            draft.source = None if draft.routes else files.definition(draft.api)
        origin = draft.api.cors.allow_origin if draft.api and draft.api.cors else None
        stack = Surroundings(title, draft.region or "", origin)
        user_data = {
            name: files.user_data(name, target, stack, reach(draft.network, target))
            for name, target in draft.targets.items()
            if isinstance(target, FleetTarget)
        }
        problems += [*cross_problems(draft), *files.problems]
        problems = [problem for problem in problems if problem.key not in secret]
        problems += [Problem(key, _NEVER_ENCRYPTED) for key in secret]
        if problems or valid is None:
            raise ConfigError(problems)
        project = valid.project
        definition = _definition(title, project, draft.document, policy).stating(
            project.api.endpoint.extensions
        )
        if project.api.is_private:
            definition = limited(definition, project.api.endpoint_ids)
        return cls(
            title=title,
            owner=project.owner,
            region=valid.aws.region,
            network=project.network,
            targets=project.targets,
            api=project.api,
            routes=project.api.routes or (),
            stages=project.stages,
            published=published(project),
            definition=definition,
            imported=draft.imported,
            user_data=user_data,
            advice=(*files.advice, *domain_advice(draft)),
            permissions_boundary=project.permissions_boundary or None,
        )


def _definition(
    title: str,
    project: Project,
    document: Mapping[str, Any],
    resource_policy: Mapping[str, Any] | None,
) -> Definition:
    """The one document, from the routes or from the user's own file."""
    if document:
        return compile_document(
            title, document, backends=backends(project), resource_policy=resource_policy
        )
    return compile_routes(
        title,
        project.api.routes or (),
        backends=backends(project),
        cors=project.api.cors,
        models=normalized_models(project.api.models, Findings()),
        authorizers=project.api.authorizers,
        resource_policy=resource_policy,
    )
