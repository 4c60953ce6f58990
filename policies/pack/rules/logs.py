"""Rules about logs."""

from collections.abc import Iterator

from pulumi_policy import Severity

from ..framework.rule import MANDATORY, Config, Refusal, ResourceRule, Undecided, Verdict
from ..graph.resource import Resource
from ..graph.tokens import LOG_GROUP
from ..graph.values import Unknown


def _ends_some_day(group: Resource, config: Config) -> Iterator[Verdict]:
    days = group.peek("retentionInDays")
    if isinstance(days, Unknown):
        yield Undecided(group, "retentionInDays")
    elif not days:
        yield Refusal(group, "keeps its logs for ever.")
    elif days < config["minDays"]:
        text = f"keeps its logs for {days} days, and {config['minDays']:.0f} are wanted."
        yield Refusal(group, text)


RETENTION = ResourceRule(
    name="log-retention",
    title="Log groups say how long they keep what is in them.",
    level=MANDATORY,
    severity=Severity.LOW,
    subjects=(LOG_GROUP,),
    protects="Logs that never end cost for ever, and keep personal data longer than allowed.",
    fix="set retention_in_days.",
    controls=(
        "fsbp:CloudWatch.16",
        "checkov:CKV_AWS_66",
        "checkov:CKV_AWS_338",
        "prowler:cloudwatch_log_group_retention_policy_specific_days_enabled",
    ),
    config={
        "minDays": {
            "type": "integer",
            "minimum": 1,
            "default": 1,
            "description": "Days at least.",
        }
    },
    judge=_ends_some_day,
)

RULES = (RETENTION,)
