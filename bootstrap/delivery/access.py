"""GitHub's access to the account: its identity provider and the roles that it assumes."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from . import roles, trust
from .grants import Document
from .policies import read_policies, write_policies
from .settings import Settings


class GithubAccess(pulumi.ComponentResource):
    """A role that previews a stack, one that deploys it, and the boundary of the stack's own roles.

    Source: https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
    """

    preview_role_arn: pulumi.Output[str]
    """Role for jobs that run for a pull request; it can only read."""
    deploy_role_arn: pulumi.Output[str]
    """Role for jobs in the GitHub environment of the stack."""
    role_boundary_arn: pulumi.Output[str]
    """Permissions boundary that the stack has to put on its roles."""

    def __init__(self, name: str, settings: Settings) -> None:
        super().__init__("privateapi:index:GithubAccess", name)
        self._tags = {
            "project": pulumi.get_project(),
            "stack": pulumi.get_stack(),
            "owner": settings.owner,
        }
        scope, prefix = settings.scope, settings.subject_prefix
        state = settings.state_bucket, settings.secrets_key_arn
        self._oidc_provider_arn = scope.arn("iam", f"oidc-provider/{trust.HOST}")
        self._oidc_providers = [self._oidc_provider()] if settings.creates_provider else []

        reading = self._managed_policies(name, read_policies(scope, *state))
        writing = self._managed_policies(name, write_policies(scope, *state))
        preview = self._role(
            f"{name}-preview",
            f"GitHub: reads what {scope.project} {scope.stack} has, for pull requests.",
            trust.pull_request(prefix),
            reading,
        )
        deploy = self._role(
            f"{name}-deploy",
            f"GitHub: updates {scope.project} {scope.stack}, from its environment.",
            trust.environment(prefix, scope.stack),
            reading | writing,
        )
        boundary = self._role_boundary(name, settings)

        self.preview_role_arn = preview.arn
        self.deploy_role_arn = deploy.arn
        self.role_boundary_arn = boundary.arn
        self.register_outputs({name: getattr(self, name) for name in type(self).__annotations__})

    def _oidc_provider(self) -> aws.iam.OpenIdConnectProvider:
        return aws.iam.OpenIdConnectProvider(
            "github",
            url=f"https://{trust.HOST}",
            client_id_lists=[trust.AUDIENCE],
            tags=self._tags,
            # Other stacks and repositories of the account use it too.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

    def _managed_policies(
        self, name: str, documents: Mapping[str, Document]
    ) -> dict[str, aws.iam.Policy]:
        return {
            area: aws.iam.Policy(
                f"{name}-{area}",
                policy=pulumi.Output.json_dumps(document),
                tags=self._tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for area, document in documents.items()
        }

    def _role(
        self, name: str, description: str, subject: str, permissions: Mapping[str, aws.iam.Policy]
    ) -> aws.iam.Role:
        role = aws.iam.Role(
            name,
            description=description,
            assume_role_policy=pulumi.Output.json_dumps(
                trust.trust_policy(self._oidc_provider_arn, subject)
            ),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=self._oidc_providers),
        )
        for area, policy in permissions.items():
            aws.iam.RolePolicyAttachment(
                f"{name}-{area}",
                role=role.name,
                policy_arn=policy.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role

    def _role_boundary(self, name: str, settings: Settings) -> aws.iam.Policy:
        scope = settings.scope
        return aws.iam.Policy(
            f"{name}-role-boundary",
            name=scope.boundary_name,
            description=f"All that roles of {scope.project} {scope.stack} may ever do.",
            policy=pulumi.Output.json_dumps(roles.boundary(scope, settings.instance_grants)),
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
