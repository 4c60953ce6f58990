"""The calls that the fake provider received, and the faults that a test injects."""

from dataclasses import dataclass
from typing import Literal

Op = Literal["create", "update", "delete", "read"]
CHANGES: tuple[Op, ...] = ("create", "update", "delete")
INJECTED = "injected failure"


@dataclass(frozen=True)
class Call:
    """One call, once it ended. Times are those of `time.monotonic()`, in seconds."""

    op: Op
    type: str
    name: str
    urn: str
    start: float
    end: float
    error: str = ""

    def __str__(self) -> str:
        short = self.type.rpartition(":")[2]
        return f"{self.op} {short} {self.name}{' FAILED' if self.error else ''}"


@dataclass(frozen=True)
class Fault:
    """Makes the next such call fail, in one of the two ways that the provider's bridge has.

    Source: https://github.com/pulumi/pulumi-terraform-bridge/blob/master/pkg/tfbridge/provider.go
    """

    op: Op
    type: str
    saved: bool = False
    """False: nothing happened. True: it happened in part, and the state records what was wanted,
    with an initialization error."""


class CallError(Exception):
    """A call that fails."""
