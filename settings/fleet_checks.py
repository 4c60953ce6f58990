"""The checks of what the parts of a fleet need of each other."""

from collections.abc import Callable, Iterator

from openapi.paths import Problems, at

from .errors import quoted
from .fleet import Fleet
from .reach import reach
from .reader import Draft
from .secrets import region_of
from .targets import FleetTarget


def _fleets(draft: Draft) -> Iterator[tuple[str, FleetTarget, Fleet]]:
    for name, target in draft.targets.items():
        if isinstance(target, FleetTarget):
            yield name, target, target.fleet


def _sizes_are_in_order(draft: Draft) -> Problems:
    for name, _, fleet in _fleets(draft):
        if fleet.min_size > fleet.max_size:
            sizes = f"{fleet.min_size} is above maxSize {fleet.max_size}"
            yield at("targets", name, "fleet", "minSize"), f"{sizes}. Lower it, or raise maxSize."


def _images_fit_the_instance_type(draft: Draft) -> Problems:
    for name, _, fleet in _fleets(draft):
        given = {"architecture": fleet.architecture, "image": fleet.image_architecture}
        for key, architecture in given.items():
            if architecture and fleet.is_regular and architecture != fleet.native:
                yield (
                    at("targets", name, "fleet", key),
                    f"{quoted(getattr(fleet, key))} is for {architecture}, and "
                    f"{fleet.instance_type} is {fleet.native}. Use an image for {fleet.native}, or "
                    "another instanceType.",
                )
        if fleet.root_device and not fleet.image:
            yield (
                at("targets", name, "fleet", "rootDevice"),
                f"{quoted(fleet.root_device)} belongs to an `image`, which is not set. Set it, or "
                "remove this.",
            )


def _needed_services_are_reached(draft: Draft) -> Problems:
    if draft.network is None:  # missing or invalid, which is reported elsewhere
        return
    for name, target, fleet in _fleets(draft):
        way = reach(draft.network, target)
        for needed in fleet.needs:
            if not way.internet and needed.service not in way.services:
                yield (
                    at("targets", name, "fleet", needed.key),
                    f"needs {needed.words}, and the instances reach {way.what}. "
                    f"{way.way_to(needed.service)}",
                )


def _secrets_are_in_the_region(draft: Draft) -> Problems:
    for name, _, fleet in _fleets(draft):
        for variable, source in fleet.secrets.items():
            key = at("targets", name, "fleet", "secrets", variable)
            if variable in fleet.environment:
                yield key, "is also in `environment`. Remove it there, or here."
            region = region_of(source)
            if region and draft.region and region != draft.region:
                yield (
                    key,
                    f"is in {region}, not in aws:region {draft.region}, where the instances read "
                    "it. Replicate it to this region, and name it there.",
                )


def _registries_are_reached(draft: Draft) -> Problems:
    if draft.network is None:
        return
    for name, target, fleet in _fleets(draft):
        if not fleet.container or (way := reach(draft.network, target)).internet:
            continue
        repository = fleet.repository
        near = "ecr" if repository and repository.region == draft.region else ""
        if near not in way.services:
            yield (
                at("targets", name, "fleet", "container", "image"),
                f"is in the registry {fleet.container.registry}, and the instances reach "
                f"{way.what}. {way.way_to(near)}",
            )


def _services_are_one(draft: Draft) -> Problems:
    for name, _, fleet in _fleets(draft):
        if fleet.container and fleet.user_data_file:
            yield (
                at("targets", name, "fleet", "userDataFile"),
                f"{quoted(fleet.user_data_file)} cannot be combined with a container. Start the "
                "container in it, or remove one of them.",
            )


FLEET_CHECKS: tuple[Callable[[Draft], Problems], ...] = (
    _sizes_are_in_order,
    _images_fit_the_instance_type,
    _needed_services_are_reached,
    _secrets_are_in_the_region,
    _registries_are_reached,
    _services_are_one,
)
