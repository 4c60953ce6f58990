"""The roles that GitHub assumes to preview and deploy one stack."""

import pulumi
from delivery.access import GithubAccess
from delivery.settings import Settings

settings = Settings.load()
access = GithubAccess(f"{settings.scope.project}-{settings.scope.stack}", settings)

pulumi.export("preview_role_arn", access.preview_role_arn)
pulumi.export("deploy_role_arn", access.deploy_role_arn)
pulumi.export("role_boundary_arn", access.role_boundary_arn)
