"""How EC2 is limited to one stack: what is made gets its tags, what is touched has them.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html
"""

from collections.abc import Iterator

from .grants import Grant, Scope, both


def look(scope: Scope, *actions: str) -> Grant:
    """Actions that list; they have no narrower resource than the region."""
    return Grant(tuple(f"ec2:{action}" for action in actions), ("*",), scope.in_region)


def made(scope: Scope, action: str, kind: str, *, within: tuple[str, ...] = ()) -> Iterator[Grant]:
    """Making a tagged thing of a kind, within or with things of the stack."""
    yield Grant((f"ec2:{action}",), scope.ec2(kind), scope.made)
    yield Grant(
        ("ec2:CreateTags",),
        scope.ec2(kind),
        both(scope.made, {"StringEquals": {"ec2:CreateAction": action}}),
    )
    if within:
        yield Grant((f"ec2:{action}",), scope.ec2(*within), scope.ours)


def kept(scope: Scope, kind: str, *actions: str) -> Grant:
    """Changing, tagging and deleting things of a kind that belong to the stack."""
    wanted = (*actions, "CreateTags", "DeleteTags")
    return Grant(tuple(f"ec2:{action}" for action in wanted), scope.ec2(kind), scope.ours)
