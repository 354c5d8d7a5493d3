"""Takes secrets out of text that is to be stored or shown: key names stay, values become ***.

Own secrets go by their exact value, however it may be written; those of others by the forms that
secrets usually have.
"""

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from urllib.parse import quote, quote_plus

from watcher.kit.secret_blocks import without_keys, without_manifests
from watcher.kit.secret_forms import FORMS, words_in
from watcher.kit.secrets import known_values

MASK = "***"
_SHORTEST = 6
_SHORTEST_CUT = 4
_SHORTEST_CODED = 8
_SHORTEST_WRAPPED = 8
_WRAP = re.compile(r"[\\=]?\r?\n[ \t]*")


def redact(text: str, extra: Iterable[str] = ()) -> str:
    """The text without secrets: own ones (`extra`, and all that this process holds) and usual ones.

    An own secret that is cut off by the end of the text, or wrapped, is taken out too.
    """
    if not text:
        return ""
    text = _without_own(text, _forms(known_values().union(extra)))
    text = without_manifests(without_keys(text, MASK), MASK)
    lower = _lower(text)
    present = words_in(lower)
    for form in FORMS:
        if spans := form.spans(lower, present):
            text = _masked(text, spans)
            lower = _lower(text)
    return text


def without_own(text: str, extra: Iterable[str] = ()) -> str:
    """The text without the secrets that Watcher itself holds, and these; all else stays."""
    return _without_own(text, _forms(known_values().union(extra)))


def _lower(text: str) -> str:
    """The text in small letters, none of which is longer than the capital."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(map(_small, text))


def _small(letter: str) -> str:
    return letter.lower() if len(letter.lower()) == 1 else letter


def _masked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    pieces, last = [], 0
    for begin, end in spans:
        pieces += [text[last:begin], MASK]
        last = end
    return "".join([*pieces, text[last:]])


def _without_own(text: str, forms: Sequence[str]) -> str:
    for value in forms:
        text = text.replace(value, MASK)
        text = _without_cut(text, value)
    unwrapped = _WRAP.sub("", text)
    for value in forms:
        if len(value) >= _SHORTEST_WRAPPED and value in unwrapped:
            wrapped = _WRAP.pattern.join(("(?:", ")?")).join(map(re.escape, value))
            text = re.sub(wrapped, MASK, text)
    return text


@lru_cache(maxsize=8)
def _forms(values: frozenset[str]) -> tuple[str, ...]:
    """Each value as it may be written, the longest first; those too short to be told from ordinary
    words are not.
    """
    lines = {line for value in values for line in (value, *value.splitlines())}
    found: set[str] = set()
    for line in lines:
        if len(line.strip()) >= _SHORTEST and not line.startswith("-----"):
            found.update(_spellings(line))
            found.update(_spellings(line.strip()))
    return tuple(sorted(found, key=len, reverse=True))


def _spellings(value: str) -> Iterator[str]:
    """As it is, in an address, in JSON, HTML and a shell, and coded."""
    yield value
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield json.dumps(value)[1:-1]
    yield html.escape(value)
    yield value.replace("'", "'\\''")
    yield value.encode().hex()
    yield from _coded(value.encode())


def _coded(value: bytes) -> Iterator[str]:
    """What is sure to be in the base64 of any text that holds this value, wherever it stands."""
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        sure = (before + len(value)) * 8 // 6
        for encode in (b64encode, urlsafe_b64encode):
            coded = encode(bytes(before) + value).decode()[unsure:sure]
            if len(coded) >= _SHORTEST_CODED:
                yield coded


def _without_cut(text: str, value: str) -> str:
    # Each place where the last letter of the text stands in the value, the last place first.
    last, length = text[-1:], min(len(value) - 1, len(text))
    while (length := value.rfind(last, 0, length) + 1) >= _SHORTEST_CUT:
        if text.endswith(value[:length]):
            return text[:-length] + MASK
        length -= 1
    return text
