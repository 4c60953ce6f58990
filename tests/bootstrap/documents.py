"""The policies of both roles, for one stack."""

from bootstrap.delivery import roles
from bootstrap.delivery.grants import Document, Scope
from bootstrap.delivery.policies import read_policies, write_policies
from tests.bootstrap.aws_calls import ACCOUNT

BUCKET = "acme-state"
KEY = f"arn:aws:kms:us-east-2:{ACCOUNT}:key/1a2b-3c4d"
SCOPE = Scope(
    account=ACCOUNT,
    region="us-east-2",
    project="private-api",
    stack="dev",
    hosted_zones=("Z0123456789",),
    authorizer_roles=(f"arn:aws:iam::{ACCOUNT}:role/call-authorizers",),
    truststores=("arn:aws:s3:::acme-trust/clients.pem",),
)
READING = read_policies(SCOPE, BUCKET, KEY)
WRITING = write_policies(SCOPE, BUCKET, KEY)
PREVIEW = list(READING.values())
DEPLOY = [*READING.values(), *WRITING.values()]
DOCUMENTS = {**READING, **WRITING, "boundary": roles.boundary(SCOPE)}


def actions(policy: Document) -> set[str]:
    return {action for statement in policy["Statement"] for action in statement["Action"]}
