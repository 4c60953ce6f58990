"""What happens after two rejections of AWS: of a deletion too early, and of a port twice."""

import asyncio

import pulumi

_REJECTION = "currently associated with another service"
_PORT_IN_USE = "DuplicateListener"
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


def listener_conflict() -> pulumi.ErrorHook:
    """A hook that says what to do if the port of a listener is in use: nothing waits for it.

    Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
    """
    return pulumi.ErrorHook("listener-conflict", advise)


async def advise(args: pulumi.ErrorHookArgs) -> bool:
    """Name the way out; another attempt would fail as well."""
    if args.failed_operation == "create" and _PORT_IN_USE in args.errors[0]:
        pulumi.error(
            "The port is in use by a listener that serves until nothing uses it: one that this one "
            "replaces, or was to replace in an update that failed, or that of another target that "
            "leaves the port. Change the `listenerPort` of the target in the same update. Nothing "
            "has been moved or deleted."
        )
    return False
