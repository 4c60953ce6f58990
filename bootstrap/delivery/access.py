"""GitHub's access to the account: its identity provider and the roles it takes."""

from collections.abc import Mapping
from typing import TypedDict

import pulumi
import pulumi_aws as aws

from . import policies, roles, trust
from .grants import Document, Scope


class GithubAccessArgs(TypedDict):
    """Inputs of `GithubAccess`, all plain: the policies are written out of them."""

    scope: Scope
    """The stack that is deployed."""
    subject_prefix: str
    """The repository, as the subject of GitHub's tokens begins."""
    creates_provider: bool
    """Whether to make GitHub's identity provider; an account has one."""
    state_bucket: str
    """S3 bucket with the state, or empty."""
    secrets_key_arn: str
    """KMS key of the state's secrets, or empty."""
    tags: Mapping[str, str]
    """Tags for every child."""


class GithubAccess(pulumi.ComponentResource):
    """A role that previews a stack, one that deploys it, and the boundary of the roles it makes.

    Source: https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
    """

    preview_role_arn: pulumi.Output[str]
    """Role for jobs that run for a pull request; it reads."""
    deploy_role_arn: pulumi.Output[str]
    """Role for jobs in the GitHub environment of the stack."""
    role_boundary_arn: pulumi.Output[str]
    """Policy that the stack has to put on its roles."""

    def __init__(
        self, name: str, args: GithubAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("privateapi:index:GithubAccess", name, {}, opts)
        scope, prefix, tags = args["scope"], args["subject_prefix"], args["tags"]
        (provider_arn,) = scope.iam(f"oidc-provider/{trust.HOST}")
        providers: list[pulumi.Resource] = []
        if args["creates_provider"]:
            providers.append(self._know_github(tags))

        state = args["state_bucket"], args["secrets_key_arn"]
        reading = self._policies(name, policies.reading(scope, *state), tags)
        writing = self._policies(name, policies.writing(scope, *state), tags)
        subject = trust.pull_request(prefix)
        preview = self._role(
            f"{name}-preview",
            f"GitHub: reads what {scope.project} {scope.stack} has, for pull requests.",
            trust.trust(provider_arn, subject),
            reading,
            providers,
            tags,
        )
        subject = trust.environment(prefix, scope.stack)
        deploy = self._role(
            f"{name}-deploy",
            f"GitHub: updates {scope.project} {scope.stack}, from its environment.",
            trust.trust(provider_arn, subject),
            reading | writing,
            providers,
            tags,
        )
        boundary = aws.iam.Policy(
            f"{name}-role-boundary",
            name=scope.boundary_name,
            description=f"All that roles of {scope.project} {scope.stack} may ever do.",
            policy=pulumi.Output.json_dumps(roles.boundary()),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

        self.preview_role_arn = preview.arn
        self.deploy_role_arn = deploy.arn
        self.role_boundary_arn = boundary.arn
        self.register_outputs(
            {
                "preview_role_arn": self.preview_role_arn,
                "deploy_role_arn": self.deploy_role_arn,
                "role_boundary_arn": self.role_boundary_arn,
            }
        )

    def _know_github(self, tags: Mapping[str, str]) -> aws.iam.OpenIdConnectProvider:
        return aws.iam.OpenIdConnectProvider(
            "github",
            url=f"https://{trust.HOST}",
            client_id_lists=[trust.AUDIENCE],
            tags=tags,
            # Other stacks and repositories of the account use it too.
            opts=pulumi.ResourceOptions(parent=self, retain_on_delete=True),
        )

    def _policies(
        self, name: str, documents: Mapping[str, Document], tags: Mapping[str, str]
    ) -> dict[str, aws.iam.Policy]:
        return {
            subject: aws.iam.Policy(
                f"{name}-{subject}",
                policy=pulumi.Output.json_dumps(document),
                tags=tags,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for subject, document in documents.items()
        }

    def _role(
        self,
        name: str,
        description: str,
        trust_policy: Document,
        permissions: Mapping[str, aws.iam.Policy],
        providers: list[pulumi.Resource],
        tags: Mapping[str, str],
    ) -> aws.iam.Role:
        role = aws.iam.Role(
            name,
            description=description,
            assume_role_policy=pulumi.Output.json_dumps(trust_policy),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=providers),
        )
        for subject, policy in permissions.items():
            aws.iam.RolePolicyAttachment(
                f"{name}-{subject}",
                role=role.name,
                policy_arn=policy.arn,
                opts=pulumi.ResourceOptions(parent=self),
            )
        return role
