"""The words of a ticket: what a tracker can store, short enough, and text whatever is in it."""

import re
from unicodedata import category

from watcher.kit.text import MARK, one_line
from watcher.trackers.base import Draft

# Few enough for every tracker, with what stands around the text.
_LIMIT = 16_000
_CUT = "\n… (cut; the rest is on the page that the link leads to)"
_TITLE = 255
_UNSEEN = "\u200b"
_MARKED = r"\[[\w-]+\]"


def title(draft: Draft) -> str:
    """The title on one line."""
    return _cut(one_line(_stored(draft.title)), _TITLE, MARK) or draft.key


def body(draft: Draft, ends: str = "") -> str:
    """The text, cut with a mark. Something unseen is in whatever in it looks like the key of a
    draft, or would end (a pattern) what the text is going to stand in.
    """
    unsafe = f"{_MARKED}|{ends}" if ends else _MARKED
    text = re.sub(unsafe, _apart, _stored(draft.text).strip(), flags=re.IGNORECASE)
    return _cut(text, _LIMIT, _CUT)


def marked(key: str) -> str:
    """The key such that none is part of another."""
    return f"[{key}]"


def _apart(found: re.Match[str]) -> str:
    return found[0][0] + _UNSEEN + found[0][1:]


def _stored(text: str) -> str:
    """The text without what databases refuse: control characters, and halves of letters."""
    return "".join(each for each in text if each in "\n\t" or category(each) not in {"Cc", "Cs"})


def _cut(text: str, limit: int, mark: str) -> str:
    """The text in so many letters as most trackers count them, an emoji as two."""
    wide = text.encode("utf-16-le")
    if len(wide) <= 2 * limit:
        return text
    return wide[: 2 * (limit - len(mark))].decode("utf-16-le", errors="ignore").rstrip() + mark
