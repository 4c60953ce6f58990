"""What a definition file has that API Gateway does not take: left out, advised or refused."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from openapi.document import IN_ANOTHER_FILE
from openapi.paths import Problems, Steps, at, existing, steps_of

SHOWN = 10
"""How many refusals are written out."""
ROOT = "the document"
"""In place of the JSON path of the whole document, which is empty."""


def _as_it_is(steps: Steps) -> Steps:
    return steps


@dataclass
class Findings:
    """Collected while a document is read; each once, in the order in which it was found."""

    left_out: dict[str, dict[Steps, None]] = field(default_factory=dict)
    """What is not sent, by kind, such as `examples`, with where it is."""
    advice: dict[tuple[str, str], None] = field(default_factory=dict)
    """JSON path and message of what is accepted and may still surprise."""
    refused: dict[tuple[Steps, str], None] = field(default_factory=dict)
    locate: Callable[[Steps], Steps] = _as_it_is
    """Where something of the converted document is in the file."""

    def leave_out(self, kind: str, path: Steps) -> None:
        """Something of a kind is not sent."""
        self.left_out.setdefault(kind, {})[path] = None

    def refuse(self, path: Steps, message: str) -> None:
        """Something cannot be sent, or not without it."""
        self.refused[path, message] = None

    def refuse_all(self, problems: Problems) -> None:
        """The same for checks that write JSON paths as text."""
        for path, message in problems:
            self.refuse(steps_of(path), message)

    def advise(self, path: str, message: str) -> None:
        """Something is sent as it is, but needs attention."""
        self.advice[path, message] = None

    def problems(self, source: Any) -> Problems:
        """The refusals, at JSON paths that exist in the source; a missing key is in the message.

        Where parts are in other files only this is said: the rest depends on them.
        """
        written: dict[tuple[str, str], None] = {}
        elsewhere = [found for found in self.refused if IN_ANOTHER_FILE in found[1]]
        for steps, message in elsewhere or self.refused:
            there = self.locate(steps)
            found = existing(source, there)
            missing = at("", *there[len(found) :])
            text = f"{missing} {message}" if missing else message
            written[at("", *found) or ROOT, text] = None
        yield from written

    @property
    def summary(self) -> str:
        """What is left out, in one sentence; empty if nothing is."""
        counts = sorted(((len(found), kind) for kind, found in self.left_out.items()), reverse=True)
        listed = ", ".join(f"{count} {kind}" for count, kind in counts)
        return f"left out: {listed}; `--verbose` lists them by JSON path" if counts else ""

    def listing(self) -> Iterator[str]:
        """Every thing that is left out, one a line."""
        for kind, found in sorted(self.left_out.items()):
            yield from (f"left out: {kind}: {at('', *self.locate(steps))}" for steps in found)


def capped(problems: Sequence[tuple[str, str]]) -> Problems:
    """The first refusals, and how many of each kind there are besides."""
    yield from problems[:SHOWN]
    if rest := Counter(_kind(message) for _, message in problems[SHOWN:]):
        listed = "; ".join(f"{count} times: {kind}" for kind, count in rest.most_common(SHOWN))
        if len(rest) > SHOWN:
            listed += "; and others"
        yield ROOT, f"has {len(problems) - SHOWN} more problems. {listed}."


def _kind(message: str) -> str:
    """A message without the values in it."""
    sentence = re.split(r"\.(?:\s|$)", message, maxsplit=1)[0]
    return re.sub(r"'[^']*'|\{[^}]*\}|\"[^\"]*\"|\b\d+\b", "...", sentence)
