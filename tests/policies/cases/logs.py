"""Cases of the rule about logs."""

from policies.pack import resource_types as types
from tests.policies import parts as our
from tests.policies.case import absent, ignores, ill_typed, of_rule, passes, unknown, violates
from tests.policies.changes import Part

DAYS = "retentionInDays"

CASES = [
    *of_rule(
        "log-retention",
        passes(),
        passes(minDays=7),
        violates("never expires", our.LOG_GROUP.set(DAYS, 0)),
        violates("for 7 days, but must keep them for at least 30", minDays=30),
        unknown(DAYS, our.LOG_GROUP.unknown(DAYS)),
        absent(violates("never expires", our.LOG_GROUP.unset(DAYS))),
        passes(our.LOG_GROUP.set("retentionInDays", "30")),
        ill_typed(violates("wrong type", our.LOG_GROUP.set("retentionInDays", "thirty"))),
        ill_typed(violates("wrong type", our.LOG_GROUP.set("retentionInDays", [30]))),
        ignores(Part(types.LOG_GROUP).removed()),
    )
]
