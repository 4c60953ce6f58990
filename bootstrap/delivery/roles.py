"""What the roles that the stack creates may ever do."""

from .grants import Document, Grant, actions, document


def boundary() -> Document:
    """The most that the stack's roles can ever do: write logs, which both kinds of them need.

    It equals AWS's policy for API Gateway, since API Gateway rejects a role that may do less.
    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html
    """
    names = (
        "CreateLogGroup CreateLogStream DescribeLogGroups DescribeLogStreams FilterLogEvents "
        "GetLogEvents PutLogEvents"
    )
    return document([Grant(actions("logs", names), ("*",))])
