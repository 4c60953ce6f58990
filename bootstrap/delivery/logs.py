"""Log groups: of flow logs, and of the API's stages."""

from .grants import Grant, Permissions, Scope, actions


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What log groups need, by resource type."""
    groups = scope.arns(
        "logs",
        "log-group:core-flows-*",
        f"log-group:/private-api/{scope.project}-{scope.stack}/*",
        # API Gateway chooses this name, by the id of the API.
        "log-group:API-Gateway-Execution-Logs_*",
    )
    change = "DeleteLogGroup DeleteRetentionPolicy PutRetentionPolicy TagResource UntagResource"
    return {
        "aws:cloudwatch/logGroup:LogGroup": Permissions(
            read=(
                Grant(("logs:DescribeLogGroups",), ("*",), scope.in_region),
                Grant(("logs:ListTagsForResource",), groups),
            ),
            write=(
                Grant(("logs:CreateLogGroup",), groups, scope.creates),
                Grant(("logs:TagResource",), groups, scope.claims),
                Grant(actions("logs", change), groups, scope.owns),
            ),
        ),
    }
