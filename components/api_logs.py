"""The logs of an API: their groups, their format, and the role that lets API Gateway write."""

import enum
import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from components import iam

CANARY_SUFFIX = "/Canary"
"""API Gateway logs the requests of a canary to separate groups, with this suffix.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html
"""

ACCESS_LOG_FORMAT = json.dumps(
    {
        "requestId": "$context.requestId",
        "extendedRequestId": "$context.extendedRequestId",
        "traceId": "$context.xrayTraceId",
        "time": "$context.requestTimeEpoch",
        "stage": "$context.stage",
        "method": "$context.httpMethod",
        "route": "$context.resourcePath",
        "path": "$context.path",
        "protocol": "$context.protocol",
        "sourceIp": "$context.identity.sourceIp",
        "caller": "$context.identity.userArn",
        "apiKeyId": "$context.identity.apiKeyId",
        "status": "$context.status",
        "responseLength": "$context.responseLength",
        "latencyMs": "$context.responseLatency",
        "errorType": "$context.error.responseType",
        "errorMessage": "$context.error.message",
        "integrationStatus": "$context.integration.status",
        "integrationLatencyMs": "$context.integration.latency",
        "integrationError": "$context.integration.error",
        "integrationRequestId": "$context.integration.requestId",
    }
)
"""One JSON object for each request. Every variable is quoted, because a missing one prints as -.

The user agent is not in it: AWS does not say that values are escaped, so a quote in a header could
break the line or forge a field (docs/operating.md).
Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html
"""


class AccountLogging(enum.StrEnum):
    """The role that lets API Gateway write logs: one setting for the whole account and region."""

    CREATE = "create"
    EXISTING = "existing"
    OFF = "off"


class RemovedLogs(enum.StrEnum):
    """What happens to the log groups of a stage that is removed."""

    DELETE = "delete"
    KEEP = "keep"


def account_logging(
    name: str,
    api: aws.apigateway.RestApi,
    *,
    permissions_boundary: pulumi.Input[str] | None,
    tags: Mapping[str, str] | None,
    parent: pulumi.Resource,
) -> list[pulumi.Resource]:
    """The account's logging role; it is kept on destroy, because every API needs it.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    kept = pulumi.ResourceOptions(parent=parent, retain_on_delete=True)
    trust = {"Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "sts:AssumeRole"}
    role = aws.iam.Role(
        f"{name}-account-logs",
        description="Lets API Gateway write logs, for every API of the account and region.",
        assume_role_policy=json.dumps(iam.allowing(trust)),
        permissions_boundary=permissions_boundary,
        tags=tags,
        opts=kept,
    )
    policy = ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-account-logs",
        role=role.name,
        policy_arn=pulumi.Output.concat("arn:", iam.partition(api.arn), policy),
        opts=kept,
    )
    account = aws.apigateway.Account(
        f"{name}-account",
        cloudwatch_role_arn=role.arn,
        opts=pulumi.ResourceOptions.merge(kept, pulumi.ResourceOptions(depends_on=[attachment])),
    )
    return [account]


def log_groups(
    name: str,
    title: str,
    stage: str,
    api: aws.apigateway.RestApi,
    retention_days: pulumi.Input[int],
    *,
    tags: Mapping[str, str] | None,
    options: pulumi.ResourceOptions,
) -> list[aws.cloudwatch.LogGroup]:
    """The log groups of a stage, the access log first; API Gateway's own never expire.

    Those of a canary always exist: if they came and went with it, its logs would go too.
    """
    names: dict[str, pulumi.Input[str]] = {
        "access": f"/private-api/{title}/{stage}/access",
        "execution": pulumi.Output.concat("API-Gateway-Execution-Logs_", api.id, f"/{stage}"),
    }
    return [
        aws.cloudwatch.LogGroup(
            f"{name}-{stage}-{kind}{suffix.replace('/', '-').lower()}",
            name=pulumi.Output.concat(group, suffix),
            retention_in_days=retention_days,
            tags=tags,
            opts=options,
        )
        for kind, group in names.items()
        for suffix in ("", CANARY_SUFFIX)
    ]
