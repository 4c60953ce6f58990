"""Log groups: of flow logs, and of the API's stages."""

from .grants import Grant, Needs, Scope


def needs(scope: Scope) -> dict[str, Needs]:
    """What log groups take, by resource type."""
    groups = scope.arns(
        "logs",
        "log-group:core-flows-*",
        f"log-group:/private-api/{scope.project}-{scope.stack}/*",
        # API Gateway sets this name, by the id of the API.
        "log-group:API-Gateway-Execution-Logs_*",
    )
    return {
        "aws:cloudwatch/logGroup:LogGroup": Needs(
            read=(
                Grant(("logs:DescribeLogGroups",), ("*",), scope.in_region),
                Grant(("logs:ListTagsForResource",), groups),
            ),
            write=(
                Grant(("logs:CreateLogGroup",), groups, scope.made),
                Grant(("logs:TagResource",), groups, scope.claimed),
                Grant(
                    (
                        "logs:DeleteLogGroup",
                        "logs:DeleteRetentionPolicy",
                        "logs:PutRetentionPolicy",
                        "logs:TagResource",
                        "logs:UntagResource",
                    ),
                    groups,
                    scope.ours,
                ),
            ),
        ),
    }
