"""A document of headings, paragraphs, lists and tables, and the same as Markdown.

All text is plain: whatever it holds, it becomes neither markup nor a link.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from watcher.kit.text import one_line

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$!])")
# At the beginning of a line these would make a list or a heading of it.
_LEADING = re.compile(r"^(\d+(?=[.)])|(?=[-+=]))")
# Some readers make links of what merely looks like an address.
_ADDRESS = re.compile(r"(:(?=//)|(?<=www)\.|(?<=mailto):|(?<=xmpp):|@)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """Paragraphs, one for each line; a `faint` one is an aside."""

    text: str
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Points:
    """A list."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """The name of something and its address. A page may lead there; a file says the address."""

    text: str
    url: str

    def __str__(self) -> str:
        return f"{self.text} {self.url}".rstrip()


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; without one the first column names what the second says. `widths` are
    relative.
    """

    rows: tuple[tuple[str | Link, ...], ...]
    widths: tuple[int, ...]
    head: tuple[str, ...] = ()


Block = Heading | Prose | Points | Table


@dataclass(frozen=True, slots=True)
class Document:
    """`language` is that of its words, as `en`; `page` says "page {} of {}" in it."""

    title: str
    language: str
    page: str
    blocks: tuple[Block, ...]


def lines(text: str) -> list[str]:
    """The lines of a text that say something, without control characters."""
    return [line for line in map(one_line, text.splitlines()) if line]


def to_markdown(document: Document) -> str:
    """The document as Markdown."""
    parts = [f"# {escaped(document.title)}", *map(_block, document.blocks)]
    return "\n\n".join(filter(None, parts)) + "\n"


def escaped(text: str) -> str:
    """A text as one line of Markdown in which nothing is markup and no address a link."""
    plain = _ADDRESS.sub(r"\\\1", _SPECIAL.sub(r"\\\1", one_line(text)))
    return _LEADING.sub(r"\1\\", plain)


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"## {escaped(block.text)}"
    if isinstance(block, Prose):
        mark = "*" if block.faint else ""
        return "\n\n".join(f"{mark}{escaped(line)}{mark}" for line in lines(block.text))
    if isinstance(block, Points):
        signs = (f"{at}." if block.numbered else "-" for at in range(1, len(block.items) + 1))
        return "\n".join(
            f"{sign} {escaped(item)}" for sign, item in zip(signs, block.items, strict=True)
        )
    return "\n".join(_table(block))


def _table(table: Table) -> Iterator[str]:
    head = table.head or ("",) * len(table.widths)
    for row in (head, None, *table.rows):
        cells = ["---"] * len(head) if row is None else [escaped(str(each)) for each in row]
        yield f"| {' | '.join(cells)} |"
