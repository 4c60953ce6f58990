"""The checks between the routes that are cached and the stages that have a cache."""

from collections.abc import Callable

from openapi.document import mapping, sequence
from openapi.paths import Problems, at

from .errors import quoted
from .reader import Draft


def _a_cache_is_used(draft: Draft) -> Problems:
    routes = sequence(mapping(draft.given.get("api")).get("routes"))
    cached = [n for n, route in enumerate(routes) if mapping(route).get("cache") is not None]
    stages = {name: stage.cache_size_gb for name, stage in draft.stages.items()}
    for name, size in stages.items():
        if size is not None and not cached:
            yield (
                at("stages", name, "cacheSizeGb"),
                f"{quoted(size)} would be paid for and empty, because no route has `cache`. Add it "
                "to a route, or remove this.",
            )
    if cached and stages and not any(stages.values()):
        yield (
            at("api", "routes", cached[0], "cache"),
            "has no effect, because no stage has a cache. Set `cacheSizeGb` of a stage, or remove "
            "it.",
        )


CACHE_CHECKS: tuple[Callable[[Draft], Problems], ...] = (_a_cache_is_used,)
