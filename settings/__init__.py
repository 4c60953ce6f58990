"""The configuration of a stack, `Pulumi.<stack>.yaml`, read in this one place.

Everything that is wrong is refused before the first resource, all at once, each with its key, its
value, the limit and the way out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from openapi.compiler import Definition, compile_routes
from openapi.document import compile_document
from openapi.routes import Route

from .checks import Draft, cross_problems
from .errors import NAMESPACE, ConfigError, Problem
from .files import Files
from .reader import Reader
from .schema import (
    Api,
    BalancerTarget,
    ExistingNetwork,
    FleetTarget,
    InstancesTarget,
    LinkTarget,
    Network,
    NewNetwork,
    NewTarget,
    Stage,
    Target,
)

__all__ = [
    "NAMESPACE",
    "BalancerTarget",
    "ConfigError",
    "ExistingNetwork",
    "FleetTarget",
    "InstancesTarget",
    "LinkTarget",
    "NewNetwork",
    "NewTarget",
    "Problem",
    "Settings",
]
PROJECT_ROOT = Path(__file__).parent.parent


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a stack's file says, checked, with the files it names."""

    owner: str
    network: Network | None
    targets: Mapping[str, Target]
    api: Api
    routes: Sequence[Route]
    """Empty where the definition comes from a file."""
    stages: Mapping[str, Stage]
    definition: Definition
    user_data: Mapping[str, str]
    """Boot instructions by fleet target."""
    permissions_boundary: str | None
    """Policy that limits the roles that are made."""

    @classmethod
    def load(cls) -> "Settings":
        """The running stack's settings; raises ConfigError with everything that is wrong."""
        return cls.read(
            pulumi.runtime.get_config_env(),
            title=f"{pulumi.get_project()}-{pulumi.get_stack()}",
            secret_keys=tuple(pulumi.runtime.get_config_secret_keys_env()),
        )

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
        reader, files = Reader(config, secret_keys), Files(root)
        draft = reader.draft()
        draft.document = files.definition(draft.api) if draft.api and not draft.routes else None
        problems = [*reader.problems, *cross_problems(draft)]
        origin = draft.api.cors.allow_origin if draft.api and draft.api.cors else None
        rendered = {
            name: files.user_data(name, target, origin)
            for name, target in draft.targets.items()
            if isinstance(target, FleetTarget)
        }
        policy = files.resource_policy(draft.api) if draft.api else None
        problems += files.problems
        if problems or draft.api is None or draft.owner is None:
            raise ConfigError(problems)
        return cls(
            owner=draft.owner,
            network=draft.network,
            targets=draft.targets,
            api=draft.api,
            routes=tuple(draft.routes.values()),
            stages=draft.stages,
            definition=_definition(title, draft, draft.api, policy),
            user_data=rendered,
            permissions_boundary=draft.permissions_boundary,
        )


def _definition(
    title: str, draft: Draft, api: Api, resource_policy: Mapping[str, Any] | None
) -> Definition:
    """The one document, from the routes or from the user's own file."""
    first = next(iter(draft.targets.values()))
    verify_authority = first.tls is None or first.tls.verify_certificate_authority
    if draft.document is not None:
        return compile_document(
            title,
            draft.document,
            scheme=first.protocol,
            verify_authority=verify_authority,
            resource_policy=resource_policy,
        )
    return compile_routes(
        title,
        tuple(draft.routes.values()),
        scheme=first.protocol,
        verify_authority=verify_authority,
        cors=api.cors,
        models=api.models,
        resource_policy=resource_policy,
    )
