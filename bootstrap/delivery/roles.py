"""IAM roles that the stack makes for AWS services, and whom it may hand them to."""

from .grants import Document, Grant, Needs, Scope, both, document

FLOW_LOG_ROLE = "role/core-flows-*"
"""The role of `Network`, by its logical name and the suffix that Pulumi adds."""
ACCOUNT_LOG_ROLE = "role/api-account-logs-*"
"""The role of `PrivateApi` with `accountLogging: create`, likewise."""
LOG_WRITING = "policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
"""AWS's own policy for API Gateway."""


def needs(scope: Scope) -> dict[str, Needs]:
    """What roles and their policies take, by resource type."""
    roles = scope.iam(FLOW_LOG_ROLE, ACCOUNT_LOG_ROLE)
    bounded = both(scope.ours, _bounded(scope))
    return {
        "aws:iam/role:Role": Needs(
            read=(
                Grant(
                    ("iam:GetRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"), roles
                ),
            ),
            write=(
                # Without its boundary a role could be given any right, and taken by anybody.
                Grant(("iam:CreateRole",), roles, both(scope.made, _bounded(scope))),
                Grant(("iam:PutRolePermissionsBoundary",), roles, bounded),
                Grant(("iam:TagRole",), roles, scope.claimed),
                Grant(
                    (
                        "iam:DeleteRole",
                        "iam:ListInstanceProfilesForRole",
                        "iam:TagRole",
                        "iam:UntagRole",
                        "iam:UpdateAssumeRolePolicy",
                        "iam:UpdateRole",
                        "iam:UpdateRoleDescription",
                    ),
                    roles,
                    scope.ours,
                ),
            ),
        ),
        "aws:iam/rolePolicy:RolePolicy": Needs(
            read=(Grant(("iam:GetRolePolicy",), scope.iam(FLOW_LOG_ROLE)),),
            write=(
                Grant(
                    ("iam:DeleteRolePolicy", "iam:PutRolePolicy"), scope.iam(FLOW_LOG_ROLE), bounded
                ),
            ),
        ),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Needs(
            read=(Grant(("iam:ListAttachedRolePolicies",), scope.iam(ACCOUNT_LOG_ROLE)),),
            write=(
                Grant(
                    ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
                    scope.iam(ACCOUNT_LOG_ROLE),
                    both(
                        bounded,
                        {
                            "ArnEquals": {
                                "iam:PolicyARN": f"arn:{scope.partition}:iam::aws:{LOG_WRITING}"
                            }
                        },
                    ),
                ),
            ),
        ),
    }


def handing_over(scope: Scope, role: str, service: str) -> Grant:
    """Telling one AWS service to take a role.

    Tags of the role are no limit here: AWS calls them unreliable for this action.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    return Grant(
        ("iam:PassRole",),
        scope.iam(role),
        {"StringEquals": {"iam:PassedToService": service}},
    )


def service_linked_role(scope: Scope, service: str) -> Grant:
    """Letting an AWS service make its own role, when it is used for the first time.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
    """
    return Grant(
        ("iam:CreateServiceLinkedRole",),
        scope.iam(f"role/aws-service-role/{service}/*"),
        {"StringEquals": {"iam:AWSServiceName": service}},
    )


def boundary() -> Document:
    """All that the roles of the stack may ever do: what both kinds of them need, writing logs.

    It equals AWS's policy for API Gateway, since API Gateway refuses a role that may do less.
    Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonAPIGatewayPushToCloudWatchLogs.html
    """
    actions = (
        "CreateLogGroup",
        "CreateLogStream",
        "DescribeLogGroups",
        "DescribeLogStreams",
        "FilterLogEvents",
        "GetLogEvents",
        "PutLogEvents",
    )
    return document([Grant(tuple(f"logs:{action}" for action in actions), ("*",))])


def _bounded(scope: Scope) -> dict[str, dict[str, str]]:
    return {"ArnEquals": {"iam:PermissionsBoundary": scope.boundary}}
