"""The roles that GitHub assumes to preview and deploy one stack."""

import pulumi
from delivery.access import GithubAccess
from delivery.settings import Settings

settings = Settings.load()
scope = settings.scope

access = GithubAccess(
    f"{scope.project}-{scope.stack}",
    {
        "scope": scope,
        "subject_prefix": settings.subject_prefix,
        "creates_provider": settings.creates_provider,
        "state_bucket": settings.state_bucket,
        "secrets_key_arn": settings.secrets_key_arn,
        "tags": {
            "project": pulumi.get_project(),
            "stack": pulumi.get_stack(),
            "owner": settings.owner,
        },
    },
)

pulumi.export("preview_role_arn", access.preview_role_arn)
pulumi.export("deploy_role_arn", access.deploy_role_arn)
pulumi.export("role_boundary_arn", access.role_boundary_arn)
