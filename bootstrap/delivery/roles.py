"""What the roles that the stack creates may ever do."""

from collections.abc import Iterable

from .grants import Document, Grant, Scope, actions, checked_size, document


def boundary(scope: Scope, instances: Iterable[Grant] = ()) -> Document:
    """The most that the stack's roles can ever do: write logs, and what instances need.

    The logs equal AWS's policy for API Gateway, since API Gateway rejects a role that may do less.
    `instances` are the grants that the administrator adds. Raises ValueError if there are too many.
    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html
    """
    logs = (
        "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams FilterLogEvents "
        "GetLogEvents PutLogEvents"
    )
    grants = [Grant(actions("logs", logs), ("*",)), *_instances(scope), *instances]
    return checked_size("role-boundary", document(grants))


def _instances(scope: Scope) -> Iterable[Grant]:
    """Session Manager, images of ECR, and the secrets that have the tags of the stack.

    Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
    """
    channels = "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel"
    yield Grant((*actions("ssmmessages", channels), "ssm:UpdateInstanceInformation"), ("*",))
    yield Grant(("ecr:GetAuthorizationToken",), ("*",))
    repositories = f"arn:{scope.partition}:ecr:*:*:repository/*"
    yield Grant(actions("ecr", "BatchGetImage GetDownloadUrlForLayer"), (repositories,))
    # Without the tags, whoever deploys this stack could read every secret of the account.
    for action, resource in (
        ("secretsmanager:GetSecretValue", "secret:*"),
        ("ssm:GetParameter", "parameter/*"),
    ):
        yield Grant((action,), (scope.arn(action.partition(":")[0], resource),), scope.owns)
    services = [f"{service}.{scope.region}.amazonaws.com" for service in ("secretsmanager", "ssm")]
    decrypts = {"StringEquals": {"kms:ViaService": services}}
    yield Grant(("kms:Decrypt",), (scope.arn("kms", "key/*"),), decrypts)
