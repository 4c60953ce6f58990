"""What a person does after a failed update, in the words of docs/operating.md."""

import re
import shlex

from tests.engine.fake_provider import resource_types as rt
from tests.engine.fake_provider.account import Resource
from tests.engine.fake_provider.rejections import delete_error
from tests.engine.stack import CommandFailed, Stack

_DELETES = {
    ("elbv2", "delete-load-balancer", "--load-balancer-arn"): rt.LOAD_BALANCER,
    ("apigateway", "delete-vpc-link", "--vpc-link-id"): rt.VPC_LINK,
    ("apigatewayv2", "delete-vpc-link", "--vpc-link-id"): rt.VPC_LINK_V2,
    ("autoscaling", "delete-auto-scaling-group", "--auto-scaling-group-name"): rt.FLEET,
}
ATTEMPTS = 6


def aws(stack: Stack, command: str) -> None:
    """Run a command of the AWS CLI, which deletes something, on the fake account."""
    _, service, action, option, id, *_ = shlex.split(command)
    token = _DELETES[service, action, option]
    assert (token, id) in stack.aws.account.resources, command
    delete(stack, stack.aws.account.resources[token, id])


def delete(stack: Stack, resource: Resource) -> None:
    """Delete a resource by hand, as AWS allows."""
    assert delete_error(stack.aws.account, resource.type, resource.id) is None
    stack.aws.account.delete(resource.type, resource.id)


def unknown(stack: Stack) -> list[Resource]:
    """What exists in the account, but not in the state; without what the next create overwrites."""
    known = {(resource["type"], resource.get("id")) for resource in stack.saved()}
    return [
        resource
        for key, resource in stack.aws.account.resources.items()
        if key not in known and not rt.TYPES[resource.type].overwrites
    ]


def after_a_kill(stack: Stack) -> None:
    """Forget what was in progress, and delete what was made of it."""
    stack.run("refresh", "--clear-pending-creates", "--yes", "--skip-preview")
    orphans = unknown(stack)
    while orphans:
        free = [o for o in orphans if delete_error(stack.aws.account, o.type, o.id) is None]
        assert free, orphans
        for orphan in free:
            delete(stack, orphan)
        orphans = [o for o in orphans if o not in free]


def recover(stack: Stack) -> None:
    """Repeat the update, and do what its errors ask for, until there is none."""
    if unknown(stack):
        after_a_kill(stack)
    for _ in range(ATTEMPTS):
        try:
            stack.up("--refresh")
        except CommandFailed as failure:
            for command in dict.fromkeys(re.findall(r"`(aws [^`]+)`", str(failure))):
                aws(stack, command)
        else:
            return
    raise AssertionError(stack.output)
