"""The checks between stages, the services that they give a target, and the routes."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from openapi.compiler import INTEGRATION, stage_variables
from openapi.document import Document, mapping, sequence
from openapi.paths import Problems, at
from openapi.variables import Pair, pair_with, pairs_of

from .errors import hint, quoted
from .reader import Draft
from .stages import MAX_VARIABLES


class Use(NamedTuple):
    """A target that a stage, or its canary, gives to a service."""

    service: str
    """Its name, or nothing."""
    key: str
    words: str
    """The stage or its canary."""
    target: str


def uses(draft: Draft) -> Iterator[Use]:
    """Every target that a stage or a canary names."""
    for name, stage in draft.stages.items():
        for service, target in stage.targets.items():
            key = at("stages", name, *_steps(service))
            yield Use(service, key, f"stage {name}", target)
        for service, target in stage.canary.targets.items() if stage.canary else ():
            key = at("stages", name, "canary", *_steps(service))
            yield Use(service, key, f"the canary of stage {name}", target)


def _steps(service: str) -> tuple[str, ...]:
    return ("services", service) if service else ("target",)


def _stages_name_targets(draft: Draft) -> Problems:
    known = mapping(draft.given.get("targets"))
    for use in uses(draft):
        if known and use.target not in known:
            yield (
                use.key,
                f"{quoted(use.target)} is not in `targets`; {hint(use.target, known)}. Use one of "
                "them, or add it.",
            )


def _canaries_differ(draft: Draft) -> Problems:
    for name, stage in draft.stages.items():
        if not stage.canary:
            continue
        key = at("stages", name, "canary")
        if not stage.canary.targets:
            yield (
                at(key, "target"),
                "is missing. Name of the other target, one of `targets`; with `services`, give "
                "those of them that have one.",
            )
        for service, target in stage.canary.targets.items():
            place = at(key, *_steps(service))
            if service not in stage.targets:
                yield (
                    place,
                    f"{quoted(target)} has nothing to stand in for: stage {name} gives "
                    f"{_named(service)} no target. Give it one there too, or remove it.",
                )
            elif target == stage.targets[service]:
                owner = "of the stage" if not service else f"of {_named(service)}"
                yield (
                    place,
                    f"{quoted(target)} is already the target {owner}. Use another one, or remove "
                    "the canary.",
                )


def _stages_serve_what_is_called(draft: Draft) -> Problems:
    called, is_whole = _called(draft), _is_whole(draft)
    for name, stage in draft.stages.items():
        if not stage.targets and not called:
            yield at("stages", name, "target"), _MISSING
        for service, where in called.items():
            if service not in stage.targets:
                missing = f"is missing, and {where}. Give it a target."
                text = missing if service or stage.services else _MISSING
                yield at("stages", name, *_steps(service)), text
        for service, target in stage.targets.items():
            if is_whole and called and service not in called:
                yield (
                    at("stages", name, *_steps(service)),
                    f"{quoted(target)} is not used: no route has `service: {service}`. Add a route "
                    "with it, or remove it."
                    if service
                    else f"{quoted(target)} is not used: every route names a `service`. Remove it, "
                    "or the service of a route.",
                )


_MISSING = "is missing. Name of the target that receives the requests, one of `targets`."


def _calling(service: str) -> str:
    return f"has `service: {service}`" if service else "names no `service`"


def _whose(pair: Pair) -> str:
    return f"service {pair.service}" if pair.service else "the target"


def _named(service: str) -> str:
    return f"service {service}" if service else "requests without a service"


def _called(draft: Draft) -> Mapping[str, str]:
    """The services that the definition calls, each with what calls it first, in words."""
    called: dict[str, str] = {}
    for position, route in draft.routes.items():
        service = route.pair.service
        called.setdefault(service, f"routes[{position}] {_calling(service)}")
    for operation in Document(draft.document).operations:
        own, service, path = operation.spec.get(INTEGRATION), operation.service, operation.json_path
        if own is not None:
            for pair in pairs_of(stage_variables(mapping(own))):
                called.setdefault(pair.service, f"{path} uses the variables of {_whose(pair)}")
        elif pair_with(Pair(service).link) == Pair(service):
            called.setdefault(service, f"{path} {_calling(service)}")
    for pair in pairs_of(stage_variables(draft.document)):
        called.setdefault(pair.service, f"the definition uses the variables of {_whose(pair)}")
    return called


def _is_whole(draft: Draft) -> bool:
    """Whether everything that calls is valid, so that nothing can call another service."""
    if draft.imported and draft.imported.problems:
        return False
    return len(draft.routes) == len(sequence(mapping(draft.given.get("api")).get("routes")))


def _stage_variables_are_free(draft: Draft) -> Problems:
    for name, stage in draft.stages.items():
        for variable in sorted(stage.variables):
            if pair := pair_with(variable):
                source = "`services`" if pair.service else "the target of the stage"
                instead = "`services`" if pair.service else "`target`"
                yield (
                    at("stages", name, "variables", variable),
                    f"is set from {source}. Remove it, and set {instead}.",
                )
        room = MAX_VARIABLES - 2 * len(stage.targets)
        if len(stage.variables) > room:
            yield (
                at("stages", name, "variables"),
                f"has {len(stage.variables)} entries, above the limit of {room}: AWS allows "
                f"{MAX_VARIABLES} for a stage, and each service takes two. Remove some.",
            )


def _stages_set_the_variables(draft: Draft) -> Problems:
    used = {name for name in stage_variables(draft.document) if not pair_with(name)}
    for name, stage in draft.stages.items():
        for variable in sorted(used - stage.variables.keys()):
            yield (
                at("stages", name, "variables"),
                f"does not set {variable}, which the definition uses. Add it.",
            )


STAGE_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _stages_set_the_variables,
    _stages_name_targets,
    _canaries_differ,
    _stages_serve_what_is_called,
    _stage_variables_are_free,
)
