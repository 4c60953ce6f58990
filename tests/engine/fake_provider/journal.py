"""The calls that the fake provider received, and the faults that a test injects."""

from dataclasses import dataclass
from typing import Literal

Op = Literal["create", "update", "delete", "read"]
CHANGES: tuple[Op, ...] = ("create", "update", "delete")
INJECTED = "injected failure"
CANCELED = "context canceled"
Ending = Literal["begun", "made", "failed"]


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
    ends: Ending = "made"
    """The state in which AWS has a resource whose create was saved: `begun` if the wait for it was
    canceled."""
    step: int = 0
    """Index in `ResourceType.later` of the first call that was lost; -1 for the last one only."""

    @classmethod
    def canceled(cls, token: str) -> "Fault":
        """A create that is canceled while it waits for AWS."""
        return cls("create", token, saved=True, ends="begun")

    @classmethod
    def failed(cls, token: str) -> "Fault":
        """A create after which AWS has the resource, in a state that says that it failed."""
        return cls("create", token, saved=True, ends="failed")

    @property
    def message(self) -> str:
        """What the provider reports."""
        return CANCELED if self.ends == "begun" else INJECTED


class CallError(Exception):
    """A call that fails."""
