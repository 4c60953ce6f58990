"""The state of the stack: its files in an S3 backend, and the key that encrypts its secrets."""

from .grants import Grant, Permissions, Scope


def permissions(scope: Scope, bucket: str, key_arn: str) -> Permissions:
    """What reading and writing the state needs; an empty bucket or key needs nothing.

    Each stack reads and writes only its own files, so that several can share a bucket.
    Source: https://www.pulumi.com/docs/iac/concepts/state-and-backends/
    """
    read, write = [], []
    if bucket:
        root = f"arn:{scope.partition}:s3:::{bucket}"
        stack = f"{scope.project}/{scope.stack}"
        own = (
            f"{root}/.pulumi/stacks/{stack}.json*",
            f"{root}/.pulumi/history/{stack}/*",
            f"{root}/.pulumi/backups/{stack}/*",
            f"{root}/.pulumi/locks/organization/{stack}/*",
        )
        read.append(Grant(("s3:ListBucket",), (root,)))
        read.append(Grant(("s3:GetObject",), (*own, f"{root}/.pulumi/meta.yaml")))
        write.append(Grant(("s3:DeleteObject", "s3:PutObject"), own))
    if key_arn:
        # The CLI encrypts with a data key of the stack, which it only has to decrypt.
        read.append(Grant(("kms:Decrypt",), (key_arn,)))
        # A bucket that encrypts with the key as well asks for a data key for each file.
        # Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
        write.append(Grant(("kms:GenerateDataKey",), (key_arn,)))
    return Permissions(tuple(read), tuple(write))
