"""The deletion of a balancer, which AWS rejects for a short time after its link is deleted."""

import asyncio

import pulumi

_REJECTION = "currently associated with another service"
_ATTEMPTS = 12
_LONGEST_SECONDS = 30


def balancer_release() -> pulumi.ErrorHook:
    """A hook that lets the engine repeat the deletion, for about five minutes.

    The engine finds it by its name, also for a balancer that the program does not register any
    more. It runs with the program, so not in `pulumi destroy`.
    Source: https://www.pulumi.com/docs/iac/concepts/resources/options/hooks/
    """
    return pulumi.ErrorHook("balancer-release", repeat)


async def repeat(args: pulumi.ErrorHookArgs) -> bool:
    """Wait a moment after such a rejection, and let the engine try again."""
    failures = len(args.errors)
    rejected = args.failed_operation == "delete" and _REJECTION in args.errors[0]
    if not rejected or failures > _ATTEMPTS:
        return False
    await asyncio.sleep(min(2**failures, _LONGEST_SECONDS))
    return True
