"""Who may take the roles: single jobs of one repository, by the token that GitHub gives them.

Source: https://docs.github.com/en/actions/reference/security/oidc
"""

from .grants import Document

HOST = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def pull_request(prefix: str) -> str:
    """The subject of a job that runs for a pull request and names no environment."""
    return f"{prefix}:pull_request"


def environment(prefix: str, name: str) -> str:
    """The subject of a job in a GitHub environment, whose protection rules it then has passed."""
    return f"{prefix}:environment:{name}"


def trust(provider_arn: str, subject: str) -> Document:
    """A role's trust in exactly one subject."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Federated": provider_arn},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {
                    "StringEquals": {f"{HOST}:aud": AUDIENCE, f"{HOST}:sub": subject},
                },
            }
        ],
    }
