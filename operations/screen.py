"""Text for people: its lines break between words, at the width of the terminal."""

import os
import re
import textwrap
from collections.abc import Sequence

from rich.console import Console

PIPED_WIDTH = 100
_UNBROKEN = "\u00a0"  # a space at which textwrap does not break


def console(*, stderr: bool = False) -> Console:
    """A console that prints text as it is; without a terminal it has a fixed width."""
    made = Console(stderr=stderr, markup=False, highlight=False, emoji=False)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPED_WIDTH
    return made


def write(out: Console, text: str, indent: str = "", *, hang: str = "", style: str = "") -> None:
    """Print lines after an indent; what does not fit continues on further lines, after `hang`.

    Lines break between words only, and never in a command in backquotes.
    """
    for line in text.splitlines():
        wrapped = textwrap.fill(
            re.sub("`[^`]+`", lambda command: command[0].replace(" ", _UNBROKEN), line),
            out.width,
            initial_indent=indent,
            subsequent_indent=indent + hang,
            break_long_words=False,
            break_on_hyphens=False,
        )
        out.print(wrapped.replace(_UNBROKEN, " "), style=style, soft_wrap=True)


def write_verbatim(out: Console, text: str, indent: str = "") -> None:
    """Print one line to copy, whatever its length."""
    out.print(indent + text, soft_wrap=True)


def write_table(out: Console, rows: Sequence[Sequence[str]], indent: str = "") -> None:
    """Print a head and the rows under it; the last column continues on further lines."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][:-1]
    hang = " " * (sum(widths) + 2 * len(widths))
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        line = "  ".join([*cells, row[-1]])
        write(out, line, indent, hang=hang, style="" if number else "bold")
