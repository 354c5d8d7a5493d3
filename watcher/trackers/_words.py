"""The words of a ticket: what a tracker can store, short enough, and text whatever is in it."""

import re
from unicodedata import category

from watcher.kit.text import MARK, one_line
from watcher.trackers.base import Draft

LIMIT = 16_000
"""Letters of a text, few enough for every tracker."""

_CUT = "\n… (cut; the rest is on the page that the link leads to)"
_TITLE = 255
_UNSEEN = "\u200b"


def title(draft: Draft) -> str:
    """The title on one line."""
    return _cut(one_line(_stored(draft.title)), _TITLE, MARK) or draft.key


def body(draft: Draft) -> str:
    """The text, cut with a mark."""
    return _cut(_stored(draft.text).strip(), LIMIT, _CUT)


def broken(text: str, words: str) -> str:
    """The text with something unseen behind the first letter of each match of these words, which
    then end nothing that the text stands in.
    """
    return re.sub(words, lambda found: found[0][0] + _UNSEEN + found[0][1:], text, flags=re.I)


def marked(key: str) -> str:
    """The key such that none is part of another."""
    return f"[{key}]"


def _stored(text: str) -> str:
    """The text without what databases refuse: control characters, and halves of letters."""
    return "".join(each for each in text if each in "\n\t" or category(each) not in {"Cc", "Cs"})


def _cut(text: str, limit: int, mark: str) -> str:
    """The text in so many letters as most trackers count them, an emoji as two."""
    wide = text.encode("utf-16-le")
    if len(wide) <= 2 * limit:
        return text
    return wide[: 2 * (limit - len(mark))].decode("utf-16-le", errors="ignore").rstrip() + mark
