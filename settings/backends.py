"""How API Gateway calls each service, as the targets of the stages have it."""

from collections.abc import Mapping

from openapi.compiler import Backend, balancer_placeholder

from .link_checks import owner_of
from .schema import Project
from .targets import BalancerTarget, Target


def backends(project: Project) -> dict[str, Backend]:
    """The backend of every service; that of routes without a service has an empty name."""
    return {
        service: _backend(name, project.targets[name])
        for service, name in published(project).items()
    }


def published(project: Project) -> Mapping[str, str]:
    """A target of every service: all of its targets are called in the same way."""
    found: dict[str, str] = {}
    for stage in project.stages.values():
        found = {**stage.targets, **found}
    return found


def _backend(name: str, target: Target) -> Backend:
    return Backend(
        scheme=target.scheme,
        verify_authority=target.tls is None or target.tls.verify_certificate_authority,
        integration_target=_integration_target(name, target),
    )


def _integration_target(name: str, target: Target) -> str | None:
    """With V2, the ARN of the load balancer, or what stands for it; None with V1."""
    if not target.uses_v2:
        return None
    if isinstance(target, BalancerTarget):
        return target.load_balancer_arn
    return balancer_placeholder(owner_of(name, target))
