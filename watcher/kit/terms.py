"""The words of a text as a search knows them: whatever their case and, in Russian and English,
whatever their form. Both databases get the same words from here, so that both find the same.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple
from unicodedata import normalize

_WORD = re.compile(r"[^\W_]+")
# A name such as HighMemoryUsage is found by its parts as well.
_HUMP = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])")
_RUSSIAN = re.compile(r"[а-я]")
_ENGLISH = re.compile(r"[a-z]+")
_LONGEST = 40
_SHORTEST_BEGINNING = 3
_EMPTY = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be by for from has have in is it its no not of on or that the "
        "this to was were will with а бы в во да для до же за и из или к как ко ли на не "
        "но о об от по при с со так то у что это ",
    )
)


class Sought(NamedTuple):
    """One word that is looked for: its stem, and what longer words may begin with (or "")."""

    stem: str
    beginning: str


def terms(text: str) -> Iterator[tuple[str, str]]:
    """Each word that says something, in its order: its stem, and how it is written."""
    stems = _Stems()
    for word in _WORD.findall(normalize("NFKC", text)):
        parts = _HUMP.split(word)
        for part in dict.fromkeys((word, *parts)):
            folded = _folded(part)
            if folded not in _EMPTY:
                yield stems.of(folded), part


def sought(text: str, most: int = 12) -> list[Sought]:
    """The first words of what somebody types into a search. Nothing in it is syntax."""
    stems = _Stems()
    words = map(_folded, _WORD.findall(normalize("NFKC", text)))
    wanted = dict.fromkeys(word for word in words if word not in _EMPTY)
    return [
        Sought(stems.of(word), word if len(word) >= _SHORTEST_BEGINNING else "")
        for word in list(wanted)[:most]
    ]


def _folded(word: str) -> str:
    return word.casefold().replace("ё", "е")[:_LONGEST]


class _Stems:
    """Finds stems; each keeps the word that it works on, so every text gets its own."""

    def __init__(self) -> None:
        # It comes with thirty languages, 2 MB of them, and many a Watcher searches for nothing.
        import snowballstemmer  # noqa: PLC0415 - see above

        self._russian = snowballstemmer.stemmer("russian")
        self._english = snowballstemmer.stemmer("english")

    def of(self, word: str) -> str:
        """What the forms of a word have in common; a word of another language stays as it is."""
        if _RUSSIAN.search(word):
            return str(self._russian.stemWord(word))
        if _ENGLISH.fullmatch(word):
            return str(self._english.stemWord(word))
        return word
