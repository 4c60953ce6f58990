"""The state of the stack: its files in an S3 backend, and the key of its secrets."""

from .grants import Grant, Needs, Scope


def needs(scope: Scope, bucket: str, key_arn: str) -> Needs:
    """What reading and writing the state takes; an empty bucket or key stands for none.

    Each stack reads and writes its own files, so that a bucket can hold several.
    Source: https://www.pulumi.com/docs/iac/concepts/state-and-backends/
    """
    read, write = [], []
    if bucket:
        root = f"arn:{scope.partition}:s3:::{bucket}"
        stack = f"{scope.project}/{scope.stack}"
        own = tuple(
            f"{root}/.pulumi/{path}"
            for path in (
                f"stacks/{stack}.json*",
                f"history/{stack}/*",
                f"backups/{stack}/*",
                f"locks/organization/{stack}/*",
            )
        )
        read.append(Grant(("s3:ListBucket",), (root,)))
        read.append(Grant(("s3:GetObject",), (*own, f"{root}/.pulumi/meta.yaml")))
        write.append(Grant(("s3:DeleteObject", "s3:PutObject"), own))
    if key_arn:
        # The CLI encrypts with a data key of the stack, which it only has to open.
        read.append(Grant(("kms:Decrypt",), (key_arn,)))
    return Needs(tuple(read), tuple(write))
