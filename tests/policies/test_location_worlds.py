"""No false pass and no false refusal over random worlds whose truth is known.

`POLICY_WORLDS=20000 pytest tests/policies/test_location_worlds.py` runs more of them.
"""

import os
from collections import Counter
from collections.abc import Iterable

import pytest

from simulation import analyzer
from simulation.analyzer import Finding
from simulation.engine import Phase
from tests.policies.case import rule
from tests.policies.locations import PROVEN, SHARED, TARGET
from tests.policies.wiring import world_of
from tests.policies.worlds import World

NUMBER = int(os.environ.get("POLICY_WORLDS", "300"))
FIRST = int(os.environ.get("POLICY_WORLDS_SEED", "0"))
BATCHES = 6
OPEN_AT_PREVIEW = {
    *("external link", "stage elsewhere", "API later", "load balancer exists"),
    *("link by mapping", "target by mapping", "target by later", "target by literal"),
    *("region argument, later", "environment of its own"),
}
"""Features that the preview of a stack with one provider may leave open."""


def findings(world: World, phase: Phase, *, is_strict: bool = False) -> list[Finding]:
    """Findings of the location policies."""
    policies = [rule(name).policy() for name in (SHARED, PROVEN, TARGET)]
    vouched = {"externalVpcLinks": world.vouched}
    level = "mandatory" if is_strict else "advisory"
    config = {SHARED: vouched, PROVEN: {"enforcementLevel": level, **vouched}}
    return list(analyzer.findings_of(world.run(phase), config, policies))


def mandatory(found: Iterable[Finding]) -> list[str]:
    """The messages of the findings that stop a preview or an update."""
    return [finding.message for finding in found if finding.is_mandatory]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_worlds(batch: int) -> None:
    wrong = []
    for seed in range(FIRST + batch, FIRST + NUMBER, BATCHES):
        world = world_of(seed)
        wrong += [f"{seed} {text}" for text in judged(world)]
    assert wrong == [], "\n".join(wrong[:20])


def judged(world: World) -> list[str]:
    """What the policies get wrong in a world."""
    reported = {phase: findings(world, phase) for phase in Phase}
    preview, update = (mandatory(found) for found in reported.values())
    strict = mandatory(findings(world, Phase.PREVIEW, is_strict=True))
    wrong = []
    if world.apart and not (preview or update or world.is_hidden):
        wrong.append(f"false pass: {world.apart} {sorted(world.features)}")
    if world.apart and not strict:
        wrong.append(f"passes the strict preview: {world.apart} {sorted(world.features)}")
    if world.apart and not (preview or update) and not reported[Phase.PREVIEW]:
        wrong.append(f"silent: {world.apart} {sorted(world.features)}")
    if not world.apart and not world.unshown and (preview or update):
        wrong.append(f"false refusal: {(preview or update)[0]} {sorted(world.features)}")
    if is_shown_at_preview(world) and not world.apart and strict:
        wrong.append(f"not proven at preview: {strict[0]} {sorted(world.features)}")
    return wrong


def is_shown_at_preview(world: World) -> bool:
    """Whether a strict preview has to pass when everything is in one place."""
    features = world.features
    if len(world.providers) > 1 or features & OPEN_AT_PREVIEW:
        return False
    is_read = "target by read" in features
    if is_read and {"V2", "integration document"} <= features:
        return False  # the document hides the ARN
    is_argument = is_read or "region argument, literal" in features
    return not (is_argument and "region not configured" in features)


def test_the_worlds_are_of_every_kind() -> None:
    worlds = [world_of(seed) for seed in range(400)]
    features = Counter(feature for world in worlds for feature in world.features)
    assert min(features.values()) > 1
    share = sum(bool(world.apart) for world in worlds) / len(worlds)
    assert 0.2 < share < 0.8
