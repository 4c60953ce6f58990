"""Hints for misspelled words."""

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant, if one is close: by `cutoff`, from 0 to 1."""
    return next(iter(difflib.get_close_matches(word, known, n=1, cutoff=cutoff)), None)


def listed(names: Iterable[str]) -> str:
    """Names in a sentence."""
    return ", ".join(names) or "none"
