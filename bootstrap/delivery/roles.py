"""IAM roles that the stack creates for AWS services, and the services that may assume them."""

from .grants import Condition, Document, Grant, Permissions, Scope, actions, both, document

FLOW_LOG_ROLE = "role/core-flows-*"
"""The role of `Network`, by its logical name and the suffix that Pulumi adds."""
ACCOUNT_LOG_ROLE = "role/api-account-logs-*"
"""The role of `PrivateApi` with `accountLogging: create`, likewise."""
LOG_WRITING = "policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
"""AWS's own policy for API Gateway."""


def permissions(scope: Scope) -> dict[str, Permissions]:
    """What roles and their policies need, by resource type."""
    roles = scope.iam(FLOW_LOG_ROLE, ACCOUNT_LOG_ROLE)
    flow_log_role, account_log_role = scope.iam(FLOW_LOG_ROLE), scope.iam(ACCOUNT_LOG_ROLE)
    bounded = {"ArnEquals": {"iam:PermissionsBoundary": scope.boundary}}
    owned = both(scope.owns, bounded)
    log_writing = f"arn:{scope.partition}:iam::aws:{LOG_WRITING}"
    attached = both(
        scope.owns,
        {"ArnEquals": {"iam:PermissionsBoundary": scope.boundary, "iam:PolicyARN": log_writing}},
    )
    change = (
        "DeleteRole ListInstanceProfilesForRole TagRole UntagRole UpdateAssumeRolePolicy "
        "UpdateRole UpdateRoleDescription"
    )
    return {
        "aws:iam/role:Role": Permissions(
            read=(_iam("GetRole ListAttachedRolePolicies ListRolePolicies", roles),),
            write=(
                # A role without the boundary could be given any permission and assumed by anyone.
                _iam("CreateRole", roles, both(scope.creates, bounded)),
                _iam("PutRolePermissionsBoundary", roles, owned),
                _iam("TagRole", roles, scope.claims),
                _iam(change, roles, scope.owns),
            ),
        ),
        "aws:iam/rolePolicy:RolePolicy": Permissions(
            read=(_iam("GetRolePolicy", flow_log_role),),
            write=(_iam("DeleteRolePolicy PutRolePolicy", flow_log_role, owned),),
        ),
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Permissions(
            read=(_iam("ListAttachedRolePolicies", account_log_role),),
            write=(_iam("AttachRolePolicy DetachRolePolicy", account_log_role, attached),),
        ),
    }


def pass_role(scope: Scope, role: str, service: str) -> Grant:
    """Passing a role to one AWS service.

    The role's tags are not a condition: AWS calls them unreliable for this action.
    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    condition = {"StringEquals": {"iam:PassedToService": service}}
    return _iam("PassRole", scope.iam(role), condition)


def create_service_linked_role(scope: Scope, service: str) -> Grant:
    """Letting an AWS service create its own role when it is used for the first time.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/create-service-linked-role.html
    """
    role = scope.iam(f"role/aws-service-role/{service}/*")
    return _iam("CreateServiceLinkedRole", role, {"StringEquals": {"iam:AWSServiceName": service}})


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


def _iam(names: str, roles: tuple[str, ...], condition: Condition | None = None) -> Grant:
    return Grant(actions("iam", names), roles, condition or {})
