"""The role that the instances of a fleet have, in an instance profile."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import iam
from settings.secrets import split

_SESSION_MANAGER = ":iam::aws:policy/AmazonSSMManagedInstanceCore"
"""Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-instance-permissions.html"""


class StatementArgs(TypedDict):
    """What a role may do with which resources."""

    actions: Sequence[pulumi.Input[str]]
    """Actions, such as s3:GetObject."""
    resources: Sequence[pulumi.Input[str]]
    """ARNs, in which * stands for anything."""


class InstanceRoleArgs(TypedDict):
    """Inputs of `InstanceRole`."""

    path: NotRequired[pulumi.Input[str]]
    """Path of the role and the profile, such as /private-api/dev/. It is a part of their ARNs, and
    so a limit for whoever creates and passes them."""
    managed_policies: NotRequired[Sequence[str]]
    """ARNs of managed policies. Plain, because each gets one attachment."""
    session_manager: NotRequired[bool]
    """Whether the instances can be logged in to through Session Manager. Plain, because it decides
    whether there is an attachment."""
    statements: NotRequired[Sequence[StatementArgs]]
    """What else the instances may do. Plain, because without it there is no policy."""
    secrets: NotRequired[Sequence[str]]
    """Sources of secrets that the instances read, such as ssm:/orders/db or secretsmanager:db.
    Plain, because without any there is no policy."""
    region: NotRequired[pulumi.Input[str]]
    """Region of the secrets; it must be given with them."""
    permissions_boundary: NotRequired[pulumi.Input[str] | None]
    """ARN of a policy that limits the role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Tags for every taggable child."""


class InstanceRole(pulumi.ComponentResource):
    """A role that only EC2 can assume, and the profile with which instances get it.

    Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_switch-role-ec2.html
    """

    profile_name: pulumi.Output[str]
    """Name of the profile; it is known once the role has all its permissions."""

    def __init__(
        self, name: str, args: InstanceRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:InstanceRole", name, {}, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            description="The instances of a fleet.",
            path=args.get("path"),
            assume_role_policy=pulumi.Output.json_dumps(_EC2_ONLY),
            permissions_boundary=args.get("permissions_boundary"),
            tags=args.get("tags"),
            opts=self._child,
        )
        profile = aws.iam.InstanceProfile(
            name,
            path=args.get("path"),
            role=role.name,
            tags=args.get("tags"),
            # An instance that starts before its role has the permissions would fail its first boot.
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._permissions(role, args)),
        )
        self.profile_name = profile.name
        self.register_outputs({"profile_name": self.profile_name})

    def _permissions(self, role: aws.iam.Role, args: InstanceRoleArgs) -> list[pulumi.Resource]:
        policies = args.get("managed_policies", ())
        attached: dict[str, pulumi.Input[str]] = {_owned(arn): arn for arn in policies}
        if args.get("session_manager"):
            arn = pulumi.Output.concat("arn:", iam.partition(role.arn), _SESSION_MANAGER)
            attached[_owned(_SESSION_MANAGER)] = arn
        made: list[pulumi.Resource] = [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{policy}", role=role.name, policy_arn=arn, opts=self._child
            )
            for policy, arn in attached.items()
        ]
        statements = [_statement(one) for one in args.get("statements", ())]
        if secrets := args.get("secrets"):
            statements += _read_secrets(secrets, _Here(role.arn, args["region"]))
        if statements:
            document = pulumi.Output.json_dumps(iam.allowing(*statements))
            # A new document is added, and the old one deleted with the old fleet, which needs it.
            opts = pulumi.ResourceOptions(parent=self, replace_on_changes=["policy"])
            made.append(aws.iam.RolePolicy(self._name, role=role.name, policy=document, opts=opts))
        return made


_EC2_ONLY = iam.allowing(
    {"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
)


def _owned(arn: str) -> str:
    """A managed policy by its owner and name, such as aws-ReadOnlyAccess."""
    return arn.partition("::")[2].replace(":policy/", "-")


class _Here:
    """Makes ARNs in the account of a role."""

    def __init__(self, role_arn: pulumi.Output[str], region: pulumi.Input[str]) -> None:
        self.region, self._partition = region, iam.partition(role_arn)
        self._account = role_arn.apply(lambda arn: arn.split(":")[4])

    def arn(self, service: str, resource: str) -> pulumi.Output[str]:
        """The ARN of a service's resource."""
        where = ("arn:", self._partition, f":{service}:", self.region, ":", self._account)
        return pulumi.Output.concat(*where, f":{resource}")


def _read_secrets(sources: Sequence[str], here: _Here) -> list[dict[str, Any]]:
    """Allows reading these secrets, and decrypting them through the services that keep them.

    Source: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
    """
    arns: dict[str, list[pulumi.Input[str]]] = {}
    for service, reference in sorted({split(source) for source in sources}):
        # AWS adds six characters to the name of a secret.
        resource = f"secret:{reference}-??????" if service == "secretsmanager" else ""
        resource = resource or f"parameter/{reference.removeprefix('/')}"
        is_arn = reference.startswith("arn:")
        arns.setdefault(service, []).append(reference if is_arn else here.arn(service, resource))
    services = [pulumi.Output.concat(name, ".", here.region, ".amazonaws.com") for name in arns]
    return [
        *({"Action": _READ[service], "Resource": found} for service, found in arns.items()),
        {
            "Action": "kms:Decrypt",
            "Resource": here.arn("kms", "key/*"),
            "Condition": {"StringEquals": {"kms:ViaService": services}},
        },
    ]


_READ = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameter"}


def _statement(statement: StatementArgs) -> dict[str, Any]:
    return {"Action": [*statement["actions"]], "Resource": [*statement["resources"]]}
