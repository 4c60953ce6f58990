"""Rules about logs."""

from .. import resource_types as types
from ..framework.rule import Area, Config, Verdicts, Violation
from ..graph.resource import Resource

AREA = Area("Logs")


@AREA.resource_rule(
    name="log-retention",
    title="Log groups expire their logs.",
    level="mandatory",
    severity="low",
    resource_types=[types.LOG_GROUP],
    rationale="Logs that never expire cost more and more, and keep personal data for too long.",
    fix="set retention_in_days.",
    controls=(
        "fsbp:CloudWatch.16 checkov:CKV_AWS_66 checkov:CKV_AWS_338 "
        "prowler:cloudwatch_log_group_retention_policy_specific_days_enabled"
    ),
    config={
        "minDays": {
            "type": "integer",
            "minimum": 1,
            "default": 1,
            "description": "Minimum retention in days.",
        }
    },
)
def _expires_logs(group: Resource, config: Config) -> Verdicts:
    days, minimum = group.number("retentionInDays"), config["minDays"]
    if not days:
        yield Violation(group, "never expires its logs.")
    elif days < minimum:
        text = f"keeps its logs for {days:.0f} days, but must keep them for at least {minimum:.0f}."
        yield Violation(group, text)
