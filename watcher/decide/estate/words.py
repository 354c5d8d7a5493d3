"""Names as others write them, made fit for our files; and who owns what bears them."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from unicodedata import normalize

from watcher.model.catalogue import Customer
from watcher.model.estate import FoundHost, FoundService, Tag, Whose

LONGEST = 200
_SHOWN = 5
_SYSTEMS = {
    "windows": ("windows",),
    "linux": (
        "linux", "ubuntu", "debian", "centos", "red hat", "rhel", "fedora", "suse", "astra",
    ),
}  # fmt: skip
CRITICALITY = "criticality"
"""The tag that says how much a service matters, from 1 to 4."""


def tidy(text: str) -> str:
    """One line without what cannot be printed; letters that look the same are the same."""
    printable = "".join(each if each.isprintable() else " " for each in normalize("NFC", text))
    return " ".join(printable.split())


def unfit(name: str) -> str:
    """Why a tidy name cannot be one of ours; "" where it can."""
    if not name:
        return "it has no name"
    return f"its name is longer than {LONGEST} characters" if len(name) > LONGEST else ""


def aliases(found: FoundHost) -> Iterator[str]:
    """By what else alerts may call a host; its address on itself, and macros, name nothing."""
    for text in (*found.names, *found.addresses):
        alias = tidy(text)
        if not unfit(alias) and not _is_nowhere(alias):
            yield alias


def address(found: FoundHost) -> str | None:
    """Where it is reached, if that is known."""
    return next((each for each in map(tidy, found.addresses) if not _is_nowhere(each)), None)


def criticality(tags: Iterable[Tag]) -> int | None:
    """What the tags say of how much something matters."""
    said = {value.strip() for name, value in tags if name.strip().casefold() == CRITICALITY}
    only = said.pop() if len(said) == 1 else ""
    return int(only) if only in {"1", "2", "3", "4"} else None


def system(texts: Iterable[str]) -> str:
    """The operating system that is spoken of; "" where that is none, or not one only."""
    said = " ".join(texts).casefold()
    named = [name for name, words in _SYSTEMS.items() if any(word in said for word in words)]
    return named[0] if len(named) == 1 else ""


def few(items: Iterable[str]) -> str:
    """The first items, and how many more there are."""
    found = sorted(set(items))
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more


def owners(
    found: FoundHost | FoundService, whose: Whose, known: Iterable[Customer]
) -> tuple[str, ...]:
    """Whose it is said to be; our own customers are known by name or title, whatever the case."""
    spelled = {each.casefold(): one.name for one in known for each in (one.title, one.name) if each}
    said = {tidy(each) for each in _said(found, whose)} - {""}
    return tuple(sorted({spelled.get(each.casefold(), each) for each in said}))


def _said(found: FoundHost | FoundService, whose: Whose) -> Iterator[str]:
    if whose.said:
        yield found.said
    if whose.tag:
        yield from (value for name, value in found.tags if name == whose.tag)
    if whose.group and isinstance(found, FoundHost):
        inside = (each for each in found.groups if each.startswith(whose.group))
        yield from (each.removeprefix(whose.group).partition("/")[0] for each in inside)


def _is_nowhere(text: str) -> bool:
    if not text or "{" in text:
        return True
    try:
        found = ip_address(text)
    except ValueError:
        return text.casefold() == "localhost"
    return found.is_loopback or found.is_unspecified
