"""Guesses what the author of a file meant by a name that does not exist."""

from collections.abc import Collection
from difflib import get_close_matches

# Comparing takes its time; among more names than this the author must look himself.
_MOST = 500


def did_you_mean(name: str, known: Collection[str], likeness: float = 0.6) -> str:
    """The end of a sentence that offers the nearest known name; empty where none is near."""
    nearest = get_close_matches(name, known, n=1, cutoff=likeness) if len(known) <= _MOST else []
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
