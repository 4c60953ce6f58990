"""IAM policy documents and ARNs."""

from typing import Any

import pulumi


def allowing(*statements: dict[str, Any]) -> dict[str, Any]:
    """The policy document that allows each of the statements."""
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return {"Version": "2012-10-17", "Statement": allowed}


def partition(arn: pulumi.Output[str]) -> pulumi.Output[str]:
    """The partition of an ARN, such as aws or aws-cn."""
    return arn.apply(lambda value: value.split(":")[1])
