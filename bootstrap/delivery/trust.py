"""Who can assume the roles: jobs of one repository, identified by the token that GitHub gives them.

Source: https://docs.github.com/en/actions/reference/security/oidc
"""

from .grants import Document

HOST = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


def pull_request(prefix: str) -> str:
    """The subject of a job that runs for a pull request and names no environment."""
    return f"{prefix}:pull_request"


def environment(prefix: str, name: str) -> str:
    """The subject of a job in a GitHub environment; it has passed that environment's protection."""
    return f"{prefix}:environment:{name}"


def trust_policy(provider_arn: str, subject: str) -> Document:
    """A policy that lets exactly one subject assume a role."""
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
