"""What was asked of the stand-in, and what it is told to get wrong."""

from dataclasses import dataclass
from typing import Literal

Op = Literal["create", "update", "delete", "read", "diff"]
CHANGES: tuple[Op, ...] = ("create", "update", "delete")


@dataclass(frozen=True)
class Call:
    """One call, once it ended. Times are those of `time.monotonic()`, in seconds."""

    op: Op
    kind: str
    name: str
    urn: str
    start: float
    end: float
    changed: tuple[str, ...] = ()
    """Of diff and update: the property paths, with `+`, `-`, `~`; in a diff, `!` if it replaces."""
    error: str = ""

    def __str__(self) -> str:
        short = self.kind.rpartition(":")[2]
        return f"{self.op} {short} {self.name}{' FAILED' if self.error else ''}"


@dataclass
class Fault:
    """Makes calls fail, in one of the two ways that the provider's bridge has.

    Source: https://github.com/pulumi/pulumi-terraform-bridge/blob/master/pkg/tfbridge/provider.go
    """

    op: Op
    subject: str
    """A type token, or a logical name."""
    saved: bool = False
    """False: nothing happened. True: it happened in part, yet the state is saved as it was wanted,
    with an initialisation error."""
    times: int = 1
    message: str = "the cloud stumbled"


class Refused(Exception):  # noqa: N818 - a refusal is no fault of the stand-in
    """A call that fails."""
